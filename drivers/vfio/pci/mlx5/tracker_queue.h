/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A report queue: two connected queue pairs of a manager, of which firmware sends on one and we
 * receive on the other.  A message is a list of dirty addresses.
 */
#ifndef MLX5_VFIO_TRACKER_QUEUE_H
#define MLX5_VFIO_TRACKER_QUEUE_H

#include <linux/mlx5/cq.h>
#include <linux/mlx5/driver.h>

struct mlx5_report_queue;

/**
 * struct mlx5_report - a message that came
 * @state: MLX5_PAGE_TRACK_STATE_* of the sender when it sent this
 * @slot: where it is
 * @entries: addresses in it; may be none
 */
struct mlx5_report {
	unsigned int	state;
	unsigned int	slot;
	unsigned int	entries;
};

/**
 * struct mlx5_report_queue - see above
 * @mdev: whose it is
 * @notify: called in interrupt context when the queue has something, or failed for good
 * @built: steps of building that were done
 * @message_size: bytes, a power of two
 * @messages: that can be under way, a power of two
 * @posted: receive buffers given to the device ever
 * @uar: doorbells
 * @pdn: protection domain
 * @cq: completion queue, of @messages entries
 * @cq_memory: its entries, as @cqes addresses them
 * @cq_db: its doorbell record
 * @cqes: see @cq_memory
 * @data: receive buffers, one after the other
 * @mkey: of @data
 * @receiver: our queue pair's number
 * @receiver_memory: its receive queue, as @wqes addresses it
 * @receiver_db: its doorbell record
 * @wqes: see @receiver_memory
 * @sender: firmware's queue pair's number
 * @sender_db: its doorbell record
 */
struct mlx5_report_queue {
	struct mlx5_core_dev		*mdev;
	void				(*notify)(struct mlx5_report_queue *queue, bool failed);
	unsigned int			built;
	unsigned int			message_size;
	unsigned int			messages;
	u32				posted;

	struct mlx5_uars_page		*uar;
	u32				pdn;

	struct mlx5_core_cq		cq;
	struct mlx5_frag_buf		cq_memory;
	struct mlx5_db			cq_db;
	struct mlx5_frag_buf_ctrl	cqes;

	struct mlx5_frag_buf		data;
	u32				mkey;

	u32				receiver;
	struct mlx5_frag_buf		receiver_memory;
	struct mlx5_db			receiver_db;
	struct mlx5_frag_buf_ctrl	wqes;

	u32				sender;
	struct mlx5_db			sender_db;
};

/**
 * mlx5_report_queue_create() - build a queue
 * @queue: zeroed but for @mdev and @notify
 * @log_message_size: of the messages that the sender is told to send
 *
 * Context: sleeps.
 * Return: 0, -ENOMEM, or an errno of a command; then nothing is left of it.
 */
int mlx5_report_queue_create(struct mlx5_report_queue *queue, unsigned int log_message_size);
void mlx5_report_queue_destroy(struct mlx5_report_queue *queue);

/**
 * mlx5_report_queue_poll() - take a message
 * @queue: one thread at a time
 * @report: its description
 *
 * Return: 1 with a message, which mlx5_report_queue_repost() gives back; 0 without, and @notify is
 * called for the next; -EIO if the queue failed.
 */
int mlx5_report_queue_poll(struct mlx5_report_queue *queue, struct mlx5_report *report);
void mlx5_report_queue_repost(struct mlx5_report_queue *queue, const struct mlx5_report *report);

/* The address in an entry of a message. */
u64 mlx5_report_address(struct mlx5_report_queue *queue, const struct mlx5_report *report,
			unsigned int entry);

#endif /* MLX5_VFIO_TRACKER_QUEUE_H */
