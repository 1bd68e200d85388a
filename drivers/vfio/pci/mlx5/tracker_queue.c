// SPDX-License-Identifier: GPL-2.0-only
/*
 * A report queue, see tracker_queue.h.
 */

#include <linux/cleanup.h>
#include <linux/interrupt.h>
#include <linux/log2.h>
#include <linux/mlx5/cq.h>
#include <linux/mlx5/qp.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <rdma/ib_verbs.h>

#include "tracker_queue.h"
#include "vhca.h"

#define CQE_SIZE	sizeof(struct mlx5_cqe64)
#define WQE_SIZE	sizeof(struct mlx5_wqe_data_seg)
#define ENTRY_SIZE	MLX5_ST_SZ_BYTES(page_track_report_entry)

/* What a device that reports faster than we read may fill, and how few messages make a queue. */
#define DATA_SIZE	SZ_2M
#define MIN_MESSAGES	4u

/* ---- completion queue ----------------------------------------------------------------------- */

static struct mlx5_cqe64 *cqe_at(struct mlx5_report_queue *queue, u32 index)
{
	return mlx5_frag_buf_get_wqe(&queue->cqes, index & (queue->messages - 1));
}

static void completed(struct mlx5_core_cq *cq, struct mlx5_eqe *eqe)
{
	struct mlx5_report_queue *queue = container_of(cq, struct mlx5_report_queue, cq);

	queue->notify(queue, false);
}

static void cq_event(struct mlx5_core_cq *cq, enum mlx5_event event)
{
	struct mlx5_report_queue *queue = container_of(cq, struct mlx5_report_queue, cq);

	if (event == MLX5_EVENT_TYPE_CQ_ERROR)
		queue->notify(queue, true);
}

static void arm(struct mlx5_report_queue *queue)
{
	mlx5_cq_arm(&queue->cq, MLX5_CQ_DB_REQ_NOT, queue->uar->map, queue->cq.cons_index);
}

static int create_cq(struct mlx5_report_queue *queue)
{
	const size_t size = MLX5_ST_SZ_BYTES(create_cq_in) +
			    queue->cq_memory.npages * sizeof(__be64);
	u32 out[MLX5_ST_SZ_DW(create_cq_out)] = {};
	struct mlx5_core_dev *mdev = queue->mdev;
	void *context;
	int eqn, ret;

	for (u32 i = 0; i < queue->messages; i++)
		cqe_at(queue, i)->op_own = MLX5_CQE_INVALID << 4;

	u32 *in __free(kvfree) = kvzalloc(size, GFP_KERNEL);
	if (!in)
		return -ENOMEM;
	ret = mlx5_comp_eqn_get(mdev, 0, &eqn);
	if (ret)
		return ret;

	context = MLX5_ADDR_OF(create_cq_in, in, cq_context);
	MLX5_SET(cqc, context, log_cq_size, ilog2(queue->messages));
	MLX5_SET(cqc, context, uar_page, queue->uar->index);
	MLX5_SET(cqc, context, c_eqn_or_apu_element, eqn);
	MLX5_SET(cqc, context, log_page_size,
		 queue->cq_memory.page_shift - MLX5_ADAPTER_PAGE_SHIFT);
	MLX5_SET64(cqc, context, dbr_addr, queue->cq_db.dma);
	mlx5_fill_page_frag_array(&queue->cq_memory, MLX5_ADDR_OF(create_cq_in, in, pas));

	queue->cq.cqe_sz = CQE_SIZE;
	queue->cq.set_ci_db = &queue->cq_db.db[0];
	queue->cq.arm_db = &queue->cq_db.db[1];
	queue->cq.comp = completed;
	queue->cq.event = cq_event;
	ret = mlx5_core_create_cq(mdev, &queue->cq, in, size, out, sizeof(out));
	if (!ret)
		arm(queue);
	return ret;
}

