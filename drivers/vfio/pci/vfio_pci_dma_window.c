// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA windows of a driver's own, <linux/vfio_pci_dma_window.h>.
 *
 * The user's domain is off the device while a window is open, so nobody may want to change it
 * meanwhile.  A container of type1 cannot take a group away while a device of it is open.  An
 * iommufd can, through the driver's vfio_device_ops, with dev_set->lock held: these ops have to be
 * ours, and take the window's lock.
 */
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/iommu.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/pm_runtime.h>
#include <linux/vfio_pci_dma_window.h>

#include "vfio_pci_priv.h"

/* Not page 0: a device that has lost its address registers should fault.  Page sizes are powers. */
#define WINDOW_IOVA	SZ_1M
#define WINDOW_MAX	SZ_1M

static int window_count_device(struct device *dev, void *data)
{
	unsigned int *count = data;

	(*count)++;
	return 0;
}

/* Other functions of the group would lose their user's memory, too. */
static bool window_alone(struct device *dev)
{
	struct iommu_group *group = iommu_group_get(dev);
	unsigned int count = 0;

	if (!group)
		return false;
	iommu_group_for_each_dev(group, &count, window_count_device);
	iommu_group_put(group);
	return count == 1;
}

/* Whoever may change the user's domain has to come by our lock. */
static bool window_exclusive(struct vfio_device *core_vdev)
{
	if (!vfio_iommufd_device_ictx(core_vdev))
		return true;
	return core_vdev->ops->attach_ioas == vfio_pci_dma_window_attach_ioas &&
	       core_vdev->ops->detach_ioas == vfio_pci_dma_window_detach_ioas;
}

static int window_map(struct vfio_pci_dma_window *window)
{
	struct device *dev = &window->vdev->pdev->dev;
	struct iommu_domain *domain = iommu_paging_domain_alloc(dev);
	int ret;

	if (IS_ERR(domain))
		return PTR_ERR(domain);

	ret = iommu_map(domain, window->iova, virt_to_phys(window->data),
			PAGE_SIZE << window->order, IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE,
			GFP_KERNEL);
	if (ret) {
		iommu_domain_free(domain);
		return ret;
	}
	window->own = domain;
	return 0;
}

static void window_unmap(struct vfio_pci_dma_window *window)
{
	iommu_unmap(window->own, window->iova, PAGE_SIZE << window->order);
	iommu_domain_free(window->own);
}

/* From @from to @to; either may be NULL, for the user who has mapped nothing at all. */
static int window_switch(struct device *dev, struct iommu_domain *from, struct iommu_domain *to)
{
	if (from)
		iommu_detach_device(from, dev);
	return to ? iommu_attach_device(to, dev) : 0;
}

/* Reads a word of config space into *@was, and writes it with @clear cleared and @set set. */
static void window_config(struct pci_dev *pdev, int pos, u16 clear, u16 set, u16 *was)
{
	pci_read_config_word(pdev, pos, was);
	pci_write_config_word(pdev, pos, (*was & ~clear) | set);
}

static void window_silence(struct vfio_pci_dma_window *window)
{
	struct pci_dev *pdev = window->vdev->pdev;

	if (pdev->msi_cap)
		window_config(pdev, pdev->msi_cap + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE, 0,
			      &window->msi);
	if (pdev->msix_cap)
		window_config(pdev, pdev->msix_cap + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE, 0,
			      &window->msix);
	window_config(pdev, PCI_COMMAND, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
		      PCI_COMMAND_INTX_DISABLE, &window->command);
}

/* INTx comes last: what is pending and was enabled as INTx is asserted again now. */
static void window_unsilence(struct vfio_pci_dma_window *window)
{
	struct pci_dev *pdev = window->vdev->pdev;

	if (pdev->msi_cap)
		pci_write_config_word(pdev, pdev->msi_cap + PCI_MSI_FLAGS, window->msi);
	if (pdev->msix_cap)
		pci_write_config_word(pdev, pdev->msix_cap + PCI_MSIX_FLAGS, window->msix);
	pci_write_config_word(pdev, PCI_COMMAND, window->command);
}

static int window_enter(struct vfio_pci_dma_window *window)
{
	struct pci_dev *pdev = window->vdev->pdev;
	struct device *dev = &pdev->dev;
	int ret;

	window->user = iommu_get_domain_for_dev(dev);
	/* What the IOMMU core gave a device without a user's domain, it takes back itself. */
	if (window->user && !(window->user->type & __IOMMU_DOMAIN_PAGING))
		window->user = NULL;

	ret = window_switch(dev, window->user, window->own);
	if (ret) {
		if (window->user && iommu_attach_device(window->user, dev))
			ret = -ENOTRECOVERABLE;
		return ret;
	}

	window->power = pdev->current_state;
	if (vfio_pci_asleep(window->power))
		vfio_pci_set_power_state(window->vdev, PCI_D0);
	window_silence(window);
	return 0;
}

