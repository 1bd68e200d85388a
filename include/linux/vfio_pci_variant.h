/* SPDX-License-Identifier: GPL-2.0-only */
/* What all variant drivers would otherwise write alike. */
#ifndef VFIO_PCI_VARIANT_H
#define VFIO_PCI_VARIANT_H

#include <linux/pci.h>
#include <linux/vfio_pci_core.h>
#include <linux/vfio_pci_dma_window.h>

/*
 * All of vfio_device_ops but .name, .init, .open_device, .read and .write, for which a driver uses
 * the library's or its own.  One that wants another of these lists all of them itself.
 */
#define VFIO_PCI_VARIANT_OPS						\
	.release	= vfio_pci_core_release_dev,			\
	.close_device	= vfio_pci_core_close_device,			\
	.ioctl		= vfio_pci_core_ioctl,				\
	.device_feature	= vfio_pci_core_ioctl_feature,			\
	.mmap		= vfio_pci_core_mmap,				\
	.request	= vfio_pci_core_request,			\
	.match		= vfio_pci_core_match,				\
	.bind_iommufd	= vfio_iommufd_physical_bind,			\
	.unbind_iommufd	= vfio_iommufd_physical_unbind,			\
	.attach_ioas	= vfio_pci_dma_window_attach_ioas,		\
	.detach_ioas	= vfio_pci_dma_window_detach_ioas

int vfio_pci_variant_probe(struct pci_dev *pdev, struct vfio_pci_core_device *vdev);
void vfio_pci_variant_remove(struct pci_dev *pdev);

#endif /* VFIO_PCI_VARIANT_H */
