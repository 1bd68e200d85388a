/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The manager's parts: manager.c finds PFs and follows their lives, manager_query.c asks a PF
 * which functions it emulates.
 */
#ifndef MLX5_VFIO_MANAGER_H
#define MLX5_VFIO_MANAGER_H

#include <linux/types.h>

struct mlx5_core_dev;

/**
 * struct mlx5_emulated_function - what firmware says of a function that it emulates
 * @bdf: its address, in the PCI domain of the manager
 * @vhca_id: its name in migration commands
 * @has_vfs: it is a PF with VFs of its own
 */
struct mlx5_emulated_function {
	u16	bdf;
	u16	vhca_id;
	bool	has_vfs;
};

/**
 * mlx5_query_emulated_functions() - the functions that a PF manages
 * @mdev: loaded
 * @functions: gets an array for kvfree(), NULL on an error
 *
 * What the firmware does not know (a kind of function, or the command) counts as none of it.
 *
 * Context: sleeps.
 * Return: the number, -ENOMEM, or an errno of mlx5_cmd_do() that is about the PF itself.
 */
int mlx5_query_emulated_functions(struct mlx5_core_dev *mdev,
				  struct mlx5_emulated_function **functions);

#endif /* MLX5_VFIO_MANAGER_H */
