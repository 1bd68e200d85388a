// SPDX-License-Identifier: GPL-2.0-only
/*
 * The migration hooks: the library's words for what vhca.h does.
 */

#include <linux/cleanup.h>
#include <linux/mm.h>
#include <linux/vfio_pci_migration.h>

#include "framing.h"
#include "mlx5_vfio_pci.h"
#include "tracker.h"

static struct mlx5_vhca *vhca_of(struct vfio_pci_core_device *core)
{
	return &to_mlx5_vfio_pci(core)->vhca;
}

/* ---- states --------------------------------------------------------------------------------- */

/* To the device the initiator is what starts transactions, the responder what answers them. */

static int hook_suspend_p2p(struct vfio_pci_core_device *core)
{
	return mlx5_vhca_suspend(vhca_of(core), MLX5_SUSPEND_VHCA_IN_OP_MOD_SUSPEND_INITIATOR);
}

static int hook_suspend(struct vfio_pci_core_device *core)
{
	return mlx5_vhca_suspend(vhca_of(core), MLX5_SUSPEND_VHCA_IN_OP_MOD_SUSPEND_RESPONDER);
}

static int hook_resume(struct vfio_pci_core_device *core)
{
	return mlx5_vhca_resume(vhca_of(core), MLX5_RESUME_VHCA_IN_OP_MOD_RESUME_RESPONDER);
}

static int hook_resume_p2p(struct vfio_pci_core_device *core)
{
	return mlx5_vhca_resume(vhca_of(core), MLX5_RESUME_VHCA_IN_OP_MOD_RESUME_INITIATOR);
}

static int hook_data_size(struct vfio_pci_core_device *core, u64 *bytes)
{
	struct mlx5_vhca *vhca = vhca_of(core);
	struct mlx5_vhca_sizes sizes;
	int ret;

	guard(mutex)(&vhca->lock);
	ret = mlx5_vhca_query(vhca, false, &sizes);
	if (!ret)
		*bytes = sizes.total;
	return ret;
}

/* ---- sessions ------------------------------------------------------------------------------- */

static int hook_save_begin(struct vfio_pci_core_device *core, bool precopy)
{
	return mlx5_session_begin(vhca_of(core));
}

static ssize_t hook_save_pass(struct vfio_pci_core_device *core, enum vfio_pci_mig_pass pass)
{
	return mlx5_session_pass(vhca_of(core), pass);
}

static ssize_t hook_save(struct vfio_pci_core_device *core, struct vfio_pci_mig_chunk *chunk)
{
	return mlx5_session_save(vhca_of(core), chunk);
}

static int hook_save_end(struct vfio_pci_core_device *core, bool aborted)
{
	struct mlx5_vhca *vhca = vhca_of(core);
	int ret = aborted ? mlx5_session_untrack(vhca) : 0;

	mlx5_session_end(vhca);
	/* A function that is tracked still runs, and the next session begins to track anew. */
	if (ret)
		pci_notice_ratelimited(core->pdev, "firmware goes on to track it: %d\n", ret);
	return 0;
}

static int hook_precopy_dirty(struct vfio_pci_core_device *core, u64 *bytes)
{
	return mlx5_session_dirty(vhca_of(core), bytes);
}

static int hook_load_begin(struct vfio_pci_core_device *core)
{
	return mlx5_session_begin(vhca_of(core));
}

static ssize_t hook_load(struct vfio_pci_core_device *core, struct vfio_pci_mig_chunk *chunk)
{
	return mlx5_session_load(vhca_of(core), chunk);
}

/* Firmware checked each image as it loaded it. */
static int hook_load_end(struct vfio_pci_core_device *core, bool complete)
{
	mlx5_session_end(vhca_of(core));
	return 0;
}

static int hook_chunk_map(struct vfio_pci_core_device *core, struct vfio_pci_mig_chunk *chunk,
			  enum dma_data_direction dir)
{
	return mlx5_session_map(vhca_of(core), chunk, dir);
}

static void hook_chunk_unmap(struct vfio_pci_core_device *core, struct vfio_pci_mig_chunk *chunk,
			     enum dma_data_direction dir)
{
	mlx5_session_unmap(vhca_of(core), chunk);
}

