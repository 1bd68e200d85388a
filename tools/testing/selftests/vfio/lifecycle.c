// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the first open to the last close: who may open, what closing undoes, and
 * that unbinding, removal and sudden death of the user leave a usable device.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "lib/fixture.h"

FRESH_FIXTURE(opened, 0);
FRESH_FIXTURE(pf, IS_PF | HAS_MEM_BAR);
FRESH_FIXTURE(pm, HAS_PM | IS_PF);
FRESH_FIXTURE(witness, HAS_WITNESS | HAS_FLR);
FRESH_FIXTURE(msix, HAS_MSIX);
FRESH_FIXTURE(paged, HAS_PAGE_BAR);
FRESH_FIXTURE(removable, IS_PF | HAS_RESCAN);
PLAIN_FIXTURE(closed, 0);

#define KILLS 6

TEST_F(pf, a_device_opens_with_memory_on_and_bus_mastering_off)
{
	__u16 command = cfg_get(&self->dev, PCI_COMMAND, 2);

	EXPECT_TRUE(command & PCI_COMMAND_MEMORY);
	EXPECT_FALSE(command & PCI_COMMAND_MASTER);
}

TEST_F(pm, opening_wakes_a_device_left_in_d3hot)
{
	__u32 at = cfg_find_cap(&self->dev, PCI_CAP_ID_PM) + PCI_PM_CTRL;

	ASSERT_EQ(0, cfg_put(&self->dev, at, 2, 3));
	vdev_close(&self->dev);
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
	EXPECT_EQ(0, cfg_get(&self->dev, at, 2) & PCI_PM_CTRL_STATE_MASK);
	EXPECT_TRUE(still_usable(&self->dev));
}

TEST_F(opened, a_group_has_one_opener)
{
	EXPECT_EQ(-EBUSY, vdev_open_group(self->dev.bdf));
	vdev_close(&self->dev);
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
}

TEST_F(closed, a_device_needs_a_container)
{
	int group = vdev_open_group(self->bdf);

	ASSERT_LE(0, group);
	EXPECT_EQ(-1, ioctl(group, VFIO_GROUP_GET_DEVICE_FD, self->bdf));
	EXPECT_EQ(EINVAL, errno);
	close(group);
}

TEST_F(closed, a_name_that_is_not_in_the_group_is_no_device)
{
	struct vdev v;

	EXPECT_EQ(-ENODEV, vdev_open_named(&v, self->bdf, "0000:00:00.7"));
	EXPECT_EQ(-ENODEV, vdev_open_named(&v, self->bdf, ""));
	EXPECT_EQ(-ENODEV, vdev_open_named(&v, self->bdf, "nonsense"));
}

TEST_F(witness, state_lasts_until_the_last_file_is_closed)
{
	const struct scratch *w = witness_of(self->dev.bdf);
	__u32 fresh = vdev_get(&self->dev, w->bar, w->offset, w->width) & w->mask;
	struct vdev second;

	ASSERT_EQ(0, vdev_put(&self->dev, w->bar, w->offset, w->width, w->value));
	ASSERT_EQ(0, vdev_join(&second, &self->dev, self->dev.bdf));
	EXPECT_EQ(w->value, vdev_get(&second, w->bar, w->offset, w->width) & w->mask);
	vdev_close(&second);
	EXPECT_EQ(w->value, vdev_get(&self->dev, w->bar, w->offset, w->width) & w->mask);

	vdev_close(&self->dev);
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
	EXPECT_EQ(fresh, vdev_get(&self->dev, w->bar, w->offset, w->width) & w->mask);
}

TEST_F(opened, virtual_registers_start_afresh)
{
	__u32 line = cfg_get(&self->dev, PCI_INTERRUPT_LINE, 1);

	ASSERT_EQ(0, cfg_put(&self->dev, PCI_INTERRUPT_LINE, 1, line ^ 0x55));
	ASSERT_EQ(0, cfg_put(&self->dev, PCI_BASE_ADDRESS_0, 4, ~0U));
	vdev_close(&self->dev);
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
	EXPECT_EQ(line, cfg_get(&self->dev, PCI_INTERRUPT_LINE, 1));
	if (!(traits_of(self->dev.bdf) & IS_VF))
		EXPECT_EQ(phys_bar0(self->dev.bdf), cfg_get(&self->dev, PCI_BASE_ADDRESS_0, 4));
}

TEST_F(msix, closing_takes_armed_vectors_down)
{
	unsigned int at = phys_find_cap(self->dev.bdf, PCI_CAP_ID_MSIX) + PCI_MSIX_FLAGS;
	int fd = event_new();

	ASSERT_EQ(0, vdev_arm(&self->dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &fd));
	ASSERT_TRUE(phys_get(self->dev.bdf, at, 2) & PCI_MSIX_FLAGS_ENABLE);
	vdev_close(&self->dev);
	EXPECT_FALSE(phys_get(test_bdf(), at, 2) & PCI_MSIX_FLAGS_ENABLE);
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
	EXPECT_EQ(-EINVAL, vdev_loopback(&self->dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1));
}

