// SPDX-License-Identifier: GPL-2.0-only
/*
 * The manager: publishes mlx5_core.vfio_pci.N for the functions that an mlx5_core PF emulates, see
 * linux/mlx5/vfio_pci.h.
 *
 * What keeps the order is the driver core.  For each PF there is a platform device of ours, a
 * consumer of the PF by a device link.  So our driver of it is probed after mlx5_core was bound to
 * the PF, and again each time that happens, and is removed, with all that it published, before
 * mlx5_core is: however the PF goes.
 *
 * Below a bound PF, mlx5_core takes its own auxiliary devices off before it unloads the firmware
 * and adds them when firmware is back; we watch the auxiliary bus for that.  A notifier may not
 * remove devices itself (the bus's notifier lock is held), so it only says that they are gone, and
 * the work reconciles what is published with what is.  mlx5_core takes devices off for other
 * reasons too (bonding, another eswitch mode); then the work finds firmware up and publishes anew.
 *
 * Locks: reconcile_lock > manager->lock > those of the driver core > gate > what a gone chain
 * takes.  The notifiers take gate alone.  A PF's lock and mlx5_core's intf_state_mutex are only
 * tried.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/list.h>
#include <linux/mlx5/driver.h>
#include <linux/mlx5/vfio_pci.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "manager.h"

#define MANAGER_NAME "mlx5-vfio-manager"

#define MANAGER_RETRY_MS 100

/**
 * struct manager - a PF that may manage emulated functions
 * @pf: reference held
 * @device: the consumer of @pf
 * @linked: the device link exists
 * @item: in managers; reconcile_lock
 * @lock: guards what follows up to @functions
 * @mdev: of @pf while our driver is bound, else NULL
 * @functions: struct function; changed under @lock and gate, read under either
 * @stale: firmware may have dropped our objects since @functions were published; gate
 * @bound_item: in bound_managers; gate
 */
struct manager {
	struct pci_dev		*pf;
	struct platform_device	*device;
	bool			linked;
	struct list_head	item;
	struct mutex		lock;
	struct mlx5_core_dev	*mdev;
	struct list_head	functions;
	bool			stale;
	struct list_head	bound_item;
};

struct function {
	struct mlx5_vfio_pci_adev	line;
	struct list_head		item;
};

static DEFINE_MUTEX(reconcile_lock);
static LIST_HEAD(managers);
/* The module is; no managers from now on.  reconcile_lock */
static bool leaving;

static DEFINE_MUTEX(gate);
static LIST_HEAD(bound_managers);

static void reconcile(struct work_struct *work);
static DECLARE_DELAYED_WORK(reconcile_work, reconcile);

static void reconcile_soon(void)
{
	mod_delayed_work(system_wq, &reconcile_work, 0);
}

/*
 * Something is on its way up or down and holds a lock while it is: without an end, where firmware
 * does not answer.  Other PFs do not wait for that one, and nor does its own removal.
 */
static void reconcile_later(void)
{
	schedule_delayed_work(&reconcile_work, msecs_to_jiffies(MANAGER_RETRY_MS));
}

static bool is_core_pf(const struct device *dev)
{
	const struct pci_dev *pdev = to_pci_dev(dev);

	return pdev->vendor == PCI_VENDOR_ID_MELLANOX && !pdev->is_virtfn && dev->driver &&
	       !strcmp(dev->driver->name, MLX5_VFIO_PCI_MODNAME);
}

/* ---- functions ------------------------------------------------------------------------------ */

static void function_release(struct device *dev)
{
	kfree(container_of(dev, struct function, line.adev.dev));
}

