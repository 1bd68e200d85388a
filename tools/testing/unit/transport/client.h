/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client of the vfio-user server in the same process, and a device that remembers what it was
 * asked.
 */
#ifndef UNIT_CLIENT_H
#define UNIT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../sim/transport/loop.h"
#include "../../sim/transport/vfu.h"
#include "../../sim/transport/wire.h"

#define BAR_SIZE	0x10000
#define CONFIG_SIZE	0x1000
#define VECTORS		8

extern struct vfu *device;
extern uint8_t device_bar[BAR_SIZE];
extern unsigned int device_resets, device_bad;
extern int client;

void result(bool good, const char *name);
unsigned int results_failed(void);
unsigned int results_count(void);

void device_start(void);
void client_connect(void);
void client_close(void);
void client_hello(void);
bool client_hung_up(void);
bool client_send(const void *bytes, size_t size, const int *fds, unsigned int n_fds);
size_t client_receive(void *bytes, size_t size);
int client_ask(unsigned int command, const void *payload, size_t size, int fd, void *answer,
	       size_t answer_size);

void test_behaviour(void);
void test_noise(unsigned int seconds, unsigned int seed);

#endif /* UNIT_CLIENT_H */
