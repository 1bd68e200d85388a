// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a device in this library, and the vfio_device_ops that are no concern of their own.
 *
 *	init      vfio_alloc_device() of a driver's probe; nothing but fields
 *	register  userspace sees the device; runtime PM may let it sleep
 *	enable    first open: function reset unless it is pristine, state saved, config space,
 *		  interrupts, regions
 *	disable   last close: all undone, function reset, state restored
 *	unregister, release
 */

#include <linux/module.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/vfio_pci_migration.h>
#include <linux/vfio_pci_variant.h>

#include "vfio_pci_priv.h"

struct vfio_pci_core_params vfio_pci_params;

/**
 * vfio_pci_core_set_params() - library-wide settings, before the first device registers
 * @nointxmask: never rely on PCI 2.3 INTx masking; INTx then needs an interrupt line of its own
 * @is_disable_vga: offer no VGA region
 * @is_disable_idle_d3: leave unused functions in D0
 */
void vfio_pci_core_set_params(bool nointxmask, bool is_disable_vga, bool is_disable_idle_d3)
{
	vfio_pci_params = (struct vfio_pci_core_params) {
		.nointxmask = nointxmask,
		.disable_vga = is_disable_vga,
		.disable_idle_d3 = is_disable_idle_d3,
	};
}
EXPORT_SYMBOL_GPL(vfio_pci_core_set_params);

/* ---- open ------------------------------------------------------------------------------------ */

/*
 * Functions whose INTx cannot be used safely: they honour DisINTx but do not show in their status
 * that they assert INTx, so a shared line would never be known to be theirs.
 */
static const struct pci_device_id vfio_pci_broken_intx[] = {
	/* X710, XL710, XXV710 */
	{ PCI_VDEVICE(INTEL, 0x1572) },
	{ PCI_VDEVICE(INTEL, 0x1574) },
	{ PCI_VDEVICE(INTEL, 0x1580) },
	{ PCI_VDEVICE(INTEL, 0x1581) },
	{ PCI_VDEVICE(INTEL, 0x1583) },
	{ PCI_VDEVICE(INTEL, 0x1584) },
	{ PCI_VDEVICE(INTEL, 0x1585) },
	{ PCI_VDEVICE(INTEL, 0x1586) },
	{ PCI_VDEVICE(INTEL, 0x1587) },
	{ PCI_VDEVICE(INTEL, 0x1588) },
	{ PCI_VDEVICE(INTEL, 0x1589) },
	{ PCI_VDEVICE(INTEL, 0x158a) },
	{ PCI_VDEVICE(INTEL, 0x158b) },
	{ PCI_VDEVICE(INTEL, 0x37d0) },
	{ PCI_VDEVICE(INTEL, 0x37d1) },
	{ PCI_VDEVICE(INTEL, 0x37d2) },
	/* X550 */
	{ PCI_VDEVICE(INTEL, 0x1563) },
	{}
};

/* Learns how INTx of the function can be masked, and leaves DisINTx clear where it is usable. */
static void vfio_pci_probe_intx(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	u16 command;

	if (vfio_pci_params.nointxmask)
		return;

	if (pci_match_id(vfio_pci_broken_intx, pdev)) {
		pci_info(pdev, "hiding INTx, which this device cannot report\n");
		vdev->nointx = true;
		pci_intx(pdev, 0);
		return;
	}

	vdev->pci_2_3 = pci_intx_mask_supported(pdev);
	if (!vdev->pci_2_3)
		return;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	if (command & PCI_COMMAND_INTX_DISABLE)
		pci_write_config_word(pdev, PCI_COMMAND, command & ~PCI_COMMAND_INTX_DISABLE);
}

/*
 * Sees to it that nothing of the last user is left, and learns whether the function can be reset.
 * Return: 0, or -EAGAIN if something else holds the function's lock.
 */
static int vfio_pci_open_reset(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	int ret;

	if (vfio_pci_pristine_take(vdev)) {
		/* No reset, but no less must nobody else be resetting it just now. */
		if (!pci_dev_trylock(pdev))
			return -EAGAIN;
		pci_dev_unlock(pdev);
		return 0;
	}

	ret = pci_try_reset_function(pdev);
	if (ret == -EAGAIN)
		return ret;
	vdev->reset_works = !ret;
	return 0;
}

