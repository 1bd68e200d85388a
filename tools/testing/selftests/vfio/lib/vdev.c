// SPDX-License-Identifier: GPL-2.0-only
/* Opening a VFIO device and asking it about itself. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fault.h"
#include "vdev.h"

static int open_rw(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Of group and container, which are the kernel's own: without faults. */
static int control(int fd, unsigned long cmd, void *arg)
{
	int ret = ioctl(fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

/* Of the device, and of opening it. */
static int control_kind(int fd, unsigned long cmd, void *arg, unsigned long kind)
{
	int ret = WITH_FAULTS(kind, ioctl(fd, cmd, arg));

	return ret < 0 ? -errno : ret;
}

static int get_device(int group, const char *name)
{
	return control_kind(group, VFIO_GROUP_GET_DEVICE_FD, (void *)name,
			    VFIO_GROUP_GET_DEVICE_FD);
}

static void close_all(struct vdev *v)
{
	if (v->fd >= 0)
		close(v->fd);
	if (v->group >= 0 && !v->shared)
		close(v->group);
	if (v->container >= 0 && !v->shared)
		close(v->container);
	v->fd = -1;
	v->group = -1;
	v->container = -1;
}

int vdev_group_of(const char *bdf)
{
	char path[96], target[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	return atoi(strrchr(target, '/') + 1);
}

int vdev_open_group(const char *bdf)
{
	char path[32];
	int number = vdev_group_of(bdf);

	if (number < 0)
		return number;
	snprintf(path, sizeof(path), "/dev/vfio/%d", number);
	return open_rw(path);
}

int vdev_open_container(int group)
{
	/* The latter is of POWER, where DMA is to be enabled, too. */
	unsigned long type = VFIO_TYPE1v2_IOMMU;
	int fd = open_rw("/dev/vfio/vfio");
	int ret;

	if (fd < 0)
		return fd;
	ret = control(group, VFIO_GROUP_SET_CONTAINER, &fd);
	if (!ret && control(fd, VFIO_CHECK_EXTENSION, (void *)type) <= 0)
		type = VFIO_SPAPR_TCE_IOMMU;
	if (!ret)
		ret = control(fd, VFIO_SET_IOMMU, (void *)type);
	if (!ret && type == VFIO_SPAPR_TCE_IOMMU)
		ret = control(fd, VFIO_IOMMU_ENABLE, NULL);
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

static int take_device(struct vdev *v, const char *name)
{
	struct vfio_region_info info;
	__u32 index;

	v->fd = get_device(v->group, name);
	if (v->fd < 0)
		return v->fd;
	for (index = 0; index < VFIO_PCI_NUM_REGIONS; index++)
		v->offsets[index] = vdev_region_info(v, index, &info) ? 0 : info.offset;
	return 0;
}

int vdev_open_named(struct vdev *v, const char *bdf, const char *name)
{
	int ret;

	*v = (struct vdev){ .container = -1, .group = -1, .fd = -1 };
	snprintf(v->bdf, sizeof(v->bdf), "%s", bdf);

	ret = vdev_open_group(bdf);
	if (ret < 0)
		return ret;
	v->group = ret;

	ret = vdev_open_container(v->group);
	if (ret >= 0) {
		v->container = ret;
		ret = take_device(v, name);
	}
	if (ret < 0)
		close_all(v);
	return ret;
}

int vdev_open(struct vdev *v, const char *bdf)
{
	return vdev_open_named(v, bdf, bdf);
}

int vdev_join(struct vdev *v, const struct vdev *first, const char *bdf)
{
	int ret, container = first->container;

	*v = *first;
	v->fd = -1;
	v->shared = true;
	snprintf(v->bdf, sizeof(v->bdf), "%s", bdf);
	if (!strcmp(bdf, first->bdf)) {
		v->fd = get_device(v->group, bdf);
		return v->fd < 0 ? v->fd : 0;
	}
	if (vdev_group_of(bdf) == vdev_group_of(first->bdf))
		return take_device(v, bdf);

	v->group = vdev_open_group(bdf);
	if (v->group < 0)
		return v->group;
	ret = control(v->group, VFIO_GROUP_SET_CONTAINER, &container);
	if (!ret)
		ret = take_device(v, bdf);
	if (ret)
		close(v->group);
	return ret;
}

void vdev_close(struct vdev *v)
{
	close_all(v);
}

int vdev_ioctl(const struct vdev *v, unsigned long cmd, void *arg)
{
	return control_kind(v->fd, cmd, arg, cmd);
}

int vdev_ioctl_kind(const struct vdev *v, unsigned long cmd, void *arg, unsigned int detail)
{
	return control_kind(v->fd, cmd, arg, cmd | (unsigned long)detail << 32);
}

int vdev_info(const struct vdev *v, struct vfio_device_info *info)
{
	*info = (struct vfio_device_info){ .argsz = sizeof(*info) };
	return vdev_ioctl(v, VFIO_DEVICE_GET_INFO, info);
}

int vdev_region_info(const struct vdev *v, __u32 index, struct vfio_region_info *info)
{
	*info = (struct vfio_region_info){ .argsz = sizeof(*info), .index = index };
	return vdev_ioctl_kind(v, VFIO_DEVICE_GET_REGION_INFO, info, index);
}

int vdev_irq_info(const struct vdev *v, __u32 index, struct vfio_irq_info *info)
{
	*info = (struct vfio_irq_info){ .argsz = sizeof(*info), .index = index };
	return vdev_ioctl(v, VFIO_DEVICE_GET_IRQ_INFO, info);
}

__u64 vdev_region_size(const struct vdev *v, __u32 index)
{
	struct vfio_region_info info;

	return vdev_region_info(v, index, &info) ? 0 : info.size;
}

__u32 vdev_region_flags(const struct vdev *v, __u32 index)
{
	struct vfio_region_info info;

	return vdev_region_info(v, index, &info) ? 0 : info.flags;
}

/* The capability's first @size bytes go to @out. */
static int region_cap(const struct vdev *v, __u32 index, __u16 id, void *out, size_t size)
{
	union {
		struct vfio_region_info info;
		unsigned char bytes[4096];
	} u = { .info = { .argsz = sizeof(u), .index = index } };
	__u32 at;
	int ret = vdev_ioctl(v, VFIO_DEVICE_GET_REGION_INFO, &u);

	if (ret)
		return ret;
	for (at = u.info.cap_offset; at && at <= sizeof(u) - size;) {
		const struct vfio_info_cap_header *cap = (const void *)(u.bytes + at);

		if (cap->id == id) {
			memcpy(out, cap, size);
			return 1;
		}
		at = cap->next;
	}
	return 0;
}

int vdev_region_cap(const struct vdev *v, __u32 index, __u16 id)
{
	struct vfio_info_cap_header cap;

	return region_cap(v, index, id, &cap, sizeof(cap));
}

__u32 vdev_region_of_type(const struct vdev *v, __u32 type, __u32 subtype)
{
	struct vfio_region_info_cap_type cap;
	struct vfio_device_info info;
	__u32 index;

	if (vdev_info(v, &info))
		return 0;
	for (index = VFIO_PCI_NUM_REGIONS; index < info.num_regions; index++)
		if (region_cap(v, index, VFIO_REGION_INFO_CAP_TYPE, &cap, sizeof(cap)) == 1 &&
		    cap.type == type && cap.subtype == subtype)
			return index;
	return 0;
}

int vdev_feature(const struct vdev *v, __u32 flags, void *data, size_t size)
{
	__u64 space[(sizeof(struct vfio_device_feature) + 256) / sizeof(__u64)] = {};
	struct vfio_device_feature *feature = (void *)space;
	int ret;

	if (size > 256)
		return -E2BIG;
	feature->argsz = sizeof(*feature) + size;
	feature->flags = flags;
	if (size && data)
		memcpy(feature->data, data, size);
	ret = vdev_ioctl_kind(v, VFIO_DEVICE_FEATURE, feature, flags);
	if (!ret && size && data && flags & VFIO_DEVICE_FEATURE_GET)
		memcpy(data, feature->data, size);
	return ret;
}

int vdev_dma_map(const struct vdev *v, void *addr, __u64 iova, __u64 size)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (unsigned long)addr,
		.iova = iova,
		.size = size,
	};

	return control(v->container, VFIO_IOMMU_MAP_DMA, &map);
}

int vdev_dma_unmap(const struct vdev *v, __u64 iova, __u64 size)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = size,
	};

	return control(v->container, VFIO_IOMMU_UNMAP_DMA, &unmap);
}
