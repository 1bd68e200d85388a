// SPDX-License-Identifier: GPL-2.0-only
/* A pass: episodes on every function at once, a process each, with the driver that is there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "fuzz.h"

/* Longer than any single operation can take, even on a busy machine. */
#define OP_SECONDS	120
#define BYTES_TOLD	16
/* In the place of results */
#define RET_SKIPPED	(-2000)
#define RET_REFUSED	(-2001)

void *shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror("fuzz: shared memory");
		exit(2);
	}
	return memory;
}

/* FNV-1a, folded. */
static __u32 hash(const __u8 *data, size_t size)
{
	__u64 h = 0xcbf29ce484222325;

	while (size--)
		h = (h ^ *data++) * 0x100000001b3;
	return h ^ h >> 32;
}

static struct random episode_random(const struct target *t, __u64 seed, __u64 episode)
{
	/* The bus tells functions of one model apart. */
	return random_for(seed, episode, t->bdf[5] << 8 | t->bdf[6]);
}

static void result_print(const char *driver, const struct result *result)
{
	int i;

	printf("      %s: %d", driver, result->ret);
	for (i = 0; i < RESULT_DATA; i++)
		printf("%s%02x", i % 4 ? "" : " ", result->data[i]);
	printf("\n");
}

void difference_print(const struct target *t, __u64 seed, __u64 episode, unsigned int nth,
		      const struct result *ours, const struct result *in_tree)
{
	struct random r = episode_random(t, seed, episode);
	char line[LINE_SIZE];
	unsigned int i;
	struct op op;

	for (i = 0; i <= nth; i++)
		op_draw(&op, &r, t);
	op_print(line, sizeof(line), &op);
	printf("  %3u %s\n", nth, line);
	result_print("ours", ours);
	if (memcmp(ours, in_tree, sizeof(*ours)))
		result_print("in-tree", in_tree);
}

void bytes_print(const __u8 *ours, const __u8 *in_tree, size_t size)
{
	unsigned int i, told = 0;

	for (i = 0; i < size && told < BYTES_TOLD; i++)
		if (ours[i] != in_tree[i] && ++told)
			printf("      byte %#x: %02x and %02x\n", i, ours[i], in_tree[i]);
}

static size_t spilled_length(__u32 size)
{
	return sizeof(struct spilled) + (size + 7) / 8 * 8;
}

static void spill(struct plan *plan, unsigned int nth, const struct outcome *out)
{
	struct spilled *to = (struct spilled *)(plan->spill + plan->spilled);
	const size_t length = spilled_length(out->size);

	if (!plan->spill || out->size <= RESULT_DATA || length > SPILL_SIZE - plan->spilled)
		return;
	to->nth = nth;
	to->size = out->size;
	memcpy(to->data, out->data, out->size);
	plan->spilled += length;
}

const struct spilled *spill_find(const struct plan *plan, unsigned int nth)
{
	const struct spilled *found;
	size_t at;

	for (at = 0; at < plan->spilled; at += spilled_length(found->size)) {
		found = (const struct spilled *)(plan->spill + at);
		if (found->nth == nth)
			return found;
	}
	return NULL;
}

static void op_run(struct session *s, const struct plan *plan, const struct op *op,
		   struct outcome *out)
{
	bool deadly = expected_deadly(op);

	out->ret = RET_REFUSED;
	out->size = 0;
	if (deadly && plan->in_tree)
		return;
	if (expected_lost(plan->target, op) && session_asleep(s))
		return;
	if (expected_dropped(op, session_dozing_writers(s)))
		return;
	session_perform(s, op, out);
	expected_differences(plan->target, op, plan->in_tree, out);
	if (deadly && out->ret < 0) {
		out->ret = RET_REFUSED;
		out->size = 0;
	}
}

static void episode_run(struct session *s, struct plan *plan, unsigned int nth)
{
	static struct outcome out;
	struct random r = episode_random(plan->target, plan->seed,
					 plan->first + (plan->masks ? 0 : nth));
	struct result *results = plan->results + (size_t)nth * EPISODE_OPS;
	const __u8 *mask = plan->masks ? plan->masks + (size_t)nth * EPISODE_OPS : NULL;
	struct op op;
	unsigned int i;
	int ret = session_open(s);

	if (ret) {
		fprintf(stderr, "fuzz: %s cannot be opened again: %s\n", plan->target->bdf,
			strerror(-ret));
		exit(1);
	}
	for (i = 0; i < EPISODE_OPS; i++) {
		op_draw(&op, &r, plan->target);
		__atomic_store_n(&plan->current, i, __ATOMIC_RELAXED);
		if (mask && !mask[i]) {
			results[i] = (struct result) { RET_SKIPPED };
			continue;
		}
		op_run(s, plan, &op, &out);
		if (plan->watched && plan->watch == i)
			*plan->watched = out;
		results[i] = (struct result) { out.ret, hash(out.data, out.size) };
		memcpy(results[i].data, out.data,
		       out.size < RESULT_DATA ? out.size : RESULT_DATA);
		spill(plan, nth * EPISODE_OPS + i, &out);
	}
	session_close(s);
}

static void plan_run(struct plan *plan)
{
	struct session *s = session_begin(plan->target);
	unsigned int nth;

	if (!s)
		exit(1);
	plan->done = 0;
	plan->spilled = 0;
	for (nth = 0; nth < plan->count && !(plan->until && seconds_now() > plan->until); nth++) {
		alarm(OP_SECONDS);
		episode_run(s, plan, nth);
		plan->done = nth + 1;
	}
	session_end(s);
	exit(0);
}

int pass_run(struct plan *plans, unsigned int count)
{
	pid_t pids[count];
	unsigned int i;
	int status, ret = 0;

	fflush(stdout);
	for (i = 0; i < count; i++) {
		pids[i] = fork();
		if (!pids[i])
			plan_run(&plans[i]);
	}
	for (i = 0; i < count; i++) {
		if (pids[i] > 0 && waitpid(pids[i], &status, 0) == pids[i] && !status)
			continue;
		printf("%s (%s): the process of episode %llu ended in operation %u, status %#x\n",
		       plans[i].target->bdf, plans[i].target->name, plans[i].first + plans[i].done,
		       plans[i].current, status);
		ret = -1;
	}
	return ret;
}
