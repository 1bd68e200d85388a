/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Live migration for vfio PCI drivers: a driver says how its device is stopped, saved and loaded,
 * the library does the rest of <uapi/linux/vfio.h>'s migration protocol.
 *
 * A driver fills in a struct vfio_pci_migration_ops and calls vfio_pci_migration_init() before it
 * registers.  From then on it has no state machine, no stream files and no migration locking of
 * its own.  Documentation/driver-api/write-a-variant-driver.rst builds one step by step.
 *
 * Device state travels in chunks.  A chunk is memory that the library allocates, hands to a hook
 * (save: to be filled by the device, load: filled and checked), and moves to and from userspace
 * while the device already works on the next one.  A session never holds more than
 * VFIO_PCI_MIG_CHUNKS of them.
 */
#ifndef VFIO_PCI_MIGRATION_H
#define VFIO_PCI_MIGRATION_H

#include <linux/dma-direction.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/vfio_pci_core.h>

/* Chunks that a session has at a time: one between library and device, one with userspace. */
#define VFIO_PCI_MIG_CHUNKS		2

/* Longest header, opening or end of a framing, bytes. */
#define VFIO_PCI_MIG_HEADER_MAX		64

/* Longest VFIO_PCI_MIG_RECORD_NOTE, bytes. */
#define VFIO_PCI_MIG_NOTE_MAX		4096

/**
 * struct vfio_pci_mig_chunk - a piece of device state in memory
 * @data: @size bytes, contiguous in kernel addresses and page-aligned
 * @pages: the same, DIV_ROUND_UP(@size, PAGE_SIZE) single pages, for a driver that maps them for
 *	   DMA; a page may be anywhere
 * @size: bytes that @save may fill.  At least what @save_pass or the chunk before asked for: memory
 *	  is reused, so that it may be more.
 * @length: bytes that @load is given
 * @next: @save sets it to the bytes that the next chunk of this pass needs, or leaves it 0: this
 *	  one is the pass's last
 * @tag: the driver's; what @save puts in, @load finds (a framing of the driver's may not carry it)
 * @driver_data: the driver's, for as long as the memory lives: set by @chunk_map
 */
struct vfio_pci_mig_chunk {
	void		*data;
	struct page	**pages;
	size_t		size;
	size_t		length;
	size_t		next;
	u32		tag;
	void		*driver_data;
};

/**
 * enum vfio_pci_mig_pass - what a sequence of chunks is to hold
 * @VFIO_PCI_MIG_PASS_INITIAL: first pass of PRE_COPY: all state, while the device runs; the device
 *			       remembers from here on what changes
 * @VFIO_PCI_MIG_PASS_DELTA: a further pass of PRE_COPY: what changed since the pass before
 * @VFIO_PCI_MIG_PASS_FINAL: STOP_COPY: all that no complete pass of this session brought.  Without
 *			     PRE_COPY, or if it was left before the initial pass was complete, that
 *			     is all state.
 */
enum vfio_pci_mig_pass {
	VFIO_PCI_MIG_PASS_INITIAL,
	VFIO_PCI_MIG_PASS_DELTA,
	VFIO_PCI_MIG_PASS_FINAL,
};

struct vfio_pci_mig_framing;

