/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the migration library share.
 *
 *	vfio_pci_migration.c		lifetime, states and arcs
 *	vfio_pci_migration_stream.c	sessions: chunks, the stream's file, the device's turn
 *	vfio_pci_migration_save.c	a session that saves
 *	vfio_pci_migration_load.c	a session that loads
 *	vfio_pci_migration_envelope.c	framing for drivers that have none of their own
 *	vfio_pci_migration_dirty.c	logs of the device's DMA writes
 *
 * A session is one struct vfio_pci_mig_stream.  Chunks go round in a ring of VFIO_PCI_MIG_CHUNKS
 * slots between two parties: userspace, in read() or write(), and the device, whose hooks are
 * called by a worker or by an arc, under the migration lock.
 *
 * Locks, outermost first:
 *	dev_set->lock > stream->io_lock > migration->lock > a driver's own, config->lock, ... >
 *	stream->lock
 */
#ifndef VFIO_PCI_MIGRATION_PRIV_H
#define VFIO_PCI_MIGRATION_PRIV_H

#include <linux/atomic.h>
#include <linux/cleanup.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/vfio_pci_migration.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

struct vfio_pci_mig_stream;

/**
 * struct vfio_pci_mig_log - which memory the device wrote
 * @on: between log_start and log_stop of vfio.ko; written under the migration lock
 * @overflow: no memory for a page of @pages: everything counts as written
 * @pages: page frame numbers of IOVAs that mediated DMA wrote
 * @sink: where log_sync reports to; migration lock
 * @dma_lock: one beginning or end of a DMA at a time
 * @lock: @dmas and what follows, and whether their pages are pinned
 * @dmas: struct vfio_pci_mig_dma, in flight; changed under both locks
 * @unpinning: how many are being unpinned
 * @wait: for that to end
 * @unpin_work: unpins what is in the range that the container unmaps
 * @unmap_first: page frame number of its start
 * @unmap_last: and end
 * @quiet_until: nothing is pinned before; jiffies
 */
struct vfio_pci_mig_log {
	bool			on;
	bool			overflow;
	struct xarray		pages;
	struct iova_bitmap	*sink;
	struct mutex		dma_lock; /* outside of the container's locks, too */
	spinlock_t		lock; /* dmas, and who unpins them */
	struct list_head	dmas;
	unsigned int		unpinning;
	wait_queue_head_t	wait;
	struct work_struct	unpin_work;
	unsigned long		unmap_first;
	unsigned long		unmap_last;
	unsigned long		quiet_until;
};

/**
 * struct vfio_pci_migration - migration of a device
 * @ref: the device and each stream, whose file may outlive the device
 * @vdev: the device; valid while it is open, hence whenever a stream is a session
 * @ops: the driver's
 * @lock: what follows, and calls of hooks
 * @state: what userspace set; read without the lock, by vfio_pci_migration_state()
 * @halting: suspend was called and did not fail; read without the lock
 * @session: the stream of a saving or resuming state, or NULL; holds a reference
 * @resets: counts resets of the device, which happen in places where @lock cannot be had
 * @resets_seen: how many of them @state and @session reflect
 * @reset_work: makes them reflect all, for those who sleep
 * @open: the device is open; written under @lock, also read without
 * @log: of the device's DMA writes
 */
struct vfio_pci_migration {
	struct kref				ref;
	struct vfio_pci_core_device		*vdev;
	const struct vfio_pci_migration_ops	*ops;

	struct mutex				lock; /* state and hooks */
	enum vfio_device_mig_state		state;
	bool					halting;
	struct vfio_pci_mig_stream		*session;
	atomic_t				resets;
	int					resets_seen;
	struct work_struct			reset_work;
	bool					open;
	struct vfio_pci_mig_log			log;
};

/**
 * enum vfio_pci_mig_slot_state - whose turn it is
 * @MIG_SLOT_FREE: nobody's: the saving device's, the loading user's
 * @MIG_SLOT_DEVICE: a hook has it
 * @MIG_SLOT_DONE: a hook is done with it, and nobody looked at the result yet
 * @MIG_SLOT_READY: for the other side: the user's to read, the device's to load
 */
enum vfio_pci_mig_slot_state {
	MIG_SLOT_FREE,
	MIG_SLOT_DEVICE,
	MIG_SLOT_DONE,
	MIG_SLOT_READY,
};

