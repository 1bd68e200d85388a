// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSI and MSI-X: a vector is a Linux interrupt whose handler signals an eventfd.
 *
 * A vector's structure and its Linux interrupt, once there, stay until the type is released; what
 * comes and goes with the user's eventfds is the handler.  Where vectors can be allocated one at a
 * time (has_dyn_msix) the first request need not name all that will ever be used.
 *
 * Changing handlers reads and writes the MSI-X table, so it happens with memory decode on, in one
 * such scope for a whole request.  Two things stay outside of it: eventfds are looked up before,
 * and bypass consumers come and go before and after.  KVM takes locks there under which it may
 * fault in guest memory, which can be a BAR of ours and then wants memory_lock.
 */
#include <linux/eventfd.h>
#include <linux/interrupt.h>
#include <linux/log2.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include <compat/irqbypass.h>

#include "vfio_pci_intrs.h"

/**
 * struct vfio_pci_msi_vector - a vector that was in use at least once; entry of vdev->ctx
 * @trigger: what the handler signals; NULL while there is no handler
 * @next: becomes @trigger later in the same request; NULL outside of one
 * @irq: Linux interrupt, 0 until the vector is first armed
 * @producer: offers @irq to KVM under @trigger
 * @name: in /proc/interrupts
 *
 * All under igate.
 */
struct vfio_pci_msi_vector {
	struct eventfd_ctx		*trigger;
	struct eventfd_ctx		*next;
	int				irq;
	struct irq_bypass_producer	producer;
	char				name[40];
};

static irqreturn_t vfio_pci_msi_handler(int irq, void *trigger)
{
	eventfd_signal(trigger);
	return IRQ_HANDLED;
}

/* The structure of vector @nr, made if there is none yet.  Return: NULL without memory. */
static struct vfio_pci_msi_vector *vfio_pci_msi_vector_make(struct vfio_pci_core_device *vdev,
							    unsigned int index, unsigned int nr)
{
	struct vfio_pci_msi_vector *vector = xa_load(&vdev->ctx, nr);

	if (vector)
		return vector;

	vector = kzalloc(sizeof(*vector), GFP_KERNEL_ACCOUNT);
	if (!vector)
		return NULL;

	scnprintf(vector->name, sizeof(vector->name), "vfio-msi%s[%u](%s)",
		  index == VFIO_PCI_MSIX_IRQ_INDEX ? "x" : "", nr, pci_name(vdev->pdev));
	if (xa_insert(&vdev->ctx, nr, vector, GFP_KERNEL_ACCOUNT)) {
		kfree(vector);
		return NULL;
	}
	return vector;
}

/*
 * Looks up the eventfds of @set.  @good says how many vectors are in order: all of them, or those
 * before the one that the errno is about.
 */
static int vfio_pci_msi_stage(struct vfio_pci_core_device *vdev,
			      const struct vfio_pci_irq_set *set, unsigned int *good)
{
	unsigned int *i = good;

	for (*i = 0; *i < set->count; ++*i) {
		struct vfio_pci_msi_vector *vector;
		struct eventfd_ctx *trigger;

		if (set->fds[*i] < 0)
			continue;

		vector = vfio_pci_msi_vector_make(vdev, set->index, set->start + *i);
		if (!vector)
			return -ENOMEM;
		trigger = eventfd_ctx_fdget(set->fds[*i]);
		if (IS_ERR(trigger))
			return PTR_ERR(trigger);
		vector->next = trigger;
	}
	return 0;
}

/*
 * Withdraws the vectors of @set from KVM.  Return: whether any of them has a handler or is about to
 * get one.
 */
static bool vfio_pci_msi_detach(struct vfio_pci_core_device *vdev,
				const struct vfio_pci_irq_set *set)
{
	bool busy = false;
	unsigned int i;

	for (i = 0; i < set->count; i++) {
		struct vfio_pci_msi_vector *vector = xa_load(&vdev->ctx, set->start + i);

		if (!vector)
			continue;
		irq_bypass_unregister_producer(&vector->producer);
		busy |= vector->trigger || vector->next;
	}
	return busy;
}

