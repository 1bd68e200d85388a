// SPDX-License-Identifier: GPL-2.0-only
/* VFIO_PCI_MSI_IRQ_INDEX. edu sends a real message; elsewhere loop-back shows the path. */
#include "lib/edu.h"
#include "lib/fixture.h"

#define MSI VFIO_PCI_MSI_IRQ_INDEX

DEVICE_FIXTURE(msi, HAS_MSI);
DEVICE_FIXTURE(edu, HAS_MSI | IS_EDU);
DEVICE_FIXTURE(resettable_edu, HAS_MSI | IS_EDU | HAS_RESET);

static __u32 enabled(const struct vdev *v)
{
	return phys_get(v->bdf, phys_find_cap(v->bdf, PCI_CAP_ID_MSI) + PCI_MSI_FLAGS, 2) &
	       PCI_MSI_FLAGS_ENABLE;
}

TEST_F(msi, arming_enables_it_in_the_device_and_disarming_disables)
{
	int fd = event_new();

	EXPECT_EQ(0, enabled(&self->dev));
	ASSERT_EQ(0, vdev_arm(&self->dev, MSI, 0, 1, &fd));
	EXPECT_NE(0, enabled(&self->dev));
	ASSERT_EQ(0, vdev_disarm(&self->dev, MSI));
	EXPECT_EQ(0, enabled(&self->dev));
}

TEST_F(msi, loopback_signals_by_bool_and_without_data)
{
	int fd = event_new();
	__u8 flags[] = { 0, 1 };

	ASSERT_EQ(0, vdev_arm(&self->dev, MSI, 0, 1, &fd));
	ASSERT_EQ(0, vdev_loopback(&self->dev, MSI, 0, 1));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	ASSERT_EQ(0, vdev_set_irqs(&self->dev, VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER,
				   MSI, 0, 1, &flags[0], 1));
	EXPECT_EQ(0, event_wait(fd, 0));
	ASSERT_EQ(0, vdev_set_irqs(&self->dev, VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER,
				   MSI, 0, 1, &flags[1], 1));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
}

TEST_F(msi, loopback_of_what_is_not_armed_is_refused)
{
	EXPECT_EQ(-EINVAL, vdev_loopback(&self->dev, MSI, 0, 1));
	EXPECT_EQ(-EINVAL, vdev_disarm(&self->dev, MSI));
}

TEST_F(msi, enable_bit_of_the_capability_follows_the_user_once_armed)
{
	__u32 at = cfg_find_cap(&self->dev, PCI_CAP_ID_MSI) + PCI_MSI_FLAGS;
	int fd = event_new();

	ASSERT_EQ(0, vdev_arm(&self->dev, MSI, 0, 1, &fd));
	ASSERT_EQ(0, cfg_update16(&self->dev, at, PCI_MSI_FLAGS_ENABLE, PCI_MSI_FLAGS_ENABLE));
	EXPECT_TRUE(cfg_get(&self->dev, at, 2) & PCI_MSI_FLAGS_ENABLE);
	ASSERT_EQ(0, cfg_update16(&self->dev, at, PCI_MSI_FLAGS_ENABLE, 0));
	EXPECT_EQ(0, enabled(&self->dev));
}

TEST_F(msi, masking_is_not_offered)
{
	int fd = event_new();

	ASSERT_EQ(0, vdev_arm(&self->dev, MSI, 0, 1, &fd));
	EXPECT_EQ(-ENOTTY, vdev_set_irqs(&self->dev, VFIO_IRQ_SET_DATA_NONE |
					 VFIO_IRQ_SET_ACTION_MASK, MSI, 0, 1, NULL, 0));
	EXPECT_EQ(-ENOTTY, vdev_set_irqs(&self->dev, VFIO_IRQ_SET_DATA_NONE |
					 VFIO_IRQ_SET_ACTION_UNMASK, MSI, 0, 1, NULL, 0));
}

TEST_F(msi, the_line_is_refused_while_messages_are_active)
{
	int fd = event_new();

	ASSERT_EQ(0, vdev_arm(&self->dev, MSI, 0, 1, &fd));
	EXPECT_EQ(-EINVAL, vdev_arm(&self->dev, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, &fd));
}

TEST_F(edu, a_message_signals_the_eventfd_each_time)
{
	int fd = event_new(), round;

	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MASTER, PCI_COMMAND_MASTER));
	ASSERT_EQ(0, vdev_arm(&self->dev, MSI, 0, 1, &fd));
	for (round = 0; round < 20; round++) {
		ASSERT_EQ(0, edu_raise(&self->dev, 1));
		ASSERT_EQ(1, event_wait(fd, PATIENCE_MS)) TH_LOG("round %d", round);
		ASSERT_EQ(0, edu_ack(&self->dev, ~0U));
	}
}

TEST_F(edu, a_message_to_a_vector_without_receiver_is_dropped)
{
	int fd = event_new(), none = -1;

	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MASTER, PCI_COMMAND_MASTER));
	ASSERT_EQ(0, vdev_arm(&self->dev, MSI, 0, 1, &fd));
	ASSERT_EQ(0, vdev_arm(&self->dev, MSI, 0, 1, &none));
	ASSERT_EQ(0, edu_raise(&self->dev, 1));
	EXPECT_EQ(0, event_wait(fd, QUIET_MS));
	ASSERT_EQ(0, edu_ack(&self->dev, ~0U));
	ASSERT_EQ(0, vdev_arm(&self->dev, MSI, 0, 1, &fd));
	ASSERT_EQ(0, edu_raise(&self->dev, 1));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
}

TEST_F(resettable_edu, messages_survive_a_function_reset)
{
	int fd = event_new();

	ASSERT_EQ(0, vdev_arm(&self->dev, MSI, 0, 1, &fd));
	ASSERT_EQ(0, vdev_ioctl(&self->dev, VFIO_DEVICE_RESET, NULL));
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MASTER, PCI_COMMAND_MASTER));
	ASSERT_EQ(0, edu_raise(&self->dev, 1));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
}
