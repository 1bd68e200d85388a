// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drivers that have lost their mind: any command with any content, any register, any descriptor.
 * Nothing is expected but that the sanitizers have nothing to say, and that the card is as new
 * after a reset.
 */
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "host.h"

static uint64_t state;

static uint64_t chance(void)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return state >> 20;
}

static void noisy_command(struct driver *driver)
{
	static const uint16_t opcodes[] = {
		0x100, 0x102, 0x103, 0x104, 0x105, 0x107, 0x108, 0x109, 0x115, 0x116, 0x117, 0x118,
		0x119, 0x200, 0x202, 0x301, 0x302, 0x400, 0x401, 0x500, 0x501, 0x502, 0x503, 0x800,
		0x801, 0x802, 0x803, 0x805, 0xb03, 0x80d, 0xa00, 0xa01, 0xa02, 0xa03,
	};
	static uint8_t in[4096];
	uint32_t size = 8 + chance() % (chance() % 4 ? 64 : sizeof(in) - 8);

	for (uint32_t i = 0; i < size; i++)
		in[i] = chance() % 3 ? 0 : chance();
	IFC_SET(cmd_in, in, opcode, opcodes[chance() % ARRAY_SIZE(opcodes)]);
	IFC_SET(cmd_in, in, op_mod, chance() % 4);
	bits_set(in, 0x50, 16, chance() % 4 ? chance() % 4 : 0x100 + chance() % 3);
	driver->entry = chance() % CMD_ENTRIES;
	driver_post(driver, in, size, 8 + chance() % 512);
	for (unsigned int i = 0; i < 4; i++)
		loop_once(0);
}

static void noisy_registers(struct vfu *vfu)
{
	uint64_t limit = vfu_data(vfu) == &disks[0]->pci ? BLK_BAR_SIZE : VF_BAR_SIZE;
	uint64_t at = chance() % (chance() % 2 ? 0x40 : limit - 4);

	/* Not the queue's address: the driver would talk to nobody. */
	if (limit == VF_BAR_SIZE && at >= 0x0d && at < 0x18)
		return;
	bar_write(vfu, at, chance() % 3 ? chance() % 8 : chance(), 1 + chance() % 4);
	bar_read(vfu, at, 1 + chance() % 4);
}

static void noisy_disk(struct vfu *vfu, uint64_t rings)
{
	noisy_registers(vfu);
	for (unsigned int i = 0; i < 4; i++)
		memory[rings + chance() % (3 * 4096)] = chance() % 2 ? chance() : chance() % 4;
	bar_write(vfu, 0x16, 0, 2);
	bar_write(vfu, 0x20, rings, 4);
	bar_write(vfu, 0x28, rings + 4096, 4);
	bar_write(vfu, 0x30, rings + 8192, 4);
	bar_write(vfu, 0x1c, 1, 2);
	bar_write(vfu, 0x14, 0x0f, 1);
	bar_write(vfu, BLK_NOTIFY, 0, 2);
	if (!(chance() % 16))
		bar_write(vfu, 0x14, 0, 1);
}

void test_noise(unsigned int seconds, unsigned int seed)
{
	uint64_t end = loop_now() + seconds * 1000ULL, rings = memory_new(3 * 4096);
	struct vfu *blk = function("blk0");
	unsigned long rounds = 0;

	state = seed;
	driver_attach(&vf[1], "vf0");
	for (; loop_now() < end; rounds++) {
		noisy_command(chance() % 3 ? &pf : &vf[1]);
		noisy_registers(vf[1].vfu);
		noisy_disk(blk, rings);
		if (!(chance() % 512)) {
			function_reset(vf[1].vfu);
			bar_write(vf[1].vfu, 0x10, htobe32(vf[1].queue >> 32), 4);
			bar_write(vf[1].vfu, 0x14, htobe32(vf[1].queue), 4);
		}
	}
	printf("# %lu rounds, seed %u\n", rounds, seed);
	function_reset(function("pf"));
	driver_attach(&pf, "pf");
	result(driver_start(&pf), "after any noise, a reset is enough");
}