static int function_publish(struct manager *manager, const struct mlx5_emulated_function *info)
{
	struct function *function = kzalloc(sizeof(*function), GFP_KERNEL);
	struct auxiliary_device *adev;
	int ret;

	if (!function)
		return -ENOMEM;

	function->line.mdev = manager->mdev;
	function->line.vhca_id = info->vhca_id;
	function->line.id = mlx5_vfio_pci_id(pci_domain_nr(manager->pf->bus), info->bdf);
	BLOCKING_INIT_NOTIFIER_HEAD(&function->line.gone);

	adev = &function->line.adev;
	adev->name = MLX5_VFIO_PCI_NAME;
	adev->id = function->line.id;
	adev->dev.parent = &manager->pf->dev;
	adev->dev.release = function_release;
	ret = auxiliary_device_init(adev);
	if (ret) {
		kfree(function);
		return ret;
	}

	/* In the list before anyone can bind it, so that nobody misses that it is gone. */
	scoped_guard(mutex, &gate) {
		function->line.is_gone = manager->stale;
		list_add_tail(&function->item, &manager->functions);
	}

	ret = __auxiliary_device_add(adev, MLX5_VFIO_PCI_MODNAME);
	if (ret) {
		scoped_guard(mutex, &gate)
			list_del(&function->item);
		auxiliary_device_uninit(adev);
	}
	return ret;
}

/* Whoever uses the function's line lets go of the PF.  gate is held. */
static void function_leaves(struct function *function)
{
	if (function->line.is_gone)
		return;
	/* Before the chain is called: mlx5_vfio_pci_watch() looks at it after registering. */
	WRITE_ONCE(function->line.is_gone, true);
	blocking_notifier_call_chain(&function->line.gone, 0, &function->line);
}

/*
 * A function that is in no list any more would not hear that firmware leaves while its devices are
 * being deleted, so nobody uses it by then.
 */
static void functions_remove(struct manager *manager)
{
	struct function *function, *next;
	LIST_HEAD(functions);

	scoped_guard(mutex, &gate) {
		list_for_each_entry(function, &manager->functions, item)
			function_leaves(function);
		list_splice_init(&manager->functions, &functions);
	}

	list_for_each_entry_safe_reverse(function, next, &functions, item) {
		auxiliary_device_delete(&function->line.adev);
		auxiliary_device_uninit(&function->line.adev);
	}
}

static struct function *function_find(struct manager *manager, u16 bdf)
{
	struct function *function;

	list_for_each_entry(function, &manager->functions, item)
		if ((u16)function->line.id == bdf)
			return function;
	return NULL;
}

/* The same function still: nothing to publish anew. */
static bool function_is(struct manager *manager, const struct mlx5_emulated_function *info)
{
	struct function *function = function_find(manager, info->bdf);

	return function && function->line.vhca_id == info->vhca_id;
}

/* mlx5_core holds this mutex from before its auxiliary devices go until firmware is down. */
static bool firmware_is_up(struct mlx5_core_dev *mdev)
{
	bool up;

	if (!mutex_trylock(&mdev->intf_state_mutex)) {
		reconcile_later();
		return false;
	}
	up = test_bit(MLX5_INTERFACE_STATE_UP, &mdev->intf_state);
	mutex_unlock(&mdev->intf_state_mutex);
	return up;
}

/* Makes what is published what firmware says.  manager->lock is held. */
static void functions_reconcile(struct manager *manager)
{
	struct mlx5_emulated_function *info = NULL;
	struct function *function;
	unsigned int same = 0;
	int count, i, ret;
	bool stale;

	if (!manager->mdev)
		return;

	scoped_guard(mutex, &gate) {
		stale = manager->stale;
		manager->stale = false;
	}
	if (stale)
		functions_remove(manager);
	/* If it goes down from here on, stale is set, and what is published is gone at once. */
	if (!firmware_is_up(manager->mdev))
		return;

	count = mlx5_query_emulated_functions(manager->mdev, &info);
	if (count < 0) {
		pci_warn(manager->pf, "cannot ask for emulated functions: %d\n", count);
		return;
	}

	for (i = 0; i < count; i++)
		same += function_is(manager, &info[i]);
	/* A function left or has another name: rare enough to start over. */
	if (same < list_count_nodes(&manager->functions))
		functions_remove(manager);

	for (i = 0; i < count; i++) {
		if (function_find(manager, info[i].bdf))
			continue;
		ret = function_publish(manager, &info[i]);
		if (ret)
			pci_warn(manager->pf, "emulated function %02x:%02x.%x is not published: %d\n",
				 PCI_BUS_NUM(info[i].bdf), PCI_SLOT(info[i].bdf),
				 PCI_FUNC(info[i].bdf), ret);
	}
	kvfree(info);

	list_for_each_entry(function, &manager->functions, item)
		dev_dbg(&function->line.adev.dev, "VHCA %u\n", function->line.vhca_id);
}