static void destroy_cq(struct mlx5_report_queue *queue)
{
	struct mlx5_core_cq *cq = &queue->cq;

	if (!mlx5_core_destroy_cq(queue->mdev, cq))
		return;
	/* Firmware would not, and mlx5_core did not wait for those who found it by an event. */
	synchronize_irq(cq->irqn);
	mlx5_cq_put(cq);
	wait_for_completion(&cq->free);
}

/* ---- queue pairs ---------------------------------------------------------------------------- */

/* With @memory for a receive queue, or NULL for the end that firmware sends on by itself. */
static int create_qp(struct mlx5_report_queue *queue, struct mlx5_frag_buf *memory,
		     struct mlx5_db *db, u32 *number)
{
	const size_t size = MLX5_ST_SZ_BYTES(create_qp_in) +
			    (memory ? memory->npages * sizeof(__be64) : 0);
	u32 out[MLX5_ST_SZ_DW(create_qp_out)] = {};
	void *context;
	int ret;

	u32 *in __free(kvfree) = kvzalloc(size, GFP_KERNEL);
	if (!in)
		return -ENOMEM;

	MLX5_SET(create_qp_in, in, opcode, MLX5_CMD_OP_CREATE_QP);
	context = MLX5_ADDR_OF(create_qp_in, in, qpc);
	MLX5_SET(qpc, context, st, MLX5_QP_ST_RC);
	MLX5_SET(qpc, context, pm_state, MLX5_QP_PM_MIGRATED);
	MLX5_SET(qpc, context, pd, queue->pdn);
	MLX5_SET(qpc, context, uar_page, queue->uar->index);
	MLX5_SET(qpc, context, ts_format, mlx5_get_qp_default_ts(queue->mdev));
	MLX5_SET(qpc, context, no_sq, 1);
	MLX5_SET(qpc, context, rq_type, memory ? MLX5_NON_ZERO_RQ : MLX5_ZERO_LEN_RQ);
	MLX5_SET64(qpc, context, dbr_addr, db->dma);
	if (MLX5_CAP_GEN(queue->mdev, cqe_version) == 1)
		MLX5_SET(qpc, context, user_index, 0xffffff);
	if (memory) {
		MLX5_SET(qpc, context, cqn_rcv, queue->cq.cqn);
		MLX5_SET(qpc, context, log_rq_size, ilog2(queue->messages));
		/* In units of 16 bytes. */
		MLX5_SET(qpc, context, log_rq_stride, ilog2(WQE_SIZE) - 4);
		MLX5_SET(qpc, context, log_page_size, memory->page_shift - MLX5_ADAPTER_PAGE_SHIFT);
		mlx5_fill_page_frag_array(memory, MLX5_ADDR_OF(create_qp_in, in, pas));
	}

	ret = mlx5_cmd_exec(queue->mdev, in, size, out, sizeof(out));
	if (!ret)
		*number = MLX5_GET(create_qp_out, out, qpn);
	return ret;
}

static void destroy_qp(struct mlx5_report_queue *queue, u32 number)
{
	u32 out[MLX5_ST_SZ_DW(destroy_qp_out)] = {};
	u32 in[MLX5_ST_SZ_DW(destroy_qp_in)] = {};

	MLX5_SET(destroy_qp_in, in, opcode, MLX5_CMD_OP_DESTROY_QP);
	MLX5_SET(destroy_qp_in, in, qpn, number);
	mlx5_cmd_exec(queue->mdev, in, sizeof(in), out, sizeof(out));
}

/* The commands that move a queue pair on are laid out alike. */
static_assert(MLX5_BYTE_OFF(rst2init_qp_in, qpc) == MLX5_BYTE_OFF(init2rtr_qp_in, qpc));
static_assert(MLX5_BYTE_OFF(rst2init_qp_in, qpc) == MLX5_BYTE_OFF(rtr2rts_qp_in, qpc));
static_assert(MLX5_ST_SZ_BYTES(rst2init_qp_in) == MLX5_ST_SZ_BYTES(init2rtr_qp_in));
static_assert(MLX5_ST_SZ_BYTES(rst2init_qp_in) == MLX5_ST_SZ_BYTES(rtr2rts_qp_in));

