// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device-specific regions: what a driver shows the user beside BARs, ROM, config space and VGA.
 */
#include <linux/nospec.h>
#include <linux/slab.h>

#include "vfio_pci_priv.h"

/**
 * vfio_pci_core_register_dev_region() - add a region at the next free index
 * @vdev: between vfio_pci_core_enable() and vfio_pci_core_finish_enable(): the array moves, so no
 *	  user may look into it yet
 * @type: of VFIO_REGION_INFO_CAP_TYPE
 * @subtype: likewise
 * @ops: must stay; @rw is needed
 * @size: bytes; what fits between two regions' file offsets
 * @flags: VFIO_REGION_INFO_FLAG_*
 * @data: the driver's
 *
 * The first one gets index VFIO_PCI_NUM_REGIONS.  vfio_pci_core_disable() calls @ops->release; on
 * failure it is not called.
 *
 * Context: sleeps.
 * Return: 0, -ENOMEM, or -EINVAL without @rw or for too large a @size.
 */
int vfio_pci_core_register_dev_region(struct vfio_pci_core_device *vdev, unsigned int type,
				      unsigned int subtype, const struct vfio_pci_regops *ops,
				      size_t size, u32 flags, void *data)
{
	struct vfio_pci_region *regions;

	if (!ops || !ops->rw || size > VFIO_PCI_OFFSET_MASK)
		return -EINVAL;

	regions = krealloc_array(vdev->region, vdev->num_regions + 1, sizeof(*regions),
				 GFP_KERNEL_ACCOUNT);
	if (!regions)
		return -ENOMEM;

	regions[vdev->num_regions] = (struct vfio_pci_region) {
		.ops		= ops,
		.data		= data,
		.size		= size,
		.flags		= flags,
		.type		= type,
		.subtype	= subtype,
	};
	vdev->region = regions;
	vdev->num_regions++;
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_pci_core_register_dev_region);

/**
 * vfio_pci_region_get() - the region of an index from the user
 * @vdev: open
 * @index: any
 *
 * Context: any; the array does not change while the device is open.
 * Return: the region, NULL below VFIO_PCI_NUM_REGIONS and past the last one.
 */
struct vfio_pci_region *vfio_pci_region_get(struct vfio_pci_core_device *vdev, unsigned int index)
{
	unsigned int nr = index - VFIO_PCI_NUM_REGIONS;
	unsigned int count = vdev->num_regions;

	/* An index below wraps to a number above. */
	if (nr >= count)
		return NULL;
	return &vdev->region[array_index_nospec(nr, count)];
}

/**
 * vfio_pci_release_regions() - drop all regions, the last one first
 * @vdev: closing
 *
 * Context: sleeps.
 */
void vfio_pci_release_regions(struct vfio_pci_core_device *vdev)
{
	while (vdev->num_regions) {
		struct vfio_pci_region *region = &vdev->region[--vdev->num_regions];

		if (region->ops->release)
			region->ops->release(vdev, region);
	}
	kfree(vdev->region);
	vdev->region = NULL;
}
