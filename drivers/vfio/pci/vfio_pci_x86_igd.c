// SPDX-License-Identifier: GPL-2.0-only
/*
 * Intel integrated graphics: read-only regions for what its driver looks for outside of the
 * function: the OpRegion that firmware left in memory, and config space of host and LPC bridge.
 */
#include <linux/io.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>

#include "vfio_pci_priv.h"

#define IGD_REGION_TYPE		(PCI_VENDOR_ID_INTEL | VFIO_REGION_TYPE_PCI_VENDOR_TYPE)

/* Config register with the OpRegion's address ("ASLS") */
#define IGD_OPREGION_ADDR	0xfc

/* The OpRegion's layout: Intel's "ACPI IGD OpRegion Specification" */
#define OPREGION_SIZE		SZ_8K
#define OPREGION_SIGNATURE	"IntelGraphicsMem"
#define OPREGION_SIZE_KIB	0x10	/* 32 bits */
#define OPREGION_VERSION	0x16	/* 16 bits, major and minor */
#define OPREGION_RVDA		0x3ba	/* 64 bits, where a large video BIOS table is */
#define OPREGION_RVDS		0x3c2	/* 32 bits, its size */

/**
 * struct igd_opregion - the OpRegion and the video BIOS table ("VBT") that belongs to it
 * @base: OPREGION_SIZE bytes
 * @vbt: a table too large for the OpRegion, or NULL
 * @size: bytes of both as the user sees them
 * @version: as the user sees it
 * @rvda: as the user sees it
 *
 * The user sees the table right behind the OpRegion, wherever firmware put it.  Version 2.0 cannot
 * say so, its RVDA being an address in host memory; in 2.1 it is an offset, the rest is the same.
 */
struct igd_opregion {
	void	*base;
	void	*vbt;
	size_t	size;
	__le16	version;
	__le64	rvda;
};

static void igd_opregion_free(struct igd_opregion *opregion)
{
	if (!opregion)
		return;
	if (opregion->vbt)
		memunmap(opregion->vbt);
	if (opregion->base)
		memunmap(opregion->base);
	kfree(opregion);
}

DEFINE_FREE(igd_opregion, struct igd_opregion *, igd_opregion_free(_T))

static ssize_t igd_opregion_rw(struct vfio_pci_core_device *vdev, char __user *buf, size_t count,
			       loff_t *ppos, bool iswrite)
{
	const struct vfio_pci_region *region =
		vfio_pci_region_get(vdev, VFIO_PCI_OFFSET_TO_INDEX(*ppos));
	u64 pos = *ppos & VFIO_PCI_OFFSET_MASK;
	const struct igd_opregion *opregion;

	if (iswrite || !region || pos >= region->size)
		return -EINVAL;

	opregion = region->data;
	count = min_t(u64, count, region->size - pos);

	const struct {
		const void	*from;
		size_t		end;
	} parts[] = {
		{ opregion->base, OPREGION_VERSION },
		{ &opregion->version, OPREGION_VERSION + sizeof(opregion->version) },
		{ opregion->base + OPREGION_VERSION + sizeof(opregion->version), OPREGION_RVDA },
		{ &opregion->rvda, OPREGION_RVDA + sizeof(opregion->rvda) },
		{ opregion->base + OPREGION_RVDA + sizeof(opregion->rvda), OPREGION_SIZE },
		{ opregion->vbt, SIZE_MAX },
	};
	size_t start = 0, done = 0;

	for (int i = 0; done < count; start = parts[i++].end) {
		size_t len;

		if (pos + done >= parts[i].end)
			continue;

		len = min_t(u64, count - done, parts[i].end - (pos + done));
		if (copy_to_user(buf + done, parts[i].from + (pos + done - start), len))
			return -EFAULT;
		done += len;
	}

	*ppos += count;
	return count;
}

static void igd_opregion_release(struct vfio_pci_core_device *vdev,
				 struct vfio_pci_region *region)
{
	igd_opregion_free(region->data);
}

static const struct vfio_pci_regops igd_opregion_ops = {
	.rw		= igd_opregion_rw,
	.release	= igd_opregion_release,
};

/* Finds the large video BIOS table of an OpRegion at @addr. */
static int igd_map_vbt(struct igd_opregion *opregion, u32 addr)
{
	u16 version = get_unaligned_le16(opregion->base + OPREGION_VERSION);
	u64 rvda = get_unaligned_le64(opregion->base + OPREGION_RVDA);
	u32 rvds = get_unaligned_le32(opregion->base + OPREGION_RVDS);

	opregion->version = cpu_to_le16(version);
	if (version < 0x0200 || !rvda || !rvds)
		return 0;

	if (version == 0x0200)
		opregion->version = cpu_to_le16(0x0201);
	else
		rvda += addr;

	opregion->vbt = memremap(rvda, rvds, MEMREMAP_WB);
	if (!opregion->vbt)
		return -ENOMEM;

	opregion->rvda = cpu_to_le64(OPREGION_SIZE);
	opregion->size = OPREGION_SIZE + (size_t)rvds;
	return 0;
}

