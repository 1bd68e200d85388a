/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtio function's registers, and a driver of virtio-blk that is as small as one can be: one
 * queue, one request at a time, no interrupt.
 */
#ifndef SELFTEST_VFIO_MIGRATION_VIRTIO_H
#define SELFTEST_VFIO_MIGRATION_VIRTIO_H

#include <stdbool.h>

#include "vdev.h"

/**
 * struct virtio_place - a structure of registers
 * @cap:	the capability that names it
 * @bar:	where
 * @at:		... in that
 */
struct virtio_place {
	__u32 cap;
	__u32 bar;
	__u32 at;
};

/* Find the one of type VIRTIO_PCI_CAP_*; 0 or -errno. */
int virtio_find(const struct vdev *v, __u8 type, struct virtio_place *place);

#define DISK_PAGE	4096
/* Pages of a disk's memory. The device reads the first two and writes the others. */
enum disk_page {
	DISK_RINGS,
	DISK_HEADER,
	DISK_USED,
	DISK_STATUS,
	DISK_DATA,	/* and whatever follows */
};

bool disk_is(const char *bdf);

/**
 * struct disk - a virtio-blk function with a driver
 * @v:		device, open
 * @memory:	that the device reaches
 * @iova:	where it does
 * @common:	registers
 * @notify:	the queue's doorbell
 * @requests:	so far
 */
struct disk {
	const struct vdev *v;
	__u8 *memory;
	__u64 iova;
	struct virtio_place common;
	struct virtio_place notify;
	__u16 requests;
};

/* Take the function, which @d->v, @memory and @iova are known of; 0 or -errno. */
int disk_start(struct disk *d);
/* The driver leaves, and the device forgets it. */
void disk_stop(struct disk *d);
/* Have the device write @bytes of its first sectors to @offset in the memory; 0 or -errno. */
int disk_read(struct disk *d, __u64 offset, __u32 bytes);

#endif