static int move_qp(struct mlx5_report_queue *queue, u16 opcode, u32 number, u32 peer)
{
	u32 out[MLX5_ST_SZ_DW(rst2init_qp_out)] = {};
	u32 in[MLX5_ST_SZ_DW(rst2init_qp_in)] = {};
	void *context = MLX5_ADDR_OF(rst2init_qp_in, in, qpc);

	MLX5_SET(rst2init_qp_in, in, opcode, opcode);
	MLX5_SET(rst2init_qp_in, in, qpn, number);
	MLX5_SET(qpc, context, primary_address_path.vhca_port_num, 1);

	switch (opcode) {
	case MLX5_CMD_OP_RST2INIT_QP:
		MLX5_SET(qpc, context, pm_state, MLX5_QPC_PM_STATE_MIGRATED);
		MLX5_SET(qpc, context, rre, 1);
		MLX5_SET(qpc, context, rwe, 1);
		break;
	case MLX5_CMD_OP_INIT2RTR_QP:
		MLX5_SET(qpc, context, remote_qpn, peer);
		MLX5_SET(qpc, context, mtu, IB_MTU_4096);
		MLX5_SET(qpc, context, log_msg_max, MLX5_CAP_GEN(queue->mdev, log_max_msg));
		MLX5_SET(qpc, context, min_rnr_nak, 1);
		/* Loops back: both ends are the same function. */
		MLX5_SET(qpc, context, primary_address_path.fl, 1);
		break;
	case MLX5_CMD_OP_RTR2RTS_QP:
		/* A receiver that is not ready is waited for as long as it takes (7). */
		MLX5_SET(qpc, context, rnr_retry, 7);
		MLX5_SET(qpc, context, retry_count, 7);
		MLX5_SET(qpc, context, primary_address_path.ack_timeout, 8);
		break;
	}
	return mlx5_cmd_exec(queue->mdev, in, sizeof(in), out, sizeof(out));
}

static void post(struct mlx5_report_queue *queue, unsigned int slot)
{
	struct mlx5_wqe_data_seg *wqe =
		mlx5_frag_buf_get_wqe(&queue->wqes, queue->posted & (queue->messages - 1));

	wqe->byte_count = cpu_to_be32(queue->message_size);
	wqe->lkey = cpu_to_be32(queue->mkey);
	wqe->addr = cpu_to_be64((u64)slot * queue->message_size);
	queue->posted++;
	/* The device reads the entry once it has seen the record. */
	dma_wmb();
	queue->receiver_db.db[MLX5_RCV_DBR] = cpu_to_be32(queue->posted & 0xffff);
}

static int connect(struct mlx5_report_queue *queue)
{
	const struct {
		u16	opcode;
		bool	by_receiver;
	} moves[] = {
		{ MLX5_CMD_OP_RST2INIT_QP, true },
		{ MLX5_CMD_OP_INIT2RTR_QP, true },
		{ MLX5_CMD_OP_RST2INIT_QP, false },
		{ MLX5_CMD_OP_INIT2RTR_QP, false },
		{ MLX5_CMD_OP_RTR2RTS_QP, false },
	};
	int ret;

	for (unsigned int i = 0; i < ARRAY_SIZE(moves); i++) {
		bool ours = moves[i].by_receiver;

		ret = move_qp(queue, moves[i].opcode, ours ? queue->receiver : queue->sender,
			      ours ? queue->sender : queue->receiver);
		if (ret)
			return ret;
		/* Initialised, it takes buffers; before it receives it must have them. */
		for (unsigned int slot = 0; !i && slot < queue->messages; slot++)
			post(queue, slot);
	}
	return 0;
}

/* ---- building ------------------------------------------------------------------------------- */

static int memory(struct mlx5_report_queue *queue, struct mlx5_frag_buf *buf, size_t size)
{
	return mlx5_frag_buf_alloc_node(queue->mdev, size, buf, queue->mdev->priv.numa_node);
}

