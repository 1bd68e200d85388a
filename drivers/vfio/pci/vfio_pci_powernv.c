// SPDX-License-Identifier: GPL-2.0-only
/*
 * The architecture extension of POWER machines with Enhanced Error Handling, powernv and pseries.
 *
 * EEH freezes a function, or several that make up a partitionable endpoint ("PE"), when one of them
 * errs.  While a user has one of a PE, what to do about it is the user's: the host leaves the PE
 * alone, and the user has VFIO_EEH_PE_OP, an ioctl of the container and so not of this library.
 */
#include <linux/io.h>
#include <asm/eeh.h>

#include "vfio_pci_priv.h"

/* Thaws what was frozen before the user came, hence before config space is read. */
static int powernv_open(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	int ret;

	ret = eeh_dev_open(pdev);
	if (!ret)
		vdev->arch_data = pci_dev_to_eeh_dev(pdev);
	/* Without EEH the user is as well off as on any other platform. */
	else if (ret != -ENODEV)
		pci_warn(pdev, "EEH cannot leave its errors to the user: %d\n", ret);
	return 0;
}

/* Only what open counted: the PE may have another function, that another user has open. */
static void powernv_close(struct vfio_pci_core_device *vdev)
{
	if (!vdev->arch_data)
		return;

	vdev->arch_data = NULL;
	eeh_dev_release(vdev->pdev);
}

const struct vfio_pci_arch_ops vfio_pci_arch = {
	.register_device	= vfio_pci_vga_register,
	.unregister_device	= vfio_pci_vga_unregister,
	.open			= powernv_open,
	.close			= powernv_close,
};
