// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that imports dma-bufs, to test who exports them: edu, which copies up to 4 KiB between
 * its buffer and any address, through the IOMMU.  It keeps a mapping after it was told that the
 * memory goes, as drivers may, and tries to use it.
 */
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include <compat/dma_buf.h>

#include "dma_buf_importer.h"

DMA_BUF_IMPORT_NS();

#define EDU_DMA_SOURCE		0x80
#define EDU_DMA_TARGET		0x88
#define EDU_DMA_BYTES		0x90
#define EDU_DMA_COMMAND		0x98
#define EDU_DMA_START		BIT(0)
#define EDU_DMA_FROM_EDU	BIT(1)
#define EDU_BUFFER		0x40000
#define EDU_ADDRESS_BITS	28

/**
 * struct edu - the device
 * @pdev: its function
 * @registers: BAR 0
 * @word: memory of the machine that it reaches
 * @word_dma: where
 * @lock: its DMA engine and @word
 */
struct edu {
	struct pci_dev	*pdev;
	void __iomem	*registers;
	__le32		*word;
	dma_addr_t	word_dma;
	struct mutex	lock;
};

/* There is one: files find it here.  Nobody may remove the function while one is open. */
static struct edu *the_edu;
static DEFINE_MUTEX(the_edu_lock);

/**
 * struct import - an open file
 * @lock: calls come one at a time
 * @dmabuf: what is attached to, or NULL
 * @attachment: likewise
 * @table: the mapping, or NULL
 * @told: how often the memory went
 * @linger: milliseconds that the device needs then
 * @fence: says that it is done; while @done is pending
 * @fence_lock: of @fence
 * @done: signals @fence
 */
struct import {
	struct mutex			lock;
	struct dma_buf			*dmabuf;
	struct dma_buf_attachment	*attachment;
	struct sg_table			*table;
	atomic_t			told;
	unsigned int			linger;
	struct dma_fence		*fence;
	spinlock_t			fence_lock;
	struct delayed_work		done;
};

/* ---- the device ------------------------------------------------------------------------------ */

static int edu_copy(struct edu *edu, dma_addr_t source, dma_addr_t target, u32 command)
{
	u32 busy;

	writeq(source, edu->registers + EDU_DMA_SOURCE);
	writeq(target, edu->registers + EDU_DMA_TARGET);
	writeq(sizeof(*edu->word), edu->registers + EDU_DMA_BYTES);
	writeq(command | EDU_DMA_START, edu->registers + EDU_DMA_COMMAND);
	return readl_poll_timeout(edu->registers + EDU_DMA_COMMAND, busy, !(busy & EDU_DMA_START),
				  10 * USEC_PER_MSEC, 30 * USEC_PER_SEC);
}

static int edu_take(struct edu *edu, dma_addr_t from)
{
	return edu_copy(edu, from, EDU_BUFFER, 0);
}

static int edu_give(struct edu *edu, dma_addr_t to)
{
	return edu_copy(edu, EDU_BUFFER, to, EDU_DMA_FROM_EDU);
}

static int edu_read(struct edu *edu, dma_addr_t from, u32 *value)
{
	int ret;

	guard(mutex)(&edu->lock);

	ret = edu_take(edu, from) ?: edu_give(edu, edu->word_dma);
	*value = le32_to_cpu(READ_ONCE(*edu->word));
	return ret;
}

static int edu_write(struct edu *edu, dma_addr_t to, u32 value)
{
	guard(mutex)(&edu->lock);

	*edu->word = cpu_to_le32(value);
	return edu_take(edu, edu->word_dma) ?: edu_give(edu, to);
}

/* ---- the memory goes ------------------------------------------------------------------------- */

static const char *importer_fence_name(struct dma_fence *fence)
{
	return "dma-buf-importer";
}

static const struct dma_fence_ops importer_fence_ops = {
	.get_driver_name	= importer_fence_name,
	.get_timeline_name	= importer_fence_name,
};

static void importer_done(struct work_struct *work)
{
	struct import *import = container_of(work, struct import, done.work);

	dma_fence_signal(import->fence);
	dma_fence_put(import->fence);
	WRITE_ONCE(import->fence, NULL);
}

