// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time, as the kernel counts it: CLOCK_MONOTONIC by the raw system call. The one in the vDSO would
 * read the TSC, which does not count instructions under the lab's --icount.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>

#include "bench.h"

static __u64 now(void)
{
	struct timespec t;

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	return (__u64)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return (x > y) - (x < y);
}

static __u64 median(__u64 *values, unsigned int count)
{
	qsort(values, count, sizeof(*values), by_value);
	return values[count / 2];
}

/* What two looks at the clock cost with nothing between them. */
static __u64 overhead(void)
{
	static __u64 known;
	__u64 samples[31];

	if (known)
		return known;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		__u64 start = now();

		samples[i] = now() - start;
	}
	known = median(samples, ARRAY_SIZE(samples));
	return known;
}

/*
 * To the next tick of the kernel's timer: its sleeps end at ticks, so how long one takes depends on
 * where between two it began.
 */
static void wait_for_tick(void)
{
	struct timespec before, t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &before);
	do
		clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	while (t.tv_nsec == before.tv_nsec);
}

static int measure_batch(struct bench *b, const struct bench_row *row, __u64 *sample)
{
	__u64 start;
	int ret = 0;

	if (row->waits)
		wait_for_tick();
	start = now();
	for (unsigned int i = 0; i < row->batch && ret >= 0; i++)
		ret = row->run(b, row->arg);
	*sample = now() - start;

	if (ret >= 0 && row->undo)
		ret = row->undo(b, row->arg);
	return ret < 0 ? ret : 0;
}

int bench_measure(struct bench *b, const struct bench_row *row, unsigned int rounds,
		  struct bench_samples *samples)
{
	__u64 cold;
	int ret;

	if (rounds > ARRAY_SIZE(samples->values) - samples->count)
		return -ENOSPC;

	/* One batch more: the first finds caches of the kernel's allocators empty. */
	ret = measure_batch(b, row, &cold);
	for (; rounds && !ret; rounds--)
		ret = measure_batch(b, row, &samples->values[samples->count++]);
	return ret;
}

double bench_cost(const struct bench_row *row, struct bench_samples *samples)
{
	__u64 typical = median(samples->values, samples->count);

	typical -= typical > overhead() ? overhead() : typical;
	return (double)typical / row->batch / (row->per ? row->per : 1);
}

void bench_settle(void)
{
	usleep(50000);
}
