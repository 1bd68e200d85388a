// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registers of a modern virtio-pci device, as tables of fields.
 */
#include <endian.h>
#include <string.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#include "blk.h"

#define OFFERED (BIT_ULL(VIRTIO_F_VERSION_1) | BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) |	\
		 BIT_ULL(VIRTIO_BLK_F_FLUSH) | BIT_ULL(VIRTIO_BLK_F_SEG_MAX) |		\
		 BIT_ULL(VIRTIO_BLK_F_BLK_SIZE) | BIT_ULL(VIRTIO_BLK_F_MQ))
#define SEGMENTS 126

/* Written once DRIVER_OK is set, these would move a queue under the device's feet. */
static bool queue_open(struct blk *blk)
{
	return blk->queue_select < BLK_QUEUES && !blk->queues[blk->queue_select].enabled;
}

static void write_half(uint64_t *whole, bool high, uint32_t value)
{
	*whole = high ? (uint32_t)*whole | (uint64_t)value << 32 :
			(*whole & ~0xffffffffULL) | value;
}

/** blk_fail() - the driver has done what it must not: the device needs a reset */
void blk_fail(struct blk *blk)
{
	blk->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	if (blk->config_vector != NO_VECTOR && pci_master(&blk->pci))
		vfu_trigger(blk->pci.vfu, blk->config_vector);
}

static void reset(struct blk *blk)
{
	blk_abandon(blk);
	blk->features = 0;
	memset(blk->feature_select, 0, sizeof(blk->feature_select));
	blk->config_vector = NO_VECTOR;
	blk->status = 0;
	blk->queue_select = 0;
	blk->waiting = 0;
	for (unsigned int i = 0; i < BLK_QUEUES; i++)
		blk->queues[i] = (struct virtqueue) {
			.size = BLK_QUEUE_SIZE, .vector = NO_VECTOR,
		};
}

static void write_status(struct blk *blk, uint8_t status)
{
	if (!status) {
		reset(blk);
		return;
	}
	/* Features are refused by not keeping this bit. */
	if (status & VIRTIO_CONFIG_S_FEATURES_OK &&
	    (blk->features & ~OFFERED || !(blk->features & BIT_ULL(VIRTIO_F_VERSION_1))))
		status &= ~VIRTIO_CONFIG_S_FEATURES_OK;
	blk->status = status | (blk->status & VIRTIO_CONFIG_S_NEEDS_RESET);
}

static uint16_t valid_vector(uint16_t vector)
{
	return vector < BLK_VECTORS ? vector : NO_VECTOR;
}

static uint32_t read_common(struct blk *blk, unsigned int at)
{
	static const struct virtqueue none = {};
	const struct virtqueue *queue = blk->queue_select < BLK_QUEUES ?
					&blk->queues[blk->queue_select] : &none;

	switch (at) {
	case VIRTIO_PCI_COMMON_DFSELECT:
		return blk->feature_select[0];
	case VIRTIO_PCI_COMMON_DF:
		return blk->feature_select[0] < 2 ? OFFERED >> 32 * blk->feature_select[0] : 0;
	case VIRTIO_PCI_COMMON_GFSELECT:
		return blk->feature_select[1];
	case VIRTIO_PCI_COMMON_GF:
		return blk->feature_select[1] < 2 ?
		       blk->features >> 32 * blk->feature_select[1] : 0;
	case VIRTIO_PCI_COMMON_MSIX:
		return blk->config_vector;
	case VIRTIO_PCI_COMMON_NUMQ:
		return BLK_QUEUES;
	case VIRTIO_PCI_COMMON_STATUS:
		return blk->status;
	case VIRTIO_PCI_COMMON_Q_SELECT:
		return blk->queue_select;
	case VIRTIO_PCI_COMMON_Q_SIZE:
		return queue->size;
	case VIRTIO_PCI_COMMON_Q_MSIX:
		return queue->vector;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		return queue->enabled;
	case VIRTIO_PCI_COMMON_Q_NOFF:
		return blk->queue_select;
	case VIRTIO_PCI_COMMON_Q_DESCLO:
		return queue->descriptors;
	case VIRTIO_PCI_COMMON_Q_DESCHI:
		return queue->descriptors >> 32;
	case VIRTIO_PCI_COMMON_Q_AVAILLO:
		return queue->available;
	case VIRTIO_PCI_COMMON_Q_AVAILHI:
		return queue->available >> 32;
	case VIRTIO_PCI_COMMON_Q_USEDLO:
		return queue->used;
	case VIRTIO_PCI_COMMON_Q_USEDHI:
		return queue->used >> 32;
	default:
		return 0;
	}
}