/**
 * struct vfio_pci_migration_ops - a driver's part in migration
 *
 * @flags: VFIO_MIGRATION_STOP_COPY, and VFIO_MIGRATION_P2P and VFIO_MIGRATION_PRE_COPY if the
 *	   device has these; userspace sees them
 * @max_chunk: most bytes a chunk may have.  A larger one, asked for by a hook or announced by a
 *	       stream, fails with -EFBIG.
 * @precopy_interval: milliseconds, 0 for 100.  The device is not asked more often than this
 *		      what changed, and no delta pass begins sooner after the one before, however
 *		      fast userspace reads or asks.
 * @format: of the library's stream envelope: what the chunks mean, a number that the driver
 *	    invents; a stream of another format, or of another PCI vendor or device ID, is refused
 * @version: of that format; written
 * @min_version: oldest that @load understands; newer than @version is never understood
 * @framing: a framing of the driver's own instead of the envelope, NULL for the envelope
 *
 * @suspend: stop the device (the arcs into STOP and STOP_COPY): no DMA, no interrupt, no change of
 *	     state any more.  What is in flight is waited for; how long is the driver's business.
 *	     On an error the device must run on.
 * @resume: optional: let a device that @suspend stopped, or that was loaded, run.  On an error it
 *	    must be stopped as before.  An interrupt that is pending is signalled again: the one
 *	    before @suspend may have met a machine that was being saved.
 * @suspend_p2p: with VFIO_MIGRATION_P2P: stop the device from starting DMA, while it still
 *		 answers others' (the arcs into RUNNING_P2P and PRE_COPY_P2P).  Called before
 *		 @suspend then.
 * @resume_p2p: with VFIO_MIGRATION_P2P: undo @suspend_p2p.  Called after @resume then.
 * @data_size: optional: estimate of what STOP_COPY will take, in bytes of chunks.  In any
 *	       state.  Without it @max_chunk is the estimate.
 *
 * @save_begin: optional: a session starts.  @precopy: in PRE_COPY, with the device running.
 * @save_pass: optional: a pass starts.  Returns the bytes that its first chunk needs, 0 if there
 *	       is nothing to save, or an errno.  Without it, @max_chunk.
 * @save: fill a chunk.  Returns the bytes that it has now; or an errno, which ends the session's
 *	  stream and is what read() returns; or -EIOCBQUEUED, then the driver calls
 *	  vfio_pci_mig_chunk_done() with either of these later, from any context.  One chunk at a
 *	  time.
 * @save_end: optional: the session is over, complete or not; chunks are unmapped by now.
 *	      Its argument says whether userspace went back from PRE_COPY to RUNNING, and the
 *	      device must stop to remember changes; an errno is userspace's then, and puts the
 *	      device into ERROR.  Otherwise the result is ignored.
 * @precopy_dirty: with VFIO_MIGRATION_PRE_COPY: how many bytes changed since the last pass.  Not in
 *		   a pass, and in PRE_COPY only: not in PRE_COPY_P2P.
 *
 * @load_begin: optional: a session starts (STOP to RESUMING)
 * @load: take a chunk, whose framing was checked.  Returns 0, an errno, or -EIOCBQUEUED, as
 *	  @save.  One chunk at a time.
 * @load_end: optional: the session is over and chunks are gone.  @complete: all of the stream came
 *	      and @load took it, so that now is the time to check that it was sound; an errno puts
 *	      the device into ERROR.  Otherwise the session was aborted and its result is ignored.
 *
 * @chunk_map: optional: memory was allocated; a place for dma_map_page() and the like.  @dir is
 *	       DMA_FROM_DEVICE for saving.
 * @chunk_unmap: undoes @chunk_map before memory is freed
 * @abort: optional: the session is being aborted while a @save or @load answered -EIOCBQUEUED;
 *	   make it end soon.  vfio_pci_mig_chunk_done() is waited for afterwards.
 *
 * @log_mediated: the driver sees every DMA write before it begins and when it has ended, from the
 *		  moment that the device is opened on: it calls vfio_pci_mig_dma_begin() and
 *		  vfio_pci_mig_dma_end(), and its vfio_device_ops.dma_unmap is
 *		  vfio_pci_mig_dma_unmap().  Userspace gets the log from the container, and from the
 *		  device where the kernel has that.
 * @log_start: optional, with @log_stop and @log_sync: the device is to log its DMA writes to
 *	       @ranges.  *@page_size is a wish when called and the granularity on return.
 *	       -EOPNOTSUPP and the like go to userspace.
 * @log_stop: undoes @log_start
 * @log_sync: report by vfio_pci_mig_log_dirty() what was written within @iova and the @length
 *	      bytes from there since @log_start or since it was reported last; what is in flight
 *	      too, and again once it is complete
 *
 * Context: hooks sleep.  All are called with the migration lock of the device held, and with
 * dev_set->lock when it is being closed; never with memory_lock, igate or the config lock, which
 * they may take.  Several devices of a driver migrate in parallel.
 *
 * Errors: -ENOTRECOVERABLE from a hook says that it could neither do nor undo its work: the device
 * goes into ERROR and only a reset leads out.  After a reset the library starts from RUNNING and
 * calls no hook to get there but @save_end or @load_end for a session that was on.
 *
 * Removal: a device that is gone must make hooks fail, not wait: a chunk is always done some time.
 */
