// SPDX-License-Identifier: GPL-2.0-only
/*
 * INTx: a level-triggered line, masked each time it fires until the user unmasks it.
 *
 * Where the function can mask INTx itself (pci_2_3) the line may be shared, and masking is its
 * DisINTx bit.  Otherwise the line must be ours alone, and masking is done at the interrupt
 * controller.
 *
 * Who masks and unmasks: the handler, the user by ioctl, the user by eventfd (from a wait queue's
 * wake-up, so atomic), the user by DisINTx in config space, and runtime PM.  The last two happen in
 * any irq_type; while it is not INTx, the function's DisINTx just follows what they say.
 *
 * irqlock guards the mask state and is held while the line is changed, so that both agree; igate
 * keeps struct vfio_pci_intx in place for everybody but the handler and the eventfd, which release
 * waits for.
 */
#include <linux/eventfd.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "vfio_pci_intrs.h"

/**
 * struct vfio_pci_intx - INTx while irq_type says so; entry 0 of vdev->ctx
 * @vdev: the function
 * @trigger: signalled when the line fires, NULL for none; written under igate
 * @unmask: unmasks when its eventfd is signalled
 * @masked: the line is masked; irqlock
 * @name: in /proc/interrupts
 */
struct vfio_pci_intx {
	struct vfio_pci_core_device	*vdev;
	struct eventfd_ctx		*trigger;
	struct virqfd			*unmask;
	bool				masked;
	char				name[40];
};

/* INTx if irq_type is that, else NULL.  Context: igate held. */
static struct vfio_pci_intx *vfio_pci_intx_get(struct vfio_pci_core_device *vdev)
{
	lockdep_assert_held(&vdev->igate);
	return vdev->irq_type == VFIO_PCI_INTX_IRQ_INDEX ? xa_load(&vdev->ctx, 0) : NULL;
}

/* A user who set DisINTx in config space must see no interrupt. */
static void vfio_pci_intx_signal(struct vfio_pci_intx *intx)
{
	struct eventfd_ctx *trigger = READ_ONCE(intx->trigger);

	if (likely(trigger && !READ_ONCE(intx->vdev->virq_disabled)))
		eventfd_signal(trigger);
}

static irqreturn_t vfio_pci_intx_handler(int irq, void *cookie)
{
	struct vfio_pci_intx *intx = cookie;
	struct vfio_pci_core_device *vdev = intx->vdev;

	scoped_guard(spinlock_irqsave, &vdev->irqlock) {
		/*
		 * Already masked: on a shared line somebody else is calling.  A line of our own
		 * was masked while this handler waited for the lock; it fires again once unmasked,
		 * and disabling it twice would take two unmasks.
		 */
		if (intx->masked)
			return vdev->pci_2_3 ? IRQ_NONE : IRQ_HANDLED;
		if (!vdev->pci_2_3)
			disable_irq_nosync(irq);
		else if (!pci_check_and_mask_intx(vdev->pdev))
			return IRQ_NONE;
		intx->masked = true;
	}

	vfio_pci_intx_signal(intx);
	return IRQ_HANDLED;
}

static bool vfio_pci_intx_do_mask(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_intx *intx = vfio_pci_intx_get(vdev);

	scoped_guard(spinlock_irq, &vdev->irqlock) {
		if (intx && intx->masked)
			return false;

		/* Whether or not something is pending. */
		if (vdev->pci_2_3)
			pci_intx(vdev->pdev, 0);
		else if (intx)
			disable_irq_nosync(vdev->pdev->irq);
		if (intx)
			intx->masked = true;
	}
	return intx;
}

bool vfio_pci_intx_mask(struct vfio_pci_core_device *vdev)
{
	guard(mutex)(&vdev->igate);
	return vfio_pci_intx_do_mask(vdev);
}

/*
 * struct virqfd's handler: unmasks unless DisINTx forbids it.  Called with the eventfd's wait queue
 * locked, which must not be signalled from here.
 *
 * Return: 1 if an interrupt is pending.  The line then stays masked, and the user wants a signal as
 * if it had fired.
 */
