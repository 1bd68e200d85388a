/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of bench-report share: results of two drivers, row by row, and goals for them. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define PASSES_MAX	9
#define ROWS_MAX	128
#define GOALS_MAX	64

/*
 * The same work measured twice may differ by this share, and a row that differs by more proves
 * nothing. So a goal is missed by what exceeds it by more.
 */
#define RESOLUTION	0.01

enum driver { OURS, IN_TREE, DRIVERS };

extern const char *const driver_names[DRIVERS];

/**
 * struct turns - a row as one driver did it in one pass
 * @count:	how often
 * @least:	the least it cost, nanoseconds: what differs with what allocators hold, adds
 */
struct turns {
	unsigned int	count;
	double		least;
};

/**
 * struct series - a row as one driver did it
 * @count:	passes
 * @values:	cost in each, nanoseconds; the least of its turns
 * @typical:	their median
 * @spread:	from the least to the greatest, as share of @typical
 */
struct series {
	unsigned int	count;
	double		values[PASSES_MAX];
	double		typical;
	double		spread;
};

/**
 * struct row - a row of the comparison
 * @name:	what goals call it
 * @title:	for people
 * @waits:	mostly time that is slept; else instructions
 * @alone:	the kernel's own library has nothing like it: measured with ours only
 * @turns:	of the pass that is being read
 * @by:		results by driver
 * @ratio:	ours to in-tree; 0 for one that is @alone
 * @share:	that @ratio is to stay within
 * @peer:	row of ours to stay within @peer_share of, NULL for none
 * @peer_share:	see @peer
 * @met:	both goals are met
 */
struct row {
	char			name[64];
	char			title[128];
	bool			waits;
	bool			alone;
	struct turns		turns;
	struct series		by[DRIVERS];
	double			ratio;
	double			share;
	const struct row	*peer;
	double			peer_share;
	bool			met;
};

struct comparison {
	struct row	rows[ROWS_MAX];
	size_t		count;
	double		floor;
	bool		met;
};

/**
 * struct goal - a line of the file of goals
 * @pattern:	rows that it is for, as a shell would match them
 * @share:	of in-tree's cost, or of @peer's
 * @peer:	name of a row of ours, empty for a goal against in-tree
 */
struct goal {
	char	pattern[64];
	double	share;
	char	peer[64];
};

struct goals {
	struct goal	goal[GOALS_MAX];
	size_t		count;
};

static inline bool row_steady(const struct row *row)
{
	return row->by[OURS].spread <= RESOLUTION && row->by[IN_TREE].spread <= RESOLUTION;
}

/* All functions print what is wrong in one line and return false then. */

/* goals.c */
bool goals_read(const char *path, struct goals *goals);
/* Sets @share, @peer and @met; a goal without a row is an error unless only some were measured. */
bool goals_apply(const struct goals *goals, struct comparison *all, bool partial);

/* compare.c: file by file, then once at the end */
bool compare_add(struct comparison *all, const char *path);
bool compare_finish(struct comparison *all);

/* table.c, json.c, chart.c */
void table_print(const struct comparison *all, FILE *out);
bool json_write(const struct comparison *all, const char *path);
bool chart_write(const struct comparison *all, const char *path);

#endif