struct vfio_pci_migration_ops {
	u32					flags;
	size_t					max_chunk;
	unsigned int				precopy_interval;
	u32					format;
	u16					version;
	u16					min_version;
	const struct vfio_pci_mig_framing	*framing;
	bool					log_mediated;

	int (*suspend)(struct vfio_pci_core_device *vdev);
	int (*resume)(struct vfio_pci_core_device *vdev);
	int (*suspend_p2p)(struct vfio_pci_core_device *vdev);
	int (*resume_p2p)(struct vfio_pci_core_device *vdev);
	int (*data_size)(struct vfio_pci_core_device *vdev, u64 *bytes);

	int (*save_begin)(struct vfio_pci_core_device *vdev, bool precopy);
	ssize_t (*save_pass)(struct vfio_pci_core_device *vdev, enum vfio_pci_mig_pass pass);
	ssize_t (*save)(struct vfio_pci_core_device *vdev, struct vfio_pci_mig_chunk *chunk);
	int (*save_end)(struct vfio_pci_core_device *vdev, bool aborted);
	int (*precopy_dirty)(struct vfio_pci_core_device *vdev, u64 *bytes);

	int (*load_begin)(struct vfio_pci_core_device *vdev);
	ssize_t (*load)(struct vfio_pci_core_device *vdev, struct vfio_pci_mig_chunk *chunk);
	int (*load_end)(struct vfio_pci_core_device *vdev, bool complete);

	int (*chunk_map)(struct vfio_pci_core_device *vdev, struct vfio_pci_mig_chunk *chunk,
			 enum dma_data_direction dir);
	void (*chunk_unmap)(struct vfio_pci_core_device *vdev, struct vfio_pci_mig_chunk *chunk,
			    enum dma_data_direction dir);
	void (*abort)(struct vfio_pci_core_device *vdev);

	int (*log_start)(struct vfio_pci_core_device *vdev, struct rb_root_cached *ranges,
			 u32 nr_ranges, u64 *page_size);
	void (*log_stop)(struct vfio_pci_core_device *vdev);
	int (*log_sync)(struct vfio_pci_core_device *vdev, unsigned long iova,
			unsigned long length);
};

/* ---- framing --------------------------------------------------------------------------------- */

/**
 * enum vfio_pci_mig_record_type - what follows a header in a stream that is loaded
 * @VFIO_PCI_MIG_RECORD_CHUNK: a chunk for @load; one of length 0 is dropped
 * @VFIO_PCI_MIG_RECORD_NOTE: bytes for the framing's @note, at most VFIO_PCI_MIG_NOTE_MAX
 * @VFIO_PCI_MIG_RECORD_SKIP: bytes to drop, any number
 * @VFIO_PCI_MIG_RECORD_END: nothing, and nothing may follow
 */
enum vfio_pci_mig_record_type {
	VFIO_PCI_MIG_RECORD_CHUNK,
	VFIO_PCI_MIG_RECORD_NOTE,
	VFIO_PCI_MIG_RECORD_SKIP,
	VFIO_PCI_MIG_RECORD_END,
};

/**
 * struct vfio_pci_mig_record - a header that was understood
 * @type: what it heads
 * @tag: chunk->tag, or the framing's own for a note
 * @length: of what follows the header
 */
struct vfio_pci_mig_record {
	enum vfio_pci_mig_record_type	type;
	u32				tag;
	u64				length;
};

