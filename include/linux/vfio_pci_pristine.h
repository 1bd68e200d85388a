/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vfio-pci-core beyond the kernel's interface: drivers whose devices need no reset at open.
 */
#ifndef VFIO_PCI_PRISTINE_H
#define VFIO_PCI_PRISTINE_H

struct vfio_pci_core_device;

void vfio_pci_core_trust_close_reset(struct vfio_pci_core_device *vdev);

#endif /* VFIO_PCI_PRISTINE_H */