static void write_queue(struct blk *blk, unsigned int at, uint32_t value)
{
	struct virtqueue *queue = &blk->queues[blk->queue_select];

	switch (at) {
	case VIRTIO_PCI_COMMON_Q_SIZE:
		if (value && value <= BLK_QUEUE_SIZE && !(value & (value - 1)))
			queue->size = value;
		break;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		queue->enabled = value == 1;
		break;
	case VIRTIO_PCI_COMMON_Q_DESCLO:
	case VIRTIO_PCI_COMMON_Q_DESCHI:
		write_half(&queue->descriptors, at == VIRTIO_PCI_COMMON_Q_DESCHI, value);
		break;
	case VIRTIO_PCI_COMMON_Q_AVAILLO:
	case VIRTIO_PCI_COMMON_Q_AVAILHI:
		write_half(&queue->available, at == VIRTIO_PCI_COMMON_Q_AVAILHI, value);
		break;
	case VIRTIO_PCI_COMMON_Q_USEDLO:
	case VIRTIO_PCI_COMMON_Q_USEDHI:
		write_half(&queue->used, at == VIRTIO_PCI_COMMON_Q_USEDHI, value);
		break;
	}
}

static void write_common(struct blk *blk, unsigned int at, uint32_t value)
{
	switch (at) {
	case VIRTIO_PCI_COMMON_DFSELECT:
		blk->feature_select[0] = value;
		break;
	case VIRTIO_PCI_COMMON_GFSELECT:
		blk->feature_select[1] = value;
		break;
	case VIRTIO_PCI_COMMON_GF:
		if (blk->feature_select[1] < 2 && !(blk->status & VIRTIO_CONFIG_S_FEATURES_OK))
			write_half(&blk->features, blk->feature_select[1], value);
		break;
	case VIRTIO_PCI_COMMON_MSIX:
		blk->config_vector = valid_vector(value);
		break;
	case VIRTIO_PCI_COMMON_STATUS:
		write_status(blk, value);
		break;
	case VIRTIO_PCI_COMMON_Q_SELECT:
		blk->queue_select = value;
		break;
	case VIRTIO_PCI_COMMON_Q_MSIX:
		if (blk->queue_select < BLK_QUEUES)
			blk->queues[blk->queue_select].vector = valid_vector(value);
		break;
	default:
		if (queue_open(blk))
			write_queue(blk, at, value);
	}
}

static void read_device(struct blk *blk, uint64_t at, void *data, size_t count)
{
	struct virtio_blk_config config = {
		.capacity = htole64(blk->sectors),
		.seg_max = htole32(SEGMENTS),
		.blk_size = htole32(512),
		.num_queues = htole16(BLK_QUEUES),
	};
	uint8_t bytes[0x1000] = {};

	memcpy(bytes, &config, sizeof(config));
	memcpy(data, bytes + at, count);
}

/**
 * blk_access() - an access to BAR 0
 *
 * A driver accesses each field whole; anything else has no effect and reads as zeros.
 */
void blk_access(struct blk *blk, uint64_t offset, void *data, size_t count, bool write)
{
	uint32_t value = 0;

	if (offset >= BLK_DEVICE && offset + count <= BLK_NOTIFY) {
		if (!write)
			read_device(blk, offset - BLK_DEVICE, data, count);
		return;
	}
	if (!write)
		memset(data, 0, count);
	if (count > sizeof(value))
		return;
	if (write) {
		memcpy(&value, data, count);
		value = le32toh(value);
		if (offset < BLK_ISR)
			write_common(blk, offset, value);
		else if (offset >= BLK_NOTIFY && offset < BLK_NOTIFY + 4 * BLK_QUEUES)
			blk_notify(blk, (offset - BLK_NOTIFY) / 4);
	} else if (offset < BLK_ISR) {
		value = htole32(read_common(blk, offset));
		memcpy(data, &value, count);
	}
}
