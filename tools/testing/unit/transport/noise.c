// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients that do not mean well: messages that are almost right, with numbers near the edges, the
 * wrong descriptors, too little or too much of everything, broken off anywhere.  The sanitizers
 * watch the server, and the device that its promises are kept.
 */
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client.h"

static uint64_t state;

static uint64_t chance(void)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return state >> 20;
}

static uint64_t near_an_edge(void)
{
	static const uint64_t edges[] = {
		0, 1, 8, WIRE_PAGE, BAR_SIZE, CONFIG_SIZE, VECTORS, WIRE_MAX_DATA, WIRE_MAX_SIZE,
		1ULL << 31, 1ULL << 32, 1ULL << 63, UINT64_MAX,
	};
	uint64_t edge = edges[chance() % ARRAY_SIZE(edges)];

	switch (chance() % 4) {
	case 0:
		return edge - 1;
	case 1:
		return edge + WIRE_PAGE;
	case 2:
		return (chance() % 64) * WIRE_PAGE;
	default:
		return edge;
	}
}

static int some_fd(void)
{
	int fd, pipes[2];

	switch (chance() % 4) {
	case 0:
		return eventfd(0, 0);
	case 1:
		if (pipe(pipes))
			return -1;
		close(pipes[0]);
		return pipes[1];
	default:
		fd = memfd_create("noise", 0);
		if (fd >= 0 && ftruncate(fd, (chance() % 64) * WIRE_PAGE))
			perror("ftruncate");
		return fd;
	}
}

/* Return: whether the server still listens. */
static bool one_message(void)
{
	uint8_t message[512] = {};
	struct wire_header header = { .command = 1 + chance() % (WIRE_COMMANDS + 1) };
	unsigned int n_fds = chance() % 3 ? 0 : chance() % 3;
	size_t size = sizeof(header) + chance() % 12 * 8;
	int fds[2];
	bool alive;

	if (header.command == WIRE_VERSION)
		header.command = WIRE_REGION_READ;
	header.size = size;
	if (!(chance() % 64))
		header.size = near_an_edge();
	if (!(chance() % 8))
		header.flags = chance() % 64;
	for (size_t at = sizeof(header); at + 8 <= size; at += 4) {
		uint64_t value = chance() % 2 ? near_an_edge() : chance() % 40;

		memcpy(message + at, &value, sizeof(value));
	}
	memcpy(message, &header, sizeof(header));
	for (unsigned int i = 0; i < n_fds; i++)
		fds[i] = some_fd();
	alive = client_send(message, chance() % 64 ? size : chance() % size + 1, fds, n_fds);
	for (unsigned int i = 0; i < n_fds; i++)
		close(fds[i]);
	if (chance() % 4)
		client_receive(message, sizeof(message));
	/* And the device does what devices do. */
	vfu_dma_read(device, near_an_edge(), message, chance() % sizeof(message));
	vfu_dma_write(device, near_an_edge(), message, chance() % sizeof(message));
	vfu_trigger(device, chance() % (VECTORS + 1));
	return alive && !client_hung_up();
}

void test_noise(unsigned int seconds, unsigned int seed)
{
	uint64_t end = loop_now() + seconds * 1000ULL;
	unsigned long messages = 0, connections = 0;
	bool connected = false;

	state = seed;
	device_bad = 0;
	while (loop_now() < end) {
		if (!connected || !(chance() % 256)) {
			client_hello();
			connections++;
		}
		connected = one_message();
		messages++;
	}
	printf("# %lu messages on %lu connections, seed %u\n", messages, connections, seed);
	result(!device_bad, "no noise gets past the checks to the device");
	client_hello();
	result(vfu_is_attached(device), "and the server still serves");
}
