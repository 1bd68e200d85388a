/* SPDX-License-Identifier: GPL-2.0-only */
/* VFIO_DEVICE_FEATURE_DMA_BUF, which is newer than the headers of 6.12. */
#ifndef SELFTEST_VFIO_DMA_BUF_H
#define SELFTEST_VFIO_DMA_BUF_H

#include <linux/types.h>
#include <linux/vfio.h>

#ifndef VFIO_DEVICE_FEATURE_DMA_BUF
#define VFIO_DEVICE_FEATURE_DMA_BUF 11
#endif

/* struct vfio_device_feature_dma_buf with two ranges at most */
struct dma_buf_request {
	__u32 region;
	__u32 open_flags;
	__u32 flags;
	__u32 count;
	__u64 ranges[4];
};

#endif
