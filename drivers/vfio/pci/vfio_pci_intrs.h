/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the interrupt files owe each other: vfio_pci_intrs.c decodes a request and finds the
 * action for it; vfio_pci_intx.c, vfio_pci_msi.c and vfio_pci_events.c carry it out.
 */
#ifndef VFIO_PCI_INTRS_H
#define VFIO_PCI_INTRS_H

#include <linux/cleanup.h>
#include <linux/eventfd.h>

#include "vfio_pci_priv.h"

/**
 * struct vfio_pci_irq_set - VFIO_DEVICE_SET_IRQS, decoded
 * @index: which interrupts of the function
 * @start: first vector
 * @count: number of vectors, and of elements in @bools or @fds
 * @data: the one VFIO_IRQ_SET_DATA_* that says what the request carries
 * @bools: of DATA_BOOL: is the vector meant?
 * @fds: of DATA_EVENTFD: the vector's eventfd, negative for none
 */
struct vfio_pci_irq_set {
	unsigned int	index;
	unsigned int	start;
	unsigned int	count;
	u32		data;
	union {
		const u8	*bools;
		const s32	*fds;
	};
};

/* Does a request without eventfds mean vector start + @i? */
static inline bool vfio_pci_irq_set_means(const struct vfio_pci_irq_set *set, unsigned int i)
{
	return set->data == VFIO_IRQ_SET_DATA_NONE || set->bools[i];
}

static inline void vfio_pci_eventfd_ctx_put(struct eventfd_ctx *ctx)
{
	if (!IS_ERR_OR_NULL(ctx))
		eventfd_ctx_put(ctx);
}

DEFINE_FREE(vfio_pci_eventfd_ctx, struct eventfd_ctx *, vfio_pci_eventfd_ctx_put(_T))

/*
 * Actions, called through the table of vfio_pci_intrs.c, which has checked vector counts and
 * irq_type against it.  All sleep and want igate held.
 */
int vfio_pci_intx_set_trigger(struct vfio_pci_core_device *vdev,
			      const struct vfio_pci_irq_set *set);
int vfio_pci_intx_set_mask(struct vfio_pci_core_device *vdev, const struct vfio_pci_irq_set *set);
int vfio_pci_intx_set_unmask(struct vfio_pci_core_device *vdev,
			     const struct vfio_pci_irq_set *set);
int vfio_pci_intx_release(struct vfio_pci_core_device *vdev, unsigned int index);

int vfio_pci_msi_set_trigger(struct vfio_pci_core_device *vdev,
			     const struct vfio_pci_irq_set *set);
int vfio_pci_msi_release(struct vfio_pci_core_device *vdev, unsigned int index);

int vfio_pci_event_set_trigger(struct vfio_pci_core_device *vdev,
			       const struct vfio_pci_irq_set *set);
int vfio_pci_event_release(struct vfio_pci_core_device *vdev, unsigned int index);

bool vfio_pci_msix_intact(struct vfio_pci_core_device *vdev);

#endif /* VFIO_PCI_INTRS_H */
