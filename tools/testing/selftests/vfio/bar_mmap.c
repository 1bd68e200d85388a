// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap() of BARs: what may be mapped, what a mapping shows, and that it faults
 * rather than reaching the device while memory is disabled, in D3hot or in reset.
 */
#include <pthread.h>
#include <sys/mman.h>

#include "lib/fixture.h"

DEVICE_FIXTURE(any, 0);
DEVICE_FIXTURE(paged, HAS_PAGE_BAR);
DEVICE_FIXTURE(gated, HAS_PAGE_BAR | IS_PF);
DEVICE_FIXTURE(pm, HAS_PAGE_BAR | HAS_PM | IS_PF);
DEVICE_FIXTURE(resettable, HAS_PAGE_BAR | HAS_RESET);
DEVICE_FIXTURE(scratch, HAS_SCRATCH | HAS_PAGE_BAR);
DEVICE_FIXTURE(ram, IS_RAM_BAR);
DEVICE_FIXTURE(huge, HAS_HUGE_BAR);
DEVICE_FIXTURE(io, HAS_IO_BAR);

#define PAGE 4096
#define ANY_SIZE (~0ULL)

TEST_F(paged, a_bar_maps_whole_and_in_part)
{
	int bar = bar_with(self->dev.bdf, RESOURCE_MEM, PAGE, ANY_SIZE), err;
	__u64 size = vdev_region_size(&self->dev, bar);
	void *whole = vdev_mmap(&self->dev, bar, 0, size, MAP_SHARED, &err);
	void *last = vdev_mmap(&self->dev, bar, size - PAGE, PAGE, MAP_SHARED, &err);

	EXPECT_NE(NULL, whole);
	EXPECT_NE(NULL, last);
}

TEST_F(paged, a_map_past_or_across_the_end_is_refused)
{
	int bar = bar_with(self->dev.bdf, RESOURCE_MEM, PAGE, ANY_SIZE), err;
	__u64 size = vdev_region_size(&self->dev, bar);

	EXPECT_EQ(NULL, vdev_mmap(&self->dev, bar, size, PAGE, MAP_SHARED, &err));
	EXPECT_EQ(-EINVAL, err);
	EXPECT_EQ(NULL, vdev_mmap(&self->dev, bar, size - PAGE, 2 * PAGE, MAP_SHARED, &err));
	EXPECT_EQ(-EINVAL, err);
	EXPECT_EQ(NULL, vdev_mmap(&self->dev, bar, 0, size + PAGE, MAP_SHARED, &err));
	EXPECT_EQ(-EINVAL, err);
}

TEST_F(paged, a_private_map_is_refused)
{
	int bar = bar_with(self->dev.bdf, RESOURCE_MEM, PAGE, ANY_SIZE), err;

	EXPECT_EQ(NULL, vdev_mmap(&self->dev, bar, 0, PAGE, MAP_PRIVATE, &err));
	EXPECT_EQ(-EINVAL, err);
}

TEST_F(any, rom_and_config_and_absent_bars_cannot_be_mapped)
{
	int bar, err;

	EXPECT_EQ(NULL,
		  vdev_mmap(&self->dev, VFIO_PCI_ROM_REGION_INDEX, 0, PAGE, MAP_SHARED, &err));
	EXPECT_EQ(-EINVAL, err);
	EXPECT_EQ(NULL,
		  vdev_mmap(&self->dev, VFIO_PCI_CONFIG_REGION_INDEX, 0, PAGE, MAP_SHARED, &err));
	EXPECT_EQ(-EINVAL, err);
	for (bar = 0; bar < 6; bar++) {
		if (pci_resource(self->dev.bdf, bar, NULL))
			continue;
		EXPECT_EQ(NULL, vdev_mmap(&self->dev, bar, 0, PAGE, MAP_SHARED, &err));
		EXPECT_EQ(-EINVAL, err);
	}
	EXPECT_EQ(MAP_FAILED,
		  mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->dev.fd, 100ULL << 40));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(io, io_bars_cannot_be_mapped)
{
	int bar = bar_with(self->dev.bdf, RESOURCE_IO, 1, ANY_SIZE), err;

	EXPECT_EQ(NULL, vdev_mmap(&self->dev, bar, 0, PAGE, MAP_SHARED, &err));
	EXPECT_EQ(-EINVAL, err);
}

TEST_F(scratch, a_map_shows_what_write_wrote_and_the_other_way_round)
{
	const struct scratch *s = scratch_of(self->dev.bdf);
	__u32 *reg = map_register(&self->dev);
	__u32 value = 0;

	ASSERT_NE(NULL, reg);
	ASSERT_EQ(0, vdev_put(&self->dev, s->bar, s->offset, s->width, s->value));
	ASSERT_TRUE(touch_read32(reg, &value));
	EXPECT_EQ(scratch_echo(s, s->value), value & s->mask);
	ASSERT_TRUE(touch_write32(reg, 0));
	EXPECT_EQ(scratch_echo(s, 0),
		  vdev_get(&self->dev, s->bar, s->offset, s->width) & s->mask);
}

TEST_F(gated, a_map_faults_while_memory_is_disabled)
{
	__u32 *reg = map_register(&self->dev);
	__u32 before, after;

	ASSERT_NE(NULL, reg);
	ASSERT_TRUE(touch_read32(reg, &before));
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MEMORY, 0));
	EXPECT_FALSE(touch_read32(reg, &after));
	EXPECT_FALSE(touch_write32(reg, before));
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MEMORY,
				  PCI_COMMAND_MEMORY));
	ASSERT_TRUE(touch_read32(reg, &after));
	EXPECT_EQ(before, after);
}

