/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A DMA window of a driver's own: for as long as it is open, a stopped device does DMA to pages of
 * the driver, can reach nothing of its user's, and cannot interrupt.
 *
 * Some devices keep state that only their own DMA reaches.  While a user has such a device, the
 * IOMMU translates for that user alone.  The window takes the user's domain off and puts one with
 * the driver's pages in its place.  It lets the device be bus master and decode memory, and
 * silences INTx, MSI and MSI-X, whatever the user had set; and puts all of it back.
 */
#ifndef VFIO_PCI_DMA_WINDOW_H
#define VFIO_PCI_DMA_WINDOW_H

#include <linux/vfio_pci_core.h>

struct iommu_domain;

/**
 * struct vfio_pci_dma_window - the device is its driver's own
 * @vdev: whose
 * @iova: where the device finds the pages; below 16 MiB
 * @size: bytes of them
 * @data: the same for the kernel, zeroed when the window opens
 * @in_flight: the driver says that DMA has not come to its end: the device is no bus master then
 *	       when the window is closed, until its user makes it one again
 * @user: the user's domain, that is put back; NULL if it had none
 * @own: the one of the window
 * @order: of the pages
 * @power: state that is put back
 * @command: PCI command register that is put back
 * @msi: MSI control word that is put back, and tells whether the user has MSI enabled
 * @msix: of MSI-X likewise
 */
struct vfio_pci_dma_window {
	struct vfio_pci_core_device	*vdev;
	dma_addr_t			iova;
	size_t				size;
	void				*data;
	bool				in_flight;

	struct iommu_domain		*user;
	struct iommu_domain		*own;
	unsigned int			order;
	pci_power_t			power;
	u16				command;
	u16				msi;
	u16				msix;
};

int vfio_pci_dma_window_open(struct vfio_pci_core_device *vdev, struct vfio_pci_dma_window *window,
			     size_t size);
int vfio_pci_dma_window_close(struct vfio_pci_dma_window *window);

/*
 * vfio_device_ops of a driver that opens windows: as vfio_iommufd_physical_*_ioas(), but not while
 * one is open.  Without them a device of an iommufd gets no window.
 */
int vfio_pci_dma_window_attach_ioas(struct vfio_device *core_vdev, u32 *pt_id);
void vfio_pci_dma_window_detach_ioas(struct vfio_device *core_vdev);

#endif /* VFIO_PCI_DMA_WINDOW_H */
