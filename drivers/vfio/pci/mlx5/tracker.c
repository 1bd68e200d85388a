// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page tracker object of a VHCA, see tracker.h.
 *
 * It collects dirty pages by itself and sends them when it is told to report a range; until the
 * last message of that it is in state REPORTING.  The object may also change state on its own, to
 * ERROR above all, which an event says.
 */

#include <linux/cleanup.h>
#include <linux/interval_tree.h>
#include <linux/log2.h>
#include <linux/mlx5/driver.h>
#include <linux/mlx5/eq.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vfio.h>

#include "tracker.h"
#include "tracker_queue.h"
#include "vhca.h"

/* Of a field of modify_page_track_obj. */
#define SELECT_STATE_AND_RANGE	0x3

/* How long a report may pause; firmware's longest command is allowed as much. */
#define REPORT_TIMEOUT		msecs_to_jiffies(60000)

/*
 * Our receive buffers are no larger than need be, whatever message the device could send, and not
 * so small that there would be more of them than a completion can name.
 */
#define MAX_LOG_MESSAGE		16
#define MIN_LOG_MESSAGE		6

/**
 * struct mlx5_tracker - a tracker that logs
 * @vhca: whose; its lock guards this
 * @queue: where reports come
 * @nb: hears of the object and the queue pairs
 * @id: of the object
 * @page_size: that it logs in
 * @came: something is in the queue; set in interrupt context
 * @changed: the object changed its state; likewise
 * @failed: for good; likewise
 */
struct mlx5_tracker {
	struct mlx5_vhca		*vhca;
	struct mlx5_report_queue	queue;
	struct mlx5_nb			nb;
	u32				id;
	u64				page_size;
	bool				came;
	bool				changed;
	bool				failed;
};

bool mlx5_tracker_supported(struct mlx5_core_dev *mdev)
{
	return MLX5_CAP_GEN(mdev, adv_virtualization);
}

/* ---- events --------------------------------------------------------------------------------- */

static void tracker_set(struct mlx5_tracker *tracker, bool *flag)
{
	/* After what it is about. */
	smp_store_release(flag, true);
	wake_up_all(&tracker->vhca->idle);
}

static void queue_notify(struct mlx5_report_queue *queue, bool failed)
{
	struct mlx5_tracker *tracker = container_of(queue, struct mlx5_tracker, queue);

	tracker_set(tracker, failed ? &tracker->failed : &tracker->came);
}

static int tracker_event(struct notifier_block *nb, unsigned long type, void *data)
{
	struct mlx5_tracker *tracker = mlx5_nb_cof(nb, struct mlx5_tracker, nb);
	struct mlx5_eqe *eqe = data;
	u32 number;

	switch (type) {
	case MLX5_EVENT_TYPE_OBJECT_CHANGE:
		if (be32_to_cpu(eqe->data.obj_change.obj_id) == tracker->id)
			tracker_set(tracker, &tracker->changed);
		break;
	case MLX5_EVENT_TYPE_WQ_CATAS_ERROR:
	case MLX5_EVENT_TYPE_WQ_INVAL_REQ_ERROR:
	case MLX5_EVENT_TYPE_WQ_ACCESS_ERROR:
		number = be32_to_cpu(eqe->data.qp_srq.qp_srq_n) & 0xffffff;
		if (eqe->data.qp_srq.type == MLX5_EVENT_QUEUE_TYPE_QP &&
		    (number == tracker->queue.receiver || number == tracker->queue.sender))
			tracker_set(tracker, &tracker->failed);
		break;
	}
	return NOTIFY_OK;
}

void mlx5_tracker_interrupt(struct mlx5_vhca *vhca)
{
	WRITE_ONCE(vhca->interrupted, true);
	wake_up_all(&vhca->idle);
}

/* ---- the object ----------------------------------------------------------------------------- */

