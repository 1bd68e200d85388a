// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets, and messages in and out of them.  A client that sends half a message, does not read its
 * replies or never ends holds up nobody but itself: reads and writes never block, no further
 * message is read while a reply is on its way, and clients take turns.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vfu_priv.h"

/* Pieces that a client is read at a time; what it sent beyond that is for the loop's next round. */
#define TURNS 64

static void close_fds(struct message *message)
{
	for (unsigned int i = 0; i < message->n_fds; i++)
		if (message->fds[i] >= 0)
			close(message->fds[i]);
	message->n_fds = 0;
}

/* The client is gone, or has to go: take back what it gave us.  The device's state stays. */
static void hang_up(struct vfu *vfu)
{
	if (vfu->connection.fd < 0)
		return;
	loop_forget(&vfu->connection);
	close(vfu->connection.fd);
	vfu->connection.fd = -1;
	close_fds(&vfu->in);
	vfu->have = 0;
	vfu->out_size = 0;
	irq_release(&vfu->irqs);
	dma_unmap_everything(&vfu->space);
	if (vfu->ops->attached)
		vfu->ops->attached(vfu, false);
}

/* Descriptors come with whatever bytes; all of them belong to the message that is arriving. */
static bool take_fds(struct message *message, struct msghdr *msg)
{
	bool good = !(msg->msg_flags & MSG_CTRUNC);

	for (struct cmsghdr *part = CMSG_FIRSTHDR(msg); part; part = CMSG_NXTHDR(msg, part)) {
		unsigned int count;

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (unsigned int i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(fd));
			if (message->n_fds < WIRE_MAX_FDS) {
				message->fds[message->n_fds++] = fd;
			} else {
				close(fd);
				good = false;
			}
		}
	}
	return good;
}

