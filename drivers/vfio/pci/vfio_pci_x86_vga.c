// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_PCI_VGA_REGION_INDEX: the legacy addresses of VGA, at their own addresses in the region.
 */
#include <linux/io.h>
#include <linux/vgaarb.h>

#include "vfio_pci_priv.h"

/**
 * struct vga_range - legacy addresses that a VGA function answers at
 * @start: first
 * @size: bytes
 * @rsrc: what to ask the arbiter for
 */
struct vga_range {
	u32		start;
	u32		size;
	unsigned int	rsrc;
};

static const struct vga_range vga_ranges[] = {
	{ 0x003b0, 0x0000c, VGA_RSRC_LEGACY_IO },
	{ 0x003c0, 0x00020, VGA_RSRC_LEGACY_IO },
	{ 0xa0000, 0x20000, VGA_RSRC_LEGACY_MEM },
};

static const struct vga_range *vga_range_of(u64 pos)
{
	for (int i = 0; i < ARRAY_SIZE(vga_ranges); i++)
		if (pos >= vga_ranges[i].start &&
		    pos - vga_ranges[i].start < vga_ranges[i].size)
			return &vga_ranges[i];
	return NULL;
}

static void __iomem *vga_map(const struct vga_range *range)
{
	if (range->rsrc == VGA_RSRC_LEGACY_MEM)
		return ioremap(range->start, range->size);
	return ioport_map(range->start, range->size);
}

static void vga_unmap(const struct vga_range *range, void __iomem *io)
{
	if (range->rsrc == VGA_RSRC_LEGACY_MEM)
		iounmap(io);
	else
		ioport_unmap(io);
}

/**
 * vfio_pci_vga_rw() - read or write VFIO_PCI_VGA_REGION_INDEX
 * @vdev: open, runtime-resumed
 * @buf: user memory
 * @count: bytes, cut at the end of the legacy range
 * @ppos: file offset; moves on by what was done
 * @iswrite: from @buf to the registers
 *
 * The arbiter routes the legacy addresses to this function meanwhile.  They are in no BAR, so the
 * memory enable bit is not asked: a function that does not decode them reads as ones.
 *
 * Context: sleeps, until other users of the addresses let go of them.
 * Return: bytes; -EINVAL for a function without VGA or between the ranges, -ENOMEM, -EFAULT, or
 * the errno of a signal while waiting.
 */
ssize_t vfio_pci_vga_rw(struct vfio_pci_core_device *vdev, char __user *buf, size_t count,
			loff_t *ppos, bool iswrite)
{
	u64 pos = *ppos & VFIO_PCI_OFFSET_MASK;
	const struct vga_range *range = vga_range_of(pos);
	void __iomem *io;
	ssize_t done;

	if (!vdev->has_vga || !range)
		return -EINVAL;

	pos -= range->start;
	count = min_t(u64, count, range->size - pos);

	io = vga_map(range);
	if (!io)
		return -ENOMEM;

	done = vga_get_interruptible(vdev->pdev, range->rsrc);
	if (!done) {
		done = vfio_pci_core_do_io_rw(vdev, false, io, buf, pos, count, 0, 0, iswrite,
					      VFIO_PCI_IO_WIDTH_8);
		vga_put(vdev->pdev, range->rsrc);
	}

	vga_unmap(range, io);

	if (done > 0)
		*ppos += done;
	return done;
}
