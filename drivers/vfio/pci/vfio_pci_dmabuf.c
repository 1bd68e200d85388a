// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges of a BAR as a dma-buf, so that other devices' drivers can let them reach it:
 * VFIO_DEVICE_FEATURE_DMA_BUF.
 *
 * The user has the BAR only while memory space answers, and only until the device is closed.  A
 * dma-buf outlives either, so access has to be revoked: before memory decode, reset or power state
 * changes, to be restored afterwards, and for good when the device closes.  Revoking
 *
 *  1. refuses further mappings;
 *  2. tells the importers, who must stop their hardware or leave a fence that says when it stopped;
 *  3. waits for all fences;
 *  4. takes the remaining mappings out of the importers' IOMMU.  Importers may drop theirs late
 *     (some keep it until they map again or go), so this side knows all of them.
 *
 * That is sound for importers that heed step 2, so whoever cannot is not let in: pinning is
 * refused, which shuts out static importers and those that want memory to stay.  And it takes a
 * kernel whose dma-buf core does not pin behind everybody's back, and that can tell whether one
 * device reaches another.  Where either is missing (Debian 13 has neither DMABUF_MOVE_NOTIFY nor
 * PCI_P2PDMA), no importer could ever map what we export, and there is no such feature here.
 *
 * Locks: memory_lock (write) > dma_resv_lock of a buffer > vfio_pci_dma_buf_links.  An importer
 * holds the second when it maps, so nothing below it may take the first.
 */
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/overflow.h>
#include <linux/pci-p2pdma.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include <compat/dma_buf.h>

#include "vfio_pci_priv.h"

DMA_BUF_IMPORT_NS();

#define DMA_BUF_POSSIBLE	(IS_ENABLED(CONFIG_DMA_SHARED_BUFFER) && \
				 IS_ENABLED(CONFIG_PCI_P2PDMA) && DMA_BUF_MAPS_UNPINNED)

/**
 * struct vfio_pci_dma_buf_range - physically contiguous memory of a dma-buf
 * @phys: CPU physical address
 * @size: bytes, not 0
 */
struct vfio_pci_dma_buf_range {
	phys_addr_t	phys;
	size_t		size;
};

/**
 * struct vfio_pci_dma_buf - dma_buf.priv; lives as long as the dma-buf
 * @dmabuf: the dma-buf; no reference
 * @link: in vfio_pci_core_device.dmabufs until the device closes; vfio_pci_dma_buf_links
 * @pdev: the function whose BAR it is; a reference
 * @maps: struct vfio_pci_dma_buf_map that are in an importer's IOMMU; dma_resv_lock
 * @revoked: nobody may map; dma_resv_lock
 * @nr_ranges: length of @ranges
 * @ranges: what the dma-buf consists of, one after the other
 */
struct vfio_pci_dma_buf {
	struct dma_buf			*dmabuf;
	struct list_head		link;
	struct pci_dev			*pdev;
	struct list_head		maps;
	bool				revoked;
	u32				nr_ranges;
	struct vfio_pci_dma_buf_range	ranges[] __counted_by(nr_ranges);
};

/**
 * struct vfio_pci_dma_buf_map - an importer's mapping
 * @sgt: what the importer got: DMA addresses without pages
 * @link: in vfio_pci_dma_buf.maps; empty once revoked
 * @dev: the importer
 * @dir: direction of the mapping
 * @nr_mapped: how many ranges are mapped, at the start of @dma
 * @dma: address of each range
 */
struct vfio_pci_dma_buf_map {
	struct sg_table		sgt;
	struct list_head	link;
	struct device		*dev;
	enum dma_data_direction	dir;
	u32			nr_mapped;
	dma_addr_t		dma[];
};

/*
 * Guards every list of dma-bufs.  A device's list is changed under its memory_lock too, but a
 * dma-buf that goes by itself has no hold on the device.
 */
static DEFINE_SPINLOCK(vfio_pci_dma_buf_links);

/* ---- for importers --------------------------------------------------------------------------- */

static int vfio_pci_dma_buf_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct vfio_pci_dma_buf *buf = dmabuf->priv;

	if (!attach->importer_ops || !attach->peer2peer)
		return -EOPNOTSUPP;
	if (pci_p2pdma_distance(buf->pdev, attach->dev, true) < 0)
		return -EBUSY;
	return 0;
}

