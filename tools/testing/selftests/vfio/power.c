// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, _ENTRY_WITH_WAKEUP and _EXIT: runtime power
 * management at the user's wish.
 */
#include <sys/mman.h>

#include "lib/fixture.h"

DEVICE_FIXTURE(any, HAS_RUNTIME_PM);
DEVICE_FIXTURE(paged, HAS_RUNTIME_PM | HAS_PAGE_BAR);

#define SET VFIO_DEVICE_FEATURE_SET
#define GET VFIO_DEVICE_FEATURE_GET
#define PROBE VFIO_DEVICE_FEATURE_PROBE
#define ENTRY VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY
#define ENTRY_WITH_WAKEUP VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP
#define EXIT VFIO_DEVICE_FEATURE_LOW_POWER_EXIT

static int enter(const struct vdev *v)
{
	return vdev_feature(v, SET | ENTRY, NULL, 0);
}

static int enter_with_wakeup(const struct vdev *v, int fd)
{
	struct vfio_device_low_power_entry_with_wakeup entry = { .wakeup_eventfd = fd };

	return vdev_feature(v, SET | ENTRY_WITH_WAKEUP, &entry, sizeof(entry));
}

static int leave(const struct vdev *v)
{
	return vdev_feature(v, SET | EXIT, NULL, 0);
}

static bool is_suspended(void *arg)
{
	const struct vdev *v = arg;
	char status[32] = "";

	pci_attr_read(v->bdf, "power/runtime_status", status, sizeof(status));
	return !strcmp(status, "suspended");
}

static bool is_active(void *arg)
{
	const struct vdev *v = arg;
	char status[32] = "";

	pci_attr_read(v->bdf, "power/runtime_status", status, sizeof(status));
	return !strcmp(status, "active");
}

TEST_F(any, entry_suspends_and_exit_resumes)
{
	ASSERT_TRUE(is_active(&self->dev));
	ASSERT_EQ(0, enter(&self->dev));
	EXPECT_TRUE(wait_until(is_suspended, &self->dev, PATIENCE_MS));
	ASSERT_EQ(0, leave(&self->dev));
	EXPECT_TRUE(is_active(&self->dev));
	EXPECT_TRUE(still_usable(&self->dev));
}

TEST_F(any, access_wakes_and_the_device_sleeps_again_afterwards)
{
	ASSERT_EQ(0, enter(&self->dev));
	ASSERT_TRUE(wait_until(is_suspended, &self->dev, PATIENCE_MS));
	EXPECT_TRUE(still_usable(&self->dev));
	EXPECT_TRUE(wait_until(is_suspended, &self->dev, PATIENCE_MS));
	EXPECT_EQ(0, leave(&self->dev));
}

TEST_F(any, a_second_entry_is_refused)
{
	ASSERT_EQ(0, enter(&self->dev));
	EXPECT_EQ(-EINVAL, enter(&self->dev));
	EXPECT_EQ(0, leave(&self->dev));
	EXPECT_EQ(0, enter(&self->dev));
	EXPECT_EQ(0, leave(&self->dev));
}

TEST_F(any, exit_without_entry_is_no_error)
{
	EXPECT_EQ(0, leave(&self->dev));
	EXPECT_EQ(0, leave(&self->dev));
	EXPECT_TRUE(is_active(&self->dev));
}

TEST_F(any, wakeup_signals_the_eventfd_and_ends_low_power)
{
	int fd = event_new();

	ASSERT_EQ(0, enter_with_wakeup(&self->dev, fd));
	ASSERT_TRUE(wait_until(is_suspended, &self->dev, PATIENCE_MS));
	EXPECT_EQ(0, event_wait(fd, 0));
	EXPECT_TRUE(still_usable(&self->dev));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	EXPECT_FALSE(wait_until(is_suspended, &self->dev, QUIET_MS));
	EXPECT_EQ(0, enter_with_wakeup(&self->dev, fd));
	EXPECT_EQ(0, leave(&self->dev));
}

TEST_F(any, the_wakeup_descriptor_must_be_an_eventfd)
{
	EXPECT_EQ(-EINVAL, enter_with_wakeup(&self->dev, -1));
	EXPECT_EQ(-EINVAL, enter_with_wakeup(&self->dev, self->dev.fd));
	EXPECT_EQ(-EBADF, enter_with_wakeup(&self->dev, 9999));
	EXPECT_TRUE(is_active(&self->dev));
	EXPECT_EQ(0, enter(&self->dev));
	EXPECT_EQ(0, leave(&self->dev));
}

TEST_F(any, entry_and_exit_can_only_be_set)
{
	static const __u32 numbers[] = { ENTRY, ENTRY_WITH_WAKEUP, EXIT };
	__u64 data = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		EXPECT_EQ(0, vdev_feature(&self->dev, PROBE | SET | numbers[i], NULL, 0));
		EXPECT_EQ(0, vdev_feature(&self->dev, PROBE | numbers[i], NULL, 0));
		EXPECT_EQ(-EINVAL, vdev_feature(&self->dev, PROBE | GET | numbers[i], NULL, 0));
		EXPECT_EQ(-EINVAL, vdev_feature(&self->dev, GET | numbers[i], &data, 8));
		EXPECT_EQ(-EINVAL, vdev_feature(&self->dev, numbers[i], &data, 8));
	}
	EXPECT_EQ(-EINVAL, vdev_feature(&self->dev, SET | ENTRY_WITH_WAKEUP, &data, 4));
	EXPECT_TRUE(is_active(&self->dev));
}

TEST_F(paged, a_map_faults_until_exit)
{
	__u32 *reg = map_register(&self->dev), value;

	ASSERT_NE(NULL, reg);
	ASSERT_TRUE(touch_read32(reg, &value));
	ASSERT_EQ(0, enter(&self->dev));
	EXPECT_FALSE(touch_read32(reg, &value));
	ASSERT_EQ(0, leave(&self->dev));
	EXPECT_TRUE(touch_read32(reg, &value));
}

TEST_F(any, a_file_closed_in_low_power_leaves_a_device_that_wakes)
{
	struct vdev second;

	ASSERT_EQ(0, held_device(&second));
	ASSERT_EQ(0, enter(&second));
	vdev_close(&second);
	EXPECT_TRUE(still_usable(&self->dev));
	EXPECT_EQ(0, leave(&self->dev));
	EXPECT_TRUE(is_active(&self->dev));
}
