// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_PCI_INTX_IRQ_INDEX: the level-triggered line. It is masked when it fires,
 * and unmasked by ioctl, by eventfd or through the command register. edu raises it
 * for real; elsewhere loop-back shows that the path is armed.
 */
#include "lib/edu.h"
#include "lib/fixture.h"

DEVICE_FIXTURE(line, HAS_INTX);
DEVICE_FIXTURE(edu, HAS_INTX | IS_EDU);
DEVICE_FIXTURE(vf, IS_VF);

#define INTX VFIO_PCI_INTX_IRQ_INDEX
#define MASK VFIO_IRQ_SET_ACTION_MASK
#define UNMASK VFIO_IRQ_SET_ACTION_UNMASK
#define TRIGGER VFIO_IRQ_SET_ACTION_TRIGGER
#define BOOL VFIO_IRQ_SET_DATA_BOOL

TEST_F(line, loopback_signals_the_eventfd)
{
	int fd = event_new();

	ASSERT_EQ(0, vdev_arm(&self->dev, INTX, 0, 1, &fd));
	EXPECT_EQ(0, vdev_loopback(&self->dev, INTX, 0, 1));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	EXPECT_EQ(0, vdev_disarm(&self->dev, INTX));
	EXPECT_EQ(-EINVAL, vdev_loopback(&self->dev, INTX, 0, 1));
	EXPECT_EQ(0, event_wait(fd, 0));
}

TEST_F(line, boolean_loopback_signals_only_when_true)
{
	int fd = event_new();
	__u8 no = 0, yes = 1;

	ASSERT_EQ(0, vdev_arm(&self->dev, INTX, 0, 1, &fd));
	EXPECT_EQ(0, vdev_set_irqs(&self->dev, BOOL | TRIGGER, INTX, 0, 1,
				   &no, 1));
	EXPECT_EQ(0, event_wait(fd, 0));
	EXPECT_EQ(0, vdev_set_irqs(&self->dev, BOOL | TRIGGER, INTX, 0, 1,
				   &yes, 1));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
}

TEST_F(line, arming_again_replaces_the_eventfd)
{
	int first = event_new(), second = event_new();

	ASSERT_EQ(0, vdev_arm(&self->dev, INTX, 0, 1, &first));
	ASSERT_EQ(0, vdev_arm(&self->dev, INTX, 0, 1, &second));
	ASSERT_EQ(0, vdev_loopback(&self->dev, INTX, 0, 1));
	EXPECT_EQ(0, event_wait(first, 0));
	EXPECT_EQ(1, event_wait(second, PATIENCE_MS));
}

TEST_F(line, minus_one_keeps_the_line_without_a_receiver)
{
	int fd = event_new(), none = -1;

	ASSERT_EQ(0, vdev_arm(&self->dev, INTX, 0, 1, &fd));
	ASSERT_EQ(0, vdev_arm(&self->dev, INTX, 0, 1, &none));
	EXPECT_EQ(0, vdev_loopback(&self->dev, INTX, 0, 1));
	EXPECT_EQ(0, event_wait(fd, 0));
	EXPECT_EQ(0, vdev_disarm(&self->dev, INTX));
}

TEST_F(line, other_types_are_refused_while_it_is_active)
{
	int fd = event_new();

	ASSERT_EQ(0, vdev_arm(&self->dev, INTX, 0, 1, &fd));
	if (traits_of(self->dev.bdf) & HAS_MSI)
		EXPECT_EQ(-EINVAL, vdev_arm(&self->dev, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, &fd));
	if (traits_of(self->dev.bdf) & HAS_MSIX)
		EXPECT_EQ(-EINVAL, vdev_arm(&self->dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &fd));
	EXPECT_EQ(0, vdev_loopback(&self->dev, INTX, 0, 1));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
}

TEST_F(line, masking_by_eventfd_is_not_offered)
{
	int fd = event_new();

	ASSERT_EQ(0, vdev_arm(&self->dev, INTX, 0, 1, &fd));
	EXPECT_EQ(-ENOTTY, vdev_set_irqs(&self->dev, VFIO_IRQ_SET_DATA_EVENTFD | MASK, INTX, 0, 1,
					 &fd, sizeof(fd)));
}

