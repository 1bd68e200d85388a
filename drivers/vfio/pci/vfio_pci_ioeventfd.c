// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_IOEVENTFD: an eventfd that writes a register when it fires.
 *
 * The write happens where the eventfd is signalled, which may be the doorbell exit of a virtual
 * CPU and must not sleep.  When memory_lock is taken just then, a work item writes instead.
 */
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/list.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include "vfio_pci_priv.h"

/* Per open device; each costs kernel memory and a place in a wait queue. */
#define IOEVENTFD_MAX	1000

/**
 * struct vfio_pci_ioeventfd - a register write that waits for its eventfd
 * @item: in ioeventfds_list
 * @vdev: whose register it is
 * @virqfd: the wait; NULL once the user has closed the eventfd
 * @io: the register
 * @data: what to write
 * @pos: offset of the register in @bar
 * @bar: 0 to 5
 * @count: 1, 2, 4 or 8 bytes
 */
struct vfio_pci_ioeventfd {
	struct list_head		item;
	struct vfio_pci_core_device	*vdev;
	struct virqfd			*virqfd;
	void __iomem			*io;
	u64				data;
	u64				pos;
	unsigned int			bar;
	int				count;
};

/* Context: memory_lock held; any context. */
static void write_register(const struct vfio_pci_ioeventfd *ioeventfd)
{
	struct vfio_pci_core_device *vdev = ioeventfd->vdev;

	/* A write to what does not answer is lost, as it is on a bus. */
	if (vdev->pm_runtime_engaged)
		return;
	if (pci_resource_flags(vdev->pdev, ioeventfd->bar) & IORESOURCE_MEM &&
	    !vfio_pci_memory_enabled(vdev))
		return;

	switch (ioeventfd->count) {
	case 1:
		vfio_pci_core_iowrite8(vdev, false, ioeventfd->data, ioeventfd->io);
		break;
	case 2:
		vfio_pci_core_iowrite16(vdev, false, ioeventfd->data, ioeventfd->io);
		break;
	case 4:
		vfio_pci_core_iowrite32(vdev, false, ioeventfd->data, ioeventfd->io);
		break;
	case 8:
		vfio_pci_core_iowrite64(vdev, false, ioeventfd->data, ioeventfd->io);
		break;
	}
}

/* The eventfd fired.  Atomic context.  Returns whether ioeventfd_work() has to write. */
static int ioeventfd_fired(void *opaque, void *unused)
{
	struct vfio_pci_ioeventfd *ioeventfd = opaque;

	if (!down_read_trylock(&ioeventfd->vdev->memory_lock))
		return 1;

	write_register(ioeventfd);
	up_read(&ioeventfd->vdev->memory_lock);
	return 0;
}

static void ioeventfd_work(void *opaque, void *unused)
{
	struct vfio_pci_ioeventfd *ioeventfd = opaque;

	guard(rwsem_read)(&ioeventfd->vdev->memory_lock);
	write_register(ioeventfd);
}

static void ioeventfd_remove(struct vfio_pci_ioeventfd *ioeventfd)
{
	/* Waits for a write that is under way. */
	vfio_virqfd_disable(&ioeventfd->virqfd);
	list_del(&ioeventfd->item);
	ioeventfd->vdev->ioeventfds_nr--;
	kfree(ioeventfd);
}

static struct vfio_pci_ioeventfd *ioeventfd_find(struct vfio_pci_core_device *vdev,
						 unsigned int bar, u64 pos, u64 data, int count)
{
	struct vfio_pci_ioeventfd *ioeventfd;

	list_for_each_entry(ioeventfd, &vdev->ioeventfds_list, item)
		if (ioeventfd->bar == bar && ioeventfd->pos == pos && ioeventfd->data == data &&
		    ioeventfd->count == count)
			return ioeventfd;
	return NULL;
}

static int ioeventfd_add(struct vfio_pci_core_device *vdev, unsigned int bar, u64 pos, u64 data,
			 int count, int fd)
{
	int ret;

	if (vdev->ioeventfds_nr >= IOEVENTFD_MAX)
		return -ENOSPC;

	struct vfio_pci_ioeventfd *ioeventfd __free(kfree) =
		kmalloc(sizeof(*ioeventfd), GFP_KERNEL_ACCOUNT);
	if (!ioeventfd)
		return -ENOMEM;

	*ioeventfd = (struct vfio_pci_ioeventfd) {
		.vdev = vdev,
		.io = vdev->barmap[bar] + pos,
		.data = data,
		.pos = pos,
		.bar = bar,
		.count = count,
	};

	ret = vfio_virqfd_enable(ioeventfd, ioeventfd_fired, ioeventfd_work, NULL,
				 &ioeventfd->virqfd, fd);
	if (ret)
		return ret;

	list_add(&no_free_ptr(ioeventfd)->item, &vdev->ioeventfds_list);
	vdev->ioeventfds_nr++;
	return 0;
}

/* Whether a write of @count bytes at @pos is inside of the BAR and off the MSI-X table. */
static bool ioeventfd_range_ok(const struct vfio_pci_core_device *vdev, unsigned int bar, u64 pos,
			       int count)
{
	u64 end = pos + count;		/* @pos has 40 bits */

	if (end > pci_resource_len(vdev->pdev, bar))
		return false;
	if (bar != vdev->msix_bar)
		return true;
	return end <= vdev->msix_offset || pos >= (u64)vdev->msix_offset + vdev->msix_size;
}

/* See vfio_pci_priv.h. */
int vfio_pci_ioeventfd(struct vfio_pci_core_device *vdev, u64 offset, u64 data, int count, int fd)
{
	u64 bar = VFIO_PCI_OFFSET_TO_INDEX(offset);
	u64 pos = offset & VFIO_PCI_OFFSET_MASK;
	struct vfio_pci_ioeventfd *old;
	int ret;

	if (bar >= PCI_STD_NUM_BARS)
		return -EINVAL;
	bar = array_index_nospec(bar, PCI_STD_NUM_BARS);
	if (!ioeventfd_range_ok(vdev, bar, pos, count) || vdev->bar_trapped & BIT(bar))
		return -EINVAL;

	ret = vfio_pci_core_setup_barmap(vdev, bar);
	if (ret)
		return ret;

	guard(mutex)(&vdev->ioeventfds_lock);

	old = ioeventfd_find(vdev, bar, pos, data, count);
	if (old && fd != -1)
		return -EEXIST;
	if (!old && fd < 0)
		return -ENODEV;
	if (!old)
		return ioeventfd_add(vdev, bar, pos, data, count, fd);

	ioeventfd_remove(old);
	return 0;
}

/**
 * vfio_pci_release_ioeventfds() - remove all ioeventfds
 * @vdev: closing; memory_lock not held
 *
 * Context: sleeps.
 */
void vfio_pci_release_ioeventfds(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_ioeventfd *ioeventfd, *next;

	guard(mutex)(&vdev->ioeventfds_lock);
	list_for_each_entry_safe(ioeventfd, next, &vdev->ioeventfds_list, item)
		ioeventfd_remove(ioeventfd);
}