/**
 * struct vfio_pci_mig_framing - how chunks are told apart in a stream
 *
 * @header_size: bytes in front of every record in a stream that is loaded
 * @state_size: bytes of @state that each session gets, zeroed
 *
 * @put_open: optional: what opens a stream; returns its length, at most VFIO_PCI_MIG_HEADER_MAX,
 *	      or an errno.  Called after the first @save_pass, which asked for @first bytes.
 * @put_chunk: the header of a chunk that @save filled; returns as @put_open
 * @put_end: optional: what ends a stream; returns as @put_open
 *
 * @get: a header came: fill in @record.  Returns 0 or the errno that write() shall return.
 * @check: optional: all of the chunk that @record announced came, and may it go to the device?
 * @note: optional: all of a note came
 * @complete: optional: userspace leaves RESUMING between two records: 0, or the errno for it
 *
 * Context: sleeps; the migration lock is held, as for @save and @load, and those for loading are
 * called in write() with the stream's lock held too.
 */
struct vfio_pci_mig_framing {
	size_t	header_size;
	size_t	state_size;

	ssize_t (*put_open)(struct vfio_pci_core_device *vdev, void *state, size_t first, void *to);
	ssize_t (*put_chunk)(struct vfio_pci_core_device *vdev, void *state,
			     const struct vfio_pci_mig_chunk *chunk, void *to);
	ssize_t (*put_end)(struct vfio_pci_core_device *vdev, void *state, void *to);

	int (*get)(struct vfio_pci_core_device *vdev, void *state, const void *header,
		   struct vfio_pci_mig_record *record);
	int (*check)(struct vfio_pci_core_device *vdev, void *state,
		     const struct vfio_pci_mig_record *record, const void *data);
	int (*note)(struct vfio_pci_core_device *vdev, void *state,
		    const struct vfio_pci_mig_record *record, const void *data);
	int (*complete)(struct vfio_pci_core_device *vdev, void *state);
};

/* ---- what a driver calls --------------------------------------------------------------------- */

/*
 * Lifetime: vfio_pci_migration_init() between vfio_alloc_device() and
 * vfio_pci_core_register_device(), or in vfio_device_ops.init.  Nothing undoes it: the library does
 * with the device.  A driver whose pci_driver has error handlers of its own calls
 * vfio_pci_migration_reset_done() from its reset_done; vfio_pci_core_err_handlers has it.  A driver
 * that tears something down in its close_device that hooks need calls vfio_pci_migration_close()
 * first; vfio_pci_core_close_device() would otherwise.
 */
int vfio_pci_migration_init(struct vfio_pci_core_device *vdev,
			    const struct vfio_pci_migration_ops *ops);
void vfio_pci_migration_reset_done(struct vfio_pci_core_device *vdev);
void vfio_pci_migration_close(struct vfio_pci_core_device *vdev);

bool vfio_pci_migration_running(struct vfio_pci_core_device *vdev);

void vfio_pci_mig_chunk_done(struct vfio_pci_mig_chunk *chunk, ssize_t result);

/**
 * struct vfio_pci_mig_dma - DMA of a device whose driver sees it begin, with ops->log_mediated
 * @iova: where it writes
 * @length: bytes, 0 while it is not in use
 * @item: the library's
 * @pinned: the library's
 *
 * Zero it once.
 */
struct vfio_pci_mig_dma {
	unsigned long		iova;
	unsigned long		length;

	struct list_head	item;
	bool			pinned;
};

int vfio_pci_mig_dma_begin(struct vfio_pci_core_device *vdev, struct vfio_pci_mig_dma *dma,
			   unsigned long iova, unsigned long length);
void vfio_pci_mig_dma_end(struct vfio_pci_core_device *vdev, struct vfio_pci_mig_dma *dma);
void vfio_pci_mig_dma_unmap(struct vfio_device *core_vdev, u64 iova, u64 length);

void vfio_pci_mig_log_dirty(struct vfio_pci_core_device *vdev, unsigned long iova,
			    unsigned long length);

#endif /* VFIO_PCI_MIGRATION_H */
