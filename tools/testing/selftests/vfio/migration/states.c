// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state machine of linux/vfio.h: each state leads where it says, in one request or in several,
 * nowhere else, and a stream comes with those requests that begin a session. What the device holds
 * does not change by it.
 */
#include <fcntl.h>
#include <unistd.h>

#include "kit.h"

MIGRATION_FIXTURE(machine, 0);
MIGRATION_FIXTURE(filled, WANTS_PLUG);
MIGRATION_FIXTURE(p2p, WANTS_P2P);
MIGRATION_FIXTURE(precopy, WANTS_PRE_COPY);

/* RESUMING can only be left with all of a stream. */
static int complete(unsigned int state, int fd, const struct stream *loaded)
{
	return state == VFIO_DEVICE_STATE_RESUMING && fd >= 0 ? stream_write(fd, loaded, STEP) : 0;
}

/*
 * RUNNING to @state and, if that loads, load @state_of_device, so that there is a way on. The
 * stream is left in @fd.
 */
static int go(const struct vdev *v, unsigned int state, const struct stream *loaded, int *fd)
{
	int ret = mig_enter(v, state, fd);

	return ret ? ret : complete(state, *fd, loaded);
}

static void close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* One arc; what is wrong with it, NULL if nothing. */
static const char *walk(const struct vdev *v, const struct stream *loaded, unsigned int from,
			unsigned int to)
{
	int first, second, ret, state;
	const char *wrong = NULL;

	ret = go(v, from, loaded, &first);
	if (ret)
		return "its beginning is not reached";
	ret = mig_set(v, to, &second);
	state = mig_state(v);
	if (mig_leads(from, to)) {
		if (ret)
			wrong = "it is refused";
		else if (state != (int)to)
			wrong = "it ends elsewhere";
		else if (mig_begins(from, to) != (second >= 0))
			wrong = second < 0 ? "it has no stream" : "it has a stream";
	} else {
		if (ret != -EINVAL)
			wrong = ret ? "the errno of its refusal" : "it is not refused";
		else if (state != (int)from)
			wrong = "its refusal changes the state";
	}
	close_if(first);
	close_if(second);
	if (mig_run(v))
		wrong = "there is no way back to RUNNING";
	return wrong;
}

TEST_F_TIMEOUT(machine, every_arc_leads_where_the_header_says_or_is_refused_and_changes_nothing,
	       120)
{
	struct stream loaded = {};
	unsigned int from, to;

	ASSERT_EQ(0, mig_save(&self->dev, &loaded, STEP));
	ASSERT_EQ(0, mig_run(&self->dev));
	for_each_state(from, self->flags)
		for_each_state(to, self->flags) {
			const char *wrong = walk(&self->dev, &loaded, from, to);

			EXPECT_EQ(NULL, wrong)
				TH_LOG("%s to %s: %s", mig_state_name(from), mig_state_name(to),
				       wrong);
		}
	stream_free(&loaded);
}

TEST_F_TIMEOUT(machine, three_requests_in_a_row_lead_where_each_of_them_says, 300)
{
	struct stream loaded = {};
	unsigned int a, b, c;

	ASSERT_EQ(0, mig_save(&self->dev, &loaded, STEP));
	ASSERT_EQ(0, mig_run(&self->dev));
	for_each_state(a, self->flags)
		for_each_state(b, self->flags)
			for_each_state(c, self->flags) {
				int first, second = -1, third = -1;

				if (!mig_leads(a, b) || !mig_leads(b, c))
					continue;
				ASSERT_EQ(0, go(&self->dev, a, &loaded, &first));
				ASSERT_EQ(0, mig_set(&self->dev, b, &second))
					TH_LOG("%s, %s", mig_state_name(a), mig_state_name(b));
				ASSERT_EQ(0, complete(b, second, &loaded));
				ASSERT_EQ(0, mig_set(&self->dev, c, &third))
					TH_LOG("%s, %s, %s", mig_state_name(a), mig_state_name(b),
					       mig_state_name(c));
				EXPECT_EQ((int)c, mig_state(&self->dev));
				close_if(first);
				close_if(second);
				close_if(third);
				ASSERT_EQ(0, mig_run(&self->dev));
			}
	stream_free(&loaded);
}

TEST_F(machine, states_that_the_driver_lacks_and_numbers_that_are_no_state_are_refused)
{
	static const unsigned int beyond[] = { VFIO_DEVICE_STATE_ERROR, VFIO_DEVICE_STATE_NR,
					       VFIO_DEVICE_STATE_NR + 1, 255, 256 +
					       VFIO_DEVICE_STATE_STOP, 0x7fffffff, 0x80000000,
					       ~0U };
	unsigned int state;
	size_t i;
	int fd;

	for (state = 0; state < VFIO_DEVICE_STATE_NR; state++) {
		if (mig_has(self->flags, state))
			continue;
		EXPECT_EQ(-EINVAL, mig_set(&self->dev, state, &fd))
			TH_LOG("%s", mig_state_name(state));
		EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev));
	}
	for (i = 0; i < ARRAY_SIZE(beyond); i++) {
		EXPECT_EQ(-EINVAL, mig_set(&self->dev, beyond[i], &fd)) TH_LOG("%u", beyond[i]);
		EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev));
	}
}

