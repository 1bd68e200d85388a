// SPDX-License-Identifier: GPL-2.0-only
/*
 * Saving: the device fills chunks, userspace reads them.
 *
 * Chunks come in passes.  A pass goes on by itself for as long as there is a free slot; the end of
 * the final one is the end of the stream.  In PRE_COPY the stream has a temporary end whenever a
 * pass is complete and was read: from then on the device is asked now and then whether something
 * has changed, and a delta pass begins when it has.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/poll.h>
#include <linux/uaccess.h>

#include "vfio_pci_migration_priv.h"

/* milliseconds, where the driver does not care */
#define PRECOPY_INTERVAL	100

static unsigned long save_interval(const struct vfio_pci_mig_stream *stream)
{
	return msecs_to_jiffies(stream->migration->ops->precopy_interval ?: PRECOPY_INTERVAL) ?: 1;
}

static bool in_precopy(const struct vfio_pci_migration *migration)
{
	return migration->state == VFIO_DEVICE_STATE_PRE_COPY ||
	       migration->state == VFIO_DEVICE_STATE_PRE_COPY_P2P;
}

/* ---- the device's turn ----------------------------------------------------------------------- */

static void save_set_pass_state(struct vfio_pci_mig_stream *stream,
				enum vfio_pci_mig_pass_state state)
{
	scoped_guard(spinlock_irq, &stream->lock) {
		stream->save.state = state;
		if (state == MIG_PASS_IDLE)
			stream->save.initial_done = true;
		wake_up_all(&stream->wait);
	}
}

/* Puts what @put says behind what is at the head of @slot already. */
static int save_put(struct vfio_pci_mig_slot *slot, ssize_t length)
{
	if (length < 0)
		return length;
	if (WARN_ON(length > VFIO_PCI_MIG_HEADER_MAX))
		return -EINVAL;

	slot->head_length += length;
	return 0;
}

static int save_put_open(struct vfio_pci_mig_stream *stream, struct vfio_pci_mig_slot *slot)
{
	struct vfio_pci_core_device *vdev = stream->migration->vdev;

	slot->head_length = 0;
	slot->done = 0;
	if (stream->save.opened)
		return 0;

	stream->save.opened = true;
	if (!stream->framing->put_open)
		return 0;
	return save_put(slot, stream->framing->put_open(vdev, stream->framing_state,
							stream->save.need, slot->head));
}

/* To the reader: whatever is in the slot. */
static void save_publish(struct vfio_pci_mig_stream *stream, struct vfio_pci_mig_slot *slot)
{
	scoped_guard(spinlock_irq, &stream->lock) {
		stream->device++;
		vfio_pci_mig_slot_set(slot, MIG_SLOT_READY);
	}
}

/* Looks at a chunk that a hook is done with. */
static void save_collect(struct vfio_pci_mig_stream *stream, struct vfio_pci_mig_slot *slot)
{
	struct vfio_pci_core_device *vdev = stream->migration->vdev;
	struct vfio_pci_mig_chunk *chunk = &slot->chunk;
	int ret;

	ret = slot->result < 0 ? slot->result : 0;
	if (!ret && WARN_ON_ONCE(slot->result > chunk->size))
		ret = -EIO;
	if (!ret) {
		chunk->length = slot->result;
		stream->save.need = chunk->next;
		ret = save_put(slot, stream->framing->put_chunk(vdev, stream->framing_state, chunk,
								slot->head + slot->head_length));
	}
	if (ret) {
		vfio_pci_mig_slot_pass(slot, MIG_SLOT_FREE);
		vfio_pci_mig_stream_fail(stream, ret);
		return;
	}

	save_publish(stream, slot);
}

static void save_end_pass(struct vfio_pci_mig_stream *stream)
{
	struct vfio_pci_mig_slot *slot = mig_device_slot(stream);
	struct vfio_pci_core_device *vdev = stream->migration->vdev;
	int ret;

	stream->save.asked = jiffies;
	stream->save.dirty = 0;
	if (stream->save.pass != VFIO_PCI_MIG_PASS_FINAL) {
		save_set_pass_state(stream, MIG_PASS_IDLE);
		return;
	}

	/* The end of the stream takes a slot like any chunk. */
	ret = save_put_open(stream, slot);
	if (!ret && stream->framing->put_end)
		ret = save_put(slot, stream->framing->put_end(vdev, stream->framing_state,
							      slot->head + slot->head_length));
	if (ret) {
		vfio_pci_mig_stream_fail(stream, ret);
		return;
	}

	slot->chunk.length = 0;
	if (slot->head_length)
		save_publish(stream, slot);
	save_set_pass_state(stream, MIG_PASS_ENDED);
}

