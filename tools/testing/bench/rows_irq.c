// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts: setting them up, getting one, masking. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "bench.h"
#include "edu.h"
#include "pci_sysfs.h"

int bench_make_eventfds(struct bench *b, unsigned int count)
{
	for (b->nr_fds = 0; b->nr_fds < count; b->nr_fds++) {
		b->fds[b->nr_fds] = eventfd(0, EFD_CLOEXEC);
		if (b->fds[b->nr_fds] < 0)
			return -errno;
	}
	return 0;
}

void bench_close_eventfds(struct bench *b)
{
	while (b->nr_fds)
		close(b->fds[--b->nr_fds]);
}

/* ---- setting up vectors ---------------------------------------------------------------------- */

static int msix_prepare(struct bench *b, size_t count)
{
	return bench_make_eventfds(b, count);
}

static int msix_at_once(struct bench *b, size_t count)
{
	return vdev_arm(&b->dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, count, b->fds);
}

static int msix_one_by_one(struct bench *b, size_t count)
{
	int ret = 0;

	for (size_t i = 0; i < count && !ret; i++)
		ret = vdev_arm(&b->dev, VFIO_PCI_MSIX_IRQ_INDEX, i, 1, &b->fds[i]);
	return ret;
}

static int msix_disarm(struct bench *b, size_t count)
{
	(void)count;
	return vdev_disarm(&b->dev, VFIO_PCI_MSIX_IRQ_INDEX);
}

/* What RCU frees later must not be freed while the next round is measured. */
static int msix_disarm_settled(struct bench *b, size_t count)
{
	int ret = msix_disarm(b, count);

	bench_settle();
	return ret;
}

static int msix_rearm_settled(struct bench *b, size_t count)
{
	int ret = msix_at_once(b, count);

	bench_settle();
	return ret;
}

static int msix_prepare_armed(struct bench *b, size_t count)
{
	int ret = bench_make_eventfds(b, count);

	return ret ? ret : msix_at_once(b, count);
}

static void drop_eventfds(struct bench *b, size_t arg)
{
	(void)arg;
	bench_close_eventfds(b);
}

/* ---- getting one ----------------------------------------------------------------------------- */

static int consume(int fd)
{
	__u64 signals;

	return read(fd, &signals, sizeof(signals)) == sizeof(signals) ? 0 : -EIO;
}

static int loopback_one(struct bench *b, size_t index)
{
	int ret = vdev_loopback(&b->dev, index, 0, 1);

	return ret ? ret : consume(b->fds[0]);
}

/*
 * Puts the function's Linux interrupt on the processor that this program is bound to: where the
 * kernel puts it depends on what was allocated before.
 */
static int bring_interrupt_here(const char *bdf)
{
	FILE *interrupts = fopen("/proc/interrupts", "r");
	char line[512], path[64];
	int ret = -ENOENT;

	while (interrupts && fgets(line, sizeof(line), interrupts)) {
		if (!strstr(line, "vfio-") || !strstr(line, bdf))
			continue;
		snprintf(path, sizeof(path), "/proc/irq/%d/smp_affinity_list", atoi(line));
		ret = file_write(path, "0");
	}
	if (interrupts)
		fclose(interrupts);
	return ret;
}

