// SPDX-License-Identifier: GPL-2.0-only
/*
 * What transport/ is in the simulator: here a call is a message, and memory an array.
 */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/pci_regs.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"

#define MOST 8

struct vfu {
	const struct vfu_ops *ops;
	struct vfu_info info;
	void *data;
	char name[16];
	unsigned int interrupts[VFU_MAX_VECTORS];
};

uint8_t memory[MEMORY_SIZE];
struct card *card;
struct blk *disks[2];
int disk_image;
static struct vfu functions[MOST];
static unsigned int n_functions, count, failed;
static uint64_t memory_used = 1 << 16;

void result(bool good, const char *name)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++count, name);
	fflush(stdout);
	failed += !good;
}

struct vfu *vfu_create(const char *path, const struct vfu_ops *ops, const struct vfu_info *info,
		       void *data)
{
	struct vfu *vfu = &functions[n_functions++];

	vfu->ops = ops;
	vfu->info = *info;
	vfu->data = data;
	snprintf(vfu->name, sizeof(vfu->name), "%.15s", strrchr(path, '/') + 1);
	return vfu;
}

void vfu_destroy(struct vfu *vfu)
{
	(void)vfu;
}

void *vfu_data(struct vfu *vfu)
{
	return vfu->data;
}

bool vfu_is_attached(struct vfu *vfu)
{
	return vfu;
}

bool vfu_dma_read(struct vfu *vfu, uint64_t address, void *data, size_t size)
{
	(void)vfu;
	if (address > MEMORY_SIZE || size > MEMORY_SIZE - address)
		return false;
	memcpy(data, memory + address, size);
	return true;
}

bool vfu_dma_write(struct vfu *vfu, uint64_t address, const void *data, size_t size)
{
	(void)vfu;
	if (address > MEMORY_SIZE || size > MEMORY_SIZE - address)
		return false;
	memcpy(memory + address, data, size);
	return true;
}

bool vfu_trigger(struct vfu *vfu, unsigned int vector)
{
	if (vector >= vfu->info.vectors)
		return false;
	vfu->interrupts[vector]++;
	return true;
}

void vfu_assert(struct vfu *vfu, bool level)
{
	(void)vfu;
	(void)level;
}

struct vfu *function(const char *name)
{
	for (unsigned int i = 0; i < n_functions; i++)
		if (!strcmp(functions[i].name, name))
			return &functions[i];
	abort();
}

void bar_write(struct vfu *vfu, uint64_t at, uint32_t value, unsigned int bytes)
{
	vfu->ops->access(vfu, 0, at, &value, bytes, true);
}

uint32_t bar_read(struct vfu *vfu, uint64_t at, unsigned int bytes)
{
	uint32_t value = 0;

	vfu->ops->access(vfu, 0, at, &value, bytes, false);
	return value;
}

void config_get(struct vfu *vfu, unsigned int at, void *to, unsigned int bytes)
{
	vfu->ops->access(vfu, VFU_CONFIG, at, to, bytes, false);
}

void config_write16(struct vfu *vfu, unsigned int at, uint16_t value)
{
	value = htole16(value);
	vfu->ops->access(vfu, VFU_CONFIG, at, &value, sizeof(value), true);
}

unsigned int interrupts(struct vfu *vfu, unsigned int vector)
{
	return vfu->interrupts[vector];
}

void function_reset(struct vfu *vfu)
{
	vfu->ops->reset(vfu);
	config_write16(vfu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

/* Pages of zeros, which nobody gives back. */
uint64_t memory_new(size_t size)
{
	uint64_t at = memory_used;

	memory_used += (size + 4095) & ~4095ULL;
	if (memory_used > MEMORY_SIZE)
		abort();
	return at;
}

int main(int argc, char **argv)
{
	const struct options options = { .vfs = 2, .memory = 2, .rate = 0, .chunk = 1 };
	unsigned int seconds = argc > 1 ? atoi(argv[1]) : 10;
	char image[64];

	disk_image = memfd_create("image", 0);
	if (loop_init() || disk_image < 0 || ftruncate(disk_image, 1 << 20))
		return 1;
	card = card_new(&options, "/");
	snprintf(image, sizeof(image), "/proc/self/fd/%d", disk_image);
	for (unsigned int i = 0; card && i < 2; i++) {
		disks[i] = blk_new(image, i ? "/blk1" : "/blk0", 1, 0, 1);
		if (!disks[i] || card_emulate(card, &disks[i]->vhca, &disks[i]->pci))
			return 1;
		function_reset(function(i ? "blk1" : "blk0"));
	}
	test_card();
	test_migration();
	test_disk();
	test_liar();
	test_track();
	test_noise(seconds, argc > 2 ? atoi(argv[2]) : 1);
	blk_free(disks[0]);
	blk_free(disks[1]);
	card_free(card);
	printf("1..%u\n", count);
	return failed > 0;
}
