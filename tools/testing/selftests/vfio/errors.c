// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that must be refused, as tables: a row says what is wrong, gives the
 * argument in 32-bit words as the UAPI lays it out, and the errno that follows.
 */
#include "lib/fixture.h"

DEVICE_FIXTURE(any, 0);
DEVICE_FIXTURE(msix, HAS_MSIX);
DEVICE_FIXTURE(line, HAS_INTX);
DEVICE_FIXTURE(bus, HAS_BUS_RESET);
DEVICE_FIXTURE(scratch, HAS_SCRATCH);

/* argsz, flags, number of regions, number of IRQs, offset of capabilities */
static const struct bad_call device_info[] = {
	{ "no size", { 0 }, -EINVAL },
	{ "size one short", { 15 }, -EINVAL },
};

/* argsz, flags, index, offset of capabilities, size (2 words), offset (2) */
static const struct bad_call region_info[] = {
	{ "no size", { 0, 0, 0 }, -EINVAL },
	{ "size one short", { 31, 0, 0 }, -EINVAL },
	{ "first index past the regions", { 32, 0, VFIO_PCI_NUM_REGIONS }, -EINVAL },
	{ "an index far away", { 32, 0, 0x7fffffff }, -EINVAL },
	{ "the largest index", { 32, 0, 0xffffffff }, -EINVAL },
};

/* argsz, flags, index, count */
static const struct bad_call irq_info[] = {
	{ "no size", { 0, 0, 0 }, -EINVAL },
	{ "size one short", { 15, 0, 0 }, -EINVAL },
	{ "first index past the types", { 16, 0, VFIO_PCI_NUM_IRQS }, -EINVAL },
	{ "the largest index", { 16, 0, 0xffffffff }, -EINVAL },
};

#define NONE	VFIO_IRQ_SET_DATA_NONE
#define BOOL	VFIO_IRQ_SET_DATA_BOOL
#define EVENTFD	VFIO_IRQ_SET_DATA_EVENTFD
#define MASK	VFIO_IRQ_SET_ACTION_MASK
#define UNMASK	VFIO_IRQ_SET_ACTION_UNMASK
#define TRIGGER	VFIO_IRQ_SET_ACTION_TRIGGER
#define REQ	VFIO_PCI_REQ_IRQ_INDEX
#define MSIX	VFIO_PCI_MSIX_IRQ_INDEX
#define INTX	VFIO_PCI_INTX_IRQ_INDEX
#define MINUS1	0xffffffff

/* argsz, flags, index, start, count, data; here on the request index, which all have */
static const struct bad_call set_irqs[] = {
	{ "no size", { 0, NONE | TRIGGER, REQ, 0, 1 }, -EINVAL },
	{ "size one short", { 19, NONE | TRIGGER, REQ, 0, 1 }, -EINVAL },
	{ "unknown type", { 20, NONE | TRIGGER, VFIO_PCI_NUM_IRQS, 0, 1 }, -EINVAL },
	{ "the largest type", { 20, NONE | TRIGGER, MINUS1, 0, 1 }, -EINVAL },
	{ "unknown flag", { 20, NONE | TRIGGER | 1 << 6, REQ, 0, 1 }, -EINVAL },
	{ "the highest flag", { 20, NONE | TRIGGER | 1U << 31, REQ, 0, 1 }, -EINVAL },
	{ "no kind of data", { 20, TRIGGER, REQ, 0, 1 }, -EINVAL },
	{ "two kinds of data", { 24, NONE | BOOL | TRIGGER, REQ, 0, 1 }, -EINVAL },
	{ "three kinds of data", { 24, NONE | BOOL | EVENTFD | TRIGGER, REQ, 0, 1 }, -EINVAL },
	{ "no action", { 20, NONE, REQ, 0, 1 }, -ENOTTY },
	{ "two actions", { 20, NONE | MASK | TRIGGER, REQ, 0, 1 }, -ENOTTY },
	{ "masking what has no mask", { 20, NONE | MASK, REQ, 0, 1 }, -ENOTTY },
	{ "unmasking what has no mask", { 20, NONE | UNMASK, REQ, 0, 1 }, -ENOTTY },
	{ "start past the vectors", { 20, NONE | TRIGGER, REQ, 1, 1 }, -EINVAL },
	{ "start past them, count zero", { 20, NONE | TRIGGER, REQ, 1, 0 }, -EINVAL },
	{ "count past the vectors", { 20, NONE | TRIGGER, REQ, 0, 2 }, -EINVAL },
	{ "start and count overflow", { 20, NONE | TRIGGER, REQ, 1, MINUS1 }, -EINVAL },
	{ "the largest count", { 20, NONE | TRIGGER, REQ, 0, MINUS1 }, -EINVAL },
	{ "the largest start", { 20, NONE | TRIGGER, REQ, MINUS1, 1 }, -EINVAL },
	{ "eventfd missing", { 20, EVENTFD | TRIGGER, REQ, 0, 1 }, -EINVAL },
	{ "eventfd cut", { 23, EVENTFD | TRIGGER, REQ, 0, 1 }, -EINVAL },
	{ "boolean missing", { 20, BOOL | TRIGGER, REQ, 0, 1 }, -EINVAL },
	{ "boolean without count", { 21, BOOL | TRIGGER, REQ, 0, 0 }, -EINVAL },
	{ "eventfd without count", { 24, EVENTFD | TRIGGER, REQ, 0, 0, 0 }, -EINVAL },
	{ "descriptor not open", { 24, EVENTFD | TRIGGER, REQ, 0, 1, 9999 }, -EBADF },
	{ "descriptor -2", { 24, EVENTFD | TRIGGER, REQ, 0, 1, MINUS1 - 1 }, -EINVAL },
	{ "taking down nothing", { 20, NONE | TRIGGER, REQ, 0, 0 }, -EINVAL },
};

