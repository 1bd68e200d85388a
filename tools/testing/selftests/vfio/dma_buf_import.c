// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_FEATURE_DMA_BUF from the other side: a device that is given a range of a BAR reaches
 * it while the user itself could, and no longer.
 *
 *	VFIO_BDF=0000:01:00.0 ./dma_buf_import
 *
 * of an ivshmem; edu has the driver in importer/, which tells the device what to read.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "importer/dma_buf_importer.h"
#include "lib/dma_buf.h"
#include "lib/fixture.h"

#define PAGE	4096ULL
#define BAR	2
#define HUGE	(256ULL << 20)
#define FILLED	16	/* pages whose words say where they are */
#define UNREACHED	0U	/* what the IOMMU of QEMU reads where nothing is mapped */

FIXTURE(peer) {
	struct vdev dev;
	__u32 *memory;
	int importer;
	int buffer;
};

static void fill(__u32 *memory)
{
	for (__u32 i = 0; i < FILLED * PAGE / 4; i++)
		memory[i] = 0xba000000 | i;
}

FIXTURE_SETUP(peer)
{
	int err;

	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
	self->memory = vdev_mmap(&self->dev, BAR, 0, FILLED * PAGE, MAP_SHARED, &err);
	ASSERT_NE(NULL, self->memory);
	fill(self->memory);
	self->importer = open("/dev/dma-buf-importer", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->importer);
	self->buffer = -1;
}

FIXTURE_TEARDOWN(peer)
{
	munmap(self->memory, FILLED * PAGE);
	close(self->importer);
	if (self->buffer >= 0)
		close(self->buffer);
	vdev_close(&self->dev);
}

DECLARE_FIXTURE(peer, IS_RAM_BAR, false);

static int export(const struct vdev *v, __u64 offset, __u64 size)
{
	struct dma_buf_request r = { BAR, O_RDWR | O_CLOEXEC, 0, 1, { offset, size } };

	return vdev_feature(v, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF, &r,
			    sizeof(r));
}

static int export_two(const struct vdev *v, __u64 first, __u64 second, __u64 size)
{
	struct dma_buf_request r = { BAR, O_RDWR | O_CLOEXEC, 0, 2, { first, PAGE, second, size } };

	return vdev_feature(v, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF, &r,
			    sizeof(r));
}

/* ---- the importer; all return what ioctl() does, or -errno ----------------------------------- */

static int call(int importer, unsigned long command, void *arg)
{
	int ret = ioctl(importer, command, arg);

	return ret < 0 ? -errno : ret;
}

static int attach(int importer, int buffer, __u32 kind, __u32 segment)
{
	struct importer_attach request = { buffer, kind, segment };

	return call(importer, IMPORTER_ATTACH, &request);
}

static int map(int importer)
{
	struct importer_map got;

	return call(importer, IMPORTER_MAP, &got);
}

static int unmap(int importer)
{
	return call(importer, IMPORTER_UNMAP, NULL);
}

static int told(int importer)
{
	return call(importer, IMPORTER_TOLD, NULL);
}

/* The word that the device finds at @offset of the dma-buf. */
static __u32 reaches(int importer, __u64 offset)
{
	struct importer_word word = { offset };
	int ret = call(importer, IMPORTER_READ, &word);

	if (ret)
		ksft_print_msg("the device did not end: %s\n", strerror(-ret));
	return ret ? ~0U : word.value;
}

static int writes(int importer, __u64 offset, __u32 value)
{
	struct importer_word word = { offset, value };

	return call(importer, IMPORTER_WRITE, &word);
}

/* The word that fill() put there. */
static __u32 word_at(__u64 offset)
{
	return 0xba000000 | offset / 4;
}

static int set_memory(const struct vdev *v, bool on)
{
	return cfg_update16(v, PCI_COMMAND, PCI_COMMAND_MEMORY, on ? PCI_COMMAND_MEMORY : 0);
}

/* Exports, attaches and maps @size bytes from @offset on. */
#define SHARE(offset, size)							\
do {										\
	self->buffer = export(&self->dev, offset, size);			\
	ASSERT_LE(0, self->buffer);						\
	ASSERT_EQ(0, attach(self->importer, self->buffer, IMPORTER_MOVES, 0));	\
	ASSERT_EQ(0, map(self->importer));					\
} while (0)

/* ---- who may import -------------------------------------------------------------------------- */

TEST_F(peer, importers_that_cannot_lose_memory_are_refused)
{
	self->buffer = export(&self->dev, 0, PAGE);
	ASSERT_LE(0, self->buffer);
	EXPECT_EQ(-EOPNOTSUPP, attach(self->importer, self->buffer, IMPORTER_STATIC, 0));
	EXPECT_EQ(-EOPNOTSUPP, attach(self->importer, self->buffer, IMPORTER_RAM_ONLY, 0));
	EXPECT_EQ(0, attach(self->importer, self->buffer, IMPORTER_MOVES, 0));
}

