// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data transfer sessions: the memory of chunks, whose turn it is, and what a stream's file has in
 * common whichever way it goes.
 *
 * The memory of a session is bounded: VFIO_PCI_MIG_CHUNKS chunks of at most max_chunk bytes,
 * charged to whoever makes them be allocated.  Neither side waits for the other while it holds a
 * lock that the other needs, so the device works on one chunk while userspace moves the other.
 *
 * The file may live on when the session is over.  Then it is a memory of @error and nothing else:
 * what belongs to the driver was given back when the session ended.
 */
#include <linux/anon_inodes.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "vfio_pci_migration_priv.h"

/* ---- memory of a chunk ----------------------------------------------------------------------- */

static unsigned int chunk_pages(size_t capacity)
{
	return PHYS_PFN(capacity);
}

static void chunk_free(struct vfio_pci_mig_slot *slot)
{
	struct page **pages = slot->chunk.pages;

	vunmap(slot->chunk.data);
	for (unsigned int i = 0; pages && i < chunk_pages(slot->capacity) && pages[i]; i++)
		__free_page(pages[i]);
	kvfree(pages);

	slot->chunk.data = NULL;
	slot->chunk.pages = NULL;
	slot->capacity = 0;
}

/* Zeroed: a driver that says more than it wrote must not show userspace what was there before. */
static int chunk_alloc(struct vfio_pci_mig_slot *slot, size_t size)
{
	struct page **pages;
	unsigned int nr, got;

	if (size > SIZE_MAX - PAGE_SIZE || PFN_UP(size) > UINT_MAX)
		return -EFBIG;
	nr = PFN_UP(size);

	pages = kvcalloc(nr, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return -ENOMEM;
	slot->chunk.pages = pages;
	slot->capacity = (size_t)nr << PAGE_SHIFT;

	for (got = 0; got < nr;) {
		unsigned int more = alloc_pages_bulk_array(GFP_KERNEL_ACCOUNT | __GFP_ZERO, nr,
							   pages);

		if (more == got)
			break;
		got = more;
		cond_resched();
	}

	if (got == nr)
		slot->chunk.data = vmap(pages, nr, VM_MAP, PAGE_KERNEL);
	if (!slot->chunk.data) {
		chunk_free(slot);
		return -ENOMEM;
	}
	return 0;
}

static enum dma_data_direction chunk_direction(const struct vfio_pci_mig_stream *stream)
{
	return stream->saving ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
}

static void chunk_unmap(struct vfio_pci_mig_slot *slot)
{
	struct vfio_pci_mig_stream *stream = slot->stream;
	const struct vfio_pci_migration_ops *ops = stream->migration->ops;

	if (slot->mapped && ops->chunk_unmap)
		ops->chunk_unmap(stream->migration->vdev, &slot->chunk, chunk_direction(stream));
	slot->mapped = false;
}

int vfio_pci_mig_slot_reserve(struct vfio_pci_mig_slot *slot, size_t size)
{
	struct vfio_pci_mig_stream *stream = slot->stream;
	const struct vfio_pci_migration_ops *ops = stream->migration->ops;
	int ret;

	lockdep_assert_held(&stream->migration->lock);

	if (size > ops->max_chunk)
		return -EFBIG;

	if (size > slot->capacity) {
		chunk_unmap(slot);
		chunk_free(slot);

		ret = chunk_alloc(slot, size);
		if (ret)
			return ret;

		slot->chunk.size = slot->capacity;
		slot->chunk.driver_data = NULL;
		ret = ops->chunk_map ? ops->chunk_map(stream->migration->vdev, &slot->chunk,
						      chunk_direction(stream)) : 0;
		if (ret) {
			chunk_free(slot);
			return ret;
		}
		slot->mapped = true;
	}

	slot->chunk.size = slot->capacity;
	slot->chunk.length = size;
	slot->chunk.next = 0;
	slot->chunk.tag = 0;
	return 0;
}

/* ---- turns ----------------------------------------------------------------------------------- */

enum vfio_pci_mig_slot_state vfio_pci_mig_slot_state(struct vfio_pci_mig_slot *slot)
{
	/* Whoever is told that it is theirs now sees what was done to it before. */
	return smp_load_acquire(&slot->state);
}

void vfio_pci_mig_slot_set(struct vfio_pci_mig_slot *slot, enum vfio_pci_mig_slot_state state)
{
	lockdep_assert_held(&slot->stream->lock);
	/* Pairs with vfio_pci_mig_slot_state(). */
	smp_store_release(&slot->state, state);
	wake_up_all(&slot->stream->wait);
}

void vfio_pci_mig_slot_pass(struct vfio_pci_mig_slot *slot, enum vfio_pci_mig_slot_state state)
{
	scoped_guard(spinlock_irqsave, &slot->stream->lock)
		vfio_pci_mig_slot_set(slot, state);
}

void vfio_pci_mig_stream_fail(struct vfio_pci_mig_stream *stream, int error)
{
	scoped_guard(spinlock_irqsave, &stream->lock) {
		if (!stream->error)
			stream->error = error;
		wake_up_all(&stream->wait);
	}
}

static void mig_stream_work(struct work_struct *work)
{
	struct vfio_pci_mig_stream *stream =
		container_of(work, struct vfio_pci_mig_stream, work.work);
	struct vfio_pci_migration *migration = stream->migration;

	scoped_guard(mutex, &migration->lock) {
		/* Not the session any more, nor one that a reset has ended. */
		if (migration->open)
			vfio_pci_migration_catch_up(migration);
		if (migration->session != stream)
			break;
		if (stream->saving)
			vfio_pci_mig_save_work(stream);
		else
			vfio_pci_mig_load_work(stream);
	}
	vfio_pci_mig_stream_put(stream);
}

void vfio_pci_mig_stream_kick(struct vfio_pci_mig_stream *stream, unsigned long delay)
{
	bool queued;

	kref_get(&stream->ref);
	/* What is to be done at once is not put off by what is not. */
	if (delay)
		queued = queue_delayed_work(vfio_pci_migration_wq, &stream->work, delay);
	else
		queued = !mod_delayed_work(vfio_pci_migration_wq, &stream->work, 0);
	/* It was queued before, with a reference of its own. */
	if (!queued)
		vfio_pci_mig_stream_put(stream);
}

bool vfio_pci_mig_slot_run(struct vfio_pci_mig_slot *slot,
			   ssize_t (*hook)(struct vfio_pci_core_device *vdev,
					   struct vfio_pci_mig_chunk *chunk))
{
	struct vfio_pci_migration *migration = slot->stream->migration;
	ssize_t ret;

	lockdep_assert_held(&migration->lock);

	vfio_pci_mig_slot_pass(slot, MIG_SLOT_DEVICE);
	ret = hook(migration->vdev, &slot->chunk);
	if (ret == -EIOCBQUEUED)
		return false;

	slot->result = ret;
	vfio_pci_mig_slot_pass(slot, MIG_SLOT_DONE);
	return true;
}

/**
 * vfio_pci_mig_chunk_done() - a hook that answered -EIOCBQUEUED has done its work
 * @chunk: the one that it was given
 * @result: what it would have returned otherwise
 *
 * Once for each such answer, also after @abort; even before the hook returns.
 *
 * Context: any.
 */
void vfio_pci_mig_chunk_done(struct vfio_pci_mig_chunk *chunk, ssize_t result)
{
	struct vfio_pci_mig_slot *slot = container_of(chunk, struct vfio_pci_mig_slot, chunk);
	struct vfio_pci_mig_stream *stream = slot->stream;

	if (WARN_ON(vfio_pci_mig_slot_state(slot) != MIG_SLOT_DEVICE))
		return;

	/* The session cannot end, nor drop the stream, as long as this lock is held. */
	scoped_guard(spinlock_irqsave, &stream->lock) {
		slot->result = result;
		vfio_pci_mig_slot_set(slot, MIG_SLOT_DONE);
		vfio_pci_mig_stream_kick(stream, 0);
	}
}
EXPORT_SYMBOL_GPL(vfio_pci_mig_chunk_done);

void vfio_pci_mig_stream_wait_device(struct vfio_pci_mig_stream *stream)
{
	struct vfio_pci_mig_slot *slot = mig_device_slot(stream);

	lockdep_assert_held(&stream->migration->lock);
	wait_event(stream->wait, vfio_pci_mig_slot_state(slot) != MIG_SLOT_DEVICE);
}

static int mig_user_turn_locked(struct vfio_pci_mig_stream *stream,
				enum vfio_pci_mig_slot_state state)
{
	if (stream->error)
		return stream->error;
	if (!vfio_pci_mig_stream_lives(stream))
		return stream->saving && vfio_pci_mig_save_drained(stream) == MIG_TURN_END ?
		       MIG_TURN_END : -ENODEV;
	if (mig_user_slot(stream)->state == state)
		return MIG_TURN_GO;
	return stream->saving ? vfio_pci_mig_save_drained(stream) : MIG_TURN_WAIT;
}

/* What there is for a user who wants a slot in @state: enum vfio_pci_mig_turn or an errno. */
static int mig_user_turn(struct vfio_pci_mig_stream *stream, enum vfio_pci_mig_slot_state state)
{
	int turn;

	scoped_guard(spinlock_irq, &stream->lock)
		turn = mig_user_turn_locked(stream, state);
	return turn;
}

int vfio_pci_mig_stream_wait_user(struct vfio_pci_mig_stream *stream,
				  enum vfio_pci_mig_slot_state state, bool nonblock)
{
	int ret, turn = mig_user_turn(stream, state);

	lockdep_assert_held(&stream->io_lock);

	if (turn == MIG_TURN_WAIT && nonblock)
		return -EAGAIN;
	if (turn == MIG_TURN_WAIT) {
		ret = wait_event_interruptible(stream->wait,
					       (turn = mig_user_turn(stream, state)) !=
					       MIG_TURN_WAIT);
		if (ret)
			return ret;
	}
	return turn;
}

/* ---- lifetime -------------------------------------------------------------------------------- */

static void mig_stream_free(struct kref *ref)
{
	struct vfio_pci_mig_stream *stream = container_of(ref, struct vfio_pci_mig_stream, ref);

	for (unsigned int i = 0; i < VFIO_PCI_MIG_CHUNKS; i++)
		chunk_free(&stream->slots[i]);
	if (!stream->saving)
		kfree(stream->load.note);
	kref_put(&stream->migration->ref, vfio_pci_migration_free);
	mutex_destroy(&stream->io_lock);
	kfree(stream->framing_state);
	kfree(stream);
}

void vfio_pci_mig_stream_put(struct vfio_pci_mig_stream *stream)
{
	kref_put(&stream->ref, mig_stream_free);
}

int vfio_pci_mig_stream_release(struct inode *inode, struct file *file)
{
	vfio_pci_mig_stream_put(file->private_data);
	return 0;
}

static struct vfio_pci_mig_stream *mig_stream_alloc(struct vfio_pci_migration *migration,
						    bool saving)
{
	const struct vfio_pci_mig_framing *framing =
		migration->ops->framing ?: &vfio_pci_mig_envelope;
	struct vfio_pci_mig_stream *stream __free(kfree) =
		kzalloc(sizeof(*stream), GFP_KERNEL_ACCOUNT);

	if (!stream)
		return NULL;
	if (framing->state_size) {
		stream->framing_state = kzalloc(framing->state_size, GFP_KERNEL_ACCOUNT);
		if (!stream->framing_state)
			return NULL;
	}

	kref_init(&stream->ref);
	mutex_init(&stream->io_lock);
	spin_lock_init(&stream->lock);
	init_waitqueue_head(&stream->wait);
	INIT_DELAYED_WORK(&stream->work, mig_stream_work);
	stream->framing = framing;
	stream->saving = saving;
	if (!saving)
		stream->load.header_size = framing->header_size;
	for (unsigned int i = 0; i < VFIO_PCI_MIG_CHUNKS; i++)
		stream->slots[i].stream = stream;

	kref_get(&migration->ref);
	stream->migration = migration;
	return_ptr(stream);
}

struct file *vfio_pci_mig_stream_open(struct vfio_pci_migration *migration, bool saving)
{
	struct vfio_pci_mig_stream *stream;
	struct file *file;

	lockdep_assert_held(&migration->lock);

	stream = mig_stream_alloc(migration, saving);
	if (!stream)
		return ERR_PTR(-ENOMEM);

	file = anon_inode_getfile("vfio-pci-migration",
				  saving ? &vfio_pci_mig_save_fops : &vfio_pci_mig_load_fops,
				  stream, saving ? O_RDONLY : O_WRONLY);
	if (IS_ERR(file)) {
		vfio_pci_mig_stream_put(stream);
		return file;
	}
	/* No position, so no pread() and no lseek(): the latter fails with ESPIPE. */
	stream_open(file->f_inode, file);

	kref_get(&stream->ref);
	stream->attached = true;
	migration->session = stream;
	return file;
}

void vfio_pci_mig_stream_detach(struct vfio_pci_migration *migration)
{
	struct vfio_pci_mig_stream *stream = migration->session;
	bool busy;

	lockdep_assert_held(&migration->lock);

	if (vfio_pci_mig_slot_state(mig_device_slot(stream)) == MIG_SLOT_DEVICE) {
		if (migration->ops->abort)
			migration->ops->abort(migration->vdev);
		vfio_pci_mig_stream_wait_device(stream);
	}

	scoped_guard(spinlock_irq, &stream->lock) {
		stream->attached = false;
		wake_up_all(&stream->wait);
	}
	/* A timer would outlive the module; what is queued already does not. */
	if (cancel_delayed_work(&stream->work))
		vfio_pci_mig_stream_put(stream);

	/*
	 * Someone in read() or write() may be copying, and stuck in a page fault for as long as
	 * another process likes.  The memory of the chunks then goes with the stream.
	 */
	busy = !mutex_trylock(&stream->io_lock);
	for (unsigned int i = 0; i < VFIO_PCI_MIG_CHUNKS; i++) {
		chunk_unmap(&stream->slots[i]);
		if (!busy)
			chunk_free(&stream->slots[i]);
	}
	if (!busy)
		mutex_unlock(&stream->io_lock);

	migration->session = NULL;
	vfio_pci_mig_stream_put(stream);
}
