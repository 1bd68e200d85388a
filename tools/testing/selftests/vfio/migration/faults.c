// SPDX-License-Identifier: GPL-2.0-only
/*
 * Saving, loading and the log of written memory with each allocation of the kernel failing in turn
 * (lib/fault.h): each attempt ends with -ENOMEM, or well, and after those that failed another one
 * is as good as ever. Without faults the tests are moves like any other.
 */
#include "fault.h"
#include "kit.h"

/* What a fault is injected into */
enum { SAVING = FAULT_SESSIONS, SAVING_PRECOPY, LOADING, LOGGING };

#define PAGE	4096
#define IOVA	0x10000000ULL

MIGRATION_FIXTURE(same, 0);
MIGRATION_FIXTURE(precopy, WANTS_PRE_COPY);
MIGRATION_FIXTURE(logging, WANTS_LOGGING);

/* As the system calls do it, for fault_again(). */
static bool again(struct fault *f, int ret)
{
	errno = -ret;
	return fault_again(f, ret ? -1 : 0);
}

/*
 * The device is saved until that does not fail, with a fault each time, and what came in the end is
 * looked at: of the attempts before nothing is in it. 0 or -errno.
 */
static int save(const struct vdev *v, unsigned long kind, __u32 seed,
		int (*how)(const struct vdev *v, struct stream *s, size_t step))
{
	struct fault f = fault_begin(kind);
	struct stream s = {};
	int ret;

	do {
		stream_free(&s);
		ret = mig_run(v) ?: kit_give(v, seed);
		if (ret)
			return ret;
		fault_arm(&f);
		ret = how(v, &s, STEP);
	} while (again(&f, ret));
	ret = ret ?: mig_run(v) ?: kit_give(v, seed + 1) ?: mig_load(v, &s, STEP) ?: mig_run(v) ?:
	      kit_check(v, seed);
	stream_free(&s);
	return ret;
}

/* Likewise; the device has what @s has then. */
static int load(const struct vdev *v, const struct stream *s, __u32 seed)
{
	struct fault f = fault_begin(LOADING);
	int ret;

	do {
		ret = mig_run(v) ?: kit_give(v, seed + 1);
		if (ret)
			return ret;
		fault_arm(&f);
		ret = mig_load(v, s, STEP);
	} while (again(&f, ret));
	return ret ?: mig_run(v) ?: kit_check(v, seed);
}

TEST_F_TIMEOUT(same, it_is_saved_or_there_is_no_memory, 1800)
{
	do {
		ASSERT_EQ(0, save(&self->dev, SAVING, 300, mig_save));
	} while (fault_remains(SAVING));
}

TEST_F_TIMEOUT(precopy, it_is_saved_by_way_of_pre_copy_or_there_is_no_memory, 1800)
{
	do {
		ASSERT_EQ(0, save(&self->dev, SAVING_PRECOPY, 310, mig_save_precopy));
	} while (fault_remains(SAVING_PRECOPY));
}

TEST_F_TIMEOUT(same, it_is_loaded_or_there_is_no_memory, 1800)
{
	struct stream s = {};

	ASSERT_EQ(0, kit_give(&self->dev, 320));
	ASSERT_EQ(0, mig_save(&self->dev, &s, STEP));
	do {
		ASSERT_EQ(0, load(&self->dev, &s, 320));
	} while (fault_remains(LOADING));
	stream_free(&s);
}

static int log_once(const struct vdev *v)
{
	__u64 bitmap = 0;
	int ret = mig_log_start(v, IOVA, 64 * PAGE, PAGE);
	int err;

	if (ret)
		return ret;
	ret = mig_log_report(v, IOVA, 64 * PAGE, PAGE, &bitmap);
	err = mig_log_stop(v);
	return ret ?: err;
}

static int log_with_faults(const struct vdev *v)
{
	struct fault f = fault_begin(LOGGING);
	int ret;

	do {
		/* What the last attempt began; that it began nothing is no error here. */
		mig_log_stop(v);
		fault_arm(&f);
		ret = log_once(v);
	} while (again(&f, ret));
	return ret;
}

TEST_F_TIMEOUT(logging, written_memory_is_logged_or_there_is_no_memory, 1800)
{
	do {
		ASSERT_EQ(0, log_with_faults(&self->dev));
	} while (fault_remains(LOGGING));
}
