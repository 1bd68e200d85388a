// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions that lie, tools/testing/sim/hostile.  They lie from the moment on at which the kernel
 * finds them, or begin when it has, or while a user has them open; the driver refuses or survives
 * it, and when they no longer lie they work.
 *
 *	VFIO_BDF=0000:01:00.0 LIAR=liar0 ./liar -f FIXTURE...
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <sys/mman.h>

#include "../lib/fixture.h"
#include "simulator.h"

#define ANY	-1

/* Finds the function anew, and gives it to vfio-pci. */
static int enumerate(const char *bdf)
{
	char bus[64];
	int ret = pci_attr_write(bdf, "remove", "1");

	snprintf(bus, sizeof(bus), "/sys/class/pci_bus/%.7s/rescan", bdf);
	ret = ret ?: file_write(bus, "1");
	return ret ?: pci_give(bdf, "vfio-pci");
}

/* Opens a function that lies, if it can be. */
static const char *open_and_exercise(const char *bdf, int vectors)
{
	struct vfio_irq_info info = {};
	const char *wrong;
	struct vdev v;

	if (vdev_open(&v, bdf))
		return "";
	if (vdev_irq_info(&v, VFIO_PCI_MSIX_IRQ_INDEX, &info))
		wrong = "it does not say how many vectors there are";
	else if (vectors != ANY && info.count != (__u32)vectors)
		wrong = "the number of its vectors is not what it should be";
	else
		wrong = exercise(&v);
	vdev_close(&v);
	return wrong;
}

/**
 * struct lie - what a lie comes to
 * @name: as the simulator knows it
 * @found: vectors of MSI-X if the kernel has found the function so, ANY for any number
 * @seen: if it begins to lie after that, and is opened then
 * @armed: what it is to set them up if it begins while it is open: 0 or -errno
 */
struct lie {
	const char *name;
	int found;
	int seen;
	int armed;
};

/* A group of lies is a fixture, a lie its variant, and when it begins a test. */
#define LIES(group)								\
	FIXTURE(group) {							\
		const char *bdf;						\
	};									\
	FIXTURE_VARIANT(group) {						\
		struct lie lie;							\
	};									\
	FIXTURE_SETUP(group)							\
	{									\
		self->bdf = test_bdf();						\
		ASSERT_EQ(0, tell("none"));					\
		ASSERT_FALSE(kernel_warned());					\
	}									\
	FIXTURE_TEARDOWN(group)							\
	{									\
		EXPECT_EQ(0, tell("none"));					\
		EXPECT_FALSE(kernel_warned());					\
	}									\
	DECLARE_FIXTURE(group, 0, false);					\
	TEST_F(group, it_lies_when_it_is_opened)				\
	{									\
		const struct lie *lie = &variant->lie;				\
										\
		ASSERT_EQ(0, tell(lie->name));					\
		ASSERT_EQ(0, pci_give(self->bdf, "vfio-pci"));			\
		EXPECT_STREQ("", open_and_exercise(self->bdf, lie->seen));	\
		EXPECT_EQ(0, tell("none"));					\
		EXPECT_STREQ("", works(self->bdf));				\
	}									\
	TEST_F(group, it_begins_to_lie_while_it_is_open)			\
	{									\
		const struct lie *lie = &variant->lie;				\
		struct vdev v;							\
										\
		ASSERT_EQ(0, vdev_open(&v, self->bdf));				\
		EXPECT_EQ(0, tell(lie->name));					\
		EXPECT_EQ(lie->armed, arm_all(&v, VFIO_PCI_MSIX_IRQ_INDEX));	\
		vdev_disarm(&v, VFIO_PCI_MSIX_IRQ_INDEX);			\
		EXPECT_STREQ("", exercise(&v));					\
		EXPECT_EQ(0, tell("none"));					\
		EXPECT_EQ(0, vdev_ioctl(&v, VFIO_DEVICE_RESET, NULL));		\
		EXPECT_STREQ("", is_sound(&v));					\
		vdev_close(&v);							\
		EXPECT_STREQ("", works(self->bdf));				\
	}									\
	struct group##_takes_a_semicolon_too

#define FOUND_LIES(group)							\
	TEST_F(group, it_lies_when_the_kernel_finds_it)				\
	{									\
		const struct lie *lie = &variant->lie;				\
		int found;							\
										\
		ASSERT_EQ(0, tell(lie->name));					\
		found = enumerate(self->bdf);					\
		EXPECT_EQ(0, found);						\
		if (!found)							\
			EXPECT_STREQ("", open_and_exercise(self->bdf, lie->found)); \
		EXPECT_EQ(0, tell("none"));					\
		ASSERT_EQ(0, enumerate(self->bdf));				\
		EXPECT_STREQ("", works(self->bdf));				\
	}									\
	struct group##_takes_a_last_semicolon

