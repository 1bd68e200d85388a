// SPDX-License-Identifier: GPL-2.0-only
/*
 * read() and write() on BAR regions: widths, alignment, the ends, the MSI-X table,
 * and what the enable bits of the command register do to them.
 */
#include <sys/mman.h>

#include "lib/fixture.h"

DEVICE_FIXTURE(any, 0);
DEVICE_FIXTURE(no_vga, LACKS_VGA);
DEVICE_FIXTURE(memory, HAS_MEM_BAR);
DEVICE_FIXTURE(safe, HAS_MEM_BAR | HAS_SAFE_BAR);
DEVICE_FIXTURE(gated, HAS_MEM_BAR | IS_PF);
DEVICE_FIXTURE(io, HAS_IO_BAR);
DEVICE_FIXTURE(scratch, HAS_SCRATCH);
DEVICE_FIXTURE(ram, IS_RAM_BAR);
DEVICE_FIXTURE(msix, HAS_MSIX | HAS_PAGE_BAR);
DEVICE_FIXTURE(safe_msix, HAS_MSIX | HAS_SAFE_TABLE);

#define RAM_BAR 2
#define ANY_SIZE (~0ULL)

TEST_F(scratch, a_register_holds_what_is_written)
{
	const struct scratch *s = scratch_of(self->dev.bdf);

	ASSERT_EQ(0, vdev_put(&self->dev, s->bar, s->offset, s->width, s->value));
	EXPECT_EQ(scratch_echo(s, s->value),
		  vdev_get(&self->dev, s->bar, s->offset, s->width) & s->mask);
}

TEST_F(ram, every_natural_width_moves_its_bytes)
{
	const __u64 pattern = 0x8877665544332211ULL;
	size_t width, at;

	for (width = 1; width <= 8; width *= 2)
		for (at = 0; at < 16; at += width) {
			__u64 want = pattern & (~0ULL >> (64 - 8 * width));

			ASSERT_EQ(0, vdev_put(&self->dev, RAM_BAR, at, width, want));
			EXPECT_EQ(want, vdev_get(&self->dev, RAM_BAR, at, width))
				TH_LOG("%zu bytes at %zu", width, at);
		}
}

TEST_F(ram, odd_lengths_at_odd_offsets_touch_only_their_bytes)
{
	static const size_t lengths[] = { 1, 2, 3, 5, 7, 13, 29 };
	unsigned char wrote[64], read_back[64];
	size_t i, at, n;

	for (i = 0; i < ARRAY_SIZE(lengths); i++)
		for (at = 1; at < 9; at += 2) {
			memset(wrote, 0xee, sizeof(wrote));
			ASSERT_EQ(64, vdev_write(&self->dev, RAM_BAR, 0, wrote, 64));
			for (n = 0; n < lengths[i]; n++)
				wrote[at + n] = n + 1;
			ASSERT_EQ(lengths[i],
				  vdev_write(&self->dev, RAM_BAR, at, wrote + at, lengths[i]));
			ASSERT_EQ(64, vdev_read(&self->dev, RAM_BAR, 0, read_back, 64));
			EXPECT_EQ(0, memcmp(wrote, read_back, 64))
				TH_LOG("%zu bytes at %zu", lengths[i], at);
			ASSERT_EQ(lengths[i],
				  vdev_read(&self->dev, RAM_BAR, at, read_back, lengths[i]));
			EXPECT_EQ(0, memcmp(wrote + at, read_back, lengths[i]));
		}
}

TEST_F(ram, a_large_transfer_arrives_whole)
{
	static __u32 wrote[16384], got[16384];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrote); i++)
		wrote[i] = i * 2654435761U;
	ASSERT_EQ(sizeof(wrote), vdev_write(&self->dev, RAM_BAR, 4092, wrote, sizeof(wrote)));
	ASSERT_EQ(sizeof(got), vdev_read(&self->dev, RAM_BAR, 4092, got, sizeof(got)));
	EXPECT_EQ(0, memcmp(wrote, got, sizeof(got)));
}

