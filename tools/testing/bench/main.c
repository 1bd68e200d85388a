// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio-bench: what operations on VFIO functions cost with the driver that has them now.
 *
 *	vfio-bench [--quick] [--again] [--rows PATTERN] MODEL=ADDRESS...
 *
 * Prints a line per row: name, unit, cost, title, with tabs between them. The cost is "-" where the
 * driver that the row is about is not there. Rows of a model that is not among the arguments are an
 * error, so that no row goes missing unseen. --again, for when the driver was loaded anew, measures
 * only what varies with that.
 */
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "pci_sysfs.h"

#define USAGE	"[--quick] [--again] [--rows PATTERN] MODEL=ADDRESS..."

static const struct bench_rows *const tables[] = {
	&bench_floor_rows, &bench_config_rows, &bench_bar_rows, &bench_info_rows,
	&bench_irq_rows, &bench_life_rows, &bench_migration_rows,
};

/* How often a function is opened for what varies. */
#define SITTINGS	2

/* Batches per row, or per sitting, in full and with --quick. */
static unsigned int rounds(const struct bench_row *row, bool quick)
{
	if (row->varies)
		return 3;
	if (row->waits || row->bulky)
		return quick ? 3 : 7;
	return quick ? 11 : 31;
}

/* The functions of @role among "MODEL=ADDRESS" words. */
static void find_functions(struct bench *b, const char *role, char **words)
{
	size_t length = strlen(role);

	b->nr_bdfs = 0;
	for (; *words && b->nr_bdfs < BENCH_MANY; words++)
		if (!strncmp(*words, role, length) && (*words)[length] == '=')
			snprintf(b->bdfs[b->nr_bdfs++], sizeof(b->bdfs[0]), "%s",
				 *words + length + 1);
}

static int measure_open(struct bench *b, const struct bench_row *row, unsigned int rounds,
			struct bench_samples *samples)
{
	int ret = row->prepare ? row->prepare(b, row->arg) : 0;

	if (!ret)
		ret = bench_measure(b, row, rounds, samples);
	if (row->finish)
		row->finish(b, row->arg);
	return ret;
}

/* One sitting. */
static int measure_bound(struct bench *b, const struct bench_row *row, unsigned int rounds,
			 struct bench_samples *samples)
{
	bool opens = row->role && !row->closed;
	int ret;

	if (row->role)
		bench_settle();
	if (opens) {
		ret = vdev_open(&b->dev, b->bdfs[0]);
		if (ret)
			return ret;
	}
	ret = measure_open(b, row, rounds, samples);
	if (opens)
		vdev_close(&b->dev);
	return ret;
}

static int measure(struct bench *b, const struct bench_row *row, unsigned int rounds, double *cost)
{
	struct bench_samples samples = {};
	int ret = 0, err = 0;

	if (row->role && !b->nr_bdfs)
		return -ENODEV;
	if (row->driver)
		ret = pci_give(b->bdfs[0], row->driver);
	for (unsigned int i = 0; i < (row->varies ? SITTINGS : 1) && !ret; i++)
		ret = measure_bound(b, row, rounds, &samples);
	if (row->driver)
		err = pci_give(b->bdfs[0], "vfio-pci");
	if (!ret)
		*cost = bench_cost(row, &samples);
	return ret ? ret : err;
}

/* Whether a driver is loaded; NULL is the one that vfio-bench was started for. */
static bool driver_present(const char *driver)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s", driver ? driver : "");
	return !access(path, F_OK);
}

static int report(struct bench *b, const struct bench_row *row, unsigned int rounds,
		  const char *name)
{
	double cost;
	int ret;

	if (!driver_present(row->driver)) {
		printf("%s\tnone\t-\t%s\n", name, row->title);
		return 0;
	}

	ret = measure(b, row, rounds, &cost);
	if (ret) {
		fprintf(stderr, "vfio-bench: %s: %s\n", name, strerror(-ret));
		return ret;
	}
	printf("%s\t%s\t%.1f\t%s\n", name, row->waits ? "time" : "instructions", cost, row->title);
	fflush(stdout);
	return 0;
}

/* What interrupts and which processor has warm caches must not depend on the scheduler. */
static int stay_on_first_processor(void)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	return sched_setaffinity(0, sizeof(first), &first);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "quick", no_argument, NULL, 'q' },
		{ "again", no_argument, NULL, 'a' },
		{ "rows", required_argument, NULL, 'r' },
		{}
	};
	static struct bench b;
	const char *pattern = "*";
	bool quick = false, again = false;
	int failed = 0;

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 'q') {
			quick = true;
		} else if (option == 'a') {
			again = true;
		} else if (option == 'r') {
			pattern = optarg;
		} else {
			fprintf(stderr, "usage: vfio-bench %s\n", USAGE);
			return 2;
		}
	}

	b.buffer = aligned_alloc(BENCH_BUFFER, BENCH_BUFFER);
	if (!b.buffer || stay_on_first_processor()) {
		perror("vfio-bench");
		return 1;
	}
	memset(b.buffer, 0, BENCH_BUFFER);

	for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
		for (size_t r = 0; r < tables[t]->count; r++) {
			const struct bench_row *row = &tables[t]->rows[r];
			char name[64];

			snprintf(name, sizeof(name), "%s%s%s", row->name, row->role ? "." : "",
				 row->role ?: "");
			if ((quick && !row->quick) || (again && !row->varies) ||
			    fnmatch(pattern, name, 0))
				continue;
			b.role = row->role;
			if (row->role)
				find_functions(&b, row->role, argv + optind);
			failed |= report(&b, row, rounds(row, quick), name) != 0;
		}
	}
	return failed;
}