static int vfio_pci_intx_unmask_check(void *opaque, void *data)
{
	struct vfio_pci_core_device *vdev = opaque;
	struct vfio_pci_intx *intx = data;

	scoped_guard(spinlock_irqsave, &vdev->irqlock) {
		if (!intx->masked || READ_ONCE(vdev->virq_disabled))
			return false;

		if (vdev->pci_2_3) {
			intx->masked = !pci_check_and_unmask_intx(vdev->pdev);
		} else {
			enable_irq(vdev->pdev->irq);
			intx->masked = false;
		}
		return intx->masked;
	}
	return false;
}

/* struct virqfd's thread, after a handler that returned 1. */
static void vfio_pci_intx_unmask_signal(void *opaque, void *data)
{
	vfio_pci_intx_signal(data);
}

static void vfio_pci_intx_do_unmask(struct vfio_pci_intx *intx)
{
	if (vfio_pci_intx_unmask_check(intx->vdev, intx))
		vfio_pci_intx_signal(intx);
}

void vfio_pci_intx_unmask(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_intx *intx;

	guard(mutex)(&vdev->igate);

	intx = vfio_pci_intx_get(vdev);
	if (intx) {
		vfio_pci_intx_do_unmask(intx);
	} else if (vdev->pci_2_3) {
		scoped_guard(spinlock_irqsave, &vdev->irqlock)
			pci_intx(vdev->pdev, 1);
	}
}

/*
 * Makes irq_type INTx; the reference that @trigger is (or NULL) becomes ours on success.
 * Context: sleeps; igate held, irq_type none.
 */
static int vfio_pci_intx_enable(struct vfio_pci_core_device *vdev, struct eventfd_ctx *trigger)
{
	struct vfio_pci_intx *intx __free(kfree) = NULL;
	struct pci_dev *pdev = vdev->pdev;
	unsigned long irqflags = 0;
	int err;

	if (!pdev->irq || pdev->irq == IRQ_NOTCONNECTED)
		return -ENODEV;

	intx = kzalloc(sizeof(*intx), GFP_KERNEL_ACCOUNT);
	if (!intx)
		return -ENOMEM;

	intx->vdev = vdev;
	intx->trigger = trigger;
	intx->masked = vdev->virq_disabled;
	scnprintf(intx->name, sizeof(intx->name), "vfio-intx(%s)", pci_name(pdev));

	err = xa_insert(&vdev->ctx, 0, intx, GFP_KERNEL_ACCOUNT);
	if (err)
		return -ENOMEM;

	/* The line takes on the state that config space shows before anything can fire. */
	if (vdev->pci_2_3) {
		pci_intx(pdev, !intx->masked);
		irqflags = IRQF_SHARED;
	} else {
		if (intx->masked)
			irqflags = IRQF_NO_AUTOEN;
		/* Masked means masked at the chip at once: a level that stays up fires again. */
		irq_set_status_flags(pdev->irq, IRQ_DISABLE_UNLAZY);
	}

	err = request_irq(pdev->irq, vfio_pci_intx_handler, irqflags, intx->name, intx);
	if (err) {
		if (!vdev->pci_2_3)
			irq_clear_status_flags(pdev->irq, IRQ_DISABLE_UNLAZY);
		xa_erase(&vdev->ctx, 0);
		return err;
	}

	retain_and_null_ptr(intx);
	vdev->irq_type = VFIO_PCI_INTX_IRQ_INDEX;
	return 0;
}

/*
 * Signals @trigger instead of what was there, which is put once nobody can be signalling it.
 * Context: sleeps; igate held, irq_type INTx.
 */
static void vfio_pci_intx_replace_trigger(struct vfio_pci_intx *intx, struct eventfd_ctx *trigger)
{
	struct eventfd_ctx *old = intx->trigger;

	WRITE_ONCE(intx->trigger, trigger);
	if (!old)
		return;

	synchronize_irq(intx->vdev->pdev->irq);
	vfio_virqfd_flush_thread(&intx->unmask);
	eventfd_ctx_put(old);
}

