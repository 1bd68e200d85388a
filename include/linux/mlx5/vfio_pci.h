/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Auxiliary devices mlx5_core.vfio_pci.N: functions that a BlueField shows to its host as somebody
 * else's (NVMe, virtio), and the mlx5_core PF that migrates them.
 *
 * The manager (mlx5-vfio-manager) publishes one per emulated function, as a child of the PF that
 * manages it; N is the function's address as mlx5_vfio_pci_id() forms it, in decimal.  A VFIO
 * driver of the emulated function binds the auxiliary device and sends the migration commands for
 * @vhca_id to @mdev.
 *
 * @mdev is usable until @gone, or the auxiliary driver's remove() if that comes first.  Where the
 * PF leaves for good remove() comes before mlx5_core's own.  Below a bound PF (firmware reset,
 * devlink reload) devices cannot be taken away from inside: there the manager calls the chain, and
 * removes the device afterwards.  It does so whenever it removes one.
 */
#ifndef LINUX_MLX5_VFIO_PCI_H
#define LINUX_MLX5_VFIO_PCI_H

#include <linux/auxiliary_bus.h>
#include <linux/compiler.h>
#include <linux/notifier.h>
#include <linux/pci.h>

struct mlx5_core_dev;

/* What an auxiliary_device_id names. */
#define MLX5_VFIO_PCI_MODNAME	"mlx5_core"
#define MLX5_VFIO_PCI_NAME	"vfio_pci"
#define MLX5_VFIO_PCI_MATCH	MLX5_VFIO_PCI_MODNAME "." MLX5_VFIO_PCI_NAME

/**
 * struct mlx5_vfio_pci_adev - an emulated function's line to its manager PF
 * @adev: on the auxiliary bus; its parent is the PF
 * @mdev: the PF's mlx5_core device
 * @vhca_id: by which the PF's firmware knows the function
 * @id: the function's address, see mlx5_vfio_pci_id()
 * @gone: called once, sleeping allowed, when @mdev is to be let go of: firmware drops what was
 *	  created through it, or the function leaves
 * @is_gone: that call has been or is being made; written before
 */
struct mlx5_vfio_pci_adev {
	struct auxiliary_device		adev;
	struct mlx5_core_dev		*mdev;
	u16				vhca_id;
	u32				id;
	struct blocking_notifier_head	gone;
	bool				is_gone;
};

static inline struct mlx5_vfio_pci_adev *to_mlx5_vfio_pci_adev(struct auxiliary_device *adev)
{
	return container_of(adev, struct mlx5_vfio_pci_adev, adev);
}

/* Domains that the number of a function's address has room for: those that PCI itself knows of. */
#define MLX5_VFIO_PCI_DOMAINS	0x10000

/**
 * mlx5_vfio_pci_id() - the number that stands for a function's address
 * @domain: PCI domain, below MLX5_VFIO_PCI_DOMAINS
 * @bdf: bus in bits 15 to 8, device in 7 to 3, function in 2 to 0
 *
 * In domain 0 it is the BDF.
 */
static inline u32 mlx5_vfio_pci_id(int domain, u16 bdf)
{
	return (u32)domain << 16 | bdf;
}

/* The same of a PCI function that is there. */
static inline u32 mlx5_vfio_pci_id_of(const struct pci_dev *pdev)
{
	return mlx5_vfio_pci_id(pci_domain_nr(pdev->bus), pci_dev_id((struct pci_dev *)pdev));
}

/**
 * mlx5_vfio_pci_watch() - hear when @adev->mdev must not be used any more
 * @adev: bound by the caller
 * @nb: called with any action; the caller's until mlx5_vfio_pci_unwatch()
 *
 * Context: sleeps; not under a lock that @nb takes.
 * Return: 0, or -ENODEV if it is gone already; then @nb is not registered.
 */
static inline int mlx5_vfio_pci_watch(struct mlx5_vfio_pci_adev *adev, struct notifier_block *nb)
{
	int ret = blocking_notifier_chain_register(&adev->gone, nb);

	if (ret || !READ_ONCE(adev->is_gone))
		return ret;
	blocking_notifier_chain_unregister(&adev->gone, nb);
	return -ENODEV;
}

static inline void mlx5_vfio_pci_unwatch(struct mlx5_vfio_pci_adev *adev, struct notifier_block *nb)
{
	blocking_notifier_chain_unregister(&adev->gone, nb);
}

#endif /* LINUX_MLX5_VFIO_PCI_H */
