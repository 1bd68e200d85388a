// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio-fuzz: the same operations on the same functions, with our driver and with the kernel's own.
 * Both passes of a round happen in one boot, with the modules exchanged in between.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>

#include "fuzz.h"

#define TARGETS_MAX	16
#define ROUND_SECONDS	60	/* of one pass; exchanging the drivers takes some, too */
#define ROUND_EPISODES	1500	/* the most that a pass has room for */
#define REPORTS		24	/* differing episodes that are printed */

static struct target *targets;
static unsigned int target_count;

static const char usage[] =
"usage: vfio-fuzz [OPTION]...\n"
"  --device BDF       a function, any number of times; default: those of $LAB_DEVICES\n"
"  --seed N           of the operations; default: the time\n"
"  --seconds N        stop after that time (60)\n"
"  --operations N     stop after so many operations on each driver\n"
"  --episode N        only this episode of the first function, operation by operation\n"
"  --minimise         shrink what differs\n"
"  --ours             only our driver, for kernels that watch it\n"
"  --expected         list the differences that are expected\n";

static struct options {
	__u64 seed;
	double seconds;
	__u64 operations;
	long long episode;
	bool minimise;
	bool ours;
} options = { .seconds = 60, .episode = -1 };

/* ---- drivers --------------------------------------------------------------------------------- */

int driver_use(const char *driver)
{
	char path[512];
	const char *argv[TARGETS_MAX + 3] = { path, driver };
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 16);
	unsigned int i;
	int status = -1;
	pid_t pid;

	path[len < 0 ? 0 : len] = '\0';
	memcpy(strrchr(path, '/') + 1, "use-driver", sizeof("use-driver"));
	for (i = 0; i < target_count; i++)
		argv[i + 2] = targets[i].bdf;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		execv(path, (char *const *)argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
		fprintf(stderr, "fuzz: %s %s failed: see above\n", path, driver);
		return -1;
	}
	return 0;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

struct round {
	struct plan *plans[2];		/* by driver, one for each target */
	__u64 first;			/* episode */
	__u64 operations;
	unsigned int differences;
	unsigned int unrepeatable;
};

static void round_allocate(struct round *r)
{
	const size_t size = (size_t)ROUND_EPISODES * EPISODE_OPS * sizeof(struct result);
	unsigned int d, i;

	for (d = 0; d < 2; d++) {
		r->plans[d] = shared_memory(target_count * sizeof(*r->plans[d]));
		for (i = 0; i < target_count; i++) {
			r->plans[d][i].target = &targets[i];
			r->plans[d][i].seed = options.seed;
			r->plans[d][i].in_tree = d;
			r->plans[d][i].results = shared_memory(size);
			r->plans[d][i].spill = shared_memory(SPILL_SIZE);
		}
	}
}

/* Which operation of episode @e differs first, as the round saw it. */
static void describe(const struct plan *a, const struct plan *b, unsigned int e)
{
	const struct result *x = a->results + (size_t)e * EPISODE_OPS;
	const struct result *y = b->results + (size_t)e * EPISODE_OPS;
	const struct spilled *ours, *in_tree;
	unsigned int i;

	for (i = 0; i < EPISODE_OPS - 1 && !memcmp(&x[i], &y[i], sizeof(*x)); i++)
		;
	printf("%s (%s) episode %llu:\n", a->target->name, a->target->bdf, a->first + e);
	difference_print(a->target, a->seed, a->first + e, i, &x[i], &y[i]);
	ours = spill_find(a, e * EPISODE_OPS + i);
	in_tree = spill_find(b, e * EPISODE_OPS + i);
	if (ours && in_tree && ours->size == in_tree->size)
		bytes_print(ours->data, in_tree->data, ours->size);
}

/* Looks at the episodes of target @i that differ; -1 if that cannot be done. */
static int round_compare(struct round *r, unsigned int i)
{
	const size_t size = EPISODE_OPS * sizeof(struct result);
	const struct plan *a = &r->plans[0][i], *b = &r->plans[1][i];
	unsigned int e;
	int ret;

	for (e = 0; e < a->done; e++) {
		if (!memcmp(a->results + e * EPISODE_OPS, b->results + e * EPISODE_OPS, size))
			continue;
		if (r->differences < REPORTS)
			describe(a, b, e);
		if (r->differences || !options.minimise) {
			r->differences++;
			continue;
		}
		ret = minimise(&targets[i], options.seed, a->first + e, true);
		if (ret < 0)
			return -1;
		if (ret)
			r->unrepeatable++;
		else
			r->differences++;
	}
	return 0;
}

