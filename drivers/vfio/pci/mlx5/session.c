// SPDX-License-Identifier: GPL-2.0-only
/*
 * A migration session of a VHCA: a protection domain in the manager, memory keys for the library's
 * chunks, and images moved between the two by SAVE_VHCA_STATE and LOAD_VHCA_STATE.
 *
 * While the VHCA runs, SAVE makes firmware remember what changes from then on (set_track); a later
 * SAVE is then of the changes only (incremental).  In a pass of PRE_COPY one command is one image;
 * the final pass goes on for as long as firmware says that more is to come.
 */

#include <linux/cleanup.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vfio_pci_migration.h>

#include "vhca.h"

/* ---- begin and end -------------------------------------------------------------------------- */

int mlx5_session_map(struct mlx5_vhca *vhca, struct vfio_pci_mig_chunk *chunk,
		     enum dma_data_direction dir)
{
	struct mlx5_buffer *buffer;

	guard(mutex)(&vhca->lock);
	buffer = mlx5_buffer_create(vhca, chunk->pages, DIV_ROUND_UP(chunk->size, PAGE_SIZE), dir);
	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	chunk->driver_data = buffer;
	return 0;
}

void mlx5_session_unmap(struct mlx5_vhca *vhca, struct vfio_pci_mig_chunk *chunk)
{
	guard(mutex)(&vhca->lock);
	mlx5_buffer_destroy(vhca, chunk->driver_data);
	chunk->driver_data = NULL;
}

int mlx5_session_begin(struct mlx5_vhca *vhca)
{
	int ret;

	guard(mutex)(&vhca->lock);
	if (!vhca->mdev)
		return -ENOTCONN;
	ret = mlx5_core_alloc_pd(vhca->mdev, &vhca->pdn);
	if (ret)
		return ret;

	mlx5_cmd_init_async_ctx(vhca->mdev, &vhca->async);
	vhca->tracking = false;
	vhca->spoilt = false;
	vhca->session = true;
	return 0;
}

void mlx5_session_drop(struct mlx5_vhca *vhca)
{
	struct mlx5_buffer *buffer, *next;

	lockdep_assert_held(&vhca->lock);
	if (!vhca->session)
		return;

	vhca->session = false;
	/* Waits for the transfer that is under way, which its completion ends without the lock. */
	mlx5_cmd_cleanup_async_ctx(&vhca->async);
	list_for_each_entry_safe(buffer, next, &vhca->buffers, item)
		mlx5_buffer_disconnect(vhca, buffer);
	mlx5_core_dealloc_pd(vhca->mdev, vhca->pdn);
}

void mlx5_session_end(struct mlx5_vhca *vhca)
{
	guard(mutex)(&vhca->lock);
	mlx5_session_drop(vhca);
}

/* A transfer is either, in the same memory. */
static_assert(MLX5_ST_SZ_BYTES(save_vhca_state_in) == MLX5_ST_SZ_BYTES(load_vhca_state_in));
static_assert(MLX5_ST_SZ_BYTES(save_vhca_state_out) == MLX5_ST_SZ_BYTES(load_vhca_state_out));

/* ---- images --------------------------------------------------------------------------------- */

/* Is the chunk's memory known to the manager that is there now?  Return: its mkey's buffer. */
static struct mlx5_buffer *transfer_buffer(struct mlx5_vhca *vhca, struct vfio_pci_mig_chunk *chunk)
{
	struct mlx5_buffer *buffer = chunk->driver_data;

	lockdep_assert_held(&vhca->lock);
	if (!vhca->session || !buffer || list_empty(&buffer->item))
		return ERR_PTR(-ENOTCONN);
	if (WARN_ON_ONCE(vhca->busy))
		return ERR_PTR(-EBUSY);
	return buffer;
}

/* What the answer of a SAVE means for the chunk. */
static ssize_t saved(struct mlx5_vhca *vhca, struct mlx5_vhca_transfer *transfer, int status)
{
	const void *out = transfer->out;
	struct vfio_pci_mig_chunk *chunk = transfer->chunk;
	size_t size, next;
	int ret;

	/*
	 * Changes came faster than firmware can remember them, for instance.  That ends PRE_COPY's
	 * use, but the function can still be saved whole.
	 */
	if (status == -EREMOTEIO && transfer->keeps_track &&
	    MLX5_GET(save_vhca_state_out, out, status) == MLX5_CMD_STAT_BAD_RES_STATE_ERR) {
		WRITE_ONCE(vhca->spoilt, true);
		return 0;
	}

	ret = mlx5_cmd_check(transfer->mdev, status, transfer->in, transfer->out);
	if (ret)
		return ret;

	size = MLX5_GET(save_vhca_state_out, out, actual_image_size);
	next = MLX5_GET(save_vhca_state_out, out, next_required_umem_size);
	if (size > chunk->size)
		return -EIO;
	if (transfer->keeps_track)
		WRITE_ONCE(vhca->tracking, true);
	else if (vhca->chunked)
		chunk->next = PAGE_ALIGN(next);
	return size;
}