/**
 * enum vfio_pci_mig_turn - what a reader or writer does next
 * @MIG_TURN_WAIT: wait for the device
 * @MIG_TURN_GO: go ahead with the slot
 * @MIG_TURN_END: say that this was all
 */
enum vfio_pci_mig_turn {
	MIG_TURN_WAIT,
	MIG_TURN_GO,
	MIG_TURN_END,
};

/**
 * struct vfio_pci_mig_slot - a place in the ring
 * @chunk: as the driver sees it
 * @stream: whose ring it is
 * @state: changed under stream->lock
 * @mapped: chunk_map succeeded; migration lock
 * @capacity: bytes of memory at @chunk.data
 * @result: of the hook, once done
 * @done: bytes that userspace has moved
 * @head: what goes before the data in a stream that is saved
 * @head_length: bytes of @head
 */
struct vfio_pci_mig_slot {
	struct vfio_pci_mig_chunk	chunk;
	struct vfio_pci_mig_stream	*stream;
	enum vfio_pci_mig_slot_state	state;
	bool				mapped;
	size_t				capacity;
	ssize_t				result;
	size_t				done;
	u8				head[2 * VFIO_PCI_MIG_HEADER_MAX] __aligned(8);
	size_t				head_length;
};

/**
 * enum vfio_pci_mig_pass_state - where a session that saves stands
 * @MIG_PASS_NONE: none was begun
 * @MIG_PASS_RUNNING: chunks of one are to come
 * @MIG_PASS_IDLE: all chunks of the last came; in PRE_COPY another may follow
 * @MIG_PASS_ENDED: the final one is complete, with the end of the stream
 */
enum vfio_pci_mig_pass_state {
	MIG_PASS_NONE,
	MIG_PASS_RUNNING,
	MIG_PASS_IDLE,
	MIG_PASS_ENDED,
};

/**
 * struct vfio_pci_mig_saving - what only a session that saves has
 * @pass: the present or last one
 * @state: where it stands; written under the migration lock and stream->lock, read under either
 * @need: bytes that the next chunk needs; migration lock
 * @opened: put_open was called; migration lock
 * @initial: estimate of the initial pass, in bytes
 * @initial_done: the initial pass is complete
 * @read: bytes that userspace has read
 * @dirty: last answer of precopy_dirty; migration lock
 * @asked: when that was, or the last pass ended; jiffies
 */
struct vfio_pci_mig_saving {
	enum vfio_pci_mig_pass		pass;
	enum vfio_pci_mig_pass_state	state;
	size_t				need;
	bool				opened;
	bool				initial_done;
	u64				initial;
	u64				read;
	u64				dirty;
	unsigned long			asked;
};

/**
 * enum vfio_pci_mig_parse - what userspace writes next
 * @MIG_PARSE_HEADER: a header
 * @MIG_PARSE_SLOT: a chunk, for which there is no slot yet
 * @MIG_PARSE_CHUNK: the rest of a chunk
 * @MIG_PARSE_NOTE: the rest of a note
 * @MIG_PARSE_SKIP: bytes that nobody needs
 * @MIG_PARSE_END: nothing
 */
enum vfio_pci_mig_parse {
	MIG_PARSE_HEADER,
	MIG_PARSE_SLOT,
	MIG_PARSE_CHUNK,
	MIG_PARSE_NOTE,
	MIG_PARSE_SKIP,
	MIG_PARSE_END,
};

/**
 * struct vfio_pci_mig_loading - what only a session that loads has; all under io_lock
 * @header_size: of the framing
 * @parse: what comes next; changed under stream->lock too, for poll()
 * @record: the last header
 * @done: bytes of what @parse says that came
 * @header: they are put here
 * @note: or here
 */
struct vfio_pci_mig_loading {
	size_t				header_size;
	enum vfio_pci_mig_parse		parse;
	struct vfio_pci_mig_record	record;
	u64				done;
	u8				header[VFIO_PCI_MIG_HEADER_MAX] __aligned(8);
	u8				*note;
};

