// SPDX-License-Identifier: GPL-2.0-only
/*
 * Enhanced Error Handling of POWER: VFIO_EEH_PE_OP of the container works on the partitionable
 * endpoint of an open function, whose errors the host leaves to the user meanwhile.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "lib/fixture.h"

FRESH_FIXTURE(eeh, HAS_EEH);
/* The endpoint is reset by what resets its bus. */
FRESH_FIXTURE(bus, HAS_EEH | HAS_BUS_RESET);

static int container_call(const struct vdev *v, unsigned long cmd, void *arg)
{
	int ret = ioctl(v->container, cmd, arg);

	return ret < 0 ? -errno : ret;
}

static int pe_op(const struct vdev *v, __u32 op)
{
	struct vfio_eeh_pe_op call = { .argsz = sizeof(call), .op = op };

	return container_call(v, VFIO_EEH_PE_OP, &call);
}

TEST_F(eeh, the_container_offers_it)
{
	EXPECT_EQ(1, container_call(&self->dev, VFIO_CHECK_EXTENSION, (void *)VFIO_EEH));
}

TEST_F(eeh, an_open_function_is_in_its_normal_state)
{
	EXPECT_EQ(VFIO_EEH_PE_STATE_NORMAL, pe_op(&self->dev, VFIO_EEH_PE_GET_STATE));
}

TEST_F(eeh, it_can_be_switched_on_for_a_function)
{
	EXPECT_EQ(0, pe_op(&self->dev, VFIO_EEH_PE_ENABLE));
	EXPECT_EQ(VFIO_EEH_PE_STATE_NORMAL, pe_op(&self->dev, VFIO_EEH_PE_GET_STATE));
}

TEST_F(eeh, thawing_what_is_not_frozen_does_no_harm)
{
	EXPECT_EQ(0, pe_op(&self->dev, VFIO_EEH_PE_UNFREEZE_IO));
	EXPECT_EQ(0, pe_op(&self->dev, VFIO_EEH_PE_UNFREEZE_DMA));
	EXPECT_EQ(VFIO_EEH_PE_STATE_NORMAL, pe_op(&self->dev, VFIO_EEH_PE_GET_STATE));
	EXPECT_TRUE(still_usable(&self->dev));
}

TEST_F(bus, a_hot_reset_ends_in_the_normal_state)
{
	ASSERT_EQ(0, pe_op(&self->dev, VFIO_EEH_PE_RESET_HOT));
	ASSERT_EQ(0, pe_op(&self->dev, VFIO_EEH_PE_RESET_DEACTIVATE));
	ASSERT_EQ(0, pe_op(&self->dev, VFIO_EEH_PE_CONFIGURE));
	EXPECT_EQ(VFIO_EEH_PE_STATE_NORMAL, pe_op(&self->dev, VFIO_EEH_PE_GET_STATE));
	EXPECT_TRUE(still_usable(&self->dev));
}

TEST_F(eeh, calls_that_make_no_sense_are_refused)
{
	struct vfio_eeh_pe_op call = { .argsz = sizeof(call.argsz), .op = VFIO_EEH_PE_GET_STATE };

	EXPECT_EQ(-EINVAL, container_call(&self->dev, VFIO_EEH_PE_OP, &call));
	call.argsz = sizeof(call);
	call.flags = 1;
	EXPECT_EQ(-EINVAL, container_call(&self->dev, VFIO_EEH_PE_OP, &call));
	EXPECT_EQ(-EINVAL, pe_op(&self->dev, 0x7fffffff));
	EXPECT_EQ(-EFAULT, container_call(&self->dev, VFIO_EEH_PE_OP, NULL));
}

/* The function is counted as passed through once per opening, and not after closing. */
TEST_F(eeh, opening_again_and_again_finds_the_normal_state)
{
	int round;

	for (round = 0; round < 3; round++) {
		vdev_close(&self->dev);
		ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
		ASSERT_EQ(VFIO_EEH_PE_STATE_NORMAL, pe_op(&self->dev, VFIO_EEH_PE_GET_STATE));
	}
	EXPECT_TRUE(still_usable(&self->dev));
}
