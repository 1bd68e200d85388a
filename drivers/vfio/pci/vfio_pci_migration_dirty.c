// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which memory the device wrote, for users that copy memory while the device runs.
 *
 * Userspace learns it in one of two ways.  VFIO_DEVICE_FEATURE_DMA_LOGGING_* ask the device, and
 * are offered where vfio.ko can report.  VFIO_IOMMU_DIRTY_PAGES asks the container, which knows
 * what was pinned through vfio_pin_pages() and takes everything else for dirty until a device has
 * pinned something.  Documentation/dirty-pages.rst has the argument why the latter is sound for
 * drivers that see every DMA before it begins, and why it is not for logs that the device keeps
 * itself.
 *
 * So for a driver that mediates DMA, pages stay pinned from before the device may write to them
 * until it is known that it does not any more: the container reports a pinned page every time, and
 * one that was unpinned once more.
 */
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/interval_tree.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/pfn.h>
#include <linux/vfio.h>

#include <compat/iova_bitmap.h>

#include "vfio_pci_migration_priv.h"
#include "vfio_pci_priv.h"

#define LOG_PIN_MAX	VFIO_PIN_PAGES_MAX_ENTRIES

/* How long no page is pinned after the container told us to let go of some. */
#define LOG_UNMAP_QUIET	msecs_to_jiffies(20)
/* How long the container is kept waiting for that. */
#define LOG_UNMAP_WAIT	msecs_to_jiffies(50)

static unsigned long dma_first(const struct vfio_pci_mig_dma *dma)
{
	return PFN_DOWN(dma->iova);
}

static unsigned long dma_last(const struct vfio_pci_mig_dma *dma)
{
	return PFN_DOWN(dma->iova + dma->length - 1);
}

static unsigned int dma_pages(const struct vfio_pci_mig_dma *dma)
{
	return dma_last(dma) - dma_first(dma) + 1;
}

/* ---- pages pinned in the container ----------------------------------------------------------- */

/*
 * The container unmaps what it finds unpinned, and asks for it ten times before it gives up on the
 * kernel.  So once it has asked, it must not find anything pinned anew.
 */
static void log_wait_quiet(struct vfio_pci_mig_log *log)
{
	while (time_before(jiffies, READ_ONCE(log->quiet_until)))
		fsleep(USEC_PER_MSEC);
}

/* Pages that are not mapped, or by an iommufd, are not pinned; and nobody asks for them. */
static bool log_pin(struct vfio_pci_migration *migration, struct vfio_pci_mig_dma *dma)
{
	struct page *pages[8];
	unsigned int nr = dma_pages(dma), done = 0;
	const dma_addr_t iova = PFN_PHYS(dma_first(dma));

	log_wait_quiet(&migration->log);

	while (done < nr) {
		int ret = vfio_pin_pages(&migration->vdev->vdev, iova + PFN_PHYS(done),
					 min_t(unsigned int, nr - done, ARRAY_SIZE(pages)),
					 IOMMU_WRITE, pages);

		if (ret <= 0)
			break;
		done += ret;
	}
	if (done == nr)
		return true;

	if (done)
		vfio_unpin_pages(&migration->vdev->vdev, iova, done);
	return false;
}

static void log_unpin(struct vfio_pci_migration *migration, unsigned long first, unsigned int nr)
{
	struct vfio_pci_mig_log *log = &migration->log;

	vfio_unpin_pages(&migration->vdev->vdev, PFN_PHYS(first), nr);

	scoped_guard(spinlock, &log->lock) {
		log->unpinning--;
		wake_up_all(&log->wait);
	}
}

/* Takes over the pages of a DMA that are pinned, if any.  Context: log->lock held. */
static unsigned int log_claim(struct vfio_pci_mig_log *log, struct vfio_pci_mig_dma *dma)
{
	lockdep_assert_held(&log->lock);
	if (!dma->pinned)
		return 0;

	dma->pinned = false;
	log->unpinning++;
	return dma_pages(dma);
}

static bool dma_overlaps(const struct vfio_pci_mig_dma *dma, unsigned long first,
			 unsigned long last)
{
	return dma_first(dma) <= last && dma_last(dma) >= first;
}

