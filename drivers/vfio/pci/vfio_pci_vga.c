// SPDX-License-Identifier: GPL-2.0-only
/*
 * VGA functions towards the rest of the kernel: who drew on the screen before must let go, and the
 * VGA arbiter asks whether the function answers at the legacy addresses.
 */
#include <linux/aperture.h>
#include <linux/cleanup.h>
#include <linux/pci.h>
#include <linux/vgaarb.h>

#include "vfio_pci_priv.h"

#define VGA_OWN_BARS	(VGA_RSRC_NORMAL_IO | VGA_RSRC_NORMAL_MEM)
#define VGA_LEGACY	(VGA_RSRC_LEGACY_IO | VGA_RSRC_LEGACY_MEM)

/* Whether another VGA function is at or below the bus of @pdev: one bridge leads to both. */
static bool shares_bridge(struct pci_dev *pdev)
{
	u8 first = pdev->bus->number, last = pci_bus_max_busnr(pdev->bus);
	struct pci_dev *other __free(pci_dev_put) = NULL;

	while ((other = pci_get_class(PCI_CLASS_DISPLAY_VGA << 8, other))) {
		if (other != pdev && pci_domain_nr(other->bus) == pci_domain_nr(pdev->bus) &&
		    !pci_is_root_bus(other->bus) && other->bus->number >= first &&
		    other->bus->number <= last)
			return true;
	}
	return false;
}

/*
 * The function itself is a closed book, and what it decodes is the user's doing.  But a user who
 * has no VGA region cannot reach the legacy addresses, and if the bridge above leads to no other
 * VGA function then not routing them there is as good as not decoding them.
 */
static unsigned int legacy_decodes(struct pci_dev *pdev, bool only_vga)
{
	if (only_vga || vfio_pci_vga_enabled() || pci_is_root_bus(pdev->bus) ||
	    shares_bridge(pdev))
		return VGA_OWN_BARS | VGA_LEGACY;
	return VGA_OWN_BARS;
}

/**
 * vfio_pci_vga_register() - take a VGA function from console and frame buffer drivers
 * @vdev: registering, not yet visible to userspace
 *
 * Context: sleeps.
 * Return: 0, at once for other functions, or the errno of the aperture helpers or of the arbiter.
 */
int vfio_pci_vga_register(struct vfio_pci_core_device *vdev)
{
	const char *name = vdev->vdev.ops->name;
	struct pci_dev *pdev = vdev->pdev;
	int ret = 0;

	if (vfio_pci_is_vga(pdev)) {
		ret = aperture_remove_conflicting_pci_devices(pdev, name) ?:
		      vga_client_register(pdev, legacy_decodes);
		if (!ret)
			vga_set_legacy_decoding(pdev, legacy_decodes(pdev, false));
	}
	return ret;
}

/**
 * vfio_pci_vga_unregister() - undo vfio_pci_vga_register()
 * @vdev: unregistered
 *
 * Context: sleeps.
 */
void vfio_pci_vga_unregister(struct vfio_pci_core_device *vdev)
{
	if (!vfio_pci_is_vga(vdev->pdev))
		return;

	vga_client_unregister(vdev->pdev);
	vga_set_legacy_decoding(vdev->pdev, VGA_OWN_BARS | VGA_LEGACY);
}