#define LIE(group, id, ...)							\
	FIXTURE_VARIANT_ADD(group, id) {					\
		.lie = { __VA_ARGS__ },						\
	};									\
	struct group##_##id##_takes_a_semicolon

/* Which capabilities the kernel finds in a list that is broken is its own affair. */
LIES(capabilities);
FOUND_LIES(capabilities);
LIE(capabilities, loop, "cap-loop", LIAR_VECTORS, LIAR_VECTORS);
LIE(capabilities, one_is_its_own_successor, "cap-self", ANY, LIAR_VECTORS);
LIE(capabilities, lead_into_the_header, "cap-header", ANY, LIAR_VECTORS);
LIE(capabilities, odd_pointers, "cap-odd", LIAR_VECTORS, LIAR_VECTORS);
LIE(capabilities, lead_into_another_one, "cap-inside", ANY, LIAR_VECTORS);
LIE(capabilities, begin_at_255, "cap-wild", ANY, LIAR_VECTORS);
LIE(capabilities, end_in_ones, "cap-ones", ANY, LIAR_VECTORS);
LIE(capabilities, the_last_one_has_no_room, "cap-end", LIAR_VECTORS, LIAR_VECTORS);
LIE(capabilities, the_last_one_is_too_long, "cap-long", LIAR_VECTORS, LIAR_VECTORS);
LIE(capabilities, the_last_one_has_no_length, "cap-short", LIAR_VECTORS, LIAR_VECTORS);
LIE(capabilities, msix_is_there_twice, "cap-twice", LIAR_VECTORS, LIAR_VECTORS);

LIES(extended);
FOUND_LIES(extended);
LIE(extended, loop, "ext-loop", LIAR_VECTORS, LIAR_VECTORS);
LIE(extended, one_is_its_own_successor, "ext-self", LIAR_VECTORS, LIAR_VECTORS);
LIE(extended, lead_into_the_first_256_bytes, "ext-header", LIAR_VECTORS, LIAR_VECTORS);
LIE(extended, lead_into_another_one, "ext-inside", LIAR_VECTORS, LIAR_VECTORS);
LIE(extended, the_last_one_has_no_room, "ext-end", LIAR_VECTORS, LIAR_VECTORS);
LIE(extended, one_is_too_long, "ext-long", LIAR_VECTORS, LIAR_VECTORS);
LIE(extended, one_has_no_length, "ext-short", LIAR_VECTORS, LIAR_VECTORS);
LIE(extended, one_reads_as_ones, "ext-ones", LIAR_VECTORS, LIAR_VECTORS);
LIE(extended, arrays_of_impossible_length, "ext-arrays", LIAR_VECTORS, LIAR_VECTORS);

LIES(express);
FOUND_LIES(express);
LIE(express, version_0, "exp-version-0", LIAR_VECTORS, LIAR_VECTORS);
LIE(express, version_15, "exp-version-15", LIAR_VECTORS, LIAR_VECTORS);
LIE(express, type_15, "exp-type", LIAR_VECTORS, LIAR_VECTORS);
LIE(express, at_the_end_without_room, "exp-end", LIAR_VECTORS, LIAR_VECTORS);
LIE(express, payload_size_7, "exp-payload", LIAR_VECTORS, LIAR_VECTORS);

LIES(interrupts);
FOUND_LIES(interrupts);
LIE(interrupts, msi_of_128_vectors, "msi-vectors", LIAR_VECTORS, LIAR_VECTORS);
LIE(interrupts, table_behind_its_bar, "msix-outside", 0, 0, -EIO);
LIE(interrupts, table_half_behind_its_bar, "msix-half", 0, 0, -EIO);
LIE(interrupts, table_four_gigabytes_away, "msix-far", 0, 0, -EIO);
LIE(interrupts, table_in_a_bar_that_is_not_there, "msix-no-bar", 0, 0, -EIO);
LIE(interrupts, table_in_bar_7, "msix-bir", 0, 0, -EIO);
LIE(interrupts, table_of_2048_in_a_page, "msix-2048", 0, 0, -EIO);
LIE(interrupts, pba_behind_its_bar, "msix-pba-outside", LIAR_VECTORS, LIAR_VECTORS);
LIE(interrupts, pba_in_bar_7, "msix-pba-bir", LIAR_VECTORS, LIAR_VECTORS);
LIE(interrupts, pba_in_the_table, "msix-overlap", LIAR_VECTORS, LIAR_VECTORS);

