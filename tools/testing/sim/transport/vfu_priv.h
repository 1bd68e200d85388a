/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the vfio-user server share.
 */
#ifndef SIM_VFU_PRIV_H
#define SIM_VFU_PRIV_H

#include "loop.h"
#include "vfu.h"
#include "wire.h"

/**
 * struct dma_space - what a client has mapped
 * @root: of a tsearch() tree of mappings, which never overlap
 * @count: how many there are
 */
struct dma_space {
	void *root;
	unsigned int count;
};

int dma_map(struct dma_space *space, const struct wire_dma_map *map, int fd);
int dma_unmap(struct dma_space *space, uint64_t address, uint64_t size);
void dma_unmap_everything(struct dma_space *space);
bool dma_copy(struct dma_space *space, uint64_t address, void *data, size_t count, bool write);

/**
 * struct irq_vectors - the eventfds of a function's MSI-X vectors and of what else it may tell
 * @fds: -1 where there is none
 * @count: how many vectors the function has
 * @request: the eventfd that asks the client to let go of the function, or -1
 * @error: the eventfd that tells it of an error, or -1
 * @intx: the eventfd of the interrupt line, or -1
 * @has_intx: the function has a line
 * @asserted: the line is
 * @masked: the client was told of the line, or wants to hear nothing of it, until it unmasks it
 */
struct irq_vectors {
	int *fds;
	unsigned int count;
	int request;
	int error;
	int intx;
	bool has_intx;
	bool asserted;
	bool masked;
};

int irq_init(struct irq_vectors *irqs, const struct vfu_info *info);
void irq_release(struct irq_vectors *irqs);
void irq_free(struct irq_vectors *irqs);
unsigned int irq_count(const struct irq_vectors *irqs, unsigned int index);
int irq_set(struct irq_vectors *irqs, const struct vfio_irq_set *set, size_t data_size, int *fds,
	    unsigned int n_fds);

/**
 * struct message - a message that has arrived
 * @header: its header, checked: the size is that of the message
 * @payload: what follows, @size bytes; aligned for any structure
 * @size: of @payload
 * @fds: descriptors that came with it; whoever keeps one sets it to -1
 * @n_fds: how many
 */
struct message {
	struct wire_header header;
	uint8_t *payload;
	size_t size;
	int fds[WIRE_MAX_FDS];
	unsigned int n_fds;
};

/**
 * struct reply - the answer
 * @payload: room for WIRE_MAX_SIZE bytes
 * @size: how many of them are used
 */
struct reply {
	uint8_t *payload;
	size_t size;
};

/**
 * struct vfu - a function
 * @ops: of the device
 * @info: of the device
 * @data: of the device
 * @path: of the socket
 * @listener: the socket that is listened on
 * @connection: the client; its fd is -1 if there is none
 * @versioned: the client has said which version it speaks
 * @space: the client's memory
 * @irqs: the client's eventfds
 * @in: the message that is arriving
 * @have: bytes of it that are there, with the header
 * @in_buffer: where its payload goes
 * @out_buffer: header and payload of the reply
 * @out_size: bytes of the reply; 0: none is on its way
 * @out_sent: how many of them are sent
 */
struct vfu {
	const struct vfu_ops *ops;
	struct vfu_info info;
	void *data;
	char *path;
	struct loop_source listener;
	struct loop_source connection;
	bool versioned;
	struct dma_space space;
	struct irq_vectors irqs;
	struct message in;
	size_t have;
	uint8_t *in_buffer;
	uint8_t *out_buffer;
	size_t out_size;
	size_t out_sent;
};

int vfu_command(struct vfu *vfu, struct message *message, struct reply *reply);

#endif /* SIM_VFU_PRIV_H */
