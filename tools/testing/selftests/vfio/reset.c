// SPDX-License-Identifier: GPL-2.0-only
/* VFIO_DEVICE_RESET: the function's own reset. */
#include <pthread.h>

#include "lib/fixture.h"

DEVICE_FIXTURE(resettable, HAS_RESET | HAS_MEM_BAR);
/* Without FLR it may be a power cycle that clears nothing, as on 82574L of QEMU. */
DEVICE_FIXTURE(witness, HAS_FLR | HAS_WITNESS);
DEVICE_FIXTURE(msix, HAS_RESET | HAS_MSIX);
DEVICE_FIXTURE(pm, HAS_RESET | HAS_PM | IS_PF);

static int reset(const struct vdev *v)
{
	return vdev_ioctl(v, VFIO_DEVICE_RESET, NULL);
}

TEST_F(witness, registers_return_to_their_first_value)
{
	const struct scratch *w = witness_of(self->dev.bdf);
	__u32 fresh = vdev_get(&self->dev, w->bar, w->offset, w->width) & w->mask;

	ASSERT_NE(w->value, fresh);
	ASSERT_EQ(0, vdev_put(&self->dev, w->bar, w->offset, w->width, w->value));
	ASSERT_EQ(w->value, vdev_get(&self->dev, w->bar, w->offset, w->width) & w->mask);
	ASSERT_EQ(0, reset(&self->dev));
	EXPECT_EQ(fresh, vdev_get(&self->dev, w->bar, w->offset, w->width) & w->mask);
}

TEST_F(resettable, config_space_is_restored)
{
	unsigned char before[64], after[64];
	int i;

	for (i = 0; i < 64; i++)
		before[i] = phys_get(self->dev.bdf, i, 1);
	ASSERT_EQ(0, reset(&self->dev));
	for (i = 0; i < 64; i++)
		after[i] = phys_get(self->dev.bdf, i, 1);
	for (i = 0; i < 64; i++)
		EXPECT_EQ(before[i], after[i]) TH_LOG("offset 0x%x", i);
}

TEST_F(resettable, what_the_user_wrote_into_virtual_bars_stays)
{
	ASSERT_EQ(0, cfg_put(&self->dev, PCI_INTERRUPT_LINE, 1, 0x3c));
	ASSERT_EQ(0, reset(&self->dev));
	EXPECT_EQ(0x3c, cfg_get(&self->dev, PCI_INTERRUPT_LINE, 1));
}

TEST_F(msix, armed_vectors_stay_armed)
{
	int fd = event_new();

	ASSERT_EQ(0, vdev_arm(&self->dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &fd));
	ASSERT_EQ(0, reset(&self->dev));
	ASSERT_EQ(0, vdev_loopback(&self->dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	EXPECT_TRUE(cfg_get(&self->dev, cfg_find_cap(&self->dev, PCI_CAP_ID_MSIX) + 2, 2) &
		    PCI_MSIX_FLAGS_ENABLE);
}

TEST_F(pm, a_device_in_d3hot_is_reset_and_awake_afterwards)
{
	__u32 at = cfg_find_cap(&self->dev, PCI_CAP_ID_PM) + PCI_PM_CTRL, value;
	__u64 off;
	int bar;

	ASSERT_TRUE(register_of(self->dev.bdf, &bar, &off));
	ASSERT_EQ(0, cfg_put(&self->dev, at, 2, 3));
	ASSERT_EQ(0, reset(&self->dev));
	EXPECT_EQ(0, cfg_get(&self->dev, at, 2) & PCI_PM_CTRL_STATE_MASK);
	EXPECT_EQ(4, vdev_read(&self->dev, bar, off, &value, 4));
}

struct busy {
	struct vdev *v;
	bool stop;
	int strange;
};

/* Config and BAR accesses that must go through or fail cleanly while others reset. */
static void *keep_busy(void *arg)
{
	struct busy *b = arg;
	__u32 value;
	__u64 off;
	int bar;
	bool memory = register_of(b->v->bdf, &bar, &off);

	while (!__atomic_load_n(&b->stop, __ATOMIC_RELAXED)) {
		ssize_t ret = memory ? vdev_read(b->v, bar, off, &value, 4) : 4;

		b->strange += ret != 4 && ret != -EIO;
		ret = vdev_read(b->v, VFIO_PCI_CONFIG_REGION_INDEX, 0, &value, 4);
		b->strange += ret != 4;
	}
	return NULL;
}

TEST_F(resettable, resets_while_others_access_the_device)
{
	struct busy b = { .v = &self->dev };
	pthread_t threads[2];
	__u32 value;
	__u64 off;
	int i, bar;

	/* With the kernel's own driver two first accesses at once can meet with -EBUSY. */
	if (register_of(self->dev.bdf, &bar, &off))
		ASSERT_EQ(4, vdev_read(&self->dev, bar, off, &value, 4));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, keep_busy, &b));
	for (i = 0; i < 3; i++) {
		int ret = reset(&self->dev);

		EXPECT_TRUE(ret == 0 || ret == -EAGAIN);
	}
	__atomic_store_n(&b.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(0, b.strange);
	EXPECT_TRUE(still_usable(&self->dev));
}

/* Functions that share a bus and have no reset of their own. */
DEVICE_FIXTURE(shared_bus, HAS_PEER | IS_EDU);

TEST_F(shared_bus, a_function_without_reset_of_its_own_says_so)
{
	struct vfio_device_info info;

	ASSERT_EQ(0, vdev_info(&self->dev, &info));
	EXPECT_FALSE(info.flags & VFIO_DEVICE_FLAGS_RESET);
	EXPECT_EQ(-EINVAL, reset(&self->dev));
}