static struct vfio_pci_mig_dma *log_find_pinned(struct vfio_pci_mig_log *log, unsigned long first,
						unsigned long last)
{
	struct vfio_pci_mig_dma *dma;

	lockdep_assert_held(&log->lock);
	list_for_each_entry(dma, &log->dmas, item)
		if (dma->pinned && dma_overlaps(dma, first, last))
			return dma;
	return NULL;
}

static void log_unpin_work(struct work_struct *work)
{
	struct vfio_pci_migration *migration =
		container_of(work, struct vfio_pci_migration, log.unpin_work);
	struct vfio_pci_mig_log *log = &migration->log;
	struct vfio_pci_mig_dma *dma;
	unsigned long first;
	unsigned int nr;

	do {
		nr = 0;
		scoped_guard(spinlock, &log->lock) {
			dma = log_find_pinned(log, log->unmap_first, log->unmap_last);
			if (dma) {
				first = dma_first(dma);
				nr = log_claim(log, dma);
			}
		}
		if (nr)
			log_unpin(migration, first, nr);
	} while (nr);
}

static bool log_range_unpinned(struct vfio_pci_mig_log *log, unsigned long first,
			       unsigned long last)
{
	bool unpinned;

	scoped_guard(spinlock, &log->lock)
		unpinned = !log->unpinning && !log_find_pinned(log, first, last);
	return unpinned;
}

/**
 * vfio_pci_mig_dma_unmap() - vfio_device_ops.dma_unmap of a driver with ops->log_mediated
 * @core_vdev: open, with vfio_pci_migration_init()
 * @iova: what is being unmapped
 * @length: bytes
 *
 * The caller holds a lock that whoever adds a device to the container waits for with the lock that
 * unpinning needs.  So somebody else unpins, and is not waited for without end: the caller comes
 * again if something was left.
 *
 * Context: sleeps.
 */
void vfio_pci_mig_dma_unmap(struct vfio_device *core_vdev, u64 iova, u64 length)
{
	struct vfio_pci_migration *migration = to_vfio_pci_core(core_vdev)->migration;
	struct vfio_pci_mig_log *log = &migration->log;
	unsigned long first = PFN_DOWN(iova), last = PFN_DOWN(iova + length - 1);

	scoped_guard(spinlock, &log->lock) {
		WRITE_ONCE(log->quiet_until, jiffies + LOG_UNMAP_QUIET);
		log->unmap_first = first;
		log->unmap_last = last;
	}
	queue_work(vfio_pci_migration_wq, &log->unpin_work);
	wait_event_timeout(log->wait, log_range_unpinned(log, first, last), LOG_UNMAP_WAIT);
}
EXPORT_SYMBOL_GPL(vfio_pci_mig_dma_unmap);

/* ---- the log that vfio.ko asks for ----------------------------------------------------------- */

/* What cannot be remembered page by page is remembered as everything. */
static void log_note(struct vfio_pci_mig_log *log, const struct vfio_pci_mig_dma *dma)
{
	if (!READ_ONCE(log->on))
		return;

	for (unsigned long pfn = dma_first(dma); pfn <= dma_last(dma); pfn++)
		if (xa_err(xa_store(&log->pages, pfn, xa_mk_value(0), GFP_KERNEL_ACCOUNT)))
			WRITE_ONCE(log->overflow, true);
}

static void log_report(struct vfio_pci_mig_log *log, unsigned long first, unsigned long last,
		       struct iova_bitmap *dirty)
{
	struct vfio_pci_mig_dma *dma;
	unsigned long pfn;
	void *entry;

	xa_for_each_range(&log->pages, pfn, entry, first, last) {
		iova_bitmap_set(dirty, PFN_PHYS(pfn), PAGE_SIZE);
		xa_erase(&log->pages, pfn);
	}

