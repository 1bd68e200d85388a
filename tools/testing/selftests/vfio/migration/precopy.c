// SPDX-License-Identifier: GPL-2.0-only
/*
 * PRE_COPY: what is told about the data still to come, the temporary end of the stream, and that
 * what changes after the first pass is not forgotten.
 */
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kit.h"

MIGRATION_FIXTURE(precopy, WANTS_PRE_COPY);
MIGRATION_FIXTURE(lively, WANTS_PRE_COPY | WANTS_PLUG);

static int info_of(int fd, struct vfio_precopy_info *info)
{
	*info = (struct vfio_precopy_info){ .argsz = sizeof(*info) };
	return ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, info) ? -errno : 0;
}

TEST_F_TIMEOUT(precopy, the_initial_bytes_are_there_at_first_and_none_once_they_are_read, 120)
{
	struct vfio_precopy_info first, last;
	struct stream s = {};
	int fd;

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, &fd));
	ASSERT_EQ(0, info_of(fd, &first));
	EXPECT_LT(0, first.initial_bytes);
	EXPECT_EQ(0, first.dirty_bytes);
	ASSERT_EQ(-ENOMSG, stream_read(fd, &s, STEP));
	EXPECT_LT(0, s.len);
	ASSERT_EQ(0, info_of(fd, &last));
	EXPECT_EQ(0, last.initial_bytes);
	stream_free(&s);
	close(fd);
}

TEST_F_TIMEOUT(precopy, the_initial_bytes_never_grow, 120)
{
	struct vfio_precopy_info info;
	char bytes[64];
	__u64 before = ~0ULL;
	int fd;

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, &fd));
	do {
		ASSERT_EQ(0, info_of(fd, &info));
		ASSERT_GE(before, info.initial_bytes);
		before = info.initial_bytes;
	} while (read(fd, bytes, sizeof(bytes)) > 0);
	EXPECT_EQ(ENOMSG, errno);
	close(fd);
}

TEST_F_TIMEOUT(precopy, the_information_refuses_bad_arguments, 120)
{
	struct vfio_precopy_info info;
	__u32 argsz;
	int fd;

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, &fd));
	for (argsz = 0; argsz < sizeof(info); argsz++) {
		info = (struct vfio_precopy_info){ .argsz = argsz };
		EXPECT_EQ(-1, ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, &info)) TH_LOG("%u", argsz);
		EXPECT_EQ(EINVAL, errno) TH_LOG("argsz %u", argsz);
	}
	EXPECT_EQ(-1, ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, NULL));
	EXPECT_EQ(EFAULT, errno);
	info = (struct vfio_precopy_info){ .argsz = 4096 };
	EXPECT_EQ(0, ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, &info));
	close(fd);
}

TEST_F_TIMEOUT(precopy, the_information_is_for_the_precopy_states_only, 120)
{
	struct vfio_precopy_info info;
	int fd;

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, &fd));
	EXPECT_EQ(0, info_of(fd, &info));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, NULL));
	EXPECT_EQ(-EINVAL, info_of(fd, &info));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RUNNING, NULL));
	EXPECT_GT(0, info_of(fd, &info));
	close(fd);

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd));
	EXPECT_EQ(-EINVAL, info_of(fd, &info));
	close(fd);
	ASSERT_EQ(0, mig_run(&self->dev));

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RESUMING, &fd));
	EXPECT_GT(0, info_of(fd, &info));
	close(fd);
}

TEST_F_TIMEOUT(precopy, an_idle_device_ends_the_stream_for_now_and_stop_copy_for_good, 120)
{
	struct pollfd p = { .events = POLLIN };
	struct stream s = {};
	int fd;

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, &fd));
	ASSERT_EQ(-ENOMSG, stream_read(fd, &s, STEP));
	ASSERT_EQ(-ENOMSG, stream_read(fd, &s, STEP));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, NULL));
	p.fd = fd;
	EXPECT_EQ(1, poll(&p, 1, PATIENCE_MS));
	EXPECT_EQ(0, stream_read(fd, &s, STEP));
	close(fd);
	ASSERT_EQ(0, mig_load(&self->dev, &s, STEP));
	stream_free(&s);
}

TEST_F_TIMEOUT(precopy, saving_can_be_given_up_and_begun_again, 120)
{
	struct stream s = {};
	char byte;
	int round, fd;

	for (round = 0; round < 5; round++) {
		ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, &fd));
		ASSERT_EQ(1, read(fd, &byte, 1));
		ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RUNNING, NULL));
		EXPECT_EQ(-1, read(fd, &byte, 1));
		close(fd);
	}
	ASSERT_EQ(0, mig_save_precopy(&self->dev, &s, STEP));
	ASSERT_EQ(0, mig_load(&self->dev, &s, STEP));
	stream_free(&s);
}

TEST_F_TIMEOUT(lively, what_changes_after_the_first_pass_is_in_the_stream, 120)
{
	struct stream s = {};
	int fd;

	ASSERT_EQ(0, kit_give(&self->dev, 50));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, &fd));
	ASSERT_EQ(-ENOMSG, stream_read(fd, &s, STEP));
	ASSERT_EQ(0, kit_give(&self->dev, 51));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, NULL));
	ASSERT_EQ(0, stream_read(fd, &s, STEP));
	close(fd);
	ASSERT_EQ(0, mig_run(&self->dev));
	EXPECT_EQ(0, kit_check(&self->dev, 51));
	ASSERT_EQ(0, kit_give(&self->dev, 52));
	ASSERT_EQ(0, mig_load(&self->dev, &s, STEP));
	ASSERT_EQ(0, mig_run(&self->dev));
	EXPECT_EQ(0, kit_check(&self->dev, 51));
	stream_free(&s);
}

TEST_F_TIMEOUT(lively, stop_copy_without_reading_anything_before_holds_it_all, 120)
{
	struct stream s = {};
	int fd;

	ASSERT_EQ(0, kit_give(&self->dev, 53));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, &fd));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, NULL));
	ASSERT_EQ(0, stream_read(fd, &s, STEP));
	close(fd);
	ASSERT_EQ(0, mig_run(&self->dev));
	ASSERT_EQ(0, kit_give(&self->dev, 54));
	ASSERT_EQ(0, mig_load(&self->dev, &s, STEP));
	ASSERT_EQ(0, mig_run(&self->dev));
	EXPECT_EQ(0, kit_check(&self->dev, 53));
	stream_free(&s);
}

/* In the middle of the first pass, at each of some places. */
TEST_F_TIMEOUT(lively, stop_copy_half_way_through_the_first_pass_holds_the_rest, 120)
{
	static const size_t places[] = { 1, 40, 100, 1000, 4000 };
	char bytes[4096];
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct stream s = {};
		ssize_t got;

		ASSERT_EQ(0, kit_give(&self->dev, 60 + i));
		ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, &fd));
		got = read(fd, bytes, places[i]);
		ASSERT_LT(0, got);
		stream_add(&s, bytes, got);
		ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, NULL));
		ASSERT_EQ(0, stream_read(fd, &s, STEP)) TH_LOG("after %zu", places[i]);
		close(fd);
		ASSERT_EQ(0, mig_run(&self->dev));
		ASSERT_EQ(0, kit_give(&self->dev, 59));
		ASSERT_EQ(0, mig_load(&self->dev, &s, STEP)) TH_LOG("after %zu", places[i]);
		ASSERT_EQ(0, mig_run(&self->dev));
		EXPECT_EQ(0, kit_check(&self->dev, 60 + i)) TH_LOG("after %zu", places[i]);
		stream_free(&s);
	}
}