TEST_F(ram, a_write_across_the_end_is_cut_there)
{
	__u64 size = vdev_region_size(&self->dev, RAM_BAR);
	unsigned char bytes[16] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	EXPECT_EQ(6, vdev_write(&self->dev, RAM_BAR, size - 6, bytes, 16));
	EXPECT_EQ(0x060504030201ULL, vdev_get(&self->dev, RAM_BAR, size - 8, 8) >> 16);
}

TEST_F(safe, a_read_across_the_end_is_cut_there)
{
	int bar = bar_with(self->dev.bdf, RESOURCE_MEM, 8, ANY_SIZE);
	__u64 size = vdev_region_size(&self->dev, bar);
	unsigned char bytes[16];

	EXPECT_EQ(8, vdev_read(&self->dev, bar, size - 8, bytes, 16));
}

TEST_F(memory, access_past_the_end_is_refused)
{
	int bar = bar_with(self->dev.bdf, RESOURCE_MEM, 1, ANY_SIZE);
	__u64 size = vdev_region_size(&self->dev, bar);
	__u32 value = 0;

	EXPECT_EQ(-EINVAL, vdev_read(&self->dev, bar, size, &value, 4));
	EXPECT_EQ(-EINVAL, vdev_write(&self->dev, bar, size, &value, 4));
	EXPECT_EQ(-EINVAL, vdev_read(&self->dev, bar, size + 4096, &value, 4));
	EXPECT_EQ(-EINVAL, vdev_read(&self->dev, bar, 0xffffffff00ULL, &value, 1));
}

TEST_F(memory, no_bytes_are_no_error)
{
	int bar = bar_with(self->dev.bdf, RESOURCE_MEM, 1, ANY_SIZE);
	__u32 value = 0;

	EXPECT_EQ(0, vdev_read(&self->dev, bar, 0, &value, 0));
	EXPECT_EQ(0, vdev_write(&self->dev, bar, 0, &value, 0));
}

TEST_F(any, absent_bars_and_unknown_regions_are_refused)
{
	__u32 value = 0;
	int bar;

	for (bar = 0; bar < 6; bar++)
		if (!pci_resource(self->dev.bdf, bar, NULL))
			EXPECT_EQ(-EINVAL, vdev_read(&self->dev, bar, 0, &value, 4));
	EXPECT_EQ(-1, pread(self->dev.fd, &value, 4, 200ULL << 40));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, pwrite(self->dev.fd, &value, 4, 200ULL << 40));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(any, rom_cannot_be_written)
{
	__u32 value = 0;

	EXPECT_EQ(-EINVAL, vdev_write(&self->dev, VFIO_PCI_ROM_REGION_INDEX, 0, &value, 4));
}

TEST_F(no_vga, vga_cannot_be_written)
{
	__u32 value = 0;
	struct vfio_region_info info;

	ASSERT_EQ(0, vdev_region_info(&self->dev, VFIO_PCI_CONFIG_REGION_INDEX, &info));
	EXPECT_EQ(-1, pwrite(self->dev.fd, &value, 4, info.offset / VFIO_PCI_CONFIG_REGION_INDEX *
			     VFIO_PCI_VGA_REGION_INDEX + 0xa0000));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(any, a_bad_buffer_is_a_fault)
{
	int bar;
	__u64 off;

	ASSERT_TRUE(register_of(self->dev.bdf, &bar, &off));
	EXPECT_EQ(-EFAULT, vdev_read(&self->dev, bar, off, (void *)16, 4));
	EXPECT_EQ(-EFAULT, vdev_write(&self->dev, bar, off, (void *)16, 4));
	EXPECT_EQ(-EFAULT, vdev_read(&self->dev, VFIO_PCI_CONFIG_REGION_INDEX, 0, (void *)16, 4));
}

TEST_F(gated, memory_access_needs_the_enable_bit)
{
	__u32 value = 0;
	__u64 off;
	int bar;

	ASSERT_TRUE(register_of(self->dev.bdf, &bar, &off));
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MEMORY, 0));
	EXPECT_EQ(-EIO, vdev_read(&self->dev, bar, off, &value, 4));
	EXPECT_EQ(-EIO, vdev_write(&self->dev, bar, off, &value, 4));
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MEMORY,
				  PCI_COMMAND_MEMORY));
	EXPECT_EQ(4, vdev_read(&self->dev, bar, off, &value, 4));
}