/**
 * struct vfio_pci_mig_stream - a data transfer session, and the file of it
 * @ref: the file, the session, and each queued @work
 * @migration: holds a reference
 * @framing: how chunks look in the stream; the driver's, so under the migration lock, in a session
 * @framing_state: its memory
 * @saving: rather than loading
 * @io_lock: one read() or write() at a time
 * @lock: states of slots, @attached, @error; taken in any context
 * @wait: for changes of these
 * @work: the device's turn
 * @attached: this is a session; cleared for good when it is over
 * @error: what read() or write() return from now on
 * @device: next slot of the device
 * @user: next slot of the user
 * @slots: the ring
 * @save: if @saving
 * @load: if not
 */
struct vfio_pci_mig_stream {
	struct kref				ref;
	struct vfio_pci_migration		*migration;
	const struct vfio_pci_mig_framing	*framing;
	void					*framing_state;
	bool					saving;

	struct mutex				io_lock; /* one read() or write() at a time */
	spinlock_t				lock; /* slots' states, attached, error */
	wait_queue_head_t			wait;
	struct delayed_work			work;
	bool					attached;
	int					error;
	unsigned int				device;
	unsigned int				user;
	struct vfio_pci_mig_slot		slots[VFIO_PCI_MIG_CHUNKS];

	union {
		struct vfio_pci_mig_saving	save;
		struct vfio_pci_mig_loading	load;
	};
};

extern const struct vfio_pci_mig_framing vfio_pci_mig_envelope;

/* ---- vfio_pci_migration.c -------------------------------------------------------------------- */

/* The device was reset, and @state and @session do not know yet.  Context: any. */
static inline bool vfio_pci_migration_was_reset(const struct vfio_pci_migration *migration)
{
	return atomic_read(&migration->resets) != READ_ONCE(migration->resets_seen);
}

/* The state that counts: RUNNING from the very moment of a reset.  Context: any. */
enum vfio_device_mig_state vfio_pci_migration_state(struct vfio_pci_migration *migration);

void vfio_pci_migration_free(struct kref *ref);

/* Follows resets that were counted.  Context: migration lock held. */
void vfio_pci_migration_catch_up(struct vfio_pci_migration *migration);

/* ---- vfio_pci_migration_stream.c ------------------------------------------------------------- */

extern struct workqueue_struct *vfio_pci_migration_wq;

/**
 * vfio_pci_mig_stream_open() - make a session and its file
 * @migration: without a session; lock held
 * @saving: what for
 *
 * Context: sleeps.
 * Return: the file, whose stream is @migration->session now; or ERR_PTR().
 */
struct file *vfio_pci_mig_stream_open(struct vfio_pci_migration *migration, bool saving);

/**
 * vfio_pci_mig_stream_detach() - end a session
 * @migration: with a session; lock held
 *
 * Waits for a chunk that the device has.  Chunks are unmapped and freed; whoever reads or writes
 * gets @error, or the end of the stream if it was read to there.
 *
 * Context: sleeps.
 */
void vfio_pci_mig_stream_detach(struct vfio_pci_migration *migration);

void vfio_pci_mig_stream_put(struct vfio_pci_mig_stream *stream);

/* file_operations.release of either kind. */
int vfio_pci_mig_stream_release(struct inode *inode, struct file *file);

/* This is a session, and no reset has ended it.  Context: stream->lock held. */
static inline bool vfio_pci_mig_stream_lives(const struct vfio_pci_mig_stream *stream)
{
	return stream->attached && !vfio_pci_migration_was_reset(stream->migration);
}

/* Lets the device have its turn, @delay jiffies from now.  Context: any. */
void vfio_pci_mig_stream_kick(struct vfio_pci_mig_stream *stream, unsigned long delay);

/* The first error stays.  Context: any. */
void vfio_pci_mig_stream_fail(struct vfio_pci_mig_stream *stream, int error);

/* The state of a slot, whose owner alone may change it.  Context: any; _set with stream->lock. */
enum vfio_pci_mig_slot_state vfio_pci_mig_slot_state(struct vfio_pci_mig_slot *slot);
void vfio_pci_mig_slot_set(struct vfio_pci_mig_slot *slot, enum vfio_pci_mig_slot_state state);
void vfio_pci_mig_slot_pass(struct vfio_pci_mig_slot *slot, enum vfio_pci_mig_slot_state state);