static const struct bad_call set_msix[] = {
	{ "mask", { 20, NONE | MASK, MSIX, 0, 1 }, -ENOTTY },
	{ "unmask", { 20, NONE | UNMASK, MSIX, 0, 1 }, -ENOTTY },
	{ "loop-back before arming", { 20, NONE | TRIGGER, MSIX, 0, 1 }, -EINVAL },
	{ "taking down before arming", { 20, NONE | TRIGGER, MSIX, 0, 0 }, -EINVAL },
	{ "booleans before arming", { 21, BOOL | TRIGGER, MSIX, 0, 1 }, -EINVAL },
	{ "descriptor not open", { 24, EVENTFD | TRIGGER, MSIX, 0, 1, 9999 }, -EBADF },
	{ "no vector at all", { 20, EVENTFD | TRIGGER, MSIX, 0, 0 }, -ERANGE },
};

static const struct bad_call set_line[] = {
	{ "mask before arming", { 20, NONE | MASK, INTX, 0, 1 }, -EINVAL },
	{ "unmask before arming", { 20, NONE | UNMASK, INTX, 0, 1 }, -EINVAL },
	{ "loop-back before arming", { 20, NONE | TRIGGER, INTX, 0, 1 }, -EINVAL },
	{ "eventfd without count", { 24, EVENTFD | TRIGGER, INTX, 0, 0 }, -EINVAL },
	{ "second vector", { 24, EVENTFD | TRIGGER, INTX, 1, 1, 0 }, -EINVAL },
	{ "descriptor not open", { 24, EVENTFD | TRIGGER, INTX, 0, 1, 9999 }, -EBADF },
};

/* argsz, flags, count */
static const struct bad_call hot_reset_info[] = {
	{ "no size", { 0 }, -EINVAL },
	{ "size one short", { 11 }, -EINVAL },
	{ "no room", { 12 }, -ENOSPC },
};

/* Word 0 or 1 of the file offset at which @region starts. */
#if __BYTE_ORDER == __LITTLE_ENDIAN
#define HIGH_WORD	1
#else
#define HIGH_WORD	0
#endif
#define START(region, word)	((word) == HIGH_WORD ? (region) << 8 : 0)