/* What the kernel takes noise for when it looks for functions is anybody's guess. */
LIES(noise);
LIE(noise, everywhere, "noise", ANY, ANY, -EIO);

#define OPEN_LIAR(group)							\
	FIXTURE(group) {							\
		struct vdev dev;						\
	};									\
	FIXTURE_SETUP(group)							\
	{									\
		ASSERT_EQ(0, tell("none"));					\
		ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));		\
	}									\
	FIXTURE_TEARDOWN(group)							\
	{									\
		EXPECT_EQ(0, tell("none"));					\
		vdev_close(&self->dev);						\
		EXPECT_STREQ("", works(test_bdf()));				\
		EXPECT_FALSE(kernel_warned());					\
	}									\
	DECLARE_FIXTURE(group, 0, false);					\
	struct group##_takes_a_semicolon_too

/* These begin with a sound one that is open, and end with one. */
OPEN_LIAR(deeds);
OPEN_LIAR(rom);
OPEN_LIAR(storm);

/* ---- what it does ---------------------------------------------------------------------------- */

/* Before the kernel gives up two resets, a minute each; a busy machine takes its time, too. */
#define SOON 100

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* Bit 15 of the address says that a transfer is done. */
static bool product_data_arrives(const struct vdev *v)
{
	return !cfg_put(v, LIAR_VPD + PCI_VPD_ADDR, 2, 0) &&
	       cfg_get(v, LIAR_VPD + PCI_VPD_ADDR, 2) == PCI_VPD_ADDR_F &&
	       cfg_get(v, LIAR_VPD + PCI_VPD_DATA, 4) == 0x6c000482;
}

TEST_F(deeds, product_data_that_never_comes_leaves_the_flag_as_it_was)
{
	EXPECT_TRUE(product_data_arrives(&self->dev));
	ASSERT_EQ(0, tell("vpd-stuck"));
	EXPECT_EQ(0, cfg_put(&self->dev, LIAR_VPD + PCI_VPD_ADDR, 2, 0));
	EXPECT_EQ(0, cfg_get(&self->dev, LIAR_VPD + PCI_VPD_ADDR, 2));
	ASSERT_EQ(0, tell("none"));
	EXPECT_TRUE(product_data_arrives(&self->dev));
}

static void *come_back(void *unused)
{
	sleep(3);
	tell("none");
	return NULL;
}

TEST_F(deeds, a_function_that_is_pulled_out_while_open_reads_as_ones)
{
	__u32 value = 0;
	int err = 0;
	char *map = vdev_mmap(&self->dev, 0, 0, 0x1000, MAP_SHARED, &err);

	ASSERT_NE(NULL, map);
	ASSERT_EQ(0, arm_all(&self->dev, VFIO_PCI_MSIX_IRQ_INDEX));
	ASSERT_EQ(0, tell("gone"));
	EXPECT_EQ(0xffffffff, vdev_get(&self->dev, 0, LIAR_SCRATCH, 4));
	EXPECT_TRUE(touch_read32(map + LIAR_SCRATCH, &value));
	EXPECT_EQ(0xffffffff, value);
	EXPECT_EQ(0xffff, cfg_get(&self->dev, PCI_STATUS, 2) | PCI_STATUS_CAP_LIST);
	EXPECT_EQ(0, vdev_disarm(&self->dev, VFIO_PCI_MSIX_IRQ_INDEX));
	EXPECT_GT(0, arm_all(&self->dev, VFIO_PCI_MSIX_IRQ_INDEX));
	munmap(map, 0x1000);
}

TEST_F(deeds, a_function_that_is_pulled_out_while_open_can_be_closed)
{
	pthread_t helper;
	time_t began;

	ASSERT_EQ(0, arm_all(&self->dev, VFIO_PCI_MSIX_IRQ_INDEX));
	ASSERT_EQ(0, tell("gone"));
	ASSERT_EQ(0, pthread_create(&helper, NULL, come_back, NULL));
	began = seconds();
	/* The kernel waits for it to come out of its reset, up to a minute. */
	vdev_close(&self->dev);
	EXPECT_GT(SOON, seconds() - began);
	pthread_join(helper, NULL);
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
}

TEST_F(deeds, a_function_that_is_not_there_is_not_opened)
{
	time_t began = seconds();
	struct vdev again;

	vdev_close(&self->dev);
	ASSERT_EQ(0, tell("gone"));
	EXPECT_EQ(-ENODEV, vdev_open(&again, test_bdf()));
	EXPECT_EQ(0, pci_unbind(test_bdf()));
	EXPECT_GT(SOON, seconds() - began);
	ASSERT_EQ(0, tell("none"));
	ASSERT_EQ(0, pci_give(test_bdf(), "vfio-pci"));
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
}