/**
 * vfio_pci_mig_slot_reserve() - memory for a chunk
 * @slot: free; of a session
 * @size: bytes
 *
 * Context: sleeps; migration lock held.
 * Return: 0, -EFBIG beyond max_chunk, -ENOMEM, or the errno of chunk_map.
 */
int vfio_pci_mig_slot_reserve(struct vfio_pci_mig_slot *slot, size_t size);

/**
 * vfio_pci_mig_slot_run() - give a slot to a hook
 * @slot: of a session, the device's next
 * @hook: save or load
 *
 * Context: sleeps; migration lock held.
 * Return: whether the hook is done already, with a result in @slot.
 */
bool vfio_pci_mig_slot_run(struct vfio_pci_mig_slot *slot,
			   ssize_t (*hook)(struct vfio_pci_core_device *vdev,
					   struct vfio_pci_mig_chunk *chunk));

/* Waits until no hook has a slot.  Context: sleeps; migration lock held. */
void vfio_pci_mig_stream_wait_device(struct vfio_pci_mig_stream *stream);

/**
 * vfio_pci_mig_stream_wait_user() - wait for the slot that is the user's next
 * @stream: whose io_lock is held
 * @state: that the slot shall have
 * @nonblock: do not wait
 *
 * Context: sleeps, without the migration lock.
 * Return: MIG_TURN_GO, MIG_TURN_END; or the stream's error, -EAGAIN, -ERESTARTSYS, -ENODEV if the
 * session is over, -ENOMSG at the temporary end.
 */
int vfio_pci_mig_stream_wait_user(struct vfio_pci_mig_stream *stream,
				  enum vfio_pci_mig_slot_state state, bool nonblock);

static inline struct vfio_pci_mig_slot *mig_user_slot(struct vfio_pci_mig_stream *stream)
{
	return &stream->slots[stream->user % VFIO_PCI_MIG_CHUNKS];
}

static inline struct vfio_pci_mig_slot *mig_device_slot(struct vfio_pci_mig_stream *stream)
{
	return &stream->slots[stream->device % VFIO_PCI_MIG_CHUNKS];
}

/* ---- vfio_pci_migration_save.c --------------------------------------------------------------- */

extern const struct file_operations vfio_pci_mig_save_fops;

/* The device's turn; migration lock held, stream is the session. */
void vfio_pci_mig_save_work(struct vfio_pci_mig_stream *stream);

/*
 * With no slot to read, and stream->lock held: -ENOMSG at the temporary end, MIG_TURN_END at the
 * end of the stream, MIG_TURN_WAIT if something is to come.
 */
int vfio_pci_mig_save_drained(struct vfio_pci_mig_stream *stream);

/**
 * vfio_pci_mig_save_pass() - begin a pass
 * @stream: the session, with no chunk at the device
 * @pass: which
 *
 * Context: sleeps; migration lock held.
 * Return: 0, the stream's error, or the errno of the driver.
 */
int vfio_pci_mig_save_pass(struct vfio_pci_mig_stream *stream, enum vfio_pci_mig_pass pass);

/* Waits for a chunk at the device and looks at it.  Migration lock held.  Return: the error. */
int vfio_pci_mig_save_settle(struct vfio_pci_mig_stream *stream);

/* ---- vfio_pci_migration_load.c --------------------------------------------------------------- */

extern const struct file_operations vfio_pci_mig_load_fops;

void vfio_pci_mig_load_work(struct vfio_pci_mig_stream *stream);

/**
 * vfio_pci_mig_load_finish() - userspace says that this was all
 * @stream: the session
 *
 * Context: sleeps until the device has taken all chunks; migration lock held.
 * Return: 0; -EBUSY while someone is in write(); -ENODATA within or before the end of the stream;
 * or the stream's error.
 */
int vfio_pci_mig_load_finish(struct vfio_pci_mig_stream *stream);

/* ---- vfio_pci_migration_dirty.c -------------------------------------------------------------- */

/* Part of vfio_pci_migration_init(); sets log_ops. */
void vfio_pci_migration_log_init(struct vfio_pci_migration *migration);

/* Ends logging, and DMA that the driver did not end.  Context: sleeps; migration lock held. */
void vfio_pci_migration_log_close(struct vfio_pci_migration *migration);
void vfio_pci_migration_log_free(struct vfio_pci_migration *migration);

#endif /* VFIO_PCI_MIGRATION_PRIV_H */
