// SPDX-License-Identifier: GPL-2.0-only
/* The features of VFIO_DEVICE_FEATURE that are about migration: what they answer and refuse. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kit.h"

MIGRATION_FIXTURE(offer, 0);
MIGRATION_FIXTURE(logging, WANTS_LOGGING);

#define HEAD	8	/* bytes in front of a feature's data */
#define GET(f)	(VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_##f)
#define SET(f)	(VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_##f)
#define ASK(f)	(VFIO_DEVICE_FEATURE_PROBE | (f))

TEST_F(offer, a_driver_that_migrates_offers_stop_copy_and_nothing_unheard_of)
{
	EXPECT_TRUE(self->flags & VFIO_MIGRATION_STOP_COPY);
	EXPECT_EQ(0, self->flags & ~(VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P |
				     VFIO_MIGRATION_PRE_COPY));
}

TEST_F(offer, a_probe_tells_which_direction_each_feature_has)
{
	EXPECT_EQ(0, vdev_feature(&self->dev, ASK(GET(MIGRATION)), NULL, 0));
	EXPECT_EQ(-EINVAL, vdev_feature(&self->dev, ASK(SET(MIGRATION)), NULL, 0));
	EXPECT_EQ(0, vdev_feature(&self->dev, ASK(GET(MIG_DEVICE_STATE)), NULL, 0));
	EXPECT_EQ(0, vdev_feature(&self->dev, ASK(SET(MIG_DEVICE_STATE)), NULL, 0));
	EXPECT_EQ(0, vdev_feature(&self->dev, ASK(GET(MIG_DATA_SIZE)), NULL, 0));
	EXPECT_EQ(-EINVAL, vdev_feature(&self->dev, ASK(SET(MIG_DATA_SIZE)), NULL, 0));
}

TEST_F(offer, bad_arguments_are_refused)
{
	static const struct bad_call calls[] = {
		{ "MIGRATION: nothing asked", { 16, VFIO_DEVICE_FEATURE_MIGRATION }, -EINVAL },
		{ "MIGRATION: to be set", { 16, SET(MIGRATION) }, -EINVAL },
		{ "MIGRATION: no room for the answer", { HEAD, GET(MIGRATION) }, -EINVAL },
		{ "MIGRATION: half the room", { HEAD + 4, GET(MIGRATION) }, -EINVAL },
		{ "state: nothing asked", { 16, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE }, -EINVAL },
		{ "state: no room to get it", { HEAD, GET(MIG_DEVICE_STATE) }, -EINVAL },
		{ "state: half the room to get it", { HEAD + 4, GET(MIG_DEVICE_STATE) }, -EINVAL },
		{ "state: half of it to set",
		  { HEAD + 4, SET(MIG_DEVICE_STATE), VFIO_DEVICE_STATE_STOP }, -EINVAL },
		{ "state: to get and to set at once",
		  { 16, GET(MIG_DEVICE_STATE) | SET(MIG_DEVICE_STATE), VFIO_DEVICE_STATE_STOP },
		  -EINVAL },
		{ "state: a flag that is none",
		  { 16, SET(MIG_DEVICE_STATE) | 1 << 19, VFIO_DEVICE_STATE_STOP }, -EINVAL },
		{ "size: nothing asked", { 16, VFIO_DEVICE_FEATURE_MIG_DATA_SIZE }, -EINVAL },
		{ "size: to be set", { 16, SET(MIG_DATA_SIZE), 4096 }, -EINVAL },
		{ "size: half the room", { HEAD + 4, GET(MIG_DATA_SIZE) }, -EINVAL },
	};

	EXPECT_EQ(0, REFUSE_ALL(&self->dev, VFIO_DEVICE_FEATURE, calls));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev));
}