static int igd_open_opregion(struct vfio_pci_core_device *vdev)
{
	u32 addr, kib;
	int ret;

	ret = pci_read_config_dword(vdev->pdev, IGD_OPREGION_ADDR, &addr);
	if (ret)
		return pcibios_err_to_errno(ret);
	if (!addr || PCI_POSSIBLE_ERROR(addr))
		return -ENODEV;

	struct igd_opregion *opregion __free(igd_opregion) =
		kzalloc(sizeof(*opregion), GFP_KERNEL_ACCOUNT);
	if (!opregion)
		return -ENOMEM;

	opregion->base = memremap(addr, OPREGION_SIZE, MEMREMAP_WB);
	if (!opregion->base)
		return -ENOMEM;

	kib = get_unaligned_le32(opregion->base + OPREGION_SIZE_KIB);
	if (memcmp(opregion->base, OPREGION_SIGNATURE, strlen(OPREGION_SIGNATURE)) || !kib)
		return -EINVAL;
	opregion->size = min_t(u64, (u64)kib * SZ_1K, OPREGION_SIZE);

	ret = igd_map_vbt(opregion, addr);
	if (ret)
		return ret;

	ret = vfio_pci_core_register_dev_region(vdev, IGD_REGION_TYPE,
						VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION,
						&igd_opregion_ops, opregion->size,
						VFIO_REGION_INFO_FLAG_READ, opregion);
	if (ret)
		return ret;
	opregion = NULL;	/* the region's now */

	/* A guest's firmware puts its copy's address there; the function keeps the host's. */
	return vfio_pci_config_emulate(vdev, IGD_OPREGION_ADDR, addr);
}

/* Config space reads in natural widths, of a bridge that the host goes on using. */
static ssize_t igd_bridge_rw(struct vfio_pci_core_device *vdev, char __user *buf, size_t count,
			     loff_t *ppos, bool iswrite)
{
	const struct vfio_pci_region *region =
		vfio_pci_region_get(vdev, VFIO_PCI_OFFSET_TO_INDEX(*ppos));
	u64 pos = *ppos & VFIO_PCI_OFFSET_MASK;
	size_t width, done;
	struct pci_dev *bridge;

	if (iswrite || !region || pos >= region->size)
		return -EINVAL;

	bridge = region->data;
	count = min_t(u64, count, region->size - pos);

	for (done = 0; done < count; done += width, pos += width) {
		__le32 data;
		u32 dword;
		int ret;
		u16 word;
		u8 byte;

		if (!(pos % 4) && count - done >= 4) {
			width = 4;
			ret = pci_user_read_config_dword(bridge, pos, &dword);
		} else if (!(pos % 2) && count - done >= 2) {
			width = 2;
			ret = pci_user_read_config_word(bridge, pos, &word);
			dword = word;
		} else {
			width = 1;
			ret = pci_user_read_config_byte(bridge, pos, &byte);
			dword = byte;
		}
		if (ret)
			return ret;

		data = cpu_to_le32(dword);
		if (copy_to_user(buf + done, &data, width))
			return -EFAULT;
	}

	*ppos += count;
	return count;
}

static void igd_bridge_release(struct vfio_pci_core_device *vdev, struct vfio_pci_region *region)
{
	pci_dev_put(region->data);
}

static const struct vfio_pci_regops igd_bridge_ops = {
	.rw		= igd_bridge_rw,
	.release	= igd_bridge_release,
};

static int igd_open_bridge(struct vfio_pci_core_device *vdev, unsigned int devfn, u16 class,
			   unsigned int subtype)
{
	struct pci_dev *bridge __free(pci_dev_put) = pci_get_domain_bus_and_slot(0, 0, devfn);
	int ret;

	if (!bridge)
		return -ENODEV;
	if (bridge->vendor != PCI_VENDOR_ID_INTEL || bridge->class != class << 8)
		return -EINVAL;

	ret = vfio_pci_core_register_dev_region(vdev, IGD_REGION_TYPE, subtype, &igd_bridge_ops,
						bridge->cfg_size, VFIO_REGION_INFO_FLAG_READ,
						bridge);
	if (!ret)
		bridge = NULL;	/* the region's now */
	return ret;
}

/**
 * vfio_pci_igd_open() - add the regions of Intel integrated graphics
 * @vdev: a VGA function of Intel's with its config space set up, not yet visible to the user
 *
 * On failure regions may have been added, for the caller to release.
 *
 * Context: sleeps; open path.
 * Return: 0; -ENODEV where the OpRegion or a bridge is missing, which is no error to the user;
 * -EINVAL for a bad OpRegion or a foreign bridge; -ENOMEM; or the errno of a failed config read.
 */
int vfio_pci_igd_open(struct vfio_pci_core_device *vdev)
{
	return igd_open_opregion(vdev) ?:
	       igd_open_bridge(vdev, PCI_DEVFN(0x00, 0), PCI_CLASS_BRIDGE_HOST,
			       VFIO_REGION_SUBTYPE_INTEL_IGD_HOST_CFG) ?:
	       igd_open_bridge(vdev, PCI_DEVFN(0x1f, 0), PCI_CLASS_BRIDGE_ISA,
			       VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG);
}
