// SPDX-License-Identifier: GPL-2.0-only
/*
 * A variant driver: QEMU's edu device (docs/specs/edu) for virtual machines, with live migration.
 *
 * It changes four things of what vfio-pci-core does for any function, one of each kind:
 *
 *	ops		BAR 0 is not mapped, and writes to it pass through edu_write(), so that the
 *			driver knows of DMA and can hold it back while the device is stopped
 *	a region	how many DMA commands the user gave
 *	a register	config space 0xf8 tells how often the device has migrated
 *	migration	suspend, resume, save, load, and a log of memory written by DMA
 *
 * Documentation/driver-api/write-a-variant-driver.rst explains it from top to bottom.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/vfio_pci_migration.h>
#include <linux/vfio_pci_override.h>
#include <linux/vfio_pci_variant.h>

#define EDU_VENDOR		0x1234
#define EDU_DEVICE		0x11e8

#define EDU_LIVENESS		0x04	/* reads as the complement of what was written */
#define EDU_FACTORIAL		0x08	/* n is written, n! is read */
#define EDU_STATUS		0x20
#define   EDU_STATUS_COMPUTING	0x01
#define   EDU_STATUS_IRQ	0x80	/* interrupt when n! is there */
#define EDU_IRQ			0x24
#define EDU_IRQ_RAISE		0x60
#define EDU_IRQ_ACK		0x64
#define EDU_DMA_SOURCE		0x80
#define EDU_DMA_TARGET		0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_COMMAND		0x98
#define   EDU_DMA_RUN		0x01
#define   EDU_DMA_TO_RAM	0x02
#define EDU_DMA_LIMIT		BIT(28)	/* of addresses, as QEMU makes it unless told otherwise */
#define EDU_BUFFER		0x40000	/* as DMA sees it, and nobody else */
#define EDU_BUFFER_SIZE		4096

#define EDU_PATIENCE		(5 * USEC_PER_SEC)

#define EDU_REGION_TYPE		(VFIO_REGION_TYPE_PCI_VENDOR_TYPE | EDU_VENDOR)
#define EDU_CONFIG_MIGRATED	0xf8

struct edu {
	struct vfio_pci_core_device	core;
	struct mutex			lock; /* writes to BAR 0, and what they start */
	struct vfio_pci_mig_dma		dma;
	__le64				commands;
	u32				migrated;
};

/* What a stream carries. */
struct edu_state {
	__le32	liveness;
	__le32	n;
	__le32	status;
	__le32	irq;
	__le32	msi;
	__le32	migrated;
	__le64	dma[4];
	u8	buffer[EDU_BUFFER_SIZE];
};

static struct edu *to_edu(struct vfio_pci_core_device *vdev)
{
	return container_of(vdev, struct edu, core);
}

/* ---- BAR 0 ----------------------------------------------------------------------------------- */

/* The DMA that is being logged may be over. */
static void edu_dma_check(struct edu *edu)
{
	u32 command;

	if (edu->dma.length && !vfio_pci_core_peek32(&edu->core, 0, EDU_DMA_COMMAND, &command) &&
	    (command & (EDU_DMA_RUN | EDU_DMA_TO_RAM)) != (EDU_DMA_RUN | EDU_DMA_TO_RAM))
		vfio_pci_mig_dma_end(&edu->core, &edu->dma);
}

/* Whatever comes next may start a DMA: the memory that it would write is logged from here on. */
static int edu_dma_prepare(struct edu *edu)
{
	u32 target, count;
	int ret;

	if (edu->dma.length)
		return 0;

	ret = vfio_pci_core_peek32(&edu->core, 0, EDU_DMA_TARGET, &target) ?:
	      vfio_pci_core_peek32(&edu->core, 0, EDU_DMA_COUNT, &count);
	if (ret || !count)
		return ret;
	/* Which of the bits above these the device drops is a property that nobody can see. */
	if (target >= EDU_DMA_LIMIT)
		return -EINVAL;
	return vfio_pci_mig_dma_begin(&edu->core, &edu->dma, target, min(count, EDU_BUFFER_SIZE));
}