static int edu_prepare(struct bench *b, size_t index)
{
	int ret = bench_make_eventfds(b, 1);

	if (!ret)
		ret = cfg_update16(&b->dev, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
				   PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	if (!ret)
		ret = vdev_arm(&b->dev, index, 0, 1, b->fds);
	if (ret)
		return ret;

	b->map_size = 4096;
	b->map = vdev_mmap(&b->dev, EDU_BAR, 0, b->map_size, MAP_SHARED, &ret);
	return b->map ? bring_interrupt_here(b->dev.bdf) : ret;
}

static void edu_finish(struct bench *b, size_t arg)
{
	if (b->map)
		munmap(b->map, b->map_size);
	b->map = NULL;
	drop_eventfds(b, arg);
}

static void edu_poke(struct bench *b, unsigned int reg, __u32 value)
{
	__atomic_store_n((__u32 *)((char *)b->map + reg), value, __ATOMIC_RELAXED);
}

/* The device raises it; nothing but the delivery is the driver's. */
static int edu_interrupt(struct bench *b, size_t index)
{
	int ret;

	edu_poke(b, EDU_IRQ_RAISE, 1);
	ret = consume(b->fds[0]);
	edu_poke(b, EDU_IRQ_ACK, 1);
	if (!ret && index == VFIO_PCI_INTX_IRQ_INDEX)
		ret = vdev_intx_action(&b->dev, VFIO_IRQ_SET_ACTION_UNMASK);
	return ret;
}

static int intx_mask_unmask(struct bench *b, size_t index)
{
	int ret = vdev_intx_action(&b->dev, VFIO_IRQ_SET_ACTION_MASK);

	(void)index;
	return ret ? ret : vdev_intx_action(&b->dev, VFIO_IRQ_SET_ACTION_UNMASK);
}

#define ENABLE(vectors, how, call, say, fast)					\
	{ .name = "msix-" how "-" #vectors,					\
	  .title = "enable " #vectors " MSI-X " say ", each", .role = "nvme",	\
	  .quick = fast, .prepare = msix_prepare, .run = call,			\
	  .undo = msix_disarm_settled,						\
	  .finish = drop_eventfds, .arg = vectors, .per = vectors, .batch = 1,	\
	  .varies = true }

static const struct bench_row rows[] = {
	ENABLE(1, "at-once", msix_at_once, "vector", true),
	ENABLE(64, "at-once", msix_at_once, "vectors at once", true),
	ENABLE(64, "one-by-one", msix_one_by_one, "vectors one by one", true),
	ENABLE(256, "at-once", msix_at_once, "vectors at once", false),
	ENABLE(256, "one-by-one", msix_one_by_one, "vectors one by one", false),
	{ .name = "msix-disable-64", .title = "disable 64 MSI-X vectors, each", .role = "nvme",
	  .prepare = msix_prepare_armed, .run = msix_disarm, .undo = msix_rearm_settled,
	  .finish = drop_eventfds, .arg = 64, .per = 64, .batch = 1, .varies = true },
	{ .name = "loopback-msix", .title = "loop-back trigger to eventfd, MSI-X",
	  .role = "nvme", .quick = true, .prepare = msix_prepare_armed, .run = loopback_one,
	  .finish = drop_eventfds, .arg = VFIO_PCI_MSIX_IRQ_INDEX, .batch = 64 },
	{ .name = "loopback-intx", .title = "loop-back trigger to eventfd, INTx", .role = "edu",
	  .prepare = edu_prepare, .run = loopback_one, .finish = edu_finish,
	  .arg = VFIO_PCI_INTX_IRQ_INDEX, .batch = 64 },
	{ .name = "interrupt-msi", .title = "interrupt of the device to eventfd, MSI",
	  .role = "edu", .quick = true, .prepare = edu_prepare, .run = edu_interrupt,
	  .finish = edu_finish, .arg = VFIO_PCI_MSI_IRQ_INDEX, .batch = 16 },
	{ .name = "interrupt-intx", .title = "interrupt of the device to eventfd and unmask, INTx",
	  .role = "edu", .prepare = edu_prepare, .run = edu_interrupt, .finish = edu_finish,
	  .arg = VFIO_PCI_INTX_IRQ_INDEX, .batch = 16 },
	{ .name = "intx-mask-unmask", .title = "mask and unmask INTx by ioctl", .role = "edu",
	  .quick = true, .prepare = edu_prepare, .run = intx_mask_unmask,
	  .finish = edu_finish, .arg = VFIO_PCI_INTX_IRQ_INDEX, .batch = 64 },
};

const struct bench_rows bench_irq_rows = { rows, ARRAY_SIZE(rows) };
