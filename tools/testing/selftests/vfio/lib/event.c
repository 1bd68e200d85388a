// SPDX-License-Identifier: GPL-2.0-only
/* See event.h. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include <sys/eventfd.h>

#include "event.h"

int event_new(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

__u64 event_wait(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	__u64 count = 0;

	if (poll(&p, 1, ms) != 1 || read(fd, &count, sizeof(count)) != sizeof(count))
		return 0;
	return count;
}

void event_send(int fd)
{
	__u64 one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		_exit(1);
}

bool wait_until(bool (*check)(void *arg), void *arg, int ms)
{
	for (;; ms -= 10) {
		if (check(arg))
			return true;
		if (ms <= 0)
			return false;
		usleep(10000);
	}
}

static __thread sigjmp_buf *landing;

static void on_sigbus(int sig)
{
	if (!landing)
		_exit(128 + sig);
	siglongjmp(*landing, 1);
}

static void install(void)
{
	struct sigaction action = { .sa_handler = on_sigbus };

	sigaction(SIGBUS, &action, NULL);
}

static bool guarded(void (*touch)(volatile __u32 *addr, __u32 *value), volatile void *addr,
		    __u32 *value)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	sigjmp_buf here;
	volatile bool went_through = false;

	pthread_once(&once, install);
	if (!sigsetjmp(here, 1)) {
		landing = &here;
		touch(addr, value);
		went_through = true;
	}
	landing = NULL;
	return went_through;
}

static void load(volatile __u32 *addr, __u32 *value)
{
	*value = *addr;
}

static void store(volatile __u32 *addr, __u32 *value)
{
	*addr = *value;
}

bool touch_read32(const volatile void *addr, __u32 *value)
{
	return guarded(load, (volatile void *)addr, value);
}

bool touch_write32(volatile void *addr, __u32 value)
{
	return guarded(store, addr, &value);
}
