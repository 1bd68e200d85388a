// SPDX-License-Identifier: GPL-2.0-only
/* VFIO_DEVICE_IOEVENTFD: a signalled eventfd becomes a write to a register. */
#include <endian.h>

#include "lib/fixture.h"

DEVICE_FIXTURE(scratch, HAS_SCRATCH);
DEVICE_FIXTURE(ram, IS_RAM_BAR);
DEVICE_FIXTURE(gated, HAS_SCRATCH | IS_PF);

#define RAM_BAR 2
#define IOEVENTFDS_MAX 1000	/* what one device may have */

/* The data that is @value in a register: it is stored as write() would store an integer. */
static __u64 as_stored(__u64 value, __u32 width)
{
	switch (width) {
	case 8:
		return htole64(value);
	case 4:
		return htole32(value);
	case 2:
		return htole16(value);
	default:
		return value;
	}
}

/* Attach @fd, or detach with -1, to a write of @value at @off of region @bar. */
static int attach(const struct vdev *v, int bar, __u64 off, __u32 width, __u64 value, int fd)
{
	struct vfio_device_ioeventfd call = {
		.argsz = sizeof(call),
		.flags = width,
		.data = as_stored(value, width),
		.fd = fd,
	};
	struct vfio_region_info info;
	int ret = vdev_region_info(v, bar, &info);

	call.offset = info.offset + off;
	return ret ? ret : vdev_ioctl(v, VFIO_DEVICE_IOEVENTFD, &call);
}

struct expectation {
	const struct vdev *v;
	int bar;
	__u64 off;
	size_t width;
	__u64 value;
	__u64 mask;
};

/* The register is 0 until @fd is signalled. */
static int expect(const struct vdev *v, const struct scratch *s, int fd, struct expectation *e)
{
	int ret = vdev_put(v, s->bar, s->offset, s->width, 0);

	*e = (struct expectation){
		v, s->bar, s->offset, s->width, scratch_echo(s, s->value), s->mask
	};
	return ret ? ret : attach(v, s->bar, s->offset, s->width, s->value, fd);
}

static bool has_arrived(void *arg)
{
	const struct expectation *e = arg;

	return (vdev_get(e->v, e->bar, e->off, e->width) & e->mask) == e->value;
}

TEST_F(scratch, a_signal_writes_the_value_into_the_register)
{
	const struct scratch *s = scratch_of(self->dev.bdf);
	int fd = event_new();
	struct expectation e;

	ASSERT_EQ(0, expect(&self->dev, s, fd, &e));
	EXPECT_FALSE(has_arrived(&e));
	event_send(fd);
	EXPECT_TRUE(wait_until(has_arrived, &e, PATIENCE_MS));
	EXPECT_EQ(0, attach(&self->dev, s->bar, s->offset, s->width, s->value, -1));
}

TEST_F(scratch, nothing_is_written_after_detaching)
{
	const struct scratch *s = scratch_of(self->dev.bdf);
	int fd = event_new();
	struct expectation e;

	ASSERT_EQ(0, expect(&self->dev, s, fd, &e));
	ASSERT_EQ(0, attach(&self->dev, s->bar, s->offset, s->width, s->value, -1));
	event_send(fd);
	EXPECT_FALSE(wait_until(has_arrived, &e, QUIET_MS));
}

TEST_F(scratch, the_same_twice_exists_and_a_stranger_cannot_be_detached)
{
	const struct scratch *s = scratch_of(self->dev.bdf);
	int fd = event_new(), other = event_new();

	ASSERT_EQ(0, attach(&self->dev, s->bar, s->offset, s->width, 1, fd));
	EXPECT_EQ(-EEXIST, attach(&self->dev, s->bar, s->offset, s->width, 1, other));
	EXPECT_EQ(-ENODEV, attach(&self->dev, s->bar, s->offset, s->width, 2, -1));
	EXPECT_EQ(0, attach(&self->dev, s->bar, s->offset, s->width, 1, -1));
	EXPECT_EQ(-ENODEV, attach(&self->dev, s->bar, s->offset, s->width, 1, -1));
}

TEST_F(scratch, a_descriptor_that_is_no_eventfd_is_refused)
{
	const struct scratch *s = scratch_of(self->dev.bdf);

	EXPECT_EQ(-EINVAL, attach(&self->dev, s->bar, s->offset, s->width, 1, self->dev.fd));
	EXPECT_EQ(-EBADF, attach(&self->dev, s->bar, s->offset, s->width, 1, 9999));
	EXPECT_EQ(-EINVAL, attach(&self->dev, s->bar, s->offset, s->width, 1, -2));
	EXPECT_EQ(-ENODEV, attach(&self->dev, s->bar, s->offset, s->width, 1, -1));
}