static void transfer_done(int status, struct mlx5_async_work *work)
{
	struct mlx5_vhca_transfer *transfer =
		container_of(work, struct mlx5_vhca_transfer, work);
	struct mlx5_vhca *vhca = container_of(transfer, struct mlx5_vhca, transfer);
	struct vfio_pci_mig_chunk *chunk = transfer->chunk;
	struct mlx5_buffer *buffer = chunk->driver_data;
	ssize_t result;

	dma_sync_sgtable_for_cpu(transfer->mdev->device, &buffer->table, buffer->dir);
	if (transfer->saving)
		result = saved(vhca, transfer, status);
	else
		result = mlx5_cmd_check(transfer->mdev, status, transfer->in, transfer->out);

	/* With what it brought; from here on another may begin. */
	smp_store_release(&vhca->busy, false);
	wake_up_all(&vhca->idle);
	vfio_pci_mig_chunk_done(chunk, result);
}

/* A buffer is mapped for all of a session: it is the device's during a transfer, else the CPU's. */
static ssize_t transfer_start(struct mlx5_vhca *vhca, struct vfio_pci_mig_chunk *chunk, bool saving)
{
	struct mlx5_vhca_transfer *transfer = &vhca->transfer;
	struct mlx5_buffer *buffer = chunk->driver_data;
	int ret;

	transfer->mdev = vhca->mdev;
	transfer->chunk = chunk;
	transfer->saving = saving;
	memset(transfer->out, 0, sizeof(transfer->out));
	vhca->busy = true;
	dma_sync_sgtable_for_device(vhca->mdev->device, &buffer->table, buffer->dir);
	ret = mlx5_cmd_exec_cb(&vhca->async, transfer->in, sizeof(transfer->in), transfer->out,
			       sizeof(transfer->out), transfer_done, &transfer->work);
	if (!ret)
		return -EIOCBQUEUED;
	dma_sync_sgtable_for_cpu(vhca->mdev->device, &buffer->table, buffer->dir);
	vhca->busy = false;
	return ret;
}

static void prepare_save(struct mlx5_vhca *vhca, u32 *in, u32 mkey, size_t size, bool incremental,
			 bool set_track)
{
	memset(in, 0, MLX5_ST_SZ_BYTES(save_vhca_state_in));
	MLX5_SET(save_vhca_state_in, in, opcode, MLX5_CMD_OP_SAVE_VHCA_STATE);
	MLX5_SET(save_vhca_state_in, in, vhca_id, vhca->id);
	MLX5_SET(save_vhca_state_in, in, mkey, mkey);
	MLX5_SET(save_vhca_state_in, in, size, size);
	MLX5_SET(save_vhca_state_in, in, incremental, incremental);
	MLX5_SET(save_vhca_state_in, in, set_track, set_track);
}

ssize_t mlx5_session_save(struct mlx5_vhca *vhca, struct vfio_pci_mig_chunk *chunk)
{
	struct mlx5_vhca_transfer *transfer = &vhca->transfer;
	struct mlx5_buffer *buffer;
	bool incremental = true;

	guard(mutex)(&vhca->lock);
	buffer = transfer_buffer(vhca, chunk);
	if (IS_ERR(buffer))
		return PTR_ERR(buffer);

	/* Further pieces of a final image are changes, to firmware, against the first. */
	if (vhca->pass == VFIO_PCI_MIG_PASS_INITIAL ||
	    (vhca->pass == VFIO_PCI_MIG_PASS_FINAL && vhca->first))
		incremental = vhca->tracking && !vhca->spoilt;
	vhca->first = false;

	transfer->keeps_track = vhca->pass != VFIO_PCI_MIG_PASS_FINAL;
	prepare_save(vhca, transfer->in, buffer->mkey, chunk->size, incremental,
		     transfer->keeps_track);
	return transfer_start(vhca, chunk, true);
}

