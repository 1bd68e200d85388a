// SPDX-License-Identifier: GPL-2.0-only
/* Reads what vfio-bench printed, a file per driver and pass, and puts the numbers side by side. */
#include <stdlib.h>
#include <string.h>

#include "report.h"

const char *const driver_names[DRIVERS] = { [OURS] = "ours", [IN_TREE] = "in-tree" };

#define FLOOR_ROW	"system-call"

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

/* "name TAB unit TAB cost TAB title" */
static bool line_add(struct comparison *all, enum driver driver, char *line)
{
	char *name = strtok(line, "\t"), *unit = strtok(NULL, "\t");
	char *cost = strtok(NULL, "\t"), *title = strtok(NULL, "\n");
	struct series *series;
	struct row *row;
	char *end;

	if (!title)
		return false;
	row = row_make(all, name);
	if (!row)
		return false;

	series = &row->by[driver];
	if (series->count == PASSES_MAX)
		return false;
	snprintf(row->title, sizeof(row->title), "%s", title);
	row->waits = !strcmp(unit, "time");
	series->values[series->count] = strtod(cost, &end);
	return !*end && series->values[series->count++] > 0;
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
	if (!good)
		fprintf(stderr, "bench-report: %s: a line is not vfio-bench's\n", path);
	return good;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void series_finish(struct series *series)
{
	double sorted[PASSES_MAX];
	unsigned int n = series->count;

	memcpy(sorted, series->values, sizeof(sorted));
	qsort(sorted, n, sizeof(sorted[0]), by_value);
	series->typical = n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
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

		if (row->by[OURS].count < 2 || row->by[OURS].count != row->by[IN_TREE].count ||
		    row->by[OURS].count != all->rows[0].by[OURS].count) {
			fprintf(stderr, "bench-report: %s is missing in a pass\n", row->name);
			return false;
		}
		for (enum driver driver = 0; driver < DRIVERS; driver++)
			series_finish(&row->by[driver]);
		row->ratio = row->by[OURS].typical / row->by[IN_TREE].typical;
	}
	all->floor = floor ? floor->by[OURS].typical : 0;
	return true;
}
