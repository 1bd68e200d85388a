// SPDX-License-Identifier: GPL-2.0-only
/*
 * Error and request events: an eventfd each, which the user may set whatever irq_type is.
 *
 * They are signalled from AER recovery and from driver unbind, which can take no lock of ours: the
 * pointer is published by RCU, written under igate.
 */
#include <linux/eventfd.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "vfio_pci_intrs.h"

static struct vfio_pci_eventfd __rcu **vfio_pci_event_of(struct vfio_pci_core_device *vdev,
							 unsigned int index)
{
	return index == VFIO_PCI_ERR_IRQ_INDEX ? &vdev->err_trigger : &vdev->req_trigger;
}

static void vfio_pci_event_free(struct rcu_head *rcu)
{
	struct vfio_pci_eventfd *eventfd = container_of(rcu, struct vfio_pci_eventfd, rcu);

	eventfd_ctx_put(eventfd->ctx);
	kfree(eventfd);
}

/*
 * Publishes @eventfd, NULL for none, in place of what @event holds, which goes once no signaller
 * can see it.  Context: igate held.
 */
static void vfio_pci_event_publish(struct vfio_pci_core_device *vdev,
				   struct vfio_pci_eventfd __rcu **event,
				   struct vfio_pci_eventfd *eventfd)
{
	eventfd = rcu_replace_pointer(*event, eventfd, lockdep_is_held(&vdev->igate));
	if (eventfd)
		call_rcu(&eventfd->rcu, vfio_pci_event_free);
}

bool vfio_pci_eventfd_signal(struct vfio_pci_eventfd __rcu **event)
{
	struct vfio_pci_eventfd *eventfd;

	guard(rcu)();

	eventfd = rcu_dereference(*event);
	if (eventfd)
		eventfd_signal(eventfd->ctx);
	return eventfd;
}

static int vfio_pci_event_arm(struct vfio_pci_core_device *vdev,
			      struct vfio_pci_eventfd __rcu **event, s32 fd)
{
	struct vfio_pci_eventfd *eventfd __free(kfree) = NULL;

	if (fd == -1) {
		vfio_pci_event_publish(vdev, event, NULL);
		return 0;
	}
	if (fd < 0)
		return -EINVAL;

	struct eventfd_ctx *ctx __free(vfio_pci_eventfd_ctx) = eventfd_ctx_fdget(fd);

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);

	eventfd = kzalloc(sizeof(*eventfd), GFP_KERNEL_ACCOUNT);
	if (!eventfd)
		return -ENOMEM;

	eventfd->ctx = no_free_ptr(ctx);
	vfio_pci_event_publish(vdev, event, no_free_ptr(eventfd));
	return 0;
}

/**
 * vfio_pci_event_set_trigger() - arm, disarm or loop back an event
 * @vdev: open
 * @set: one vector
 *
 * Context: sleeps; igate held.
 * Return: 0, -EINVAL for an eventfd below -1 or DATA_NONE with nothing armed, -ENOMEM, or
 * eventfd_ctx_fdget()'s errno.
 */
int vfio_pci_event_set_trigger(struct vfio_pci_core_device *vdev,
			       const struct vfio_pci_irq_set *set)
{
	struct vfio_pci_eventfd __rcu **event = vfio_pci_event_of(vdev, set->index);

	if (set->data == VFIO_IRQ_SET_DATA_EVENTFD)
		return vfio_pci_event_arm(vdev, event, set->fds[0]);

	if (vfio_pci_irq_set_means(set, 0) && !vfio_pci_eventfd_signal(event) &&
	    set->data == VFIO_IRQ_SET_DATA_NONE)
		return -EINVAL;
	return 0;
}

/**
 * vfio_pci_event_release() - disarm an event
 * @vdev: open
 * @index: VFIO_PCI_ERR_IRQ_INDEX or VFIO_PCI_REQ_IRQ_INDEX
 *
 * Context: igate held.
 * Return: 0, or -EINVAL if it was not armed.
 */
int vfio_pci_event_release(struct vfio_pci_core_device *vdev, unsigned int index)
{
	struct vfio_pci_eventfd __rcu **event = vfio_pci_event_of(vdev, index);

	if (!rcu_access_pointer(*event))
		return -EINVAL;
	vfio_pci_event_publish(vdev, event, NULL);
	return 0;
}

void vfio_pci_irq_events_release(struct vfio_pci_core_device *vdev)
{
	guard(mutex)(&vdev->igate);
	vfio_pci_event_publish(vdev, &vdev->err_trigger, NULL);
	vfio_pci_event_publish(vdev, &vdev->req_trigger, NULL);
}