static int vfio_pci_dma_buf_pin(struct dma_buf_attachment *attach)
{
	return -EOPNOTSUPP;
}

/* The core wants it beside pin, and has no occasion to call it. */
static void vfio_pci_dma_buf_unpin(struct dma_buf_attachment *attach)
{
}

/* Takes @map away from the importer's device; the importer may still hold the table. */
static void vfio_pci_dma_buf_unmap_ranges(struct vfio_pci_dma_buf *buf,
					  struct vfio_pci_dma_buf_map *map)
{
	while (map->nr_mapped) {
		u32 i = --map->nr_mapped;

		dma_unmap_resource(map->dev, map->dma[i], buf->ranges[i].size, map->dir,
				   DMA_ATTR_SKIP_CPU_SYNC);
	}
	list_del_init(&map->link);
}

static int vfio_pci_dma_buf_map_ranges(struct vfio_pci_dma_buf *buf,
				       struct vfio_pci_dma_buf_map *map)
{
	u32 i;

	list_add(&map->link, &buf->maps);
	for (i = 0; i < buf->nr_ranges; i++) {
		map->dma[i] = dma_map_resource(map->dev, buf->ranges[i].phys, buf->ranges[i].size,
					       map->dir, DMA_ATTR_SKIP_CPU_SYNC);
		if (dma_mapping_error(map->dev, map->dma[i])) {
			vfio_pci_dma_buf_unmap_ranges(buf, map);
			return -EIO;
		}
		map->nr_mapped++;
	}
	return 0;
}

/*
 * Lists the mapped ranges in pieces that the importer's device takes.  A range has one DMA address,
 * so that its pieces follow one another.
 */
static int vfio_pci_dma_buf_fill_table(struct vfio_pci_dma_buf *buf,
				       struct vfio_pci_dma_buf_map *map)
{
	size_t piece = rounddown(dma_get_max_seg_size(map->dev), PAGE_SIZE);
	struct scatterlist *sg;
	u64 pieces = 0;
	int err;
	u32 i;

	if (!piece)
		return -EINVAL;

	for (i = 0; i < buf->nr_ranges; i++)
		pieces += DIV_ROUND_UP_ULL(buf->ranges[i].size, piece);
	if (pieces > INT_MAX)
		return -ENOMEM;
	err = sg_alloc_table(&map->sgt, pieces, GFP_KERNEL);
	if (err)
		return err;

	sg = map->sgt.sgl;
	for (i = 0; i < buf->nr_ranges; i++) {
		size_t done = 0;

		while (done < buf->ranges[i].size) {
			size_t size = min(buf->ranges[i].size - done, piece);

			sg_set_page(sg, NULL, size, 0);
			sg_dma_address(sg) = map->dma[i] + done;
			sg_dma_len(sg) = size;
			sg = sg_next(sg);
			done += size;
		}
	}
	return 0;
}

static struct sg_table *vfio_pci_dma_buf_map(struct dma_buf_attachment *attach,
					     enum dma_data_direction dir)
{
	struct vfio_pci_dma_buf *buf = attach->dmabuf->priv;
	struct vfio_pci_dma_buf_map *map __free(kfree) = NULL;
	int err;

	dma_resv_assert_held(attach->dmabuf->resv);

	if (buf->revoked)
		return ERR_PTR(-ENODEV);

	map = kzalloc(struct_size(map, dma, buf->nr_ranges), GFP_KERNEL);
	if (!map)
		return ERR_PTR(-ENOMEM);
	map->dev = attach->dev;
	map->dir = dir;

	err = vfio_pci_dma_buf_map_ranges(buf, map);
	if (err)
		return ERR_PTR(err);
	err = vfio_pci_dma_buf_fill_table(buf, map);
	if (err) {
		vfio_pci_dma_buf_unmap_ranges(buf, map);
		return ERR_PTR(err);
	}

	return &no_free_ptr(map)->sgt;
}

static void vfio_pci_dma_buf_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
				   enum dma_data_direction dir)
{
	struct vfio_pci_dma_buf_map *map = container_of(sgt, struct vfio_pci_dma_buf_map, sgt);

	dma_resv_assert_held(attach->dmabuf->resv);

	vfio_pci_dma_buf_unmap_ranges(attach->dmabuf->priv, map);
	sg_free_table(sgt);
	kfree(map);
}

