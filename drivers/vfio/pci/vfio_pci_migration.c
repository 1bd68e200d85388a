// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration states: what <uapi/linux/vfio.h> says of enum vfio_device_mig_state, for drivers that
 * supply hooks.
 *
 * Resets come from places where the migration lock cannot be had: under memory_lock, under the
 * device lock of somebody's hot reset.  So a reset is only counted there.  Whoever takes the
 * migration lock follows it before anything else, and an arc that a reset overtook is void; a
 * worker does the same for those who sleep.  The state that others see is RUNNING from the moment
 * of the count.
 */
#include <linux/file.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "vfio_pci_migration_priv.h"
#include "vfio_pci_priv.h"

/* ---- arcs ------------------------------------------------------------------------------------ */

static int call(struct vfio_pci_migration *migration,
		int (*hook)(struct vfio_pci_core_device *vdev))
{
	return hook ? hook(migration->vdev) : 0;
}

/* The device counts as stopped before it is: what a driver lets through later might be missed. */
static int mig_suspend(struct vfio_pci_migration *migration)
{
	int ret;

	WRITE_ONCE(migration->halting, true);
	ret = migration->ops->suspend(migration->vdev);
	if (ret)
		WRITE_ONCE(migration->halting, false);
	return ret;
}

static int mig_resume(struct vfio_pci_migration *migration)
{
	int ret = call(migration, migration->ops->resume);

	if (!ret)
		WRITE_ONCE(migration->halting, false);
	return ret;
}

static int arc_suspend(struct vfio_pci_migration *migration, struct file **file)
{
	return mig_suspend(migration);
}

static int arc_resume(struct vfio_pci_migration *migration, struct file **file)
{
	return mig_resume(migration);
}

static int arc_suspend_p2p(struct vfio_pci_migration *migration, struct file **file)
{
	int ret = 0;

	/* Devices cannot be stopped and saved at a time. */
	if (migration->session)
		ret = vfio_pci_mig_save_settle(migration->session);
	return ret ?: call(migration, migration->ops->suspend_p2p);
}

static int arc_resume_p2p(struct vfio_pci_migration *migration, struct file **file)
{
	int ret = 0;

	if (migration->session)
		ret = vfio_pci_mig_save_settle(migration->session);
	if (!ret)
		ret = call(migration, migration->ops->resume_p2p);
	if (migration->session)
		vfio_pci_mig_stream_kick(migration->session, 0);
	return ret;
}

/* Ends the session of a save.  @aborted as in ops->save_end: only then can it fail. */
static int save_end(struct vfio_pci_migration *migration, bool aborted)
{
	const struct vfio_pci_migration_ops *ops = migration->ops;
	int ret = 0;

	vfio_pci_mig_stream_detach(migration);
	if (ops->save_end)
		ret = ops->save_end(migration->vdev, aborted);
	return aborted ? ret : 0;
}

static int save_start(struct vfio_pci_migration *migration, enum vfio_pci_mig_pass pass,
		      struct file **file)
{
	const struct vfio_pci_migration_ops *ops = migration->ops;
	const bool precopy = pass != VFIO_PCI_MIG_PASS_FINAL;
	struct file *new;
	int ret;

	ret = ops->save_begin ? ops->save_begin(migration->vdev, precopy) : 0;
	if (ret)
		return ret;

	new = vfio_pci_mig_stream_open(migration, true);
	if (IS_ERR(new)) {
		if (ops->save_end)
			ops->save_end(migration->vdev, precopy);
		return PTR_ERR(new);
	}

	ret = vfio_pci_mig_save_pass(migration->session, pass);
	if (ret) {
		save_end(migration, precopy);
		fput(new);
		return ret;
	}

	*file = new;
	return 0;
}

static int arc_save(struct vfio_pci_migration *migration, struct file **file)
{
	return save_start(migration, VFIO_PCI_MIG_PASS_FINAL, file);
}

static int arc_save_end(struct vfio_pci_migration *migration, struct file **file)
{
	return save_end(migration, false);
}

static int arc_precopy(struct vfio_pci_migration *migration, struct file **file)
{
	return save_start(migration, VFIO_PCI_MIG_PASS_INITIAL, file);
}

/* There is no way back to a session that is gone, so a failure is for good. */
static int arc_precopy_abort(struct vfio_pci_migration *migration, struct file **file)
{
	int ret = save_end(migration, true);

	if (ret)
		migration->state = VFIO_DEVICE_STATE_ERROR;
	return ret;
}

