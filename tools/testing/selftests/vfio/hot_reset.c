// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_GET_PCI_HOT_RESET_INFO and VFIO_DEVICE_PCI_HOT_RESET with groups: the
 * user resets the bus when all functions on it are in groups that he holds.
 */
#include "lib/fixture.h"

#define DEVICES_MAX 64
#define GROUPS_MAX 4

DEVICE_FIXTURE(bus, HAS_BUS_RESET);
DEVICE_FIXTURE(witness, HAS_BUS_RESET | HAS_WITNESS);
DEVICE_FIXTURE(peer, HAS_BUS_RESET | HAS_PEER);
DEVICE_FIXTURE(groups, HAS_BUS_RESET | HAS_PEER_GROUP);

struct info_buffer {
	struct vfio_pci_hot_reset_info info;
	struct vfio_pci_dependent_device devices[DEVICES_MAX];
};

static int ask(const struct vdev *v, struct info_buffer *b, __u32 devices)
{
	memset(b, 0, sizeof(*b));
	b->info.argsz = sizeof(b->info) + devices * sizeof(b->devices[0]);
	return vdev_ioctl(v, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, b);
}

/* Hot reset with @count descriptors; @argsz of 0 means the right one. */
static int hot_reset(const struct vdev *v, const int *fds, __u32 count, __u32 argsz, __u32 flags)
{
	struct {
		struct vfio_pci_hot_reset call;
		__s32 fds[DEVICES_MAX];
	} b = { .call = { .argsz = argsz ? argsz : sizeof(b), .flags = flags, .count = count } };

	memcpy(b.fds, fds, (count < DEVICES_MAX ? count : 0) * sizeof(*fds));
	return vdev_ioctl(v, VFIO_DEVICE_PCI_HOT_RESET, &b);
}

static bool lists(const struct info_buffer *b, const char *bdf)
{
	unsigned int domain, bus, dev, fn;
	__u32 i;

	if (sscanf(bdf, "%x:%x:%x.%x", &domain, &bus, &dev, &fn) != 4)
		return false;
	for (i = 0; i < b->info.count; i++)
		if (b->devices[i].segment == domain && b->devices[i].bus == bus &&
		    b->devices[i].devfn == (dev << 3 | fn))
			return b->devices[i].group_id == (__u32)vdev_group_of(bdf);
	return false;
}

TEST_F(bus, info_without_room_tells_how_many)
{
	struct info_buffer b;
	__u32 count;

	EXPECT_EQ(-ENOSPC, ask(&self->dev, &b, 0));
	count = b.info.count;
	EXPECT_LE(1, count);
	ASSERT_EQ(0, ask(&self->dev, &b, DEVICES_MAX));
	EXPECT_EQ(count, b.info.count);
	EXPECT_EQ(0, b.info.flags);
	EXPECT_EQ(count > 1 ? -ENOSPC : 0, ask(&self->dev, &b, 1));
}

TEST_F(bus, info_lists_the_function_with_its_group)
{
	struct info_buffer b;

	ASSERT_EQ(0, ask(&self->dev, &b, DEVICES_MAX));
	EXPECT_TRUE(lists(&b, self->dev.bdf));
}

TEST_F(peer, info_lists_the_other_function_of_the_bus)
{
	struct info_buffer b;
	char other[16];

	ASSERT_TRUE(peer_of(self->dev.bdf, other, sizeof(other)));
	ASSERT_EQ(0, ask(&self->dev, &b, DEVICES_MAX));
	EXPECT_TRUE(lists(&b, other));
}

TEST_F(bus, bad_calls_are_refused)
{
	int fds[DEVICES_MAX] = { self->dev.group };
	struct info_buffer b;

	ASSERT_EQ(0, ask(&self->dev, &b, DEVICES_MAX));
	EXPECT_EQ(-EINVAL, hot_reset(&self->dev, fds, 0, 0, 0));
	EXPECT_EQ(-EINVAL, hot_reset(&self->dev, fds, 1, 0, 1));
	EXPECT_EQ(-EINVAL, hot_reset(&self->dev, fds, 1, 11, 0));
	EXPECT_EQ(-EINVAL, hot_reset(&self->dev, fds, b.info.count + 1, 0, 0));
	EXPECT_EQ(-EINVAL, hot_reset(&self->dev, fds, ~0U, 0, 0));
	fds[0] = event_new();
	EXPECT_EQ(-EINVAL, hot_reset(&self->dev, fds, 1, 0, 0));
	fds[0] = self->dev.fd;
	EXPECT_EQ(-EINVAL, hot_reset(&self->dev, fds, 1, 0, 0));
	fds[0] = self->dev.container;
	EXPECT_EQ(-EINVAL, hot_reset(&self->dev, fds, 1, 0, 0));
	fds[0] = 9999;
	EXPECT_EQ(-EBADF, hot_reset(&self->dev, fds, 1, 0, 0));
	EXPECT_TRUE(still_usable(&self->dev));
}