static void put_ranges(void *context, struct rb_root_cached *ranges, u64 *total)
{
	void *at = MLX5_ADDR_OF(page_track, context, track_range);
	struct interval_tree_node *node;

	*total = 0;
	for (node = interval_tree_iter_first(ranges, 0, ULONG_MAX); node;
	     node = interval_tree_iter_next(node, 0, ULONG_MAX)) {
		u64 length = node->last - node->start + 1;

		MLX5_SET64(page_track_range, at, start_address, node->start);
		MLX5_SET64(page_track_range, at, length, length);
		at += MLX5_ST_SZ_BYTES(page_track_range);
		*total += length;
	}
}

static int object_create(struct mlx5_tracker *tracker, struct rb_root_cached *ranges, u32 nr_ranges)
{
	struct mlx5_core_dev *mdev = tracker->vhca->mdev;
	u32 out[MLX5_ST_SZ_DW(general_obj_out_cmd_hdr)] = {};
	u32 max_ranges = MLX5_CAP_ADV_VIRTUALIZATION(mdev, pg_track_max_num_range);
	unsigned int log_space;
	void *header, *context;
	size_t size;
	u64 total;
	int ret;

	if (!max_ranges)
		return -EOPNOTSUPP;
	if (nr_ranges > max_ranges) {
		/* What lies between two ranges is logged as well then. */
		vfio_combine_iova_ranges(ranges, nr_ranges, max_ranges);
		nr_ranges = max_ranges;
	}

	size = MLX5_ST_SZ_BYTES(create_page_track_obj_in) +
	       nr_ranges * MLX5_ST_SZ_BYTES(page_track_range);
	void *in __free(kfree) = kzalloc(size, GFP_KERNEL);
	if (!in)
		return -ENOMEM;

	header = MLX5_ADDR_OF(create_page_track_obj_in, in, general_obj_in_cmd_hdr);
	MLX5_SET(general_obj_in_cmd_hdr, header, opcode, MLX5_CMD_OP_CREATE_GENERAL_OBJECT);
	MLX5_SET(general_obj_in_cmd_hdr, header, obj_type, MLX5_OBJ_TYPE_PAGE_TRACK);

	context = MLX5_ADDR_OF(create_page_track_obj_in, in, obj_context);
	put_ranges(context, ranges, &total);
	log_space = order_base_2(total);
	if (log_space < MLX5_CAP_ADV_VIRTUALIZATION(mdev, pg_track_log_min_addr_space) ||
	    log_space > MLX5_CAP_ADV_VIRTUALIZATION(mdev, pg_track_log_max_addr_space))
		return -EOPNOTSUPP;

	MLX5_SET(page_track, context, vhca_id, tracker->vhca->id);
	/* Of what the function does, rather than what is done to it. */
	MLX5_SET(page_track, context, track_type, 1);
	MLX5_SET(page_track, context, log_addr_space_size, log_space);
	MLX5_SET(page_track, context, log_page_size, ilog2(tracker->page_size));
	MLX5_SET(page_track, context, log_msg_size, ilog2(tracker->queue.message_size));
	MLX5_SET(page_track, context, reporting_qpn, tracker->queue.sender);
	MLX5_SET(page_track, context, num_ranges, nr_ranges);

	ret = mlx5_cmd_exec(mdev, in, size, out, sizeof(out));
	if (!ret)
		tracker->id = MLX5_GET(general_obj_out_cmd_hdr, out, obj_id);
	return ret;
}

static void prepare(struct mlx5_tracker *tracker, void *header, u16 opcode)
{
	MLX5_SET(general_obj_in_cmd_hdr, header, opcode, opcode);
	MLX5_SET(general_obj_in_cmd_hdr, header, obj_type, MLX5_OBJ_TYPE_PAGE_TRACK);
	MLX5_SET(general_obj_in_cmd_hdr, header, obj_id, tracker->id);
}

static void object_destroy(struct mlx5_tracker *tracker)
{
	u32 out[MLX5_ST_SZ_DW(general_obj_out_cmd_hdr)] = {};
	u32 in[MLX5_ST_SZ_DW(general_obj_in_cmd_hdr)] = {};

	prepare(tracker, in, MLX5_CMD_OP_DESTROY_GENERAL_OBJECT);
	mlx5_cmd_exec(tracker->vhca->mdev, in, sizeof(in), out, sizeof(out));
}