/* The same, and the state is kept. */
static int vfio_pci_open_afresh(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	int ret = vfio_pci_open_reset(vdev);

	if (ret)
		return ret;

	/* What close gives back, after its reset and all that the user did. */
	pci_save_state(pdev);
	vdev->pci_saved_state = pci_store_saved_state(pdev);
	return vdev->pci_saved_state ? 0 : -ENOMEM;
}

/*
 * Sets up all that an open device has; what fails half way is left for vfio_pci_teardown().
 * @afresh: vfio_pci_open_afresh() was done.
 */
static int vfio_pci_setup(struct vfio_pci_core_device *vdev, bool afresh)
{
	int ret;

	ret = vfio_pci_arch.open ? vfio_pci_arch.open(vdev) : 0;
	if (ret)
		return ret;

	/* What it would tell of itself now is not what it is. */
	if (!pci_device_is_present(vdev->pdev)) {
		pci_info(vdev->pdev, "does not answer: not opened\n");
		return -ENODEV;
	}
	/* It did not, but now it does, with whatever the last user left in it. */
	ret = afresh ? 0 : vfio_pci_open_afresh(vdev);
	if (ret)
		return ret;

	vfio_pci_probe_intx(vdev);

	ret = vfio_pci_config_init(vdev);
	if (ret)
		return ret;

	vfio_pci_irqs_setup(vdev);

	return vfio_pci_arch.setup ? vfio_pci_arch.setup(vdev) : 0;
}

static void vfio_pci_teardown(struct vfio_pci_core_device *vdev)
{
	vfio_pci_irqs_teardown(vdev);
	vfio_pci_release_ioeventfds(vdev);
	vfio_pci_dma_buf_cleanup(vdev);
	vfio_pci_release_regions(vdev);
	vfio_pci_config_free(vdev);
	vfio_pci_release_barmaps(vdev);
	vfio_pci_release_mmaps(vdev);
	vdev->virq_disabled = false;
	vdev->has_vga = false;
	if (vfio_pci_arch.close)
		vfio_pci_arch.close(vdev);
}

static void vfio_pci_idle_put(struct vfio_pci_core_device *vdev)
{
	if (!vdev->disable_idle_d3)
		pm_runtime_put(&vdev->pdev->dev);
}

/**
 * vfio_pci_core_enable() - make the function ready for a user
 * @vdev: registered, closed
 *
 * The first step of a driver's open_device.  The driver then adds what it wants and calls
 * vfio_pci_core_finish_enable(), or vfio_pci_core_disable() if it cannot go on.
 *
 * Context: sleeps; dev_set->lock held by vfio.ko.
 * Return: 0, -EAGAIN if something else holds the function's lock, -ENODEV if the function does not
 * answer, -ENOMEM, or the errno of resuming or enabling the function, of its config space or of the
 * architecture.
 */
int vfio_pci_core_enable(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	bool answers;
	int ret;

	ret = vdev->disable_idle_d3 ? 0 : pm_runtime_resume_and_get(&pdev->dev);
	if (ret)
		return ret;

	/* The state saved below is restored at close: it must not let the function do DMA. */
	pci_clear_master(pdev);

	ret = pci_enable_device(pdev);
	if (ret) {
		vfio_pci_idle_put(vdev);
		return ret;
	}

	/*
	 * The kernel would wait a minute for the reset of one that does not answer, and save ones
	 * as its state.  But the platform may have cut it off, so it is for vfio_pci_setup() to
	 * refuse it.
	 */
	answers = pci_device_is_present(pdev);
	if (!answers)
		vfio_pci_pristine_spoil(vdev);

	ret = answers ? vfio_pci_open_afresh(vdev) : 0;
	if (!ret) {
		ret = vfio_pci_setup(vdev, answers);
		if (!ret)
			return 0;

		vfio_pci_teardown(vdev);
		kfree(vdev->pci_saved_state);
		vdev->pci_saved_state = NULL;
	}

	pci_disable_device(pdev);
	vfio_pci_idle_put(vdev);
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_pci_core_enable);

