// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtio driver that writes and reads sectors, and is moved to another function meanwhile.
 */
#include <endian.h>
#include <string.h>
#include <unistd.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>

#include "host.h"

#define SIZE 8

static struct vfu *disk;
static uint64_t descriptors, available, used, header, data;
static uint16_t next;

static void setup(void)
{
	static const struct {
		uint16_t at;
		uint8_t bytes;
		uint32_t value;
	} steps[] = {
		{ VIRTIO_PCI_COMMON_STATUS, 1, 0 },
		{ VIRTIO_PCI_COMMON_STATUS, 1, VIRTIO_CONFIG_S_ACKNOWLEDGE |
		  VIRTIO_CONFIG_S_DRIVER },
		{ VIRTIO_PCI_COMMON_GFSELECT, 4, 1 },
		{ VIRTIO_PCI_COMMON_GF, 4, 1 << (VIRTIO_F_VERSION_1 - 32) },
		{ VIRTIO_PCI_COMMON_STATUS, 1, VIRTIO_CONFIG_S_ACKNOWLEDGE |
		  VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK },
		{ VIRTIO_PCI_COMMON_Q_SIZE, 2, SIZE },
		{ VIRTIO_PCI_COMMON_Q_MSIX, 2, 1 },
	};

	descriptors = memory_new(4096);
	available = memory_new(4096);
	used = memory_new(4096);
	header = memory_new(4096);
	data = memory_new(4096);
	for (unsigned int i = 0; i < ARRAY_SIZE(steps); i++)
		bar_write(disk, steps[i].at, steps[i].value, steps[i].bytes);
	bar_write(disk, VIRTIO_PCI_COMMON_Q_DESCLO, descriptors, 4);
	bar_write(disk, VIRTIO_PCI_COMMON_Q_AVAILLO, available, 4);
	bar_write(disk, VIRTIO_PCI_COMMON_Q_USEDLO, used, 4);
	bar_write(disk, VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
	bar_write(disk, VIRTIO_PCI_COMMON_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE |
		  VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK,
		  1);
}

static void describe(unsigned int index, uint64_t address, uint32_t length, uint16_t flags)
{
	struct vring_desc what = { address, length, flags, index + 1 };

	memcpy(memory + descriptors + index * sizeof(what), &what, sizeof(what));
}

/* One request; its status is at the end of the header's page. */
static void post(uint32_t type, uint64_t sector, uint32_t length)
{
	struct virtio_blk_outhdr what = { .type = type, .sector = sector };
	struct vring_avail *ring = (void *)(memory + available);
	bool in = type == VIRTIO_BLK_T_IN;

	memcpy(memory + header, &what, sizeof(what));
	memory[header + 4095] = 0xff;
	describe(0, header, sizeof(what), VRING_DESC_F_NEXT);
	describe(1, data, length, VRING_DESC_F_NEXT | (in ? VRING_DESC_F_WRITE : 0));
	describe(2, header + 4095, 1, VRING_DESC_F_WRITE);
	ring->ring[next % SIZE] = 0;
	ring->idx = ++next;
	bar_write(disk, BLK_NOTIFY, 0, 2);
}

static uint8_t status(void)
{
	return memory[header + 4095];
}

static bool returned(void)
{
	return ((struct vring_used *)(memory + used))->idx == next;
}

static void settle(unsigned int milliseconds)
{
	uint64_t end = loop_now() + milliseconds;

	while (loop_now() < end && !returned())
		loop_once(1);
}

static void test_requests(void)
{
	char bytes[8] = "";

	setup();
	result(bar_read(disk, BLK_DEVICE, 4) == (1 << 20) / 512,
	       "the disk is as large as its image");
	memcpy(memory + data, "sector 7", 8);
	post(VIRTIO_BLK_T_OUT, 7, 512);
	result(returned() && !status() && interrupts(disk, 1) == 1 &&
	       pread(disk_image, bytes, 8, 7 * 512) == 8 && !memcmp(bytes, "sector 7", 8),
	       "a write is in the image");
	memset(memory + data, 0, 512);
	post(VIRTIO_BLK_T_IN, 7, 512);
	result(!status() && !memcmp(memory + data, "sector 7", 8), "a read gets it");
	post(VIRTIO_BLK_T_IN, 2047, 1024);
	result(returned() && status() == VIRTIO_BLK_S_IOERR,
	       "a request beyond the end is an error");
	post(VIRTIO_BLK_T_IN, UINT64_MAX / 512, 512);
	result(status() == VIRTIO_BLK_S_IOERR, "also far beyond it");
	post(99, 0, 512);
	result(status() == VIRTIO_BLK_S_UNSUPP, "an unknown request is not supported");
}

static bool manage(unsigned int opcode, unsigned int op_mod, unsigned int which)
{
	return driver_simple(&pf, opcode, op_mod, disks[which]->vhca.id);
}

/* By the commands, except for the image, which test_migration() has shown. */
static bool move(unsigned int from, unsigned int to)
{
	struct stream counter = {}, image;
	uint8_t bytes[4096];

	if (!manage(MLX5_CMD_OP_SUSPEND_VHCA, 0, from) ||
	    !manage(MLX5_CMD_OP_SUSPEND_VHCA, 0, to) ||
	    !manage(MLX5_CMD_OP_SUSPEND_VHCA, 1, from) || !manage(MLX5_CMD_OP_SUSPEND_VHCA, 1, to))
		return false;
	disks[from]->vhca.ops->save(&disks[from]->vhca, &counter);
	image = (struct stream) { .bytes = bytes, .size = counter.at };
	disks[from]->vhca.ops->save(&disks[from]->vhca, &image);
	image.at = 0;
	return disks[to]->vhca.ops->load(&disks[to]->vhca, &image);
}

static void test_move(void)
{
	bool good;

	disks[0]->delay = 50;
	memcpy(memory + data, "sector 9", 8);
	post(VIRTIO_BLK_T_OUT, 9, 512);
	result(!returned(), "a slow disk takes its time");
	good = move(0, 1);
	result(good && returned() && !status(),
	       "what a function has begun it ends before it stops");
	post(VIRTIO_BLK_T_IN, 7, 512);
	settle(60);
	result(!returned(), "a stopped function takes nothing");
	disk = function("blk1");
	good = manage(MLX5_CMD_OP_RESUME_VHCA, 0, 1) && manage(MLX5_CMD_OP_RESUME_VHCA, 1, 1);
	result(good && returned() && !status() && !memcmp(memory + data, "sector 7", 8),
	       "the other one takes it");
	result(interrupts(disk, 1) >= 1, "and tells the driver");
	post(VIRTIO_BLK_T_IN, 9, 512);
	result(returned() && !memcmp(memory + data, "sector 9", 8), "and finds what was written");
	disks[0]->delay = 0;
	function_reset(function("blk0"));
}

static void test_loop(void)
{
	describe(0, header, 16, VRING_DESC_F_NEXT);
	describe(1, data, 512, VRING_DESC_F_NEXT);
	((struct vring_desc *)(memory + descriptors))[1].next = 0;
	((struct vring_avail *)(memory + available))->idx = ++next;
	bar_write(disk, BLK_NOTIFY, 0, 2);
	result(bar_read(disk, VIRTIO_PCI_COMMON_STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET,
	       "a chain that bites its tail costs the device its driver");
	setup();
	next = 0;
	post(VIRTIO_BLK_T_IN, 9, 512);
	result(returned() && !status(), "which can begin again");
}

static void test_list(void)
{
	disks[0]->pci.gone = false;
	card->emulated[1].bdf = 0x0300;
	result(driver_simple(&pf, 0xb03, 2, 0) && bits_get(pf.out, 0x70, 16) == 2 &&
	       bits_get(pf.out, 0x80, 16) == 0 && bits_get(pf.out, 0xc0, 16) == 0x0300 &&
	       bits_get(pf.out, 0xd0, 16) == disks[1]->vhca.id, "the manager gets a list of disks");
	result(driver_simple(&pf, 0xb03, 0, 0) && !bits_get(pf.out, 0x70, 16),
	       "and an empty one of NVMe functions");
}

void test_disk(void)
{
	disk = function("blk0");
	test_requests();
	test_move();
	test_loop();
	test_list();
}
