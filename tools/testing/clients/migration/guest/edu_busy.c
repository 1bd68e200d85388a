// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's driver of QEMU's educational device that never lets it rest: round after round it has a
 * factorial computed, a page copied to the device and back, waits for the interrupt of each, and
 * compares. What it counts can be read in /sys/module/edu_busy/parameters/report.
 *
 * It does not know that it is migrated. Whatever the device forgets, mixes up or signals to nobody
 * on the way shows in a count that should be zero.
 */
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/prandom.h>

/* Registers, see QEMU's docs/specs/edu. */
#define EDU_CHECK	0x04	/* keeps what is written, reads inverted */
#define EDU_FACTORIAL	0x08
#define EDU_STATUS	0x20
#define EDU_STATUS_IRQ	BIT(7)	/* interrupt when the factorial is done */
#define EDU_PENDING	0x24
#define EDU_ACK		0x64
#define EDU_DMA_SRC	0x80
#define EDU_DMA_DST	0x88
#define EDU_DMA_COUNT	0x90
#define EDU_DMA_CMD	0x98
#define EDU_DMA_START	BIT(0)
#define EDU_DMA_TO_RAM	BIT(1)
#define EDU_DMA_IRQ	BIT(2)
#define EDU_BUFFER	0x40000

/* What the device sets in EDU_PENDING. */
#define DONE_FACTORIAL	BIT(0)
#define DONE_DMA	BIT(8)

/* Bus addresses that it can reach: the lower halves of its registers are enough. */
#define EDU_DMA_BITS	28

/* Long, in guest time: only an interrupt that never comes takes it. */
#define PATIENCE	(60 * HZ)

/**
 * struct edu_busy - the one device that is kept busy
 * @bar:	its registers
 * @out:	page that goes to the device
 * @in:		page that comes back
 * @out_addr:	@out as the device sees it
 * @in_addr:	@in as the device sees it
 * @worker:	does the rounds
 * @done:	completed by the interrupt that @awaited names
 * @awaited:	bit of EDU_PENDING, 0 while no interrupt is due
 */
struct edu_busy {
	void __iomem *bar;
	u32 *out;
	u32 *in;
	dma_addr_t out_addr;
	dma_addr_t in_addr;
	struct task_struct *worker;
	struct completion done;
	u32 awaited;
};

/* Written by the worker, and @interrupts and @unasked by the handler; read at any time. */
static struct {
	unsigned long rounds;
	unsigned long operations;
	unsigned long interrupts;
	unsigned long unasked;	/* interrupts that nobody had asked for */
	unsigned long lost;	/* operations whose interrupt never came */
	unsigned long wrong;	/* results that were not what they should be */
} count;

static int report_get(char *buffer, const struct kernel_param *param)
{
	int at = sysfs_emit(buffer, "rounds %lu operations %lu interrupts %lu", count.rounds,
			    count.operations, count.interrupts);

	return at + sysfs_emit_at(buffer, at, " unasked %lu lost %lu wrong %lu\n", count.unasked,
				  count.lost, count.wrong);
}

static const struct kernel_param_ops report_ops = { .get = report_get };
module_param_cb(report, &report_ops, NULL, 0444);
MODULE_PARM_DESC(report, "what was done so far, and what went wrong");

static irqreturn_t on_interrupt(int irq, void *data)
{
	struct edu_busy *edu = data;
	u32 pending = ioread32(edu->bar + EDU_PENDING);
	u32 awaited = READ_ONCE(edu->awaited);

	if (!pending) {
		count.unasked++;
		return IRQ_HANDLED;
	}
	iowrite32(pending, edu->bar + EDU_ACK);
	count.interrupts++;
	if (pending == awaited) {
		WRITE_ONCE(edu->awaited, 0);
		complete(&edu->done);
	} else {
		count.unasked++;
	}
	return IRQ_HANDLED;
}

/* Announce the interrupt that the next operation will end with. */
static void expect(struct edu_busy *edu, u32 bit)
{
	reinit_completion(&edu->done);
	WRITE_ONCE(edu->awaited, bit);
	count.operations++;
}

/* Sleep until it has come. */
static void await(struct edu_busy *edu, const char *what)
{
	if (wait_for_completion_timeout(&edu->done, PATIENCE))
		return;
	count.lost++;
	pr_err("edu_busy: round %lu: no interrupt after the %s, pending is 0x%x\n", count.rounds,
	       what, ioread32(edu->bar + EDU_PENDING));
	WRITE_ONCE(edu->awaited, 0);
}

