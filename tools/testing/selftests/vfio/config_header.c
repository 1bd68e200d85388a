// SPDX-License-Identifier: GPL-2.0-only
/*
 * The standard header as the config region shows it (PCI 3.0 section 6.1): which
 * fields are the hardware's, which are virtual, and which ignore writes.
 */
#include "lib/fixture.h"

#define CFG VFIO_PCI_CONFIG_REGION_INDEX

DEVICE_FIXTURE(any, 0);
DEVICE_FIXTURE(pf, IS_PF | HAS_MEM_BAR);
DEVICE_FIXTURE(io, IS_PF | HAS_IO_BAR);
DEVICE_FIXTURE(with_rom, HAS_ROM);
DEVICE_FIXTURE(without_rom, LACKS_ROM);
DEVICE_FIXTURE(vf, IS_VF | HAS_MEM_BAR);

/* Fields that a write leaves as they are. */
static const struct {
	const char *name;
	__u32 offset;
	size_t width;
} read_only[] = {
	{ "vendor ID", PCI_VENDOR_ID, 2 },
	{ "device ID", PCI_DEVICE_ID, 2 },
	{ "status", PCI_STATUS, 2 },
	{ "revision and class", PCI_REVISION_ID, 4 },
	{ "header type", PCI_HEADER_TYPE, 1 },
	{ "cardbus CIS", PCI_CARDBUS_CIS, 4 },
	{ "subsystem IDs", PCI_SUBSYSTEM_VENDOR_ID, 4 },
	{ "capability pointer", PCI_CAPABILITY_LIST, 1 },
	{ "interrupt pin", PCI_INTERRUPT_PIN, 1 },
	{ "minimum grant", PCI_MIN_GNT, 1 },
	{ "maximum latency", PCI_MAX_LAT, 1 },
};

TEST_F(any, read_only_fields_ignore_writes)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(read_only); i++) {
		__u32 before = cfg_get(&self->dev, read_only[i].offset, read_only[i].width);

		EXPECT_EQ(0, cfg_put(&self->dev, read_only[i].offset, read_only[i].width, ~before));
		EXPECT_EQ(before, cfg_get(&self->dev, read_only[i].offset, read_only[i].width))
			TH_LOG("%s", read_only[i].name);
	}
}

TEST_F(any, ids_are_those_of_the_device)
{
	EXPECT_EQ(pci_attr_number(self->dev.bdf, "vendor"), cfg_get(&self->dev, PCI_VENDOR_ID, 2));
	EXPECT_EQ(pci_attr_number(self->dev.bdf, "device"), cfg_get(&self->dev, PCI_DEVICE_ID, 2));
	EXPECT_EQ(pci_attr_number(self->dev.bdf, "class"),
		  cfg_get(&self->dev, PCI_REVISION_ID, 4) >> 8);
}

TEST_F(any, one_large_read_equals_reads_of_dwords)
{
	__u32 size = phys_cfg_size(self->dev.bdf), at;
	__u32 whole[1024];

	ASSERT_EQ(size, vdev_read(&self->dev, CFG, 0, whole, size));
	for (at = 0; at < size; at += 4)
		EXPECT_EQ(le32toh(whole[at / 4]), cfg_get(&self->dev, at, 4)) TH_LOG("0x%x", at);
}

TEST_F(any, reads_of_any_size_and_alignment_show_the_same_bytes)
{
	static const size_t lengths[] = { 1, 2, 3, 5, 7, 11 };
	unsigned char whole[256], part[16];
	size_t i, at;

	ASSERT_EQ(256, vdev_read(&self->dev, CFG, 0, whole, 256));
	for (i = 0; i < ARRAY_SIZE(lengths); i++)
		for (at = 0; at + lengths[i] <= 256; at += lengths[i] > 1 ? 3 : 1) {
			ASSERT_EQ(lengths[i], vdev_read(&self->dev, CFG, at, part, lengths[i]));
			EXPECT_EQ(0, memcmp(part, whole + at, lengths[i]))
				TH_LOG("%zu bytes at 0x%zx", lengths[i], at);
		}
}

TEST_F(any, access_past_the_end_is_refused_and_across_it_too)
{
	__u32 size = phys_cfg_size(self->dev.bdf);
	unsigned char byte[8] = {};

	EXPECT_EQ(-EFAULT, vdev_read(&self->dev, CFG, size, byte, 1));
	EXPECT_EQ(-EFAULT, vdev_read(&self->dev, CFG, size - 4, byte, 8));
	EXPECT_EQ(-EFAULT, vdev_read(&self->dev, CFG, size - 1, byte, 2));
	EXPECT_EQ(-EFAULT, vdev_write(&self->dev, CFG, size, byte, 1));
	EXPECT_EQ(-EFAULT, vdev_write(&self->dev, CFG, size - 2, byte, 4));
	EXPECT_EQ(1, vdev_read(&self->dev, CFG, size - 1, byte, 1));
	EXPECT_EQ(0, vdev_read(&self->dev, CFG, size, byte, 0));
}

