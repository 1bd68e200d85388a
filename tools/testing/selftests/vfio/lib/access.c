// SPDX-License-Identifier: GPL-2.0-only
/* Regions and interrupts of an open VFIO device. */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fault.h"
#include "vdev.h"

/*
 * Of a region in the device's file; a device-specific one is asked for each time. Where there is
 * none, a place that no file has.
 */
static __u64 vdev_offset(const struct vdev *v, __u32 region)
{
	struct vfio_region_info info;

	if (region < VFIO_PCI_NUM_REGIONS)
		return v->offsets[region];
	return vdev_region_info(v, region, &info) ? 1ULL << 63 : info.offset;
}

/* A register of config space may do anything when it is written. */
static unsigned long write_kind(__u32 region, __u64 off)
{
	bool config = region == VFIO_PCI_CONFIG_REGION_INDEX;

	return (FAULT_WRITES + region) | (config ? (unsigned long)off << 32 : 0);
}

ssize_t vdev_read(const struct vdev *v, __u32 region, __u64 off, void *buf, size_t len)
{
	const __u64 pos = vdev_offset(v, region) + off;
	ssize_t ret = WITH_FAULTS(FAULT_READS + region, pread(v->fd, buf, len, pos));

	return ret < 0 ? -errno : ret;
}

ssize_t vdev_write(const struct vdev *v, __u32 region, __u64 off, const void *buf, size_t len)
{
	const __u64 pos = vdev_offset(v, region) + off;
	ssize_t ret = WITH_FAULTS(write_kind(region, off), pwrite(v->fd, buf, len, pos));

	return ret < 0 ? -errno : ret;
}

__u64 vdev_get(const struct vdev *v, __u32 region, __u64 off, size_t width)
{
	__le64 raw = 0;
	ssize_t ret = vdev_read(v, region, off, &raw, width);

	if (ret != (ssize_t)width) {
		fprintf(stderr, "# region %u offset 0x%llx width %zu: read gave %zd\n", region,
			(unsigned long long)off, width, ret);
		return ~0ULL;
	}
	return le64toh(raw);
}

int vdev_put(const struct vdev *v, __u32 region, __u64 off, size_t width, __u64 value)
{
	__le64 raw = htole64(value);
	ssize_t ret = vdev_write(v, region, off, &raw, width);

	if (ret < 0)
		return ret;
	return ret == (ssize_t)width ? 0 : -EIO;
}

__u32 cfg_get(const struct vdev *v, __u32 off, size_t width)
{
	return vdev_get(v, VFIO_PCI_CONFIG_REGION_INDEX, off, width);
}

int cfg_put(const struct vdev *v, __u32 off, size_t width, __u32 value)
{
	return vdev_put(v, VFIO_PCI_CONFIG_REGION_INDEX, off, width, value);
}

int cfg_update16(const struct vdev *v, __u32 off, __u16 mask, __u16 bits)
{
	return cfg_put(v, off, 2, (cfg_get(v, off, 2) & ~mask) | (bits & mask));
}

__u32 cfg_find_cap(const struct vdev *v, __u8 id)
{
	__u32 at, budget = 48;

	if (!(cfg_get(v, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
		return 0;
	for (at = cfg_get(v, PCI_CAPABILITY_LIST, 1); at && budget; budget--) {
		if (cfg_get(v, at, 1) == id)
			return at;
		at = cfg_get(v, at + 1, 1) & ~3U;
	}
	return 0;
}

__u32 cfg_find_ecap(const struct vdev *v, __u16 id)
{
	__u32 at = 0x100, budget = 960;

	if (vdev_region_size(v, VFIO_PCI_CONFIG_REGION_INDEX) <= 0x100)
		return 0;
	while (at >= 0x100 && budget--) {
		__u32 header = cfg_get(v, at, 4);

		if (header && (header & 0xffff) == id)
			return at;
		at = (header >> 20) & ~3U;
	}
	return 0;
}

void *vdev_mmap(const struct vdev *v, __u32 region, __u64 off, size_t len, int flags, int *err)
{
	const __u64 pos = vdev_offset(v, region) + off;
	void *addr = (void *)WITH_FAULTS(FAULT_MAPS + region,
					 mmap(NULL, len, PROT_READ | PROT_WRITE, flags, v->fd,
					      pos));

	if (addr != MAP_FAILED)
		return addr;
	*err = -errno;
	return NULL;
}

int vdev_set_irqs(const struct vdev *v, __u32 flags, __u32 index, __u32 start, __u32 count,
		  const void *data, size_t size)
{
	struct vfio_irq_set *set = calloc(1, sizeof(*set) + size);
	int ret;

	if (!set)
		return -ENOMEM;
	set->argsz = sizeof(*set) + size;
	set->flags = flags;
	set->index = index;
	set->start = start;
	set->count = count;
	if (size)
		memcpy(set->data, data, size);
	ret = vdev_ioctl_kind(v, VFIO_DEVICE_SET_IRQS, set, flags << 8 | index);
	free(set);
	return ret;
}

int vdev_arm(const struct vdev *v, __u32 index, __u32 start, __u32 count, const int *fds)
{
	return vdev_set_irqs(v, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, index,
			     start, count, fds, count * sizeof(*fds));
}

int vdev_loopback(const struct vdev *v, __u32 index, __u32 start, __u32 count)
{
	return vdev_set_irqs(v, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, index, start,
			     count, NULL, 0);
}

int vdev_disarm(const struct vdev *v, __u32 index)
{
	return vdev_loopback(v, index, 0, 0);
}

int vdev_intx_action(const struct vdev *v, __u32 action)
{
	return vdev_set_irqs(v, VFIO_IRQ_SET_DATA_NONE | action, VFIO_PCI_INTX_IRQ_INDEX, 0, 1,
			     NULL, 0);
}
