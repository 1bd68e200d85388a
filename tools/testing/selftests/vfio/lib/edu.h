/* SPDX-License-Identifier: GPL-2.0-only */
/* QEMU's educational device (its documentation: docs/specs/edu). */
#ifndef SELFTEST_VFIO_EDU_H
#define SELFTEST_VFIO_EDU_H

#include "vdev.h"

#define EDU_BAR		0
#define EDU_IDENT	0x00
#define EDU_FACTORIAL	0x08
#define EDU_IRQ_STATUS	0x24
#define EDU_IRQ_RAISE	0x60
#define EDU_IRQ_ACK	0x64
#define EDU_DMA_SRC	0x80
#define EDU_DMA_DST	0x88
#define EDU_DMA_COUNT	0x90
#define EDU_DMA_CMD	0x98
#define EDU_DMA_START	1
#define EDU_DMA_TO_RAM	2
#define EDU_DMA_IRQ	4
#define EDU_BUFFER	0x40000	/* its own 4096 bytes, as DMA sees them */

/* Assert the interrupt line, or send the message, with @bits pending. */
static inline int edu_raise(const struct vdev *v, __u32 bits)
{
	return vdev_put(v, EDU_BAR, EDU_IRQ_RAISE, 4, bits);
}

/* Clear @bits; the line falls when none is left. */
static inline int edu_ack(const struct vdev *v, __u32 bits)
{
	return vdev_put(v, EDU_BAR, EDU_IRQ_ACK, 4, bits);
}

#endif
