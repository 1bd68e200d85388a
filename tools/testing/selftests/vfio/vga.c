// SPDX-License-Identifier: GPL-2.0-only
/* The addresses that every VGA display answers at (VFIO_PCI_VGA_REGION_INDEX). */
#include "lib/fixture.h"

#define VGA VFIO_PCI_VGA_REGION_INDEX

#define SEQUENCER	0x3c4	/* index, and data at the next address */
#define   MAP_MASK	2
#define   MEMORY_MODE	4
#define     CHAIN_FOUR	0x0e	/* one byte after the other, of all the memory */
#define GRAPHICS	0x3ce	/* likewise */
#define   READ_MAP	4
#define   GRAPHICS_MODE	5
#define   MISCELLANEOUS	6	/* 0: memory is at all of its addresses */
#define MEMORY		0xa0000
#define END		0xc0000

DEVICE_FIXTURE(display, HAS_VGA);
DEVICE_FIXTURE(standard, HAS_VGA | IS_STDVGA);
DEVICE_FIXTURE(silent, HAS_VGA | IS_IGD);

static int put_indexed(const struct vdev *v, __u64 at, __u8 index, __u8 value)
{
	return vdev_put(v, VGA, at, 1, index) ?: vdev_put(v, VGA, at + 1, 1, value);
}

static __u8 get_indexed(const struct vdev *v, __u64 at, __u8 index)
{
	vdev_put(v, VGA, at, 1, index);
	return vdev_get(v, VGA, at + 1, 1);
}

/* The display's memory as bytes, none of them masked. */
static int set_up_memory(const struct vdev *v)
{
	return put_indexed(v, SEQUENCER, MAP_MASK, 0x0f) ?:
	       put_indexed(v, SEQUENCER, MEMORY_MODE, CHAIN_FOUR) ?:
	       put_indexed(v, GRAPHICS, GRAPHICS_MODE, 0) ?:
	       put_indexed(v, GRAPHICS, MISCELLANEOUS, 0);
}

TEST_F(display, the_region_reaches_to_the_end_of_the_legacy_memory)
{
	struct vfio_region_info info;

	ASSERT_EQ(0, vdev_region_info(&self->dev, VGA, &info));
	EXPECT_EQ(END, info.size);
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE, info.flags);
}

TEST_F(display, between_the_ranges_there_is_nothing)
{
	static const __u64 outside[] = {
		0, 0x3af, 0x3bc, 0x3bf, 0x3e0, MEMORY - 1, END, 1ULL << 32,
	};
	__u8 byte = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(outside); i++) {
		EXPECT_EQ(-EINVAL, vdev_read(&self->dev, VGA, outside[i], &byte, 1));
		EXPECT_EQ(-EINVAL, vdev_write(&self->dev, VGA, outside[i], &byte, 1));
	}
}

TEST_F(display, a_transfer_ends_where_its_range_ends)
{
	__u8 bytes[16];

	EXPECT_EQ(8, vdev_read(&self->dev, VGA, 0x3b4, bytes, sizeof(bytes)));
	EXPECT_EQ(4, vdev_read(&self->dev, VGA, 0x3dc, bytes, sizeof(bytes)));
	EXPECT_EQ(8, vdev_read(&self->dev, VGA, END - 8, bytes, sizeof(bytes)));
}

TEST_F(display, a_bad_buffer_is_a_fault)
{
	EXPECT_EQ(-EFAULT, vdev_read(&self->dev, VGA, MEMORY, NULL, 4));
	EXPECT_EQ(-EFAULT, vdev_write(&self->dev, VGA, MEMORY, NULL, 4));
}

TEST_F(display, it_cannot_be_mapped)
{
	int err;

	EXPECT_EQ(NULL, vdev_mmap(&self->dev, VGA, MEMORY, 4096, MAP_SHARED, &err));
	EXPECT_EQ(-EINVAL, err);
}

TEST_F(standard, a_register_keeps_what_is_written)
{
	ASSERT_EQ(0, put_indexed(&self->dev, SEQUENCER, MAP_MASK, 0x05));
	ASSERT_EQ(0, put_indexed(&self->dev, GRAPHICS, READ_MAP, 0x02));
	EXPECT_EQ(0x05, get_indexed(&self->dev, SEQUENCER, MAP_MASK));
	EXPECT_EQ(0x02, get_indexed(&self->dev, GRAPHICS, READ_MAP));
	ASSERT_EQ(0, put_indexed(&self->dev, SEQUENCER, MAP_MASK, 0x0a));
	EXPECT_EQ(0x0a, get_indexed(&self->dev, SEQUENCER, MAP_MASK));
}

TEST_F(standard, the_memory_is_that_of_its_bar)
{
	static const __u8 drawn[] = "drawn through the window of 1987";
	__u8 seen[sizeof(drawn)] = {};
	const __u64 at = 0x1003;	/* aligned to nothing */

	ASSERT_EQ(0, set_up_memory(&self->dev));
	ASSERT_EQ(sizeof(drawn), vdev_write(&self->dev, VGA, MEMORY + at, drawn, sizeof(drawn)));
	EXPECT_EQ(sizeof(drawn), vdev_read(&self->dev, 0, at, seen, sizeof(seen)));
	EXPECT_EQ(0, memcmp(drawn, seen, sizeof(drawn)));
	memset(seen, 0, sizeof(seen));
	EXPECT_EQ(sizeof(drawn), vdev_read(&self->dev, VGA, MEMORY + at, seen, sizeof(seen)));
	EXPECT_EQ(0, memcmp(drawn, seen, sizeof(drawn)));
}

/* Its window is of use with memory space off, too: the addresses are not those of a BAR. */
TEST_F(standard, its_ports_are_there_while_memory_space_is_off)
{
	ASSERT_EQ(0, put_indexed(&self->dev, SEQUENCER, MAP_MASK, 0x03));
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MEMORY, 0));
	EXPECT_EQ(0x03, get_indexed(&self->dev, SEQUENCER, MAP_MASK));
}

/* Another display of the machine answers at the same addresses, behind another bridge. */
TEST_F(silent, one_that_does_not_answer_is_not_taken_for_another)
{
	EXPECT_EQ(0xff, vdev_get(&self->dev, VGA, 0x3cc, 1));
}
