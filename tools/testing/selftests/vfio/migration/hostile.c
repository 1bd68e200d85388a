// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams that are not what the device saved. With the library's envelope none of them may be
 * taken; with a format of the driver's own that is up to the format, and what is proven is that the
 * device survives. How many it refused is told in either case.
 */
#include <unistd.h>

#include "envelope.h"
#include "kit.h"
#include "mangle.h"

MIGRATION_FIXTURE(enveloped, WANTS_ENVELOPE);
MIGRATION_FIXTURE(bare, WANTS_BARE);
MIGRATION_FIXTURE(any, 0);

static size_t percent(void)
{
	const char *text = getenv("VFIO_MANGLINGS");
	long share = text ? strtol(text, NULL, 0) : 100;

	return share < 1 ? 1 : share > 100 ? 100 : share;
}

/* Load @bad; 0 when it was taken, or the -errno of the refusal. The device is reset afterwards. */
static int offer(const struct vdev *v, const struct stream *bad)
{
	int fd, taken, ret = mig_set(v, VFIO_DEVICE_STATE_RESUMING, &fd);

	if (ret)
		return ret;
	taken = stream_write(fd, bad, STEP);
	/* A user who does not mind the error of write() asks to run. */
	ret = mig_set(v, VFIO_DEVICE_STATE_RUNNING, NULL);
	if (!taken)
		taken = ret;
	else if (!ret)
		printf("# a device runs whose stream was refused\n");
	close(fd);
	return taken && !ret ? 0 : taken;
}

/* Try a share of a kind; the number of those that were taken, negative when the device is lost. */
static int offer_kind(const struct vdev *v, const struct mangling *kind, const struct stream *good,
		      size_t *tried)
{
	size_t which, count = kind->count(good), step = 100 / percent();
	int taken = 0;

	for (which = 0; which < count; which += step) {
		struct stream bad = {};
		int ret = -EINVAL;

		if (kind->make(&bad, good, which)) {
			ret = offer(v, &bad);
			++*tried;
		}
		stream_free(&bad);
		if (!ret) {
			printf("# a stream %s (%zu) is taken\n", kind->name, which);
			taken++;
		}
		if (mig_run(v))
			return -1;
	}
	return taken;
}

static void offer_all(struct __test_metadata *_metadata, const struct vdev *v, bool refuses)
{
	struct stream good = {};
	size_t i, all = 0;
	int taken = 0;

	ASSERT_EQ(0, kit_give(v, 70));
	ASSERT_EQ(0, mig_save(v, &good, STEP));
	ASSERT_EQ(0, mig_run(v));
	for (i = 0; i < mangling_count; i++) {
		size_t tried = 0;
		int ret = offer_kind(v, &manglings[i], &good, &tried);

		ASSERT_LE(0, ret) TH_LOG("lost after a stream %s", manglings[i].name);
		EXPECT_TRUE(!refuses || !ret) TH_LOG("taken: streams %s", manglings[i].name);
		all += tried;
		taken += ret;
	}
	ASSERT_LT(0, all);
	printf("# report: %zu of %zu damaged streams of %zu bytes refused\n", all - taken, all,
	       good.len);
	/* And after all of that a good one. */
	ASSERT_EQ(0, mig_load(v, &good, STEP));
	ASSERT_EQ(0, mig_run(v));
	EXPECT_EQ(0, kit_check(v, 70));
	stream_free(&good);
}

TEST_F_TIMEOUT(enveloped, no_damaged_stream_is_taken, 900)
{
	offer_all(_metadata, &self->dev, true);
}

TEST_F_TIMEOUT(bare, damaged_streams_do_not_break_the_device, 900)
{
	offer_all(_metadata, &self->dev, false);
}

/* Valid in itself, with a correct checksum, and still not for this device. */
TEST_F_TIMEOUT(enveloped, streams_of_another_device_format_or_version_are_refused, 120)
{
	struct stream good = {}, foreign;
	size_t which;

	ASSERT_EQ(0, mig_save(&self->dev, &good, STEP));
	ASSERT_EQ(0, mig_run(&self->dev));
	for (which = 0; which < envelope_fields; which++) {
		foreign = stream_copy(&good);
		ASSERT_TRUE(envelope_forge(&foreign, which)) TH_LOG("%s", envelope_field(which));
		EXPECT_NE(0, offer(&self->dev, &foreign)) TH_LOG("%s", envelope_field(which));
		ASSERT_EQ(0, mig_run(&self->dev));
		stream_free(&foreign);
	}
	/* The same tool without a change makes a stream that is taken. */
	ASSERT_TRUE(envelope_seal(&good));
	EXPECT_EQ(0, mig_load(&self->dev, &good, STEP));
	stream_free(&good);
}