TEST_F(opened, closing_takes_everything_else_down)
{
	int fd = event_new(), unmask = event_new();
	bool line = traits_of(self->dev.bdf) & HAS_INTX;

	ASSERT_EQ(0, vdev_arm(&self->dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &fd));
	if (line) {
		ASSERT_EQ(0, vdev_arm(&self->dev, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, &fd));
		ASSERT_EQ(0, vdev_set_irqs(&self->dev, VFIO_IRQ_SET_DATA_EVENTFD |
					   VFIO_IRQ_SET_ACTION_UNMASK, VFIO_PCI_INTX_IRQ_INDEX, 0,
					   1, &unmask, 4));
	}
	vdev_close(&self->dev);
	event_send(unmask);
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
	EXPECT_EQ(-EINVAL, vdev_loopback(&self->dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1));
	EXPECT_EQ(-EINVAL, vdev_loopback(&self->dev, VFIO_PCI_INTX_IRQ_INDEX, 0, 1));
	EXPECT_TRUE(still_usable(&self->dev));
}

TEST_F(paged, a_map_outlives_the_descriptor)
{
	__u32 *reg = map_register(&self->dev), value;

	ASSERT_NE(NULL, reg);
	vdev_close(&self->dev);
	EXPECT_TRUE(touch_read32(reg, &value));
	/* The page that it is in: as long as that is mapped the device is not closed. */
	ASSERT_EQ(0, munmap((void *)((uintptr_t)reg & -4096), 4096));
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
}

/* Run @act on the function in a process that has none of its files open. */
static pid_t elsewhere(struct vdev *v, int (*act)(const char *bdf))
{
	pid_t child = fork();

	if (child)
		return child;
	vdev_close(v);
	_exit(act(test_bdf()) ? 1 : 0);
}

/* Whether @child has ended, and well. */
static bool has_ended(void *arg)
{
	pid_t *child = arg;
	int status;

	if (waitpid(*child, &status, WNOHANG) != *child)
		return false;
	*child = WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -1;
	return true;
}

TEST_F(opened, unbinding_asks_for_the_device_and_waits_for_its_close)
{
	int fd = event_new();
	pid_t child;

	ASSERT_EQ(0, vdev_arm(&self->dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &fd));
	child = elsewhere(&self->dev, pci_unbind);
	EXPECT_LE(1, event_wait(fd, PATIENCE_MS));
	EXPECT_FALSE(wait_until(has_ended, &child, QUIET_MS));
	EXPECT_TRUE(still_usable(&self->dev));
	vdev_close(&self->dev);
	EXPECT_TRUE(wait_until(has_ended, &child, PATIENCE_MS));
	EXPECT_EQ(0, child);
	ASSERT_EQ(0, pci_give(test_bdf(), "vfio-pci"));
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
	EXPECT_TRUE(still_usable(&self->dev));
}

/* Whether nobody else gets the device any more. */
static bool is_withdrawn(void *arg)
{
	const struct vdev *v = arg;
	struct vdev second;
	int ret = vdev_join(&second, v, v->bdf);

	if (!ret)
		vdev_close(&second);
	return ret == -ENODEV;
}

TEST_F(opened, unbinding_a_user_who_does_not_listen_waits_too)
{
	pid_t child = elsewhere(&self->dev, pci_unbind);

	EXPECT_TRUE(wait_until(is_withdrawn, &self->dev, PATIENCE_MS));
	EXPECT_FALSE(wait_until(has_ended, &child, QUIET_MS));
	EXPECT_TRUE(still_usable(&self->dev));
	vdev_close(&self->dev);
	EXPECT_TRUE(wait_until(has_ended, &child, PATIENCE_MS));
	EXPECT_EQ(0, child);
	ASSERT_EQ(0, pci_give(test_bdf(), "vfio-pci"));
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
}

/*
 * The only thing that finds a removed function again also finds all others: who removes one keeps
 * the same test of another function from looking meanwhile.
 */
