/* SPDX-License-Identifier: GPL-2.0-only */
/* The bitmap of VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT. */
#ifndef COMPAT_IOVA_BITMAP_H
#define COMPAT_IOVA_BITMAP_H

#include <linux/iova_bitmap.h>
#include <linux/kconfig.h>
#include <linux/module.h>
#include <linux/version.h>

/* Without this option vfio.ko has a stub of it, and every report fails with EOPNOTSUPP. */
#define VFIO_REPORTS_DMA_LOGS	IS_ENABLED(CONFIG_IOMMUFD_DRIVER)

/* Namespaces became strings in 6.13. */
#if KERNEL_VERSION(6, 13, 0) > LINUX_VERSION_CODE
#define IOVA_BITMAP_IMPORT_NS()	MODULE_IMPORT_NS(IOMMUFD)
#else
#define IOVA_BITMAP_IMPORT_NS()	MODULE_IMPORT_NS("IOMMUFD")
#endif

#endif /* COMPAT_IOVA_BITMAP_H */