TEST_F(gated, a_map_made_while_memory_is_disabled_works_later)
{
	__u32 *reg;
	__u32 value;

	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MEMORY, 0));
	reg = map_register(&self->dev);
	ASSERT_NE(NULL, reg);
	EXPECT_FALSE(touch_read32(reg, &value));
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MEMORY,
				  PCI_COMMAND_MEMORY));
	EXPECT_TRUE(touch_read32(reg, &value));
}

TEST_F(pm, a_map_faults_in_d3hot)
{
	__u32 at = cfg_find_cap(&self->dev, PCI_CAP_ID_PM) + PCI_PM_CTRL, value;
	__u32 *reg = map_register(&self->dev);

	ASSERT_NE(NULL, reg);
	ASSERT_EQ(0, cfg_put(&self->dev, at, 2, 3));
	EXPECT_FALSE(touch_read32(reg, &value));
	ASSERT_EQ(0, cfg_put(&self->dev, at, 2, 0));
	EXPECT_TRUE(touch_read32(reg, &value));
}

struct hammer {
	__u32 *reg;
	bool stop;
	unsigned long went_through;
	unsigned long faulted;
	unsigned long nonsense;
};

/* A register that is not written reads the same always; anything else is a wrong page. */
static void *hammer(void *arg)
{
	struct hammer *h = arg;
	__u32 first, value;

	if (!touch_read32(h->reg, &first))
		return NULL;
	while (!__atomic_load_n(&h->stop, __ATOMIC_RELAXED)) {
		if (!touch_read32(h->reg, &value))
			h->faulted++;
		else if (value != first)
			h->nonsense++;
		else
			__atomic_add_fetch(&h->went_through, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static bool has_begun(void *arg)
{
	return __atomic_load_n(&((struct hammer *)arg)->went_through, __ATOMIC_RELAXED) > 0;
}

TEST_F(gated, toggling_memory_under_access_gives_the_register_or_a_fault)
{
	struct hammer h = { .reg = map_register(&self->dev) };
	pthread_t thread;
	int round;

	ASSERT_NE(NULL, h.reg);
	ASSERT_EQ(0, pthread_create(&thread, NULL, hammer, &h));
	EXPECT_TRUE(wait_until(has_begun, &h, PATIENCE_MS));
	for (round = 0; round < 40; round++)
		cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MEMORY,
			     round & 1 ? PCI_COMMAND_MEMORY : 0);
	__atomic_store_n(&h.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, h.nonsense);
	EXPECT_LT(0, h.went_through);
}

TEST_F(resettable, reset_under_access_neither_hangs_nor_breaks_the_map)
{
	struct hammer h = { .reg = map_register(&self->dev) };
	pthread_t thread;
	__u32 value;
	int round;

	ASSERT_NE(NULL, h.reg);
	ASSERT_EQ(0, pthread_create(&thread, NULL, hammer, &h));
	EXPECT_TRUE(wait_until(has_begun, &h, PATIENCE_MS));
	for (round = 0; round < 3; round++)
		EXPECT_EQ(0, vdev_ioctl(&self->dev, VFIO_DEVICE_RESET, NULL));
	__atomic_store_n(&h.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_LT(0, h.went_through);
	EXPECT_TRUE(touch_read32(h.reg, &value));
}

TEST_F(ram, bytes_at_page_borders_come_from_the_right_page)
{
	int err;
	__u32 *map = vdev_mmap(&self->dev, 2, 0, 64 * PAGE, MAP_SHARED, &err);
	__u32 page;

	ASSERT_NE(NULL, map);
	for (page = 0; page < 64; page++)
		map[page * PAGE / 4] = 0xabc00000 + page;
	for (page = 0; page < 64; page++)
		EXPECT_EQ(0xabc00000 + page, vdev_get(&self->dev, 2, page * PAGE, 4));
}

static __u32 peek(const char *addr)
{
	return __atomic_load_n((const __u32 *)addr, __ATOMIC_RELAXED);
}

TEST_F(huge, every_page_of_a_256_mib_bar_can_be_touched)
{
	int bar = bar_with(self->dev.bdf, RESOURCE_MEM, 256ULL << 20, ANY_SIZE), err;
	__u64 size = vdev_region_size(&self->dev, bar), at;
	char *map = vdev_mmap(&self->dev, bar, 0, size, MAP_SHARED, &err);

	ASSERT_NE(NULL, map);
	for (at = 0; at < size; at += PAGE)
		__atomic_store_n((__u32 *)(map + at), at >> 12, __ATOMIC_RELAXED);
	for (at = 0; at < size; at += 16 * PAGE)
		if (peek(map + at) != (__u32)(at >> 12))
			break;
	EXPECT_LE(size, at);
	EXPECT_EQ((size - PAGE) >> 12, vdev_get(&self->dev, bar, size - PAGE, 4));
	ASSERT_EQ(0, munmap(map, size));
}

TEST_F(huge, unaligned_windows_of_a_huge_bar_show_their_own_bytes)
{
	int bar = bar_with(self->dev.bdf, RESOURCE_MEM, 256ULL << 20, ANY_SIZE), err;
	const __u64 starts[] = { PAGE, (2 << 20) - PAGE, (2 << 20) + 3 * PAGE, (64 << 20) - PAGE };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		char *map = vdev_mmap(&self->dev, bar, starts[i], 6 << 20, MAP_SHARED, &err);

		ASSERT_NE(NULL, map);
		ASSERT_EQ(0, vdev_put(&self->dev, bar, starts[i], 4, 0x1000 + i));
		ASSERT_EQ(0, vdev_put(&self->dev, bar, starts[i] + (5 << 20), 4, 0x2000 + i));
		EXPECT_EQ(0x1000 + i, peek(map));
		EXPECT_EQ(0x2000 + i, peek(map + (5 << 20)));
		munmap(map, 6 << 20);
	}
}