static int record(struct mlx5_report_queue *queue, struct mlx5_db *db)
{
	return mlx5_db_alloc_node(queue->mdev, db, queue->mdev->priv.numa_node);
}

static int get_uar(struct mlx5_report_queue *queue)
{
	queue->uar = mlx5_get_uars_page(queue->mdev);
	return PTR_ERR_OR_ZERO(queue->uar);
}

static void put_uar(struct mlx5_report_queue *queue)
{
	mlx5_put_uars_page(queue->mdev, queue->uar);
}

static int alloc_pd(struct mlx5_report_queue *queue)
{
	return mlx5_core_alloc_pd(queue->mdev, &queue->pdn);
}

static void dealloc_pd(struct mlx5_report_queue *queue)
{
	mlx5_core_dealloc_pd(queue->mdev, queue->pdn);
}

static int alloc_cq_memory(struct mlx5_report_queue *queue)
{
	int ret = memory(queue, &queue->cq_memory, queue->messages * CQE_SIZE);

	if (!ret)
		mlx5_init_fbc(queue->cq_memory.frags, ilog2(CQE_SIZE), ilog2(queue->messages),
			      &queue->cqes);
	return ret;
}

static void free_cq_memory(struct mlx5_report_queue *queue)
{
	mlx5_frag_buf_free(queue->mdev, &queue->cq_memory);
}

static int alloc_cq_record(struct mlx5_report_queue *queue)
{
	return record(queue, &queue->cq_db);
}

static void free_cq_record(struct mlx5_report_queue *queue)
{
	mlx5_db_free(queue->mdev, &queue->cq_db);
}

static int alloc_data(struct mlx5_report_queue *queue)
{
	return memory(queue, &queue->data, (size_t)queue->messages * queue->message_size);
}

static void free_data(struct mlx5_report_queue *queue)
{
	mlx5_frag_buf_free(queue->mdev, &queue->data);
}

static int create_data_mkey(struct mlx5_report_queue *queue)
{
	struct mlx5_mkey_command command;
	int ret = mlx5_mkey_prepare(&command, queue->pdn, queue->data.npages);

	if (ret)
		return ret;
	mlx5_fill_page_frag_array(&queue->data, command.translations);
	return mlx5_mkey_create(&command, queue->mdev, &queue->mkey);
}

static void destroy_data_mkey(struct mlx5_report_queue *queue)
{
	mlx5_core_destroy_mkey(queue->mdev, queue->mkey);
}

static int alloc_receiver_memory(struct mlx5_report_queue *queue)
{
	int ret = memory(queue, &queue->receiver_memory, queue->messages * WQE_SIZE);

	if (!ret)
		mlx5_init_fbc(queue->receiver_memory.frags, ilog2(WQE_SIZE),
			      ilog2(queue->messages), &queue->wqes);
	return ret;
}

static void free_receiver_memory(struct mlx5_report_queue *queue)
{
	mlx5_frag_buf_free(queue->mdev, &queue->receiver_memory);
}

static int alloc_receiver_record(struct mlx5_report_queue *queue)
{
	return record(queue, &queue->receiver_db);
}

static void free_receiver_record(struct mlx5_report_queue *queue)
{
	mlx5_db_free(queue->mdev, &queue->receiver_db);
}

static int create_receiver(struct mlx5_report_queue *queue)
{
	return create_qp(queue, &queue->receiver_memory, &queue->receiver_db, &queue->receiver);
}

static void destroy_receiver(struct mlx5_report_queue *queue)
{
	destroy_qp(queue, queue->receiver);
}

static int alloc_sender_record(struct mlx5_report_queue *queue)
{
	return record(queue, &queue->sender_db);
}

static void free_sender_record(struct mlx5_report_queue *queue)
{
	mlx5_db_free(queue->mdev, &queue->sender_db);
}

static int create_sender(struct mlx5_report_queue *queue)
{
	return create_qp(queue, NULL, &queue->sender_db, &queue->sender);
}

