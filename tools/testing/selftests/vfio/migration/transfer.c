// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it is all for: what one device has is saved, and loaded into the same or another one, again
 * and again, and nothing is left behind in the kernel.
 */
#include <dirent.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"

MIGRATION_FIXTURE(same, 0);
MIGRATION_FIXTURE(pair, WANTS_PEER);
MIGRATION_FIXTURE(precopy_pair, WANTS_PEER | WANTS_PRE_COPY);

/* By a way of saving, from one device to another or the same, and run. 0 or -errno. */
static int move_state(const struct vdev *from, const struct vdev *to,
		      int (*save)(const struct vdev *v, struct stream *s, size_t step))
{
	struct stream s = {};
	int ret = save(from, &s, STEP);

	if (!ret && from != to)
		ret = mig_run(from);
	if (!ret)
		ret = mig_load(to, &s, STEP);
	if (!ret)
		ret = mig_set(to, VFIO_DEVICE_STATE_RUNNING, NULL);
	stream_free(&s);
	return ret;
}

TEST_F_TIMEOUT(same, a_device_takes_back_what_it_had, 120)
{
	struct stream s = {};

	ASSERT_EQ(0, kit_give(&self->dev, 90));
	ASSERT_EQ(0, mig_save(&self->dev, &s, STEP));
	ASSERT_EQ(0, mig_run(&self->dev));
	ASSERT_EQ(0, kit_give(&self->dev, 91));
	ASSERT_EQ(0, kit_check(&self->dev, 91));
	ASSERT_EQ(0, mig_load(&self->dev, &s, STEP));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RUNNING, NULL));
	EXPECT_EQ(0, kit_check(&self->dev, 90));
	stream_free(&s);
}

TEST_F_TIMEOUT(same, a_stream_can_be_loaded_after_a_reset_and_more_than_once, 120)
{
	struct stream s = {};
	int round;

	ASSERT_EQ(0, kit_give(&self->dev, 92));
	ASSERT_EQ(0, mig_save(&self->dev, &s, STEP));
	for (round = 0; round < 3; round++) {
		ASSERT_EQ(0, mig_reset(&self->dev));
		ASSERT_EQ(0, mig_load(&self->dev, &s, STEP));
		ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RUNNING, NULL));
		EXPECT_EQ(0, kit_check(&self->dev, 92)) TH_LOG("round %d", round);
	}
	stream_free(&s);
}

TEST_F_TIMEOUT(pair, what_one_device_had_another_has, 120)
{
	struct vdev peer;
	__u32 seed;

	ASSERT_EQ(0, vdev_open(&peer, kit_peer()));
	for (seed = 100; seed < 103; seed++) {
		ASSERT_EQ(0, kit_give(&self->dev, seed));
		ASSERT_EQ(0, kit_give(&peer, 99));
		ASSERT_EQ(0, move_state(&self->dev, &peer, mig_save));
		EXPECT_EQ(0, kit_check(&peer, seed));
		EXPECT_EQ(0, kit_check(&self->dev, seed));
	}
	/* And back. */
	ASSERT_EQ(0, kit_give(&peer, 110));
	ASSERT_EQ(0, move_state(&peer, &self->dev, mig_save));
	EXPECT_EQ(0, kit_check(&self->dev, 110));
	vdev_close(&peer);
}

TEST_F_TIMEOUT(precopy_pair, what_one_device_had_another_has_by_way_of_pre_copy, 120)
{
	struct vdev peer;

	ASSERT_EQ(0, vdev_open(&peer, kit_peer()));
	ASSERT_EQ(0, kit_give(&self->dev, 120));
	ASSERT_EQ(0, kit_give(&peer, 121));
	ASSERT_EQ(0, move_state(&self->dev, &peer, mig_save_precopy));
	EXPECT_EQ(0, kit_check(&peer, 120));
	vdev_close(&peer);
}

/* As QEMU does it: read on one side and written on the other at the same time. */
TEST_F_TIMEOUT(pair, a_stream_can_be_written_while_it_is_read, 120)
{
	char bytes[777];
	struct vdev peer;
	ssize_t got;
	int from, to;

	ASSERT_EQ(0, vdev_open(&peer, kit_peer()));
	ASSERT_EQ(0, kit_give(&self->dev, 130));
	ASSERT_EQ(0, mig_set(&peer, VFIO_DEVICE_STATE_RESUMING, &to));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &from));
	while ((got = read(from, bytes, sizeof(bytes))) > 0) {
		struct stream piece = { (unsigned char *)bytes, got };

		ASSERT_EQ(0, stream_write(to, &piece, STEP));
	}
	ASSERT_EQ(0, got);
	ASSERT_EQ(0, mig_set(&peer, VFIO_DEVICE_STATE_RUNNING, NULL));
	close(from);
	close(to);
	EXPECT_EQ(0, kit_check(&peer, 130));
	vdev_close(&peer);
}