TEST_F(machine, asking_again_for_the_state_it_has_does_nothing)
{
	struct stream loaded = {};
	unsigned int state;
	int fd, again;

	ASSERT_EQ(0, mig_save(&self->dev, &loaded, STEP));
	ASSERT_EQ(0, mig_run(&self->dev));
	for_each_state(state, self->flags) {
		ASSERT_EQ(0, go(&self->dev, state, &loaded, &fd));
		EXPECT_EQ(0, mig_set(&self->dev, state, &again))
			TH_LOG("%s", mig_state_name(state));
		EXPECT_EQ(-1, again) TH_LOG("%s: a second stream", mig_state_name(state));
		EXPECT_EQ((int)state, mig_state(&self->dev));
		close_if(fd);
		ASSERT_EQ(0, mig_run(&self->dev));
	}
	stream_free(&loaded);
}

TEST_F(machine, a_stream_is_closed_on_exec)
{
	int fd;

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd));
	EXPECT_TRUE(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	ASSERT_EQ(0, mig_run(&self->dev));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RESUMING, &fd));
	EXPECT_TRUE(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

TEST_F(machine, a_stopped_device_still_has_its_config_space)
{
	static const unsigned int stopped[] = { VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_STOP_COPY,
						VFIO_DEVICE_STATE_RESUMING };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(stopped); i++) {
		__u8 line;

		ASSERT_EQ(0, mig_set(&self->dev, stopped[i], NULL));
		EXPECT_TRUE(still_usable(&self->dev)) TH_LOG("%s", mig_state_name(stopped[i]));
		line = cfg_get(&self->dev, PCI_INTERRUPT_LINE, 1) ^ 0x55;
		EXPECT_EQ(0, cfg_put(&self->dev, PCI_INTERRUPT_LINE, 1, line));
		EXPECT_EQ(line, cfg_get(&self->dev, PCI_INTERRUPT_LINE, 1));
		ASSERT_EQ(0, mig_run(&self->dev));
	}
}

TEST_F(machine, interrupts_can_be_armed_and_taken_down_in_every_state)
{
	unsigned int state, index;
	int stream, fd = event_new();

	for_each_state(state, self->flags) {
		ASSERT_EQ(0, mig_enter(&self->dev, state, &stream));
		for (index = VFIO_PCI_INTX_IRQ_INDEX; index <= VFIO_PCI_MSIX_IRQ_INDEX; index++) {
			struct vfio_irq_info info;

			if (vdev_irq_info(&self->dev, index, &info) || !info.count)
				continue;
			EXPECT_EQ(0, vdev_arm(&self->dev, index, 0, 1, &fd))
				TH_LOG("%s: index %u", mig_state_name(state), index);
			EXPECT_EQ(0, vdev_loopback(&self->dev, index, 0, 1));
			EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
			EXPECT_EQ(0, vdev_disarm(&self->dev, index));
		}
		close_if(stream);
		ASSERT_EQ(0, mig_run(&self->dev));
	}
	close(fd);
}

TEST_F_TIMEOUT(filled, stopping_and_running_on_changes_nothing, 120)
{
	unsigned int state;
	int fd;

	ASSERT_EQ(0, kit_give(&self->dev, 1));
	for_each_state(state, self->flags) {
		/* Entering RESUMING may forget what the device holds. */
		if (state == VFIO_DEVICE_STATE_RESUMING)
			continue;
		ASSERT_EQ(0, mig_enter(&self->dev, state, &fd));
		ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RUNNING, NULL))
			TH_LOG("%s", mig_state_name(state));
		close_if(fd);
		EXPECT_EQ(0, kit_check(&self->dev, 1)) TH_LOG("%s", mig_state_name(state));
	}
}

TEST_F_TIMEOUT(filled, a_saved_device_runs_on_with_what_it_had, 120)
{
	struct stream s = {};

	ASSERT_EQ(0, kit_give(&self->dev, 2));
	ASSERT_EQ(0, mig_save(&self->dev, &s, STEP));
	EXPECT_LT(0, s.len);
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RUNNING, NULL));
	EXPECT_EQ(0, kit_check(&self->dev, 2));
	stream_free(&s);
}

TEST_F(p2p, the_peer_to_peer_states_lie_between_running_and_stop)
{
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RUNNING_P2P, NULL));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP, NULL));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RUNNING_P2P, NULL));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING_P2P, mig_state(&self->dev));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RUNNING, NULL));
}

TEST_F_TIMEOUT(precopy, the_saving_states_share_one_stream, 120)
{
	struct stream s = {};
	int fd, other;

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, &fd));
	if (mig_has(self->flags, VFIO_DEVICE_STATE_PRE_COPY_P2P)) {
		ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_PRE_COPY_P2P, &other));
		EXPECT_EQ(-1, other);
		ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, &other));
		EXPECT_EQ(-1, other);
	}
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &other));
	EXPECT_EQ(-1, other);
	EXPECT_EQ(0, stream_read(fd, &s, STEP));
	EXPECT_LT(0, s.len);
	ASSERT_EQ(0, mig_load(&self->dev, &s, STEP));
	stream_free(&s);
	close(fd);
}