static void destroy_sender(struct mlx5_report_queue *queue)
{
	destroy_qp(queue, queue->sender);
}

static const struct {
	int	(*build)(struct mlx5_report_queue *queue);
	void	(*undo)(struct mlx5_report_queue *queue);
} steps[] = {
	{ get_uar, put_uar },
	{ alloc_pd, dealloc_pd },
	{ alloc_cq_memory, free_cq_memory },
	{ alloc_cq_record, free_cq_record },
	{ create_cq, destroy_cq },
	{ alloc_data, free_data },
	{ create_data_mkey, destroy_data_mkey },
	{ alloc_receiver_memory, free_receiver_memory },
	{ alloc_receiver_record, free_receiver_record },
	{ create_receiver, destroy_receiver },
	{ alloc_sender_record, free_sender_record },
	{ create_sender, destroy_sender },
	{ connect, NULL },
};

void mlx5_report_queue_destroy(struct mlx5_report_queue *queue)
{
	while (queue->built)
		if (steps[--queue->built].undo)
			steps[queue->built].undo(queue);
}

int mlx5_report_queue_create(struct mlx5_report_queue *queue, unsigned int log_message_size)
{
	int ret;

	queue->message_size = 1u << log_message_size;
	queue->messages = max(DATA_SIZE >> log_message_size, MIN_MESSAGES);

	for (; queue->built < ARRAY_SIZE(steps); queue->built++) {
		ret = steps[queue->built].build(queue);
		if (ret) {
			mlx5_report_queue_destroy(queue);
			return ret;
		}
	}
	return 0;
}

/* ---- receiving ------------------------------------------------------------------------------ */

static struct mlx5_cqe64 *next_cqe(struct mlx5_report_queue *queue)
{
	struct mlx5_cqe64 *cqe = cqe_at(queue, queue->cq.cons_index);
	u8 op_own = READ_ONCE(cqe->op_own);

	/* The owner bit alternates with each round of the queue. */
	if (op_own >> 4 == MLX5_CQE_INVALID ||
	    (op_own & MLX5_CQE_OWNER_MASK) != !!(queue->cq.cons_index & queue->messages))
		return NULL;
	/* The rest of it was written before. */
	dma_rmb();
	return cqe;
}

int mlx5_report_queue_poll(struct mlx5_report_queue *queue, struct mlx5_report *report)
{
	struct mlx5_cqe64 *cqe = next_cqe(queue);
	u32 size;

	if (!cqe) {
		/* What comes between the look and this is seen by the second look. */
		arm(queue);
		cqe = next_cqe(queue);
		if (!cqe)
			return 0;
	}
	if (get_cqe_opcode(cqe) != MLX5_CQE_RESP_SEND_IMM)
		return -EIO;

	/* Once, as the device may change it after the check. */
	size = be32_to_cpu(READ_ONCE(cqe->byte_cnt));
	if (size > queue->message_size)
		return -EIO;
	report->entries = size / ENTRY_SIZE;
	report->state = be32_to_cpu(cqe->immediate) >> 28;
	/* Entries are used in their order, and so are the slots that they name. */
	report->slot = be16_to_cpu(cqe->wqe_counter) & (queue->messages - 1);

	queue->cq.cons_index++;
	mlx5_cq_set_ci(&queue->cq);
	return 1;
}

void mlx5_report_queue_repost(struct mlx5_report_queue *queue, const struct mlx5_report *report)
{
	post(queue, report->slot);
}

u64 mlx5_report_address(struct mlx5_report_queue *queue, const struct mlx5_report *report,
			unsigned int entry)
{
	size_t offset = (size_t)report->slot * queue->message_size + entry * ENTRY_SIZE;
	const void *at = queue->data.frags[offset >> PAGE_SHIFT].buf + offset_in_page(offset);

	return (u64)MLX5_GET(page_track_report_entry, at, dirty_address_high) << 32 |
	       MLX5_GET(page_track_report_entry, at, dirty_address_low);
}