/**
 * vfio_pci_core_finish_enable() - last step of a driver's open_device, which cannot fail
 * @vdev: enabled
 *
 * Context: sleeps; dev_set->lock held by vfio.ko.
 */
void vfio_pci_core_finish_enable(struct vfio_pci_core_device *vdev)
{
	vfio_pci_probe_mmaps(vdev);
	vfio_pci_sriov_open(vdev);
	vfio_pci_migration_open(vdev);
}
EXPORT_SYMBOL_GPL(vfio_pci_core_finish_enable);

/* ---- close ----------------------------------------------------------------------------------- */

/*
 * Resets the function with its lock and its bridge's held, if they can be had: the caller may be
 * under the very lock (driver removal), so this must not wait.  Return: whether it was reset.
 */
static bool vfio_pci_reset_locked(struct pci_dev *pdev)
{
	struct pci_dev *bridge = pci_upstream_bridge(pdev);
	bool done = false;

	if (bridge && !pci_dev_trylock(bridge))
		return false;

	if (pci_dev_trylock(pdev)) {
		/* Not the "try" reset, which would save the state and so replace the restored. */
		done = !__pci_reset_function_locked(pdev);
		pci_dev_unlock(pdev);
	}

	if (bridge)
		pci_dev_unlock(bridge);
	return done;
}

/*
 * Brings the function back to the state saved at open, reset if that is possible.  Where both
 * succeed the next open can do without a reset.
 */
static void vfio_pci_restore(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	bool saved;

	vdev->needs_reset = true;
	vfio_pci_pristine_begin(vdev);

	saved = !pci_load_and_free_saved_state(pdev, &vdev->pci_saved_state);
	if (!saved) {
		pci_info(pdev, "the state saved at open is unusable\n");
		/* Better reset with the present state around it than not at all. */
		if (!vdev->reset_works) {
			vfio_pci_pristine_spoil(vdev);
			return;
		}
		pci_save_state(pdev);
	}

	/* No interrupt of whatever kind while it is being reset. */
	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE);

	if (vdev->reset_works && vfio_pci_reset_locked(pdev))
		vdev->needs_reset = false;
	pci_restore_state(pdev);

	if (!saved || vdev->needs_reset)
		vfio_pci_pristine_spoil(vdev);
}

/**
 * vfio_pci_core_disable() - undo vfio_pci_core_enable()
 * @vdev: enabled
 *
 * Drivers call it only if their open_device fails after vfio_pci_core_enable();
 * vfio_pci_core_close_device() calls it otherwise.
 *
 * Context: sleeps; dev_set->lock held by vfio.ko.
 */
void vfio_pci_core_disable(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	lockdep_assert_held(&vdev->vdev.dev_set->lock);

	vfio_pci_migration_close(vdev);
	vfio_pci_power_close(vdev);
	pci_clear_master(pdev);
	vfio_pci_teardown(vdev);
	vfio_pci_restore(vdev);
	pci_disable_device(pdev);

	vfio_pci_reset_unused_set(vdev->vdev.dev_set);
	vfio_pci_idle_put(vdev);
}
EXPORT_SYMBOL_GPL(vfio_pci_core_disable);

/**
 * vfio_pci_core_close_device() - vfio_device_ops.close_device
 * @core_vdev: whose last user has gone
 *
 * Context: sleeps; dev_set->lock held by vfio.ko.
 */
void vfio_pci_core_close_device(struct vfio_device *core_vdev)
{
	struct vfio_pci_core_device *vdev = to_vfio_pci_core(core_vdev);

	vfio_pci_sriov_close(vdev);
	vfio_pci_core_disable(vdev);
	vfio_pci_irq_events_release(vdev);
}
EXPORT_SYMBOL_GPL(vfio_pci_core_close_device);

/* ---- read and write -------------------------------------------------------------------------- */