/* Lets eventfd @fd, negative for none, be what INTx signals; enables INTx where it is not. */
static noinline int vfio_pci_intx_set_eventfd(struct vfio_pci_core_device *vdev, int fd)
{
	struct eventfd_ctx *trigger __free(vfio_pci_eventfd_ctx) = NULL;
	struct vfio_pci_intx *intx = vfio_pci_intx_get(vdev);
	int err;

	if (fd >= 0) {
		trigger = eventfd_ctx_fdget(fd);
		if (IS_ERR(trigger))
			return PTR_ERR(trigger);
	}

	if (intx) {
		vfio_pci_intx_replace_trigger(intx, no_free_ptr(trigger));
		return 0;
	}

	err = vfio_pci_intx_enable(vdev, trigger);
	if (!err)
		retain_and_null_ptr(trigger);
	return err;
}

/**
 * vfio_pci_intx_set_trigger() - enable INTx, change its eventfd, or fire it by hand
 * @vdev: open
 * @set: one vector
 *
 * Context: sleeps; igate held; irq_type is INTx, or none when @set carries an eventfd.
 * Return: 0, -ENODEV where the function's pin leads nowhere, -ENOMEM, or the errno of
 * eventfd_ctx_fdget() or request_irq(): -EBUSY when a line that must be exclusive is taken.
 */
int vfio_pci_intx_set_trigger(struct vfio_pci_core_device *vdev,
			      const struct vfio_pci_irq_set *set)
{
	if (set->data == VFIO_IRQ_SET_DATA_EVENTFD)
		return vfio_pci_intx_set_eventfd(vdev, set->fds[0]);

	if (vfio_pci_irq_set_means(set, 0))
		vfio_pci_intx_signal(vfio_pci_intx_get(vdev));
	return 0;
}

/**
 * vfio_pci_intx_set_mask() - mask by ioctl
 * @vdev: open
 * @set: one vector, no eventfd
 *
 * Context: igate held; irq_type is INTx.
 * Return: 0.
 */
int vfio_pci_intx_set_mask(struct vfio_pci_core_device *vdev, const struct vfio_pci_irq_set *set)
{
	if (vfio_pci_irq_set_means(set, 0))
		vfio_pci_intx_do_mask(vdev);
	return 0;
}

static noinline int vfio_pci_intx_set_unmask_eventfd(struct vfio_pci_core_device *vdev, int fd)
{
	struct vfio_pci_intx *intx = vfio_pci_intx_get(vdev);

	if (fd >= 0)
		return vfio_virqfd_enable(vdev, vfio_pci_intx_unmask_check,
					  vfio_pci_intx_unmask_signal, intx, &intx->unmask, fd);

	vfio_virqfd_disable(&intx->unmask);
	return 0;
}

/**
 * vfio_pci_intx_set_unmask() - unmask by ioctl, or set the eventfd that unmasks
 * @vdev: open
 * @set: one vector
 *
 * Context: sleeps; igate held; irq_type is INTx.
 * Return: 0, or vfio_virqfd_enable()'s errno: -EBUSY while another eventfd is set.
 */
int vfio_pci_intx_set_unmask(struct vfio_pci_core_device *vdev,
			     const struct vfio_pci_irq_set *set)
{
	if (set->data == VFIO_IRQ_SET_DATA_EVENTFD)
		return vfio_pci_intx_set_unmask_eventfd(vdev, set->fds[0]);

	if (vfio_pci_irq_set_means(set, 0))
		vfio_pci_intx_do_unmask(vfio_pci_intx_get(vdev));
	return 0;
}

/**
 * vfio_pci_intx_release() - take INTx down
 * @vdev: open or closing
 * @index: VFIO_PCI_INTX_IRQ_INDEX
 *
 * Context: sleeps; igate held; irq_type is INTx, none afterwards.
 * Return: 0.
 */
int vfio_pci_intx_release(struct vfio_pci_core_device *vdev, unsigned int index)
{
	struct vfio_pci_intx *intx __free(kfree) = vfio_pci_intx_get(vdev);
	struct pci_dev *pdev = vdev->pdev;

	/* First who could unmask, then who could fire: after that nobody knows of it. */
	vfio_virqfd_disable(&intx->unmask);
	free_irq(pdev->irq, intx);
	if (!vdev->pci_2_3)
		irq_clear_status_flags(pdev->irq, IRQ_DISABLE_UNLAZY);
	if (intx->trigger)
		eventfd_ctx_put(intx->trigger);

	xa_erase(&vdev->ctx, 0);
	vdev->irq_type = VFIO_PCI_NUM_IRQS;
	return 0;
}