static void vfio_pci_dma_buf_release(struct dma_buf *dmabuf)
{
	struct vfio_pci_dma_buf *buf = dmabuf->priv;

	scoped_guard(spinlock, &vfio_pci_dma_buf_links)
		list_del(&buf->link);
	pci_dev_put(buf->pdev);
	kvfree(buf);
}

static const struct dma_buf_ops vfio_pci_dma_buf_ops = {
	.attach		= vfio_pci_dma_buf_attach,
	.pin		= vfio_pci_dma_buf_pin,
	.unpin		= vfio_pci_dma_buf_unpin,
	.map_dma_buf	= vfio_pci_dma_buf_map,
	.unmap_dma_buf	= vfio_pci_dma_buf_unmap,
	.release	= vfio_pci_dma_buf_release,
};

/* ---- revoking and restoring ------------------------------------------------------------------ */

static void vfio_pci_dma_buf_set_revoked(struct vfio_pci_dma_buf *buf, bool revoked)
{
	struct vfio_pci_dma_buf_map *map, *next;

	dma_resv_lock(buf->dmabuf->resv, NULL);

	if (revoked && !buf->revoked) {
		buf->revoked = true;
		dma_buf_move_notify(buf->dmabuf);
		dma_resv_wait_timeout(buf->dmabuf->resv, DMA_RESV_USAGE_BOOKKEEP, false,
				      MAX_SCHEDULE_TIMEOUT);
		list_for_each_entry_safe(map, next, &buf->maps, link)
			vfio_pci_dma_buf_unmap_ranges(buf, map);
	}
	buf->revoked = revoked;

	dma_resv_unlock(buf->dmabuf->resv);
}

/*
 * The dma-buf behind @buf in @vdev's list, the first for NULL, with a reference to its file; those
 * that are just going are passed over, nobody is attached to them.  Drops the reference to @buf.
 */
static struct vfio_pci_dma_buf *vfio_pci_dma_buf_next(struct vfio_pci_core_device *vdev,
						      struct vfio_pci_dma_buf *buf)
{
	struct vfio_pci_dma_buf *next, *found = NULL;

	scoped_guard(spinlock, &vfio_pci_dma_buf_links) {
		next = buf ?: list_entry(&vdev->dmabufs, typeof(*buf), link);
		list_for_each_entry_continue(next, &vdev->dmabufs, link) {
			if (get_file_active(&next->dmabuf->file)) {
				found = next;
				break;
			}
		}
	}
	if (buf)
		dma_buf_put(buf->dmabuf);
	return found;
}

void vfio_pci_dma_buf_move(struct vfio_pci_core_device *vdev, bool revoked)
{
	struct vfio_pci_dma_buf *buf = NULL;

	if (!DMA_BUF_POSSIBLE)
		return;
	lockdep_assert_held_write(&vdev->memory_lock);

	while ((buf = vfio_pci_dma_buf_next(vdev, buf)))
		vfio_pci_dma_buf_set_revoked(buf, revoked);
}

void vfio_pci_dma_buf_cleanup(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_dma_buf *buf, *next;

	if (!DMA_BUF_POSSIBLE)
		return;

	guard(rwsem_write)(&vdev->memory_lock);

	vfio_pci_dma_buf_move(vdev, true);
	/* Off the list, nothing restores them. */
	scoped_guard(spinlock, &vfio_pci_dma_buf_links) {
		list_for_each_entry_safe(buf, next, &vdev->dmabufs, link)
			list_del_init(&buf->link);
	}
}

/* ---- VFIO_DEVICE_FEATURE_DMA_BUF ------------------------------------------------------------- */

/* Fills @buf->ranges from the user's.  Return: bytes of all, or -EINVAL. */
static ssize_t vfio_pci_dma_buf_set_ranges(struct vfio_pci_dma_buf *buf, unsigned int bar,
					   const struct vfio_region_dma_range *ranges)
{
	u64 bar_size = pci_resource_len(buf->pdev, bar);
	ssize_t total = 0;
	u32 i;

	for (i = 0; i < buf->nr_ranges; i++) {
		u64 offset = ranges[i].offset, size = ranges[i].length;

		if (!size || !PAGE_ALIGNED(offset | size) || size > bar_size ||
		    offset > bar_size - size || check_add_overflow(total, size, &total))
			return -EINVAL;

		buf->ranges[i].phys = pci_resource_start(buf->pdev, bar) + offset;
		buf->ranges[i].size = size;
	}
	return total;
}