/* One pass with each driver, the second as long as the first; the most is @episodes each. */
static int round_run(struct round *r, double seconds, unsigned int episodes)
{
	unsigned int i, most = 0;

	if (driver_use("ours"))
		return -1;
	for (i = 0; i < target_count; i++) {
		r->plans[0][i].first = r->first;
		r->plans[0][i].count = episodes;
		r->plans[0][i].until = seconds_now() + seconds;
	}
	if (pass_run(r->plans[0], target_count))
		return -1;
	for (i = 0; i < target_count; i++) {
		r->plans[1][i].first = r->first;
		r->plans[1][i].count = r->plans[0][i].done;
		r->operations += (__u64)r->plans[0][i].done * EPISODE_OPS;
		if (most < r->plans[0][i].done)
			most = r->plans[0][i].done;
	}
	if (options.ours) {
		r->first += most;
		return 0;
	}
	if (driver_use("in-tree") || pass_run(r->plans[1], target_count))
		return -1;
	for (i = 0; i < target_count; i++)
		if (round_compare(r, i))
			return -1;
	r->first += most;
	return 0;
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

static int run(void)
{
	const double start = seconds_now();
	const unsigned int passes = options.ours ? 1 : 2;
	double left = options.seconds, exchange = 0, begun, share;
	struct round r = {};
	__u64 wanted;

	round_allocate(&r);
	do {
		begun = seconds_now();
		share = least((left - exchange) / passes, ROUND_SECONDS);
		wanted = ROUND_EPISODES;
		if (options.operations)
			wanted = (options.operations - r.operations - 1) / EPISODE_OPS + 1;
		if (round_run(&r, share, least(wanted, ROUND_EPISODES)))
			return 2;
		printf("%llu operations in %.0f s, %u episodes differ\n", r.operations,
		       seconds_now() - start, r.differences);
		fflush(stdout);
		/* What a round took that was no pass: another has to have time for it, too. */
		exchange = seconds_now() - begun - passes * share;
		if (exchange < 0)
			exchange = 0;
		left = options.seconds - (seconds_now() - start);
	} while (left > exchange + passes && r.differences < REPORTS &&
		 (!options.operations || r.operations < options.operations));
	printf("%s: %llu operations on %u functions, seed %llu, %u episodes differ",
	       r.differences ? "FAIL" : "PASS", r.operations, target_count, options.seed,
	       r.differences);
	if (r.unrepeatable)
		printf(", %u differed once and not when repeated", r.unrepeatable);
	printf("\n");
	return r.differences || !r.operations;
}

/* ---- options --------------------------------------------------------------------------------- */

static int add_target(const char *bdf)
{
	if (target_count == TARGETS_MAX) {
		fprintf(stderr, "fuzz: no more than %d functions\n", TARGETS_MAX);
		return -1;
	}
	snprintf(targets[target_count++].bdf, sizeof(targets->bdf), "%.15s", bdf);
	return 0;
}

/* $LAB_DEVICES is "NAME=BDF NAME=BDF". */
static int add_lab_targets(void)
{
	char *devices = strdup(getenv("LAB_DEVICES") ?: ""), *word, *rest;

	for (word = strtok_r(devices, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		if (add_target((strchr(word, '=') ?: word - 1) + 1))
			return -1;
	free(devices);
	return 0;
}

static __u64 number(const char *text)
{
	char *end;
	__u64 value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || *end || end == text || *text == '-') {
		fprintf(stderr, "fuzz: %s: want digits\n", text);
		exit(2);
	}
	return value;
}

static int parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "device", 1, NULL, 'd' }, { "seed", 1, NULL, 's' }, { "seconds", 1, NULL, 't' },
		{ "operations", 1, NULL, 'n' }, { "episode", 1, NULL, 'e' },
		{ "minimise", 0, NULL, 'm' }, { "ours", 0, NULL, 'o' },
		{ "expected", 0, NULL, 'x' }, { "help", 0, NULL, 'h' }, {}
	};
	bool timed = false;
	int c;

	options.seed = seconds_now() * 1000;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'd':
			if (add_target(optarg))
				return 2;
			break;
		case 's':
			options.seed = number(optarg);
			break;
		case 't':
			options.seconds = number(optarg);
			timed = true;
			break;
		case 'n':
			options.operations = number(optarg);
			break;
		case 'e':
			options.episode = number(optarg);
			break;
		case 'm':
			options.minimise = true;
			break;
		case 'o':
			options.ours = true;
			break;
		case 'x':
			expected_list();
			exit(0);
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (options.operations && !timed)
		options.seconds = 86400;
	if (!target_count && add_lab_targets())
		return 2;
	if (optind < argc || !target_count) {
		fputs(usage, stderr);
		return 2;
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned int i;

	targets = calloc(TARGETS_MAX, sizeof(*targets));
	if (!targets || parse(argc, argv))
		return 2;
	/* All drivers' work is done on what this boot found out before the first of them. */
	if (driver_use("ours"))
		return 2;
	for (i = 0; i < target_count; i++) {
		char bdf[16];

		snprintf(bdf, sizeof(bdf), "%s", targets[i].bdf);
		if (target_learn(&targets[i], bdf))
			return 2;
	}
	printf("seed %llu\n", options.seed);
	if (options.episode >= 0)
		return minimise(&targets[0], options.seed, options.episode, options.minimise) != 1;
	return run();
}
