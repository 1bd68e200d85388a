// SPDX-License-Identifier: GPL-2.0-only
/*
 * The user is killed, the device reset or taken away, another user comes: in every state, with and
 * without a stream in hand. Afterwards the device is as good as new.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define KIT_HOLDS false
#include "kit.h"

CLOSED_FIXTURE(device, 0);

static void close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* Some bytes in the direction of the stream, so that the session is in the middle of something. */
static int begin_moving(unsigned int state, int fd, const struct stream *good)
{
	char bytes[48];

	if (fd < 0)
		return 0;
	if (state == VFIO_DEVICE_STATE_RESUMING)
		return write(fd, good->bytes, good->len / 2) > 0 ? 0 : -errno;
	return read(fd, bytes, sizeof(bytes)) > 0 ? 0 : -errno;
}

/* From RUNNING to @state, and if @moving into the middle of its session. */
static int enter(const struct vdev *v, unsigned int state, bool moving, const struct stream *good,
		 int *fd)
{
	int ret = mig_enter(v, state, fd);

	return ret || !moving ? ret : begin_moving(state, *fd, good);
}

/* Whether a stream of @state still gives or takes anything. */
static bool moves(unsigned int state, int fd)
{
	char bytes[64] = {};

	if (fd < 0)
		return false;
	if (state == VFIO_DEVICE_STATE_RESUMING)
		return write(fd, bytes, sizeof(bytes)) >= 0;
	return read(fd, bytes, sizeof(bytes)) >= 0;
}

/* A stream of the device as it is; it runs on. */
static int sample(const struct vdev *v, struct stream *good)
{
	int ret = mig_save(v, good, STEP);

	return ret ? ret : mig_run(v);
}

TEST_F_TIMEOUT(device, a_reset_leads_from_every_state_to_running_and_ends_the_session, 120)
{
	struct stream good = {};
	unsigned int state;
	int fd, moving;

	ASSERT_EQ(0, sample(&self->dev, &good));
	for_each_state(state, self->flags)
		for (moving = 0; moving < 2; moving++) {
			ASSERT_EQ(0, enter(&self->dev, state, moving, &good, &fd));
			ASSERT_EQ(0, mig_reset(&self->dev)) TH_LOG("%s", mig_state_name(state));
			EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev))
				TH_LOG("%s", mig_state_name(state));
			EXPECT_FALSE(moves(state, fd)) TH_LOG("%s", mig_state_name(state));
			close_if(fd);
		}
	EXPECT_TRUE(kit_is_well(&self->dev, 80));
	stream_free(&good);
}

TEST_F_TIMEOUT(device, closing_in_every_state_leaves_a_device_that_runs_when_opened_again, 120)
{
	struct stream good = {};
	unsigned int state;
	int fd;

	ASSERT_EQ(0, sample(&self->dev, &good));
	for_each_state(state, self->flags) {
		ASSERT_EQ(0, enter(&self->dev, state, true, &good, &fd));
		vdev_close(&self->dev);
		close_if(fd);
		ASSERT_EQ(0, vdev_open(&self->dev, test_bdf())) TH_LOG("%s", mig_state_name(state));
		EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev))
			TH_LOG("%s", mig_state_name(state));
	}
	EXPECT_TRUE(kit_is_well(&self->dev, 81));
	stream_free(&good);
}

TEST_F_TIMEOUT(device, a_stream_that_outlives_its_device_moves_nothing, 120)
{
	struct stream good = {};
	unsigned int state;
	int fd, moving;

	ASSERT_EQ(0, sample(&self->dev, &good));
	for_each_state(state, self->flags)
		for (moving = 0; moving < 2; moving++) {
			struct pollfd p = { .events = POLLIN | POLLOUT };

			ASSERT_EQ(0, enter(&self->dev, state, moving, &good, &fd));
			if (fd < 0) {
				ASSERT_EQ(0, mig_run(&self->dev));
				continue;
			}
			vdev_close(&self->dev);
			EXPECT_FALSE(moves(state, fd)) TH_LOG("%s", mig_state_name(state));
			p.fd = fd;
			EXPECT_EQ(1, poll(&p, 1, 1000)) TH_LOG("poll() waits for nothing");
			/* Its device may be in use again. */
			ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
			EXPECT_FALSE(moves(state, fd)) TH_LOG("%s", mig_state_name(state));
			close(fd);
			EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev));
		}
	stream_free(&good);
}