TEST_F(peer, importers_that_do_not_reach_the_function_are_refused)
{
	self->buffer = export(&self->dev, 0, PAGE);
	ASSERT_LE(0, self->buffer);
	EXPECT_EQ(-EBUSY, attach(self->importer, self->buffer, IMPORTER_NO_DEVICE, 0));
}

TEST_F(peer, a_device_that_takes_less_than_a_page_is_refused)
{
	self->buffer = export(&self->dev, 0, PAGE);
	ASSERT_LE(0, self->buffer);
	ASSERT_EQ(0, attach(self->importer, self->buffer, IMPORTER_MOVES, PAGE / 2));
	EXPECT_EQ(-EINVAL, map(self->importer));
}

/* edu has 28 bits for addresses, and some are taken. */
TEST_F(peer, what_has_no_room_in_the_devices_addresses_is_refused_whole)
{
	ASSERT_LE(HUGE, vdev_region_size(&self->dev, BAR));
	self->buffer = export_two(&self->dev, 0, 0, HUGE);
	ASSERT_LE(0, self->buffer);
	ASSERT_EQ(0, attach(self->importer, self->buffer, IMPORTER_MOVES, 0));
	EXPECT_EQ(-EIO, map(self->importer));
	EXPECT_EQ(-EIO, map(self->importer));
}

/* ---- what it gets ---------------------------------------------------------------------------- */

TEST_F(peer, it_reads_and_writes_what_the_bar_holds)
{
	SHARE(3 * PAGE, 2 * PAGE);
	EXPECT_EQ(word_at(3 * PAGE), reaches(self->importer, 0));
	EXPECT_EQ(word_at(5 * PAGE - 4), reaches(self->importer, 2 * PAGE - 4));
	EXPECT_EQ(0, writes(self->importer, PAGE, 0x600df00d));
	EXPECT_EQ(0x600df00d, self->memory[4 * PAGE / 4]);
	EXPECT_EQ(word_at(4 * PAGE + 4), self->memory[4 * PAGE / 4 + 1]);
	EXPECT_EQ(0, told(self->importer));
}

TEST_F(peer, ranges_follow_one_another)
{
	self->buffer = export_two(&self->dev, 5 * PAGE, PAGE, 2 * PAGE);
	ASSERT_LE(0, self->buffer);
	ASSERT_EQ(0, attach(self->importer, self->buffer, IMPORTER_MOVES, 0));
	ASSERT_EQ(0, map(self->importer));
	EXPECT_EQ(word_at(5 * PAGE), reaches(self->importer, 0));
	EXPECT_EQ(word_at(PAGE), reaches(self->importer, PAGE));
	EXPECT_EQ(word_at(3 * PAGE - 4), reaches(self->importer, 3 * PAGE - 4));
}

TEST_F(peer, a_range_comes_in_pieces_that_the_device_takes)
{
	struct importer_map got = {};

	self->buffer = export(&self->dev, 0, FILLED * PAGE);
	ASSERT_LE(0, self->buffer);
	ASSERT_EQ(0, attach(self->importer, self->buffer, IMPORTER_MOVES, 3 * PAGE + 1));
	ASSERT_EQ(0, call(self->importer, IMPORTER_MAP, &got));
	EXPECT_EQ(FILLED * PAGE, got.bytes);
	EXPECT_EQ((FILLED + 2) / 3, got.pieces);
	EXPECT_EQ(0, got.jumps);
	EXPECT_EQ(word_at(15 * PAGE), reaches(self->importer, 15 * PAGE));
}

/* ---- how it loses it ------------------------------------------------------------------------- */

TEST_F(peer, memory_that_is_switched_off_is_taken_away)
{
	SHARE(0, PAGE);
	ASSERT_EQ(0, set_memory(&self->dev, false));
	EXPECT_EQ(1, told(self->importer));
	EXPECT_EQ(UNREACHED, reaches(self->importer, 0));
	ASSERT_EQ(0, set_memory(&self->dev, true));
	/* Not since the BAR did not answer: the address leads nowhere. */
	EXPECT_EQ(UNREACHED, reaches(self->importer, 0));
	EXPECT_EQ(0, writes(self->importer, 0, 0xbadbad));
	EXPECT_EQ(word_at(0), self->memory[0]);
	EXPECT_EQ(0, unmap(self->importer));
	EXPECT_EQ(0, map(self->importer));
	EXPECT_EQ(word_at(0), reaches(self->importer, 0));
}

TEST_F(peer, nothing_is_mapped_while_memory_is_off)
{
	ASSERT_EQ(0, set_memory(&self->dev, false));
	self->buffer = export(&self->dev, 0, PAGE);
	ASSERT_LE(0, self->buffer);
	ASSERT_EQ(0, attach(self->importer, self->buffer, IMPORTER_MOVES, 0));
	EXPECT_EQ(-ENODEV, map(self->importer));
	ASSERT_EQ(0, set_memory(&self->dev, true));
	EXPECT_EQ(0, map(self->importer));
	EXPECT_EQ(word_at(0), reaches(self->importer, 0));
}

