// SPDX-License-Identifier: GPL-2.0-only
/*
 * BARs through mmap().
 *
 * A mapping starts empty and fills by faults, because vfio_pci_zap_bars() may empty it at any time
 * and a later access must come here to learn whether memory space answers.  A fault maps the
 * largest page that fits, or some small ones around the one that was asked for.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vfio_pci_override.h>

#include <compat/pfnmap.h>

#include "vfio_pci_priv.h"

/* Small pages mapped by one fault: one more costs a tenth of what its own fault would. */
#define FAULT_AROUND_PAGES	16

#define REGION_PGOFF_SHIFT	(VFIO_PCI_OFFSET_SHIFT - PAGE_SHIFT)
#define REGION_PGOFF_MASK	((1UL << REGION_PGOFF_SHIFT) - 1)

/**
 * struct bar_reserve - what follows a small BAR in its page, kept from other devices
 * @item: in dummy_resources_list
 * @res: the addresses
 */
struct bar_reserve {
	struct list_head	item;
	struct resource		res;
};

/* Where mapping @addr of @vma, which need not be inside of it, would lead to. */
static unsigned long bar_pfn(const struct vm_area_struct *vma, unsigned long addr)
{
	const struct vfio_pci_core_device *vdev = vma->vm_private_data;
	unsigned int bar = vma->vm_pgoff >> REGION_PGOFF_SHIFT;

	return PHYS_PFN(pci_resource_start(vdev->pdev, bar)) +
	       (vma->vm_pgoff & REGION_PGOFF_MASK) +
	       (addr >> PAGE_SHIFT) - (vma->vm_start >> PAGE_SHIFT);
}

static vm_fault_t insert_small_pages(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long at = vmf->address & PAGE_MASK;
	unsigned long from = max(round_down(at, FAULT_AROUND_PAGES * PAGE_SIZE), vma->vm_start);
	unsigned long to = min(round_down(at, FAULT_AROUND_PAGES * PAGE_SIZE) +
			       (FAULT_AROUND_PAGES - 1) * PAGE_SIZE, vma->vm_end - PAGE_SIZE);
	vm_fault_t ret = vmf_insert_pfn(vma, at, bar_pfn(vma, at));

	/* The rest is a favour; a page that is there already stays as it is. */
	for (unsigned long addr = from; addr <= to && ret == VM_FAULT_NOPAGE; addr += PAGE_SIZE)
		if (addr != at && vmf_insert_pfn(vma, addr, bar_pfn(vma, addr)) != VM_FAULT_NOPAGE)
			break;

	return ret;
}

static vm_fault_t insert_pages(struct vm_fault *vmf, unsigned int order, unsigned long pfn)
{
	switch (order) {
	case 0:
		return insert_small_pages(vmf);
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
	case PMD_ORDER:
		return vmf_insert_pfn_pmd(vmf, pfn, false);
#endif
#ifdef CONFIG_ARCH_SUPPORTS_PUD_PFNMAP
	case PUD_ORDER:
		return vmf_insert_pfn_pud(vmf, pfn, false);
#endif
	default:
		return VM_FAULT_FALLBACK;
	}
}

static vm_fault_t bar_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	struct vfio_pci_core_device *vdev = vma->vm_private_data;
	unsigned long size = PAGE_SIZE << order;
	unsigned long addr = round_down(vmf->address, size);
	unsigned long pfn = bar_pfn(vma, addr);

	/* A huge page must lie inside of the mapping and be aligned at both ends. */
	if (order && (addr < vma->vm_start || size > vma->vm_end - addr ||
		      !IS_ALIGNED(pfn, 1UL << order)))
		return VM_FAULT_FALLBACK;

	guard(rwsem_read)(&vdev->memory_lock);

	if (vdev->pm_runtime_engaged || !vfio_pci_memory_enabled(vdev))
		return VM_FAULT_SIGBUS;

	return insert_pages(vmf, order, pfn);
}

static vm_fault_t bar_fault(struct vm_fault *vmf)
{
	return bar_huge_fault(vmf, 0);
}

static const struct vm_operations_struct bar_vm_ops = {
	.fault		= bar_fault,
#ifdef CONFIG_ARCH_SUPPORTS_HUGE_PFNMAP
	.huge_fault	= bar_huge_fault,
#endif
};

static int mmap_bar(struct vfio_pci_core_device *vdev, unsigned int bar,
		    struct vm_area_struct *vma)
{
	u64 start = (u64)(vma->vm_pgoff & REGION_PGOFF_MASK) << PAGE_SHIFT;
	u64 len = vma->vm_end - vma->vm_start;
	u64 size = PAGE_ALIGN((u64)pci_resource_len(vdev->pdev, bar));
	int ret;

	if (!(vdev->bar_mmap_supported & BIT(bar)))
		return -EINVAL;
	if (len > size || start > size - len)
		return -EINVAL;

	/* The kernel's mapping is not needed here; the reservation that comes with it is. */
	ret = vfio_pci_core_setup_barmap(vdev, bar);
	if (ret)
		return ret;