/* argsz, flags, offset (2 words), data (2), descriptor, reserved; offset 0 is in BAR 0 */
static const struct bad_call ioeventfd[] = {
	{ "no size", { 0, VFIO_DEVICE_IOEVENTFD_32 }, -EINVAL },
	{ "size one short", { 27, VFIO_DEVICE_IOEVENTFD_32 }, -EINVAL },
	{ "no width", { 32, 0 }, -EINVAL },
	{ "two widths", { 32, VFIO_DEVICE_IOEVENTFD_32 | VFIO_DEVICE_IOEVENTFD_16 }, -EINVAL },
	{ "unknown flag", { 32, VFIO_DEVICE_IOEVENTFD_32 | 16 }, -EINVAL },
	{ "descriptor -2", { 32, VFIO_DEVICE_IOEVENTFD_32, 0, 0, 0, 0, MINUS1 - 1 }, -EINVAL },
	{ "config space",
	  { 32, VFIO_DEVICE_IOEVENTFD_32, START(7, 0), START(7, 1), 0, 0, MINUS1 }, -EINVAL },
	{ "no region",
	  { 32, VFIO_DEVICE_IOEVENTFD_32, START(200, 0), START(200, 1), 0, 0, MINUS1 }, -EINVAL },
};

TEST_F(any, device_info)
{
	EXPECT_EQ(0, REFUSE_ALL(&self->dev, VFIO_DEVICE_GET_INFO, device_info));
}

TEST_F(any, region_info)
{
	EXPECT_EQ(0, REFUSE_ALL(&self->dev, VFIO_DEVICE_GET_REGION_INFO, region_info));
}

TEST_F(any, irq_info)
{
	EXPECT_EQ(0, REFUSE_ALL(&self->dev, VFIO_DEVICE_GET_IRQ_INFO, irq_info));
}

TEST_F(any, set_irqs)
{
	EXPECT_EQ(0, REFUSE_ALL(&self->dev, VFIO_DEVICE_SET_IRQS, set_irqs));
	EXPECT_TRUE(still_usable(&self->dev));
}

TEST_F(msix, set_irqs_of_msix)
{
	EXPECT_EQ(0, REFUSE_ALL(&self->dev, VFIO_DEVICE_SET_IRQS, set_msix));
	EXPECT_TRUE(still_usable(&self->dev));
}

TEST_F(line, set_irqs_of_the_line)
{
	EXPECT_EQ(0, REFUSE_ALL(&self->dev, VFIO_DEVICE_SET_IRQS, set_line));
	EXPECT_TRUE(still_usable(&self->dev));
}

TEST_F(bus, hot_reset_info)
{
	EXPECT_EQ(0, REFUSE_ALL(&self->dev, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, hot_reset_info));
}

TEST_F(scratch, ioeventfd)
{
	EXPECT_EQ(0, REFUSE_ALL(&self->dev, VFIO_DEVICE_IOEVENTFD, ioeventfd));
}

TEST_F(any, an_argument_outside_memory_is_a_fault)
{
	static const unsigned long calls[] = {
		VFIO_DEVICE_GET_INFO,
		VFIO_DEVICE_GET_REGION_INFO,
		VFIO_DEVICE_GET_IRQ_INFO,
		VFIO_DEVICE_SET_IRQS,
		VFIO_DEVICE_GET_PCI_HOT_RESET_INFO,
		VFIO_DEVICE_PCI_HOT_RESET,
		VFIO_DEVICE_IOEVENTFD,
		VFIO_DEVICE_FEATURE,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		EXPECT_EQ(-EFAULT, vdev_ioctl(&self->dev, calls[i], NULL)) TH_LOG("call %zu", i);
		EXPECT_EQ(-EFAULT, vdev_ioctl(&self->dev, calls[i], (void *)-4096L));
	}
}

TEST_F(any, an_unknown_call_is_no_call_of_this_device)
{
	__u32 argument[64] = { 256 };

	EXPECT_EQ(-ENOTTY, vdev_ioctl(&self->dev, _IO(VFIO_TYPE, VFIO_BASE + 60), argument));
	EXPECT_EQ(-ENOTTY, vdev_ioctl(&self->dev, VFIO_DEVICE_QUERY_GFX_PLANE, argument));
	EXPECT_EQ(-ENOTTY, vdev_ioctl(&self->dev, VFIO_GROUP_GET_STATUS, argument));
	EXPECT_EQ(-ENOTTY, vdev_ioctl(&self->dev, 0x5401, argument));
}
