// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA of an assigned device goes through the container's mappings and nowhere
 * else (VFIO_IOMMU_MAP_DMA); bus mastering is the user's to enable.
 */
#include <sys/mman.h>

#include "lib/edu.h"
#include "lib/fixture.h"

DEVICE_FIXTURE(edu, IS_EDU);

#define PAGE 4096
#define IOVA 0x100000ULL	/* edu masks addresses to 28 bits */

static bool dma_is_idle(void *arg)
{
	return !(vdev_get(arg, EDU_BAR, EDU_DMA_CMD, 8) & EDU_DMA_START);
}

/* Move @count bytes and wait; false when the device does not finish. */
static bool transfer(struct vdev *v, __u64 src, __u64 dst, __u64 count, __u64 direction)
{
	vdev_put(v, EDU_BAR, EDU_DMA_SRC, 8, src);
	vdev_put(v, EDU_BAR, EDU_DMA_DST, 8, dst);
	vdev_put(v, EDU_BAR, EDU_DMA_COUNT, 8, count);
	vdev_put(v, EDU_BAR, EDU_DMA_CMD, 8, EDU_DMA_START | direction);
	return wait_until(dma_is_idle, v, PATIENCE_MS);
}

static unsigned char *two_pages(void)
{
	return mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
}

static void master(const struct vdev *v, bool on)
{
	cfg_update16(v, PCI_COMMAND, PCI_COMMAND_MASTER, on ? PCI_COMMAND_MASTER : 0);
}

TEST_F(edu, mapped_memory_is_read_and_written)
{
	unsigned char *memory = two_pages();

	ASSERT_NE(MAP_FAILED, memory);
	memset(memory, 0xa5, PAGE);
	ASSERT_EQ(0, vdev_dma_map(&self->dev, memory, IOVA, 2 * PAGE));
	master(&self->dev, true);
	ASSERT_TRUE(transfer(&self->dev, IOVA, EDU_BUFFER, 512, 0));
	ASSERT_TRUE(transfer(&self->dev, EDU_BUFFER, IOVA + PAGE, 512, EDU_DMA_TO_RAM));
	EXPECT_EQ(0, memcmp(memory, memory + PAGE, 512));
	EXPECT_EQ(0, memory[PAGE + 512]);
	EXPECT_EQ(0, vdev_dma_unmap(&self->dev, IOVA, 2 * PAGE));
}

TEST_F(edu, nothing_moves_without_bus_mastering)
{
	unsigned char *memory = two_pages();

	ASSERT_NE(MAP_FAILED, memory);
	memset(memory, 0x11, PAGE);
	ASSERT_EQ(0, vdev_dma_map(&self->dev, memory, IOVA, 2 * PAGE));
	master(&self->dev, true);
	ASSERT_TRUE(transfer(&self->dev, IOVA, EDU_BUFFER, 64, 0));
	master(&self->dev, false);
	transfer(&self->dev, EDU_BUFFER, IOVA + PAGE, 64, EDU_DMA_TO_RAM);
	EXPECT_EQ(0, memory[PAGE]);
	EXPECT_EQ(0, vdev_dma_unmap(&self->dev, IOVA, 2 * PAGE));
}

TEST_F(edu, nothing_moves_once_unmapped)
{
	unsigned char *memory = two_pages();

	ASSERT_NE(MAP_FAILED, memory);
	memset(memory, 0x22, PAGE);
	ASSERT_EQ(0, vdev_dma_map(&self->dev, memory, IOVA, 2 * PAGE));
	master(&self->dev, true);
	ASSERT_TRUE(transfer(&self->dev, IOVA, EDU_BUFFER, 64, 0));
	ASSERT_EQ(0, vdev_dma_unmap(&self->dev, IOVA, 2 * PAGE));
	transfer(&self->dev, EDU_BUFFER, IOVA + PAGE, 64, EDU_DMA_TO_RAM);
	EXPECT_EQ(0, memory[PAGE]);
	EXPECT_TRUE(still_usable(&self->dev));
}

TEST_F(edu, a_finished_transfer_can_interrupt)
{
	unsigned char *memory = two_pages();
	int fd = event_new();

	ASSERT_NE(MAP_FAILED, memory);
	ASSERT_EQ(0, vdev_dma_map(&self->dev, memory, IOVA, 2 * PAGE));
	ASSERT_EQ(0, vdev_arm(&self->dev, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, &fd));
	master(&self->dev, true);
	ASSERT_TRUE(transfer(&self->dev, IOVA, EDU_BUFFER, 64, EDU_DMA_IRQ));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	EXPECT_EQ(0, edu_ack(&self->dev, ~0U));
	EXPECT_EQ(0, vdev_dma_unmap(&self->dev, IOVA, 2 * PAGE));
}
