// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading: userspace writes a stream, the framing tells what is in it, the device takes chunks.
 *
 * Nothing that userspace writes is believed: lengths are checked before memory is allocated, and a
 * chunk is complete and checked before the device sees a byte of it.  What the device says to a
 * chunk is told by a later write(), or at the end by the arc out of RESUMING.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vfio_pci_migration_priv.h"

/* ---- the device's turn ----------------------------------------------------------------------- */

static void load_collect(struct vfio_pci_mig_stream *stream, struct vfio_pci_mig_slot *slot)
{
	if (slot->result < 0)
		vfio_pci_mig_stream_fail(stream, slot->result);
	stream->device++;
	vfio_pci_mig_slot_pass(slot, MIG_SLOT_FREE);
}

void vfio_pci_mig_load_work(struct vfio_pci_mig_stream *stream)
{
	struct vfio_pci_mig_slot *slot;

	while (true) {
		slot = mig_device_slot(stream);

		switch (vfio_pci_mig_slot_state(slot)) {
		case MIG_SLOT_DONE:
			load_collect(stream, slot);
			continue;
		case MIG_SLOT_READY:
			if (READ_ONCE(stream->error) ||
			    !vfio_pci_mig_slot_run(slot, stream->migration->ops->load))
				return;
			continue;
		default:
			return;
		}
	}
}

static int load_complete(struct vfio_pci_mig_stream *stream)
{
	const struct vfio_pci_mig_framing *framing = stream->framing;

	if (stream->load.done ||
	    (stream->load.parse != MIG_PARSE_HEADER && stream->load.parse != MIG_PARSE_END))
		return -ENODATA;
	return framing->complete ? framing->complete(stream->migration->vdev,
						     stream->framing_state) : 0;
}

int vfio_pci_mig_load_finish(struct vfio_pci_mig_stream *stream)
{
	int ret;

	lockdep_assert_held(&stream->migration->lock);

	/* A write() may wait for the device, that is for us, so it must not be waited for. */
	if (!mutex_trylock(&stream->io_lock))
		return -EBUSY;
	ret = READ_ONCE(stream->error) ?: load_complete(stream);
	mutex_unlock(&stream->io_lock);
	if (ret)
		return ret;

	do {
		vfio_pci_mig_load_work(stream);
		vfio_pci_mig_stream_wait_device(stream);
		ret = READ_ONCE(stream->error);
	} while (!ret && vfio_pci_mig_slot_state(mig_device_slot(stream)) != MIG_SLOT_FREE);
	return ret;
}

/* ---- the user's turn ------------------------------------------------------------------------- */

static void load_expect(struct vfio_pci_mig_stream *stream, enum vfio_pci_mig_parse parse)
{
	scoped_guard(spinlock_irq, &stream->lock) {
		stream->load.parse = parse;
		stream->load.done = 0;
	}
}

/* A header came: what does it say?  Return: 0 or the errno that ends the stream. */
static int load_header(struct vfio_pci_mig_stream *stream)
{
	struct vfio_pci_mig_loading *load = &stream->load;
	struct vfio_pci_migration *migration = stream->migration;
	int ret;

	ret = stream->framing->get(migration->vdev, stream->framing_state, load->header,
				   &load->record);
	if (ret)
		return ret;

	switch (load->record.type) {
	case VFIO_PCI_MIG_RECORD_CHUNK:
		if (load->record.length > migration->ops->max_chunk)
			return -EFBIG;
		load_expect(stream, load->record.length ? MIG_PARSE_SLOT : MIG_PARSE_HEADER);
		return 0;
	case VFIO_PCI_MIG_RECORD_NOTE:
		if (!load->record.length || load->record.length > VFIO_PCI_MIG_NOTE_MAX)
			return -EINVAL;
		if (!load->note)
			load->note = kmalloc(VFIO_PCI_MIG_NOTE_MAX, GFP_KERNEL_ACCOUNT);
		if (!load->note)
			return -ENOMEM;
		load_expect(stream, MIG_PARSE_NOTE);
		return 0;
	case VFIO_PCI_MIG_RECORD_SKIP:
		load_expect(stream, load->record.length ? MIG_PARSE_SKIP : MIG_PARSE_HEADER);
		return 0;
	default:
		load_expect(stream, MIG_PARSE_END);
		return 0;
	}
}

static int load_note(struct vfio_pci_mig_stream *stream)
{
	const struct vfio_pci_mig_framing *framing = stream->framing;
	int ret = 0;

	if (framing->note)
		ret = framing->note(stream->migration->vdev, stream->framing_state,
				    &stream->load.record, stream->load.note);
	if (!ret)
		load_expect(stream, MIG_PARSE_HEADER);
	return ret;
}

static int load_slot(struct vfio_pci_mig_stream *stream)
{
	int ret;

	ret = vfio_pci_mig_slot_reserve(mig_user_slot(stream), stream->load.record.length);
	if (!ret)
		load_expect(stream, MIG_PARSE_CHUNK);
	return ret;
}

