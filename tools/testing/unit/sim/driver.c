// SPDX-License-Identifier: GPL-2.0-only
/*
 * As little of a driver as there can be: one command at a time.
 */
#include <endian.h>
#include <string.h>

#include "host.h"

#define ENTRY_BYTES	64
#define BLOCK_STRIDE	1024
#define BLOCKS		64

struct driver pf, vf[2];

void driver_attach(struct driver *driver, const char *name)
{
	*driver = (struct driver) { .vfu = function(name) };
	driver->queue = memory_new(4096);
	driver->in_blocks = memory_new(BLOCKS * BLOCK_STRIDE);
	driver->out_blocks = memory_new(BLOCKS * BLOCK_STRIDE);
	bar_write(driver->vfu, 0x10, htobe32(driver->queue >> 32), 4);
	bar_write(driver->vfu, 0x14, htobe32(driver->queue), 4);
}

/* Blocks for what does not fit into the entry; their token is 0x55. */
static uint64_t make_blocks(uint64_t at, const uint8_t *data, uint32_t size)
{
	if (size <= INLINE_BYTES)
		return 0;
	for (uint32_t n = 0, done = INLINE_BYTES; done < size; n++, done += BLOCK_BYTES) {
		uint8_t *block = memory + at + n * BLOCK_STRIDE;
		uint32_t part = size - done < BLOCK_BYTES ? size - done : BLOCK_BYTES;

		memset(block, 0, BLOCK_STRIDE);
		if (data)
			memcpy(block, data + done, part);
		bits_set(block, offsetof(IFC(cmd_if_box), next_pointer_63_32), 64,
			 done + BLOCK_BYTES < size ? at + (n + 1) * BLOCK_STRIDE : 0);
		IFC_SET(cmd_if_box, block, block_number, n);
		IFC_SET(cmd_if_box, block, token, 0x55);
	}
	return at;
}

void driver_post(struct driver *driver, const void *in, uint32_t in_size, uint32_t out_size)
{
	uint8_t *entry = memory + driver->queue + driver->entry * ENTRY_BYTES;

	memset(entry, 0, ENTRY_BYTES);
	entry[0] = 7;
	bits_set(entry, 0x04 * 8, 32, in_size);
	bits_set(entry, 0x08 * 8, 64, make_blocks(driver->in_blocks, in, in_size));
	memcpy(entry + 0x10, in, in_size < INLINE_BYTES ? in_size : INLINE_BYTES);
	bits_set(entry, 0x30 * 8, 64, make_blocks(driver->out_blocks, NULL, out_size));
	bits_set(entry, 0x38 * 8, 32, out_size);
	entry[0x3c] = 0x55;
	entry[0x3f] = 1;
	bar_write(driver->vfu, 0x18, htobe32(1U << driver->entry), 4);
}

/* Return: whether it completed, within some milliseconds. */
bool driver_wait(struct driver *driver)
{
	uint8_t *entry = memory + driver->queue + driver->entry * ENTRY_BYTES;
	uint32_t size = bits_get(entry, 0x38 * 8, 32);

	for (unsigned int i = 0; i < 200 && entry[0x3f] & 1; i++)
		loop_once(1);
	if (entry[0x3f] & 1)
		return false;
	driver->delivery = entry[0x3f] >> 1;
	memset(driver->out, 0, sizeof(driver->out));
	memcpy(driver->out, entry + 0x20, INLINE_BYTES);
	for (uint32_t n = 0, done = INLINE_BYTES; done < size && done < sizeof(driver->out);
	     n++, done += BLOCK_BYTES)
		memcpy(driver->out + done, memory + driver->out_blocks + n * BLOCK_STRIDE,
		       size - done < BLOCK_BYTES ? size - done : BLOCK_BYTES);
	driver->status = IFC_GET(cmd_out, driver->out, status);
	driver->syndrome = IFC_GET(cmd_out, driver->out, syndrome);
	return true;
}

/* Return: whether it completed, and well. */
bool driver_command(struct driver *driver, const void *in, uint32_t in_size, uint32_t out_size)
{
	driver_post(driver, in, in_size, out_size);
	return driver_wait(driver) && !driver->delivery && !driver->status;
}