/* ---- the driver of a manager's device ------------------------------------------------------- */

static int manager_probe(struct platform_device *device)
{
	struct manager *manager = *(struct manager **)dev_get_platdata(&device->dev);

	if (!manager->linked) {
		struct device_link *link = device_link_add(&device->dev, &manager->pf->dev,
							   DL_FLAG_AUTOPROBE_CONSUMER);

		if (!link)
			return -ENODEV;
		manager->linked = true;
		/* The first time the driver core could not know yet to ask for this. */
		if (READ_ONCE(link->status) != DL_STATE_CONSUMER_PROBE)
			return -EPROBE_DEFER;
	}
	/* From here on the link holds back any change of the PF's driver. */
	if (!is_core_pf(&manager->pf->dev))
		return -ENODEV;

	guard(mutex)(&manager->lock);
	manager->mdev = pci_get_drvdata(manager->pf);
	scoped_guard(mutex, &gate) {
		manager->stale = false;
		list_add_tail(&manager->bound_item, &bound_managers);
	}
	functions_reconcile(manager);
	return 0;
}

static void manager_remove(struct platform_device *device)
{
	struct manager *manager = *(struct manager **)dev_get_platdata(&device->dev);

	guard(mutex)(&manager->lock);
	scoped_guard(mutex, &gate)
		list_del(&manager->bound_item);
	functions_remove(manager);
	manager->mdev = NULL;
}

static struct platform_driver manager_driver = {
	.driver.name	= MANAGER_NAME,
	.probe		= manager_probe,
	.remove		= manager_remove,
};

/* ---- PFs come and go ------------------------------------------------------------------------ */

static void manager_add(struct pci_dev *pf)
{
	struct manager *manager;
	struct platform_device *device;

	if (pci_domain_nr(pf->bus) >= MLX5_VFIO_PCI_DOMAINS)
		return;
	manager = kzalloc(sizeof(*manager), GFP_KERNEL);
	if (!manager)
		return;

	manager->pf = pci_dev_get(pf);
	mutex_init(&manager->lock);
	INIT_LIST_HEAD(&manager->functions);

	device = platform_device_register_data(NULL, MANAGER_NAME, mlx5_vfio_pci_id_of(pf),
					       &manager, sizeof(manager));
	if (IS_ERR(device)) {
		pci_warn(pf, "no manager for emulated functions: %ld\n", PTR_ERR(device));
		pci_dev_put(pf);
		kfree(manager);
		return;
	}
	manager->device = device;
	list_add_tail(&manager->item, &managers);
}

static void manager_del(struct manager *manager)
{
	list_del(&manager->item);
	platform_device_unregister(manager->device);
	pci_dev_put(manager->pf);
	kfree(manager);
}

static struct manager *manager_find(const struct pci_dev *pf)
{
	struct manager *manager;

	list_for_each_entry(manager, &managers, item)
		if (manager->pf == pf)
			return manager;
	return NULL;
}

static void managers_reconcile(void)
{
	struct manager *manager, *next;
	struct pci_dev *pdev = NULL;

	guard(mutex)(&reconcile_lock);
	if (leaving)
		return;
	list_for_each_entry_safe(manager, next, &managers, item)
		if (!device_is_registered(&manager->pf->dev))
			manager_del(manager);

	while ((pdev = pci_get_device(PCI_VENDOR_ID_MELLANOX, PCI_ANY_ID, pdev))) {
		bool wanted;

		if (manager_find(pdev))
			continue;
		if (!device_trylock(&pdev->dev)) {
			reconcile_later();
			continue;
		}
		wanted = is_core_pf(&pdev->dev);
		device_unlock(&pdev->dev);
		if (wanted)
			manager_add(pdev);
	}

	list_for_each_entry(manager, &managers, item)
		scoped_guard(mutex, &manager->lock)
			functions_reconcile(manager);
}

static void reconcile(struct work_struct *work)
{
	managers_reconcile();
}

