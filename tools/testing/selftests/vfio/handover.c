// SPDX-License-Identifier: GPL-2.0-only
/*
 * From one user to the next: nothing that one did to a function, or that happened to it while
 * nobody had it open, is there for the next.
 *
 * The host stands in for whatever may have happened: it writes to the function's registers past
 * the driver. Where that goes together with something that a driver can notice, it has to be gone
 * when the next user opens the function.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "lib/aer.h"
#include "lib/fixture.h"
#include "lib/sriov.h"

#define USERS	4

/* Registers that a reset clears, and a reset that can be had again and again. */
FRESH_FIXTURE(witness, HAS_WITNESS | HAS_FLR);
FRESH_FIXTURE(sleeper, HAS_WITNESS | HAS_FLR | HAS_PM | HAS_RUNTIME_PM | IS_PF);
/* ... and which the host reaches past the driver. */
FRESH_FIXTURE(host, HAS_WITNESS | HAS_FLR | HAS_HOST_MAP);
FRESH_FIXTURE(faulty, HAS_WITNESS | HAS_FLR | HAS_HOST_MAP | HAS_AER | HAS_PORT | IS_PF);
FRESH_FIXTURE(asleep, HAS_WITNESS | HAS_FLR | HAS_HOST_MAP | HAS_SLEEP | IS_NVME);
FRESH_FIXTURE(peer, HAS_WITNESS | HAS_FLR | HAS_HOST_MAP | HAS_PEER | HAS_BUS_RESET);

FIXTURE(pf) {
	struct vdev dev;
};

FIXTURE_SETUP(pf)
{
	exclude_others();
	ASSERT_EQ(0, sriov_allow(true));
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
}

FIXTURE_TEARDOWN(pf)
{
	vdev_close(&self->dev);
	sriov_set(test_bdf(), 0);
	sriov_allow(false);
}

DECLARE_FIXTURE(pf, HAS_WITNESS | HAS_FLR | HAS_HOST_MAP | HAS_SRIOV, false);

static __u32 look(const struct vdev *v)
{
	const struct scratch *w = witness_of(v->bdf);

	return vdev_get(v, w->bar, w->offset, w->width) & w->mask;
}

static int leave_mark(const struct vdev *v)
{
	const struct scratch *w = witness_of(v->bdf);

	return vdev_put(v, w->bar, w->offset, w->width, w->value);
}

/* Writes the mark from the host's side, the function being closed. 0 or -errno. */
static int host_leaves_mark(const char *bdf)
{
	const struct scratch *w = witness_of(bdf);
	const size_t page = sysconf(_SC_PAGESIZE);
	__u32 command = phys_get(bdf, PCI_COMMAND, 2);
	char path[96], *map;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource%d", bdf, w->bar);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	pci_attr_write(bdf, "power/control", "on");
	phys_put(bdf, PCI_COMMAND, 2, command | PCI_COMMAND_MEMORY);

	map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return -errno;
	if (w->width == 1)
		__atomic_store_n((__u8 *)(map + w->offset), w->value, __ATOMIC_RELAXED);
	else
		__atomic_store_n((__u32 *)(map + w->offset), w->value, __ATOMIC_RELAXED);
	munmap(map, page);

	phys_put(bdf, PCI_COMMAND, 2, command);
	return pci_attr_write(bdf, "power/control", "auto");
}

TEST_F(witness, each_of_many_users_finds_it_as_the_first_did)
{
	__u32 fresh = look(&self->dev);
	int user;

	ASSERT_NE(witness_of(test_bdf())->value, fresh);
	for (user = 0; user < USERS; user++) {
		ASSERT_EQ(0, leave_mark(&self->dev));
		ASSERT_NE(fresh, look(&self->dev));
		vdev_close(&self->dev);
		ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
		EXPECT_EQ(fresh, look(&self->dev));
	}
}

TEST_F(witness, a_user_who_does_nothing_changes_nothing_for_the_next)
{
	__u32 fresh = look(&self->dev);
	unsigned char before[64], after[64];
	int user, i;

	for (i = 0; i < 64; i++)
		before[i] = phys_get(test_bdf(), i, 1);
	for (user = 0; user < USERS; user++) {
		vdev_close(&self->dev);
		ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
	}
	for (i = 0; i < 64; i++)
		after[i] = phys_get(test_bdf(), i, 1);
	EXPECT_EQ(0, memcmp(before, after, sizeof(before)));
	EXPECT_EQ(fresh, look(&self->dev));
}

static bool is_suspended(void *arg)
{
	char status[32] = "";

	pci_attr_read(arg, "power/runtime_status", status, sizeof(status));
	return !strcmp(status, "suspended");
}

