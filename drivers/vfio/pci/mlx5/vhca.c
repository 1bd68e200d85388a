// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VHCA's manager, and the short commands about it; see vhca.h.
 */

#include <linux/cleanup.h>

#include "tracker.h"
#include "vhca.h"

void mlx5_vhca_init(struct mlx5_vhca *vhca)
{
	mutex_init(&vhca->lock);
	INIT_LIST_HEAD(&vhca->buffers);
	init_waitqueue_head(&vhca->idle);
}

bool mlx5_vhca_supported(struct mlx5_core_dev *mdev)
{
	return MLX5_CAP_GEN(mdev, migration) && MLX5_CAP_GEN_2(mdev, migration_multi_load) &&
	       MLX5_CAP_GEN_2(mdev, migration_tracking_state);
}

void mlx5_vhca_attach(struct mlx5_vhca *vhca, struct mlx5_core_dev *mdev, u16 id)
{
	guard(mutex)(&vhca->lock);
	vhca->interrupted = false;
	vhca->mdev = mdev;
	vhca->id = id;
	vhca->chunked = MLX5_CAP_GEN_2(mdev, migration_in_chunks);
}

void mlx5_vhca_detach(struct mlx5_vhca *vhca)
{
	/* Whoever waits for a report holds the lock. */
	mlx5_tracker_interrupt(vhca);

	guard(mutex)(&vhca->lock);
	if (!vhca->mdev)
		return;
	mlx5_session_drop(vhca);
	mlx5_tracker_drop(vhca);
	vhca->mdev = NULL;
}

/*
 * Firmware fails a SAVE that is to begin tracking on a VHCA that is suspended meanwhile, and a
 * query of changes while they are being saved: so these wait their turn.
 */
static int quiesce(struct mlx5_vhca *vhca)
{
	lockdep_assert_held(&vhca->lock);
	if (!vhca->mdev)
		return -ENOTCONN;
	wait_event(vhca->idle, !READ_ONCE(vhca->busy));
	return 0;
}

int mlx5_vhca_suspend(struct mlx5_vhca *vhca, u16 op_mod)
{
	u32 out[MLX5_ST_SZ_DW(suspend_vhca_out)] = {};
	u32 in[MLX5_ST_SZ_DW(suspend_vhca_in)] = {};
	int ret;

	guard(mutex)(&vhca->lock);
	ret = quiesce(vhca);
	if (ret)
		return ret;

	MLX5_SET(suspend_vhca_in, in, opcode, MLX5_CMD_OP_SUSPEND_VHCA);
	MLX5_SET(suspend_vhca_in, in, op_mod, op_mod);
	MLX5_SET(suspend_vhca_in, in, vhca_id, vhca->id);
	return mlx5_cmd_exec(vhca->mdev, in, sizeof(in), out, sizeof(out));
}

int mlx5_vhca_resume(struct mlx5_vhca *vhca, u16 op_mod)
{
	u32 out[MLX5_ST_SZ_DW(resume_vhca_out)] = {};
	u32 in[MLX5_ST_SZ_DW(resume_vhca_in)] = {};

	guard(mutex)(&vhca->lock);
	if (!vhca->mdev)
		return -ENOTCONN;

	MLX5_SET(resume_vhca_in, in, opcode, MLX5_CMD_OP_RESUME_VHCA);
	MLX5_SET(resume_vhca_in, in, op_mod, op_mod);
	MLX5_SET(resume_vhca_in, in, vhca_id, vhca->id);
	return mlx5_cmd_exec(vhca->mdev, in, sizeof(in), out, sizeof(out));
}

int mlx5_vhca_query(struct mlx5_vhca *vhca, bool incremental, struct mlx5_vhca_sizes *sizes)
{
	u32 out[MLX5_ST_SZ_DW(query_vhca_migration_state_out)] = {};
	u32 in[MLX5_ST_SZ_DW(query_vhca_migration_state_in)] = {};
	int ret;

	ret = quiesce(vhca);
	if (ret)
		return ret;

	MLX5_SET(query_vhca_migration_state_in, in, opcode,
		 MLX5_CMD_OP_QUERY_VHCA_MIGRATION_STATE);
	MLX5_SET(query_vhca_migration_state_in, in, vhca_id, vhca->id);
	MLX5_SET(query_vhca_migration_state_in, in, incremental, incremental);
	MLX5_SET(query_vhca_migration_state_in, in, chunk, vhca->chunked);
	ret = mlx5_cmd_exec(vhca->mdev, in, sizeof(in), out, sizeof(out));
	if (ret)
		return ret;

	sizes->required = MLX5_GET(query_vhca_migration_state_out, out, required_umem_size);
	sizes->total = sizes->required;
	if (vhca->chunked)
		sizes->total = max(sizes->total, MLX5_GET64(query_vhca_migration_state_out, out,
							    remaining_total_size));
	return 0;
}