	/*
	 * The flags of io_remap_pfn_range(), which is not called here, and leave for KVM on arm64
	 * to let the guest choose among the uncached memory types: a PCI function takes them all.
	 */
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP | VM_ALLOW_ANY_UNCACHED);
	vma->vm_page_prot = pgprot_decrypted(pgprot_noncached(vma->vm_page_prot));
	vma->vm_private_data = vdev;
	vma->vm_ops = &bar_vm_ops;
	return 0;
}

static int mmap_dev_region(struct vfio_pci_core_device *vdev, unsigned int index,
			   struct vm_area_struct *vma)
{
	struct vfio_pci_region *region = vfio_pci_region_get(vdev, index);

	if (!region || !region->ops->mmap || !(region->flags & VFIO_REGION_INFO_FLAG_MMAP))
		return -EINVAL;
	return region->ops->mmap(vdev, region, vma);
}

/**
 * vfio_pci_core_mmap() - struct vfio_device_ops.mmap
 * @core_vdev: open
 * @vma: with a file offset as VFIO_DEVICE_GET_REGION_INFO gives it
 *
 * Maps a BAR uncached, or lets a device-specific region do what it wants.  An access while memory
 * space is disabled, in D3 or in a low-power feature ends in SIGBUS.
 *
 * Context: sleeps; mmap_lock held for writing.
 * Return: 0; -EINVAL for a private mapping, a region that cannot be mapped and a range that is not
 * inside of the BAR's pages; -EBUSY if the BAR's addresses are another driver's; -ENOMEM; or the
 * region's errno.
 */
int vfio_pci_core_mmap(struct vfio_device *core_vdev, struct vm_area_struct *vma)
{
	struct vfio_pci_core_device *vdev = to_vfio_pci_core(core_vdev);
	unsigned long index = vma->vm_pgoff >> REGION_PGOFF_SHIFT;

	if (vma->vm_end < vma->vm_start || !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (index <= VFIO_PCI_BAR5_REGION_INDEX)
		return mmap_bar(vdev, index, vma);
	if (index >= VFIO_PCI_NUM_REGIONS)
		return mmap_dev_region(vdev, index, vma);
	return -EINVAL;
}
EXPORT_SYMBOL_GPL(vfio_pci_core_mmap);

/*
 * A BAR at the start of a page shows the user the rest of that page too, so nobody else's BAR may
 * come to lie there.  Elsewhere in a page it would need to be found first; that is for read().
 */
static bool reserve_page(struct vfio_pci_core_device *vdev, struct resource *bar)
{
	if (!PAGE_ALIGNED(bar->start))
		return false;

	struct bar_reserve *reserve __free(kfree) = kzalloc(sizeof(*reserve), GFP_KERNEL_ACCOUNT);
	if (!reserve)
		return false;

	reserve->res = (struct resource) {
		.name	= "vfio-pci page of a small BAR",
		.start	= bar->end + 1,
		.end	= bar->start + PAGE_SIZE - 1,
		.flags	= bar->flags,
	};
	if (request_resource(bar->parent, &reserve->res))
		return false;

	list_add(&no_free_ptr(reserve)->item, &vdev->dummy_resources_list);
	return true;
}

static bool bar_can_mmap(struct vfio_pci_core_device *vdev, int index)
{
	struct resource *bar = &vdev->pdev->resource[index];
	resource_size_t len = pci_resource_len(vdev->pdev, index);

	if (!IS_ENABLED(CONFIG_VFIO_PCI_MMAP) || !(bar->flags & IORESOURCE_MEM) || !bar->parent ||
	    !len)
		return false;

	return len >= PAGE_SIZE || reserve_page(vdev, bar);
}

/**
 * vfio_pci_probe_mmaps() - find which BARs userspace may map
 * @vdev: enabled, not yet visible to the user
 *
 * Context: sleeps; open path.
 */
void vfio_pci_probe_mmaps(struct vfio_pci_core_device *vdev)
{
	vdev->bar_mmap_supported = 0;
	for (int bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		if (bar_can_mmap(vdev, bar))
			vdev->bar_mmap_supported |= BIT(bar);
	vdev->bar_mmap_supported &= ~vdev->bar_trapped;
}

/**
 * vfio_pci_core_trap_bar() - every access of the user to a BAR is to pass through the driver
 * @vdev: enabled, before vfio_pci_core_finish_enable()
 * @bar: below PCI_STD_NUM_BARS
 *
 * The BAR cannot be mapped, shared as a dma-buf or be written by an ioeventfd: what remains is
 * vfio_device_ops.read and .write.  Until the device is closed.
 *
 * Context: sleeps; open path.
 */
void vfio_pci_core_trap_bar(struct vfio_pci_core_device *vdev, unsigned int bar)
{
	vdev->bar_trapped |= BIT(bar);
}
EXPORT_SYMBOL_GPL(vfio_pci_core_trap_bar);

/**
 * vfio_pci_release_mmaps() - undo vfio_pci_probe_mmaps(); harmless without it
 * @vdev: closing; no user mapping is left
 *
 * Context: sleeps.
 */
void vfio_pci_release_mmaps(struct vfio_pci_core_device *vdev)
{
	struct bar_reserve *reserve, *next;

	vdev->bar_mmap_supported = 0;
	vdev->bar_trapped = 0;
	list_for_each_entry_safe(reserve, next, &vdev->dummy_resources_list, item) {
		list_del(&reserve->item);
		release_resource(&reserve->res);
		kfree(reserve);
	}
}