static int object_report(struct mlx5_tracker *tracker, u64 iova, u64 length)
{
	u32 out[MLX5_ST_SZ_DW(general_obj_out_cmd_hdr)] = {};
	u32 in[MLX5_ST_SZ_DW(modify_page_track_obj_in)] = {};
	void *context = MLX5_ADDR_OF(modify_page_track_obj_in, in, obj_context);

	prepare(tracker, in, MLX5_CMD_OP_MODIFY_GENERAL_OBJECT);
	MLX5_SET64(page_track, context, modify_field_select, SELECT_STATE_AND_RANGE);
	MLX5_SET(page_track, context, state, MLX5_PAGE_TRACK_STATE_REPORTING);
	MLX5_SET64(page_track, context, range_start_address, iova);
	MLX5_SET64(page_track, context, length, length);
	return mlx5_cmd_exec(tracker->vhca->mdev, in, sizeof(in), out, sizeof(out));
}

static int object_state(struct mlx5_tracker *tracker, unsigned int *state)
{
	u32 out[MLX5_ST_SZ_DW(query_page_track_obj_out)] = {};
	u32 in[MLX5_ST_SZ_DW(general_obj_in_cmd_hdr)] = {};
	int ret;

	prepare(tracker, in, MLX5_CMD_OP_QUERY_GENERAL_OBJECT);
	ret = mlx5_cmd_exec(tracker->vhca->mdev, in, sizeof(in), out, sizeof(out));
	if (!ret)
		*state = MLX5_GET(page_track,
				  MLX5_ADDR_OF(query_page_track_obj_out, out, obj_context), state);
	return ret;
}

/* ---- what others call ----------------------------------------------------------------------- */

void mlx5_tracker_drop(struct mlx5_vhca *vhca)
{
	struct mlx5_tracker *tracker = vhca->tracker;

	lockdep_assert_held(&vhca->lock);
	if (!tracker)
		return;
	vhca->tracker = NULL;
	mlx5_eq_notifier_unregister(vhca->mdev, &tracker->nb);
	object_destroy(tracker);
	mlx5_report_queue_destroy(&tracker->queue);
	kfree(tracker);
}

void mlx5_tracker_stop(struct mlx5_vhca *vhca)
{
	guard(mutex)(&vhca->lock);
	mlx5_tracker_drop(vhca);
}

int mlx5_tracker_start(struct mlx5_vhca *vhca, struct rb_root_cached *ranges, u32 nr_ranges,
		       u64 *page_size)
{
	struct mlx5_core_dev *mdev;
	unsigned int log_message, log_page;
	int ret;

	guard(mutex)(&vhca->lock);
	mdev = vhca->mdev;
	if (!mdev)
		return -ENOTCONN;
	if (vhca->tracker || !*page_size)
		return -EINVAL;
	if (!mlx5_tracker_supported(mdev) ||
	    MLX5_CAP_ADV_VIRTUALIZATION(mdev, pg_track_log_min_msg_size) > MAX_LOG_MESSAGE ||
	    MLX5_CAP_ADV_VIRTUALIZATION(mdev, pg_track_log_max_msg_size) < MIN_LOG_MESSAGE)
		return -EOPNOTSUPP;

	struct mlx5_tracker *tracker __free(kfree) = kzalloc(sizeof(*tracker), GFP_KERNEL_ACCOUNT);
	if (!tracker)
		return -ENOMEM;

	log_page = clamp_t(unsigned int, ilog2(*page_size),
			   MLX5_CAP_ADV_VIRTUALIZATION(mdev, pg_track_log_min_page_size),
			   MLX5_CAP_ADV_VIRTUALIZATION(mdev, pg_track_log_max_page_size));
	tracker->vhca = vhca;
	tracker->page_size = BIT_ULL(log_page);
	tracker->queue.mdev = mdev;
	tracker->queue.notify = queue_notify;
	log_message = min_t(unsigned int, MAX_LOG_MESSAGE,
			    MLX5_CAP_ADV_VIRTUALIZATION(mdev, pg_track_log_max_msg_size));
	ret = mlx5_report_queue_create(&tracker->queue, log_message);
	if (ret)
		return ret;

	ret = object_create(tracker, ranges, nr_ranges);
	if (ret) {
		mlx5_report_queue_destroy(&tracker->queue);
		return ret;
	}

	MLX5_NB_INIT(&tracker->nb, tracker_event, NOTIFY_ANY);
	mlx5_eq_notifier_register(mdev, &tracker->nb);
	*page_size = tracker->page_size;
	vhca->tracker = no_free_ptr(tracker);
	return 0;
}

