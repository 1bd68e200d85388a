// SPDX-License-Identifier: GPL-2.0-only
/*
 * The architecture extension of architectures that have none of their own.
 */
#include "vfio_pci_priv.h"

const struct vfio_pci_arch_ops vfio_pci_arch = {
	.register_device	= vfio_pci_vga_register,
	.unregister_device	= vfio_pci_vga_unregister,
};
