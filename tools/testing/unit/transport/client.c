// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"

#define SOCKET_TEMPLATE "/tmp/transport-XXXXXX"

static char socket_path[sizeof(SOCKET_TEMPLATE)] = SOCKET_TEMPLATE;
static unsigned int count, failed;

struct vfu *device;
uint8_t device_bar[BAR_SIZE];
unsigned int device_resets, device_bad;
int client = -1;

void result(bool good, const char *name)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++count, name);
	fflush(stdout);
	failed += !good;
}

unsigned int results_failed(void)
{
	return failed;
}

unsigned int results_count(void)
{
	return count;
}

/* What the server promises to its devices is checked here, whoever the client is. */
static void on_access(struct vfu *vfu, unsigned int region, uint64_t offset, void *data,
		      size_t size, bool write)
{
	uint64_t limit = region == VFU_CONFIG ? CONFIG_SIZE : region == 0 ? BAR_SIZE : 0;

	(void)vfu;
	if (!size || offset >= limit || size > limit - offset) {
		device_bad++;
		return;
	}
	if (region == VFU_CONFIG)
		return;
	if (write)
		memcpy(device_bar + offset, data, size);
	else
		memcpy(data, device_bar + offset, size);
}

static void on_reset(struct vfu *vfu)
{
	(void)vfu;
	device_resets++;
}

void device_start(void)
{
	static const struct vfu_ops ops = { .access = on_access, .reset = on_reset };
	const struct vfu_info info = {
		.region_size = { [0] = BAR_SIZE, [VFU_CONFIG] = CONFIG_SIZE },
		.vectors = VECTORS,
		.intx = true,
	};

	if (close(mkstemp(socket_path)) || loop_init())
		exit(1);
	device = vfu_create(socket_path, &ops, &info, NULL);
	if (!device) {
		perror("vfu_create");
		exit(1);
	}
}

void client_connect(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	client_close();
	memcpy(address.sun_path, socket_path, sizeof(socket_path));
	client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(client, (struct sockaddr *)&address, sizeof(address)))
		exit(1);
	while (!vfu_is_attached(device))
		loop_once(10);
}

void client_close(void)
{
	if (client < 0)
		return;
	close(client);
	client = -1;
	while (vfu_is_attached(device))
		loop_once(10);
}

static void settle(void)
{
	while (loop_once(0) > 0)
		;
}

bool client_hung_up(void)
{
	settle();
	return !vfu_is_attached(device);
}

/* Sends, and lets the server see to it.  False if the server has hung up. */
bool client_send(const void *bytes, size_t size, const int *fds, unsigned int n_fds)
{
	union {
		struct cmsghdr first;
		char room[CMSG_SPACE(64 * sizeof(int))];
	} control = {};
	const uint8_t *at = bytes;

	while (size) {
		struct iovec iov = { .iov_base = (void *)at, .iov_len = size };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
		ssize_t sent;

		if (n_fds) {
			struct cmsghdr *part = &control.first;

			msg.msg_control = &control;
			msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
			part->cmsg_level = SOL_SOCKET;
			part->cmsg_type = SCM_RIGHTS;
			part->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
			memcpy(CMSG_DATA(part), fds, n_fds * sizeof(int));
		}
		sent = sendmsg(client, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN)
			return false;
		if (sent > 0) {
			at += sent;
			size -= sent;
			n_fds = 0;
		}
		settle();
		if (sent < 0 && client_hung_up())
			return false;
		/* Whoever sends and never reads is not listened to either. */
		if (sent < 0)
			return true;
	}
	return true;
}

size_t client_receive(void *bytes, size_t size)
{
	size_t have = 0;

	while (have < size) {
		ssize_t got = recv(client, (uint8_t *)bytes + have, size - have, MSG_DONTWAIT);

		if (got > 0)
			have += got;
		else if (!loop_once(0))
			break;
	}
	return have;
}

/* One command and its answer.  Return: 0, a negative errno, or 1 if there was none. */
int client_ask(unsigned int command, const void *payload, size_t size, int fd, void *answer,
	       size_t answer_size)
{
	uint8_t message[8192];
	struct wire_header header = {
		.id = 77, .command = command, .size = sizeof(header) + size,
	};

	memcpy(message, &header, sizeof(header));
	if (size)
		memcpy(message + sizeof(header), payload, size);
	client_send(message, header.size, &fd, fd >= 0);
	if (client_receive(&header, sizeof(header)) < sizeof(header))
		return 1;
	if (header.id != 77 || header.command != command ||
	    (header.flags & WIRE_TYPE) != WIRE_IS_REPLY)
		return 1;
	if (header.flags & WIRE_ERROR)
		return -header.error;
	size = header.size - sizeof(header);
	if (size > sizeof(message) || client_receive(message, size) < size)
		return 1;
	if (answer_size)
		memcpy(answer, message, size < answer_size ? size : answer_size);
	return 0;
}

void client_hello(void)
{
	static const uint8_t hello[] = "\0\0\0\0{\"capabilities\":{\"max_msg_fds\":8}}";
	uint8_t answer[4];

	client_connect();
	if (client_ask(WIRE_VERSION, hello, sizeof(hello), -1, answer, sizeof(answer)))
		exit(1);
}

int main(int argc, char **argv)
{
	unsigned int seconds = argc > 1 ? atoi(argv[1]) : 20;
	unsigned int seed = argc > 2 ? atoi(argv[2]) : 1;

	device_start();
	test_behaviour();
	test_noise(seconds, seed);
	client_close();
	vfu_destroy(device);
	printf("1..%u\n", results_count());
	return results_failed() > 0;
}
