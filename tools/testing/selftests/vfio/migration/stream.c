// SPDX-License-Identifier: GPL-2.0-only
/*
 * The data stream as a file: any size of read and write, bad memory, the wrong direction, waiting,
 * and what is left of it when its session, its device or its driver is gone.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kit.h"

MIGRATION_FIXTURE(saving, 0);
MIGRATION_FIXTURE(filled, 0);

static const size_t steps[] = { 1, 7, 4095, 4096, 1 << 20 };

TEST_F_TIMEOUT(filled, a_stream_may_be_read_in_pieces_of_any_size, 120)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		struct stream s = {};

		ASSERT_EQ(0, kit_give(&self->dev, 10 + i));
		ASSERT_EQ(0, mig_save(&self->dev, &s, steps[i])) TH_LOG("step %zu", steps[i]);
		ASSERT_EQ(0, mig_run(&self->dev));
		ASSERT_EQ(0, kit_give(&self->dev, 9));
		ASSERT_EQ(0, mig_load(&self->dev, &s, STEP)) TH_LOG("step %zu", steps[i]);
		ASSERT_EQ(0, mig_run(&self->dev));
		EXPECT_EQ(0, kit_check(&self->dev, 10 + i)) TH_LOG("step %zu", steps[i]);
		stream_free(&s);
	}
}

TEST_F_TIMEOUT(filled, a_stream_may_be_written_in_pieces_of_any_size, 120)
{
	struct stream s = {};
	size_t i;

	ASSERT_EQ(0, kit_give(&self->dev, 20));
	ASSERT_EQ(0, mig_save(&self->dev, &s, STEP));
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		ASSERT_EQ(0, mig_run(&self->dev));
		ASSERT_EQ(0, kit_give(&self->dev, 21));
		ASSERT_EQ(0, mig_load(&self->dev, &s, steps[i])) TH_LOG("step %zu", steps[i]);
		ASSERT_EQ(0, mig_run(&self->dev));
		EXPECT_EQ(0, kit_check(&self->dev, 20)) TH_LOG("step %zu", steps[i]);
	}
	stream_free(&s);
}

/* Nothing of the stream may be lost by a read that could not store it. */
TEST_F_TIMEOUT(filled, a_read_into_bad_memory_takes_nothing_out_of_the_stream, 120)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct stream s = {};
	ssize_t got;
	int fd;

	ASSERT_NE(MAP_FAILED, pages);
	ASSERT_EQ(0, mprotect(pages + 4096, 4096, PROT_NONE));
	ASSERT_EQ(0, kit_give(&self->dev, 30));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd));
	EXPECT_EQ(-1, read(fd, pages + 4096, 4096));
	EXPECT_EQ(EFAULT, errno);
	/* One that can be stored in part gives that part, or nothing. */
	got = read(fd, pages + 4096 - 16, 4096);
	if (got > 0) {
		ASSERT_GE(16, got);
		stream_add(&s, pages + 4096 - 16, got);
	}
	ASSERT_EQ(0, stream_read(fd, &s, STEP));
	close(fd);
	ASSERT_EQ(0, mig_run(&self->dev));
	ASSERT_EQ(0, kit_give(&self->dev, 31));
	ASSERT_EQ(0, mig_load(&self->dev, &s, STEP));
	ASSERT_EQ(0, mig_run(&self->dev));
	EXPECT_EQ(0, kit_check(&self->dev, 30));
	stream_free(&s);
	munmap(pages, 8192);
}

TEST_F_TIMEOUT(filled, a_write_from_bad_memory_puts_nothing_into_the_stream, 120)
{
	char *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct stream s = {}, rest;
	size_t half;
	int fd;

	ASSERT_NE(MAP_FAILED, hole);
	ASSERT_EQ(0, kit_give(&self->dev, 32));
	ASSERT_EQ(0, mig_save(&self->dev, &s, STEP));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RESUMING, &fd));
	EXPECT_EQ(-1, write(fd, hole, 4096));
	EXPECT_EQ(EFAULT, errno);
	half = s.len / 2;
	rest = (struct stream){ s.bytes + half, s.len - half };
	ASSERT_EQ(half, write(fd, s.bytes, half));
	EXPECT_EQ(-1, write(fd, hole, 1));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(0, stream_write(fd, &rest, STEP));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RUNNING, NULL));
	close(fd);
	EXPECT_EQ(0, kit_check(&self->dev, 32));
	stream_free(&s);
	munmap(hole, 4096);
}

TEST_F(saving, the_end_of_a_stream_stays_the_end)
{
	struct stream s = {};
	struct pollfd p;
	char byte;
	int fd;

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd));
	ASSERT_EQ(0, read(fd, &byte, 0));
	ASSERT_EQ(0, stream_read(fd, &s, STEP));
	EXPECT_EQ(0, read(fd, &byte, 1));
	EXPECT_EQ(0, read(fd, &byte, 1));
	p = (struct pollfd){ .fd = fd, .events = POLLIN };
	EXPECT_EQ(1, poll(&p, 1, PATIENCE_MS));
	EXPECT_TRUE(p.revents & POLLIN);
	EXPECT_EQ(0, read(fd, &byte, 1));
	EXPECT_EQ(VFIO_DEVICE_STATE_STOP_COPY, mig_state(&self->dev));
	stream_free(&s);
	close(fd);
}