/* What a BAR reads as after all ones were written to it. */
static __u64 sized_bar(const struct vdev *v, int bar, bool wide)
{
	__u32 at = PCI_BASE_ADDRESS_0 + 4 * bar;
	__u64 low, high = 0;

	cfg_put(v, at, 4, ~0U);
	low = cfg_get(v, at, 4);
	if (wide) {
		cfg_put(v, at + 4, 4, ~0U);
		high = cfg_get(v, at + 4, 4);
	}
	return high << 32 | low;
}

TEST_F(any, bars_are_sized_by_writing_all_ones)
{
	int bar;

	for (bar = 0; bar < 6; bar++) {
		__u64 kind, size = pci_resource(self->dev.bdf, bar, &kind);
		bool wide = size && cfg_get(&self->dev, PCI_BASE_ADDRESS_0 + 4 * bar, 4) &
				    PCI_BASE_ADDRESS_MEM_TYPE_64 && kind & RESOURCE_MEM;
		__u64 mask = wide ? ~0ULL : 0xffffffff;
		__u64 seen = sized_bar(&self->dev, bar, wide);
		__u64 attributes = kind & RESOURCE_IO ? 3 : 0xf;

		if (!size) {
			EXPECT_EQ(0, seen) TH_LOG("absent BAR %d", bar);
			continue;
		}
		EXPECT_EQ(-size & mask & ~attributes, seen & ~attributes) TH_LOG("BAR %d", bar);
		EXPECT_EQ(!!(kind & RESOURCE_IO), seen & PCI_BASE_ADDRESS_SPACE_IO);
		bar += wide;
	}
}

TEST_F(pf, bars_are_virtual)
{
	__u32 physical = phys_get(self->dev.bdf, PCI_BASE_ADDRESS_0, 4);
	__u32 shown = cfg_get(&self->dev, PCI_BASE_ADDRESS_0, 4);

	EXPECT_EQ(phys_bar0(self->dev.bdf), shown);
	ASSERT_EQ(0, cfg_put(&self->dev, PCI_BASE_ADDRESS_0, 4, 0x80000000));
	EXPECT_EQ(physical, phys_get(self->dev.bdf, PCI_BASE_ADDRESS_0, 4));
	ASSERT_EQ(0, cfg_put(&self->dev, PCI_BASE_ADDRESS_0, 4, shown));
	EXPECT_EQ(shown, cfg_get(&self->dev, PCI_BASE_ADDRESS_0, 4));
}

TEST_F(any, one_byte_of_a_bar_can_be_written)
{
	int bar = bar_with(self->dev.bdf, RESOURCE_MEM, 1, 1 << 24);
	__u32 at = PCI_BASE_ADDRESS_0 + 4 * bar;

	ASSERT_LE(0, bar);
	ASSERT_EQ(0, cfg_put(&self->dev, at, 4, 0x12000000));
	ASSERT_EQ(0, cfg_put(&self->dev, at + 3, 1, 0xab));
	EXPECT_EQ(0xab000000, cfg_get(&self->dev, at, 4) & ~0xfU);
}

TEST_F(with_rom, rom_bar_is_sized_and_keeps_its_enable_bit)
{
	__u32 size = pci_resource(self->dev.bdf, 6, NULL);

	ASSERT_EQ(0, cfg_put(&self->dev, PCI_ROM_ADDRESS, 4, ~0U));
	EXPECT_EQ(-size | PCI_ROM_ADDRESS_ENABLE, cfg_get(&self->dev, PCI_ROM_ADDRESS, 4));
	ASSERT_EQ(0, cfg_put(&self->dev, PCI_ROM_ADDRESS, 4, ~(__u32)PCI_ROM_ADDRESS_ENABLE));
	EXPECT_EQ(-size, cfg_get(&self->dev, PCI_ROM_ADDRESS, 4));
}

TEST_F(without_rom, rom_bar_reads_zero)
{
	ASSERT_EQ(0, cfg_put(&self->dev, PCI_ROM_ADDRESS, 4, ~0U));
	EXPECT_EQ(0, cfg_get(&self->dev, PCI_ROM_ADDRESS, 4));
}

TEST_F(pf, memory_and_master_bits_reach_the_device)
{
	const __u16 bits = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;

	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, bits, 0));
	EXPECT_EQ(0, cfg_get(&self->dev, PCI_COMMAND, 2) & bits);
	EXPECT_EQ(0, phys_get(self->dev.bdf, PCI_COMMAND, 2) & bits);
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, bits, bits));
	EXPECT_EQ(bits, cfg_get(&self->dev, PCI_COMMAND, 2) & bits);
	EXPECT_EQ(bits, phys_get(self->dev.bdf, PCI_COMMAND, 2) & bits);
}

TEST_F(io, io_bit_reaches_the_device)
{
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_IO, 0));
	EXPECT_EQ(0, phys_get(self->dev.bdf, PCI_COMMAND, 2) & PCI_COMMAND_IO);
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_IO, PCI_COMMAND_IO));
	EXPECT_TRUE(phys_get(self->dev.bdf, PCI_COMMAND, 2) & PCI_COMMAND_IO);
}

