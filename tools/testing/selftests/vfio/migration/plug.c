// SPDX-License-Identifier: GPL-2.0-only
/* See plug.h. */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"
#include "event.h"
#include "frame.h"
#include "pci_sysfs.h"
#include "plug.h"
#include "virtio.h"

#define EDU_CHECK	0x04	/* holds what is written, reads inverted */
#define EDU_STATUS	0x20
#define EDU_COMPUTING	1
#define EDU_PAGE	4096
/* Within the 28 bits that the device can reach. */
#define EDU_IOVA	0x200000

static int differs(const char *model, const char *what, __u32 got, __u32 want)
{
	if (got == want)
		return 0;
	printf("# %s: %s is 0x%x instead of 0x%x\n", model, what, got, want);
	return 1;
}

/* Poll @reg until the bits of @mask are clear. */
static int edu_settles(const struct vdev *v, __u32 reg, __u32 mask)
{
	int tries;

	for (tries = 0; tries < PATIENCE_MS; tries++) {
		if (!(vdev_get(v, EDU_BAR, reg, 4) & mask))
			return 0;
		usleep(1000);
	}
	return -ETIMEDOUT;
}

/* Move the device's page from or to @page. */
static int edu_move(const struct vdev *v, void *page, bool to_ram)
{
	__u64 from = to_ram ? EDU_BUFFER : EDU_IOVA, to = to_ram ? EDU_IOVA : EDU_BUFFER;
	__u16 command = cfg_get(v, PCI_COMMAND, 2);
	int ret = vdev_dma_map(v, page, EDU_IOVA, EDU_PAGE);

	if (ret)
		return ret;
	cfg_put(v, PCI_COMMAND, 2, command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	vdev_put(v, EDU_BAR, EDU_DMA_SRC, 4, from);
	vdev_put(v, EDU_BAR, EDU_DMA_DST, 4, to);
	vdev_put(v, EDU_BAR, EDU_DMA_COUNT, 4, EDU_PAGE);
	ret = vdev_put(v, EDU_BAR, EDU_DMA_CMD, 4, EDU_DMA_START | (to_ram ? EDU_DMA_TO_RAM : 0));
	if (!ret)
		ret = edu_settles(v, EDU_DMA_CMD, EDU_DMA_START);
	cfg_put(v, PCI_COMMAND, 2, command);
	vdev_dma_unmap(v, EDU_IOVA, EDU_PAGE);
	return ret;
}

static void edu_pattern(__u32 *page, __u32 seed)
{
	size_t i;

	for (i = 0; i < EDU_PAGE / sizeof(*page); i++)
		page[i] = seed * 0x9e3779b9U + i * 0x01000193U;
}

/* Operands whose factorials differ modulo 2^32. */
static __u32 edu_operand(__u32 seed)
{
	return 3 + seed % 10;
}

static __u32 edu_factorial(__u32 n)
{
	return n < 2 ? 1 : n * edu_factorial(n - 1);
}

static __u32 *edu_page(void)
{
	void *page = mmap(NULL, EDU_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (page == MAP_FAILED)
		abort();
	return page;
}

static int edu_give(const struct vdev *v, __u32 seed)
{
	__u32 *page = edu_page();
	int ret;

	edu_pattern(page, seed);
	ret = edu_move(v, page, false);
	munmap(page, EDU_PAGE);
	if (!ret)
		ret = vdev_put(v, EDU_BAR, EDU_CHECK, 4, ~seed);
	if (!ret)
		ret = vdev_put(v, EDU_BAR, EDU_FACTORIAL, 4, edu_operand(seed));
	return ret ? ret : edu_settles(v, EDU_STATUS, EDU_COMPUTING);
}

static int edu_check(const struct vdev *v, __u32 seed)
{
	__u32 *page = edu_page(), *want = edu_page();
	int ret = edu_move(v, page, true), differ = 0;
	size_t i;

	edu_pattern(want, seed);
	for (i = 0; i < EDU_PAGE / sizeof(*page) && !differ; i++)
		differ += differs("edu", "a word of its page", page[i], want[i]);
	munmap(page, EDU_PAGE);
	munmap(want, EDU_PAGE);
	differ += differs("edu", "the check register", vdev_get(v, EDU_BAR, EDU_CHECK, 4), seed);
	differ += differs("edu", "the factorial", vdev_get(v, EDU_BAR, EDU_FACTORIAL, 4),
			      edu_factorial(edu_operand(seed)));
	if (ret)
		return ret;
	return differ ? -EILSEQ : 0;
}

/* ---- mlx5 VFs: where their command queue is -------------------------------------------------- */

#define MLX5_QUEUE_HIGH		0x10
#define MLX5_QUEUE_LOW		0x14	/* address above bit 12, sizes below bit 8 */

/* Registers are big-endian; nobody rings the doorbell. */
static int mlx5_give(const struct vdev *v, __u32 seed)
{
	__u16 command = cfg_get(v, PCI_COMMAND, 2);
	int ret;

	cfg_put(v, PCI_COMMAND, 2, command | PCI_COMMAND_MEMORY);
	ret = vdev_put(v, 0, MLX5_QUEUE_HIGH, 4, htobe32(seed));
	if (!ret)
		ret = vdev_put(v, 0, MLX5_QUEUE_LOW, 4, htobe32(~seed << 12));
	cfg_put(v, PCI_COMMAND, 2, command);
	return ret;
}

static int mlx5_check(const struct vdev *v, __u32 seed)
{
	__u16 command = cfg_get(v, PCI_COMMAND, 2);
	__u32 high, low;

	cfg_put(v, PCI_COMMAND, 2, command | PCI_COMMAND_MEMORY);
	high = be32toh(vdev_get(v, 0, MLX5_QUEUE_HIGH, 4));
	low = be32toh(vdev_get(v, 0, MLX5_QUEUE_LOW, 4));
	cfg_put(v, PCI_COMMAND, 2, command);
	return differs("mlx5", "the command queue's address, high", high, seed) +
	       differs("mlx5", "the command queue's address, low", low & ~0xfffU, ~seed << 12) ?
	       -EILSEQ : 0;
}

/* ---- virtio functions: where their first queue is -------------------------------------------- */

static const __u32 virtio_rings[] = {
	VIRTIO_PCI_COMMON_Q_DESCLO, VIRTIO_PCI_COMMON_Q_AVAILLO, VIRTIO_PCI_COMMON_Q_USEDLO,
};

static __u32 virtio_ring(__u32 seed, size_t i)
{
	return (seed * 0x9e3779b9U + i * 0x01000193U) & ~0xfffU;
}

/* A driver that has found the device, and tells it about a queue that it never enables. */
static int virtio_give(const struct vdev *v, __u32 seed)
{
	__u16 command = cfg_get(v, PCI_COMMAND, 2);
	struct virtio_place c;
	int ret = virtio_find(v, VIRTIO_PCI_CAP_COMMON_CFG, &c);
	size_t i;

	if (ret)
		return ret;
	cfg_put(v, PCI_COMMAND, 2, command | PCI_COMMAND_MEMORY);
	ret = vdev_put(v, c.bar, c.at + VIRTIO_PCI_COMMON_STATUS, 1,
		       VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	if (!ret)
		ret = vdev_put(v, c.bar, c.at + VIRTIO_PCI_COMMON_Q_SELECT, 2, 0);
	for (i = 0; i < ARRAY_SIZE(virtio_rings) && !ret; i++)
		ret = vdev_put(v, c.bar, c.at + virtio_rings[i], 4, virtio_ring(seed, i));
	cfg_put(v, PCI_COMMAND, 2, command);
	return ret;
}

static int virtio_check(const struct vdev *v, __u32 seed)
{
	__u16 command = cfg_get(v, PCI_COMMAND, 2);
	struct virtio_place c;
	int ret = virtio_find(v, VIRTIO_PCI_CAP_COMMON_CFG, &c), differ;
	size_t i;

	if (ret)
		return ret;
	cfg_put(v, PCI_COMMAND, 2, command | PCI_COMMAND_MEMORY);
	differ = differs("virtio", "the status",
			 vdev_get(v, c.bar, c.at + VIRTIO_PCI_COMMON_STATUS, 1),
			 VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	vdev_put(v, c.bar, c.at + VIRTIO_PCI_COMMON_Q_SELECT, 2, 0);
	for (i = 0; i < ARRAY_SIZE(virtio_rings); i++)
		differ += differs("virtio", "a ring of its first queue",
				  vdev_get(v, c.bar, c.at + virtio_rings[i], 4),
				  virtio_ring(seed, i));
	cfg_put(v, PCI_COMMAND, 2, command);
	return differ ? -EILSEQ : 0;
}

static const struct plug plugs[] = {
	{ "edu", 0x1234, 0x11e8, edu_give, edu_check },
	{ "mlx5 VF", 0x15b3, 0x101e, mlx5_give, mlx5_check },
	{ "virtio-blk", 0x1af4, 0x1042, virtio_give, virtio_check },
};

const struct plug *plug_of(const char *bdf)
{
	long vendor = pci_attr_number(bdf, "vendor"), device = pci_attr_number(bdf, "device");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(plugs); i++)
		if (plugs[i].vendor == vendor && plugs[i].device == device)
			return &plugs[i];
	return NULL;
}
