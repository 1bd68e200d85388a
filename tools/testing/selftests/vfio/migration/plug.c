// SPDX-License-Identifier: GPL-2.0-only
/* See plug.h. */
#include <errno.h>
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

#define EDU_CHECK	0x04	/* holds what is written, reads inverted */
#define EDU_STATUS	0x20
#define EDU_COMPUTING	1
#define EDU_PAGE	4096
/* Within the 28 bits that the device can reach. */
#define EDU_IOVA	0x200000

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

static int edu_differs(const char *what, __u32 got, __u32 want)
{
	if (got == want)
		return 0;
	printf("# edu: %s is 0x%x instead of 0x%x\n", what, got, want);
	return 1;
}

static int edu_check(const struct vdev *v, __u32 seed)
{
	__u32 *page = edu_page(), *want = edu_page();
	int ret = edu_move(v, page, true), differ = 0;
	size_t i;

	edu_pattern(want, seed);
	for (i = 0; i < EDU_PAGE / sizeof(*page) && !differ; i++)
		differ += edu_differs("a word of its page", page[i], want[i]);
	munmap(page, EDU_PAGE);
	munmap(want, EDU_PAGE);
	differ += edu_differs("the check register", vdev_get(v, EDU_BAR, EDU_CHECK, 4), seed);
	differ += edu_differs("the factorial", vdev_get(v, EDU_BAR, EDU_FACTORIAL, 4),
			      edu_factorial(edu_operand(seed)));
	if (ret)
		return ret;
	return differ ? -EILSEQ : 0;
}

static const struct plug plugs[] = {
	{ "edu", 0x1234, 0x11e8, edu_give, edu_check },
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
