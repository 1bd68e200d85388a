// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-report: compares what vfio-bench measured with two drivers.
 *
 *	bench-report [--partial] --goals FILE [--json FILE] [--chart FILE] {ours,in-tree}.N...
 *
 * Exit status 0 if all goals are met by numbers that can be trusted, 1 if not, 2 for bad input.
 */
#include <getopt.h>
#include <stdlib.h>

#include "report.h"

#define USAGE	"[--partial] --goals FILE [--json FILE] [--chart FILE] RESULT..."

enum { UNUSABLE = 2 };

static const struct option options[] = {
	{ "partial", no_argument, NULL, 'p' },
	{ "goals", required_argument, NULL, 'g' },
	{ "json", required_argument, NULL, 'j' },
	{ "chart", required_argument, NULL, 'c' },
	{}
};

int main(int argc, char **argv)
{
	const char *goals_path = NULL, *json_path = NULL, *chart_path = NULL;
	static struct comparison all;
	static struct goals goals;
	bool partial = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			partial = true;
			break;
		case 'g':
			goals_path = optarg;
			break;
		case 'j':
			json_path = optarg;
			break;
		case 'c':
			chart_path = optarg;
			break;
		default:
			return UNUSABLE;
		}
	}
	if (!goals_path || optind == argc) {
		fprintf(stderr, "usage: bench-report %s\n", USAGE);
		return UNUSABLE;
	}

	for (; optind < argc; optind++)
		if (!compare_add(&all, argv[optind]))
			return UNUSABLE;
	if (!compare_finish(&all) || !goals_read(goals_path, &goals) ||
	    !goals_apply(&goals, &all, partial))
		return UNUSABLE;

	table_print(&all, stdout);
	if ((json_path && !json_write(&all, json_path)) ||
	    (chart_path && !chart_write(&all, chart_path)))
		return UNUSABLE;
	return all.met ? EXIT_SUCCESS : EXIT_FAILURE;
}