/* Receive up to @want bytes.  Return: how many; 0: not now; -1: the connection is over. */
static ssize_t receive(struct vfu *vfu, void *to, size_t want)
{
	union {
		struct cmsghdr first;
		char room[CMSG_SPACE(WIRE_MAX_FDS * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = to, .iov_len = want };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t got = recvmsg(vfu->connection.fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (!take_fds(&vfu->in, &msg) || !got)
		return -1;
	return got;
}

static bool send_rest(struct vfu *vfu)
{
	while (vfu->out_sent < vfu->out_size) {
		ssize_t sent = send(vfu->connection.fd, vfu->out_buffer + vfu->out_sent,
				    vfu->out_size - vfu->out_sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno == EAGAIN)
			return !loop_change(&vfu->connection, EPOLLOUT);
		if (sent < 0 && errno != EINTR)
			return false;
		vfu->out_sent += sent < 0 ? 0 : sent;
	}
	vfu->out_size = 0;
	return true;
}

static bool answer(struct vfu *vfu, int error, size_t size)
{
	struct wire_header header = {
		.id = vfu->in.header.id,
		.command = vfu->in.header.command,
		.size = sizeof(header) + (error ? 0 : size),
		.flags = WIRE_IS_REPLY | (error ? WIRE_ERROR : 0),
		.error = -error,
	};

	if (vfu->in.header.flags & WIRE_NO_REPLY)
		return true;
	memcpy(vfu->out_buffer, &header, sizeof(header));
	vfu->out_size = header.size;
	vfu->out_sent = 0;
	return send_rest(vfu);
}

/* A message is complete.  Return: whether the connection goes on. */
static bool process(struct vfu *vfu)
{
	struct reply reply = { .payload = vfu->out_buffer + sizeof(struct wire_header) };
	bool first = !vfu->versioned;
	bool going;
	int error;

	vfu->in.payload = vfu->in_buffer;
	vfu->in.size = vfu->in.header.size - sizeof(vfu->in.header);
	vfu->have = 0;
	if ((vfu->in.header.flags & WIRE_TYPE) != WIRE_IS_COMMAND)
		return false;
	error = vfu_command(vfu, &vfu->in, &reply);
	close_fds(&vfu->in);
	going = answer(vfu, error, reply.size);
	/* Who cannot even say what it speaks is not talked to. */
	return going && !(first && error);
}

static void on_connection(struct loop_source *source, uint32_t events)
{
	struct vfu *vfu = source->data;
	bool going = !(events & EPOLLERR);

	if (going && vfu->out_size) {
		going = send_rest(vfu) && (vfu->out_size || !loop_change(source, EPOLLIN));
		events = 0;
	}
	for (unsigned int i = 0; i < TURNS && going && events && !vfu->out_size; i++) {
		size_t head = sizeof(vfu->in.header);
		uint8_t *to = (uint8_t *)&vfu->in.header + vfu->have;
		size_t want = head - vfu->have;
		ssize_t got;

		if (vfu->have >= head) {
			to = vfu->in_buffer + vfu->have - head;
			want = vfu->in.header.size - vfu->have;
		}
		got = receive(vfu, to, want);
		if (!got)
			return;
		going = got > 0;
		vfu->have += going ? got : 0;
		if (going && vfu->have == head &&
		    (vfu->in.header.size < head || vfu->in.header.size > WIRE_MAX_SIZE))
			going = false;
		if (going && vfu->have >= head && vfu->have == vfu->in.header.size)
			going = process(vfu);
	}
	if (!going)
		hang_up(vfu);
}

static void on_client(struct loop_source *source, uint32_t events)
{
	struct vfu *vfu = source->data;
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	if (vfu->connection.fd >= 0) {
		/* A function has one client; a second one is shown the door. */
		close(fd);
		return;
	}
	vfu->versioned = false;
	vfu->connection = (struct loop_source) { .fd = fd, .ready = on_connection, .data = vfu };
	if (loop_watch(&vfu->connection, EPOLLIN)) {
		close(fd);
		vfu->connection.fd = -1;
		return;
	}
	if (vfu->ops->attached)
		vfu->ops->attached(vfu, true);
}

static int listen_on(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 1)) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/**
 * vfu_create() - offer a function
 * @path: of its socket, which is made; a file of that name is removed
 * @ops: of the device; must live as long as the function
 * @info: of the device
 * @data: for vfu_data()
 *
 * Return: the function, or NULL with errno set.
 */
struct vfu *vfu_create(const char *path, const struct vfu_ops *ops, const struct vfu_info *info,
		       void *data)
{
	struct vfu *vfu = calloc(1, sizeof(*vfu));

	if (!vfu)
		return NULL;
	vfu->ops = ops;
	vfu->info = *info;
	vfu->data = data;
	vfu->connection.fd = -1;
	vfu->listener = (struct loop_source) { .fd = -1, .ready = on_client, .data = vfu };
	vfu->path = strdup(path);
	vfu->in_buffer = malloc(WIRE_MAX_SIZE);
	vfu->out_buffer = malloc(WIRE_MAX_SIZE + sizeof(struct wire_header));
	if (!vfu->path || !vfu->in_buffer || !vfu->out_buffer ||
	    irq_init(&vfu->irqs, info)) {
		errno = ENOMEM;
	} else {
		vfu->listener.fd = listen_on(path);
		if (vfu->listener.fd >= 0 && !loop_watch(&vfu->listener, EPOLLIN))
			return vfu;
	}
	vfu_destroy(vfu);
	return NULL;
}

/** vfu_destroy() - hang up and take the function away; NULL is allowed */
void vfu_destroy(struct vfu *vfu)
{
	if (!vfu)
		return;
	hang_up(vfu);
	if (vfu->listener.fd >= 0) {
		loop_forget(&vfu->listener);
		close(vfu->listener.fd);
		unlink(vfu->path);
	}
	irq_free(&vfu->irqs);
	free(vfu->in_buffer);
	free(vfu->out_buffer);
	free(vfu->path);
	free(vfu);
}

/** vfu_data() - what vfu_create() was given */
void *vfu_data(struct vfu *vfu)
{
	return vfu->data;
}

/** vfu_is_attached() - whether there is a client */
bool vfu_is_attached(struct vfu *vfu)
{
	return vfu->connection.fd >= 0;
}

/**
 * vfu_dma_read() - read from the client's memory
 * @address: as the client's IOMMU maps it for this function
 *
 * Return: whether all of it was mapped for reading.
 */
bool vfu_dma_read(struct vfu *vfu, uint64_t address, void *data, size_t count)
{
	return dma_copy(&vfu->space, address, data, count, false);
}

/**
 * vfu_dma_write() - write to the client's memory
 *
 * Return: whether all of it was mapped for writing.
 */
bool vfu_dma_write(struct vfu *vfu, uint64_t address, const void *data, size_t count)
{
	return dma_copy(&vfu->space, address, (void *)data, count, true);
}
