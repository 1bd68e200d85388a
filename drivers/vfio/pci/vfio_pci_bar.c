// SPDX-License-Identifier: GPL-2.0-only
/*
 * BARs and the expansion ROM: the kernel's mappings of them, and the regions that read() and
 * write() know.
 */
#include <linux/io.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vfio_pci_priv.h"

/* Longest run under one mapping of the ROM, which cannot be shared with others; see rom_read(). */
#define ROM_CHUNK	(16 * 1024)

/* What the firmware copied to 0xc0000, where no BAR gives a size. */
#define ROM_SHADOW_SIZE	0x20000

/* Guards barmap[] of all functions while an entry is made, once in each open; a leaf. */
static DEFINE_MUTEX(barmap_lock);

/**
 * vfio_pci_core_setup_barmap() - have a BAR reserved and mapped
 * @vdev: enabled
 * @bar: below PCI_STD_NUM_BARS
 *
 * After success vdev->barmap[@bar] is valid until vfio_pci_core_disable().  Several threads may
 * ask for the same BAR at once.
 *
 * Context: sleeps; any lock that is not taken in memory reclaim may be held.
 * Return: 0, -EINVAL for no such BAR, -EBUSY if its addresses are another driver's, -ENOMEM.
 */
int vfio_pci_core_setup_barmap(struct vfio_pci_core_device *vdev, int bar)
{
	struct pci_dev *pdev = vdev->pdev;
	void __iomem *io;
	int ret;

	if (bar < 0 || bar >= PCI_STD_NUM_BARS)
		return -EINVAL;

	/* Pairs with the release below: whoever sees the pointer sees the mapping. */
	if (smp_load_acquire(&vdev->barmap[bar]))
		return 0;

	guard(mutex)(&barmap_lock);
	if (vdev->barmap[bar])
		return 0;

	ret = pci_request_selected_regions(pdev, BIT(bar), "vfio-pci");
	if (ret)
		return ret;

	io = pci_iomap(pdev, bar, 0);
	if (io) {
		/* Pairs with the acquire above. */
		smp_store_release(&vdev->barmap[bar], io);
		return 0;
	}

	pci_release_selected_regions(pdev, BIT(bar));
	return -ENOMEM;
}
EXPORT_SYMBOL_GPL(vfio_pci_core_setup_barmap);

/**
 * vfio_pci_release_barmaps() - unmap and release all BARs
 * @vdev: closing; no user mapping, ioeventfd or dma-buf is left
 *
 * Context: sleeps.
 */
void vfio_pci_release_barmaps(struct vfio_pci_core_device *vdev)
{
	for (int bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		if (!vdev->barmap[bar])
			continue;

		pci_iounmap(vdev->pdev, vdev->barmap[bar]);
		pci_release_selected_regions(vdev->pdev, BIT(bar));
		vdev->barmap[bar] = NULL;
	}
}

/**
 * vfio_pci_bar_rw() - read or write the VFIO_PCI_BAR0 to 5 regions
 * @vdev: open, runtime-resumed
 * @buf: user memory
 * @count: bytes, cut at the end of the BAR
 * @ppos: file offset; moves on by what was done
 * @iswrite: from @buf to the BAR
 *
 * The MSI-X table is the kernel's: it reads as 0xff and takes no writes.
 *
 * Context: sleeps; takes memory_lock for reading.
 * Return: bytes; -EINVAL where there is no BAR or beyond its end, or what
 * vfio_pci_core_setup_barmap() and vfio_pci_core_do_io_rw() return.
 */
ssize_t vfio_pci_bar_rw(struct vfio_pci_core_device *vdev, char __user *buf, size_t count,
			loff_t *ppos, bool iswrite)
{
	unsigned int bar = VFIO_PCI_OFFSET_TO_INDEX(*ppos);
	u64 pos = *ppos & VFIO_PCI_OFFSET_MASK;
	size_t x_start = 0, x_end = 0;
	const struct resource *res;
	resource_size_t len;
	void __iomem *io;
	ssize_t done;
	int ret;

	if (bar >= PCI_STD_NUM_BARS)
		return -EINVAL;
	bar = array_index_nospec(bar, PCI_STD_NUM_BARS);

	res = &vdev->pdev->resource[bar];
	if (!res->start)
		return -EINVAL;

	len = resource_size(res);
	if (pos >= len)
		return -EINVAL;
	count = min_t(u64, count, len - pos);

	io = READ_ONCE(vdev->barmap[bar]);
	if (unlikely(!io)) {
		ret = vfio_pci_core_setup_barmap(vdev, bar);
		if (ret)
			return ret;
		io = vdev->barmap[bar];
	}

	if (bar == vdev->msix_bar) {
		x_start = vdev->msix_offset;
		x_end = x_start + vdev->msix_size;
	}

	done = vfio_pci_core_do_io_rw(vdev, res->flags & IORESOURCE_MEM, io, buf, pos, count,
				      x_start, x_end, iswrite, VFIO_PCI_IO_WIDTH_8);
	if (done > 0)
		*ppos += done;
	return done;
}

