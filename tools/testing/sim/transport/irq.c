// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts are eventfds that the client hands over.  Functions have MSI-X vectors, some a line,
 * and all the request that the client let go of them, and the news of an error.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vfu_priv.h"

/**
 * irq_init() - no eventfds yet
 *
 * Return: 0 or -ENOMEM.
 */
int irq_init(struct irq_vectors *irqs, const struct vfu_info *info)
{
	unsigned int count = info->vectors;

	irqs->fds = malloc(count * sizeof(*irqs->fds) + 1);
	if (!irqs->fds)
		return -ENOMEM;
	irqs->count = count;
	irqs->request = -1;
	irqs->error = -1;
	irqs->intx = -1;
	irqs->has_intx = info->intx;
	for (unsigned int i = 0; i < count; i++)
		irqs->fds[i] = -1;
	return 0;
}

static void replace(int *place, int fd)
{
	if (*place >= 0)
		close(*place);
	*place = fd;
}

/** irq_release() - close what the client has handed over */
void irq_release(struct irq_vectors *irqs)
{
	for (unsigned int i = 0; i < irqs->count; i++)
		replace(&irqs->fds[i], -1);
	replace(&irqs->request, -1);
	replace(&irqs->error, -1);
	replace(&irqs->intx, -1);
	irqs->masked = false;
}

/** irq_free() - and forget the vectors */
void irq_free(struct irq_vectors *irqs)
{
	if (!irqs->fds)
		return;
	irq_release(irqs);
	free(irqs->fds);
	irqs->fds = NULL;
}

/** irq_count() - how many interrupts an index of VFIO's has */
unsigned int irq_count(const struct irq_vectors *irqs, unsigned int index)
{
	switch (index) {
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return irqs->count;
	case VFIO_PCI_INTX_IRQ_INDEX:
		return irqs->has_intx;
	case VFIO_PCI_REQ_IRQ_INDEX:
	case VFIO_PCI_ERR_IRQ_INDEX:
		return 1;
	default:
		return 0;
	}
}

/* Never blocks: a client that filled its eventfd up has enough to read. */
static void signal_event(int fd)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };

	if (fd >= 0 && poll(&room, 1, 0) == 1 && room.revents & POLLOUT)
		eventfd_write(fd, 1);
}

/* Anything else would take our 8 bytes for something else. */
static bool is_eventfd(int fd)
{
	char path[32], target[32] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return readlink(path, target, sizeof(target) - 1) > 0 &&
	       !strcmp(target, "anon_inode:[eventfd]");
}

/* A level: whoever unmasks it while it is there hears of it again. */
static void signal_line(struct irq_vectors *irqs)
{
	if (!irqs->asserted || irqs->masked || irqs->intx < 0)
		return;
	irqs->masked = true;
	signal_event(irqs->intx);
}

static int mask_line(struct irq_vectors *irqs, const struct vfio_irq_set *set, size_t data_size)
{
	bool mask = set->flags & VFIO_IRQ_SET_ACTION_MASK;

	switch (set->flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_BOOL:
		if (!set->count || data_size < set->count)
			return -EINVAL;
		if (!set->data[0])
			return 0;
		break;
	case VFIO_IRQ_SET_DATA_NONE:
		break;
	default:
		return -EINVAL;
	}
	irqs->masked = mask;
	signal_line(irqs);
	return 0;
}

static int *irq_place(struct irq_vectors *irqs, unsigned int index)
{
	switch (index) {
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return irqs->fds;
	case VFIO_PCI_INTX_IRQ_INDEX:
		return &irqs->intx;
	case VFIO_PCI_REQ_IRQ_INDEX:
		return &irqs->request;
	default:
		return &irqs->error;
	}
}

/**
 * irq_set() - VFIO_USER_DEVICE_SET_IRQS
 * @irqs: of the function
 * @set: the message, of at least its fixed size
 * @data_size: how many bytes follow that
 * @fds: descriptors that came with it; those kept are replaced by -1
 * @n_fds: how many
 *
 * Only a line can be masked.
 *
 * Return: 0; -EINVAL for anything that is not in the function or not in the message.
 */
int irq_set(struct irq_vectors *irqs, const struct vfio_irq_set *set, size_t data_size, int *fds,
	    unsigned int n_fds)
{
	unsigned int all = irq_count(irqs, set->index);
	uint32_t how = set->flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
	uint32_t action = set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;
	int *place = irq_place(irqs, set->index);

	if (!all ||
	    set->flags & ~(VFIO_IRQ_SET_DATA_TYPE_MASK | VFIO_IRQ_SET_ACTION_TYPE_MASK) ||
	    set->start > all || set->count > all - set->start)
		return -EINVAL;
	if (set->index == VFIO_PCI_INTX_IRQ_INDEX &&
	    (action == VFIO_IRQ_SET_ACTION_MASK || action == VFIO_IRQ_SET_ACTION_UNMASK))
		return mask_line(irqs, set, data_size);
	if (action != VFIO_IRQ_SET_ACTION_TRIGGER)
		return -EINVAL;
	place += set->start;

	switch (how) {
	case VFIO_IRQ_SET_DATA_NONE:
		if (!set->count && set->start)
			return -EINVAL;
		for (unsigned int i = 0; i < set->count; i++)
			signal_event(place[i]);
		for (unsigned int i = 0; !set->count && i < all; i++)
			replace(&place[i], -1);
		return 0;
	case VFIO_IRQ_SET_DATA_BOOL:
		if (!set->count || data_size < set->count)
			return -EINVAL;
		for (unsigned int i = 0; i < set->count; i++)
			if (set->data[i])
				signal_event(place[i]);
		return 0;
	case VFIO_IRQ_SET_DATA_EVENTFD:
		if (!set->count || (n_fds && n_fds != set->count))
			return -EINVAL;
		for (unsigned int i = 0; i < n_fds; i++)
			if (!is_eventfd(fds[i]))
				return -EINVAL;
		for (unsigned int i = 0; i < set->count; i++) {
			replace(&place[i], n_fds ? fds[i] : -1);
			if (n_fds)
				fds[i] = -1;
		}
		if (set->index == VFIO_PCI_INTX_IRQ_INDEX) {
			irqs->masked = false;
			signal_line(irqs);
		}
		return 0;
	default:
		return -EINVAL;
	}
}

/**
 * vfu_trigger() - raise an MSI-X interrupt
 *
 * Return: whether the client listens to that vector.
 */
bool vfu_trigger(struct vfu *vfu, unsigned int vector)
{
	if (vector >= vfu->irqs.count || vfu->irqs.fds[vector] < 0)
		return false;
	signal_event(vfu->irqs.fds[vector]);
	return true;
}

/** vfu_assert() - give the interrupt line a level */
void vfu_assert(struct vfu *vfu, bool level)
{
	vfu->irqs.asserted = level;
	signal_line(&vfu->irqs);
}
