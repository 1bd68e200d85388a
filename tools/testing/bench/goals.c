// SPDX-License-Identifier: GPL-2.0-only
/* Goals: a line each, "PATTERN SHARE" against the other driver or "ROW SHARE ROW" among ours. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

#define WANTED	"\"PATTERN SHARE\" or \"ROW SHARE ROW\""

static bool goal_parse(const char *line, struct goal *goal)
{
	char end;

	int words;

	*goal = (struct goal){};
	words = sscanf(line, "%63s %lf %63s %c", goal->pattern, &goal->share, goal->peer, &end);
	return (words == 2 || words == 3) && goal->share > 0;
}

bool goals_read(const char *path, struct goals *goals)
{
	FILE *file = fopen(path, "r");
	unsigned int number = 0;
	bool good = true;
	char line[256];

	if (!file) {
		perror(path);
		return false;
	}
	while (good && fgets(line, sizeof(line), file)) {
		number++;
		line[strcspn(line, "#\n")] = '\0';
		if (!line[strspn(line, " \t")])
			continue;
		good = goals->count < GOALS_MAX && goal_parse(line, &goals->goal[goals->count]);
		goals->count += good;
	}
	fclose(file);
	if (!good)
		fprintf(stderr, "bench-report: %s:%u: want %s\n", path, number, WANTED);
	return good;
}

static const struct row *row_named(const struct comparison *all, const char *name)
{
	for (size_t i = 0; i < all->count; i++)
		if (!strcmp(all->rows[i].name, name))
			return &all->rows[i];
	return NULL;
}

static bool goal_apply(const struct goal *goal, struct comparison *all)
{
	bool found = false;

	for (size_t i = 0; i < all->count; i++) {
		struct row *row = &all->rows[i];

		if (fnmatch(goal->pattern, row->name, 0))
			continue;
		if (!goal->peer[0]) {
			row->share = goal->share;
			found = true;
			continue;
		}
		row->peer = row_named(all, goal->peer);
		row->peer_share = goal->share;
		found = found || row->peer;
	}
	return found;
}

static bool row_meets(const struct row *row)
{
	const double margin = 1 + RESOLUTION;

	if (row->share && row->ratio > row->share * margin)
		return false;
	return !row->peer || row->by[OURS].typical <= row->peer->by[OURS].typical *
						      row->peer_share * margin;
}

bool goals_apply(const struct goals *goals, struct comparison *all, bool partial)
{
	for (size_t i = 0; i < goals->count; i++) {
		if (!goal_apply(&goals->goal[i], all) && !partial) {
			fprintf(stderr, "bench-report: no row fits the goal for %s\n",
				goals->goal[i].pattern);
			return false;
		}
	}

	all->met = true;
	for (size_t i = 0; i < all->count; i++) {
		struct row *row = &all->rows[i];

		row->met = row_meets(row);
		all->met = all->met && row->met && row_steady(row);
	}
	return true;
}