static ssize_t vfio_pci_region_rw(struct vfio_pci_core_device *vdev, unsigned int index,
				  char __user *buf, size_t count, loff_t *ppos, bool iswrite)
{
	struct vfio_pci_region *region;

	switch (index) {
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return vfio_pci_config_rw(vdev, buf, count, ppos, iswrite);
	case VFIO_PCI_BAR0_REGION_INDEX ... VFIO_PCI_BAR5_REGION_INDEX:
		return vfio_pci_bar_rw(vdev, buf, count, ppos, iswrite);
	case VFIO_PCI_ROM_REGION_INDEX:
		return vfio_pci_rom_rw(vdev, buf, count, ppos, iswrite);
	case VFIO_PCI_VGA_REGION_INDEX:
		return vdev->has_vga ? vfio_pci_arch.vga_rw(vdev, buf, count, ppos, iswrite) :
				       -EINVAL;
	default:
		region = vfio_pci_region_get(vdev, index);
		return region ? region->ops->rw(vdev, buf, count, ppos, iswrite) : -EINVAL;
	}
}

static ssize_t vfio_pci_rw(struct vfio_device *core_vdev, char __user *buf, size_t count,
			   loff_t *ppos, bool iswrite)
{
	struct vfio_pci_core_device *vdev = to_vfio_pci_core(core_vdev);
	unsigned int index = VFIO_PCI_OFFSET_TO_INDEX(*ppos);
	ssize_t done;

	if (!count)
		return 0;
	if (index >= VFIO_PCI_NUM_REGIONS + vdev->num_regions)
		return -EINVAL;

	/* In low power this wakes the function for the time of the access. */
	done = pm_runtime_resume_and_get(&vdev->pdev->dev);
	if (done) {
		pci_info_ratelimited(vdev->pdev, "cannot be resumed for an access: %zd\n", done);
		return -EIO;
	}

	done = vfio_pci_region_rw(vdev, index, buf, count, ppos, iswrite);

	pm_runtime_put(&vdev->pdev->dev);
	return done;
}

/**
 * vfio_pci_core_read() - vfio_device_ops.read
 * @core_vdev: open
 * @buf: where to
 * @count: bytes
 * @ppos: region and offset, VFIO_DEVICE_GET_REGION_INFO; moved on by what was read
 *
 * Context: sleeps.
 * Return: bytes read, which may be fewer at a region's end, or -EINVAL for no such region or
 * offset, -EIO for a function that does not answer, -EFAULT, or the region's errno.
 */
ssize_t vfio_pci_core_read(struct vfio_device *core_vdev, char __user *buf, size_t count,
			   loff_t *ppos)
{
	return vfio_pci_rw(core_vdev, buf, count, ppos, false);
}
EXPORT_SYMBOL_GPL(vfio_pci_core_read);

/**
 * vfio_pci_core_write() - vfio_device_ops.write
 * @core_vdev: open
 * @buf: where from
 * @count: bytes
 * @ppos: region and offset; moved on by what was written
 *
 * Context: sleeps.
 * Return: as vfio_pci_core_read().
 */
ssize_t vfio_pci_core_write(struct vfio_device *core_vdev, const char __user *buf, size_t count,
			    loff_t *ppos)
{
	return vfio_pci_rw(core_vdev, (char __user *)buf, count, ppos, true);
}
EXPORT_SYMBOL_GPL(vfio_pci_core_write);

/* ---- what the host tells the user ------------------------------------------------------------ */

/**
 * vfio_pci_core_request() - vfio_device_ops.request: the host wants the device back
 * @core_vdev: open, its driver is being removed
 * @count: how often this was asked for already
 *
 * Context: sleeps.
 */
void vfio_pci_core_request(struct vfio_device *core_vdev, unsigned int count)
{
	struct vfio_pci_core_device *vdev = to_vfio_pci_core(core_vdev);

	if (vfio_pci_eventfd_signal(&vdev->req_trigger)) {
		if (count % 10 == 0)
			pci_notice_ratelimited(vdev->pdev, "asked the user to release it (%u)\n",
					       count);
	} else if (count == 0) {
		pci_warn(vdev->pdev, "wanted back, but its user did not say where to ask: waiting\n");
	}
}
EXPORT_SYMBOL_GPL(vfio_pci_core_request);

/**
 * vfio_pci_core_aer_err_detected() - pci_error_handlers.error_detected
 * @pdev: a function whose driver data is its struct vfio_pci_core_device
 * @state: of its link
 *
 * Passes the event to the user's VFIO_PCI_ERR_IRQ_INDEX eventfd.
 *
 * Context: sleeps.
 * Return: PCI_ERS_RESULT_CAN_RECOVER; to recover or not is the user's decision.
 */