/* A command of 16 bytes whose third word is @word. */
bool driver_simple(struct driver *driver, unsigned int opcode, unsigned int op_mod, uint32_t word)
{
	uint8_t in[16] = {};

	IFC_SET(cmd_in, in, opcode, opcode);
	IFC_SET(cmd_in, in, op_mod, op_mod);
	bits_set(in, 0x40, 32, word);
	return driver_command(driver, in, sizeof(in), 64);
}

static bool give_pages(struct driver *driver, unsigned int op_mod)
{
	uint8_t in[IFC_BYTES(manage_pages_in) + 8 * 256] = {};
	uint32_t count;

	if (!driver_simple(driver, MLX5_CMD_OP_QUERY_PAGES, op_mod, 0))
		return false;
	count = IFC_GET(query_pages_out, driver->out, num_pages);
	if (!count)
		return true;
	IFC_SET(manage_pages_in, in, opcode, MLX5_CMD_OP_MANAGE_PAGES);
	IFC_SET(manage_pages_in, in, op_mod, 1);
	IFC_SET(manage_pages_in, in, input_num_entries, count);
	for (uint32_t i = 0; i < count; i++)
		bits_set(in, offsetof(IFC(manage_pages_in), pas) + 64 * i, 64, memory_new(4096));
	return driver_command(driver, in, IFC_BYTES(manage_pages_in) + 8 * count, 16);
}

/* All that has to come before the firmware runs. */
bool driver_start(struct driver *driver)
{
	bool good = driver_simple(driver, MLX5_CMD_OP_ENABLE_HCA, 0, 0) &&
		    driver_simple(driver, MLX5_CMD_OP_SET_ISSI, 0, 1) && give_pages(driver, 1) &&
		    give_pages(driver, 2) && driver_simple(driver, MLX5_CMD_OP_INIT_HCA, 0, 0) &&
		    driver_simple(driver, MLX5_CMD_OP_ALLOC_UAR, 0, 0);

	driver->uar = bits_get(driver->out, 0x48, 24);
	return good;
}

/* An event queue of one page, armed. */
uint32_t driver_eq(struct driver *driver, unsigned int vector, uint64_t mask)
{
	uint8_t in[IFC_BYTES(create_eq_in) + 8] = {};
	uint8_t *context = in + IFC_AT(create_eq_in, eq_context_entry);

	driver->eq = memory_new(4096);
	IFC_SET(create_eq_in, in, opcode, MLX5_CMD_OP_CREATE_EQ);
	bits_set(in, offsetof(IFC(create_eq_in), event_bitmask), 64, mask);
	IFC_SET(eqc, context, log_eq_size, 6);
	IFC_SET(eqc, context, intr, vector);
	IFC_SET(eqc, context, uar_page, driver->uar);
	bits_set(in, IFC_BYTES(create_eq_in) * 8, 64, driver->eq);
	if (!driver_command(driver, in, sizeof(in), 16))
		return 0;
	driver->eqn = bits_get(driver->out, 0x48, 24);
	bar_write(driver->vfu, driver->uar * 4096 + 0x40, htobe32(driver->eqn << 24), 4);
	return driver->eqn;
}

/* A key for @size bytes, by a list of its pages. */
uint32_t driver_mkey(struct driver *driver, uint64_t address, size_t size)
{
	uint32_t pages = size / 4096;
	uint32_t in_size = IFC_BYTES(create_mkey_in) + 8 * pages;
	uint8_t in[IFC_BYTES(create_mkey_in) + 8 * 1024] = {};
	uint8_t *context = in + IFC_AT(create_mkey_in, memory_key_mkey_entry);

	IFC_SET(create_mkey_in, in, opcode, MLX5_CMD_OP_CREATE_MKEY);
	IFC_SET(create_mkey_in, in, translations_octword_actual_size, (pages + 1) / 2);
	IFC_SET(mkc, context, access_mode_1_0, 1);
	IFC_SET(mkc, context, lr, 1);
	IFC_SET(mkc, context, lw, 1);
	IFC_SET(mkc, context, log_page_size, 12);
	IFC_SET(mkc, context, len, size);
	for (uint32_t i = 0; i < pages; i++)
		bits_set(in, (IFC_BYTES(create_mkey_in) + 8 * i) * 8, 64, address + 4096 * i);
	return driver_command(driver, in, in_size, 16) ? bits_get(driver->out, 0x48, 24) << 8 : 0;
}