/* Opens the device, goes to @state, begins to move its stream, and waits for its end. */
static void victim(unsigned int state, const struct stream *good, int ready)
{
	struct vdev v;
	int fd;

	if (vdev_open(&v, test_bdf()) || kit_give(&v, 82) || enter(&v, state, true, good, &fd))
		_exit(1);
	event_send(ready);
	for (;;)
		pause();
}

TEST_F_TIMEOUT(device, a_user_killed_in_any_state_leaves_a_device_as_good_as_new, 180)
{
	struct stream good = {};
	int ready = event_new(), status;
	unsigned int state;

	ASSERT_EQ(0, sample(&self->dev, &good));
	vdev_close(&self->dev);
	for_each_state(state, self->flags) {
		pid_t child = fork();

		if (!child)
			victim(state, &good, ready);
		EXPECT_EQ(1, event_wait(ready, PATIENCE_MS)) TH_LOG("%s", mig_state_name(state));
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status)) TH_LOG("%s", mig_state_name(state));
		ASSERT_EQ(0, vdev_open(&self->dev, test_bdf())) TH_LOG("%s", mig_state_name(state));
		EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev));
		EXPECT_TRUE(still_usable(&self->dev));
		vdev_close(&self->dev);
	}
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
	EXPECT_TRUE(kit_is_well(&self->dev, 83));
	stream_free(&good);
	close(ready);
}

/* Saves and loads without end. */
static void hard_worker(int ready)
{
	struct vdev v;

	if (vdev_open(&v, test_bdf()))
		_exit(1);
	event_send(ready);
	for (;;) {
		struct stream s = {};

		if (mig_save(&v, &s, 512) || mig_load(&v, &s, 512) || mig_run(&v))
			_exit(1);
		stream_free(&s);
	}
}

TEST_F_TIMEOUT(device, a_user_killed_at_any_moment_leaves_a_device_as_good_as_new, 180)
{
	int ready = event_new(), status, round;

	vdev_close(&self->dev);
	srand(getpid());
	for (round = 0; round < 5; round++) {
		pid_t child = fork();

		if (!child)
			hard_worker(ready);
		EXPECT_EQ(1, event_wait(ready, PATIENCE_MS));
		usleep(1000 * (rand() % 600));
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status)) TH_LOG("it failed by itself");
		ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
		EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev));
		vdev_close(&self->dev);
	}
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
	EXPECT_TRUE(kit_is_well(&self->dev, 84));
	close(ready);
}

static int unbind(void *bdf)
{
	return pci_unbind(bdf);
}

/* A process that takes the function from its driver, and has none of its files open. */
static pid_t taker(struct vdev *v, int stream)
{
	pid_t child = fork();

	if (child)
		return child;
	vdev_close(v);
	close_if(stream);
	_exit(unbind((void *)test_bdf()) ? 1 : 0);
}

static bool ended(void *arg)
{
	pid_t *child = arg;
	int status;

	if (waitpid(*child, &status, WNOHANG) != *child)
		return false;
	*child = WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -1;
	return true;
}