/* The groups of everything on the bus, opened where that is not the device's own. */
static __u32 all_groups(const struct vdev *v, struct vdev *other, int *fds)
{
	char peer[16];
	__u32 n = 0;

	other->fd = -1;
	fds[n++] = v->group;
	if (!peer_of(v->bdf, peer, sizeof(peer)) || vdev_group_of(peer) == vdev_group_of(v->bdf))
		return n;
	if (vdev_join(other, v, peer))
		return 0;
	fds[n++] = other->group;
	return n;
}

TEST_F(witness, with_the_right_groups_the_bus_is_reset)
{
	const struct scratch *w = witness_of(self->dev.bdf);
	__u32 fresh = vdev_get(&self->dev, w->bar, w->offset, w->width) & w->mask;
	__u32 bar = phys_get(self->dev.bdf, PCI_BASE_ADDRESS_0, 4), count;
	struct vdev other;
	int fds[GROUPS_MAX];

	count = all_groups(&self->dev, &other, fds);
	ASSERT_NE(0, count);
	ASSERT_EQ(0, vdev_put(&self->dev, w->bar, w->offset, w->width, w->value));
	ASSERT_EQ(0, hot_reset(&self->dev, fds, count, 0, 0));
	EXPECT_EQ(fresh, vdev_get(&self->dev, w->bar, w->offset, w->width) & w->mask);
	EXPECT_EQ(bar, phys_get(self->dev.bdf, PCI_BASE_ADDRESS_0, 4));
	EXPECT_TRUE(still_usable(&self->dev));
}

TEST_F(bus, a_reset_leaves_armed_interrupts_and_maps_working)
{
	__u32 type = traits_of(self->dev.bdf) & HAS_MSIX ? VFIO_PCI_MSIX_IRQ_INDEX :
							   VFIO_PCI_REQ_IRQ_INDEX;
	int fds[GROUPS_MAX], fd = event_new();
	struct vdev other;
	__u32 count = all_groups(&self->dev, &other, fds);

	ASSERT_NE(0, count);
	ASSERT_EQ(0, vdev_arm(&self->dev, type, 0, 1, &fd));
	ASSERT_EQ(0, hot_reset(&self->dev, fds, count, 0, 0));
	ASSERT_EQ(0, vdev_loopback(&self->dev, type, 0, 1));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	EXPECT_EQ(0, vdev_disarm(&self->dev, type));
}

TEST_F(groups, without_the_other_groups_it_is_refused)
{
	int fds[GROUPS_MAX] = { self->dev.group, self->dev.group };

	EXPECT_EQ(-EINVAL, hot_reset(&self->dev, fds, 1, 0, 0));
	EXPECT_EQ(-EINVAL, hot_reset(&self->dev, fds, 2, 0, 0));
	EXPECT_TRUE(still_usable(&self->dev));
}

TEST_F(groups, both_functions_are_reset_and_the_other_works_on)
{
	const struct scratch *w = witness_of(self->dev.bdf);
	struct vdev other;
	int fds[GROUPS_MAX];
	__u32 fresh;

	ASSERT_EQ(2, all_groups(&self->dev, &other, fds));
	fresh = vdev_get(&other, w->bar, w->offset, w->width) & w->mask;
	ASSERT_EQ(0, vdev_put(&other, w->bar, w->offset, w->width, w->value));
	ASSERT_EQ(0, hot_reset(&self->dev, fds, 2, 0, 0));
	EXPECT_EQ(fresh, vdev_get(&other, w->bar, w->offset, w->width) & w->mask);
	EXPECT_TRUE(still_usable(&other));
}
