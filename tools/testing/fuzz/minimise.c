// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shrinks an episode whose results differ to operations that are all needed for it. A change of
 * drivers takes longer than hundreds of episodes, so each step tries all its candidates with one
 * driver and then with the other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define CANDIDATES	64

static const char *const drivers[] = { "ours", "in-tree" };

struct trial {
	__u8 *masks;			/* CANDIDATES of EPISODE_OPS bytes */
	struct result *results[2];
	struct outcome *outcomes[2];	/* of the operation that differs */
	struct plan *plan;
	int first[CANDIDATES];		/* operation that differs first, -1 for none */
};

static int trial_run(struct trial *t, unsigned int count)
{
	unsigned int d, i, c;

	for (d = 0; d < 2; d++) {
		t->plan->in_tree = d;
		t->plan->count = count;
		t->plan->masks = t->masks;
		t->plan->results = t->results[d];
		t->plan->watched = t->outcomes[d];
		if (driver_use(drivers[d]) || pass_run(t->plan, 1))
			return -1;
	}
	for (c = 0; c < count; c++) {
		const struct result *a = t->results[0] + c * EPISODE_OPS;
		const struct result *b = t->results[1] + c * EPISODE_OPS;

		for (i = 0; i < EPISODE_OPS && !memcmp(&a[i], &b[i], sizeof(a[i])); i++)
			;
		t->first[c] = i < EPISODE_OPS ? (int)i : -1;
	}
	return 0;
}

static void print_difference(const struct trial *t)
{
	const struct outcome *a = t->outcomes[0], *b = t->outcomes[1];
	unsigned int i;

	for (i = 0; i < EPISODE_OPS; i++)
		if (t->masks[i])
			difference_print(t->plan->target, t->plan->seed, t->plan->first, i,
					 &t->results[0][i], &t->results[1][i]);
	bytes_print(a->data, b->data, a->size < b->size ? a->size : b->size);
}

/* Removes chunk @n of @size of the operations that @mask has. */
static void without_chunk(__u8 *mask, unsigned int n, unsigned int size)
{
	unsigned int i, seen = 0;

	for (i = 0; i < EPISODE_OPS; i++)
		if (mask[i] && seen++ / size == n)
			mask[i] = 0;
}

/* What comes after the first difference has no part in it. */
static void keep(struct trial *t, __u8 *best, unsigned int candidate)
{
	const unsigned int first = t->first[candidate];

	memcpy(best, t->masks + candidate * EPISODE_OPS, EPISODE_OPS);
	memset(best + first + 1, 0, EPISODE_OPS - first - 1);
	t->plan->watch = first;
}

/*
 * One step, on @count chunks from @from on: which of them can go by themselves, and then how many
 * of those together. Returns whether any did, or -1.
 */
static int shrink_step(struct trial *t, __u8 *best, unsigned int size, unsigned int from,
		       unsigned int count)
{
	unsigned int c, chunks[CANDIDATES], free_chunks = 0;

	for (c = 0; c < count; c++) {
		memcpy(t->masks + c * EPISODE_OPS, best, EPISODE_OPS);
		without_chunk(t->masks + c * EPISODE_OPS, from + c, size);
	}
	if (trial_run(t, count))
		return -1;
	for (c = 0; c < count; c++)
		if (t->first[c] >= 0)
			chunks[free_chunks++] = from + c;
	if (!free_chunks)
		return 0;
	/* From the last chunk on, so that those before keep their numbers. */
	for (c = 0; c < free_chunks; c++) {
		__u8 *mask = t->masks + c * EPISODE_OPS;

		memcpy(mask, c ? mask - EPISODE_OPS : best, EPISODE_OPS);
		without_chunk(mask, chunks[free_chunks - 1 - c], size);
	}
	if (trial_run(t, free_chunks))
		return -1;
	for (c = free_chunks; c--;) {
		if (t->first[c] < 0)
			continue;
		keep(t, best, c);
		return 1;
	}
	return 0;
}

static unsigned int ops_in(const __u8 *mask)
{
	unsigned int i, n = 0;

	for (i = 0; i < EPISODE_OPS; i++)
		n += mask[i];
	return n;
}

/* Steps on all chunks of @size, the last first. Returns whether any went, or -1. */
static int shrink_pass(struct trial *t, __u8 *best, unsigned int size)
{
	unsigned int chunks = (ops_in(best) + size - 1) / size, from;
	int ret, any = 0;

	for (; chunks; chunks = from) {
		from = chunks > CANDIDATES ? chunks - CANDIDATES : 0;
		ret = shrink_step(t, best, size, from, chunks - from);
		if (ret < 0)
			return -1;
		any |= ret;
	}
	return any;
}

/* Until no single operation can go. */
static int shrink_all(struct trial *t, __u8 *best)
{
	unsigned int size = (ops_in(best) + 7) / 8;
	int any;

	do {
		any = shrink_pass(t, best, size);
		if (any < 0)
			return -1;
		if (size == 1 && !any)
			return 0;
		size = (size + 3) / 4;
	} while (true);
}

static int gone(const struct trial *t)
{
	printf("%s episode %llu: no difference when repeated alone\n", t->plan->target->name,
	       t->plan->first);
	return 1;
}

int minimise(const struct target *target, __u64 seed, __u64 episode, bool shrink)
{
	struct trial t = { .masks = shared_memory(CANDIDATES * EPISODE_OPS) };
	__u8 best[EPISODE_OPS];
	unsigned int d;

	t.plan = shared_memory(sizeof(*t.plan));
	*t.plan = (struct plan) { .target = target, .seed = seed, .first = episode };
	for (d = 0; d < 2; d++) {
		t.results[d] = shared_memory(CANDIDATES * EPISODE_OPS * sizeof(struct result));
		t.outcomes[d] = shared_memory(sizeof(struct outcome));
	}
	memset(t.masks, 1, EPISODE_OPS);
	if (trial_run(&t, 1))
		return -1;
	if (t.first[0] < 0)
		return gone(&t);
	keep(&t, best, 0);
	if (shrink && shrink_all(&t, best))
		return -1;
	memcpy(t.masks, best, EPISODE_OPS);
	if (trial_run(&t, 1))
		return -1;
	if (t.first[0] < 0)
		return gone(&t);
	if (!shrink)	/* the operations that lead up to it are too many to read */
		memset(t.masks, 0, t.first[0]);
	printf("%s (%s), seed %llu, episode %llu, %u operations:\n", target->name, target->bdf,
	       seed, episode, ops_in(best));
	print_difference(&t);
	return 0;
}