TEST_F(line, masking_needs_the_line_to_be_armed)
{
	EXPECT_EQ(-EINVAL, vdev_intx_action(&self->dev, MASK));
	EXPECT_EQ(-EINVAL, vdev_intx_action(&self->dev, UNMASK));
	EXPECT_EQ(-EINVAL, vdev_disarm(&self->dev, INTX));
}

TEST_F(line, a_second_unmask_eventfd_is_busy_until_the_first_is_gone)
{
	int fd = event_new(), unmask = event_new(), none = -1;
	const __u32 flags = VFIO_IRQ_SET_DATA_EVENTFD | UNMASK;

	ASSERT_EQ(0, vdev_arm(&self->dev, INTX, 0, 1, &fd));
	ASSERT_EQ(0, vdev_set_irqs(&self->dev, flags, INTX, 0, 1, &unmask, 4));
	EXPECT_EQ(-EBUSY, vdev_set_irqs(&self->dev, flags, INTX, 0, 1, &unmask, 4));
	EXPECT_EQ(0, vdev_set_irqs(&self->dev, flags, INTX, 0, 1, &none, 4));
	EXPECT_EQ(0, vdev_set_irqs(&self->dev, flags, INTX, 0, 1, &unmask, 4));
	EXPECT_EQ(-EINVAL, vdev_set_irqs(&self->dev, flags, INTX, 0, 1, &self->dev.fd, 4));
}

/* Without PCI 2.3 masking the kernel masks at the interrupt controller. */
static bool masks_at_the_device(void)
{
	char value[8] = "";

	file_read("/sys/module/vfio_pci/parameters/nointxmask", value, sizeof(value));
	return *value == 'N';
}

TEST_F(edu, a_raised_line_signals_once_and_is_masked)
{
	int fd = event_new();

	ASSERT_EQ(0, vdev_arm(&self->dev, INTX, 0, 1, &fd));
	ASSERT_EQ(0, edu_raise(&self->dev, 1));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	EXPECT_EQ(1, vdev_get(&self->dev, EDU_BAR, EDU_IRQ_STATUS, 4));
	EXPECT_EQ(masks_at_the_device(),
		  !!(phys_get(self->dev.bdf, PCI_COMMAND, 2) & PCI_COMMAND_INTX_DISABLE));
	EXPECT_FALSE(cfg_get(&self->dev, PCI_COMMAND, 2) & PCI_COMMAND_INTX_DISABLE);
	EXPECT_EQ(0, event_wait(fd, QUIET_MS));
	EXPECT_EQ(0, edu_ack(&self->dev, ~0U));
}

TEST_F(edu, unmasking_a_line_still_raised_signals_again)
{
	int fd = event_new();

	ASSERT_EQ(0, vdev_arm(&self->dev, INTX, 0, 1, &fd));
	ASSERT_EQ(0, edu_raise(&self->dev, 1));
	ASSERT_EQ(1, event_wait(fd, PATIENCE_MS));
	ASSERT_EQ(0, vdev_intx_action(&self->dev, UNMASK));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	EXPECT_EQ(0, edu_ack(&self->dev, ~0U));
	EXPECT_EQ(0, vdev_intx_action(&self->dev, UNMASK));
	EXPECT_EQ(0, event_wait(fd, QUIET_MS));
}

TEST_F(edu, after_acknowledge_and_unmask_the_next_one_arrives)
{
	int fd = event_new(), round;

	ASSERT_EQ(0, vdev_arm(&self->dev, INTX, 0, 1, &fd));
	for (round = 0; round < 20; round++) {
		ASSERT_EQ(0, edu_raise(&self->dev, 1 + round));
		ASSERT_EQ(1, event_wait(fd, PATIENCE_MS)) TH_LOG("round %d", round);
		ASSERT_EQ(0, edu_ack(&self->dev, ~0U));
		ASSERT_EQ(0, vdev_intx_action(&self->dev, UNMASK));
	}
}

TEST_F(edu, a_masked_line_is_silent_until_unmasked)
{
	int fd = event_new();

	ASSERT_EQ(0, vdev_arm(&self->dev, INTX, 0, 1, &fd));
	ASSERT_EQ(0, vdev_intx_action(&self->dev, MASK));
	ASSERT_EQ(0, edu_raise(&self->dev, 1));
	EXPECT_EQ(0, event_wait(fd, QUIET_MS));
	ASSERT_EQ(0, vdev_intx_action(&self->dev, UNMASK));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	EXPECT_EQ(0, edu_ack(&self->dev, ~0U));
}

