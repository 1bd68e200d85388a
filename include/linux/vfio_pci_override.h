/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a driver changes in what the user sees of a function: config registers, and BARs that are
 * not mapped.  Both between vfio_pci_core_enable() and the end of open_device.
 */
#ifndef VFIO_PCI_OVERRIDE_H
#define VFIO_PCI_OVERRIDE_H

#include <linux/types.h>
#include <linux/vfio_pci_core.h>

/**
 * enum vfio_pci_config_where - what the offset of an overridden register counts from
 * @VFIO_PCI_CONFIG_HEADER: the start of config space
 * @VFIO_PCI_CONFIG_CAP: the first capability with the ID, as the user sees it
 * @VFIO_PCI_CONFIG_EXT_CAP: the first extended capability with the ID, likewise
 */
enum vfio_pci_config_where {
	VFIO_PCI_CONFIG_HEADER,
	VFIO_PCI_CONFIG_CAP,
	VFIO_PCI_CONFIG_EXT_CAP,
};

/**
 * struct vfio_pci_config_override - a config register that is the driver's business
 * @where: what @offset counts from
 * @id: of the capability
 * @offset: bytes; the register is aligned to its width
 * @width: bytes: 1, 2 or 4
 * @virt: bits that live in memory: the device neither shows nor gets them
 * @write: bits of @virt that the user may change; of others the device decides as before
 * @value: what @virt starts with when the device is opened
 * @get: optional: the user reads a byte of the register at least.  *@value is what it would see;
 *	 what is left there it sees.
 * @set: optional: the user writes a byte of the register at least.  @old is what it would have
 *	 read, *@new the same with what it writes on top.  The hook may change *@new, of which the
 *	 bits that the user may write take effect (in the device: of written bytes only).
 *
 * Register values are in CPU order.  An access of any width and alignment that touches the register
 * is composed of it and what is around it.
 *
 * Context: hooks sleep; @set with the config lock held, so that writes come one at a time; @get
 * without a lock, at any time, also from within a write.  Both return 0 or an errno for the user.
 */
struct vfio_pci_config_override {
	enum vfio_pci_config_where	where;
	u16				id;
	u16				offset;
	u8				width;
	u32				virt;
	u32				write;
	u32				value;
	int (*get)(struct vfio_pci_core_device *vdev, u32 *value);
	int (*set)(struct vfio_pci_core_device *vdev, u32 old, u32 *new);
};

int vfio_pci_core_override_config(struct vfio_pci_core_device *vdev,
				  const struct vfio_pci_config_override *override);
void vfio_pci_core_trap_bar(struct vfio_pci_core_device *vdev, unsigned int bar);

int vfio_pci_core_peek32(struct vfio_pci_core_device *vdev, unsigned int bar, u32 offset,
			 u32 *value);

#endif /* VFIO_PCI_OVERRIDE_H */
