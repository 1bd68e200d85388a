// SPDX-License-Identifier: GPL-2.0-only
/*
 * Move the state of one VFIO device to another, as QEMU does, without a guest:
 *
 *	move_vf FROM TO precopy|stop [TIMES [COMMAND]]
 *	move_vf FROM TO log
 *
 * FROM and TO are PCI addresses.  "log" moves nothing: both log for a moment which pages they
 * write to.  COMMAND runs after each move, while both are stopped.  Prints what it did; status 0
 * if all of it worked.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/vfio.h>

/* A device, and the container that it alone is in. */
struct device {
	const char *address;
	int container;
	int fd;
};

static void fail(const struct device *device, const char *what)
{
	fprintf(stderr, "move_vf: %s: %s: %s\n", device->address, what, strerror(errno));
	exit(1);
}

/* Its registers have to be where the bus thinks they are: nothing answers with ones. */
static void check_registers(const struct device *device)
{
	struct vfio_region_info region = { .argsz = sizeof(region) };
	uint32_t first = ~0U;

	if (ioctl(device->fd, VFIO_DEVICE_GET_REGION_INFO, &region) ||
	    pread(device->fd, &first, sizeof(first), region.offset) != sizeof(first))
		fail(device, "BAR 0");
	if (first == ~0U) {
		fprintf(stderr, "move_vf: %s: no registers in BAR 0\n", device->address);
		exit(1);
	}
}

static void open_device(struct device *device, const char *address)
{
	char path[128], group[256] = "";
	int fd;

	device->address = address;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", address);
	if (readlink(path, group, sizeof(group) - 1) < 0)
		fail(device, "no IOMMU group");
	snprintf(path, sizeof(path), "/dev/vfio/%.64s", basename(group));
	fd = open(path, O_RDWR);
	device->container = open("/dev/vfio/vfio", O_RDWR);
	if (fd < 0 || device->container < 0)
		fail(device, path);
	if (ioctl(fd, VFIO_GROUP_SET_CONTAINER, &device->container) ||
	    ioctl(device->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		fail(device, "container");
	device->fd = ioctl(fd, VFIO_GROUP_GET_DEVICE_FD, address);
	if (device->fd < 0)
		fail(device, "open");
	check_registers(device);
}

/* Return: the data descriptor, or -1 if the transition has none. */
static int set_state(const struct device *device, uint32_t state, const char *name)
{
	union {
		struct vfio_device_feature feature;
		uint8_t bytes[sizeof(struct vfio_device_feature) +
			      sizeof(struct vfio_device_feature_mig_state)];
	} request = {};
	struct vfio_device_feature_mig_state *mig = (void *)request.feature.data;

	request.feature.argsz = sizeof(request);
	request.feature.flags = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE;
	mig->device_state = state;
	mig->data_fd = -1;
	if (ioctl(device->fd, VFIO_DEVICE_FEATURE, &request))
		fail(device, name);
	return mig->data_fd;
}

#define SET(device, state) set_state(device, VFIO_DEVICE_STATE_##state, #state)

/* Copy what is there.  Return: how many bytes. */
static uint64_t pump(const struct device *from, int in, const struct device *to, int out)
{
	static char bytes[1 << 20];
	uint64_t total = 0;

	for (;;) {
		ssize_t got = read(in, bytes, sizeof(bytes));

		if (!got || (got < 0 && errno == ENOMSG))
			return total;
		if (got < 0)
			fail(from, "read");
		for (ssize_t at = 0; at < got;) {
			ssize_t put = write(out, bytes + at, got - at);

			if (put <= 0)
				fail(to, "write");
			at += put;
		}
		total += got;
	}
}

static uint64_t pending(const struct device *device, int fd)
{
	struct vfio_precopy_info info = { .argsz = sizeof(info) };

	if (ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, &info))
		fail(device, "PRECOPY_INFO");
	return info.initial_bytes + info.dirty_bytes;
}

/* Several ranges, as a guest with a hole in its memory has. */
static void log_pages(const struct device *device)
{
	struct vfio_device_feature_dma_logging_range ranges[] = {
		{ .iova = 0, .length = 1ULL << 31 },
		{ .iova = 1ULL << 32, .length = 1ULL << 30 },
	};
	union {
		struct vfio_device_feature feature;
		uint8_t bytes[sizeof(struct vfio_device_feature) +
			      sizeof(struct vfio_device_feature_dma_logging_control)];
	} request = {};
	struct vfio_device_feature_dma_logging_control *control = (void *)request.feature.data;

	control->page_size = 4096;
	control->num_ranges = 2;
	control->ranges = (uintptr_t)ranges;
	request.feature.argsz = sizeof(request);
	request.feature.flags = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START;
	if (ioctl(device->fd, VFIO_DEVICE_FEATURE, &request))
		fail(device, "DMA_LOGGING_START");
	request.feature.argsz = sizeof(request.feature);
	request.feature.flags = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP;
	if (ioctl(device->fd, VFIO_DEVICE_FEATURE, &request))
		fail(device, "DMA_LOGGING_STOP");
}

static void move(const struct device *from, const struct device *to, bool precopy)
{
	uint64_t before = 0, after;
	int in, out;

	/* A state is loaded into a device that has none. */
	if (ioctl(to->fd, VFIO_DEVICE_RESET))
		fail(to, "reset");
	out = SET(to, RESUMING);
	if (precopy) {
		in = SET(from, PRE_COPY);
		for (int round = 0; round < 5 && (!round || pending(from, in)); round++)
			before += pump(from, in, to, out);
		SET(from, STOP_COPY);
	} else {
		in = SET(from, STOP_COPY);
	}
	after = pump(from, in, to, out);
	SET(from, STOP);
	SET(to, STOP);
	close(in);
	close(out);
	printf("%s -> %s: %llu bytes before the stop, %llu after\n", from->address, to->address,
	       (unsigned long long)before, (unsigned long long)after);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct device devices[2];
	int times = argc > 4 ? atoi(argv[4]) : 1;
	bool precopy = argc > 3 && !strcmp(argv[3], "precopy");

	if (argc < 4) {
		fprintf(stderr, "usage: move_vf FROM TO precopy|stop|log [TIMES [COMMAND]]\n");
		return 2;
	}
	open_device(&devices[0], argv[1]);
	open_device(&devices[1], argv[2]);
	if (!strcmp(argv[3], "log")) {
		log_pages(&devices[0]);
		log_pages(&devices[1]);
		return 0;
	}
	for (int i = 0; i < times; i++) {
		move(&devices[i % 2], &devices[!(i % 2)], precopy);
		if (argc > 5 && system(argv[5])) {
			fprintf(stderr, "move_vf: \"%s\" failed\n", argv[5]);
			return 1;
		}
		SET(&devices[!(i % 2)], RUNNING);
	}
	return 0;
}