/* The kernel gives it a minute, and then resets the bus, as it is alone there. */
TEST_F(deeds, a_reset_that_never_ends_is_followed_by_that_of_its_bus)
{
	ASSERT_EQ(0, tell("flr-stuck"));
	EXPECT_EQ(0, vdev_ioctl(&self->dev, VFIO_DEVICE_RESET, NULL));
	ASSERT_EQ(0, tell("none"));
	EXPECT_TRUE(still_usable(&self->dev));
}

/* ---- ROM ------------------------------------------------------------------------------------- */

/* With lies about where its data structure is, how long it is, and which is the last image. */
TEST_F(rom, any_image_is_read_within_its_bounds)
{
	const char *lie = getenv("LIAR_ROM");
	__u8 bytes[LIAR_ROM_SIZE + 16];
	ssize_t got = vdev_read(&self->dev, VFIO_PCI_ROM_REGION_INDEX, 0, bytes, sizeof(bytes));
	__u64 size = vdev_region_size(&self->dev, VFIO_PCI_ROM_REGION_INDEX);

	ASSERT_NE(NULL, lie);
	if (!strcmp(lie, "rom-pointer") || !strcmp(lie, "rom-edge")) {
		EXPECT_EQ(0, size);
		EXPECT_EQ(-ENOMEM, got);
	} else {
		EXPECT_EQ(LIAR_ROM_SIZE, size);
		ASSERT_EQ(LIAR_ROM_SIZE, got);
		EXPECT_EQ(0xaa55, bytes[1] << 8 | bytes[0]);
	}
	/* Behind an image of 1024 bytes. */
	if (!strcmp(lie, "open"))
		EXPECT_EQ(0xff, bytes[1024]);
	EXPECT_EQ(-EINVAL, vdev_read(&self->dev, VFIO_PCI_ROM_REGION_INDEX, LIAR_ROM_SIZE, bytes,
				     1));
}

/* ---- interrupts ------------------------------------------------------------------------------ */

/* The other functions go on to work meanwhile. */
static const char *neighbour_works(void)
{
	const char *neighbour = getenv("LIAR_NEIGHBOUR");
	struct vdev v;
	bool usable;

	if (!neighbour || vdev_open(&v, neighbour))
		return "the neighbour cannot be opened";
	usable = still_usable(&v);
	vdev_close(&v);
	return usable ? "" : "the neighbour does not work";
}

TEST_F(storm, of_messages_reaches_its_user_and_nobody_else)
{
	int fds[LIAR_VECTORS];

	for (unsigned int i = 0; i < LIAR_VECTORS; i++)
		fds[i] = event_new();
	/* A message is a write to memory. */
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, PCI_COMMAND_MASTER, ~0));
	ASSERT_EQ(0, vdev_arm(&self->dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, LIAR_VECTORS, fds));
	ASSERT_EQ(0, tell("msix-storm"));
	for (unsigned int i = 0; i < LIAR_VECTORS; i++)
		EXPECT_LT(0, event_wait(fds[i], PATIENCE_MS));
	EXPECT_STREQ("", neighbour_works());
	EXPECT_EQ(0, vdev_disarm(&self->dev, VFIO_PCI_MSIX_IRQ_INDEX));
	for (unsigned int i = 0; i < LIAR_VECTORS; i++)
		event_wait(fds[i], 0);
	for (unsigned int i = 0; i < LIAR_VECTORS; i++)
		EXPECT_EQ(0, event_wait(fds[i], QUIET_MS));
	EXPECT_EQ(0, vdev_arm(&self->dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, LIAR_VECTORS, fds));
	EXPECT_LT(0, event_wait(fds[0], PATIENCE_MS));
	/* With the storm going on. */
	vdev_close(&self->dev);
	EXPECT_STREQ("", neighbour_works());
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
}

TEST_F(storm, of_a_line_that_never_falls_is_one_signal_for_each_unmasking)
{
	int fd = event_new();

	ASSERT_EQ(0, vdev_arm(&self->dev, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, &fd));
	ASSERT_EQ(0, tell("intx-storm"));
	for (unsigned int i = 0; i < 20; i++) {
		EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
		EXPECT_EQ(0, event_wait(fd, QUIET_MS / 4));
		EXPECT_EQ(0, vdev_intx_action(&self->dev, VFIO_IRQ_SET_ACTION_UNMASK));
	}
	EXPECT_STREQ("", neighbour_works());
	EXPECT_EQ(0, vdev_disarm(&self->dev, VFIO_PCI_INTX_IRQ_INDEX));
	vdev_close(&self->dev);
	EXPECT_STREQ("", neighbour_works());
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
}