TEST_F(edu, booleans_mask_and_unmask_only_when_true)
{
	int fd = event_new();
	__u8 no = 0, yes = 1;

	ASSERT_EQ(0, vdev_arm(&self->dev, INTX, 0, 1, &fd));
	ASSERT_EQ(0, vdev_set_irqs(&self->dev, BOOL | MASK, INTX, 0, 1, &yes, 1));
	ASSERT_EQ(0, edu_raise(&self->dev, 1));
	ASSERT_EQ(0, vdev_set_irqs(&self->dev, BOOL | UNMASK, INTX, 0, 1, &no, 1));
	EXPECT_EQ(0, event_wait(fd, QUIET_MS));
	ASSERT_EQ(0, vdev_set_irqs(&self->dev, BOOL | UNMASK, INTX, 0, 1, &yes, 1));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	EXPECT_EQ(0, edu_ack(&self->dev, ~0U));
}

TEST_F(edu, an_eventfd_unmasks)
{
	int fd = event_new(), unmask = event_new();

	ASSERT_EQ(0, vdev_arm(&self->dev, INTX, 0, 1, &fd));
	ASSERT_EQ(0, vdev_set_irqs(&self->dev, VFIO_IRQ_SET_DATA_EVENTFD | UNMASK, INTX, 0, 1,
				   &unmask, sizeof(unmask)));
	ASSERT_EQ(0, edu_raise(&self->dev, 1));
	ASSERT_EQ(1, event_wait(fd, PATIENCE_MS));
	event_send(unmask);
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	ASSERT_EQ(0, edu_ack(&self->dev, ~0U));
	event_send(unmask);
	EXPECT_EQ(0, event_wait(fd, QUIET_MS));
	ASSERT_EQ(0, edu_raise(&self->dev, 2));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	EXPECT_EQ(0, edu_ack(&self->dev, ~0U));
}

TEST_F(edu, interrupt_disable_of_the_command_register_silences)
{
	int fd = event_new();

	ASSERT_EQ(0, vdev_arm(&self->dev, INTX, 0, 1, &fd));
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE,
				  PCI_COMMAND_INTX_DISABLE));
	ASSERT_EQ(0, edu_raise(&self->dev, 1));
	EXPECT_EQ(0, event_wait(fd, QUIET_MS));
	ASSERT_EQ(0, vdev_intx_action(&self->dev, UNMASK));
	EXPECT_EQ(0, event_wait(fd, QUIET_MS));
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE, 0));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	EXPECT_EQ(0, edu_ack(&self->dev, ~0U));
}

TEST_F(edu, interrupt_disable_set_before_arming_holds)
{
	int fd = event_new();

	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE,
				  PCI_COMMAND_INTX_DISABLE));
	ASSERT_EQ(0, vdev_arm(&self->dev, INTX, 0, 1, &fd));
	ASSERT_EQ(0, edu_raise(&self->dev, 1));
	EXPECT_EQ(0, event_wait(fd, QUIET_MS));
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE, 0));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	EXPECT_EQ(0, edu_ack(&self->dev, ~0U));
}

TEST_F(edu, disarming_with_the_line_raised_leaves_a_quiet_host)
{
	int fd = event_new();

	ASSERT_EQ(0, vdev_arm(&self->dev, INTX, 0, 1, &fd));
	ASSERT_EQ(0, edu_raise(&self->dev, 1));
	ASSERT_EQ(1, event_wait(fd, PATIENCE_MS));
	ASSERT_EQ(0, vdev_disarm(&self->dev, INTX));
	EXPECT_EQ(0, event_wait(fd, QUIET_MS));
	EXPECT_EQ(0, edu_ack(&self->dev, ~0U));
	EXPECT_TRUE(still_usable(&self->dev));
}

TEST_F(vf, a_virtual_function_has_no_line)
{
	struct vfio_irq_info info;
	int fd = event_new();

	ASSERT_EQ(0, vdev_irq_info(&self->dev, INTX, &info));
	EXPECT_EQ(0, info.count);
	EXPECT_EQ(-EINVAL, vdev_arm(&self->dev, INTX, 0, 1, &fd));
}
