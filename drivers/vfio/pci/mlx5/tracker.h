/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dirty pages of a VHCA, logged by its manager: a page tracker object that reports through a pair
 * of queue pairs.  tracker.c has the object, tracker_queue.c the queues.
 */
#ifndef MLX5_VFIO_TRACKER_H
#define MLX5_VFIO_TRACKER_H

#include <linux/types.h>

struct mlx5_core_dev;
struct mlx5_vhca;
struct rb_root_cached;

/* Does the manager have page tracker objects? */
bool mlx5_tracker_supported(struct mlx5_core_dev *mdev);

/**
 * mlx5_tracker_start() - log a VHCA's writes
 * @vhca: attached
 * @ranges: interval tree of the I/O virtual addresses to log; they may be merged
 * @nr_ranges: of them, at least one
 * @page_size: what is wished for, and what became of it
 *
 * Context: sleeps; takes the VHCA's lock.
 * Return: 0, -ENOTCONN, -EINVAL while it is on already, -EOPNOTSUPP for ranges beyond what the
 * device can log, -ENOMEM, or mlx5_cmd_exec()'s errno.
 */
int mlx5_tracker_start(struct mlx5_vhca *vhca, struct rb_root_cached *ranges, u32 nr_ranges,
		       u64 *page_size);
/* Takes the lock; harmless when it is off. */
void mlx5_tracker_stop(struct mlx5_vhca *vhca);
/* The same with the lock held. */
void mlx5_tracker_drop(struct mlx5_vhca *vhca);

/**
 * mlx5_tracker_sync() - report what was written since it was reported last
 * @vhca: with a tracker
 * @iova: start of the range asked about
 * @length: its bytes, not 0
 * @dirty: called for each page that was written, with what of it is within the range
 * @context: for @dirty
 *
 * Context: sleeps; takes the VHCA's lock, with which @dirty is called.
 * Return: 0, -EINVAL without a tracker, -ENOTCONN, -EINTR for a thread that is killed, -EIO once
 * the tracker failed.
 */
int mlx5_tracker_sync(struct mlx5_vhca *vhca, unsigned long iova, unsigned long length,
		      void (*dirty)(void *context, u64 iova, u64 length), void *context);

/* Makes mlx5_tracker_sync() in another thread fail soon.  Context: any, without the lock. */
void mlx5_tracker_interrupt(struct mlx5_vhca *vhca);

#endif /* MLX5_VFIO_TRACKER_H */
