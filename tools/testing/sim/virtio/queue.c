// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests: from a virtqueue to the image and back.  All of them are in the driver's memory, which
 * may say anything: chains are followed no further than the queue is long, and what is not a
 * request costs the device its driver.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "blk.h"

#define SECTOR		512U
#define PIECE		(64U << 10)
#define MOST_BYTES	(16U << 20)

/* A chain of descriptors: what the device reads comes before what it writes. */
struct chain {
	struct {
		uint64_t address;
		uint32_t length;
		bool write;
	} part[BLK_QUEUE_SIZE];
	unsigned int count;
};

static bool get_descriptor(struct blk *blk, struct virtqueue *queue, uint16_t index,
			   struct vring_desc *descriptor)
{
	return index < queue->size &&
	       pci_dma_read(&blk->pci, queue->descriptors + index * sizeof(*descriptor),
			    descriptor, sizeof(*descriptor));
}

static bool get_chain(struct blk *blk, struct virtqueue *queue, uint16_t head, struct chain *chain)
{
	struct vring_desc descriptor = { .flags = htole16(VRING_DESC_F_NEXT),
					 .next = htole16(head) };

	chain->count = 0;
	while (le16toh(descriptor.flags) & VRING_DESC_F_NEXT) {
		if (chain->count == queue->size ||
		    !get_descriptor(blk, queue, le16toh(descriptor.next), &descriptor) ||
		    le16toh(descriptor.flags) & VRING_DESC_F_INDIRECT)
			return false;
		chain->part[chain->count].address = le64toh(descriptor.addr);
		chain->part[chain->count].length = le32toh(descriptor.len);
		chain->part[chain->count].write = le16toh(descriptor.flags) & VRING_DESC_F_WRITE;
		chain->count++;
	}
	return true;
}

/* Copy between the image and one part of a chain. */
static bool copy_part(struct blk *blk, uint64_t address, uint64_t at, uint32_t length,
		      bool to_disk)
{
	static uint8_t bytes[PIECE];

	while (length) {
		uint32_t piece = length < PIECE ? length : PIECE;

		if (to_disk) {
			if (!pci_dma_read(&blk->pci, address, bytes, piece) ||
			    pwrite(blk->fd, bytes, piece, at) != (ssize_t)piece)
				return false;
		} else if (pread(blk->fd, bytes, piece, at) != (ssize_t)piece ||
			   !pci_dma_write(&blk->pci, address, bytes, piece)) {
			return false;
		}
		address += piece;
		at += piece;
		length -= piece;
	}
	return true;
}

static uint8_t transfer(struct blk *blk, const struct chain *chain, uint64_t sector, bool to_disk,
			uint32_t *written)
{
	uint64_t at = sector * SECTOR, limit = blk->sectors * SECTOR;

	if (sector > blk->sectors)
		return VIRTIO_BLK_S_IOERR;
	/* The first part is the header, the last one the status. */
	for (unsigned int i = 1; i + 1 < chain->count; i++) {
		uint32_t length = chain->part[i].length;

		if (chain->part[i].write == to_disk || length % SECTOR || length > limit - at ||
		    length > MOST_BYTES ||
		    !copy_part(blk, chain->part[i].address, at, length, to_disk))
			return VIRTIO_BLK_S_IOERR;
		at += length;
		*written += to_disk ? 0 : length;
	}
	return VIRTIO_BLK_S_OK;
}

static uint8_t get_id(struct blk *blk, const struct chain *chain, uint32_t *written)
{
	char id[VIRTIO_BLK_ID_BYTES] = "lab-snap";

	if (chain->count < 3 || chain->part[1].length < sizeof(id) || !chain->part[1].write ||
	    !pci_dma_write(&blk->pci, chain->part[1].address, id, sizeof(id)))
		return VIRTIO_BLK_S_IOERR;
	*written += sizeof(id);
	return VIRTIO_BLK_S_OK;
}

static bool give_back(struct blk *blk, struct virtqueue *queue, uint16_t head, uint32_t written)
{
	struct vring_used_elem element = { .id = htole32(head), .len = htole32(written) };
	uint16_t index, flags = 0;

	if (!pci_dma_write(&blk->pci, queue->used + offsetof(struct vring_used, ring) +
			   queue->next_used % queue->size * sizeof(element), &element,
			   sizeof(element)))
		return false;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	index = htole16(++queue->next_used);
	if (!pci_dma_write(&blk->pci, queue->used + offsetof(struct vring_used, idx), &index,
			   sizeof(index)) ||
	    !pci_dma_read(&blk->pci, queue->available, &flags, sizeof(flags)))
		return false;
	if (!(le16toh(flags) & VRING_AVAIL_F_NO_INTERRUPT) && queue->vector != NO_VECTOR)
		vfu_trigger(blk->pci.vfu, queue->vector);
	return true;
}

