// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page tracker on a disk, and the queues that its reports come by.
 */
#include <endian.h>
#include <string.h>

#include "host.h"

#define MESSAGES	4
#define MESSAGE_BYTES	4096
#define RQ_STRIDE	16
#define RANGE		(32ULL << 20)

static uint64_t completions, receives, doorbell, buffers;
static uint32_t cqn, host_qpn, firmware_qpn, key;

static uint32_t make_cq(uint32_t eqn)
{
	uint8_t in[IFC_BYTES(create_cq_in) + 8] = {};
	uint8_t *context = in + IFC_AT(create_cq_in, cq_context);

	completions = memory_new(4096);
	for (unsigned int i = 0; i < 64; i++)
		memory[completions + i * 64 + 63] = 0xf0;
	IFC_SET(create_cq_in, in, opcode, MLX5_CMD_OP_CREATE_CQ);
	IFC_SET(cqc, context, log_cq_size, 3);
	IFC_SET(cqc, context, c_eqn_or_apu_element, eqn);
	bits_set(in, IFC_BYTES(create_cq_in) * 8, 64, completions);
	return driver_command(&pf, in, sizeof(in), 16) ? bits_get(pf.out, 0x48, 24) : 0;
}

static uint32_t make_qp(bool receiver)
{
	uint8_t in[IFC_BYTES(create_qp_in) + 8] = {};
	uint8_t *context = in + IFC_AT(create_qp_in, qpc);

	IFC_SET(create_qp_in, in, opcode, MLX5_CMD_OP_CREATE_QP);
	IFC_SET(qpc, context, no_sq, 1);
	if (receiver) {
		IFC_SET(qpc, context, cqn_rcv, cqn);
		IFC_SET(qpc, context, log_rq_size, 2);
		IFC_SET(qpc, context, log_rq_stride, 0);
		IFC_SET(qpc, context, dbr_addr, doorbell);
		bits_set(in, IFC_BYTES(create_qp_in) * 8, 64, receives);
	}
	return driver_command(&pf, in, sizeof(in), 16) ? bits_get(pf.out, 0x48, 24) : 0;
}

static bool connect_qp(uint32_t qpn, uint32_t remote)
{
	uint8_t in[IFC_BYTES(init2rtr_qp_in)] = {};
	uint8_t *context = in + IFC_AT(init2rtr_qp_in, qpc);
	bool good;

	good = driver_simple(&pf, MLX5_CMD_OP_RST2INIT_QP, 0, qpn);
	IFC_SET(init2rtr_qp_in, in, opcode, MLX5_CMD_OP_INIT2RTR_QP);
	IFC_SET(init2rtr_qp_in, in, qpn, qpn);
	IFC_SET(qpc, context, remote_qpn, remote);
	return good && driver_command(&pf, in, sizeof(in), 16) &&
	       driver_simple(&pf, MLX5_CMD_OP_RTR2RTS_QP, 0, qpn);
}

static void post_receives(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		uint8_t *entry = memory + receives + i % MESSAGES * RQ_STRIDE;

		bits_set(entry, 0, 32, MESSAGE_BYTES);
		bits_set(entry, 32, 32, key);
		bits_set(entry, 64, 64, i % MESSAGES * MESSAGE_BYTES);
	}
	bits_set(memory + doorbell, 0, 32, count);
}

static uint32_t make_tracker(unsigned int vhca, uint64_t length)
{
	uint8_t in[IFC_BYTES(create_page_track_obj_in) + IFC_BYTES(page_track_range)] = {};
	uint8_t *context = in + IFC_AT(create_page_track_obj_in, obj_context);

	IFC_SET(general_obj_in_cmd_hdr, in, opcode, MLX5_CMD_OP_CREATE_GENERAL_OBJECT);
	IFC_SET(general_obj_in_cmd_hdr, in, obj_type, MLX5_OBJ_TYPE_PAGE_TRACK);
	IFC_SET(page_track, context, vhca_id, vhca);
	IFC_SET(page_track, context, log_page_size, 12);
	IFC_SET(page_track, context, log_msg_size, 12);
	IFC_SET(page_track, context, reporting_qpn, firmware_qpn);
	IFC_SET(page_track, context, num_ranges, 1);
	bits_set(context, sizeof(IFC(page_track)) + 64, 64, length);
	return driver_command(&pf, in, sizeof(in), 16) ?
	       IFC_GET(general_obj_out_cmd_hdr, pf.out, obj_id) : 0;
}