TEST_F(offer, more_room_than_needed_is_no_mistake)
{
	__u32 words[64] = { sizeof(words), GET(MIGRATION) };

	EXPECT_EQ(0, vdev_ioctl(&self->dev, VFIO_DEVICE_FEATURE, words));
	EXPECT_EQ((__u32)self->flags, words[2]);
}

/* The answer cannot be stored: the request fails, and leaves no stream behind. */
TEST_F(offer, a_request_in_read_only_memory_fails_and_leaks_no_descriptor)
{
	__u32 *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int before = dup(0), after;

	ASSERT_NE(MAP_FAILED, page);
	close(before);
	page[0] = 16;
	page[1] = SET(MIG_DEVICE_STATE);
	page[2] = VFIO_DEVICE_STATE_STOP_COPY;
	ASSERT_EQ(0, mprotect(page, 4096, PROT_READ));
	EXPECT_EQ(-EFAULT, vdev_ioctl(&self->dev, VFIO_DEVICE_FEATURE, page));
	after = dup(0);
	EXPECT_EQ(before, after);
	close(after);
	ASSERT_EQ(0, mig_run(&self->dev));
	munmap(page, 4096);
}

TEST_F(offer, a_request_that_is_not_in_memory_is_refused)
{
	EXPECT_EQ(-EFAULT, vdev_ioctl(&self->dev, VFIO_DEVICE_FEATURE, (void *)8));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev));
}

TEST_F(offer, the_size_of_the_state_is_told_in_every_state)
{
	struct vfio_device_feature_mig_data_size size;
	unsigned int state;
	int fd;

	for_each_state(state, self->flags) {
		ASSERT_EQ(0, mig_enter(&self->dev, state, &fd));
		size.stop_copy_length = ~0ULL;
		EXPECT_EQ(0, vdev_feature(&self->dev, GET(MIG_DATA_SIZE), &size, sizeof(size)))
			TH_LOG("%s", mig_state_name(state));
		/* An estimate; but QEMU stops a guest for as long as it takes. */
		EXPECT_GT(1ULL << 40, size.stop_copy_length) TH_LOG("%s", mig_state_name(state));
		if (fd >= 0)
			close(fd);
		ASSERT_EQ(0, mig_run(&self->dev));
	}
}

TEST_F(offer, the_size_estimates_the_stream)
{
	struct vfio_device_feature_mig_data_size size = {};
	struct stream s = {};

	ASSERT_EQ(0, vdev_feature(&self->dev, GET(MIG_DATA_SIZE), &size, sizeof(size)));
	ASSERT_EQ(0, mig_save(&self->dev, &s, STEP));
	EXPECT_LE(s.len / 2, size.stop_copy_length)
		TH_LOG("a stream of %zu, estimated at %llu", s.len, size.stop_copy_length);
	stream_free(&s);
}

#define START	SET(DMA_LOGGING_START)

TEST_F(logging, bad_arguments_are_refused)
{
	static const struct vfio_device_feature_dma_logging_range none = { 0x1000, 0 },
		wraps = { ~0xfffULL, 0x2000 };
	const __u64 empty = (unsigned long)&none, past = (unsigned long)&wraps;
	const struct bad_call calls[] = {
		{ "start: no ranges", { 32, START, 4096, 0, 0, 0, 0, 0 }, -EINVAL },
		{ "start: an empty range", { 32, START, 4096, 0, 1, 0, empty, empty >> 32 },
		  -EINVAL },
		{ "start: a range past the end", { 32, START, 4096, 0, 1, 0, past, past >> 32 },
		  -EOVERFLOW },
		{ "start: ranges that are nowhere", { 32, START, 4096, 0, 1, 0, 8, 0 }, -EFAULT },
		{ "start: half of the argument", { 16, START, 4096 }, -EINVAL },
		{ "stop: nothing was started", { HEAD, SET(DMA_LOGGING_STOP) }, -EINVAL },
	};

	EXPECT_EQ(0, REFUSE_ALL(&self->dev, VFIO_DEVICE_FEATURE, calls));
}