static ssize_t edu_write(struct vfio_device *core_vdev, const char __user *buf, size_t count,
			 loff_t *ppos)
{
	struct edu *edu = container_of(core_vdev, struct edu, core.vdev);
	loff_t pos = *ppos & VFIO_PCI_OFFSET_MASK;
	ssize_t ret = 0;

	if (VFIO_PCI_OFFSET_TO_INDEX(*ppos) != VFIO_PCI_BAR0_REGION_INDEX)
		return vfio_pci_core_write(core_vdev, buf, count, ppos);

	guard(mutex)(&edu->lock);

	/* A stopped device takes no orders. */
	if (!vfio_pci_migration_running(&edu->core)) {
		*ppos += count;
		return count;
	}

	edu_dma_check(edu);
	/* What else a write brings has to be in place before the command. */
	if (pos < EDU_DMA_COMMAND && count > EDU_DMA_COMMAND - pos)
		count = EDU_DMA_COMMAND - pos;
	if (pos >= EDU_DMA_COMMAND && pos < EDU_DMA_COMMAND + 8) {
		le64_add_cpu(&edu->commands, 1);
		ret = edu_dma_prepare(edu);
	}
	if (!ret)
		ret = vfio_pci_core_write(core_vdev, buf, count, ppos);
	edu_dma_check(edu);
	return ret;
}

/* ---- migration ------------------------------------------------------------------------------- */

static int edu_peek_idle(struct edu *edu, u32 reg, u32 busy)
{
	u32 value;
	int ret, err;

	ret = read_poll_timeout(vfio_pci_core_peek32, err, err || !(value & busy), 1000,
				EDU_PATIENCE, false, &edu->core, 0, reg, &value);
	return ret ?: err;
}

/* Neither a factorial nor DMA can be stopped, but both come to an end. */
static int edu_suspend(struct vfio_pci_core_device *vdev)
{
	struct edu *edu = to_edu(vdev);
	int ret;

	/* Who has the lock after us sees that the device is being stopped. */
	guard(mutex)(&edu->lock);

	ret = edu_peek_idle(edu, EDU_STATUS, EDU_STATUS_COMPUTING) ?:
	      edu_peek_idle(edu, EDU_DMA_COMMAND, EDU_DMA_RUN);
	if (ret)
		return ret;

	/* The device first says that n! is there, and then interrupts. */
	fsleep(10 * USEC_PER_MSEC);
	edu_dma_check(edu);
	return 0;
}

/* A message may have met a stopped machine.  One too many does no harm, one too few does. */
static int edu_resume(struct vfio_pci_core_device *vdev)
{
	void __iomem *io = vdev->barmap[0];
	u32 pending;

	/* Without memory decode there is no telling, and nobody who waits. */
	if (!vfio_pci_core_ioread32(vdev, true, &pending, io + EDU_IRQ) && pending)
		vfio_pci_core_iowrite32(vdev, true, pending, io + EDU_IRQ_RAISE);
	return 0;
}

static int edu_wait(void __iomem *reg, u32 busy)
{
	u32 value;

	return read_poll_timeout(ioread32, value, !(value & busy), 1000, EDU_PATIENCE, false, reg);
}

/* One DMA between the buffer and the window's first page, or none of any bytes. */
static int edu_dma(void __iomem *io, struct vfio_pci_dma_window *window, u32 command, u32 count)
{
	const bool to_ram = command & EDU_DMA_TO_RAM;
	int ret;

	iowrite64(to_ram ? EDU_BUFFER : window->iova, io + EDU_DMA_SOURCE);
	iowrite64(to_ram ? window->iova : EDU_BUFFER, io + EDU_DMA_TARGET);
	iowrite64(count, io + EDU_DMA_COUNT);
	iowrite64(command | EDU_DMA_RUN, io + EDU_DMA_COMMAND);
	ret = edu_wait(io + EDU_DMA_COMMAND, EDU_DMA_RUN);
	window->in_flight = ret;
	return ret;
}

