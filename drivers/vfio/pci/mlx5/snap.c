// SPDX-License-Identifier: GPL-2.0-only
/*
 * The manager of an emulated function is the other end of its auxiliary device, see
 * linux/mlx5/vfio_pci.h: here lines (auxiliary devices that we bound) meet devices (PCI functions
 * that we bound), by address.  Either may come and go; only to begin with, a device needs its
 * line.
 */

#include <linux/auxiliary_bus.h>
#include <linux/cleanup.h>
#include <linux/mlx5/driver.h>
#include <linux/mlx5/vfio_pci.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "mlx5_vfio_pci.h"

/**
 * struct line - an auxiliary device that we bound
 * @adev: it
 * @item: in lines, until its manager is gone
 * @gone_nb: hears that
 */
struct line {
	struct mlx5_vfio_pci_adev	*adev;
	struct list_head		item;
	struct notifier_block		gone_nb;
};

/* Guards the lists, and with them that devices are attached to lines that are there. */
static DEFINE_MUTEX(snap_lock);
static LIST_HEAD(lines);
static LIST_HEAD(devices);

static struct line *line_find(u32 id)
{
	struct line *line;

	lockdep_assert_held(&snap_lock);
	list_for_each_entry(line, &lines, item)
		if (line->adev->id == id)
			return line;
	return NULL;
}

static struct mlx5_vfio_pci_device *device_find(u32 id)
{
	struct mlx5_vfio_pci_device *device;

	lockdep_assert_held(&snap_lock);
	list_for_each_entry(device, &devices, snap_item)
		if (device->snap_id == id)
			return device;
	return NULL;
}

static void connect(struct mlx5_vfio_pci_device *device, struct line *line)
{
	mlx5_vhca_attach(&device->vhca, line->adev->mdev, line->adev->vhca_id);
}

static void line_cut(struct line *line)
{
	struct mlx5_vfio_pci_device *device;

	guard(mutex)(&snap_lock);
	if (list_empty(&line->item))
		return;
	list_del_init(&line->item);

	device = device_find(line->adev->id);
	if (device) {
		pci_info(device->core.pdev, "its manager left: no migration until it is back\n");
		mlx5_vhca_detach(&device->vhca);
	}
}

static int line_gone(struct notifier_block *nb, unsigned long action, void *data)
{
	line_cut(container_of(nb, struct line, gone_nb));
	return NOTIFY_OK;
}

static int snap_probe(struct auxiliary_device *adev, const struct auxiliary_device_id *id)
{
	struct mlx5_vfio_pci_device *device;
	struct line *line;
	int ret;

	line = kzalloc(sizeof(*line), GFP_KERNEL);
	if (!line)
		return -ENOMEM;
	line->adev = to_mlx5_vfio_pci_adev(adev);
	line->gone_nb.notifier_call = line_gone;

	scoped_guard(mutex, &snap_lock) {
		list_add_tail(&line->item, &lines);
		device = device_find(line->adev->id);
		if (device) {
			pci_info(device->core.pdev, "its manager is back\n");
			connect(device, line);
		}
	}

	/* Last, as it may call us back. */
	ret = mlx5_vfio_pci_watch(line->adev, &line->gone_nb);
	if (ret) {
		line_cut(line);
		kfree(line);
		return ret;
	}
	auxiliary_set_drvdata(adev, line);
	return 0;
}

static void snap_remove(struct auxiliary_device *adev)
{
	struct line *line = auxiliary_get_drvdata(adev);

	mlx5_vfio_pci_unwatch(line->adev, &line->gone_nb);
	line_cut(line);
	kfree(line);
}

static const struct auxiliary_device_id snap_table[] = {
	{ .name = MLX5_VFIO_PCI_MATCH },
	{}
};
MODULE_DEVICE_TABLE(auxiliary, snap_table);

static struct auxiliary_driver snap_driver = {
	.name		= "snap",
	.id_table	= snap_table,
	.probe		= snap_probe,
	.remove		= snap_remove,
};

int mlx5_snap_register_driver(void)
{
	return auxiliary_driver_register(&snap_driver);
}

void mlx5_snap_unregister_driver(void)
{
	auxiliary_driver_unregister(&snap_driver);
}

int mlx5_snap_attach(struct mlx5_vfio_pci_device *device)
{
	struct pci_dev *pdev = device->core.pdev;
	struct line *line;

	/* Of such a domain (Intel VMD's, for one) the number would be another function's. */
	if (pci_domain_nr(pdev->bus) >= MLX5_VFIO_PCI_DOMAINS) {
		pci_err(pdev, "its PCI domain has no number on the auxiliary bus: not bound\n");
		return -ENODEV;
	}
	device->snap_id = mlx5_vfio_pci_id_of(pdev);

	guard(mutex)(&snap_lock);
	line = line_find(device->snap_id);
	if (!line) {
		pci_err(pdev, "no auxiliary device mlx5_core.vfio_pci.%u: not bound. Is mlx5_core bound to the PF that manages this function, and mlx5-vfio-manager loaded?\n",
			device->snap_id);
		return -ENODEV;
	}
	connect(device, line);
	list_add_tail(&device->snap_item, &devices);
	return mlx5_vhca_supported(line->adev->mdev);
}

void mlx5_snap_detach(struct mlx5_vfio_pci_device *device)
{
	guard(mutex)(&snap_lock);
	if (list_empty(&device->snap_item))
		return;
	list_del_init(&device->snap_item);
	mlx5_vhca_detach(&device->vhca);
}