TEST_F_TIMEOUT(pair, two_devices_are_saved_at_the_same_time, 120)
{
	struct stream mine = {}, other = {};
	struct vdev peer;
	int a, b;

	ASSERT_EQ(0, vdev_open(&peer, kit_peer()));
	ASSERT_EQ(0, kit_give(&self->dev, 140));
	ASSERT_EQ(0, kit_give(&peer, 141));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &a));
	ASSERT_EQ(0, mig_set(&peer, VFIO_DEVICE_STATE_STOP_COPY, &b));
	ASSERT_EQ(0, stream_read(a, &mine, 1000));
	ASSERT_EQ(0, stream_read(b, &other, 1000));
	close(a);
	close(b);
	/* Each gets what the other had. */
	ASSERT_EQ(0, mig_load(&self->dev, &other, STEP));
	ASSERT_EQ(0, mig_load(&peer, &mine, STEP));
	ASSERT_EQ(0, mig_run(&self->dev));
	ASSERT_EQ(0, mig_run(&peer));
	EXPECT_EQ(0, kit_check(&self->dev, 141));
	EXPECT_EQ(0, kit_check(&peer, 140));
	stream_free(&mine);
	stream_free(&other);
	vdev_close(&peer);
}

static int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

struct kib_row {
	const char *name;
	int sign;
};

/* Sums the numbers of @rows, whose names stand before them in the file at @path, by their signs. */
static long sum_of(const char *path, const struct kib_row *rows, size_t count)
{
	FILE *file = fopen(path, "re");
	char line[256], name[64];
	long number, sum = 0;
	size_t i;

	while (file && fgets(line, sizeof(line), file))
		for (i = 0; i < count; i++)
			if (sscanf(line, "%63s %ld", name, &number) == 2 &&
			    !strcmp(name, rows[i].name))
				sum += rows[i].sign * number;
	if (file)
		fclose(file);
	return sum;
}

/*
 * Memory in KiB that nobody could have back: neither free, nor a cache, nor a process's.  What the
 * processors keep for their next allocations counts as free; MemFree is without it, and it grows
 * and shrinks by some MiB.
 */
static long memory_held(void)
{
	static const struct kib_row used[] = {
		{ "MemTotal:", 1 },    { "MemFree:", -1 },	{ "Buffers:", -1 },
		{ "Cached:", -1 },     { "SReclaimable:", -1 }, { "AnonPages:", -1 },
		{ "PageTables:", -1 }, { "KernelStack:", -1 },
	};
	static const struct kib_row kept[] = { { "count:", 1 } };

	return sum_of("/proc/meminfo", used, ARRAY_SIZE(used)) -
	       sum_of("/proc/zoneinfo", kept, ARRAY_SIZE(kept)) * (sysconf(_SC_PAGESIZE) / 1024);
}

/* KiB a round that would be a leak. */
#define LEAK_A_ROUND 2

/*
 * KiB that over few rounds are what the kernel does itself. The lab's debug kernel keeps what was
 * freed for KASAN to look at; there kmemleak tells what is left behind.
 */
static long noise(void)
{
	return access("/sys/kernel/debug/kmemleak", F_OK) ? 1024 : 16384;
}

TEST_F_TIMEOUT(same, saving_and_loading_leaves_nothing_behind, 3600)
{
	unsigned int round, rounds = kit_count();
	long before, after;
	int files;

	/* First what is allocated once. */
	for (round = 0; round < 3; round++)
		ASSERT_EQ(0, move_state(&self->dev, &self->dev, mig_save));
	files = open_files();
	before = memory_held();
	for (round = 0; round < rounds; round++) {
		ASSERT_EQ(0, kit_give(&self->dev, 1000 + round));
		ASSERT_EQ(0, move_state(&self->dev, &self->dev,
					self->flags & VFIO_MIGRATION_PRE_COPY && round & 1
						? mig_save_precopy
						: mig_save))
		TH_LOG("round %u", round);
		ASSERT_EQ(0, kit_check(&self->dev, 1000 + round)) TH_LOG("round %u", round);
	}
	after = memory_held();
	EXPECT_EQ(files, open_files());
	EXPECT_GT(noise() + LEAK_A_ROUND * (long)rounds, after - before);
	printf("# report: %u times saved and loaded, %ld KiB more in use than before\n", rounds,
	       after - before);
}

TEST_F_TIMEOUT(same, sessions_that_are_given_up_leave_nothing_behind, 3600)
{
	unsigned int round, rounds = kit_count();
	struct stream good = {};
	long before, after;
	char bytes[100];
	int fd, files;

	ASSERT_EQ(0, mig_save(&self->dev, &good, STEP));
	ASSERT_EQ(0, mig_run(&self->dev));
	files = open_files();
	before = memory_held();
	for (round = 0; round < rounds; round++) {
		ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd));
		ASSERT_LT(0, read(fd, bytes, sizeof(bytes)));
		close(fd);
		ASSERT_EQ(0, mig_run(&self->dev));
		ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RESUMING, &fd));
		ASSERT_LT(0, write(fd, good.bytes, good.len / 2));
		close(fd);
		ASSERT_EQ(0, mig_reset(&self->dev));
	}
	after = memory_held();
	EXPECT_EQ(files, open_files());
	EXPECT_GT(noise() + LEAK_A_ROUND * (long)rounds, after - before);
	EXPECT_TRUE(kit_is_well(&self->dev, 95));
	stream_free(&good);
}
