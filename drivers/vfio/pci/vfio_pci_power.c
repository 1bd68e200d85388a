// SPDX-License-Identifier: GPL-2.0-only
/*
 * Power of a function: runtime power management while nobody or only a sleeping guest uses it, and
 * the three low-power features of VFIO_DEVICE_FEATURE.
 *
 * A registered device that nobody has open is left to runtime PM (unless disable_idle_d3).  While
 * it is open the library holds one usage count.  A user that enters low power lends that count to
 * runtime PM: pm_runtime_engaged says so.  Any access through the device file then resumes the
 * function for its duration only, except that mappings of its BARs stay gone until the user leaves
 * low power, or a wake-up does it for the user.
 */

#include <linux/eventfd.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vfio_pci_priv.h"

/* In the copy, so that what it says otherwise is not in force for a moment either. */
static void set_saved_command(struct pci_dev *pdev, u16 command)
{
	u32 *word = &pdev->saved_config_space[PCI_COMMAND / sizeof(u32)];

	*word = (*word & ~(u32)U16_MAX) | command;
}

int vfio_pci_set_power_state(struct vfio_pci_core_device *vdev, pci_power_t state)
{
	struct pci_dev *pdev = vdev->pdev;
	bool asleep = vfio_pci_asleep(pdev->current_state);
	struct pci_saved_state *saved __free(kfree) = NULL;
	u16 command = U16_MAX;
	int ret;

	if (state != PCI_D0)
		lockdep_assert_held_write(&vdev->memory_lock);
	/* A VF never has more power than its PF (SR-IOV 1.1, 6.1). */
	if (state != PCI_D0 && vdev->sriov_active)
		return -EBUSY;

	/* Before it falls asleep: what it loses could not be given back without a copy. */
	if (vdev->needs_pm_restore && !asleep && vfio_pci_asleep(state)) {
		pci_save_state(pdev);
		saved = pci_store_saved_state(pdev);
		if (!saved)
			return -ENOMEM;
	}

	/*
	 * The user may write to the command register of a sleeping function, and what was taken
	 * away there, bus mastering above all, must not come back with the copy.
	 */
	if (asleep && state == PCI_D0 && vdev->pm_save)
		pci_read_config_word(pdev, PCI_COMMAND, &command);

	ret = pci_set_power_state(pdev, state);
	if (ret || !vdev->needs_pm_restore)
		return ret;

	if (!asleep && vfio_pci_asleep(pdev->current_state)) {
		/*
		 * An older copy is still here if something else woke the function meanwhile, a
		 * reset for one.
		 */
		kfree(vdev->pm_save);
		vdev->pm_save = no_free_ptr(saved);
	} else if (asleep && state == PCI_D0) {
		pci_load_and_free_saved_state(pdev, &vdev->pm_save);
		if (!PCI_POSSIBLE_ERROR(command))
			set_saved_command(pdev, command);
		pci_restore_state(pdev);
	}

	return 0;
}

/* Takes the usage count back from runtime PM.  Context: memory_lock for writing. */
static void vfio_pci_low_power_leave(struct vfio_pci_core_device *vdev)
{
	if (!vdev->pm_runtime_engaged)
		return;

	vdev->pm_runtime_engaged = false;
	pm_runtime_get_noresume(&vdev->pdev->dev);

	if (vdev->pm_wake_eventfd_ctx)
		eventfd_ctx_put(vdev->pm_wake_eventfd_ctx);
	vdev->pm_wake_eventfd_ctx = NULL;
}

/*
 * Lends the usage count to runtime PM; the reference on @wakeup (may be NULL) is taken over if this
 * succeeds.  The function cannot fall asleep yet: vfio.ko holds a count around each ioctl.
 */
static int vfio_pci_low_power_enter(struct vfio_pci_core_device *vdev, struct eventfd_ctx *wakeup)
{
	guard(vfio_pci_memory_quiesced)(vdev);

	if (vdev->pm_runtime_engaged)
		return -EINVAL;

	vdev->pm_runtime_engaged = true;
	vdev->pm_wake_eventfd_ctx = wakeup;
	pm_runtime_put_noidle(&vdev->pdev->dev);
	return 0;
}

/**
 * vfio_pci_feature_low_power_entry() - VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY
 * @device: open
 * @flags: VFIO_DEVICE_FEATURE_SET, or PROBE
 * @arg: unused, the feature has no data
 * @argsz: bytes at @arg
 *
 * Context: sleeps; takes memory_lock.
 * Return: 0, or -EINVAL if the device is in low power already or @flags are wrong.
 */
int vfio_pci_feature_low_power_entry(struct vfio_device *device, u32 flags, void __user *arg,
				     size_t argsz)
{
	int ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET, 0);

	return ret == 1 ? vfio_pci_low_power_enter(to_vfio_pci_core(device), NULL) : ret;
}

/**
 * vfio_pci_feature_low_power_entry_wakeup() - VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP
 * @device: open
 * @flags: VFIO_DEVICE_FEATURE_SET, or PROBE
 * @arg: struct vfio_device_low_power_entry_with_wakeup
 * @argsz: bytes at @arg
 *
 * Context: sleeps; takes memory_lock.
 * Return: 0, -EINVAL for a size, eventfd or state that does not do, -EFAULT, or the errno of a file
 * that is no eventfd.
 */
