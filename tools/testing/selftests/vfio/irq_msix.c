// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_PCI_MSIX_IRQ_INDEX: vectors at once, one by one, with holes, added while
 * enabled. Loop-back shows which eventfd sits on which vector.
 */
#include "lib/fixture.h"

#define MSIX VFIO_PCI_MSIX_IRQ_INDEX
#define VECTORS_MAX 256

DEVICE_FIXTURE(msix, HAS_MSIX);
DEVICE_FIXTURE(many, HAS_MANY_MSIX);
DEVICE_FIXTURE(growing, HAS_MSIX | HAS_GROWING_MSIX);
DEVICE_FIXTURE(gated, HAS_MSIX | IS_PF);

static __u32 vectors(const struct vdev *v)
{
	struct vfio_irq_info info;

	return vdev_irq_info(v, MSIX, &info) ? 0 : info.count;
}

static void events(int *fds, __u32 count)
{
	__u32 i;

	for (i = 0; i < count; i++)
		fds[i] = event_new();
}

/* How many of the eventfds were signalled exactly once. */
static __u32 signalled(const int *fds, __u32 count)
{
	__u32 i, n = 0;

	for (i = 0; i < count; i++)
		n += fds[i] >= 0 && event_wait(fds[i], 0) == 1;
	return n;
}

TEST_F(msix, all_vectors_at_once_each_reach_their_own_eventfd)
{
	int fds[VECTORS_MAX], fewer;
	__u32 n = vectors(&self->dev), i;

	ASSERT_LT(0, n);
	ASSERT_GE(VECTORS_MAX, n);
	events(fds, n);
	fewer = vdev_arm(&self->dev, MSIX, 0, n, fds);
	/* A platform may have fewer to give, and says how many. */
	if (fewer > 0 && fewer < (int)n) {
		n = fewer;
		fewer = vdev_arm(&self->dev, MSIX, 0, n, fds);
	}
	ASSERT_EQ(0, fewer);
	ASSERT_EQ(0, vdev_loopback(&self->dev, MSIX, 0, n));
	EXPECT_EQ(n, signalled(fds, n));
	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, vdev_loopback(&self->dev, MSIX, i, 1));
		EXPECT_EQ(1, event_wait(fds[i], PATIENCE_MS)) TH_LOG("vector %u", i);
	}
	EXPECT_EQ(0, signalled(fds, n));
	EXPECT_EQ(0, vdev_disarm(&self->dev, MSIX));
}

TEST_F(growing, vectors_can_be_added_one_by_one)
{
	int fds[VECTORS_MAX];
	__u32 n = vectors(&self->dev), i;

	events(fds, n);
	for (i = 0; i < n; i++)
		ASSERT_EQ(0, vdev_arm(&self->dev, MSIX, i, 1, &fds[i])) TH_LOG("vector %u", i);
	ASSERT_EQ(0, vdev_loopback(&self->dev, MSIX, 0, n));
	EXPECT_EQ(n, signalled(fds, n));
}

TEST_F(growing, adding_vectors_does_not_disturb_the_armed_ones)
{
	int first = event_new(), last = event_new();
	__u32 n = vectors(&self->dev);

	ASSERT_EQ(0, vdev_arm(&self->dev, MSIX, 0, 1, &first));
	if (n > 1)
		ASSERT_EQ(0, vdev_arm(&self->dev, MSIX, n - 1, 1, &last));
	ASSERT_EQ(0, vdev_loopback(&self->dev, MSIX, 0, 1));
	EXPECT_EQ(1, event_wait(first, PATIENCE_MS));
	EXPECT_EQ(0, event_wait(last, 0));
}

TEST_F(many, holes_stay_silent_and_can_be_filled_and_emptied)
{
	int fds[16], none[16];
	__u32 i;

	events(fds, 16);
	memset(none, 0xff, sizeof(none));
	for (i = 1; i < 16; i += 2) {
		close(fds[i]);
		fds[i] = -1;
	}
	ASSERT_EQ(0, vdev_arm(&self->dev, MSIX, 0, 16, fds));
	ASSERT_EQ(0, vdev_loopback(&self->dev, MSIX, 0, 16));
	EXPECT_EQ(8, signalled(fds, 16));

	fds[5] = event_new();
	ASSERT_EQ(0, vdev_arm(&self->dev, MSIX, 5, 1, &fds[5]));
	ASSERT_EQ(0, vdev_arm(&self->dev, MSIX, 0, 2, none));
	ASSERT_EQ(0, vdev_loopback(&self->dev, MSIX, 0, 16));
	EXPECT_EQ(8, signalled(fds, 16));
	EXPECT_EQ(0, event_wait(fds[0], 0));
}

TEST_F(many, enabling_can_begin_in_the_middle)
{
	int fds[4];

	events(fds, 4);
	ASSERT_EQ(0, vdev_arm(&self->dev, MSIX, 7, 4, fds));
	ASSERT_EQ(0, vdev_loopback(&self->dev, MSIX, 0, 16));
	EXPECT_EQ(4, signalled(fds, 4));
}