static void compare(const char *what, u32 got, u32 want)
{
	if (got == want)
		return;
	count.wrong++;
	pr_err("edu_busy: round %lu: %s is 0x%x instead of 0x%x\n", count.rounds, what, got, want);
}

/* As the device computes it, modulo 2^32: from 34 on it is 0. */
static u32 factorial_of(u32 n)
{
	u32 product = 1;

	while (n > 1)
		product *= n--;
	return product;
}

static void compute(struct edu_busy *edu, u32 n)
{
	expect(edu, DONE_FACTORIAL);
	iowrite32(n, edu->bar + EDU_FACTORIAL);
	await(edu, "factorial");
	compare("factorial", ioread32(edu->bar + EDU_FACTORIAL), factorial_of(n));
}

static void transfer(struct edu_busy *edu, u32 from, u32 to, u32 direction)
{
	expect(edu, DONE_DMA);
	iowrite32(from, edu->bar + EDU_DMA_SRC);
	iowrite32(to, edu->bar + EDU_DMA_DST);
	iowrite32(PAGE_SIZE, edu->bar + EDU_DMA_COUNT);
	iowrite32(EDU_DMA_START | EDU_DMA_IRQ | direction, edu->bar + EDU_DMA_CMD);
	await(edu, direction ? "DMA to memory" : "DMA to the device");
}

/* The page that round @seed sends, and gets back if nothing was lost. */
static void fill(u32 *page, u32 seed)
{
	struct rnd_state state;

	prandom_seed_state(&state, seed);
	prandom_bytes_state(&state, page, PAGE_SIZE);
}

static int work(void *data)
{
	struct edu_busy *edu = data;

	while (!kthread_should_stop()) {
		u32 seed = count.rounds;
		size_t i, differ = 0;

		if (count.rounds)
			compare("the register kept since the last round",
				ioread32(edu->bar + EDU_CHECK), ~(seed - 1));
		iowrite32(seed, edu->bar + EDU_CHECK);

		compute(edu, seed % 33 + 1);
		fill(edu->out, seed);
		memset(edu->in, 0, PAGE_SIZE);
		transfer(edu, edu->out_addr, EDU_BUFFER, 0);
		transfer(edu, EDU_BUFFER, edu->in_addr, EDU_DMA_TO_RAM);
		for (i = 0; i < PAGE_SIZE / sizeof(u32); i++)
			differ += edu->in[i] != edu->out[i];
		compare("the number of words that differ after both ways", differ, 0);
		WRITE_ONCE(count.rounds, count.rounds + 1);
	}
	return 0;
}

static void stop_worker(void *data)
{
	kthread_stop(data);
}

static int edu_busy_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu_busy *edu = devm_kzalloc(&pdev->dev, sizeof(*edu), GFP_KERNEL);
	int ret;

	if (!edu)
		return -ENOMEM;
	init_completion(&edu->done);

	ret = pcim_enable_device(pdev);
	if (!ret)
		ret = pcim_iomap_regions(pdev, BIT(0), "edu_busy");
	if (!ret)
		ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(EDU_DMA_BITS));
	if (ret)
		return ret;
	edu->bar = pcim_iomap_table(pdev)[0];
	pci_set_master(pdev);

	edu->out = dmam_alloc_coherent(&pdev->dev, PAGE_SIZE, &edu->out_addr, GFP_KERNEL);
	edu->in = dmam_alloc_coherent(&pdev->dev, PAGE_SIZE, &edu->in_addr, GFP_KERNEL);
	if (!edu->out || !edu->in)
		return -ENOMEM;

	/* Managed devices free their vectors themselves. */
	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI);
	if (ret < 0)
		return ret;
	ret = devm_request_irq(&pdev->dev, pci_irq_vector(pdev, 0), on_interrupt, 0, "edu_busy",
			       edu);
	if (ret)
		return ret;
	iowrite32(EDU_STATUS_IRQ, edu->bar + EDU_STATUS);

	edu->worker = kthread_run(work, edu, "edu_busy");
	if (IS_ERR(edu->worker))
		return PTR_ERR(edu->worker);
	return devm_add_action_or_reset(&pdev->dev, stop_worker, edu->worker);
}

static const struct pci_device_id edu_busy_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{}
};
MODULE_DEVICE_TABLE(pci, edu_busy_ids);

static struct pci_driver edu_busy_driver = {
	.name = "edu_busy",
	.id_table = edu_busy_ids,
	.probe = edu_busy_probe,
};
module_pci_driver(edu_busy_driver);

MODULE_DESCRIPTION("Keeps QEMU's educational device busy and checks all it does");
MODULE_LICENSE("GPL");
