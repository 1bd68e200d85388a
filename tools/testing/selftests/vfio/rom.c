// SPDX-License-Identifier: GPL-2.0-only
/* The expansion ROM region (VFIO_PCI_ROM_REGION_INDEX). */
#include "lib/fixture.h"

#define ROM VFIO_PCI_ROM_REGION_INDEX

DEVICE_FIXTURE(rom, HAS_ROM);
DEVICE_FIXTURE(no_rom, LACKS_ROM);
DEVICE_FIXTURE(gated, HAS_ROM | IS_PF);
DEVICE_FIXTURE(hidden, HAS_OWN_ROM | IS_PF | HAS_SAFE_ROM);
DEVICE_FIXTURE(shadow, HAS_SHADOW_ROM);

TEST_F(rom, region_has_the_bars_size_and_can_only_be_read)
{
	EXPECT_EQ(pci_resource(self->dev.bdf, 6, NULL), vdev_region_size(&self->dev, ROM));
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ, vdev_region_flags(&self->dev, ROM));
}

TEST_F(rom, image_begins_with_its_signature_and_reads_the_same_in_pieces)
{
	unsigned char whole[512], piece[7];
	size_t at;

	ASSERT_EQ(512, vdev_read(&self->dev, ROM, 0, whole, 512));
	EXPECT_EQ(0x55, whole[0]);
	EXPECT_EQ(0xaa, whole[1]);
	for (at = 0; at + 7 <= 512; at += 7) {
		ASSERT_EQ(7, vdev_read(&self->dev, ROM, at, piece, 7));
		EXPECT_EQ(0, memcmp(piece, whole + at, 7));
	}
}

TEST_F(rom, reads_end_where_the_bar_ends)
{
	__u64 size = vdev_region_size(&self->dev, ROM);
	unsigned char bytes[16];

	EXPECT_EQ(8, vdev_read(&self->dev, ROM, size - 8, bytes, 16));
	EXPECT_EQ(-EINVAL, vdev_read(&self->dev, ROM, size, bytes, 1));
	EXPECT_EQ(-EINVAL, vdev_write(&self->dev, ROM, 0, bytes, 4));
}

TEST_F(gated, asking_about_the_rom_leaves_memory_disabled)
{
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MEMORY, 0));
	EXPECT_NE(0, vdev_region_size(&self->dev, ROM));
	EXPECT_FALSE(phys_get(self->dev.bdf, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
}

TEST_F(hidden, without_memory_space_no_image_is_found)
{
	unsigned char byte;

	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MEMORY, 0));
	EXPECT_EQ(-ENOMEM, vdev_read(&self->dev, ROM, 0, &byte, 1));
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MEMORY, PCI_COMMAND_MEMORY));
	EXPECT_EQ(1, vdev_read(&self->dev, ROM, 0, &byte, 1));
	EXPECT_EQ(0x55, byte);
}

/* It is in memory, but stands for a BAR's. */
TEST_F(shadow, the_copy_is_not_read_while_memory_space_is_off)
{
	unsigned char byte;

	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MEMORY, 0));
	EXPECT_EQ(-EIO, vdev_read(&self->dev, ROM, 0, &byte, 1));
}

TEST_F(no_rom, reading_what_is_not_there_is_refused)
{
	unsigned char byte;

	EXPECT_EQ(-EINVAL, vdev_read(&self->dev, ROM, 0, &byte, 1));
}
