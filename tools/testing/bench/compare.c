// SPDX-License-Identifier: GPL-2.0-only
/* Reads what vfio-bench printed, a file per driver and pass, and puts the numbers side by side. */
#include <stdlib.h>
#include <string.h>

#include "report.h"

const char *const driver_names[DRIVERS] = { [OURS] = "ours", [IN_TREE] = "in-tree" };

#define FLOOR_ROW	"system-call"

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts @values. */
static double median(double *values, unsigned int count)
{
	qsort(values, count, sizeof(*values), by_value);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static struct row *row_find(struct comparison *all, const char *name)
{
	for (size_t i = 0; i < all->count; i++)
		if (!strcmp(all->rows[i].name, name))
			return &all->rows[i];
	return NULL;
}

static struct row *row_make(struct comparison *all, const char *name)
{
	struct row *row = row_find(all, name);

	if (row || all->count == ROWS_MAX)
		return row;
	row = &all->rows[all->count++];
	snprintf(row->name, sizeof(row->name), "%s", name);
	return row;
}

/* "name TAB unit TAB cost TAB title"; what the kernel's own library has not costs "-" there. */
static bool line_add(struct comparison *all, enum driver driver, char *line)
{
	char *name = strtok(line, "\t"), *unit = strtok(NULL, "\t");
	char *cost = strtok(NULL, "\t"), *title = strtok(NULL, "\n");
	struct turns *turns;
	struct row *row;
	double value;
	char *end;

	if (!title)
		return false;
	row = row_make(all, name);
	if (!row)
		return false;

	turns = &row->turns;
	snprintf(row->title, sizeof(row->title), "%s", title);
	if (!strcmp(cost, "-")) {
		row->alone = true;
		return driver == IN_TREE;
	}
	row->waits = !strcmp(unit, "time");
	value = strtod(cost, &end);
	if (*end || !(value > 0))
		return false;
	if (!turns->count++ || value < turns->least)
		turns->least = value;
	return true;
}

/* All lines of a pass were read. */
static bool pass_add(struct comparison *all, enum driver driver)
{
	for (size_t i = 0; i < all->count; i++) {
		struct series *series = &all->rows[i].by[driver];
		struct turns *turns = &all->rows[i].turns;

		if (!turns->count)
			continue;
		if (series->count == PASSES_MAX)
			return false;
		series->values[series->count++] = turns->least;
		turns->count = 0;
	}
	return true;
}

/* Which driver a file is of, by its name: ours.1, in-tree.2 */
static bool driver_of(const char *path, enum driver *driver)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (*driver = 0; *driver < DRIVERS; ++*driver) {
		size_t length = strlen(driver_names[*driver]);

		if (!strncmp(name, driver_names[*driver], length) && name[length] == '.')
			return true;
	}
	return false;
}

bool compare_add(struct comparison *all, const char *path)
{
	enum driver driver;
	char line[512];
	FILE *file;
	bool good = true;

	if (!driver_of(path, &driver)) {
		fprintf(stderr, "bench-report: %s: results are called ours.N or in-tree.N\n", path);
		return false;
	}
	file = fopen(path, "r");
	if (!file) {
		perror(path);
		return false;
	}
	while (good && fgets(line, sizeof(line), file))
		good = line_add(all, driver, line);
	fclose(file);
	good = good && pass_add(all, driver);
	if (!good)
		fprintf(stderr, "bench-report: %s: a line is not vfio-bench's\n", path);
	return good;
}

static void series_finish(struct series *series)
{
	double sorted[PASSES_MAX];
	unsigned int n = series->count;

	memcpy(sorted, series->values, sizeof(sorted));
	series->typical = median(sorted, n);
	series->spread = (sorted[n - 1] - sorted[0]) / series->typical;
}

bool compare_finish(struct comparison *all)
{
	const struct row *floor = row_find(all, FLOOR_ROW);

	if (!all->count) {
		fprintf(stderr, "bench-report: no row was measured\n");
		return false;
	}
	for (size_t i = 0; i < all->count; i++) {
		struct row *row = &all->rows[i];
		unsigned int passes = all->rows[0].by[OURS].count;

		if (passes < 2 || row->by[OURS].count != passes ||
		    row->by[IN_TREE].count != (row->alone ? 0 : passes)) {
			fprintf(stderr, "bench-report: %s is missing in a pass\n", row->name);
			return false;
		}
		series_finish(&row->by[OURS]);
		if (row->alone)
			continue;
		series_finish(&row->by[IN_TREE]);
		row->ratio = row->by[OURS].typical / row->by[IN_TREE].typical;
	}
	all->floor = floor ? floor->by[OURS].typical : 0;
	return true;
}
