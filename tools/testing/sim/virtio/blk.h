/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An emulated function of the card: a virtio-blk disk, as SNAP on a BlueField makes them.
 */
#ifndef SIM_VIRTIO_BLK_H
#define SIM_VIRTIO_BLK_H

#include <stdbool.h>
#include <stdint.h>

#include "../pci/config.h"
#include "../transport/loop.h"
#include "../transport/macros.h"
#include "../vhca/vhca.h"

#define BLK_QUEUES	2
#define BLK_QUEUE_SIZE	256
#define BLK_VECTORS	(BLK_QUEUES + 1)
#define NO_VECTOR	0xffff

/* Where the structures of virtio 1.x section 4.1.4 are in BAR 0. */
#define BLK_BAR_SIZE	0x8000
#define BLK_COMMON	0x0000
#define BLK_ISR		0x1000
#define BLK_DEVICE	0x2000
#define BLK_NOTIFY	0x3000
#define BLK_MSIX	0x4000
#define BLK_PBA		0x5000

/**
 * struct virtqueue - a split virtqueue
 * @size: entries, chosen by the driver
 * @vector: MSI-X vector of its interrupt, or NO_VECTOR
 * @enabled: the driver has set it up
 * @descriptors: address of the descriptor table
 * @available: of the driver's area
 * @used: of the device's area
 * @next_available: entries that were taken
 * @next_used: entries that were given back
 */
struct virtqueue {
	uint16_t size;
	uint16_t vector;
	uint16_t enabled;
	uint64_t descriptors;
	uint64_t available;
	uint64_t used;
	uint16_t next_available;
	uint16_t next_used;
};

struct blk;

/**
 * struct request - a disk request that waits for a slow disk
 */
struct request {
	struct blk *blk;
	struct virtqueue *queue;
	uint16_t head;
	struct loop_timer timer;
	struct request *next;
};

/**
 * struct blk - a disk
 * @pci: towards QEMU
 * @vhca: towards the card's manager
 * @fd: of the image
 * @sectors: of 512 bytes, of the image
 * @features: that the driver has accepted
 * @feature_select: which 32 bits of the device's it is reading, and of its own writing
 * @config_vector: MSI-X vector for changes of the configuration
 * @status: the device status
 * @queue_select: which queue's registers are shown
 * @queues: the queues
 * @waiting: queues that were notified while the function was stopped, a bit each
 * @delay: milliseconds that each request takes
 * @pending: requests that wait for that
 */
struct blk {
	struct pci_function pci;
	struct vhca vhca;
	int fd;
	uint64_t sectors;
	uint64_t features;
	uint32_t feature_select[2];
	uint16_t config_vector;
	uint8_t status;
	uint16_t queue_select;
	struct virtqueue queues[BLK_QUEUES];
	uint32_t waiting;
	unsigned int delay;
	struct request *pending;
};

/* blk.c */
struct blk *blk_new(const char *image, const char *socket, uint32_t memory, uint32_t rate,
		    uint32_t chunk);
void blk_free(struct blk *blk);

/* registers.c */
void blk_access(struct blk *blk, uint64_t offset, void *data, size_t count, bool write);
void blk_fail(struct blk *blk);

/* queue.c */
void blk_notify(struct blk *blk, unsigned int index);
void blk_drain(struct blk *blk);
void blk_abandon(struct blk *blk);

#endif /* SIM_VIRTIO_BLK_H */