/* The session goes on with the device stopped; the arc does all of that or nothing. */
static int arc_precopy_stop(struct vfio_pci_migration *migration, struct file **file)
{
	int ret;

	ret = vfio_pci_mig_save_settle(migration->session);
	if (!ret)
		ret = mig_suspend(migration);
	if (ret)
		return ret;

	ret = vfio_pci_mig_save_pass(migration->session, VFIO_PCI_MIG_PASS_FINAL);
	if (!ret)
		return 0;

	vfio_pci_mig_stream_fail(migration->session, ret);
	return mig_resume(migration) ? -ENOTRECOVERABLE : ret;
}

static int arc_load(struct vfio_pci_migration *migration, struct file **file)
{
	const struct vfio_pci_migration_ops *ops = migration->ops;
	struct file *new;
	int ret;

	ret = call(migration, ops->load_begin);
	if (ret)
		return ret;

	new = vfio_pci_mig_stream_open(migration, false);
	if (IS_ERR(new)) {
		if (ops->load_end)
			ops->load_end(migration->vdev, false);
		return PTR_ERR(new);
	}

	*file = new;
	return 0;
}

/* A device that took part of a stream, or a bad one, is nobody's any more: ERROR. */
static int arc_load_end(struct vfio_pci_migration *migration, struct file **file)
{
	const struct vfio_pci_migration_ops *ops = migration->ops;
	int ret, end = 0;

	ret = vfio_pci_mig_load_finish(migration->session);
	if (ret == -EBUSY)
		return ret;

	vfio_pci_mig_stream_detach(migration);
	if (ops->load_end)
		end = ops->load_end(migration->vdev, !ret);
	if (!ret)
		ret = end;
	if (ret)
		migration->state = VFIO_DEVICE_STATE_ERROR;
	return ret;
}

#define STATE(name)	VFIO_DEVICE_STATE_##name

/*
 * All arcs that vfio_mig_get_next_state() leads along, whatever optional states there are.  A hook
 * may leave a file in *@file, and may set the state if it fails.
 */
static const struct vfio_pci_mig_arc {
	enum vfio_device_mig_state	from;
	enum vfio_device_mig_state	to;
	int (*go)(struct vfio_pci_migration *migration, struct file **file);
} vfio_pci_mig_arcs[] = {
	{ STATE(RUNNING),	STATE(STOP),		arc_suspend },
	{ STATE(RUNNING),	STATE(RUNNING_P2P),	arc_suspend_p2p },
	{ STATE(RUNNING),	STATE(PRE_COPY),	arc_precopy },
	{ STATE(RUNNING_P2P),	STATE(STOP),		arc_suspend },
	{ STATE(RUNNING_P2P),	STATE(RUNNING),		arc_resume_p2p },
	{ STATE(RUNNING_P2P),	STATE(PRE_COPY_P2P),	arc_precopy },
	{ STATE(STOP),		STATE(RUNNING),		arc_resume },
	{ STATE(STOP),		STATE(RUNNING_P2P),	arc_resume },
	{ STATE(STOP),		STATE(STOP_COPY),	arc_save },
	{ STATE(STOP),		STATE(RESUMING),	arc_load },
	{ STATE(STOP_COPY),	STATE(STOP),		arc_save_end },
	{ STATE(RESUMING),	STATE(STOP),		arc_load_end },
	{ STATE(PRE_COPY),	STATE(RUNNING),		arc_precopy_abort },
	{ STATE(PRE_COPY),	STATE(PRE_COPY_P2P),	arc_suspend_p2p },
	{ STATE(PRE_COPY),	STATE(STOP_COPY),	arc_precopy_stop },
	{ STATE(PRE_COPY_P2P),	STATE(RUNNING_P2P),	arc_precopy_abort },
	{ STATE(PRE_COPY_P2P),	STATE(PRE_COPY),	arc_resume_p2p },
	{ STATE(PRE_COPY_P2P),	STATE(STOP_COPY),	arc_precopy_stop },
};

/* Takes the device along one arc.  What fails leaves the state as it was, or ERROR. */
static int mig_step(struct vfio_pci_migration *migration, enum vfio_device_mig_state to,
		    struct file **file)
{
	const struct vfio_pci_mig_arc *arc = vfio_pci_mig_arcs;
	const struct vfio_pci_mig_arc *end = arc + ARRAY_SIZE(vfio_pci_mig_arcs);
	int ret;

	while (arc < end && (arc->from != migration->state || arc->to != to))
		arc++;
	if (WARN_ON(arc == end))
		return -EINVAL;

	ret = arc->go(migration, file);
	if (ret == -ENOTRECOVERABLE)
		migration->state = VFIO_DEVICE_STATE_ERROR;
	if (!ret)
		migration->state = to;
	return ret;
}

/* ---- resets ---------------------------------------------------------------------------------- */