TEST_F(sleeper, what_a_user_left_in_d3hot_is_reset_after_a_sleep)
{
	__u32 at = cfg_find_cap(&self->dev, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	__u32 fresh = look(&self->dev);

	ASSERT_EQ(0, leave_mark(&self->dev));
	ASSERT_EQ(0, cfg_put(&self->dev, at, 2, 3));
	vdev_close(&self->dev);
	EXPECT_TRUE(wait_until(is_suspended, (void *)test_bdf(), PATIENCE_MS));
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
	EXPECT_EQ(fresh, look(&self->dev));
}

TEST_F(host, a_reset_that_failed_at_close_is_made_up_for)
{
	__u32 fresh = look(&self->dev);

	ASSERT_EQ(0, leave_mark(&self->dev));
	/* No way to reset the function alone: whatever else close does, it is not to be trusted. */
	ASSERT_EQ(0, pci_attr_write(test_bdf(), "reset_method", "\n"));
	vdev_close(&self->dev);
	ASSERT_EQ(0, pci_attr_write(test_bdf(), "reset_method", "default"));

	ASSERT_EQ(0, host_leaves_mark(test_bdf()));
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
	EXPECT_EQ(fresh, look(&self->dev));
}

TEST_F(host, what_happened_while_it_had_no_driver_is_gone)
{
	__u32 fresh = look(&self->dev);

	/* Who adds an ID elsewhere would have it bound again. */
	exclude_others();
	vdev_close(&self->dev);
	ASSERT_EQ(0, pci_unbind(test_bdf()));
	EXPECT_EQ(0, host_leaves_mark(test_bdf()));
	ASSERT_EQ(0, pci_bind(test_bdf(), "vfio-pci"));
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
	EXPECT_EQ(fresh, look(&self->dev));
}

TEST_F(pf, what_happened_while_it_had_vfs_is_gone)
{
	__u32 fresh = look(&self->dev);

	vdev_close(&self->dev);
	ASSERT_EQ(0, sriov_set(test_bdf(), 1));
	ASSERT_EQ(0, sriov_set(test_bdf(), 0));
	ASSERT_EQ(0, host_leaves_mark(test_bdf()));
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
	EXPECT_EQ(fresh, look(&self->dev));
}

/* The user of @v resets the bus; the group of a function that is closed is the user's, too. */
static int hot_reset(const struct vdev *v, int group)
{
	struct {
		struct vfio_pci_hot_reset header;
		int groups[2];
	} reset = {
		.header = { .argsz = sizeof(reset), .count = group == v->group ? 1 : 2 },
		.groups = { v->group, group },
	};

	return vdev_ioctl(v, VFIO_DEVICE_PCI_HOT_RESET, &reset);
}

TEST_F(peer, what_came_with_a_hot_reset_by_another_is_gone)
{
	__u32 fresh = look(&self->dev);
	char peer[16];
	struct vdev other;

	ASSERT_TRUE(peer_of(test_bdf(), peer, sizeof(peer)));
	ASSERT_EQ(0, vdev_join(&other, &self->dev, peer));
	close(self->dev.fd);
	ASSERT_EQ(0, hot_reset(&other, self->dev.group));
	ASSERT_EQ(0, host_leaves_mark(test_bdf()));

	self->dev.fd = ioctl(self->dev.group, VFIO_GROUP_GET_DEVICE_FD, test_bdf());
	ASSERT_LE(0, self->dev.fd);
	EXPECT_EQ(fresh, look(&self->dev));
	vdev_close(&other);
}

TEST_F(faulty, what_came_with_an_error_while_it_was_closed_is_gone)
{
	__u32 fresh = look(&self->dev);

	vdev_close(&self->dev);
	/* One at a time: the log does not say whose error it is that was dealt with. */
	exclude_others();
	ASSERT_EQ(0, aer_inject_and_recover(test_bdf(), PCI_ERR_UNC_COMP_TIME));
	ASSERT_EQ(0, host_leaves_mark(test_bdf()));
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
	EXPECT_EQ(fresh, look(&self->dev));
}

/*
 * As far as freezing all processes, which wake up a second later. One that cannot be frozen ends it
 * early, as it does on the way to a true sleep, of which drivers have been told by then.
 */
static int almost_sleep(void)
{
	int ret = file_write("/sys/power/pm_test", "freezer");

	if (ret)
		return ret;
	file_write("/sys/module/suspend/parameters/pm_test_delay", "1");
	ret = file_write("/sys/power/state", "freeze");
	file_write("/sys/power/pm_test", "none");
	return ret == -EBUSY ? 0 : ret;
}

TEST_F(asleep, what_came_with_a_sleep_of_the_system_is_gone)
{
	__u32 fresh = look(&self->dev);

	vdev_close(&self->dev);
	ASSERT_EQ(0, almost_sleep());
	ASSERT_EQ(0, host_leaves_mark(test_bdf()));
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
	EXPECT_EQ(fresh, look(&self->dev));
}