	/* What is being written is reported now and again when it was written. */
	mutex_lock(&log->dma_lock);
	list_for_each_entry(dma, &log->dmas, item) {
		unsigned long from = max(first, dma_first(dma));
		unsigned long to = min(last, dma_last(dma));

		if (from <= to)
			iova_bitmap_set(dirty, PFN_PHYS(from), PFN_PHYS(to - from + 1));
	}
	mutex_unlock(&log->dma_lock);
}

/* vfio.ko passes on a range of no length, whose last byte is the one before its first. */
static bool log_range_is_empty(struct rb_root_cached *ranges)
{
	for (struct rb_node *at = rb_first_cached(ranges); at; at = rb_next(at)) {
		struct interval_tree_node *range = rb_entry(at, struct interval_tree_node, rb);

		if (range->last + 1 == range->start)
			return true;
	}
	return false;
}

static int mig_log_start(struct vfio_device *device, struct rb_root_cached *ranges, u32 nr,
			 u64 *page_size)
{
	struct vfio_pci_core_device *vdev = to_vfio_pci_core(device);
	struct vfio_pci_migration *migration = vdev->migration;
	struct vfio_pci_mig_log *log = &migration->log;
	int ret = 0;

	guard(mutex)(&migration->lock);

	if (log->on || log_range_is_empty(ranges))
		return -EINVAL;
	if (migration->ops->log_start)
		ret = migration->ops->log_start(vdev, ranges, nr, page_size);
	else
		*page_size = PAGE_SIZE;
	if (!ret)
		WRITE_ONCE(log->on, true);
	return ret;
}

static void log_stop(struct vfio_pci_migration *migration)
{
	struct vfio_pci_mig_log *log = &migration->log;

	if (!log->on)
		return;

	WRITE_ONCE(log->on, false);
	if (migration->ops->log_stop)
		migration->ops->log_stop(migration->vdev);
	/* Nobody is half way through a note any more after this. */
	scoped_guard(mutex, &log->dma_lock)
		xa_destroy(&log->pages);
	log->overflow = false;
}

static int mig_log_stop(struct vfio_device *device)
{
	struct vfio_pci_migration *migration = to_vfio_pci_core(device)->migration;

	guard(mutex)(&migration->lock);

	if (!migration->log.on)
		return -EINVAL;
	log_stop(migration);
	return 0;
}

static int mig_log_read(struct vfio_device *device, unsigned long iova, unsigned long length,
			struct iova_bitmap *dirty)
{
	struct vfio_pci_core_device *vdev = to_vfio_pci_core(device);
	struct vfio_pci_migration *migration = vdev->migration;
	struct vfio_pci_mig_log *log = &migration->log;
	int ret = 0;

	guard(mutex)(&migration->lock);

	if (!log->on || !length)
		return -EINVAL;

	if (migration->ops->log_sync) {
		log->sink = dirty;
		ret = migration->ops->log_sync(vdev, iova, length);
		log->sink = NULL;
	} else if (log->overflow) {
		iova_bitmap_set(dirty, iova, length);
	} else {
		log_report(log, PFN_DOWN(iova), PFN_DOWN(iova + length - 1), dirty);
	}
	return ret;
}

static const struct vfio_log_ops vfio_pci_migration_log_ops = {
	.log_start		= mig_log_start,
	.log_stop		= mig_log_stop,
	.log_read_and_clear	= mig_log_read,
};

/**
 * vfio_pci_mig_log_dirty() - the device wrote memory, as @log_sync was asked to tell
 * @vdev: open
 * @iova: of the first byte; within what @log_sync was asked for
 * @length: bytes, not 0
 *
 * Context: within @log_sync.
 */
void vfio_pci_mig_log_dirty(struct vfio_pci_core_device *vdev, unsigned long iova,
			    unsigned long length)
{
	struct vfio_pci_migration *migration = vdev->migration;

	lockdep_assert_held(&migration->lock);
	if (!WARN_ON(!migration->log.sink))
		iova_bitmap_set(migration->log.sink, iova, length);
}
EXPORT_SYMBOL_GPL(vfio_pci_mig_log_dirty);

/* ---- drivers that mediate DMA ---------------------------------------------------------------- */