TEST_F(scratch, a_register_outside_the_bars_is_refused)
{
	const struct scratch *s = scratch_of(self->dev.bdf);
	__u64 size = vdev_region_size(&self->dev, s->bar);
	int fd = event_new();

	EXPECT_EQ(-EINVAL, attach(&self->dev, s->bar, size, 4, 1, fd));
	EXPECT_EQ(-EINVAL, attach(&self->dev, s->bar, size - 2, 4, 1, fd));
	EXPECT_EQ(-EINVAL, attach(&self->dev, VFIO_PCI_ROM_REGION_INDEX, 0, 4, 1, fd));
	EXPECT_EQ(-EINVAL, attach(&self->dev, VFIO_PCI_CONFIG_REGION_INDEX, 0, 4, 1, fd));
}

TEST_F(scratch, the_width_must_be_one_of_four_and_no_flag_unknown)
{
	const struct scratch *s = scratch_of(self->dev.bdf);
	static const __u32 wrong[] = { 0, 3, 5, 12, 15, 16, 20, 1U << 31 };
	int fd = event_new();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT_EQ(-EINVAL, attach(&self->dev, s->bar, s->offset, wrong[i], 1, fd))
			TH_LOG("flags 0x%x", wrong[i]);
}

TEST_F(gated, nothing_is_written_while_memory_is_disabled)
{
	const struct scratch *s = scratch_of(self->dev.bdf);
	__u32 before;
	int fd = event_new();

	ASSERT_EQ(0, vdev_put(&self->dev, s->bar, s->offset, s->width, 0));
	before = vdev_get(&self->dev, s->bar, s->offset, s->width);
	ASSERT_EQ(0, attach(&self->dev, s->bar, s->offset, s->width, s->value, fd));
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MEMORY, 0));
	event_send(fd);
	usleep(QUIET_MS * 1000);
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MEMORY,
				  PCI_COMMAND_MEMORY));
	EXPECT_EQ(before, vdev_get(&self->dev, s->bar, s->offset, s->width));
	EXPECT_EQ(0, attach(&self->dev, s->bar, s->offset, s->width, s->value, -1));
}

TEST_F(ram, each_width_writes_its_bytes)
{
	const __u64 value = 0x8877665544332211ULL;
	__u32 width;

	for (width = 1; width <= 8; width *= 2) {
		__u64 mask = ~0ULL >> (64 - 8 * width);
		struct expectation e = { &self->dev, RAM_BAR, 64, 8, value & mask, ~0ULL };
		int fd = event_new();

		ASSERT_EQ(0, vdev_put(&self->dev, RAM_BAR, 64, 8, 0));
		ASSERT_EQ(0, attach(&self->dev, RAM_BAR, 64, width, value & mask, fd));
		event_send(fd);
		EXPECT_TRUE(wait_until(has_arrived, &e, PATIENCE_MS)) TH_LOG("width %u", width);
		ASSERT_EQ(0, attach(&self->dev, RAM_BAR, 64, width, value & mask, -1));
		close(fd);
	}
}

TEST_F(ram, a_device_takes_a_thousand_and_no_more)
{
	int fd = event_new(), i, taken = 0;

	for (i = 0; i < IOEVENTFDS_MAX; i++)
		taken += !attach(&self->dev, RAM_BAR, 4 * i, 4, i, fd);
	EXPECT_EQ(IOEVENTFDS_MAX, taken);
	EXPECT_EQ(-ENOSPC, attach(&self->dev, RAM_BAR, 4 * i, 4, i, fd));
	for (i = 0; i < IOEVENTFDS_MAX; i++)
		taken -= !attach(&self->dev, RAM_BAR, 4 * i, 4, i, -1);
	EXPECT_EQ(0, taken);
}

DEVICE_FIXTURE(msix, HAS_MSIX);

TEST_F(msix, the_table_of_vectors_is_out_of_reach)
{
	unsigned int at = phys_find_cap(self->dev.bdf, PCI_CAP_ID_MSIX);
	__u32 table = phys_get(self->dev.bdf, at + PCI_MSIX_TABLE, 4);
	__u32 off = table & PCI_MSIX_TABLE_OFFSET;
	int fd = event_new();

	EXPECT_EQ(-EINVAL, attach(&self->dev, table & PCI_MSIX_TABLE_BIR, off, 4, 1, fd));
	EXPECT_EQ(-EINVAL, attach(&self->dev, table & PCI_MSIX_TABLE_BIR, off + 12, 8, 1, fd));
}