/* Offers the armed vectors of @set to KVM, and forgets what was staged and never came to be. */
static void vfio_pci_msi_attach(struct vfio_pci_core_device *vdev,
				const struct vfio_pci_irq_set *set)
{
	unsigned int i;
	int err;

	for (i = 0; i < set->count; i++) {
		struct vfio_pci_msi_vector *vector = xa_load(&vdev->ctx, set->start + i);

		if (!vector)
			continue;
		if (vector->next)
			eventfd_ctx_put(vector->next);
		vector->next = NULL;
		if (!vector->trigger)
			continue;

		err = irq_bypass_register_producer(&vector->producer, vector->trigger,
						   vector->irq);
		/* One eventfd for several vectors does this; it costs speed only. */
		if (unlikely(err))
			pci_info_ratelimited(vdev->pdev, "%s: no interrupt bypass: %d\n",
					     vector->name, err);
	}
}

/* Context: in a memory decode scope, as whoever changes handlers. */
static void vfio_pci_msi_disarm(struct vfio_pci_msi_vector *vector)
{
	if (!vector->trigger)
		return;

	free_irq(vector->irq, vector->trigger);
	eventfd_ctx_put(vector->trigger);
	vector->trigger = NULL;
}

/* Linux's interrupt for vector @nr, allocated now if the type allows that; @fresh says so. */
static int vfio_pci_msi_irq_get(struct vfio_pci_core_device *vdev, unsigned int nr, bool *fresh)
{
	struct msi_map map;
	int irq;

	irq = pci_irq_vector(vdev->pdev, nr);
	if (irq >= 0 || vdev->irq_type != VFIO_PCI_MSIX_IRQ_INDEX || !vdev->has_dyn_msix)
		return irq;

	map = pci_msix_alloc_irq_at(vdev->pdev, nr, NULL);
	*fresh = true;
	return map.index < 0 ? map.index : map.virq;
}

/*
 * Gives a vector without handler the one that is staged.  @fresh: its interrupt was allocated in
 * this very scope.
 */
static int vfio_pci_msi_arm(struct vfio_pci_core_device *vdev, struct vfio_pci_msi_vector *vector,
			    unsigned int nr, bool fresh)
{
	struct msi_msg msg;
	int err;

	if (!vector->irq) {
		int irq = vfio_pci_msi_irq_get(vdev, nr, &fresh);

		if (irq < 0)
			return irq;
		vector->irq = irq;
	}

	/* A reset that nobody told us of may have emptied the table since. */
	if (!fresh && vdev->irq_type == VFIO_PCI_MSIX_IRQ_INDEX) {
		get_cached_msi_msg(vector->irq, &msg);
		pci_write_msi_msg(vector->irq, &msg);
	}

	err = request_irq(vector->irq, vfio_pci_msi_handler, 0, vector->name, vector->next);
	if (err)
		return err;

	swap(vector->trigger, vector->next);
	return 0;
}

/*
 * Frees all interrupts, which clears DisINTx as well.  A function with broken INTx must never see
 * it clear, and a user who set it must not get a line asserted that nobody handles.
 */
static void vfio_pci_msi_free_irqs(struct vfio_pci_core_device *vdev)
{
	pci_free_irq_vectors(vdev->pdev);
	if (vdev->nointx || (vdev->pci_2_3 && READ_ONCE(vdev->virq_disabled)))
		pci_intx(vdev->pdev, 0);
}

/*
 * Makes irq_type @index with @count vectors.  Return: 0, an errno, or a positive number of vectors
 * if there are fewer to be had, and then none are taken; -EIO for an MSI-X table that has moved.
 */
static int vfio_pci_msi_enable(struct vfio_pci_core_device *vdev, unsigned int index,
			       unsigned int count)
{
	bool msix = index == VFIO_PCI_MSIX_IRQ_INDEX;
	int got;

	/* Asked twice, as the kernel reads where the table is in between. */
	if (msix && !vfio_pci_msix_intact(vdev))
		return -EIO;

	got = pci_alloc_irq_vectors(vdev->pdev, 1, count, msix ? PCI_IRQ_MSIX : PCI_IRQ_MSI);
	if (got < 0)
		return got;
	if (msix && !vfio_pci_msix_intact(vdev))
		got = -EIO;
	if (got < (int)count) {
		vfio_pci_msi_free_irqs(vdev);
		return got;
	}

	vdev->irq_type = index;
	if (!msix)
		vdev->msi_qmax = order_base_2(count);
	return 0;
}

/*
 * Brings the vectors of @set to what is staged for them, as far as the first that fails: @good of
 * them can be had, after them comes @staging.  The failed one and those before are left without
 * handler, those behind as they were.
 */