/* Registers as in @state, which DMA of ours has changed, or never were. */
static int edu_put_registers(void __iomem *io, struct vfio_pci_dma_window *window,
			     const struct edu_state *state)
{
	struct pci_dev *pdev = window->vdev->pdev;
	int ret = 0;

	/* The command register takes nothing but a command. */
	if (ioread64(io + EDU_DMA_COMMAND) != le64_to_cpu(state->dma[3]))
		ret = edu_dma(io, window, le64_to_cpu(state->dma[3]), 0);
	for (int i = 0; i < 3; i++)
		iowrite64(le64_to_cpu(state->dma[i]), io + EDU_DMA_SOURCE + 8 * i);

	/* With MSI, what is pending must not pull the line; edu_resume() sends the message. */
	if (state->msi) {
		pci_clear_master(pdev);
		pci_write_config_word(pdev, pdev->msi_cap + PCI_MSI_FLAGS,
				      window->msi | PCI_MSI_FLAGS_ENABLE);
	}
	iowrite32(U32_MAX, io + EDU_IRQ_ACK);
	iowrite32(le32_to_cpu(state->irq), io + EDU_IRQ_RAISE);
	return ret;
}

/* An n of which n! is @factorial in 32 bits; from 34 on that is 0. */
static u32 edu_argument(u32 factorial)
{
	u32 n, product = 1;

	for (n = 0; n < 34 && product != factorial; n++)
		product *= n + 1;
	return n;
}

static ssize_t edu_save(struct vfio_pci_core_device *vdev, struct vfio_pci_mig_chunk *chunk)
{
	void __iomem *io = vdev->barmap[0];
	struct edu_state *state = chunk->data;
	struct vfio_pci_dma_window window;
	int ret;

	ret = vfio_pci_dma_window_open(vdev, &window, EDU_BUFFER_SIZE);
	if (ret)
		return ret;

	state->liveness = cpu_to_le32(ioread32(io + EDU_LIVENESS));
	state->n = cpu_to_le32(edu_argument(ioread32(io + EDU_FACTORIAL)));
	state->status = cpu_to_le32(ioread32(io + EDU_STATUS));
	state->irq = cpu_to_le32(ioread32(io + EDU_IRQ));
	state->msi = cpu_to_le32(window.msi & PCI_MSI_FLAGS_ENABLE);
	state->migrated = cpu_to_le32(to_edu(vdev)->migrated + 1);
	for (int i = 0; i < 4; i++)
		state->dma[i] = cpu_to_le64(ioread64(io + EDU_DMA_SOURCE + 8 * i));

	ret = edu_dma(io, &window, EDU_DMA_TO_RAM, EDU_BUFFER_SIZE);
	memcpy(state->buffer, window.data, EDU_BUFFER_SIZE);
	/* The migration may fail yet, and the device go on here. */
	ret = ret ?: edu_put_registers(io, &window, state);
	ret = vfio_pci_dma_window_close(&window) ?: ret;
	return ret ?: sizeof(*state);
}

static ssize_t edu_load(struct vfio_pci_core_device *vdev, struct vfio_pci_mig_chunk *chunk)
{
	void __iomem *io = vdev->barmap[0];
	struct edu_state *state = chunk->data;
	struct vfio_pci_dma_window window;
	int ret;

	if (chunk->length != sizeof(*state))
		return -EBADMSG;
	/* A command that runs was never saved, and no n takes longer. */
	if (le64_to_cpu(state->dma[3]) & EDU_DMA_RUN || le32_to_cpu(state->n) > 34)
		return -EINVAL;

	ret = vfio_pci_dma_window_open(vdev, &window, EDU_BUFFER_SIZE);
	if (ret)
		return ret;

	memcpy(window.data, state->buffer, EDU_BUFFER_SIZE);
	ret = edu_dma(io, &window, 0, EDU_BUFFER_SIZE);

	iowrite32(~le32_to_cpu(state->liveness), io + EDU_LIVENESS);
	iowrite32(0, io + EDU_STATUS);
	iowrite32(le32_to_cpu(state->n), io + EDU_FACTORIAL);
	ret = ret ?: edu_wait(io + EDU_STATUS, EDU_STATUS_COMPUTING);
	iowrite32(le32_to_cpu(state->status), io + EDU_STATUS);
	ret = ret ?: edu_put_registers(io, &window, state);

	ret = vfio_pci_dma_window_close(&window) ?: ret;
	if (!ret)
		to_edu(vdev)->migrated = le32_to_cpu(state->migrated);
	return ret;
}