/* ---- dirty pages ---------------------------------------------------------------------------- */

static int hook_log_start(struct vfio_pci_core_device *core, struct rb_root_cached *ranges,
			  u32 nr_ranges, u64 *page_size)
{
	return mlx5_tracker_start(vhca_of(core), ranges, nr_ranges, page_size);
}

static void hook_log_stop(struct vfio_pci_core_device *core)
{
	mlx5_tracker_stop(vhca_of(core));
}

static void report(void *context, u64 iova, u64 length)
{
	vfio_pci_mig_log_dirty(context, iova, length);
}

static int hook_log_sync(struct vfio_pci_core_device *core, unsigned long iova,
			 unsigned long length)
{
	return mlx5_tracker_sync(vhca_of(core), iova, length, report, core);
}

/* ---- framing -------------------------------------------------------------------------------- */

static ssize_t put_open(struct vfio_pci_core_device *core, void *state, size_t first, void *to)
{
	mlx5_framing_put_open(to, PAGE_ALIGN(first));
	return MLX5_FRAMING_OPEN_SIZE;
}

static ssize_t put_chunk(struct vfio_pci_core_device *core, void *state,
			 const struct vfio_pci_mig_chunk *chunk, void *to)
{
	/* Changes that firmware could not remember: there is no image, see session.c. */
	if (!chunk->length)
		return 0;
	mlx5_framing_put_image(to, chunk->length);
	return MLX5_FRAMING_HEADER_SIZE;
}

static int get(struct vfio_pci_core_device *core, void *state, const void *header,
	       struct vfio_pci_mig_record *record)
{
	static const enum vfio_pci_mig_record_type types[] = {
		[MLX5_FRAMING_IMAGE]	= VFIO_PCI_MIG_RECORD_CHUNK,
		[MLX5_FRAMING_SKIP]	= VFIO_PCI_MIG_RECORD_SKIP,
	};
	enum mlx5_framing_kind kind;
	int ret = mlx5_framing_get(header, MLX5_VHCA_MAX_IMAGE, &kind, &record->length);

	if (!ret)
		record->type = types[kind];
	return ret;
}

static const struct vfio_pci_mig_framing mlx5_framing = {
	.header_size	= MLX5_FRAMING_HEADER_SIZE,
	.put_open	= put_open,
	.put_chunk	= put_chunk,
	.get		= get,
};

#define HOOKS								\
	.flags		= VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P |	\
			  VFIO_MIGRATION_PRE_COPY,			\
	.max_chunk	= MLX5_VHCA_MAX_IMAGE,				\
	.framing	= &mlx5_framing,				\
	.suspend	= hook_suspend,					\
	.resume		= hook_resume,					\
	.suspend_p2p	= hook_suspend_p2p,				\
	.resume_p2p	= hook_resume_p2p,				\
	.data_size	= hook_data_size,				\
	.save_begin	= hook_save_begin,				\
	.save_pass	= hook_save_pass,				\
	.save		= hook_save,					\
	.save_end	= hook_save_end,				\
	.precopy_dirty	= hook_precopy_dirty,				\
	.load_begin	= hook_load_begin,				\
	.load		= hook_load,					\
	.load_end	= hook_load_end,				\
	.chunk_map	= hook_chunk_map,				\
	.chunk_unmap	= hook_chunk_unmap

static const struct vfio_pci_migration_ops ops_with_log = {
	HOOKS,
	.log_start	= hook_log_start,
	.log_stop	= hook_log_stop,
	.log_sync	= hook_log_sync,
};

static const struct vfio_pci_migration_ops ops_without_log = { HOOKS };

int mlx5_migration_init(struct mlx5_vfio_pci_device *device)
{
	struct mlx5_vhca *vhca = &device->vhca;
	bool logs;

	scoped_guard(mutex, &vhca->lock)
		logs = vhca->mdev && mlx5_tracker_supported(vhca->mdev);
	return vfio_pci_migration_init(&device->core, logs ? &ops_with_log : &ops_without_log);
}
