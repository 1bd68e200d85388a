// SPDX-License-Identifier: GPL-2.0-only
/* See aer.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aer.h"
#include "event.h"

/* Of the module of that name. */
#define DEVICE "/dev/aer_inject"

/* One record of /dev/aer_inject. */
struct injected_error {
	__u8 bus;
	__u8 dev;
	__u8 fn;
	__u32 uncorrectable;
	__u32 correctable;
	__u32 header_log[4];
	__u32 domain;
};

int aer_inject(const char *bdf, __u32 uncorrectable)
{
	struct injected_error error = { .uncorrectable = uncorrectable };
	unsigned int domain, bus, dev, fn;
	FILE *file;
	int ret;

	if (sscanf(bdf, "%x:%x:%x.%x", &domain, &bus, &dev, &fn) != 4)
		return -EINVAL;
	error.domain = domain;
	error.bus = bus;
	error.dev = dev;
	error.fn = fn;
	file = fopen(DEVICE, "we");
	if (!file)
		return -errno;
	ret = fwrite(&error, sizeof(error), 1, file) == 1 && !fflush(file) ? 0 : -errno;
	fclose(file);
	return ret;
}

/* The port says so in the kernel's log, which is the only place. */
static int await_recovery(int log)
{
	struct pollfd p = { .fd = log, .events = POLLIN };
	char record[1024];

	while (poll(&p, 1, PATIENCE_MS) == 1) {
		ssize_t length = read(log, record, sizeof(record) - 1);

		/* What was overwritten before it was read is lost, no more. */
		if (length < 0 && errno != EPIPE && errno != EAGAIN)
			return -errno;
		record[length < 0 ? 0 : length] = '\0';
		if (strstr(record, "device recovery"))
			return 0;
	}
	return -ETIME;
}

int aer_inject_and_recover(const char *bdf, __u32 uncorrectable)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int ret;

	if (log < 0)
		return -errno;
	ret = lseek(log, 0, SEEK_END) < 0 ? -errno : aer_inject(bdf, uncorrectable);
	ret = ret ?: await_recovery(log);
	close(log);
	return ret;
}