static int rescan_alone(void)
{
	int fd = open("/sys/bus/pci/rescan", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int remove_function(const char *bdf)
{
	return pci_attr_write(bdf, "remove", "1");
}

TEST_F(removable, removing_an_open_function_waits_and_it_comes_back)
{
	int fd = event_new(), rescan = rescan_alone();
	char bdf[16];
	pid_t child;

	ASSERT_LE(0, rescan);
	snprintf(bdf, sizeof(bdf), "%s", test_bdf());
	ASSERT_EQ(0, vdev_arm(&self->dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &fd));
	child = elsewhere(&self->dev, remove_function);
	EXPECT_LE(1, event_wait(fd, PATIENCE_MS));
	EXPECT_TRUE(cfg_get(&self->dev, 0, 2) != 0xffff);
	vdev_close(&self->dev);
	EXPECT_TRUE(wait_until(has_ended, &child, PATIENCE_MS));
	EXPECT_EQ(0, child);
	EXPECT_FALSE(pci_present(bdf));
	ASSERT_EQ(1, write(rescan, "1", 1));
	ASSERT_TRUE(pci_present(bdf));
	close(rescan);
	ASSERT_EQ(0, pci_give(bdf, "vfio-pci"));
	ASSERT_EQ(0, vdev_open(&self->dev, bdf));
	EXPECT_TRUE(still_usable(&self->dev));
}

/* What a user does all day; interrupted at any point by its parent. */
static void work(const char *bdf)
{
	int fd = event_new(), bar, err;
	struct vdev v;
	__u64 off;

	if (vdev_open(&v, bdf) || !register_of(bdf, &bar, &off))
		_exit(1);
	for (;;) {
		__u32 index, value;
		char *page = vdev_mmap(&v, bar, off & ~0xfffULL, 4096, MAP_SHARED, &err);

		cfg_update16(&v, PCI_COMMAND, PCI_COMMAND_MASTER, PCI_COMMAND_MASTER);
		vdev_arm(&v, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &fd);
		for (index = 0; index <= VFIO_PCI_MSIX_IRQ_INDEX; index++) {
			vdev_arm(&v, index, 0, 1, &fd);
			vdev_loopback(&v, index, 0, 1);
			vdev_disarm(&v, index);
		}
		if (page) {
			touch_read32(page + (off & 0xfff), &value);
			munmap(page, 4096);
		}
		vdev_feature(&v, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
			     NULL, 0);
		vdev_read(&v, bar, off, &value, 4);
		vdev_feature(&v, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
			     NULL, 0);
		cfg_update16(&v, PCI_COMMAND, PCI_COMMAND_MEMORY, 0);
		cfg_update16(&v, PCI_COMMAND, PCI_COMMAND_MEMORY, PCI_COMMAND_MEMORY);
		vdev_ioctl(&v, VFIO_DEVICE_RESET, NULL);
	}
}

/* Under KASAN a round can take three seconds. */
TEST_F_TIMEOUT(closed, a_user_killed_at_any_point_leaves_a_usable_device, 240)
{
	int round, status;
	struct vdev v;

	srand(getpid());
	for (round = 0; round < KILLS; round++) {
		pid_t child = fork();

		if (!child)
			work(self->bdf);
		usleep(1000 * (20 + rand() % 400));
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		ASSERT_TRUE(WIFSIGNALED(status));
		ASSERT_EQ(0, vdev_open(&v, self->bdf)) TH_LOG("round %d", round);
		EXPECT_TRUE(still_usable(&v));
		EXPECT_EQ(-EINVAL, vdev_loopback(&v, VFIO_PCI_REQ_IRQ_INDEX, 0, 1));
		vdev_close(&v);
	}
}

struct crowd {
	struct vdev *v;
	bool stop;
	int kind;
};

static void *one_of_many(void *arg)
{
	struct crowd *c = arg;
	int fd = event_new(), bar;
	__u32 value;
	__u64 off;

	if (!register_of(c->v->bdf, &bar, &off))
		return NULL;
	while (!__atomic_load_n(&c->stop, __ATOMIC_RELAXED)) {
		switch (c->kind) {
		case 0:
			vdev_read(c->v, bar, off, &value, 4);
			vdev_read(c->v, VFIO_PCI_CONFIG_REGION_INDEX, 0, &value, 4);
			break;
		case 1:
			vdev_arm(c->v, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &fd);
			vdev_disarm(c->v, VFIO_PCI_REQ_IRQ_INDEX);
			vdev_arm(c->v, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, &fd);
			vdev_disarm(c->v, VFIO_PCI_INTX_IRQ_INDEX);
			break;
		case 2:
			vdev_arm(c->v, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &fd);
			vdev_disarm(c->v, VFIO_PCI_MSIX_IRQ_INDEX);
			cfg_update16(c->v, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE,
				     PCI_COMMAND_INTX_DISABLE);
			cfg_update16(c->v, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE, 0);
			break;
		case 3:
			vdev_feature(c->v, VFIO_DEVICE_FEATURE_SET |
				     VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, NULL, 0);
			vdev_feature(c->v, VFIO_DEVICE_FEATURE_SET |
				     VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, NULL, 0);
			vdev_ioctl(c->v, VFIO_DEVICE_RESET, NULL);
			break;
		}
	}
	close(fd);
	return NULL;
}

TEST_F(opened, many_users_of_one_device_do_not_break_it)
{
	struct crowd crowd[4];
	pthread_t threads[4];
	int i, fd = event_new();

	for (i = 0; i < 4; i++) {
		crowd[i] = (struct crowd){ .v = &self->dev, .kind = i };
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, one_of_many, &crowd[i]));
	}
	usleep(400000);
	for (i = 0; i < 4; i++)
		__atomic_store_n(&crowd[i].stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	EXPECT_TRUE(still_usable(&self->dev));
	EXPECT_EQ(0, vdev_arm(&self->dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &fd));
	EXPECT_EQ(0, vdev_loopback(&self->dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
}
