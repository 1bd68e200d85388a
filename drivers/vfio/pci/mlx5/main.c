// SPDX-License-Identifier: GPL-2.0-only
/*
 * mlx5-vfio-pci: VFs of ConnectX and BlueField, and the functions that a BlueField emulates, for
 * userspace and with live migration.
 *
 * What is special about them is who migrates them: another function of the same card, which
 * mlx5_core drives.  vf.c and snap.c find it.
 */

#include <linux/device.h>
#include <linux/mlx5/driver.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/vfio_pci_variant.h>

#include "mlx5_vfio_pci.h"

/* What a row of the table of IDs makes of a function. */
enum kind {
	KIND_OTHER,	/* new_id of an administrator: passed through, no more */
	KIND_VF,
	KIND_SNAP,
};

static int mlx5_vfio_pci_open_device(struct vfio_device *core_vdev)
{
	struct vfio_pci_core_device *core =
		container_of(core_vdev, struct vfio_pci_core_device, vdev);
	int ret;

	ret = vfio_pci_core_enable(core);
	if (ret)
		return ret;
	/* A device that is opened anew is RUNNING, which is the library's to know. */
	vfio_pci_core_finish_enable(core);
	return 0;
}

static const struct vfio_device_ops mlx5_vfio_pci_ops = {
	VFIO_PCI_VARIANT_OPS,
	.name		= "mlx5-vfio-pci",
	.init		= vfio_pci_core_init_dev,
	.open_device	= mlx5_vfio_pci_open_device,
	.read		= vfio_pci_core_read,
	.write		= vfio_pci_core_write,
};

static int attach(struct mlx5_vfio_pci_device *device, enum kind kind)
{
	int ret;

	switch (kind) {
	case KIND_VF:
		return mlx5_vf_attach(device) ? mlx5_migration_init(device) : 0;
	case KIND_SNAP:
		ret = mlx5_snap_attach(device);
		return ret < 0 ? ret : ret ? mlx5_migration_init(device) : 0;
	default:
		return 0;
	}
}

static void detach(struct mlx5_vfio_pci_device *device)
{
	mlx5_vf_detach(device);
	mlx5_snap_detach(device);
}

static int mlx5_vfio_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct mlx5_vfio_pci_device *device;
	int ret;

	device = vfio_alloc_device(mlx5_vfio_pci_device, core.vdev, &pdev->dev, &mlx5_vfio_pci_ops);
	if (IS_ERR(device))
		return PTR_ERR(device);
	pci_set_drvdata(pdev, &device->core);
	mlx5_vhca_init(&device->vhca);
	INIT_LIST_HEAD(&device->snap_item);

	ret = attach(device, id->driver_data);
	if (!ret)
		ret = vfio_pci_core_register_device(&device->core);
	if (ret) {
		detach(device);
		vfio_put_device(&device->core.vdev);
	}
	return ret;
}

static void mlx5_vfio_pci_remove(struct pci_dev *pdev)
{
	struct mlx5_vfio_pci_device *device = to_mlx5_vfio_pci(pci_get_drvdata(pdev));

	/* Waits for its user, who may be migrating until then. */
	vfio_pci_core_unregister_device(&device->core);
	detach(device);
	vfio_put_device(&device->core.vdev);
}

/* Only where driver_override names us: mlx5_core and the virtio drivers come first otherwise. */
#define OVERRIDE .override_only = PCI_ID_F_VFIO_DRIVER_OVERRIDE

static const struct pci_device_id mlx5_vfio_pci_table[] = {
	{ PCI_VDEVICE(MELLANOX, 0x101c), OVERRIDE, .driver_data = KIND_VF },	/* ConnectX-6 VF */
	{ PCI_VDEVICE(MELLANOX, 0x101e), OVERRIDE, .driver_data = KIND_VF },	/* mlx5Gen VF */
	{ PCI_VDEVICE(MELLANOX, 0x6001), OVERRIDE, .driver_data = KIND_SNAP },	/* SNAP NVMe */
	{ PCI_DEVICE_SUB(PCI_VENDOR_ID_REDHAT_QUMRANET, PCI_ANY_ID,
			 PCI_VENDOR_ID_MELLANOX, PCI_ANY_ID),
	  OVERRIDE, .driver_data = KIND_SNAP },					/* SNAP virtio */
	{}
};
MODULE_DEVICE_TABLE(pci, mlx5_vfio_pci_table);

static struct pci_driver mlx5_vfio_pci_driver = {
	.name			= KBUILD_MODNAME,
	.id_table		= mlx5_vfio_pci_table,
	/* The user's IOMMU domain is vfio's to set up, no default one is wanted. */
	.driver_managed_dma	= true,
	.probe			= mlx5_vfio_pci_probe,
	.remove			= mlx5_vfio_pci_remove,
	.err_handler		= &vfio_pci_core_err_handlers,
};

static int __init mlx5_vfio_pci_init(void)
{
	int ret;

	/* First the lines to the managers, then who needs one. */
	ret = mlx5_snap_register_driver();
	if (ret)
		return ret;
	ret = pci_register_driver(&mlx5_vfio_pci_driver);
	if (ret)
		mlx5_snap_unregister_driver();
	return ret;
}
module_init(mlx5_vfio_pci_init);

static void __exit mlx5_vfio_pci_exit(void)
{
	pci_unregister_driver(&mlx5_vfio_pci_driver);
	mlx5_snap_unregister_driver();
}
module_exit(mlx5_vfio_pci_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("VFIO driver with live migration for mlx5 VFs and functions that BlueField emulates");
MODULE_VERSION("0.1");
/* It publishes the auxiliary devices; without it only VFs can be bound. */
MODULE_SOFTDEP("pre: mlx5-vfio-manager");
