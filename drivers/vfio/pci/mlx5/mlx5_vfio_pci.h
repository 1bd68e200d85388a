/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mlx5-vfio-pci: what its files owe each other.
 *
 *	main.c		the pci_driver: which functions, as which kind; vfio_device_ops
 *	vf.c		the manager of a VF: its PF
 *	snap.c		the manager of an emulated function: by its auxiliary device
 *	migration.c	the migration hooks of the library
 *	framing.c	the stream's format
 *	vhca.c, ...	commands, see vhca.h
 */
#ifndef MLX5_VFIO_PCI_DRIVER_H
#define MLX5_VFIO_PCI_DRIVER_H

#include <linux/list.h>
#include <linux/notifier.h>
#include <linux/vfio_pci_core.h>

#include "vhca.h"

/**
 * struct mlx5_vfio_pci_device - a function in our hands
 * @core: the library's
 * @vhca: the function as its manager sees it
 * @pf: of a VF that can migrate: mlx5_core's device of its PF, else NULL
 * @vf_id: of that VF, from 0
 * @vf_nb: hears when the PF disables and enables the VF
 * @snap_id: of an emulated function: mlx5_vfio_pci_id_of()
 * @snap_item: in snap.c's list
 */
struct mlx5_vfio_pci_device {
	struct vfio_pci_core_device	core;
	struct mlx5_vhca		vhca;

	struct mlx5_core_dev		*pf;
	int				vf_id;
	struct notifier_block		vf_nb;

	u32				snap_id;
	struct list_head		snap_item;
};

static inline struct mlx5_vfio_pci_device *to_mlx5_vfio_pci(struct vfio_pci_core_device *core)
{
	return container_of(core, struct mlx5_vfio_pci_device, core);
}

/**
 * mlx5_vf_attach() - look for the manager of a VF
 * @device: being initialised
 *
 * A VF without one that migrates (its PF has another driver, firmware cannot, the VF was not made
 * migratable) is passed through all the same.
 *
 * Context: sleeps.
 * Return: can this VF migrate?
 */
bool mlx5_vf_attach(struct mlx5_vfio_pci_device *device);
void mlx5_vf_detach(struct mlx5_vfio_pci_device *device);

/* The auxiliary driver. */
int mlx5_snap_register_driver(void);
void mlx5_snap_unregister_driver(void);

/**
 * mlx5_snap_attach() - claim the auxiliary device of an emulated function
 * @device: being initialised
 *
 * From then on the manager comes and goes at any time.
 *
 * Context: sleeps.
 * Return: can it migrate (1) or not (0); or -ENODEV without one, which the log then has.
 */
int mlx5_snap_attach(struct mlx5_vfio_pci_device *device);
void mlx5_snap_detach(struct mlx5_vfio_pci_device *device);

/* Makes the device one that migrates; to be called before it is registered. */
int mlx5_migration_init(struct mlx5_vfio_pci_device *device);

#endif /* MLX5_VFIO_PCI_DRIVER_H */