static bool ask(uint32_t id, uint64_t from, uint64_t length)
{
	uint8_t in[IFC_BYTES(modify_page_track_obj_in)] = {};
	uint8_t *context = in + IFC_AT(modify_page_track_obj_in, obj_context);

	IFC_SET(general_obj_in_cmd_hdr, in, opcode, MLX5_CMD_OP_MODIFY_GENERAL_OBJECT);
	IFC_SET(general_obj_in_cmd_hdr, in, obj_type, MLX5_OBJ_TYPE_PAGE_TRACK);
	IFC_SET(general_obj_in_cmd_hdr, in, obj_id, id);
	IFC_SET(page_track, context, range_start_address, from);
	IFC_SET(page_track, context, length, length);
	IFC_SET(page_track, context, state, MLX5_PAGE_TRACK_STATE_REPORTING);
	return driver_command(&pf, in, sizeof(in), 16);
}

static void wait_a_moment(void)
{
	for (unsigned int i = 0; i < 5; i++)
		loop_once(1);
}

static uint32_t cqe(unsigned int index, unsigned int at)
{
	return bits_get(memory + completions + index % 8 * 64, at * 8, 32);
}

static bool arrived(unsigned int index)
{
	uint8_t own = memory[completions + index % 8 * 64 + 63];

	return own >> 4 == 3 && (own & 1) == (index / 8 & 1);
}

static void write_pages(struct pci_function *fn, uint64_t at, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		pci_dma_write(fn, at + i * 4096, "x", 1);
}

void test_track(void)
{
	struct pci_function *fn = &disks[0]->pci;
	uint64_t scratch = memory_new(700 * 4096);
	unsigned int before;
	uint32_t eqn, id;

	eqn = driver_eq(&pf, 5, 0);
	receives = memory_new(4096);
	doorbell = memory_new(4096);
	buffers = memory_new(MESSAGES * MESSAGE_BYTES);
	key = driver_mkey(&pf, buffers, MESSAGES * MESSAGE_BYTES);
	cqn = make_cq(eqn);
	host_qpn = make_qp(true);
	firmware_qpn = make_qp(false);
	result(cqn && host_qpn && firmware_qpn && connect_qp(host_qpn, firmware_qpn) &&
	       connect_qp(firmware_qpn, host_qpn), "two queue pairs are connected");
	result(!make_tracker(999, RANGE), "nobody is not tracked");
	id = make_tracker(disks[0]->vhca.id, RANGE);
	result(id, "a disk is tracked");

	write_pages(fn, scratch + 4096, 2);
	pci_dma_write(fn, scratch + 8191, "xy", 2);
	write_pages(fn, RANGE + 4096, 1);
	bar_write(pf.vfu, pf.uar * 4096 + 0x20, 0, 4);
	bar_write(pf.vfu, pf.uar * 4096 + 0x24, htobe32(cqn), 4);
	before = interrupts(pf.vfu, 5);
	result(ask(id, 0, 1ULL << 40), "the tracker is asked for all that there is");
	wait_a_moment();
	result(!arrived(0) && !ask(id, 0, 4096), "it waits until there is a place for the answer");
	post_receives(3);
	wait_a_moment();
	result(arrived(0) && cqe(0, 0x2c) == 16 &&
	       cqe(0, 0x24) >> 28 == MLX5_PAGE_TRACK_STATE_TRACKING,
	       "two pages in range were written to, and that is all");
	result((bits_get(memory + buffers, 0, 64) ^ bits_get(memory + buffers + 8, 0, 64)) ==
	       ((scratch + 4096) ^ (scratch + 8192)), "it says which");
	result(interrupts(pf.vfu, 5) == before + 1, "the driver is told");
	result(ask(id, 0, RANGE), "it can be asked again");
	wait_a_moment();
	result(arrived(1) && !cqe(1, 0x2c), "and nothing has been written to since");

	write_pages(fn, scratch, 700);
	result(ask(id, scratch, 600 * 4096), "many pages");
	wait_a_moment();
	result(arrived(2) && cqe(2, 0x2c) == MESSAGE_BYTES && !arrived(3) &&
	       cqe(2, 0x24) >> 28 == MLX5_PAGE_TRACK_STATE_REPORTING,
	       "a message is no longer than it was said to be");
	post_receives(6);
	wait_a_moment();
	result(arrived(3) && cqe(3, 0x2c) == (600 - 512) * 8 &&
	       cqe(3, 0x24) >> 28 == MLX5_PAGE_TRACK_STATE_TRACKING,
	       "the rest is in the next one");
	result(driver_simple(&pf, MLX5_CMD_OP_DESTROY_QP, 0, host_qpn) && ask(id, 0, RANGE),
	       "a tracker whose receiver is gone is asked");
	wait_a_moment();
	result(card->functions[0].trackers &&
	       object_find(&card->functions[0], OBJECT_PAGE_TRACK, id)->state ==
	       MLX5_PAGE_TRACK_STATE_ERROR, "and is in error");
}