pci_ers_result_t vfio_pci_core_aer_err_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct vfio_pci_core_device *vdev = dev_get_drvdata(&pdev->dev);

	vfio_pci_pristine_spoil(vdev);
	vfio_pci_eventfd_signal(&vdev->err_trigger);
	return PCI_ERS_RESULT_CAN_RECOVER;
}
EXPORT_SYMBOL_GPL(vfio_pci_core_aer_err_detected);

static void vfio_pci_reset_done(struct pci_dev *pdev)
{
	vfio_pci_migration_reset_done(dev_get_drvdata(&pdev->dev));
}

const struct pci_error_handlers vfio_pci_core_err_handlers = {
	.error_detected = vfio_pci_core_aer_err_detected,
	.reset_done	= vfio_pci_reset_done,
};
EXPORT_SYMBOL_GPL(vfio_pci_core_err_handlers);

/* ---- registration ---------------------------------------------------------------------------- */

/**
 * vfio_pci_core_init_dev() - vfio_device_ops.init
 * @core_vdev: first member of a struct vfio_pci_core_device, otherwise zero
 *
 * Return: 0.
 */
int vfio_pci_core_init_dev(struct vfio_device *core_vdev)
{
	struct vfio_pci_core_device *vdev = to_vfio_pci_core(core_vdev);

	vdev->pdev = to_pci_dev(core_vdev->dev);
	vdev->irq_type = VFIO_PCI_NUM_IRQS;
	vdev->disable_idle_d3 = vfio_pci_params.disable_idle_d3;

	init_rwsem(&vdev->memory_lock);
	mutex_init(&vdev->igate);
	mutex_init(&vdev->ioeventfds_lock);
	mutex_init(&vdev->dma_window_lock);
	spin_lock_init(&vdev->irqlock);
	xa_init(&vdev->ctx);
	INIT_LIST_HEAD(&vdev->dummy_resources_list);
	INIT_LIST_HEAD(&vdev->ioeventfds_list);
	INIT_LIST_HEAD(&vdev->dmabufs);
	INIT_LIST_HEAD(&vdev->sriov_pfs_item);

	return 0;
}
EXPORT_SYMBOL_GPL(vfio_pci_core_init_dev);

/**
 * vfio_pci_core_release_dev() - vfio_device_ops.release
 * @core_vdev: unregistered, its last reference gone
 */
void vfio_pci_core_release_dev(struct vfio_device *core_vdev)
{
	struct vfio_pci_core_device *vdev = to_vfio_pci_core(core_vdev);

	vfio_pci_migration_release(vdev);
	kfree(vdev->pm_save);
	mutex_destroy(&vdev->dma_window_lock);
	mutex_destroy(&vdev->ioeventfds_lock);
	mutex_destroy(&vdev->igate);
}
EXPORT_SYMBOL_GPL(vfio_pci_core_release_dev);

/* Drivers offer migration and DMA logging in full or not at all. */
static bool vfio_pci_ops_complete(const struct vfio_device *core_vdev)
{
	const struct vfio_migration_ops *mig = core_vdev->mig_ops;
	const struct vfio_log_ops *log = core_vdev->log_ops;

	if (mig && !(mig->migration_set_state && mig->migration_get_state &&
		     mig->migration_get_data_size &&
		     core_vdev->migration_flags & VFIO_MIGRATION_STOP_COPY))
		return false;

	return !log || (log->log_start && log->log_stop && log->log_read_and_clear);
}

/* The last step, after which userspace can open the device. */
static int vfio_pci_publish(struct vfio_pci_core_device *vdev)
{
	int ret;

	ret = vfio_pci_pristine_register(vdev);
	if (ret)
		return ret;

	vfio_pci_power_register(vdev);
	ret = vfio_register_group_dev(&vdev->vdev);
	if (ret) {
		vfio_pci_power_unregister(vdev);
		vfio_pci_pristine_unregister(vdev);
	}
	return ret;
}