TEST_F_TIMEOUT(device, an_open_stream_does_not_keep_the_driver_bound_in_any_state, 180)
{
	struct stream good = {};
	unsigned int state;
	char driver[64];
	pid_t child;
	int fd;

	pci_driver(test_bdf(), driver, sizeof(driver));
	ASSERT_EQ(0, sample(&self->dev, &good));
	for_each_state(state, self->flags) {
		ASSERT_EQ(0, enter(&self->dev, state, true, &good, &fd));
		child = taker(&self->dev, fd);
		/* It waits for the device, but not for the stream. */
		EXPECT_FALSE(wait_until(ended, &child, QUIET_MS));
		EXPECT_EQ((int)state, mig_state(&self->dev));
		vdev_close(&self->dev);
		EXPECT_TRUE(wait_until(ended, &child, PATIENCE_MS))
			TH_LOG("%s: unbinding does not end", mig_state_name(state));
		EXPECT_EQ(0, child);
		EXPECT_FALSE(moves(state, fd)) TH_LOG("%s", mig_state_name(state));
		close_if(fd);
		ASSERT_EQ(0, pci_give(test_bdf(), driver)) TH_LOG("%s", mig_state_name(state));
		ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
		EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev));
	}
	EXPECT_TRUE(kit_is_well(&self->dev, 85));
	stream_free(&good);
}

TEST_F(device, a_second_file_of_the_device_sees_the_same_state)
{
	struct vdev second;
	unsigned int state;
	int fd;

	ASSERT_EQ(0, vdev_join(&second, &self->dev, self->dev.bdf));
	for_each_state(state, self->flags) {
		ASSERT_EQ(0, mig_enter(&self->dev, state, &fd));
		EXPECT_EQ((int)state, mig_state(&second)) TH_LOG("%s", mig_state_name(state));
		close_if(fd);
		ASSERT_EQ(0, mig_run(&second));
		EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev));
	}
	/* The session belongs to the device, not to the file that asked for it. */
	ASSERT_EQ(0, mig_set(&second, VFIO_DEVICE_STATE_STOP_COPY, &fd));
	vdev_close(&second);
	EXPECT_EQ(VFIO_DEVICE_STATE_STOP_COPY, mig_state(&self->dev));
	close(fd);
	EXPECT_EQ(-EBUSY, vdev_open_group(self->dev.bdf));
}

/* What two threads without any manners do to one device. */
struct crowd {
	struct vdev *v;
	const struct stream *good;
	int flags;
	bool stop;
	unsigned int seed;
};

static void *without_manners(void *arg)
{
	struct crowd *c = arg;

	while (!__atomic_load_n(&c->stop, __ATOMIC_RELAXED)) {
		unsigned int state = rand_r(&c->seed) % VFIO_DEVICE_STATE_NR;
		struct stream s = {};
		int fd;

		if (!mig_set(c->v, state, &fd) && fd >= 0) {
			fcntl(fd, F_SETFL, O_NONBLOCK);
			if (state == VFIO_DEVICE_STATE_RESUMING)
				stream_write(fd, c->good, 1 + rand_r(&c->seed) % 5000);
			else
				stream_read(fd, &s, 1 + rand_r(&c->seed) % 5000);
		}
		close_if(fd);
		stream_free(&s);
		if (rand_r(&c->seed) % 8 == 0)
			mig_reset(c->v);
		if (mig_state(c->v) < 0)
			break;
	}
	return NULL;
}

TEST_F_TIMEOUT(device, users_who_contradict_each_other_do_not_break_it, 120)
{
	struct crowd crowd[3];
	pthread_t threads[3];
	struct stream good = {};
	int i;

	ASSERT_EQ(0, sample(&self->dev, &good));
	for (i = 0; i < 3; i++) {
		crowd[i] = (struct crowd){ &self->dev, &good, self->flags, false, getpid() + i };
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, without_manners, &crowd[i]));
	}
	usleep(2000000);
	for (i = 0; i < 3; i++)
		__atomic_store_n(&crowd[i].stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	ASSERT_EQ(0, mig_reset(&self->dev));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev));
	EXPECT_TRUE(kit_is_well(&self->dev, 86));
	stream_free(&good);
}