/* Lets the pass go on until the device is busy, or the user, or all is done. */
static void save_produce(struct vfio_pci_mig_stream *stream)
{
	const struct vfio_pci_migration_ops *ops = stream->migration->ops;
	struct vfio_pci_mig_slot *slot;
	int ret;

	while (!READ_ONCE(stream->error) && stream->save.state == MIG_PASS_RUNNING) {
		slot = mig_device_slot(stream);

		switch (vfio_pci_mig_slot_state(slot)) {
		case MIG_SLOT_DONE:
			save_collect(stream, slot);
			continue;
		case MIG_SLOT_FREE:
			break;
		default:
			return;
		}

		if (!stream->save.need) {
			save_end_pass(stream);
			continue;
		}

		ret = save_put_open(stream, slot);
		if (!ret)
			ret = vfio_pci_mig_slot_reserve(slot, stream->save.need);
		if (ret)
			vfio_pci_mig_stream_fail(stream, ret);
		else if (!vfio_pci_mig_slot_run(slot, ops->save))
			return;
	}
}

int vfio_pci_mig_save_settle(struct vfio_pci_mig_stream *stream)
{
	struct vfio_pci_mig_slot *slot = mig_device_slot(stream);

	vfio_pci_mig_stream_wait_device(stream);
	if (vfio_pci_mig_slot_state(slot) == MIG_SLOT_DONE)
		save_collect(stream, slot);
	return READ_ONCE(stream->error);
}

int vfio_pci_mig_save_pass(struct vfio_pci_mig_stream *stream, enum vfio_pci_mig_pass pass)
{
	struct vfio_pci_migration *migration = stream->migration;
	const struct vfio_pci_migration_ops *ops = migration->ops;
	ssize_t need = ops->max_chunk;
	u64 size;

	if (ops->save_pass)
		need = ops->save_pass(migration->vdev, pass);
	if (need < 0)
		return need;

	if (pass == VFIO_PCI_MIG_PASS_INITIAL) {
		size = need;
		if (ops->data_size && ops->data_size(migration->vdev, &size))
			size = need;
		stream->save.initial = size;
	}
	stream->save.need = need;
	stream->save.pass = pass;
	save_set_pass_state(stream, MIG_PASS_RUNNING);
	vfio_pci_mig_stream_kick(stream, 0);
	return 0;
}

/* Asks what has changed, if that is due, and fetches it. */
static int save_ask(struct vfio_pci_mig_stream *stream)
{
	struct vfio_pci_migration *migration = stream->migration;
	struct vfio_pci_mig_saving *save = &stream->save;
	int ret;

	if (migration->state != VFIO_DEVICE_STATE_PRE_COPY || save->state != MIG_PASS_IDLE ||
	    time_before(jiffies, save->asked + save_interval(stream)))
		return 0;

	save->asked = jiffies;
	ret = migration->ops->precopy_dirty(migration->vdev, &save->dirty);
	if (!ret && save->dirty)
		ret = vfio_pci_mig_save_pass(stream, VFIO_PCI_MIG_PASS_DELTA);
	if (ret)
		vfio_pci_mig_stream_fail(stream, ret);
	return ret;
}

/* Everything that was saved was read.  Context: stream->lock held. */
static bool save_all_read(const struct vfio_pci_mig_stream *stream)
{
	return stream->user == stream->device;
}

static bool save_idle(struct vfio_pci_mig_stream *stream)
{
	bool idle;

	scoped_guard(spinlock_irq, &stream->lock)
		idle = stream->save.state == MIG_PASS_IDLE && save_all_read(stream);
	return idle;
}

void vfio_pci_mig_save_work(struct vfio_pci_mig_stream *stream)
{
	save_produce(stream);
	if (!save_idle(stream) || READ_ONCE(stream->error))
		return;

	/* The temporary end: whoever polls is to hear of what changes. */
	if (!save_ask(stream) && stream->save.state == MIG_PASS_IDLE &&
	    stream->migration->state == VFIO_DEVICE_STATE_PRE_COPY)
		vfio_pci_mig_stream_kick(stream, save_interval(stream));
}

/* ---- the user's turn ------------------------------------------------------------------------- */

int vfio_pci_mig_save_drained(struct vfio_pci_mig_stream *stream)
{
	lockdep_assert_held(&stream->lock);

	if (!save_all_read(stream))
		return MIG_TURN_WAIT;

	switch (stream->save.state) {
	case MIG_PASS_IDLE:
		return -ENOMSG;
	case MIG_PASS_ENDED:
		return MIG_TURN_END;
	default:
		return MIG_TURN_WAIT;
	}
}

/* Moves on in the slot: what is at @from, @length bytes from @start on in it. */
static int save_copy(struct vfio_pci_mig_slot *slot, const void *from, size_t start, size_t length,
		     char __user **to, size_t *left)
{
	size_t skip = slot->done - start;
	size_t part = min(length - skip, *left);
	size_t missed = copy_to_user(*to, from + skip, part);

	part -= missed;
	slot->done += part;
	*to += part;
	*left -= part;
	return missed ? -EFAULT : 0;
}

/* Copies what is ready in one slot and frees it if that was all. */
static int save_read_slot(struct vfio_pci_mig_stream *stream, char __user **to, size_t *left)
{
	struct vfio_pci_mig_slot *slot = mig_user_slot(stream);
	size_t total = slot->head_length + slot->chunk.length;
	int ret = 0;

	if (slot->done < slot->head_length)
		ret = save_copy(slot, slot->head, 0, slot->head_length, to, left);
	if (!ret && *left && slot->done >= slot->head_length)
		ret = save_copy(slot, slot->chunk.data, slot->head_length, slot->chunk.length, to,
				left);
	if (ret || slot->done < total)
		return ret;

	scoped_guard(spinlock_irq, &stream->lock) {
		stream->user++;
		vfio_pci_mig_slot_set(slot, MIG_SLOT_FREE);
	}
	vfio_pci_mig_stream_kick(stream, 0);
	return 0;
}