/* Return: false if the driver's memory holds no request. */
static bool execute(struct blk *blk, struct virtqueue *queue, uint16_t head)
{
	struct virtio_blk_outhdr header;
	struct chain chain;
	uint32_t written = 1;
	unsigned int last;
	uint8_t status;

	if (!get_chain(blk, queue, head, &chain) || chain.count < 2)
		return false;
	last = chain.count - 1;
	if (chain.part[0].write || chain.part[0].length < sizeof(header) ||
	    !chain.part[last].write || !chain.part[last].length ||
	    !pci_dma_read(&blk->pci, chain.part[0].address, &header, sizeof(header)))
		return false;
	switch (le32toh(header.type)) {
	case VIRTIO_BLK_T_IN:
	case VIRTIO_BLK_T_OUT:
		status = transfer(blk, &chain, le64toh(header.sector),
				  le32toh(header.type) == VIRTIO_BLK_T_OUT, &written);
		break;
	case VIRTIO_BLK_T_FLUSH:
		status = fdatasync(blk->fd) ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK;
		break;
	case VIRTIO_BLK_T_GET_ID:
		status = get_id(blk, &chain, &written);
		break;
	default:
		status = VIRTIO_BLK_S_UNSUPP;
	}
	return pci_dma_write(&blk->pci, chain.part[last].address, &status, sizeof(status)) &&
	       give_back(blk, queue, head, written);
}

static void finish(struct request *request)
{
	struct blk *blk = request->blk;
	struct request **place = &blk->pending;

	loop_cancel_timer(&request->timer);
	while (*place != request)
		place = &(*place)->next;
	*place = request->next;
	if (!execute(blk, request->queue, request->head))
		blk_fail(blk);
	free(request);
}

static void on_timer(struct loop_timer *timer)
{
	finish(timer->data);
}

/* A request waits for a slow disk before it is looked at. */
static void begin(struct blk *blk, struct virtqueue *queue, uint16_t head)
{
	struct request *request = blk->delay ? calloc(1, sizeof(*request)) : NULL;
	struct request **place = &blk->pending;

	if (!request) {
		if (!execute(blk, queue, head))
			blk_fail(blk);
		return;
	}
	*request = (struct request) {
		.blk = blk, .queue = queue, .head = head,
		.timer = { .fire = on_timer, .data = request },
	};
	/* In their order, which a flush relies on. */
	while (*place)
		place = &(*place)->next;
	*place = request;
	loop_set_timer(&request->timer, blk->delay);
}

static bool running(struct blk *blk)
{
	return blk->status & VIRTIO_CONFIG_S_DRIVER_OK &&
	       !(blk->status & VIRTIO_CONFIG_S_NEEDS_RESET) && !vhca_stopped(&blk->vhca);
}

/** blk_notify() - the driver has made requests available; they wait while it is stopped */
void blk_notify(struct blk *blk, unsigned int index)
{
	struct virtqueue *queue = &blk->queues[index];
	uint16_t available, head;

	blk->waiting |= 1U << index;
	while (running(blk) && queue->enabled) {
		if (!pci_dma_read(&blk->pci, queue->available + offsetof(struct vring_avail, idx),
				  &available, sizeof(available)))
			break;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (le16toh(available) == queue->next_available) {
			blk->waiting &= ~(1U << index);
			return;
		}
		if ((uint16_t)(le16toh(available) - queue->next_available) > queue->size ||
		    !pci_dma_read(&blk->pci, queue->available + offsetof(struct vring_avail, ring) +
				  queue->next_available % queue->size * sizeof(head), &head,
				  sizeof(head))) {
			blk_fail(blk);
			break;
		}
		queue->next_available++;
		begin(blk, queue, le16toh(head));
	}
}

/** blk_drain() - finish all requests that were taken, in their order */
void blk_drain(struct blk *blk)
{
	while (blk->pending)
		finish(blk->pending);
}

/** blk_abandon() - forget them */
void blk_abandon(struct blk *blk)
{
	while (blk->pending) {
		struct request *request = blk->pending;

		blk->pending = request->next;
		loop_cancel_timer(&request->timer);
		free(request);
	}
}
