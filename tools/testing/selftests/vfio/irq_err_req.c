// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_PCI_ERR_IRQ_INDEX and VFIO_PCI_REQ_IRQ_INDEX: one eventfd each, by which
 * the kernel tells the user of an error, and asks for the device back.
 */
#include "lib/aer.h"
#include "lib/fixture.h"

#define TRIGGER VFIO_IRQ_SET_ACTION_TRIGGER

DEVICE_FIXTURE(any, 0);
DEVICE_FIXTURE(express, HAS_PCIE);
DEVICE_FIXTURE(aer, HAS_AER | IS_PF | HAS_PORT);

/* Everything that holds for one such index. */
static const char *check_index(const struct vdev *v, __u32 index)
{
	int fd = event_new(), other = event_new(), none = -1, minus_two = -2;
	__u8 no = 0, yes = 1;

	if (vdev_loopback(v, index, 0, 1) != -EINVAL)
		return "loop-back without an eventfd is refused";
	if (vdev_disarm(v, index) != -EINVAL)
		return "taking down what is not armed is refused";
	if (vdev_arm(v, index, 0, 1, &fd) || vdev_loopback(v, index, 0, 1) ||
	    event_wait(fd, PATIENCE_MS) != 1)
		return "loop-back signals";
	if (vdev_set_irqs(v, VFIO_IRQ_SET_DATA_BOOL | TRIGGER, index, 0, 1, &no, 1) ||
	    event_wait(fd, 0))
		return "a false boolean does not signal";
	if (vdev_set_irqs(v, VFIO_IRQ_SET_DATA_BOOL | TRIGGER, index, 0, 1, &yes, 1) ||
	    event_wait(fd, PATIENCE_MS) != 1)
		return "a true boolean signals";
	if (vdev_arm(v, index, 0, 1, &other) || vdev_loopback(v, index, 0, 1) ||
	    event_wait(fd, 0) || event_wait(other, PATIENCE_MS) != 1)
		return "arming again replaces";
	if (vdev_arm(v, index, 0, 1, &minus_two) != -EINVAL)
		return "-2 is no eventfd";
	if (vdev_arm(v, index, 0, 1, &v->fd) != -EINVAL)
		return "a device is no eventfd";
	if (vdev_loopback(v, index, 0, 1) || event_wait(other, PATIENCE_MS) != 1)
		return "a refused call leaves the armed one";
	if (vdev_arm(v, index, 0, 1, &none) || vdev_loopback(v, index, 0, 1) != -EINVAL)
		return "-1 takes it down";
	if (vdev_arm(v, index, 0, 1, &fd) || vdev_disarm(v, index) ||
	    vdev_loopback(v, index, 0, 1) != -EINVAL)
		return "a count of zero takes it down";
	if (vdev_arm(v, index, 1, 1, &fd) != -EINVAL)
		return "there is only one";
	if (vdev_set_irqs(v, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK, index, 0, 1, NULL,
			  0) != -ENOTTY)
		return "it cannot be masked";
	return "";
}

TEST_F(any, request_eventfd_obeys_its_rules)
{
	EXPECT_STREQ("", check_index(&self->dev, VFIO_PCI_REQ_IRQ_INDEX));
}

TEST_F(express, error_eventfd_obeys_its_rules)
{
	EXPECT_STREQ("", check_index(&self->dev, VFIO_PCI_ERR_IRQ_INDEX));
}

TEST_F(any, they_work_beside_an_active_interrupt)
{
	__u32 type = traits_of(self->dev.bdf) & HAS_MSIX ? VFIO_PCI_MSIX_IRQ_INDEX :
		     traits_of(self->dev.bdf) & HAS_MSI	 ? VFIO_PCI_MSI_IRQ_INDEX :
							   VFIO_PCI_INTX_IRQ_INDEX;
	int fd = event_new(), request = event_new();

	if (traits_of(self->dev.bdf) & (HAS_MSIX | HAS_MSI | HAS_INTX))
		ASSERT_EQ(0, vdev_arm(&self->dev, type, 0, 1, &fd));
	ASSERT_EQ(0, vdev_arm(&self->dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &request));
	ASSERT_EQ(0, vdev_loopback(&self->dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1));
	EXPECT_EQ(1, event_wait(request, PATIENCE_MS));
	EXPECT_EQ(0, event_wait(fd, 0));
}

TEST_F(aer, a_non_fatal_error_signals_the_error_eventfd)
{
	int fd = event_new();

	ASSERT_EQ(0, vdev_arm(&self->dev, VFIO_PCI_ERR_IRQ_INDEX, 0, 1, &fd));
	ASSERT_EQ(0, aer_inject(self->dev.bdf, PCI_ERR_UNC_COMP_TIME));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	EXPECT_TRUE(still_usable(&self->dev));
}