/*
 * Whatever is there is returned, as from a pipe; to wait for more would keep userspace from sending
 * what it has.
 */
static ssize_t mig_save_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct vfio_pci_mig_stream *stream = file->private_data;
	char __user *to = buf;
	size_t left = min_t(size_t, count, MAX_RW_COUNT);
	int turn, ret = 0;

	if (mutex_lock_interruptible(&stream->io_lock))
		return -ERESTARTSYS;

	while (left && !ret) {
		turn = vfio_pci_mig_stream_wait_user(stream, MIG_SLOT_READY,
						     to != buf || file->f_flags & O_NONBLOCK);
		if (turn == MIG_TURN_END)
			break;
		ret = turn < 0 ? turn : save_read_slot(stream, &to, &left);
	}
	scoped_guard(spinlock_irq, &stream->lock)
		stream->save.read += to - buf;
	mutex_unlock(&stream->io_lock);

	return to != buf ? to - buf : ret;
}

/* Context: stream->lock held. */
static __poll_t save_ready(struct vfio_pci_mig_stream *stream)
{
	if (!stream->error && vfio_pci_mig_save_drained(stream) == MIG_TURN_END)
		return EPOLLIN | EPOLLRDNORM;
	if (stream->error || !vfio_pci_mig_stream_lives(stream))
		return EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
	return mig_user_slot(stream)->state == MIG_SLOT_READY ? EPOLLIN | EPOLLRDNORM : 0;
}

static __poll_t mig_save_poll(struct file *file, struct poll_table_struct *wait)
{
	struct vfio_pci_mig_stream *stream = file->private_data;
	__poll_t ready;

	poll_wait(file, &stream->wait, wait);

	scoped_guard(spinlock_irq, &stream->lock)
		ready = save_ready(stream);
	return ready;
}

/* ---- VFIO_MIG_GET_PRECOPY_INFO --------------------------------------------------------------- */

static u64 save_ready_bytes(struct vfio_pci_mig_stream *stream)
{
	u64 bytes = 0;

	for (unsigned int i = stream->user; i != stream->device; i++) {
		struct vfio_pci_mig_slot *slot = &stream->slots[i % VFIO_PCI_MIG_CHUNKS];

		bytes += slot->head_length + slot->chunk.length - READ_ONCE(slot->done);
	}
	return bytes;
}

/* Context: stream->lock held. */
static void save_estimate(struct vfio_pci_mig_stream *stream, struct vfio_precopy_info *info)
{
	struct vfio_pci_mig_saving *save = &stream->save;

	info->initial_bytes = 0;
	info->dirty_bytes = 0;
	if (!save->initial_done || (save->pass == VFIO_PCI_MIG_PASS_INITIAL &&
				    !save_all_read(stream))) {
		/* An estimate, but never nothing while there is something. */
		info->initial_bytes = max3(save->initial - min(save->initial, save->read),
					   save_ready_bytes(stream), 1ULL);
		return;
	}

	info->dirty_bytes = save_ready_bytes(stream);
	if (save->state == MIG_PASS_RUNNING && save->pass == VFIO_PCI_MIG_PASS_DELTA)
		info->dirty_bytes += max_t(u64, save->need, 1);
}

static int save_precopy_info(struct vfio_pci_mig_stream *stream, struct vfio_precopy_info *info)
{
	struct vfio_pci_migration *migration = stream->migration;

	guard(mutex)(&migration->lock);

	if (migration->open)
		vfio_pci_migration_catch_up(migration);
	if (migration->session != stream || !in_precopy(migration))
		return -EINVAL;

	save_produce(stream);
	if (save_idle(stream))
		save_ask(stream);
	if (READ_ONCE(stream->error))
		return stream->error;

	scoped_guard(spinlock_irq, &stream->lock)
		save_estimate(stream, info);
	return 0;
}

static long mig_save_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const size_t size = offsetofend(struct vfio_precopy_info, dirty_bytes);
	void __user *uinfo = (void __user *)arg;
	struct vfio_precopy_info info;
	int ret;

	if (cmd != VFIO_MIG_GET_PRECOPY_INFO)
		return -ENOTTY;
	if (copy_from_user(&info, uinfo, size))
		return -EFAULT;
	if (info.argsz < size)
		return -EINVAL;

	info.flags = 0;
	ret = save_precopy_info(file->private_data, &info);
	if (ret)
		return ret;
	return copy_to_user(uinfo, &info, size) ? -EFAULT : 0;
}

const struct file_operations vfio_pci_mig_save_fops = {
	.owner		= THIS_MODULE,
	.read		= mig_save_read,
	.poll		= mig_save_poll,
	.unlocked_ioctl	= mig_save_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.release	= vfio_pci_mig_stream_release,
};