TEST_F_TIMEOUT(enveloped, a_stream_cut_at_each_record_is_refused, 300)
{
	struct stream good = {}, bad;
	size_t at = 0, next;

	ASSERT_EQ(0, mig_save(&self->dev, &good, STEP));
	ASSERT_EQ(0, mig_run(&self->dev));
	while ((next = envelope_next(&good, at)) < good.len) {
		ASSERT_LT(at, next);
		at = next;
		bad = (struct stream){ good.bytes, at };
		EXPECT_NE(0, offer(&self->dev, &bad)) TH_LOG("at %zu", at);
		ASSERT_EQ(0, mig_run(&self->dev));
	}
	ASSERT_LT(0, at);
	stream_free(&good);
}

TEST_F_TIMEOUT(enveloped, records_in_another_order_are_refused, 120)
{
	struct stream good = {}, bad;
	size_t first, second, third, tried = 0;

	ASSERT_EQ(0, mig_save(&self->dev, &good, STEP));
	ASSERT_EQ(0, mig_run(&self->dev));
	first = envelope_next(&good, 0);
	for (; first < good.len; first = second) {
		second = envelope_next(&good, first);
		if (second >= good.len)
			break;
		third = envelope_next(&good, second);
		bad = (struct stream){};
		stream_add(&bad, good.bytes, first);
		stream_add(&bad, good.bytes + second, third - second);
		stream_add(&bad, good.bytes + first, second - first);
		stream_add(&bad, good.bytes + third, good.len - third);
		EXPECT_NE(0, offer(&self->dev, &bad)) TH_LOG("from %zu", first);
		tried++;
		ASSERT_EQ(0, mig_run(&self->dev));
		stream_free(&bad);
	}
	EXPECT_LT(0, tried);
	stream_free(&good);
}

/* Whatever the user does with the stream: the source has it all, still runs, still can be saved. */
TEST_F_TIMEOUT(any, a_refused_stream_costs_the_source_nothing, 120)
{
	struct stream good = {}, bad, again = {};

	ASSERT_EQ(0, kit_give(&self->dev, 71));
	ASSERT_EQ(0, mig_save(&self->dev, &good, STEP));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RUNNING, NULL));
	EXPECT_EQ(0, kit_check(&self->dev, 71));
	ASSERT_EQ(0, mig_save(&self->dev, &again, STEP));
	ASSERT_EQ(0, mig_run(&self->dev));
	bad = stream_copy(&good);
	bad.len /= 2;
	offer(&self->dev, &bad);
	ASSERT_EQ(0, mig_run(&self->dev));
	ASSERT_EQ(0, mig_load(&self->dev, &again, STEP));
	ASSERT_EQ(0, mig_run(&self->dev));
	EXPECT_EQ(0, kit_check(&self->dev, 71));
	stream_free(&good);
	stream_free(&again);
	stream_free(&bad);
}

TEST_F_TIMEOUT(any, a_device_whose_stream_was_refused_runs_after_a_reset_and_not_before, 120)
{
	struct stream good = {}, bad;

	ASSERT_EQ(0, mig_save(&self->dev, &good, STEP));
	ASSERT_EQ(0, mig_run(&self->dev));
	bad = stream_copy(&good);
	bad.len /= 2;
	if (offer(&self->dev, &bad)) {
		int state = mig_state(&self->dev);

		EXPECT_NE(VFIO_DEVICE_STATE_RUNNING, state);
		if (state == VFIO_DEVICE_STATE_ERROR) {
			EXPECT_GT(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RUNNING, NULL));
			EXPECT_GT(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP, NULL));
			EXPECT_EQ(VFIO_DEVICE_STATE_ERROR, mig_state(&self->dev));
		}
		EXPECT_TRUE(still_usable(&self->dev));
	}
	ASSERT_EQ(0, mig_reset(&self->dev));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev));
	EXPECT_TRUE(kit_is_well(&self->dev, 72));
	stream_free(&good);
	stream_free(&bad);
}
