/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VFIO PCI function as the tests use it: open it through its IOMMU group and
 * a type1 container, then reach regions, interrupts, features and DMA by name.
 *
 * Every function that can fail returns 0 (or a length) on success and a
 * negative errno, so that a test states the errno it expects.
 */
#ifndef SELFTEST_VFIO_VDEV_H
#define SELFTEST_VFIO_VDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <linux/pci_regs.h>
#include <linux/types.h>
#include <linux/vfio.h>

/**
 * struct vdev - an open VFIO device
 * @bdf:	full address, 0000:01:00.0
 * @container:	see vdev_open_container(), or the iommufd of a device opened by cdev
 * @group:	the IOMMU group's file, -1 when opened by cdev
 * @fd:		the device itself
 * @shared:	container and group belong to another vdev
 * @offsets:	of the fixed regions in @fd; asked once
 */
struct vdev {
	char bdf[16];
	int container;
	int group;
	int fd;
	bool shared;
	__u64 offsets[VFIO_PCI_NUM_REGIONS];
};

/**
 * vdev_open - open @bdf, which must be bound to a VFIO driver
 * @v:		filled in
 * @bdf:	full address
 * Return: 0, or -errno of the first step that failed; then nothing is open.
 */
int vdev_open(struct vdev *v, const char *bdf);

/**
 * vdev_open_named - the same, with a device name of the test's own choice
 * @v:		filled in
 * @bdf:	full address, which finds the group
 * @name:	what VFIO_GROUP_GET_DEVICE_FD is given, for example with a VF token
 * Return: 0 or -errno.
 */
int vdev_open_named(struct vdev *v, const char *bdf, const char *name);

/**
 * vdev_join - open @bdf in the container of @first, and in its group if shared
 * @v:		filled in
 * @first:	an open device
 * @bdf:	full address
 * Return: 0 or -errno.
 */
int vdev_join(struct vdev *v, const struct vdev *first, const char *bdf);

void vdev_close(struct vdev *v);

/* Number of the IOMMU group that holds @bdf, or -errno. */
int vdev_group_of(const char *bdf);
/* /dev/vfio/N of @bdf, opened; or -errno. */
int vdev_open_group(const char *bdf);
/* A container of type1 v2, or where there is none of sPAPR TCE, holding @group; or -errno. */
int vdev_open_container(int group);

/* One ioctl; its result or -errno. */
int vdev_ioctl(const struct vdev *v, unsigned long cmd, void *arg);

/* The same; with another @detail it is another kind of call to fault.h. */
int vdev_ioctl_kind(const struct vdev *v, unsigned long cmd, void *arg, unsigned int detail);

int vdev_info(const struct vdev *v, struct vfio_device_info *info);
int vdev_region_info(const struct vdev *v, __u32 index, struct vfio_region_info *info);
int vdev_irq_info(const struct vdev *v, __u32 index, struct vfio_irq_info *info);
/* Size of region @index; 0 when it is absent. */
__u64 vdev_region_size(const struct vdev *v, __u32 index);
__u32 vdev_region_flags(const struct vdev *v, __u32 index);

/**
 * vdev_region_cap - find a capability in the chain of a region's info
 * @v:		device
 * @index:	region
 * @id:		VFIO_REGION_INFO_CAP_*
 * Return: 1 when present, 0 when absent, -errno on failure.
 */
int vdev_region_cap(const struct vdev *v, __u32 index, __u16 id);
/* Index of the device-specific region of that type; 0, which is a BAR's, when there is none. */
__u32 vdev_region_of_type(const struct vdev *v, __u32 type, __u32 subtype);

/* Bytes moved, or -errno. @off counts from the region's start. */
ssize_t vdev_read(const struct vdev *v, __u32 region, __u64 off, void *buf, size_t len);
ssize_t vdev_write(const struct vdev *v, __u32 region, __u64 off, const void *buf, size_t len);

/*
 * Little-endian values of 1, 2, 4 or 8 bytes. A read that fails gives all ones
 * and is logged; a write gives 0 or -errno.
 */
__u64 vdev_get(const struct vdev *v, __u32 region, __u64 off, size_t width);
int vdev_put(const struct vdev *v, __u32 region, __u64 off, size_t width, __u64 value);

/* The same in config space. */
__u32 cfg_get(const struct vdev *v, __u32 off, size_t width);
int cfg_put(const struct vdev *v, __u32 off, size_t width, __u32 value);
/* Replace the bits of @mask in a word by those of @bits. */
int cfg_update16(const struct vdev *v, __u32 off, __u16 mask, __u16 bits);
/* Offset of a capability in the virtual chain, 0 when it is not there. */
__u32 cfg_find_cap(const struct vdev *v, __u8 id);
__u32 cfg_find_ecap(const struct vdev *v, __u16 id);

/**
 * vdev_mmap - map part of a region
 * @v:		device
 * @region:	index
 * @off:	bytes from the region's start
 * @len:	bytes
 * @flags:	MAP_SHARED or what the test is about
 * @err:	receives -errno when the result is NULL
 * Return: address, or NULL.
 */
void *vdev_mmap(const struct vdev *v, __u32 region, __u64 off, size_t len, int flags, int *err);

/* VFIO_DEVICE_SET_IRQS with @size bytes of data. */
int vdev_set_irqs(const struct vdev *v, __u32 flags, __u32 index, __u32 start, __u32 count,
		  const void *data, size_t size);
/* Arm @count vectors from @start with @fds. */
int vdev_arm(const struct vdev *v, __u32 index, __u32 start, __u32 count, const int *fds);
/* Make the kernel signal the eventfds as if the device had. */
int vdev_loopback(const struct vdev *v, __u32 index, __u32 start, __u32 count);
/* Take all vectors of @index down. */
int vdev_disarm(const struct vdev *v, __u32 index);
/* Act on INTx without data: VFIO_IRQ_SET_ACTION_MASK or _UNMASK. */
int vdev_intx_action(const struct vdev *v, __u32 action);

/* VFIO_DEVICE_FEATURE: @flags holds number and GET, SET or PROBE. */
int vdev_feature(const struct vdev *v, __u32 flags, void *data, size_t size);

int vdev_dma_map(const struct vdev *v, void *addr, __u64 iova, __u64 size);
int vdev_dma_unmap(const struct vdev *v, __u64 iova, __u64 size);

#endif
