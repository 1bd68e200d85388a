// SPDX-License-Identifier: GPL-2.0-only
/* What the ioctls tell about a function. */
#include "bench.h"

static int device_info(struct bench *b, size_t arg)
{
	struct vfio_device_info info;

	(void)arg;
	return vdev_info(&b->dev, &info);
}

static int region_info(struct bench *b, size_t index)
{
	struct vfio_region_info info;

	return vdev_region_info(&b->dev, index, &info);
}

static int irq_info(struct bench *b, size_t index)
{
	struct vfio_irq_info info;

	return vdev_irq_info(&b->dev, index, &info);
}

static const struct bench_row rows[] = {
	{ .name = "info-device", .title = "VFIO_DEVICE_GET_INFO", .role = "nvme", .quick = true,
	  .run = device_info, .batch = 64 },
	{ .name = "info-region-bar", .title = "VFIO_DEVICE_GET_REGION_INFO, BAR 0",
	  .role = "nvme", .run = region_info, .arg = VFIO_PCI_BAR0_REGION_INDEX, .batch = 64 },
	{ .name = "info-region-config", .title = "VFIO_DEVICE_GET_REGION_INFO, config space",
	  .role = "nvme", .run = region_info, .arg = VFIO_PCI_CONFIG_REGION_INDEX, .batch = 64 },
	{ .name = "info-irq-msix", .title = "VFIO_DEVICE_GET_IRQ_INFO, MSI-X", .role = "nvme",
	  .run = irq_info, .arg = VFIO_PCI_MSIX_IRQ_INDEX, .batch = 64 },
	{ .name = "info-irq-intx", .title = "VFIO_DEVICE_GET_IRQ_INFO, INTx", .role = "nvme",
	  .run = irq_info, .arg = VFIO_PCI_INTX_IRQ_INDEX, .batch = 64 },
};

const struct bench_rows bench_info_rows = { rows, ARRAY_SIZE(rows) };