static int load_chunk(struct vfio_pci_mig_stream *stream)
{
	struct vfio_pci_mig_slot *slot = mig_user_slot(stream);
	const struct vfio_pci_mig_framing *framing = stream->framing;
	int ret = 0;

	if (framing->check)
		ret = framing->check(stream->migration->vdev, stream->framing_state,
				     &stream->load.record, slot->chunk.data);
	if (ret)
		return ret;

	slot->chunk.length = stream->load.record.length;
	slot->chunk.tag = stream->load.record.tag;
	stream->user++;
	load_expect(stream, MIG_PARSE_HEADER);
	vfio_pci_mig_slot_pass(slot, MIG_SLOT_READY);
	vfio_pci_mig_stream_kick(stream, 0);
	return 0;
}

static int load_skipped(struct vfio_pci_mig_stream *stream)
{
	load_expect(stream, MIG_PARSE_HEADER);
	return 0;
}

/*
 * What userspace writes next goes to *@to, @total bytes less what came already; NULL where it goes
 * nowhere.  @whole is called when all came, under the migration lock.
 */
struct load_target {
	void	*to;
	u64	total;
	int (*whole)(struct vfio_pci_mig_stream *stream);
};

/* Reads nothing of the driver's: the session may be over. */
static struct load_target load_target(struct vfio_pci_mig_stream *stream)
{
	struct vfio_pci_mig_loading *load = &stream->load;

	switch (load->parse) {
	case MIG_PARSE_SLOT:
		return (struct load_target) { NULL, 0, load_slot };
	case MIG_PARSE_CHUNK:
		return (struct load_target) { mig_user_slot(stream)->chunk.data,
					      load->record.length, load_chunk };
	case MIG_PARSE_NOTE:
		return (struct load_target) { load->note, load->record.length, load_note };
	case MIG_PARSE_SKIP:
		return (struct load_target) { NULL, load->record.length, load_skipped };
	default:
		return (struct load_target) { load->header, load->header_size, load_header };
	}
}

/*
 * All of it came.  But userspace decides how long copy_from_user() takes, and can have closed and
 * unbound the device, and unloaded its driver, by the time that it is done.
 */
static int load_whole(struct vfio_pci_mig_stream *stream, const struct load_target *target)
{
	struct vfio_pci_migration *migration = stream->migration;

	guard(mutex)(&migration->lock);

	if (migration->session != stream || vfio_pci_migration_was_reset(migration))
		return -ENODEV;
	return target->whole(stream);
}

/*
 * Takes some of what userspace writes.  *@error is set to what ends the stream; the return value
 * ends this write() only.
 */
static int load_some(struct vfio_pci_mig_stream *stream, const char __user **from, size_t *left,
		     bool nonblock, int *error)
{
	struct load_target target;
	size_t part, missed = 0;
	int ret;

	if (stream->load.parse == MIG_PARSE_END) {
		*error = -EILSEQ;
		return 0;
	}

	/* Also where no slot is needed: has the device refused something, is the session over? */
	ret = vfio_pci_mig_stream_wait_user(stream, MIG_SLOT_FREE, nonblock);
	if (ret < 0)
		return ret;

	target = load_target(stream);
	part = min_t(u64, *left, target.total - stream->load.done);
	if (target.to)
		missed = copy_from_user(target.to + stream->load.done, *from, part);

	part -= missed;
	stream->load.done += part;
	*from += part;
	*left -= part;
	if (missed)
		return -EFAULT;

	if (stream->load.done == target.total)
		*error = load_whole(stream, &target);
	return 0;
}

static ssize_t mig_load_write(struct file *file, const char __user *buf, size_t count,
			      loff_t *ppos)
{
	struct vfio_pci_mig_stream *stream = file->private_data;
	size_t left = min_t(size_t, count, MAX_RW_COUNT);
	const char __user *from = buf;
	int ret = 0, error = 0;

	if (mutex_lock_interruptible(&stream->io_lock))
		return -ERESTARTSYS;

	while (left && !ret && !error)
		ret = load_some(stream, &from, &left, file->f_flags & O_NONBLOCK, &error);
	mutex_unlock(&stream->io_lock);

	/* What came before it was taken, but nobody asks for less than the bad news. */
	if (error) {
		vfio_pci_mig_stream_fail(stream, error);
		return error;
	}
	return from != buf ? from - buf : ret;
}

static __poll_t mig_load_poll(struct file *file, struct poll_table_struct *wait)
{
	struct vfio_pci_mig_stream *stream = file->private_data;
	__poll_t ready = 0;

	poll_wait(file, &stream->wait, wait);

	scoped_guard(spinlock_irq, &stream->lock) {
		if (stream->error || !vfio_pci_mig_stream_lives(stream))
			ready = EPOLLOUT | EPOLLWRNORM | EPOLLERR;
		else if (mig_user_slot(stream)->state == MIG_SLOT_FREE)
			ready = EPOLLOUT | EPOLLWRNORM;
	}
	return ready;
}

const struct file_operations vfio_pci_mig_load_fops = {
	.owner		= THIS_MODULE,
	.write		= mig_load_write,
	.poll		= mig_load_poll,
	.release	= vfio_pci_mig_stream_release,
};