/* Waits until there is something to look at. */
static int tracker_wait(struct mlx5_tracker *tracker)
{
	struct mlx5_vhca *vhca = tracker->vhca;

	if (!wait_event_timeout(vhca->idle, READ_ONCE(tracker->came) ||
				READ_ONCE(tracker->changed) || READ_ONCE(tracker->failed) ||
				READ_ONCE(vhca->interrupted), REPORT_TIMEOUT))
		return -EIO;
	if (READ_ONCE(vhca->interrupted))
		return -ENOTCONN;
	WRITE_ONCE(tracker->came, false);
	return READ_ONCE(tracker->failed) ? -EIO : 0;
}

/* Where a report goes, and what it was asked about: @first to @last, inclusive. */
struct sink {
	u64	first;
	u64	last;
	void	(*dirty)(void *context, u64 iova, u64 length);
	void	*context;
};

/* A page that was written: what of it is in the range, for what else the device may say. */
static void sink_page(const struct sink *sink, u64 address, u64 page_size)
{
	u64 first = max(address & ~(page_size - 1), sink->first);
	u64 last = min(address | (page_size - 1), sink->last);

	if (first <= last)
		sink->dirty(sink->context, first, last - first + 1);
}

static void tracker_deliver(struct mlx5_tracker *tracker, const struct mlx5_report *report,
			    const struct sink *sink)
{
	for (unsigned int i = 0; i < report->entries; i++)
		sink_page(sink, mlx5_report_address(&tracker->queue, report, i),
			  tracker->page_size);
}

/*
 * The last message of a report says that it is.  An object that was asked after a change may be
 * ahead of its messages, so these are read first.
 */
static int tracker_receive(struct mlx5_tracker *tracker, const struct sink *sink)
{
	unsigned int state = MLX5_PAGE_TRACK_STATE_REPORTING;
	unsigned int asked = state;
	struct mlx5_report report;
	int ret;

	while (state == MLX5_PAGE_TRACK_STATE_REPORTING) {
		ret = mlx5_report_queue_poll(&tracker->queue, &report);
		if (ret < 0)
			return ret;
		if (ret) {
			tracker_deliver(tracker, &report, sink);
			state = report.state;
			mlx5_report_queue_repost(&tracker->queue, &report);
			/* A device that never ends its report must not hold up the PF's removal. */
			if (READ_ONCE(tracker->vhca->interrupted))
				return -ENOTCONN;
			if (fatal_signal_pending(current))
				return -EINTR;
			cond_resched();
			continue;
		}
		if (asked != MLX5_PAGE_TRACK_STATE_REPORTING) {
			state = asked;
			continue;
		}

		ret = tracker_wait(tracker);
		if (!ret && xchg(&tracker->changed, false))
			ret = object_state(tracker, &asked);
		if (ret)
			return ret;
	}
	return state == MLX5_PAGE_TRACK_STATE_TRACKING ? 0 : -EIO;
}

int mlx5_tracker_sync(struct mlx5_vhca *vhca, unsigned long iova, unsigned long length,
		      void (*dirty)(void *context, u64 iova, u64 length), void *context)
{
	const struct sink sink = { iova, iova + length - 1, dirty, context };
	struct mlx5_tracker *tracker;
	int ret;

	guard(mutex)(&vhca->lock);
	tracker = vhca->tracker;
	if (!tracker)
		return vhca->mdev ? -EINVAL : -ENOTCONN;
	if (READ_ONCE(tracker->failed))
		return -EIO;

	ret = object_report(tracker, iova, length);
	if (!ret)
		ret = tracker_receive(tracker, &sink);
	/* A report that was cut short leaves pages out that nobody would ask for again. */
	if (ret)
		WRITE_ONCE(tracker->failed, true);
	return ret;
}