ssize_t mlx5_session_load(struct mlx5_vhca *vhca, struct vfio_pci_mig_chunk *chunk)
{
	struct mlx5_buffer *buffer;
	u32 *in = vhca->transfer.in;

	guard(mutex)(&vhca->lock);
	buffer = transfer_buffer(vhca, chunk);
	if (IS_ERR(buffer))
		return PTR_ERR(buffer);

	memset(in, 0, sizeof(vhca->transfer.in));
	MLX5_SET(load_vhca_state_in, in, opcode, MLX5_CMD_OP_LOAD_VHCA_STATE);
	MLX5_SET(load_vhca_state_in, in, vhca_id, vhca->id);
	MLX5_SET(load_vhca_state_in, in, mkey, buffer->mkey);
	MLX5_SET(load_vhca_state_in, in, size, chunk->length);
	return transfer_start(vhca, chunk, false);
}

/* ---- sizes ---------------------------------------------------------------------------------- */

/* Whole pages for an image of @size bytes, as far as a command can say so. */
static size_t image_room(u64 size)
{
	return clamp_t(u64, PAGE_ALIGN(size), PAGE_SIZE, MLX5_VHCA_MAX_IMAGE);
}

ssize_t mlx5_session_pass(struct mlx5_vhca *vhca, int pass)
{
	struct mlx5_vhca_sizes sizes;
	bool incremental;
	u64 size;
	int ret;

	guard(mutex)(&vhca->lock);
	if (!vhca->session)
		return -ENOTCONN;

	vhca->pass = pass;
	vhca->first = true;
	incremental = vhca->tracking && !vhca->spoilt;
	if (pass == VFIO_PCI_MIG_PASS_DELTA && !incremental)
		return 0;

	ret = mlx5_vhca_query(vhca, incremental, &sizes);
	if (ret)
		return ret;

	size = sizes.required;
	if (pass == VFIO_PCI_MIG_PASS_DELTA && !size)
		return 0;
	if (vhca->chunked)
		size = max(size, min_t(u64, sizes.total, MLX5_VHCA_CHUNK));
	else if (pass != VFIO_PCI_MIG_PASS_FINAL)
		size += size / 10;	/* The function runs on until the SAVE. */
	/* A final SAVE there is in any case: it ends the tracking. */
	return image_room(size);
}

int mlx5_session_dirty(struct mlx5_vhca *vhca, u64 *bytes)
{
	struct mlx5_vhca_sizes sizes;
	int ret;

	guard(mutex)(&vhca->lock);
	if (!vhca->session)
		return -ENOTCONN;
	*bytes = 0;
	if (!vhca->tracking || vhca->spoilt)
		return 0;

	ret = mlx5_vhca_query(vhca, true, &sizes);
	if (!ret)
		*bytes = sizes.total;
	return ret;
}

/* A SAVE without tracking ends it, and takes an image that nobody wants. */
int mlx5_session_untrack(struct mlx5_vhca *vhca)
{
	u32 out[MLX5_ST_SZ_DW(save_vhca_state_out)] = {};
	u32 in[MLX5_ST_SZ_DW(save_vhca_state_in)];
	struct mlx5_vhca_sizes sizes;
	struct mlx5_buffer *buffer;
	unsigned long got, count;
	int ret;

	guard(mutex)(&vhca->lock);
	/* Without a manager there is nothing that could still be done. */
	if (!vhca->session || !vhca->tracking)
		return 0;

	ret = mlx5_vhca_query(vhca, true, &sizes);
	if (ret)
		return ret;

	count = PHYS_PFN(image_room(sizes.required));
	struct page **pages __free(kvfree) = kvcalloc(count, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return -ENOMEM;

	ret = -ENOMEM;
	got = alloc_pages_bulk_array(GFP_KERNEL_ACCOUNT, count, pages);
	while (got < count) {
		pages[got] = alloc_page(GFP_KERNEL_ACCOUNT);
		if (!pages[got])
			goto out;
		got++;
	}

	buffer = mlx5_buffer_create(vhca, pages, count, DMA_FROM_DEVICE);
	ret = PTR_ERR_OR_ZERO(buffer);
	if (ret)
		goto out;

	prepare_save(vhca, in, buffer->mkey, count << PAGE_SHIFT, false, false);
	ret = mlx5_cmd_exec(vhca->mdev, in, sizeof(in), out, sizeof(out));
	vhca->tracking = false;
	mlx5_buffer_destroy(vhca, buffer);
out:
	while (got)
		__free_page(pages[--got]);
	return ret;
}
