/* SPDX-License-Identifier: GPL-2.0-only */
/* dma-buf for exporters whose memory can go away. */
#ifndef COMPAT_DMA_BUF_H
#define COMPAT_DMA_BUF_H

#include <linux/dma-buf.h>
#include <linux/kconfig.h>
#include <linux/module.h>
#include <linux/version.h>

/* Namespaces became strings in 6.13. */
#if KERNEL_VERSION(6, 13, 0) > LINUX_VERSION_CODE
#define DMA_BUF_IMPORT_NS()	MODULE_IMPORT_NS(DMA_BUF)
#else
#define DMA_BUF_IMPORT_NS()	MODULE_IMPORT_NS("DMA_BUF")
#endif

/*
 * Does a dynamic importer map without pinning?  Without DMABUF_MOVE_NOTIFY,
 * dma_buf_map_attachment() calls the exporter's pin() for every importer, so an exporter that
 * cannot pin has none.  Later kernels dropped the option and behave as if it were set; they also
 * rename what importers are told by, so they count here once somebody has ported that.
 */
#define DMA_BUF_MAPS_UNPINNED	IS_ENABLED(CONFIG_DMABUF_MOVE_NOTIFY)

#endif /* COMPAT_DMA_BUF_H */