static bool rom_shadowed(const struct pci_dev *pdev)
{
	return pdev->resource[PCI_ROM_RESOURCE].flags & IORESOURCE_ROM_SHADOW;
}

/* The ROM's addresses; 0 where there is neither a BAR nor a copy by the firmware. */
static size_t rom_window(struct pci_dev *pdev)
{
	if (pci_resource_len(pdev, PCI_ROM_RESOURCE))
		return pci_resource_len(pdev, PCI_ROM_RESOURCE);
	return rom_shadowed(pdev) ? ROM_SHADOW_SIZE : 0;
}

/**
 * vfio_pci_rom_size() - size of VFIO_PCI_ROM_REGION_INDEX
 * @vdev: open, runtime-resumed
 *
 * Context: sleeps; takes memory_lock for writing.
 * Return: bytes of the ROM BAR, 0 if no image is in there.
 */
size_t vfio_pci_rom_size(struct vfio_pci_core_device *vdev)
{
	size_t window = rom_window(vdev->pdev);
	void __iomem *io;
	size_t image;

	if (!window)
		return 0;

	CLASS(vfio_pci_memory_decode, decode)(vdev);

	io = pci_map_rom(vdev->pdev, &image);
	if (!io)
		return 0;

	pci_unmap_rom(vdev->pdev, io);
	return window;
}

/*
 * Fills @buf, which is 4-byte aligned, from ROM offset @pos, itself a multiple of 4 or the start of
 * the user's range; 0xff beyond the image.
 *
 * pci_map_rom() switches the ROM's decoder on and pci_unmap_rom() switches it off, uncounted: two
 * readers at once would take it from each other, hence the lock for writing.
 */
static int rom_read(struct vfio_pci_core_device *vdev, u8 *buf, size_t pos, size_t count)
{
	struct pci_dev *pdev = vdev->pdev;
	void __iomem *io;
	size_t image;

	guard(rwsem_write)(&vdev->memory_lock);

	/* With memory space off no image can be found; a copy in RAM is merely out of reach. */
	if (!vfio_pci_memory_enabled(vdev))
		return rom_shadowed(pdev) ? -EIO : -ENOMEM;

	io = pci_map_rom(pdev, &image);
	if (!io)
		return -ENOMEM;

	image = pos < image ? min(count, image - pos) : 0;
	/* Some functions answer 8-byte reads of their ROM with an error that AER reports. */
	vfio_pci_io_read(buf, io, pos, image, VFIO_PCI_IO_WIDTH_4);
	memset(buf + image, 0xff, count - image);

	pci_unmap_rom(pdev, io);
	return 0;
}

/**
 * vfio_pci_rom_rw() - read VFIO_PCI_ROM_REGION_INDEX
 * @vdev: open, runtime-resumed
 * @buf: user memory
 * @count: bytes, cut at the end of the ROM BAR
 * @ppos: file offset; moves on by what was done
 * @iswrite: not possible
 *
 * Context: sleeps; takes memory_lock for writing.
 * Return: bytes; -EINVAL for a write, where there is no ROM or beyond its end, -ENOMEM where no
 * image is found, which includes disabled memory space, -EIO if that is so for a shadow ROM,
 * -EFAULT.
 */
ssize_t vfio_pci_rom_rw(struct vfio_pci_core_device *vdev, char __user *buf, size_t count,
			loff_t *ppos, bool iswrite)
{
	u64 pos = *ppos & VFIO_PCI_OFFSET_MASK;
	size_t window = rom_window(vdev->pdev);
	size_t done = 0;

	if (iswrite || pos >= window)
		return -EINVAL;
	count = min_t(u64, count, window - pos);

	u8 *chunk __free(kvfree) = kvmalloc(min_t(size_t, count + 3, ROM_CHUNK),
					    GFP_KERNEL_ACCOUNT);
	if (!chunk)
		return -ENOMEM;

	while (done < count) {
		/* As far off a 4-byte boundary in the chunk as in the ROM. */
		size_t skew = (pos + done) % 4;
		size_t len = min_t(size_t, count - done, ROM_CHUNK - skew);
		int ret = rom_read(vdev, chunk + skew, pos + done, len);

		if (ret)
			return ret;
		if (copy_to_user(buf + done, chunk + skew, len))
			return -EFAULT;
		if (fatal_signal_pending(current))
			return -EINTR;
		done += len;
	}

	*ppos += done;
	return done;
}