static int vfio_pci_msi_change(struct vfio_pci_core_device *vdev,
			       const struct vfio_pci_irq_set *set, unsigned int good, int staging)
{
	bool enabling = vdev->irq_type != set->index;
	struct vfio_pci_msi_vector *vector;
	unsigned int i;
	int err = 0;

	CLASS(vfio_pci_memory_decode, decode)(vdev);

	if (enabling) {
		err = vfio_pci_msi_enable(vdev, set->index, set->start + set->count);
		if (err)
			return err;
	}

	for (i = 0; i < set->count && !err; i++) {
		vector = xa_load(&vdev->ctx, set->start + i);
		if (vector)
			vfio_pci_msi_disarm(vector);
		if (i == good)
			err = staging;
		else if (vector && vector->next)
			err = vfio_pci_msi_arm(vdev, vector, set->start + i, enabling);
	}
	if (!err)
		return 0;

	while (i--) {
		vector = xa_load(&vdev->ctx, set->start + i);
		if (vector)
			vfio_pci_msi_disarm(vector);
	}
	return err;
}

/* Takes all handlers away, and then the interrupts. */
static void vfio_pci_msi_disarm_all(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_msi_vector *vector;
	unsigned long nr;

	CLASS(vfio_pci_memory_decode, decode)(vdev);

	xa_for_each(&vdev->ctx, nr, vector)
		vfio_pci_msi_disarm(vector);
	vfio_pci_msi_free_irqs(vdev);
}

/* Context: irq_type none, or about to be: no handler and no producer is left. */
static void vfio_pci_msi_free_vectors(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_msi_vector *vector;
	unsigned long nr;

	xa_for_each(&vdev->ctx, nr, vector)
		kfree(vector);
	xa_destroy(&vdev->ctx);
}

/* The user wants vectors of @set to fire: signal what they would signal. */
static int vfio_pci_msi_loopback(struct vfio_pci_core_device *vdev,
				 const struct vfio_pci_irq_set *set)
{
	unsigned int i;

	for (i = 0; i < set->count; i++) {
		struct vfio_pci_msi_vector *vector = xa_load(&vdev->ctx, set->start + i);

		if (vector && vector->trigger && vfio_pci_irq_set_means(set, i))
			eventfd_signal(vector->trigger);
	}
	return 0;
}

/**
 * vfio_pci_msi_set_trigger() - enable MSI or MSI-X, change eventfds, or fire vectors by hand
 * @vdev: open
 * @set: any number of vectors
 *
 * Context: sleeps; igate held, memory_lock not; irq_type is set->index, or none when @set carries
 * eventfds.
 * Return: 0; a positive number of vectors if fewer than start + count can be had, nothing changed;
 * -EINVAL for a vector beyond those enabled where none can be added, -EIO for an MSI-X table that
 * is not what it was at open, -ENOMEM, -ENOSPC, or an errno of eventfd_ctx_fdget() or
 * request_irq().  After an errno the vectors up to the offending one have no handler, and irq_type
 * is none again if it was.
 */
int vfio_pci_msi_set_trigger(struct vfio_pci_core_device *vdev,
			     const struct vfio_pci_irq_set *set)
{
	bool enabling = vdev->irq_type != set->index;
	unsigned int good;
	int err;

	if (set->data != VFIO_IRQ_SET_DATA_EVENTFD)
		return vfio_pci_msi_loopback(vdev, set);

	err = vfio_pci_msi_stage(vdev, set, &good);
	if (vfio_pci_msi_detach(vdev, set) || enabling)
		err = vfio_pci_msi_change(vdev, set, good, err);
	vfio_pci_msi_attach(vdev, set);

	if (err && enabling) {
		if (vdev->irq_type == set->index)
			vfio_pci_msi_release(vdev, set->index);
		else
			vfio_pci_msi_free_vectors(vdev);
	}
	return err;
}

/**
 * vfio_pci_msi_release() - take MSI or MSI-X down
 * @vdev: open or closing
 * @index: which of the two, the irq_type in force
 *
 * Context: sleeps; igate held, memory_lock not; irq_type is none afterwards.
 * Return: 0.
 */
int vfio_pci_msi_release(struct vfio_pci_core_device *vdev, unsigned int index)
{
	struct vfio_pci_msi_vector *vector;
	unsigned long nr;

	xa_for_each(&vdev->ctx, nr, vector)
		irq_bypass_unregister_producer(&vector->producer);

	vfio_pci_msi_disarm_all(vdev);
	vfio_pci_msi_free_vectors(vdev);
	vdev->irq_type = VFIO_PCI_NUM_IRQS;
	return 0;
}