/**
 * vfio_pci_core_register_device() - last step of a driver's probe
 * @vdev: from vfio_alloc_device(), set as driver data of its PCI device; mig_ops and log_ops, if
 *	  the driver has any, are set and stay
 *
 * Context: sleeps; the device lock is held, as in probe.
 * Return: 0, -EINVAL for a driver's mistake or a device with no type 0 header, -EBUSY for a PF with
 * VFs, or the errno of what failed; nothing is left behind then but what vfio_put_device() frees.
 */
int vfio_pci_core_register_device(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	int ret;

	if (WARN_ON(dev_get_drvdata(&pdev->dev) != vdev))
		return -EINVAL;
	if (pdev->hdr_type != PCI_HEADER_TYPE_NORMAL || !vfio_pci_ops_complete(&vdev->vdev))
		return -EINVAL;

	/*
	 * VFs that are there already may be in use by anyone, and cannot be given a driver any
	 * more.  To remove them here could block for as long as one is in use.
	 */
	if (pci_num_vf(pdev)) {
		pci_warn(pdev, "has VFs: remove them before binding the PF\n");
		return -EBUSY;
	}

	ret = vfio_pci_reset_assign_set(vdev);
	if (ret)
		return ret;

	ret = vfio_pci_sriov_register(vdev);
	if (ret)
		return ret;

	ret = vfio_pci_arch.register_device ? vfio_pci_arch.register_device(vdev) : 0;
	if (!ret) {
		ret = vfio_pci_publish(vdev);
		if (ret && vfio_pci_arch.unregister_device)
			vfio_pci_arch.unregister_device(vdev);
	}
	if (ret)
		vfio_pci_sriov_unregister(vdev);
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_pci_core_register_device);

/**
 * vfio_pci_core_unregister_device() - first step of a driver's remove
 * @vdev: registered
 *
 * Removes the VFs that vfio_pci_core_sriov_configure() made, asks the user to close the device and
 * waits until that is done.
 *
 * Context: sleeps, for as long as the user likes; the device lock is held, as in remove.
 */
void vfio_pci_core_unregister_device(struct vfio_pci_core_device *vdev)
{
	vfio_pci_core_sriov_configure(vdev, 0);
	vfio_unregister_group_dev(&vdev->vdev);

	vfio_pci_power_unregister(vdev);
	vfio_pci_pristine_unregister(vdev);
	if (vfio_pci_arch.unregister_device)
		vfio_pci_arch.unregister_device(vdev);
	vfio_pci_sriov_unregister(vdev);
}
EXPORT_SYMBOL_GPL(vfio_pci_core_unregister_device);

/**
 * vfio_pci_variant_probe() - the rest of a driver's probe
 * @pdev: being probed
 * @vdev: of it, from vfio_alloc_device(), whose result this takes as it is: it may be an ERR_PTR()
 *
 * Context: sleeps; the device lock is held, as in probe.
 * Return: 0 or an errno; @vdev is freed then.
 */
int vfio_pci_variant_probe(struct pci_dev *pdev, struct vfio_pci_core_device *vdev)
{
	int ret;

	if (IS_ERR(vdev))
		return PTR_ERR(vdev);

	dev_set_drvdata(&pdev->dev, vdev);
	ret = vfio_pci_core_register_device(vdev);
	if (ret)
		vfio_put_device(&vdev->vdev);
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_pci_variant_probe);

/**
 * vfio_pci_variant_remove() - pci_driver.remove after vfio_pci_variant_probe()
 * @pdev: being removed
 *
 * Context: sleeps, for as long as the user likes; the device lock is held, as in remove.
 */
void vfio_pci_variant_remove(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *vdev = dev_get_drvdata(&pdev->dev);

	vfio_pci_core_unregister_device(vdev);
	vfio_put_device(&vdev->vdev);
}
EXPORT_SYMBOL_GPL(vfio_pci_variant_remove);

static int __init vfio_pci_core_init(void)
{
	return vfio_pci_migration_module_init();
}
module_init(vfio_pci_core_init);

static void __exit vfio_pci_core_exit(void)
{
	vfio_pci_migration_module_exit();
	/* RCU callbacks must have run for the last time before their text goes. */
	rcu_barrier();
}
module_exit(vfio_pci_core_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Library of VFIO drivers for PCI devices");
MODULE_VERSION("0.1");