TEST_F(many, booleans_choose_the_vectors)
{
	__u8 chosen[8] = { 1, 0, 0, 1, 1, 0, 0, 1 };
	int fds[8], i;

	events(fds, 8);
	ASSERT_EQ(0, vdev_arm(&self->dev, MSIX, 0, 8, fds));
	ASSERT_EQ(0, vdev_set_irqs(&self->dev, VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER,
				   MSIX, 0, 8, chosen, sizeof(chosen)));
	for (i = 0; i < 8; i++)
		EXPECT_EQ(chosen[i], event_wait(fds[i], 0)) TH_LOG("vector %d", i);
}

TEST_F(many, one_bad_eventfd_undoes_the_whole_call)
{
	int fds[8];

	events(fds, 8);
	fds[6] = self->dev.fd;
	EXPECT_EQ(-EINVAL, vdev_arm(&self->dev, MSIX, 0, 8, fds));
	EXPECT_EQ(-EINVAL, vdev_loopback(&self->dev, MSIX, 0, 1));
	fds[6] = 9999;
	EXPECT_EQ(-EBADF, vdev_arm(&self->dev, MSIX, 0, 8, fds));
	fds[6] = event_new();
	EXPECT_EQ(0, vdev_arm(&self->dev, MSIX, 0, 8, fds));
}

TEST_F(many, one_bad_eventfd_among_armed_vectors_leaves_the_others)
{
	int fds[8], bad[2];

	events(fds, 8);
	ASSERT_EQ(0, vdev_arm(&self->dev, MSIX, 0, 8, fds));
	bad[0] = event_new();
	bad[1] = self->dev.fd;
	EXPECT_EQ(-EINVAL, vdev_arm(&self->dev, MSIX, 2, 2, bad));
	ASSERT_EQ(0, vdev_loopback(&self->dev, MSIX, 0, 8));
	EXPECT_EQ(6, signalled(fds, 8));
}

TEST_F(msix, the_capability_shows_it_enabled)
{
	__u32 at = cfg_find_cap(&self->dev, PCI_CAP_ID_MSIX) + PCI_MSIX_FLAGS;
	int fd = event_new();

	EXPECT_EQ(0, cfg_get(&self->dev, at, 2) & PCI_MSIX_FLAGS_ENABLE);
	ASSERT_EQ(0, vdev_arm(&self->dev, MSIX, 0, 1, &fd));
	EXPECT_TRUE(cfg_get(&self->dev, at, 2) & PCI_MSIX_FLAGS_ENABLE);
	ASSERT_EQ(0, vdev_disarm(&self->dev, MSIX));
	EXPECT_EQ(0, cfg_get(&self->dev, at, 2) & PCI_MSIX_FLAGS_ENABLE);
}

TEST_F(msix, enabling_and_disabling_can_be_repeated)
{
	int fd = event_new(), round;

	for (round = 0; round < 5; round++) {
		ASSERT_EQ(0, vdev_arm(&self->dev, MSIX, 0, 1, &fd));
		ASSERT_EQ(0, vdev_loopback(&self->dev, MSIX, 0, 1));
		ASSERT_EQ(1, event_wait(fd, PATIENCE_MS));
		ASSERT_EQ(0, vdev_disarm(&self->dev, MSIX));
	}
}

TEST_F(gated, arming_works_while_memory_is_disabled)
{
	int fd = event_new();

	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MEMORY, 0));
	ASSERT_EQ(0, vdev_arm(&self->dev, MSIX, 0, 1, &fd));
	ASSERT_EQ(0, vdev_loopback(&self->dev, MSIX, 0, 1));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	EXPECT_FALSE(phys_get(self->dev.bdf, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
	EXPECT_EQ(0, vdev_disarm(&self->dev, MSIX));
}

TEST_F(msix, other_types_are_refused_while_it_is_active)
{
	int fd = event_new();

	ASSERT_EQ(0, vdev_arm(&self->dev, MSIX, 0, 1, &fd));
	EXPECT_EQ(-EINVAL, vdev_arm(&self->dev, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, &fd));
	EXPECT_EQ(-EINVAL, vdev_arm(&self->dev, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, &fd));
	EXPECT_EQ(0, vdev_loopback(&self->dev, MSIX, 0, 1));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
}

TEST_F(msix, the_range_must_lie_within_the_vectors)
{
	int fds[VECTORS_MAX + 1];
	__u32 n = vectors(&self->dev);

	memset(fds, 0xff, sizeof(fds));
	EXPECT_EQ(-EINVAL, vdev_arm(&self->dev, MSIX, 0, n + 1, fds));
	EXPECT_EQ(-EINVAL, vdev_arm(&self->dev, MSIX, n, 1, fds));
	EXPECT_EQ(-EINVAL, vdev_set_irqs(&self->dev, VFIO_IRQ_SET_DATA_NONE |
					 VFIO_IRQ_SET_ACTION_TRIGGER, MSIX, 1, ~0U, NULL, 0));
	EXPECT_EQ(-EINVAL, vdev_set_irqs(&self->dev, VFIO_IRQ_SET_DATA_NONE |
					 VFIO_IRQ_SET_ACTION_TRIGGER, MSIX, ~0U, 1, NULL, 0));
}