TEST_F(any, interrupt_disable_reads_back_what_was_written)
{
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE,
				  PCI_COMMAND_INTX_DISABLE));
	EXPECT_TRUE(cfg_get(&self->dev, PCI_COMMAND, 2) & PCI_COMMAND_INTX_DISABLE);
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE, 0));
	EXPECT_FALSE(cfg_get(&self->dev, PCI_COMMAND, 2) & PCI_COMMAND_INTX_DISABLE);
}

TEST_F(any, command_bytes_can_be_written_one_at_a_time)
{
	__u16 before = cfg_get(&self->dev, PCI_COMMAND, 2);

	ASSERT_EQ(0, cfg_put(&self->dev, PCI_COMMAND + 1, 1,
			     (before | PCI_COMMAND_INTX_DISABLE) >> 8));
	EXPECT_EQ(before | PCI_COMMAND_INTX_DISABLE, cfg_get(&self->dev, PCI_COMMAND, 2));
	ASSERT_EQ(0, cfg_put(&self->dev, PCI_COMMAND + 1, 1, before >> 8));
	EXPECT_EQ(before, cfg_get(&self->dev, PCI_COMMAND, 2));
}

TEST_F(any, interrupt_line_is_virtual_and_writable)
{
	__u32 physical = phys_get(self->dev.bdf, PCI_INTERRUPT_LINE, 1);

	ASSERT_EQ(0, cfg_put(&self->dev, PCI_INTERRUPT_LINE, 1, 0x5a));
	EXPECT_EQ(0x5a, cfg_get(&self->dev, PCI_INTERRUPT_LINE, 1));
	EXPECT_EQ(physical, phys_get(self->dev.bdf, PCI_INTERRUPT_LINE, 1));
}

TEST_F(pf, cache_line_size_reaches_the_device)
{
	ASSERT_EQ(0, cfg_put(&self->dev, PCI_CACHE_LINE_SIZE, 1, 0x08));
	EXPECT_EQ(phys_get(self->dev.bdf, PCI_CACHE_LINE_SIZE, 1),
		  cfg_get(&self->dev, PCI_CACHE_LINE_SIZE, 1));
	EXPECT_EQ(0x08, phys_get(self->dev.bdf, PCI_CACHE_LINE_SIZE, 1));
}

TEST_F(pf, a_write_across_fields_obeys_each_fields_rule)
{
	__u32 header = cfg_get(&self->dev, PCI_CACHE_LINE_SIZE, 4);
	__u32 latency_and_line = header & 0xffff;
	unsigned char bytes[4] = { 0x10, latency_and_line >> 8, 0xff, header >> 24 };

	ASSERT_EQ(4, vdev_write(&self->dev, CFG, PCI_CACHE_LINE_SIZE, bytes, 4));
	EXPECT_EQ(0x10, cfg_get(&self->dev, PCI_CACHE_LINE_SIZE, 1));
	EXPECT_EQ(header >> 16 & 0xff, cfg_get(&self->dev, PCI_HEADER_TYPE, 1));
}

TEST_F(pf, bars_come_back_after_a_reset_behind_the_drivers_back)
{
	__u32 bar = phys_get(self->dev.bdf, PCI_BASE_ADDRESS_0, 4);

	phys_put(self->dev.bdf, PCI_COMMAND, 2, 0);
	phys_put(self->dev.bdf, PCI_BASE_ADDRESS_0, 4, 0);
	ASSERT_EQ(0, cfg_put(&self->dev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY));
	EXPECT_EQ(bar, phys_get(self->dev.bdf, PCI_BASE_ADDRESS_0, 4));
	EXPECT_TRUE(phys_get(self->dev.bdf, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
}

TEST_F(vf, ids_are_shown_though_the_registers_hold_none)
{
	EXPECT_EQ(0xffff, phys_get(self->dev.bdf, PCI_VENDOR_ID, 2));
	EXPECT_EQ(pci_attr_number(self->dev.bdf, "vendor"), cfg_get(&self->dev, PCI_VENDOR_ID, 2));
	EXPECT_EQ(pci_attr_number(self->dev.bdf, "device"), cfg_get(&self->dev, PCI_DEVICE_ID, 2));
}

TEST_F(vf, memory_enable_is_shown_set_and_has_no_interrupt_pin)
{
	EXPECT_TRUE(cfg_get(&self->dev, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
	EXPECT_EQ(0, cfg_get(&self->dev, PCI_INTERRUPT_PIN, 1));
}

TEST_F(vf, memory_enable_is_virtual_and_does_not_stop_access)
{
	int bar = bar_with(self->dev.bdf, RESOURCE_MEM, 1, ~0ULL);
	__u32 value;

	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MEMORY, 0));
	EXPECT_FALSE(cfg_get(&self->dev, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
	EXPECT_EQ(4, vdev_read(&self->dev, bar, 0, &value, 4));
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MEMORY,
				  PCI_COMMAND_MEMORY));
	EXPECT_TRUE(cfg_get(&self->dev, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
}