TEST_F(io, io_ports_can_be_read_and_written_and_ignore_the_memory_bit)
{
	int bar = bar_with(self->dev.bdf, RESOURCE_IO, 4, ANY_SIZE);
	const __u32 value = 0x38;

	/* Intel's I/O window: an address register, then data; not a memory access. */
	ASSERT_EQ(0, vdev_put(&self->dev, bar, 0, 4, value));
	EXPECT_EQ(value, vdev_get(&self->dev, bar, 0, 4));
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MEMORY, 0));
	EXPECT_EQ(value, vdev_get(&self->dev, bar, 0, 4));
}

/* The table of MSI-X vectors is the kernel's: hidden from read() and write(). */
TEST_F(msix, table_reads_all_ones_and_drops_writes)
{
	unsigned int at = phys_find_cap(self->dev.bdf, PCI_CAP_ID_MSIX);
	__u32 table = phys_get(self->dev.bdf, at + PCI_MSIX_TABLE, 4);
	__u32 size = ((phys_get(self->dev.bdf, at + 2, 2) & PCI_MSIX_FLAGS_QSIZE) + 1) * 16;
	int bar = table & PCI_MSIX_TABLE_BIR, err;
	__u32 off = table & PCI_MSIX_TABLE_OFFSET, before, after;
	unsigned char bytes[16];
	void *page = vdev_mmap(&self->dev, bar, off & ~0xfffU, 4096, MAP_SHARED, &err);
	size_t i;

	ASSERT_NE(NULL, page);
	ASSERT_TRUE(touch_read32(page + (off & 0xfff), &before));
	for (i = 0; i < size; i += 16) {
		ASSERT_EQ(16, vdev_read(&self->dev, bar, off + i, bytes, 16));
		EXPECT_EQ(0xff, bytes[0] & bytes[5] & bytes[10] & bytes[15]);
	}
	memset(bytes, 0x50, sizeof(bytes));
	EXPECT_EQ(16, vdev_write(&self->dev, bar, off, bytes, 16));
	ASSERT_TRUE(touch_read32(page + (off & 0xfff), &after));
	EXPECT_EQ(before, after);
	munmap(page, 4096);
}

TEST_F(safe_msix, a_transfer_across_the_tables_end_is_hidden_up_to_it)
{
	unsigned int at = phys_find_cap(self->dev.bdf, PCI_CAP_ID_MSIX);
	__u32 table = phys_get(self->dev.bdf, at + PCI_MSIX_TABLE, 4);
	__u32 size = ((phys_get(self->dev.bdf, at + 2, 2) & PCI_MSIX_FLAGS_QSIZE) + 1) * 16;
	__u32 end = (table & PCI_MSIX_TABLE_OFFSET) + size;
	unsigned char bytes[12], alone[8];

	ASSERT_EQ(12, vdev_read(&self->dev, table & PCI_MSIX_TABLE_BIR, end - 4, bytes, 12));
	ASSERT_EQ(8, vdev_read(&self->dev, table & PCI_MSIX_TABLE_BIR, end, alone, 8));
	EXPECT_EQ(0xff, bytes[0] & bytes[3]);
	EXPECT_EQ(0, memcmp(bytes + 4, alone, 8));
}