static const struct vfio_pci_migration_ops edu_migration_ops = {
	.flags		= VFIO_MIGRATION_STOP_COPY,
	.max_chunk	= sizeof(struct edu_state),
	.format		= 0x00756465,	/* edu */
	.version	= 1,
	.min_version	= 1,
	.log_mediated	= true,
	.suspend	= edu_suspend,
	.resume		= edu_resume,
	.save		= edu_save,
	.load		= edu_load,
};

/* ---- a region and a register ----------------------------------------------------------------- */

static ssize_t edu_region_rw(struct vfio_pci_core_device *vdev, char __user *buf, size_t count,
			     loff_t *ppos, bool iswrite)
{
	struct edu *edu = to_edu(vdev);
	loff_t pos = *ppos & VFIO_PCI_OFFSET_MASK;
	ssize_t done;

	if (iswrite || pos >= sizeof(edu->commands))
		return -EINVAL;

	done = simple_read_from_buffer(buf, count, &pos, &edu->commands, sizeof(edu->commands));
	if (done > 0)
		*ppos += done;
	return done;
}

static const struct vfio_pci_regops edu_region = {
	.rw	= edu_region_rw,
};

static int edu_get_migrated(struct vfio_pci_core_device *vdev, u32 *value)
{
	*value = to_edu(vdev)->migrated;
	return 0;
}

static int edu_set_migrated(struct vfio_pci_core_device *vdev, u32 old, u32 *new)
{
	to_edu(vdev)->migrated = *new;
	return 0;
}

static const struct vfio_pci_config_override edu_migrated = {
	.where	= VFIO_PCI_CONFIG_HEADER,
	.offset	= EDU_CONFIG_MIGRATED,
	.width	= 4,
	.virt	= U32_MAX,
	.write	= U32_MAX,
	.get	= edu_get_migrated,
	.set	= edu_set_migrated,
};

/* ---- the driver ------------------------------------------------------------------------------ */

static int edu_open(struct vfio_device *core_vdev)
{
	struct edu *edu = container_of(core_vdev, struct edu, core.vdev);
	int ret;

	ret = vfio_pci_core_enable(&edu->core);
	if (ret)
		return ret;

	edu->migrated = 0;
	edu->commands = 0;
	ret = vfio_pci_core_setup_barmap(&edu->core, 0) ?:
	      vfio_pci_core_override_config(&edu->core, &edu_migrated) ?:
	      vfio_pci_core_register_dev_region(&edu->core, EDU_REGION_TYPE, 1, &edu_region,
						sizeof(edu->commands), VFIO_REGION_INFO_FLAG_READ,
						NULL);
	if (ret) {
		vfio_pci_core_disable(&edu->core);
		return ret;
	}

	vfio_pci_core_trap_bar(&edu->core, 0);
	vfio_pci_core_finish_enable(&edu->core);
	return 0;
}

static int edu_init(struct vfio_device *core_vdev)
{
	struct edu *edu = container_of(core_vdev, struct edu, core.vdev);

	mutex_init(&edu->lock);
	return vfio_pci_core_init_dev(core_vdev) ?:
	       vfio_pci_migration_init(&edu->core, &edu_migration_ops);
}

static const struct vfio_device_ops edu_ops = {
	VFIO_PCI_VARIANT_OPS,
	.name		= "edu-vfio-pci",
	.init		= edu_init,
	.open_device	= edu_open,
	.read		= vfio_pci_core_read,
	.write		= edu_write,
	.dma_unmap	= vfio_pci_mig_dma_unmap,
};

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu *edu = vfio_alloc_device(edu, core.vdev, &pdev->dev, &edu_ops);

	return vfio_pci_variant_probe(pdev, &edu->core);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(EDU_VENDOR, EDU_DEVICE) },
	{}
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name			= "edu-vfio-pci",
	.id_table		= edu_ids,
	.probe			= edu_probe,
	.remove			= vfio_pci_variant_remove,
	.err_handler		= &vfio_pci_core_err_handlers,
	.driver_managed_dma	= true,
};
module_pci_driver(edu_driver);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("VFIO driver with live migration for QEMU's edu device: an example");