/**
 * vfio_pci_mig_dma_begin() - the device may write to memory from now on
 * @vdev: open, its driver has ops->log_mediated
 * @dma: not in use, that is zero or after vfio_pci_mig_dma_end()
 * @iova: where the device writes
 * @length: bytes; what is beyond 2 MiB is cut: begin another one for it
 *
 * Before the device is told.
 *
 * Context: sleeps; not under memory_lock.
 * Return: 0, or -EINVAL for a range that is empty or wraps, or for a @dma in use.
 */
int vfio_pci_mig_dma_begin(struct vfio_pci_core_device *vdev, struct vfio_pci_mig_dma *dma,
			   unsigned long iova, unsigned long length)
{
	struct vfio_pci_migration *migration = vdev->migration;
	struct vfio_pci_mig_log *log = &migration->log;
	bool pinned;

	if (WARN_ON(dma->length) || !length || iova + length - 1 < iova)
		return -EINVAL;

	dma->iova = iova;
	dma->length = min(length, PFN_PHYS(LOG_PIN_MAX - 1));

	guard(mutex)(&log->dma_lock);
	log_note(log, dma);
	pinned = log_pin(migration, dma);

	scoped_guard(spinlock, &log->lock) {
		dma->pinned = pinned;
		list_add_tail(&dma->item, &log->dmas);
	}
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_pci_mig_dma_begin);

/* Context: dma_lock held. */
static void log_dma_end(struct vfio_pci_migration *migration, struct vfio_pci_mig_dma *dma)
{
	struct vfio_pci_mig_log *log = &migration->log;
	unsigned int nr;

	log_note(log, dma);

	/* Mapped since it began: this marks it. */
	if (!dma->pinned && log_pin(migration, dma)) {
		scoped_guard(spinlock, &log->lock)
			dma->pinned = true;
	}

	scoped_guard(spinlock, &log->lock) {
		list_del(&dma->item);
		nr = log_claim(log, dma);
	}
	if (nr)
		log_unpin(migration, dma_first(dma), nr);
	dma->length = 0;
}

/**
 * vfio_pci_mig_dma_end() - the device does not write there any more
 * @vdev: open
 * @dma: of vfio_pci_mig_dma_begin()
 *
 * As soon as the driver knows; until then the pages are reported as dirty again and again.  The
 * library ends what is left when the device is closed.
 *
 * Context: sleeps; not under memory_lock.
 */
void vfio_pci_mig_dma_end(struct vfio_pci_core_device *vdev, struct vfio_pci_mig_dma *dma)
{
	struct vfio_pci_migration *migration = vdev->migration;

	guard(mutex)(&migration->log.dma_lock);
	if (dma->length)
		log_dma_end(migration, dma);
}
EXPORT_SYMBOL_GPL(vfio_pci_mig_dma_end);

/* ---- lifetime -------------------------------------------------------------------------------- */

void vfio_pci_migration_log_init(struct vfio_pci_migration *migration)
{
	struct vfio_pci_mig_log *log = &migration->log;

	mutex_init(&log->dma_lock);
	spin_lock_init(&log->lock);
	init_waitqueue_head(&log->wait);
	INIT_LIST_HEAD(&log->dmas);
	INIT_WORK(&log->unpin_work, log_unpin_work);
	xa_init(&log->pages);
	log->quiet_until = jiffies;

	if (VFIO_REPORTS_DMA_LOGS && (migration->ops->log_start || migration->ops->log_mediated))
		migration->vdev->vdev.log_ops = &vfio_pci_migration_log_ops;
}

void vfio_pci_migration_log_close(struct vfio_pci_migration *migration)
{
	struct vfio_pci_mig_log *log = &migration->log;
	struct vfio_pci_mig_dma *dma, *next;

	log_stop(migration);
	scoped_guard(mutex, &log->dma_lock)
		list_for_each_entry_safe(dma, next, &log->dmas, item)
			log_dma_end(migration, dma);
}

void vfio_pci_migration_log_free(struct vfio_pci_migration *migration)
{
	cancel_work_sync(&migration->log.unpin_work);
	mutex_destroy(&migration->log.dma_lock);
}

IOVA_BITMAP_IMPORT_NS();
