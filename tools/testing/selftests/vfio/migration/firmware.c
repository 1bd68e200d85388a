// SPDX-License-Identifier: GPL-2.0-only
/*
 * The firmware that migrates an mlx5 function refuses, takes long or never answers, or the function
 * is pulled out. Migration then ends with an error in a time that can be told; the function goes on
 * with what it had; nothing stays behind in the firmware; and it migrates as before.
 *
 * For the lab's simulated card, whose failures are switched with what "lab-sim" says to it
 * (Documentation/testing/simulator.rst). VFIO_BDF is its first VF or its first disk, and "--device
 * mlx5:VFS,timeout=SECONDS" makes the wait for an answer a short one.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kit.h"

#define SIM "/dev/virtio-ports/lab.sim"

#define PCI_VENDOR_ID_MELLANOX 0x15b3

/* What firmware answers to a command that does not suit the function's state, or names nothing. */
#define BAD_STATE	"status=9"
#define BAD_RESOURCE	"status=5"

/* Seconds after which something hangs: mlx5_core's own minute, and more. */
#define HANGS 100

/* Say a line to the simulator; its answer without the end is in @answer. 0 or -errno. */
static int sim_line(const char *line, char *answer, size_t size)
{
	int fd = open(SIM, O_RDWR | O_CLOEXEC);
	FILE *port = fd < 0 ? NULL : fdopen(fd, "r+");
	char text[256];
	int ret = -EIO;

	if (!port)
		return -ENXIO;
	setbuf(port, NULL);
	*answer = 0;
	if (dprintf(fd, "%s\n", line) < 0) {
		fclose(port);
		return -EIO;
	}
	while (fgets(text, sizeof(text), port)) {
		if (!strcmp(text, "ok\n")) {
			ret = 0;
			break;
		}
		if (!strncmp(text, "error:", 6)) {
			printf("# the simulator: %s: %s", line, text);
			ret = -EINVAL;
			break;
		}
		snprintf(answer, size, "%s", text);
	}
	fclose(port);
	return ret;
}

static int sim(const char *line)
{
	char answer[256];

	return sim_line(line, answer, sizeof(answer));
}

/* Of the function under test: by its ID, which it does not tell once it is gone. */
static int sim_pull(bool vf, bool out)
{
	if (vf)
		return sim(out ? "remove vf0" : "restore vf0");
	return sim(out ? "remove blk0" : "restore blk0");
}

/* How many objects the manager's driver has in its firmware, -1 when that cannot be told. */
static int firmware_objects(void)
{
	char answer[256];
	const char *at;

	if (sim_line("show pf", answer, sizeof(answer)))
		return -1;
	at = strstr(answer, "objects=");
	return at ? atoi(at + strlen("objects=")) : -1;
}

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec + at.tv_nsec / 1e9;
}

/* Before main(): without the simulator there is nothing to be tested. */
static void __attribute__((constructor)) needs_the_simulator(void)
{
	if (access(SIM, F_OK))
		exit(4);
	sim("clear");
}

FIXTURE(firmware) {
	struct vdev dev;
	int objects;
	double begin;
};

FIXTURE_SETUP(firmware)
{
	ASSERT_EQ(0, kit_join(&self->dev));
	self->objects = firmware_objects();
	ASSERT_LT(0, self->objects);
	ASSERT_EQ(0, kit_give(&self->dev, 7));
	self->begin = now();
}

FIXTURE_TEARDOWN(firmware)
{
	sim("clear");
	kit_leave(&self->dev);
}

static void __attribute__((constructor)) declare_firmware(void)
{
	fixture_needs("firmware", WANTS_P2P | WANTS_PRE_COPY | WANTS_PLUG, false);
}

/* The function runs, by being asked and not by a reset, and has what it had before the failure. */
#define EXPECT_SURVIVES()							\
	do {									\
		EXPECT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RUNNING, NULL));	\
		EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev));	\
		EXPECT_EQ(0, kit_check(&self->dev, 7));				\
		EXPECT_MIGRATES();						\
	} while (0)

/* It migrates both ways, and the firmware holds no more than before. */
#define EXPECT_MIGRATES()							\
	do {									\
		EXPECT_EQ(0, carried(&self->dev, mig_save));			\
		EXPECT_EQ(0, carried(&self->dev, mig_save_precopy));		\
		EXPECT_EQ(self->objects, firmware_objects());			\
		EXPECT_GT(HANGS, now() - self->begin);				\
	} while (0)

static int carried(const struct vdev *v, int (*save)(const struct vdev *, struct stream *, size_t))
{
	struct stream s = {};
	int ret = kit_give(v, 8);

	if (!ret)
		ret = save(v, &s, STEP);
	if (!ret)
		ret = mig_run(v);
	if (!ret)
		ret = kit_give(v, 9);
	if (!ret)
		ret = mig_load(v, &s, STEP);
	if (!ret)
		ret = mig_run(v);
	stream_free(&s);
	return ret ? ret : kit_check(v, 8);
}