enum vfio_device_mig_state vfio_pci_migration_state(struct vfio_pci_migration *migration)
{
	if (vfio_pci_migration_was_reset(migration))
		return VFIO_DEVICE_STATE_RUNNING;
	return READ_ONCE(migration->state);
}

/* Whatever the session was for, it is over, and its result does not matter. */
static void mig_drop_session(struct vfio_pci_migration *migration)
{
	const struct vfio_pci_migration_ops *ops = migration->ops;

	if (!migration->session)
		return;

	if (migration->session->saving) {
		save_end(migration, false);
		return;
	}

	vfio_pci_mig_stream_detach(migration);
	if (ops->load_end)
		ops->load_end(migration->vdev, false);
}

void vfio_pci_migration_catch_up(struct vfio_pci_migration *migration)
{
	int resets;

	lockdep_assert_held(&migration->lock);

	while (vfio_pci_migration_was_reset(migration)) {
		resets = atomic_read(&migration->resets);
		mig_drop_session(migration);
		WRITE_ONCE(migration->halting, false);
		WRITE_ONCE(migration->state, VFIO_DEVICE_STATE_RUNNING);
		/* In this order others see RUNNING throughout. */
		smp_store_release(&migration->resets_seen, resets);
	}
}

static void mig_reset_work(struct work_struct *work)
{
	struct vfio_pci_migration *migration =
		container_of(work, struct vfio_pci_migration, reset_work);

	guard(mutex)(&migration->lock);
	if (migration->open)
		vfio_pci_migration_catch_up(migration);
}

/**
 * vfio_pci_migration_reset_done() - the function was reset; from pci_error_handlers.reset_done
 * @vdev: registered, with or without vfio_pci_migration_init()
 *
 * vfio_pci_core_err_handlers calls it; a driver with handlers of its own does.
 *
 * Context: any that reset_done is called in; takes no lock.
 */
void vfio_pci_migration_reset_done(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_migration *migration = vdev->migration;

	if (!migration)
		return;

	atomic_inc(&migration->resets);
	if (READ_ONCE(migration->open))
		queue_work(vfio_pci_migration_wq, &migration->reset_work);
}
EXPORT_SYMBOL_GPL(vfio_pci_migration_reset_done);

/**
 * vfio_pci_migration_running() - may the device act on what the user writes?
 * @vdev: open, with vfio_pci_migration_init()
 *
 * For drivers that mediate registers: false from before @suspend is called until it has failed, or
 * @resume has succeeded, or the device was reset.
 *
 * Context: any.
 */
bool vfio_pci_migration_running(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_migration *migration = vdev->migration;

	return vfio_pci_migration_was_reset(migration) || !READ_ONCE(migration->halting);
}
EXPORT_SYMBOL_GPL(vfio_pci_migration_running);

/* ---- vfio_migration_ops ---------------------------------------------------------------------- */

static struct file *mig_set_state(struct vfio_device *device, enum vfio_device_mig_state new)
{
	struct vfio_pci_migration *migration = to_vfio_pci_core(device)->migration;
	enum vfio_device_mig_state next;
	struct file *file = NULL;
	int ret = 0;

	guard(mutex)(&migration->lock);

	vfio_pci_migration_catch_up(migration);

	while (!ret && migration->state != new) {
		/* vfio_mig_get_next_state() wants a state that userspace can set. */
		if (migration->state == VFIO_DEVICE_STATE_ERROR)
			return ERR_PTR(-EINVAL);

		ret = vfio_mig_get_next_state(device, migration->state, new, &next);
		if (!ret)
			ret = mig_step(migration, next, &file);
		if (!vfio_pci_migration_was_reset(migration))
			continue;

		/* Wherever the arc has led, the device is elsewhere now. */
		vfio_pci_migration_catch_up(migration);
		ret = -ECANCELED;
	}

	if (ret && file)
		fput(file);
	return ret ? ERR_PTR(ret) : file;
}

static int mig_get_state(struct vfio_device *device, enum vfio_device_mig_state *state)
{
	*state = vfio_pci_migration_state(to_vfio_pci_core(device)->migration);
	return 0;
}

static int mig_get_data_size(struct vfio_device *device, unsigned long *length)
{
	struct vfio_pci_core_device *vdev = to_vfio_pci_core(device);
	struct vfio_pci_migration *migration = vdev->migration;
	u64 bytes = migration->ops->max_chunk;
	int ret = 0;

	guard(mutex)(&migration->lock);

	vfio_pci_migration_catch_up(migration);
	if (migration->ops->data_size)
		ret = migration->ops->data_size(vdev, &bytes);
	*length = min_t(u64, bytes, ULONG_MAX);
	return ret;
}