static void importer_linger(struct import *import, struct dma_resv *resv)
{
	struct dma_fence *fence;

	if (READ_ONCE(import->fence) || dma_resv_reserve_fences(resv, 1))
		return;
	fence = kzalloc(sizeof(*fence), GFP_KERNEL);
	if (!fence)
		return;
	dma_fence_init(fence, &importer_fence_ops, &import->fence_lock,
		       dma_fence_context_alloc(1), 1);
	dma_resv_add_fence(resv, fence, DMA_RESV_USAGE_BOOKKEEP);
	WRITE_ONCE(import->fence, fence);
	schedule_delayed_work(&import->done, msecs_to_jiffies(import->linger));
}

/* With the dma_resv_lock of the dma-buf. */
static void importer_move_notify(struct dma_buf_attachment *attachment)
{
	struct import *import = attachment->importer_priv;

	atomic_inc(&import->told);
	if (import->linger)
		importer_linger(import, attachment->dmabuf->resv);
}

static const struct dma_buf_attach_ops importer_peer_ops = {
	.allow_peer2peer	= true,
	.move_notify		= importer_move_notify,
};

static const struct dma_buf_attach_ops importer_ram_ops = {
	.move_notify		= importer_move_notify,
};

/* ---- calls ----------------------------------------------------------------------------------- */

static struct miscdevice importer_misc;

static struct dma_buf_attachment *importer_attach_as(struct import *import, struct dma_buf *dmabuf,
						     u32 kind)
{
	struct device *dev = &the_edu->pdev->dev;

	switch (kind) {
	case IMPORTER_MOVES:
		return dma_buf_dynamic_attach(dmabuf, dev, &importer_peer_ops, import);
	case IMPORTER_STATIC:
		return dma_buf_attach(dmabuf, dev);
	case IMPORTER_RAM_ONLY:
		return dma_buf_dynamic_attach(dmabuf, dev, &importer_ram_ops, import);
	case IMPORTER_NO_DEVICE:
		return dma_buf_dynamic_attach(dmabuf, importer_misc.this_device, &importer_peer_ops,
					      import);
	default:
		return ERR_PTR(-EINVAL);
	}
}

