// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VF's state goes to another VF, and its driver with it.
 */
#include <endian.h>
#include <string.h>

#include "host.h"

#define BUFFER (4U << 20)

static uint64_t buffer;
static uint32_t key;

static bool suspend(unsigned int vhca)
{
	return driver_simple(&pf, MLX5_CMD_OP_SUSPEND_VHCA, 0, vhca) &&
	       driver_simple(&pf, MLX5_CMD_OP_SUSPEND_VHCA, 1, vhca);
}

static bool resume(unsigned int vhca)
{
	return driver_simple(&pf, MLX5_CMD_OP_RESUME_VHCA, 0, vhca) &&
	       driver_simple(&pf, MLX5_CMD_OP_RESUME_VHCA, 1, vhca);
}

/* Return: room that the next image needs, or -1. */
static int64_t query(unsigned int vhca, bool incremental, bool chunk)
{
	if (!driver_simple(&pf, MLX5_CMD_OP_QUERY_VHCA_MIGRATION_STATE, 0,
			   (uint32_t)incremental << 31 | (uint32_t)chunk << 30 | vhca))
		return -1;
	return IFC_GET(query_vhca_migration_state_out, pf.out, required_umem_size);
}

/* Return: the image's size, or -1. */
static int64_t save(unsigned int vhca, bool incremental, bool track, uint32_t size)
{
	uint8_t in[IFC_BYTES(save_vhca_state_in)] = {};

	IFC_SET(save_vhca_state_in, in, opcode, MLX5_CMD_OP_SAVE_VHCA_STATE);
	IFC_SET(save_vhca_state_in, in, incremental, incremental);
	IFC_SET(save_vhca_state_in, in, set_track, track);
	IFC_SET(save_vhca_state_in, in, vhca_id, vhca);
	IFC_SET(save_vhca_state_in, in, mkey, key);
	IFC_SET(save_vhca_state_in, in, size, size);
	if (!driver_command(&pf, in, sizeof(in), 16))
		return -1;
	return IFC_GET(save_vhca_state_out, pf.out, actual_image_size);
}

static bool load(unsigned int vhca, uint32_t size)
{
	uint8_t in[IFC_BYTES(load_vhca_state_in)] = {};

	IFC_SET(load_vhca_state_in, in, opcode, MLX5_CMD_OP_LOAD_VHCA_STATE);
	IFC_SET(load_vhca_state_in, in, vhca_id, vhca);
	IFC_SET(load_vhca_state_in, in, mkey, key);
	IFC_SET(load_vhca_state_in, in, size, size);
	return driver_command(&pf, in, sizeof(in), 16);
}

static struct vhca *vhca_at(unsigned int id)
{
	return card_vhca(card, id);
}

static bool same(unsigned int a, unsigned int b)
{
	return memory_digest(&vhca_at(a)->memory) == memory_digest(&vhca_at(b)->memory);
}

/* Some pages of it change. */
static void change(unsigned int vhca, uint32_t pages)
{
	struct memory *inner = &vhca_at(vhca)->memory;

	inner->rate = pages * 1000;
	inner->when = loop_now() - 1;
	memory_advance(inner);
	inner->rate = 0;
}

