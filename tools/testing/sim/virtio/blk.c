// SPDX-License-Identifier: GPL-2.0-only
/*
 * A disk: its PCI function, its life, and what of it migrates.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>

#include "blk.h"

static struct blk *blk_of(struct pci_function *fn)
{
	return container_of(fn, struct blk, pci);
}

static struct blk *blk_of_vhca(struct vhca *vhca)
{
	return container_of(vhca, struct blk, vhca);
}

static void on_bar(struct pci_function *fn, unsigned int bar, uint64_t offset, void *data,
		   size_t count, bool write)
{
	(void)bar;
	blk_access(blk_of(fn), offset, data, count, write);
}

static void forget(struct blk *blk)
{
	uint8_t zero = 0;

	blk_access(blk, BLK_COMMON + VIRTIO_PCI_COMMON_STATUS, &zero, sizeof(zero), true);
}

static void on_reset(struct pci_function *fn)
{
	forget(blk_of(fn));
	vhca_reset(&blk_of(fn)->vhca);
}

static void on_stop(struct vhca *vhca)
{
	blk_drain(blk_of_vhca(vhca));
}

/* Interrupts that were sent where the driver no longer is are sent again. */
static void on_start(struct vhca *vhca)
{
	struct blk *blk = blk_of_vhca(vhca);

	for (unsigned int i = 0; i < BLK_QUEUES; i++) {
		if (!blk->queues[i].enabled)
			continue;
		if (blk->queues[i].vector != NO_VECTOR && pci_master(&blk->pci))
			vfu_trigger(blk->pci.vfu, blk->queues[i].vector);
		/* Whether or not its notification has reached us. */
		blk_notify(blk, i);
	}
}

static void on_save(struct vhca *vhca, struct stream *to)
{
	struct blk *blk = blk_of_vhca(vhca);

	put_number(to, blk->sectors);
	put_number(to, blk->features);
	put_number(to, blk->feature_select[0]);
	put_number(to, blk->feature_select[1]);
	put_number(to, blk->config_vector);
	put_number(to, blk->status);
	put_number(to, blk->queue_select);
	put_number(to, blk->waiting);
	for (unsigned int i = 0; i < BLK_QUEUES; i++) {
		struct virtqueue *queue = &blk->queues[i];

		put_number(to, queue->size);
		put_number(to, queue->vector);
		put_number(to, queue->enabled);
		put_number(to, queue->descriptors);
		put_number(to, queue->available);
		put_number(to, queue->used);
		put_number(to, queue->next_available);
		put_number(to, queue->next_used);
	}
}

static bool on_load(struct vhca *vhca, struct stream *from)
{
	struct blk *blk = blk_of_vhca(vhca);

	forget(blk);
	/* A disk of another size is another disk. */
	if (get_number(from) != blk->sectors)
		return false;
	blk->features = get_number(from);
	blk->feature_select[0] = get_up_to(from, UINT32_MAX);
	blk->feature_select[1] = get_up_to(from, UINT32_MAX);
	blk->config_vector = get_up_to(from, NO_VECTOR);
	blk->status = get_up_to(from, UINT8_MAX);
	blk->queue_select = get_up_to(from, UINT16_MAX);
	blk->waiting = get_up_to(from, (1U << BLK_QUEUES) - 1);
	for (unsigned int i = 0; i < BLK_QUEUES; i++) {
		struct virtqueue *queue = &blk->queues[i];

		queue->size = get_up_to(from, BLK_QUEUE_SIZE);
		queue->vector = get_up_to(from, NO_VECTOR);
		queue->enabled = get_up_to(from, 1);
		queue->descriptors = get_number(from);
		queue->available = get_number(from);
		queue->used = get_number(from);
		queue->next_available = get_up_to(from, UINT16_MAX);
		queue->next_used = get_up_to(from, UINT16_MAX);
		if (!queue->size || queue->size & (queue->size - 1))
			return false;
	}
	return !from->bad;
}

static const struct vhca_ops vhca_operations = {
	.kind = 2,
	.stop = on_stop,
	.start = on_start,
	.save = on_save,
	.load = on_load,
};

static const struct pci_function_ops pci_operations = { .bar = on_bar, .reset = on_reset };

static const struct pci_identity identity = {
	.vendor = 0x1af4, .device = 0x1042, .subsystem_vendor = 0x15b3, .subsystem = 0x6001,
	.revision = 1, .class = 0x010000,
};

static void add_structure(struct pci_function *fn, uint8_t type, uint32_t offset, uint32_t length)
{
	bool notify = type == VIRTIO_PCI_CAP_NOTIFY_CFG;
	unsigned int size = sizeof(struct virtio_pci_cap) + (notify ? 4 : 0);
	unsigned int at = pci_add_cap(fn, PCI_CAP_ID_VNDR, size);

	fn->space[at + offsetof(struct virtio_pci_cap, cap_len)] = size;
	fn->space[at + offsetof(struct virtio_pci_cap, cfg_type)] = type;
	pci_set32(fn, at + offsetof(struct virtio_pci_cap, offset), offset, 0);
	pci_set32(fn, at + offsetof(struct virtio_pci_cap, length), length, 0);
	/* Bytes between the notification registers of two queues. */
	if (notify)
		pci_set32(fn, at + sizeof(struct virtio_pci_cap), 4, 0);
}

static int plug(struct blk *blk, const char *socket)
{
	struct pci_function *fn = &blk->pci;

	pci_init(fn, &pci_operations, &identity);
	pci_add_bar(fn, 0, BLK_BAR_SIZE);
	pci_add_express(fn);
	pci_add_msix(fn, BLK_VECTORS, 0, BLK_MSIX, BLK_PBA);
	add_structure(fn, VIRTIO_PCI_CAP_COMMON_CFG, BLK_COMMON, VIRTIO_PCI_COMMON_Q_USEDHI + 4);
	add_structure(fn, VIRTIO_PCI_CAP_ISR_CFG, BLK_ISR, 4);
	add_structure(fn, VIRTIO_PCI_CAP_DEVICE_CFG, BLK_DEVICE, 0x100);
	add_structure(fn, VIRTIO_PCI_CAP_NOTIFY_CFG, BLK_NOTIFY, 4 * BLK_QUEUES);
	return pci_plug(fn, socket);
}

/**
 * blk_new() - make a disk and offer it to QEMU
 * @image: a raw file; several disks may share one, as functions share a disk in a network
 * @socket: where
 * @memory: MiB of internal memory
 * @rate: MiB a second of it that change
 * @chunk: MiB of an image in chunk mode
 *
 * Return: the disk, or NULL with errno set.
 */
struct blk *blk_new(const char *image, const char *socket, uint32_t memory, uint32_t rate,
		    uint32_t chunk)
{
	struct blk *blk = calloc(1, sizeof(*blk));
	struct stat stat;
	int error;

	if (!blk)
		return NULL;
	blk->fd = open(image, O_RDWR | O_CLOEXEC);
	if (blk->fd < 0 || fstat(blk->fd, &stat)) {
		error = -errno;
	} else {
		blk->sectors = stat.st_size / 512;
		error = vhca_init(&blk->vhca, &vhca_operations, 0, memory, rate, chunk);
	}
	if (!error) {
		forget(blk);
		error = plug(blk, socket);
	}
	if (!error)
		return blk;
	blk_free(blk);
	errno = -error;
	return NULL;
}

/** blk_free() - unplug it */
void blk_free(struct blk *blk)
{
	blk_abandon(blk);
	pci_unplug(&blk->pci);
	memory_free(&blk->vhca.memory);
	if (blk->fd >= 0)
		close(blk->fd);
	free(blk);
}