static int importer_attach(struct import *import, void __user *arg)
{
	struct importer_attach request;
	struct dma_buf *dmabuf;

	if (copy_from_user(&request, arg, sizeof(request)))
		return -EFAULT;
	if (import->attachment)
		return -EBUSY;

	dmabuf = dma_buf_get(request.fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	dma_set_max_seg_size(&the_edu->pdev->dev, request.segment ?: SZ_64K);
	import->attachment = importer_attach_as(import, dmabuf, request.kind);
	if (IS_ERR(import->attachment)) {
		int ret = PTR_ERR(import->attachment);

		import->attachment = NULL;
		dma_buf_put(dmabuf);
		return ret;
	}
	import->dmabuf = dmabuf;
	return 0;
}

static void importer_unmap(struct import *import)
{
	if (!import->table)
		return;
	dma_resv_lock(import->dmabuf->resv, NULL);
	dma_buf_unmap_attachment(import->attachment, import->table, DMA_BIDIRECTIONAL);
	dma_resv_unlock(import->dmabuf->resv);
	import->table = NULL;
}

static int importer_map(struct import *import, void __user *arg)
{
	struct importer_map map = {};
	struct scatterlist *sg;
	struct sg_table *table;
	dma_addr_t end = 0;
	int i;

	if (!import->attachment || import->table)
		return -EINVAL;
	dma_resv_lock(import->dmabuf->resv, NULL);
	table = dma_buf_map_attachment(import->attachment, DMA_BIDIRECTIONAL);
	dma_resv_unlock(import->dmabuf->resv);
	if (IS_ERR(table))
		return PTR_ERR(table);
	import->table = table;

	for_each_sgtable_dma_sg(table, sg, i) {
		map.jumps += i && sg_dma_address(sg) != end;
		map.bytes += sg_dma_len(sg);
		map.pieces++;
		end = sg_dma_address(sg) + sg_dma_len(sg);
	}
	return copy_to_user(arg, &map, sizeof(map)) ? -EFAULT : 0;
}

static int importer_word(struct import *import, void __user *arg, bool write)
{
	struct importer_word request;
	struct scatterlist *sg;
	u64 offset;
	int i, ret;

	if (copy_from_user(&request, arg, sizeof(request)))
		return -EFAULT;
	if (!import->table || request.offset % sizeof(request.value))
		return -EINVAL;

	offset = request.offset;
	for_each_sgtable_dma_sg(import->table, sg, i) {
		if (offset < sg_dma_len(sg))
			break;
		offset -= sg_dma_len(sg);
	}
	if (!sg)
		return -EINVAL;

	if (write)
		return edu_write(the_edu, sg_dma_address(sg) + offset, request.value);
	ret = edu_read(the_edu, sg_dma_address(sg) + offset, &request.value);
	if (ret)
		return ret;
	return copy_to_user(arg, &request, sizeof(request)) ? -EFAULT : 0;
}

static long importer_ioctl(struct file *file, unsigned int command, unsigned long arg)
{
	struct import *import = file->private_data;
	void __user *user = (void __user *)arg;

	guard(mutex)(&import->lock);

	switch (command) {
	case IMPORTER_ATTACH:
		return importer_attach(import, user);
	case IMPORTER_MAP:
		return importer_map(import, user);
	case IMPORTER_UNMAP:
		importer_unmap(import);
		return 0;
	case IMPORTER_READ:
		return importer_word(import, user, false);
	case IMPORTER_WRITE:
		return importer_word(import, user, true);
	case IMPORTER_TOLD:
		return atomic_read(&import->told);
	case IMPORTER_LINGER:
		import->linger = min(arg, 10000);
		return 0;
	default:
		return -ENOTTY;
	}
}

static int importer_open(struct inode *inode, struct file *file)
{
	struct import *import = kzalloc(sizeof(*import), GFP_KERNEL);

	if (!import)
		return -ENOMEM;
	mutex_init(&import->lock);
	spin_lock_init(&import->fence_lock);
	INIT_DELAYED_WORK(&import->done, importer_done);
	file->private_data = import;
	return 0;
}

static int importer_release(struct inode *inode, struct file *file)
{
	struct import *import = file->private_data;

	if (import->attachment) {
		importer_unmap(import);
		dma_buf_detach(import->dmabuf, import->attachment);
		flush_delayed_work(&import->done);
		dma_buf_put(import->dmabuf);
	}
	kfree(import);
	return 0;
}

static const struct file_operations importer_fops = {
	.owner		= THIS_MODULE,
	.open		= importer_open,
	.release	= importer_release,
	.unlocked_ioctl	= importer_ioctl,
};

static struct miscdevice importer_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "dma-buf-importer",
	.fops	= &importer_fops,
};

/* ---- the driver ------------------------------------------------------------------------------ */

static int importer_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu *edu = devm_kzalloc(&pdev->dev, sizeof(*edu), GFP_KERNEL);
	int ret;

	if (!edu)
		return -ENOMEM;
	mutex_init(&edu->lock);
	edu->pdev = pdev;

	ret = pcim_enable_device(pdev) ?: pcim_iomap_regions(pdev, BIT(0), "dma-buf-importer") ?:
	      dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(EDU_ADDRESS_BITS));
	if (ret)
		return ret;
	edu->registers = pcim_iomap_table(pdev)[0];
	edu->word = dmam_alloc_coherent(&pdev->dev, PAGE_SIZE, &edu->word_dma, GFP_KERNEL);
	if (!edu->word)
		return -ENOMEM;
	pci_set_master(pdev);

	guard(mutex)(&the_edu_lock);
	if (the_edu)
		return -EBUSY;
	/* Whoever opens the file finds the device. */
	the_edu = edu;
	ret = misc_register(&importer_misc);
	if (ret)
		the_edu = NULL;
	return ret;
}

static void importer_remove(struct pci_dev *pdev)
{
	guard(mutex)(&the_edu_lock);
	misc_deregister(&importer_misc);
	the_edu = NULL;
}

/* It has to be asked for by driver_override. */
static const struct pci_device_id importer_ids[] = {
	{}
};

static struct pci_driver importer_driver = {
	.name		= "dma-buf-importer",
	.id_table	= importer_ids,
	.probe		= importer_probe,
	.remove		= importer_remove,
	.driver		= { .suppress_bind_attrs = true },
};
module_pci_driver(importer_driver);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Importer of dma-bufs for tests of those who export them");