static void test_stopped(unsigned int a, unsigned int b)
{
	unsigned int before, read_up_to;
	int64_t size;

	change(a, 17);
	size = query(a, false, false);
	result(size > (2 << 20) && size < (int64_t)BUFFER, "a state is as large as it has to be");
	result(save(a, false, false, size) < 0 && pf.status == STATUS_BAD_RES_STATE,
	       "a function that runs is not saved just so");
	result(!driver_simple(&pf, MLX5_CMD_OP_SUSPEND_VHCA, 1, a),
	       "the responder is not stopped before the initiator");
	result(suspend(a) && !suspend(a), "a function is stopped once");
	result(save(a, false, false, size - 1) < 0, "too little room is refused");
	driver_post(&vf[0], "\x08\x0d\0\0\0\0\0", 8, 16);
	result(!driver_wait(&vf[0]), "a function that is stopped executes no command");
	size = query(a, false, false);
	result(save(a, false, false, size) == size, "a stopped function is saved whole");
	result(!load(b, size) && pf.status == STATUS_BAD_RES_STATE,
	       "nothing is loaded into a function that runs");
	result(suspend(b) && load(b, size) && same(a, b), "its memory is another's");
	/* The driver is at the other function now. */
	vf[0].vfu = function("vf1");
	before = interrupts(vf[0].vfu, 3);
	result(resume(b) && driver_wait(&vf[0]) && !vf[0].status,
	       "the command that waited is executed there");
	result(interrupts(vf[0].vfu, 3) > before, "its driver gets events there");
	read_up_to = object_find(&card->functions[2], OBJECT_EQ, vf[0].eqn)->producer;
	bar_write(vf[0].vfu, vf[0].uar * 4096 + 0x40, htobe32(vf[0].eqn << 24 | read_up_to), 4);
	before = interrupts(vf[0].vfu, 3);
	result(driver_simple(&vf[0], MLX5_CMD_OP_ALLOC_PD, 0, 0) &&
	       interrupts(vf[0].vfu, 3) == before + 1, "and goes on without a reset");
	result(resume(a), "the one that was left can run, too");
}

static void test_incremental(unsigned int a, unsigned int b)
{
	int64_t size, total = 0;
	bool good = true;

	function_reset(function("vf0"));
	result(query(a, true, false) < 0, "nothing is incremental to nothing");
	size = save(a, false, true, BUFFER);
	good = suspend(b) && size > 0 && load(b, size);
	result(good && !query(a, true, false), "nothing has changed since");
	change(a, 5);
	size = query(a, true, false);
	result(size > 5 * 4096 && size < 6 * 4096, "an increment is what has changed");
	size = save(a, true, true, size);
	good = size > 0 && load(b, size);
	result(good && !resume(b), "a function with half a state does not run");
	change(a, 3);
	good = suspend(a);
	size = query(a, true, false);
	result(good && save(a, true, false, size) == size && load(b, size) && same(a, b) &&
	       resume(b), "the last increment completes it");
	result(query(a, true, false) < 0, "and ends the tracking");
	result(resume(a) && save(a, false, true, BUFFER) > 0 && !save(a, false, false, BUFFER) &&
	       query(a, true, false) < 0, "tracking a function that runs can be ended");

	function_reset(function("vf1"));
	change(a, 100);
	good = suspend(a) && suspend(b);
	size = query(a, false, true);
	result(good && size <= 1 << 20, "in chunks, an image is no larger than one");
	for (bool again = false; good && size; again = true) {
		int64_t got = save(a, again, false, size);

		size = IFC_GET(save_vhca_state_out, pf.out, next_required_umem_size);
		good = got > 0 && load(b, got);
		total += got;
	}
	result(good && total > 2 << 20 && same(a, b) && resume(b) && resume(a),
	       "many chunks are a state");
}

static void test_refusals(unsigned int a, unsigned int b)
{
	int64_t size;
	bool good;

	function_reset(function("vf0"));
	function_reset(function("vf1"));
	good = suspend(a) && suspend(b);
	size = query(a, false, false);
	size = save(a, false, false, size);
	memory[buffer + size / 2] ^= 1;
	result(good && size > 0 && !load(b, size) && !resume(b),
	       "an image with one bit wrong is refused, and the function does not run");
	function_reset(function("vf1"));
	result(!vhca_at(b)->suspended, "until it is reset");
	result(suspend(b) && !load(b, size - 4096) && !load(b, 10) && !load(b, 0),
	       "a part of an image is refused");
	result(suspend(disks[0]->vhca.id) && !load(disks[0]->vhca.id, size),
	       "another kind's image is refused");
	result(!driver_simple(&pf, MLX5_CMD_OP_SUSPEND_VHCA, 0, 999), "nobody is not suspended");
	function_reset(function("blk0"));
	function_reset(function("vf0"));
	function_reset(function("vf1"));
}

void test_migration(void)
{
	unsigned int a = card->functions[1].vhca.id, b = card->functions[2].vhca.id;

	buffer = memory_new(BUFFER);
	key = driver_mkey(&pf, buffer, BUFFER);
	result(key, "a key for an image");
	test_stopped(a, b);
	test_incremental(a, b);
	test_refusals(a, b);
}
