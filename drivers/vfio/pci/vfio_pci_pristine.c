// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pristine functions: reset and restored when their last user left, and not touched since.
 *
 * A function is reset at close, so that it stops what the user had it do and forgets what the user
 * told it, and at open, since it may have been touched in between.  Where the library knows that
 * it was not, the second reset changes nothing, and half of the time of open and close is saved.
 *
 * It knows that because each who can touch a closed function either has no way to it or spoils it:
 *
 *	another driver		unbinding ends this structure, a new one starts as not pristine
 *	the last user		mappings of BARs hold the device file open, importers of dma-bufs
 *				lose access, bus mastering is off
 *	a hot reset		of the device set, by the user of another function: spoils it
 *	error recovery (AER)	spoils it
 *	system sleep		power is lost and firmware runs: spoils it
 *	SR-IOV			making or removing VFs spoils it; not trusted while there are any
 *	graphics		consoles and arbiters write to them at any time: never trusted
 *	the variant driver	is not trusted unless it says that it leaves the function alone
 *
 * What is left is the superuser's own writes past the driver, through sysfs.
 */
#include <linux/export.h>
#include <linux/notifier.h>
#include <linux/suspend.h>

#include <linux/vfio_pci_pristine.h>

#include "vfio_pci_priv.h"

/**
 * vfio_pci_core_trust_close_reset() - the driver leaves closed functions alone
 * @vdev: not yet registered
 *
 * Promises that between vfio_pci_core_disable() and vfio_pci_core_enable() neither the driver nor
 * something that it works with changes the function, and that the driver does not count on a reset
 * at open.  The library may then leave that reset out.
 *
 * Context: any.
 */
void vfio_pci_core_trust_close_reset(struct vfio_pci_core_device *vdev)
{
	vdev->trust_close_reset = vdev->pdev->class >> 16 != PCI_BASE_CLASS_DISPLAY;
}
EXPORT_SYMBOL_GPL(vfio_pci_core_trust_close_reset);

void vfio_pci_pristine_begin(struct vfio_pci_core_device *vdev)
{
	WRITE_ONCE(vdev->pristine, vdev->trust_close_reset && !vdev->sriov_active);
}

void vfio_pci_pristine_spoil(struct vfio_pci_core_device *vdev)
{
	WRITE_ONCE(vdev->pristine, false);
}

bool vfio_pci_pristine_take(struct vfio_pci_core_device *vdev)
{
	bool pristine = READ_ONCE(vdev->pristine);

	vfio_pci_pristine_spoil(vdev);
	return pristine;
}

static int vfio_pci_pristine_sleep(struct notifier_block *nb, unsigned long event, void *unused)
{
	vfio_pci_pristine_spoil(container_of(nb, struct vfio_pci_core_device, sleep_nb));
	return NOTIFY_DONE;
}

int vfio_pci_pristine_register(struct vfio_pci_core_device *vdev)
{
	vdev->sleep_nb.notifier_call = vfio_pci_pristine_sleep;
	return register_pm_notifier(&vdev->sleep_nb);
}

void vfio_pci_pristine_unregister(struct vfio_pci_core_device *vdev)
{
	unregister_pm_notifier(&vdev->sleep_nb);
}