int vfio_pci_feature_low_power_entry_wakeup(struct vfio_device *device, u32 flags,
					    void __user *arg, size_t argsz)
{
	struct vfio_device_low_power_entry_with_wakeup entry;
	struct eventfd_ctx *wakeup;
	int ret;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET, sizeof(entry));
	if (ret != 1)
		return ret;
	if (copy_from_user(&entry, arg, sizeof(entry)))
		return -EFAULT;
	if (entry.wakeup_eventfd < 0)
		return -EINVAL;

	wakeup = eventfd_ctx_fdget(entry.wakeup_eventfd);
	if (IS_ERR(wakeup))
		return PTR_ERR(wakeup);

	ret = vfio_pci_low_power_enter(to_vfio_pci_core(device), wakeup);
	if (ret)
		eventfd_ctx_put(wakeup);
	return ret;
}

/**
 * vfio_pci_feature_low_power_exit() - VFIO_DEVICE_FEATURE_LOW_POWER_EXIT
 * @device: open
 * @flags: VFIO_DEVICE_FEATURE_SET, or PROBE
 * @arg: unused, the feature has no data
 * @argsz: bytes at @arg
 *
 * The ioctl itself has resumed the function by the time this runs, and a resume with a wake-up
 * eventfd has left low power already; leaving twice is no error.
 *
 * Context: sleeps; takes memory_lock.
 * Return: 0, or -EINVAL for wrong @flags.
 */
int vfio_pci_feature_low_power_exit(struct vfio_device *device, u32 flags, void __user *arg,
				    size_t argsz)
{
	struct vfio_pci_core_device *vdev = to_vfio_pci_core(device);
	int ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET, 0);

	if (ret != 1)
		return ret;

	guard(vfio_pci_memory)(vdev);
	vfio_pci_low_power_leave(vdev);
	return 0;
}

static int __maybe_unused vfio_pci_runtime_suspend(struct device *dev)
{
	struct vfio_pci_core_device *vdev = dev_get_drvdata(dev);

	/*
	 * The user may have put the function into D3hot by its PM capability before.  From D0 the
	 * PCI core saves its state and picks the deepest sleep that the platform has.
	 */
	scoped_guard(vfio_pci_memory, vdev)
		vfio_pci_set_power_state(vdev, PCI_D0);

	/* What it says to be instead the PCI core would take for our doing, and warn. */
	if (vdev->pdev->current_state != PCI_D0 && vdev->pdev->current_state != PCI_UNKNOWN)
		return -EBUSY;

	/* A sleeping function must not hold a shared line; remember only a mask that is our own. */
	vdev->pm_intx_masked = vdev->irq_type == VFIO_PCI_INTX_IRQ_INDEX &&
			       vfio_pci_intx_mask(vdev);
	return 0;
}

static void __maybe_unused wake_user(struct vfio_pci_core_device *vdev)
{
	guard(vfio_pci_memory)(vdev);

	if (!vdev->pm_wake_eventfd_ctx)
		return;

	eventfd_signal(vdev->pm_wake_eventfd_ctx);
	vfio_pci_low_power_leave(vdev);
}

static int __maybe_unused vfio_pci_runtime_resume(struct device *dev)
{
	struct vfio_pci_core_device *vdev = dev_get_drvdata(dev);

	/*
	 * The recovery from an error resumes functions under pci_bus_sem, which changing the power
	 * state takes inside of memory_lock: only for a user who waits for this is it taken here.
	 * One who enters low power holds a usage count meanwhile, so none begins to wait just now.
	 */
	if (READ_ONCE(vdev->pm_wake_eventfd_ctx))
		wake_user(vdev);

	if (vdev->pm_intx_masked)
		vfio_pci_intx_unmask(vdev);
	return 0;
}

/* The PCI core does the rest: it saves and restores config space around runtime suspend. */
static const struct dev_pm_ops vfio_pci_pm_ops = {
	SET_RUNTIME_PM_OPS(vfio_pci_runtime_suspend, vfio_pci_runtime_resume, NULL)
};

void vfio_pci_power_register(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	struct device *dev = &pdev->dev;
	u16 pmcsr;

	if (pdev->pm_cap && !pci_read_config_word(pdev, pdev->pm_cap + PCI_PM_CTRL, &pmcsr))
		vdev->needs_pm_restore = !(pmcsr & PCI_PM_CTRL_NO_SOFT_RESET);

	/*
	 * A function without a driver is in a state that the PCI core calls unknown; from there it
	 * allows D0 only, and D3hot only from D0.
	 */
	vfio_pci_set_power_state(vdev, PCI_D0);

	dev->driver->pm = &vfio_pci_pm_ops;
	pm_runtime_allow(dev);
	if (!vdev->disable_idle_d3)
		pm_runtime_put(dev);
}

void vfio_pci_power_unregister(struct vfio_pci_core_device *vdev)
{
	struct device *dev = &vdev->pdev->dev;

	if (!vdev->disable_idle_d3)
		pm_runtime_get_noresume(dev);
	pm_runtime_forbid(dev);
}

void vfio_pci_power_close(struct vfio_pci_core_device *vdev)
{
	scoped_guard(vfio_pci_memory, vdev)
		vfio_pci_low_power_leave(vdev);

	/* Both ways to sleep: runtime suspend, and the user's own write to the PM capability. */
	pm_runtime_resume(&vdev->pdev->dev);
	scoped_guard(vfio_pci_memory, vdev)
		vfio_pci_set_power_state(vdev, PCI_D0);
}