TEST_F(peer, a_reset_takes_it_away)
{
	SHARE(0, PAGE);
	ASSERT_EQ(0, vdev_ioctl(&self->dev, VFIO_DEVICE_RESET, NULL));
	EXPECT_EQ(1, told(self->importer));
	EXPECT_EQ(UNREACHED, reaches(self->importer, 0));
	EXPECT_EQ(0, unmap(self->importer));
	EXPECT_EQ(0, set_memory(&self->dev, true));
	EXPECT_EQ(0, map(self->importer));
	EXPECT_EQ(word_at(0), reaches(self->importer, 0));
}

TEST_F(peer, a_function_that_may_sleep_is_not_reached)
{
	SHARE(0, PAGE);
	ASSERT_EQ(0, vdev_feature(&self->dev, VFIO_DEVICE_FEATURE_SET |
				  VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, NULL, 0));
	EXPECT_EQ(1, told(self->importer));
	EXPECT_EQ(0, unmap(self->importer));
	EXPECT_EQ(-ENODEV, map(self->importer));
	ASSERT_EQ(0, vdev_feature(&self->dev, VFIO_DEVICE_FEATURE_SET |
				  VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, NULL, 0));
	EXPECT_EQ(0, map(self->importer));
	EXPECT_EQ(word_at(0), reaches(self->importer, 0));
}

TEST_F(peer, closing_the_device_takes_it_away_for_good)
{
	SHARE(0, PAGE);
	munmap(self->memory, FILLED * PAGE);
	vdev_close(&self->dev);
	EXPECT_EQ(1, told(self->importer));
	EXPECT_EQ(UNREACHED, reaches(self->importer, 0));
	EXPECT_EQ(0, unmap(self->importer));
	EXPECT_EQ(-ENODEV, map(self->importer));

	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
	ASSERT_EQ(0, vdev_ioctl(&self->dev, VFIO_DEVICE_RESET, NULL));
	EXPECT_EQ(-ENODEV, map(self->importer));
	EXPECT_EQ(1, told(self->importer));
}

TEST_F(peer, the_importer_may_be_the_last_to_go)
{
	SHARE(0, PAGE);
	munmap(self->memory, FILLED * PAGE);
	close(self->buffer);
	self->buffer = -1;
	EXPECT_EQ(word_at(0), reaches(self->importer, 0));
	vdev_close(&self->dev);
	EXPECT_EQ(UNREACHED, reaches(self->importer, 0));
	close(self->importer);
	self->importer = open("/dev/dma-buf-importer", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->importer);

	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
	SHARE(0, PAGE);
	EXPECT_EQ(word_at(0), reaches(self->importer, 0));
}

static __u64 now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

TEST_F(peer, a_device_that_needs_time_to_let_go_gets_it)
{
	__u64 begun;

	SHARE(0, PAGE);
	ASSERT_EQ(0, call(self->importer, IMPORTER_LINGER, (void *)500UL));
	begun = now_ms();
	ASSERT_EQ(0, set_memory(&self->dev, false));
	EXPECT_LE(490, now_ms() - begun);
	EXPECT_EQ(UNREACHED, reaches(self->importer, 0));
}

/* ---- all at once ----------------------------------------------------------------------------- */

struct toggler {
	const struct vdev *dev;
	bool stop;
};

static void *toggle(void *arg)
{
	struct toggler *t = arg;

	while (!__atomic_load_n(&t->stop, __ATOMIC_RELAXED)) {
		set_memory(t->dev, false);
		set_memory(t->dev, true);
	}
	return NULL;
}

/* What is mapped while it is being revoked is mapped or refused, and not half of each. */
TEST_F(peer, mapping_races_with_revoking)
{
	struct toggler t = { &self->dev };
	int mapped = 0, refused = 0, ret = 0;
	pthread_t thread;

	self->buffer = export(&self->dev, 0, FILLED * PAGE);
	ASSERT_LE(0, self->buffer);
	ASSERT_EQ(0, attach(self->importer, self->buffer, IMPORTER_MOVES, PAGE));
	ASSERT_EQ(0, pthread_create(&thread, NULL, toggle, &t));
	for (__u64 end = now_ms() + 5000; now_ms() < end && (!ret || ret == -ENODEV);) {
		ret = map(self->importer);
		mapped += !ret;
		refused += ret == -ENODEV;
		unmap(self->importer);
	}
	__atomic_store_n(&t.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_TRUE(!ret || ret == -ENODEV) TH_LOG("mapping gave %d", ret);
	EXPECT_LT(0, mapped);
	EXPECT_LT(0, refused);
	TH_LOG("mapped %d times, refused %d times, told %d times", mapped, refused,
	       told(self->importer));
	ASSERT_EQ(0, map(self->importer));
	EXPECT_EQ(word_at(0), reaches(self->importer, 0));
}