/* ---- refusals -------------------------------------------------------------------------------- */

TEST_F_TIMEOUT(firmware, that_refuses_to_suspend_leaves_the_function_running, 120)
{
	ASSERT_EQ(0, sim("fail SUSPEND_VHCA " BAD_STATE));
	EXPECT_GT(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP, NULL));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev));
	EXPECT_SURVIVES();
}

TEST_F_TIMEOUT(firmware, that_refuses_the_second_half_of_suspending_lets_the_first_be_undone, 120)
{
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RUNNING_P2P, NULL));
	ASSERT_EQ(0, sim("fail SUSPEND_VHCA " BAD_STATE));
	EXPECT_GT(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP, NULL));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING_P2P, mig_state(&self->dev));
	EXPECT_SURVIVES();
}

TEST_F_TIMEOUT(firmware, that_refuses_to_resume_can_be_asked_again, 120)
{
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP, NULL));
	ASSERT_EQ(0, sim("fail RESUME_VHCA " BAD_STATE));
	EXPECT_GT(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RUNNING, NULL));
	EXPECT_EQ(VFIO_DEVICE_STATE_STOP, mig_state(&self->dev));
	EXPECT_SURVIVES();
}

TEST_F_TIMEOUT(firmware, that_refuses_to_say_a_size_begins_no_session, 120)
{
	static const unsigned int states[] = { VFIO_DEVICE_STATE_PRE_COPY,
					       VFIO_DEVICE_STATE_STOP_COPY };
	struct vfio_device_feature_mig_data_size size = {};
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		ASSERT_EQ(0, sim("fail QUERY_VHCA_MIGRATION_STATE " BAD_STATE));
		EXPECT_GT(0, mig_set(&self->dev, states[i], &fd)) TH_LOG("state %u", states[i]);
		EXPECT_EQ(-1, fd);
		EXPECT_FALSE(mig_saves(mig_state(&self->dev)));
		EXPECT_EQ(self->objects, firmware_objects());
		ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RUNNING, NULL));
	}
	ASSERT_EQ(0, sim("fail QUERY_VHCA_MIGRATION_STATE " BAD_STATE));
	EXPECT_GT(0, vdev_feature(&self->dev, VFIO_DEVICE_FEATURE_GET |
				  VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, &size, sizeof(size)));
	EXPECT_SURVIVES();
}

TEST_F_TIMEOUT(firmware, that_refuses_to_save_is_what_read_answers, 120)
{
	struct stream s = {};
	int fd;

	ASSERT_EQ(0, sim("fail SAVE_VHCA_STATE " BAD_RESOURCE));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd));
	EXPECT_GT(0, stream_read(fd, &s, STEP));
	EXPECT_EQ(0, s.len);
	close(fd);
	EXPECT_SURVIVES();
	stream_free(&s);
}

TEST_F_TIMEOUT(firmware, that_refuses_to_save_a_running_function_ends_pre_copy, 120)
{
	struct stream s = {};
	int fd;

	ASSERT_EQ(0, sim("fail SAVE_VHCA_STATE " BAD_RESOURCE));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, &fd));
	EXPECT_GT(0, stream_read(fd, &s, STEP));
	close(fd);
	EXPECT_SURVIVES();
	stream_free(&s);
}

TEST_F_TIMEOUT(firmware, that_refuses_the_last_image_after_pre_copy_costs_the_source_nothing, 120)
{
	struct stream s = {};
	int fd;

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, &fd));
	ASSERT_EQ(-ENOMSG, stream_read(fd, &s, STEP));
	ASSERT_EQ(0, sim("fail SAVE_VHCA_STATE " BAD_RESOURCE));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, NULL));
	EXPECT_GT(0, stream_read(fd, &s, STEP));
	close(fd);
	EXPECT_SURVIVES();
	stream_free(&s);
}

TEST_F_TIMEOUT(firmware, that_does_not_stop_tracking_does_not_keep_the_function_from_running, 120)
{
	struct stream s = {};
	int fd;

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, &fd));
	ASSERT_EQ(-ENOMSG, stream_read(fd, &s, STEP));
	ASSERT_EQ(0, sim("fail SAVE_VHCA_STATE " BAD_RESOURCE " 1000"));
	EXPECT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RUNNING, NULL));
	ASSERT_EQ(0, sim("clear"));
	close(fd);
	EXPECT_SURVIVES();
	stream_free(&s);
}