static void vfio_pci_dma_buf_free(struct vfio_pci_dma_buf *buf)
{
	if (!buf)
		return;
	pci_dev_put(buf->pdev);
	kvfree(buf);
}

DEFINE_FREE(vfio_pci_dma_buf, struct vfio_pci_dma_buf *, vfio_pci_dma_buf_free(_T))

/* A dma-buf as @request says, known to @vdev.  Return: it, or an errno of the feature. */
static struct dma_buf *vfio_pci_dma_buf_export(struct vfio_pci_core_device *vdev,
					       const struct vfio_device_feature_dma_buf *request,
					       const struct vfio_region_dma_range *ranges)
{
	struct vfio_pci_dma_buf *buf __free(vfio_pci_dma_buf) = NULL;
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;
	ssize_t size;

	buf = kvzalloc(struct_size(buf, ranges, request->nr_ranges), GFP_KERNEL_ACCOUNT);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	buf->nr_ranges = request->nr_ranges;
	buf->pdev = pci_dev_get(vdev->pdev);
	INIT_LIST_HEAD(&buf->link);
	INIT_LIST_HEAD(&buf->maps);

	size = vfio_pci_dma_buf_set_ranges(buf, request->region_index, ranges);
	if (size < 0)
		return ERR_PTR(size);

	info.ops = &vfio_pci_dma_buf_ops;
	info.size = size;
	info.flags = request->open_flags;
	info.priv = buf;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf))
		return dmabuf;

	buf->dmabuf = dmabuf;
	scoped_guard(rwsem_write, &vdev->memory_lock) {
		buf->revoked = vdev->pm_runtime_engaged || !vfio_pci_memory_enabled(vdev);
		scoped_guard(spinlock, &vfio_pci_dma_buf_links)
			list_add_tail(&buf->link, &vdev->dmabufs);
	}
	retain_and_null_ptr(buf);
	return dmabuf;
}

/**
 * vfio_pci_feature_dma_buf() - VFIO_DEVICE_FEATURE_DMA_BUF
 * @device: open
 * @flags: GET or PROBE
 * @arg: struct vfio_device_feature_dma_buf
 * @argsz: bytes at @arg
 *
 * Context: sleeps; takes memory_lock.
 * Return: a file descriptor; -ENOTTY where the kernel, or a driver that maps its BARs itself, makes
 * this impossible; -EINVAL for flags, no ranges, too small an @argsz, a BAR that cannot be mapped,
 * a range that is empty, not of whole pages or not inside; -ENODEV for a region that is no BAR; or
 * -EFAULT, -ENOMEM, -EMFILE.
 */
int vfio_pci_feature_dma_buf(struct vfio_device *device, u32 flags, void __user *arg,
			     size_t argsz)
{
	struct vfio_pci_core_device *vdev = to_vfio_pci_core(device);
	struct vfio_device_feature_dma_buf __user *urequest = arg;
	struct vfio_device_feature_dma_buf request;
	struct dma_buf *dmabuf;
	int ret;

	/* What mmap() does not give, a dma-buf does not give either. */
	if (!DMA_BUF_POSSIBLE || device->ops->mmap != vfio_pci_core_mmap)
		return -ENOTTY;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_GET, sizeof(request));
	if (ret != 1)
		return ret;
	if (copy_from_user(&request, arg, sizeof(request)))
		return -EFAULT;

	if (request.flags || !request.nr_ranges ||
	    request.open_flags & ~(O_ACCMODE | O_CLOEXEC | O_NONBLOCK) ||
	    request.nr_ranges > (argsz - sizeof(request)) / sizeof(request.dma_ranges[0]))
		return -EINVAL;
	if (request.region_index >= VFIO_PCI_ROM_REGION_INDEX)
		return -ENODEV;
	if (!(vdev->bar_mmap_supported & BIT(request.region_index)))
		return -EINVAL;

	struct vfio_region_dma_range *ranges __free(kfree) =
		memdup_array_user(&urequest->dma_ranges, request.nr_ranges, sizeof(*ranges));

	if (IS_ERR(ranges))
		return PTR_ERR(ranges);

	CLASS(get_unused_fd, fd)(request.open_flags);
	if (fd < 0)
		return fd;

	dmabuf = vfio_pci_dma_buf_export(vdev, &request, ranges);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	fd_install(fd, dmabuf->file);
	return take_fd(fd);
}
