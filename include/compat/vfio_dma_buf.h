/* SPDX-License-Identifier: GPL-2.0-only */
/* VFIO_DEVICE_FEATURE_DMA_BUF came with 6.19. */
#ifndef COMPAT_VFIO_DMA_BUF_H
#define COMPAT_VFIO_DMA_BUF_H

#include <linux/types.h>
#include <linux/vfio.h>

#ifndef VFIO_DEVICE_FEATURE_DMA_BUF
/*
 * GET makes a dma-buf of ranges of a region, one after the other, and returns its file descriptor.
 * @open_flags are those of open(2); @flags must be 0.
 */
#define VFIO_DEVICE_FEATURE_DMA_BUF	11

struct vfio_region_dma_range {
	__u64	offset;
	__u64	length;
};

struct vfio_device_feature_dma_buf {
	__u32	region_index;
	__u32	open_flags;
	__u32	flags;
	__u32	nr_ranges;
	struct vfio_region_dma_range	dma_ranges[];
};
#endif

#endif /* COMPAT_VFIO_DMA_BUF_H */
