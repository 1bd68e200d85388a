/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A host for the simulated card: memory, and calls where QEMU would send messages.
 */
#ifndef UNIT_HOST_H
#define UNIT_HOST_H

#include "../../sim/mlx5/card.h"
#include "../../sim/mlx5/command.h"
#include "../../sim/virtio/blk.h"

#define MEMORY_SIZE	(64U << 20)

extern uint8_t memory[MEMORY_SIZE];
extern struct card *card;
extern struct blk *disks[2];
extern int disk_image;

void result(bool good, const char *name);

/* host.c: a function by its socket's name; memory that nobody else uses */
struct vfu *function(const char *name);
void bar_write(struct vfu *vfu, uint64_t at, uint32_t value, unsigned int bytes);
uint32_t bar_read(struct vfu *vfu, uint64_t at, unsigned int bytes);
void config_get(struct vfu *vfu, unsigned int at, void *to, unsigned int bytes);
void config_write16(struct vfu *vfu, unsigned int at, uint16_t value);
unsigned int interrupts(struct vfu *vfu, unsigned int vector);
void function_reset(struct vfu *vfu);
uint64_t memory_new(size_t size);

/**
 * struct driver - a driver of a function of the card
 * @queue: address of its command queue
 * @entry: of it that is used next
 * @status: of the last command
 * @syndrome: likewise
 * @out: its output
 */
struct driver {
	struct vfu *vfu;
	uint64_t queue;
	unsigned int entry;
	uint8_t delivery;
	uint8_t status;
	uint32_t syndrome;
	uint8_t out[8192];
	uint64_t in_blocks, out_blocks;
	uint32_t uar;
	uint32_t eqn;
	uint64_t eq;
};

void driver_attach(struct driver *driver, const char *name);
void driver_post(struct driver *driver, const void *in, uint32_t in_size, uint32_t out_size);
bool driver_wait(struct driver *driver);
bool driver_command(struct driver *driver, const void *in, uint32_t in_size, uint32_t out_size);
bool driver_simple(struct driver *driver, unsigned int opcode, unsigned int op_mod, uint32_t word);
bool driver_start(struct driver *driver);
uint32_t driver_eq(struct driver *driver, unsigned int vector, uint64_t mask);
uint32_t driver_mkey(struct driver *driver, uint64_t address, size_t size);

extern struct driver pf, vf[2];

void test_card(void);
void test_migration(void);
void test_disk(void);
void test_track(void);
void test_liar(void);
void test_noise(unsigned int seconds, unsigned int seed);

#endif /* UNIT_HOST_H */