/* A driver that has all data at once may give it without EAGAIN. */
TEST_F_TIMEOUT(filled, who_does_not_wait_gets_the_whole_stream_by_poll, 120)
{
	struct stream s = {};
	unsigned int rounds = 0;
	int fd, ret;

	ASSERT_EQ(0, kit_give(&self->dev, 40));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd));
	ASSERT_EQ(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	while ((ret = stream_read(fd, &s, 512)) == -EAGAIN) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		ASSERT_GT(100000, ++rounds);
		ASSERT_EQ(1, poll(&p, 1, PATIENCE_MS));
		ASSERT_EQ(POLLIN, p.revents & (POLLIN | POLLERR));
	}
	EXPECT_EQ(0, ret);
	close(fd);
	ASSERT_EQ(0, mig_load(&self->dev, &s, STEP));
	ASSERT_EQ(0, mig_run(&self->dev));
	EXPECT_EQ(0, kit_check(&self->dev, 40));
	stream_free(&s);
}

TEST_F(saving, a_stream_has_no_position)
{
	static const unsigned int sessions[] = { VFIO_DEVICE_STATE_STOP_COPY,
						 VFIO_DEVICE_STATE_RESUMING };
	char bytes[16] = {};
	size_t i;
	int fd, whence;

	for (i = 0; i < ARRAY_SIZE(sessions); i++) {
		ASSERT_EQ(0, mig_set(&self->dev, sessions[i], &fd));
		for (whence = SEEK_SET; whence <= SEEK_END; whence++) {
			EXPECT_EQ(-1, lseek(fd, 0, whence));
			EXPECT_EQ(ESPIPE, errno) TH_LOG("whence %d", whence);
		}
		EXPECT_EQ(-1, pread(fd, bytes, sizeof(bytes), 1));
		EXPECT_TRUE(errno == ESPIPE || errno == EBADF);
		EXPECT_EQ(-1, pwrite(fd, bytes, sizeof(bytes), 1));
		EXPECT_TRUE(errno == ESPIPE || errno == EBADF);
		close(fd);
		ASSERT_EQ(0, mig_run(&self->dev));
	}
}

TEST_F(saving, a_stream_has_one_direction_and_cannot_be_mapped)
{
	char bytes[16] = {};
	int fd;

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd));
	EXPECT_EQ(-1, write(fd, bytes, sizeof(bytes)));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0));
	close(fd);
	ASSERT_EQ(0, mig_run(&self->dev));

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RESUMING, &fd));
	EXPECT_EQ(-1, read(fd, bytes, sizeof(bytes)));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0));
	close(fd);
}

TEST_F(saving, a_stream_knows_no_ioctl_of_others)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	int fd;

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd));
	EXPECT_EQ(-1, ioctl(fd, VFIO_DEVICE_GET_INFO, &info));
	EXPECT_EQ(ENOTTY, errno);
	close(fd);
}

/* What a stream says once its session is over; 0 is data or an end that looks like success. */
static int over(int fd, bool load)
{
	char bytes[64] = {};
	ssize_t ret = load ? write(fd, bytes, sizeof(bytes)) : read(fd, bytes, sizeof(bytes));
	int err = ret < 0 ? errno : 0;
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	/* It may not make anybody wait either. */
	return poll(&p, 1, 1000) == 1 || load ? err : 0;
}

TEST_F(saving, a_stream_says_nothing_more_when_its_session_is_over)
{
	int fd;

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP, NULL));
	EXPECT_NE(0, over(fd, false));
	close(fd);

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd));
	ASSERT_EQ(0, mig_reset(&self->dev));
	EXPECT_NE(0, over(fd, false));
	close(fd);

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RESUMING, &fd));
	ASSERT_EQ(0, mig_reset(&self->dev));
	EXPECT_NE(0, over(fd, true));
	close(fd);
}

TEST_F(saving, an_old_stream_does_not_disturb_the_next_session)
{
	struct stream s = {};
	int old, fd;

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &old));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP, NULL));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd));
	EXPECT_NE(0, over(old, false));
	ASSERT_EQ(0, stream_read(fd, &s, STEP));
	EXPECT_NE(0, over(old, false));
	close(old);
	close(fd);
	ASSERT_EQ(0, mig_load(&self->dev, &s, STEP));
	stream_free(&s);
}

TEST_F(saving, a_stream_may_be_closed_before_its_session_is_over)
{
	struct stream s = {};
	char byte;
	int fd;

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd));
	ASSERT_EQ(1, read(fd, &byte, 1));
	close(fd);
	EXPECT_EQ(VFIO_DEVICE_STATE_STOP_COPY, mig_state(&self->dev));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RUNNING, NULL));
	ASSERT_EQ(0, mig_save(&self->dev, &s, STEP));
	EXPECT_LT(0, s.len);
	stream_free(&s);
}