TEST_F_TIMEOUT(firmware, that_refuses_an_image_fails_the_destination_and_not_the_next_try, 120)
{
	struct stream s = {};

	ASSERT_EQ(0, mig_save(&self->dev, &s, STEP));
	ASSERT_EQ(0, mig_run(&self->dev));
	ASSERT_EQ(0, sim("fail LOAD_VHCA_STATE " BAD_RESOURCE));
	EXPECT_GT(0, mig_load(&self->dev, &s, STEP));
	EXPECT_NE(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev));
	ASSERT_EQ(0, mig_run(&self->dev));
	ASSERT_EQ(0, mig_load(&self->dev, &s, STEP));
	EXPECT_SURVIVES();
	stream_free(&s);
}

/* ---- slowness -------------------------------------------------------------------------------- */

TEST_F_TIMEOUT(firmware, that_takes_long_keeps_nobody_who_does_not_want_to_wait, 120)
{
	struct pollfd p = { .events = POLLIN };
	struct stream s = {};
	char byte;
	int fd;

	ASSERT_EQ(0, sim("fail SAVE_VHCA_STATE delay=1000"));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd));
	p.fd = fd;
	ASSERT_EQ(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(0, poll(&p, 1, 0));
	EXPECT_EQ(1, poll(&p, 1, PATIENCE_MS));
	ASSERT_EQ(0, fcntl(fd, F_SETFL, 0));
	EXPECT_EQ(0, stream_read(fd, &s, STEP));
	close(fd);
	ASSERT_EQ(0, mig_load(&self->dev, &s, STEP));
	EXPECT_SURVIVES();
	stream_free(&s);
}

TEST_F_TIMEOUT(firmware, that_is_saving_is_waited_for_when_the_function_is_reset, 120)
{
	char byte;
	int fd;

	ASSERT_EQ(0, sim("fail SAVE_VHCA_STATE delay=1000"));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd));
	ASSERT_EQ(0, mig_reset(&self->dev));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev));
	EXPECT_EQ(-1, read(fd, &byte, 1));
	close(fd);
	EXPECT_MIGRATES();
}

/* ---- silence --------------------------------------------------------------------------------- */

TEST_F_TIMEOUT(firmware, that_never_answers_a_save_fails_it, 240)
{
	struct stream s = {};
	int fd;

	ASSERT_EQ(0, sim("fail SAVE_VHCA_STATE lost"));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd));
	EXPECT_EQ(-ETIMEDOUT, stream_read(fd, &s, STEP));
	close(fd);
	EXPECT_SURVIVES();
	stream_free(&s);
}

TEST_F_TIMEOUT(firmware, that_never_answers_a_load_fails_it, 240)
{
	struct stream s = {};

	ASSERT_EQ(0, mig_save(&self->dev, &s, STEP));
	ASSERT_EQ(0, mig_run(&self->dev));
	ASSERT_EQ(0, sim("fail LOAD_VHCA_STATE lost"));
	EXPECT_GT(0, mig_load(&self->dev, &s, STEP));
	EXPECT_NE(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev));
	ASSERT_EQ(0, mig_run(&self->dev));
	ASSERT_EQ(0, mig_load(&self->dev, &s, STEP));
	EXPECT_SURVIVES();
	stream_free(&s);
}

TEST_F_TIMEOUT(firmware, that_never_answers_a_suspend_leaves_the_function_running, 240)
{
	ASSERT_EQ(0, sim("fail SUSPEND_VHCA lost"));
	EXPECT_GT(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP, NULL));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev));
	EXPECT_SURVIVES();
}

/* As when the device is closed: nobody waits longer than for the answer. */
TEST_F_TIMEOUT(firmware, that_never_answers_does_not_keep_a_reset_from_ending_the_session, 240)
{
	ASSERT_EQ(0, sim("fail SAVE_VHCA_STATE lost"));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, NULL));
	EXPECT_EQ(0, mig_reset(&self->dev));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev));
	EXPECT_MIGRATES();
}

/* ---- the function is pulled out, and put back ------------------------------------------------ */

TEST_F_TIMEOUT(firmware, ends_a_migration_of_a_function_that_is_pulled_out, 240)
{
	bool vf = cfg_get(&self->dev, PCI_VENDOR_ID, 2) == PCI_VENDOR_ID_MELLANOX;
	struct stream s = {};
	int fd;

	ASSERT_EQ(0, sim("fail SAVE_VHCA_STATE delay=500"));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd));
	ASSERT_EQ(0, sim_pull(vf, true));
	/* The firmware still has it, so that it may well be saved. */
	stream_read(fd, &s, STEP);
	close(fd);
	mig_set(&self->dev, VFIO_DEVICE_STATE_STOP, NULL);
	EXPECT_EQ(VFIO_DEVICE_STATE_STOP, mig_state(&self->dev));
	ASSERT_EQ(0, sim_pull(vf, false));
	EXPECT_SURVIVES();
	stream_free(&s);
}