static const struct vfio_migration_ops vfio_pci_migration_mig_ops = {
	.migration_set_state		= mig_set_state,
	.migration_get_state		= mig_get_state,
	.migration_get_data_size	= mig_get_data_size,
};

/* ---- lifetime -------------------------------------------------------------------------------- */

static bool mig_ops_complete(const struct vfio_pci_migration_ops *ops)
{
	const u32 known = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY;
	const struct vfio_pci_mig_framing *framing = ops->framing;

	if (!(ops->flags & VFIO_MIGRATION_STOP_COPY) || ops->flags & ~known)
		return false;
	if (!ops->max_chunk || !ops->suspend || !ops->save || !ops->load)
		return false;
	if (ops->flags & VFIO_MIGRATION_P2P && !(ops->suspend_p2p && ops->resume_p2p))
		return false;
	if (ops->flags & VFIO_MIGRATION_PRE_COPY && !ops->precopy_dirty)
		return false;
	if (!!ops->log_start != !!ops->log_stop || !!ops->log_start != !!ops->log_sync)
		return false;
	return !framing || (framing->put_chunk && framing->get && framing->header_size &&
			    framing->header_size <= VFIO_PCI_MIG_HEADER_MAX);
}

/**
 * vfio_pci_migration_init() - a driver's device can migrate
 * @vdev: not registered yet
 * @ops: must stay
 *
 * Sets mig_ops, log_ops and migration_flags of the vfio_device.  Everything goes with the device.
 *
 * Context: sleeps.
 * Return: 0, -ENOMEM, -EINVAL for incomplete @ops.
 */
int vfio_pci_migration_init(struct vfio_pci_core_device *vdev,
			    const struct vfio_pci_migration_ops *ops)
{
	struct vfio_pci_migration *migration;

	if (WARN_ON(vdev->migration) || !mig_ops_complete(ops))
		return -EINVAL;

	migration = kzalloc(sizeof(*migration), GFP_KERNEL_ACCOUNT);
	if (!migration)
		return -ENOMEM;

	kref_init(&migration->ref);
	migration->vdev = vdev;
	migration->ops = ops;
	mutex_init(&migration->lock);
	migration->state = VFIO_DEVICE_STATE_RUNNING;
	INIT_WORK(&migration->reset_work, mig_reset_work);

	vfio_pci_migration_log_init(migration);

	vdev->migration = migration;
	vdev->vdev.migration_flags = ops->flags;
	vdev->vdev.mig_ops = &vfio_pci_migration_mig_ops;
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_pci_migration_init);

void vfio_pci_migration_free(struct kref *ref)
{
	struct vfio_pci_migration *migration = container_of(ref, struct vfio_pci_migration, ref);

	mutex_destroy(&migration->lock);
	kfree(migration);
}

void vfio_pci_migration_release(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_migration *migration = vdev->migration;

	if (!migration)
		return;

	vdev->migration = NULL;
	cancel_work_sync(&migration->reset_work);
	vfio_pci_migration_log_free(migration);
	kref_put(&migration->ref, vfio_pci_migration_free);
}

void vfio_pci_migration_open(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_migration *migration = vdev->migration;

	if (!migration)
		return;

	guard(mutex)(&migration->lock);
	migration->state = VFIO_DEVICE_STATE_RUNNING;
	migration->halting = false;
	migration->resets_seen = atomic_read(&migration->resets);
	WRITE_ONCE(migration->open, true);
}

/**
 * vfio_pci_migration_close() - no hook is called any more
 * @vdev: closing, with or without vfio_pci_migration_init(); may be closed already
 *
 * A session that is on is dropped.  For a driver whose close_device tears down what its hooks need;
 * vfio_pci_core_close_device() and vfio_pci_core_disable() call it in any case.
 *
 * Context: sleeps; dev_set->lock held by vfio.ko.
 */
void vfio_pci_migration_close(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_migration *migration = vdev->migration;

	if (!migration || !migration->open)
		return;

	scoped_guard(mutex, &migration->lock) {
		WRITE_ONCE(migration->open, false);
		vfio_pci_migration_log_close(migration);
		mig_drop_session(migration);
	}
	cancel_work_sync(&migration->reset_work);
}
EXPORT_SYMBOL_GPL(vfio_pci_migration_close);

struct workqueue_struct *vfio_pci_migration_wq;

/* A queue of our own, so that module removal waits for what is still in it. */
int vfio_pci_migration_module_init(void)
{
	vfio_pci_migration_wq = alloc_workqueue("vfio-pci-migration", WQ_UNBOUND, 0);
	return vfio_pci_migration_wq ? 0 : -ENOMEM;
}

void vfio_pci_migration_module_exit(void)
{
	destroy_workqueue(vfio_pci_migration_wq);
}