static int pci_event(struct notifier_block *nb, unsigned long action, void *data)
{
	struct pci_dev *pdev = to_pci_dev(data);
	bool ours = false;

	switch (action) {
	case BUS_NOTIFY_BOUND_DRIVER:
		ours = is_core_pf(&pdev->dev);
		break;
	case BUS_NOTIFY_REMOVED_DEVICE:
		ours = pdev->vendor == PCI_VENDOR_ID_MELLANOX;
		break;
	case BUS_NOTIFY_ADD_DEVICE:
		/* An emulated function was plugged. */
		ours = pdev->subsystem_vendor == PCI_VENDOR_ID_MELLANOX;
		break;
	}
	if (ours)
		reconcile_soon();
	return NOTIFY_DONE;
}

static struct notifier_block pci_nb = { .notifier_call = pci_event };

/* ---- firmware comes and goes below a bound PF ----------------------------------------------- */

static bool is_core_adev(const struct device *dev)
{
	return str_has_prefix(dev_name(dev), MLX5_VFIO_PCI_MODNAME ".") &&
	       !str_has_prefix(dev_name(dev), MLX5_VFIO_PCI_MATCH ".");
}

static void firmware_leaves(struct manager *manager)
{
	struct function *function;

	manager->stale = true;
	list_for_each_entry(function, &manager->functions, item)
		function_leaves(function);
}

static int auxiliary_event(struct notifier_block *nb, unsigned long action, void *data)
{
	struct device *dev = data;
	struct manager *manager;

	if ((action != BUS_NOTIFY_ADD_DEVICE && action != BUS_NOTIFY_DEL_DEVICE) ||
	    !is_core_adev(dev))
		return NOTIFY_DONE;

	guard(mutex)(&gate);
	list_for_each_entry(manager, &bound_managers, bound_item) {
		if (dev->parent != &manager->pf->dev)
			continue;
		if (action == BUS_NOTIFY_DEL_DEVICE)
			firmware_leaves(manager);
		reconcile_soon();
	}
	return NOTIFY_DONE;
}

static struct notifier_block auxiliary_nb = { .notifier_call = auxiliary_event };

/* The bus has no name outside of its file, but each device on it knows it. */
static const struct bus_type *auxiliary_bus;

static int note_auxiliary_probe(struct auxiliary_device *adev, const struct auxiliary_device_id *id)
{
	return -ENODEV;
}

static const struct auxiliary_device_id no_auxiliary_device[] = { {} };

static struct auxiliary_driver auxiliary_bus_finder = {
	.name		= "bus",
	.probe		= note_auxiliary_probe,
	.id_table	= no_auxiliary_device,
};

static int __init manager_init(void)
{
	int ret;

	ret = platform_driver_register(&manager_driver);
	if (ret)
		return ret;

	ret = auxiliary_driver_register(&auxiliary_bus_finder);
	if (ret)
		goto err_driver;
	auxiliary_bus = auxiliary_bus_finder.driver.bus;
	auxiliary_driver_unregister(&auxiliary_bus_finder);

	ret = bus_register_notifier(auxiliary_bus, &auxiliary_nb);
	if (ret)
		goto err_driver;
	ret = bus_register_notifier(&pci_bus_type, &pci_nb);
	if (ret)
		goto err_auxiliary;

	/* Not by the work: whoever loads a driver after us finds the devices there. */
	managers_reconcile();
	return 0;

err_auxiliary:
	bus_unregister_notifier(auxiliary_bus, &auxiliary_nb);
err_driver:
	platform_driver_unregister(&manager_driver);
	return ret;
}
module_init(manager_init);

static void __exit manager_exit(void)
{
	struct manager *manager, *next;

	bus_unregister_notifier(&pci_bus_type, &pci_nb);
	cancel_delayed_work_sync(&reconcile_work);
	scoped_guard(mutex, &reconcile_lock) {
		leaving = true;
		list_for_each_entry_safe(manager, next, &managers, item)
			manager_del(manager);
	}
	/* Until here a reset may still have to tell the functions. */
	bus_unregister_notifier(auxiliary_bus, &auxiliary_nb);
	cancel_delayed_work_sync(&reconcile_work);
	platform_driver_unregister(&manager_driver);
}
module_exit(manager_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Publishes the functions that mlx5 devices emulate to VFIO drivers");
MODULE_VERSION("0.1");
