// SPDX-License-Identifier: GPL-2.0-only
/*
 * The architecture extension of x86: legacy VGA addresses, and what a driver of Intel's integrated
 * graphics looks for outside of the function.
 */
#include "vfio_pci_priv.h"

static bool is_igd(const struct pci_dev *pdev)
{
	return IS_ENABLED(CONFIG_VFIO_PCI_IGD) && vfio_pci_is_vga(pdev) &&
	       pdev->vendor == PCI_VENDOR_ID_INTEL;
}

static int x86_setup(struct vfio_pci_core_device *vdev)
{
	int ret;

	vdev->has_vga = vfio_pci_vga_enabled() && vfio_pci_is_vga(vdev->pdev);

	ret = is_igd(vdev->pdev) ? vfio_pci_igd_open(vdev) : 0;
	/* Many a graphics card of Intel's has no OpRegion. */
	if (ret == -ENODEV)
		ret = 0;
	if (ret)
		pci_warn(vdev->pdev, "cannot set up the regions of Intel graphics: %d\n", ret);
	return ret;
}

const struct vfio_pci_arch_ops vfio_pci_arch = {
	.register_device	= vfio_pci_vga_register,
	.unregister_device	= vfio_pci_vga_unregister,
	.setup			= x86_setup,
#ifdef CONFIG_VFIO_PCI_VGA
	.vga_rw			= vfio_pci_vga_rw,
#endif
};