/**
 * vfio_pci_dma_window_open() - give a stopped device memory of its driver's for DMA
 * @vdev: open, in D0, stopped: it has no DMA in flight and starts none of its own
 * @window: filled in
 * @size: bytes, at most 1 MiB
 *
 * Until vfio_pci_dma_window_close() the driver has the function's memory space for itself, through
 * vdev->barmap[] and plain accessors: vfio_pci_core_ioread*() and the like would wait for the
 * window.
 *
 * Context: sleeps; takes memory_lock and keeps it, so that in between nothing may be done that
 * takes it, igate or the config lock.
 * Return: 0; -EOPNOTSUPP if the device is not alone in its IOMMU group or belongs to an iommufd
 * that does not come by vfio_pci_dma_window_attach_ioas(); -EINVAL for @size; -ENOMEM;
 * -ENOTRECOVERABLE if the user's domain is lost; or an errno of the IOMMU.
 */
int vfio_pci_dma_window_open(struct vfio_pci_core_device *vdev, struct vfio_pci_dma_window *window,
			     size_t size)
{
	int ret;

	if (!size || size > WINDOW_MAX)
		return -EINVAL;
	if (!window_alone(&vdev->pdev->dev) || !window_exclusive(&vdev->vdev))
		return -EOPNOTSUPP;

	*window = (struct vfio_pci_dma_window) {
		.vdev	= vdev,
		.iova	= WINDOW_IOVA,
		.size	= size,
		.order	= get_order(size),
	};
	window->data = (void *)__get_free_pages(GFP_KERNEL_ACCOUNT | __GFP_ZERO, window->order);
	if (!window->data)
		return -ENOMEM;

	ret = window_map(window);
	if (ret)
		goto err_free;

	ret = pm_runtime_resume_and_get(&vdev->pdev->dev);
	if (ret)
		goto err_unmap;

	mutex_lock(&vdev->dma_window_lock);
	down_write(&vdev->memory_lock);
	ret = window_enter(window);
	if (!ret)
		return 0;

	up_write(&vdev->memory_lock);
	mutex_unlock(&vdev->dma_window_lock);
	pm_runtime_put(&vdev->pdev->dev);
err_unmap:
	window_unmap(window);
err_free:
	free_pages((unsigned long)window->data, window->order);
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_pci_dma_window_open);

/**
 * vfio_pci_dma_window_close() - give the device back to its user
 * @window: open; no DMA to it is in flight, unless its in_flight says so
 *
 * What is in flight and comes late would go to the user's memory, which the driver did not mean, so
 * the device cannot.
 *
 * Context: sleeps; releases memory_lock.
 * Return: 0, or -ENOTRECOVERABLE if the user's domain could not be put back: DMA of the device is
 * blocked then.
 */
int vfio_pci_dma_window_close(struct vfio_pci_dma_window *window)
{
	struct vfio_pci_core_device *vdev = window->vdev;
	struct pci_dev *pdev = vdev->pdev;
	int ret;

	/* The device is no bus master again before the user's memory is there again. */
	pci_clear_master(pdev);
	if (window->in_flight)
		window->command &= ~PCI_COMMAND_MASTER;
	ret = window_switch(&pdev->dev, window->own, window->user);
	window_unsilence(window);
	if (vfio_pci_asleep(window->power))
		vfio_pci_set_power_state(vdev, window->power);
	up_write(&vdev->memory_lock);
	mutex_unlock(&vdev->dma_window_lock);
	pm_runtime_put(&pdev->dev);

	window_unmap(window);
	free_pages((unsigned long)window->data, window->order);

	if (ret)
		pci_err(pdev, "the user's IOMMU domain cannot be attached again: %d\n", ret);
	return ret ? -ENOTRECOVERABLE : 0;
}
EXPORT_SYMBOL_GPL(vfio_pci_dma_window_close);

/**
 * vfio_pci_dma_window_attach_ioas() - vfio_device_ops.attach_ioas where windows are opened
 * @core_vdev: bound to an iommufd
 * @pt_id: as vfio_iommufd_physical_attach_ioas()
 *
 * Context: sleeps; dev_set->lock held by vfio.ko.
 * Return: as vfio_iommufd_physical_attach_ioas().
 */
int vfio_pci_dma_window_attach_ioas(struct vfio_device *core_vdev, u32 *pt_id)
{
	guard(mutex)(&to_vfio_pci_core(core_vdev)->dma_window_lock);
	if (!IS_ENABLED(CONFIG_IOMMUFD))
		return -EOPNOTSUPP;
	return vfio_iommufd_physical_attach_ioas(core_vdev, pt_id);
}
EXPORT_SYMBOL_GPL(vfio_pci_dma_window_attach_ioas);

/**
 * vfio_pci_dma_window_detach_ioas() - vfio_device_ops.detach_ioas where windows are opened
 * @core_vdev: bound to an iommufd
 *
 * Context: sleeps; dev_set->lock held by vfio.ko.
 */
void vfio_pci_dma_window_detach_ioas(struct vfio_device *core_vdev)
{
	guard(mutex)(&to_vfio_pci_core(core_vdev)->dma_window_lock);
	if (IS_ENABLED(CONFIG_IOMMUFD))
		vfio_iommufd_physical_detach_ioas(core_vdev);
}
EXPORT_SYMBOL_GPL(vfio_pci_dma_window_detach_ioas);
