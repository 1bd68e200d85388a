// SPDX-License-Identifier: GPL-2.0-only
/* The comparison as a table for a terminal. */
#include <string.h>

#include "report.h"

/* Nanoseconds of the guest's clock are instructions where nothing is waited for. */
static void cost_print(const struct row *row, enum driver driver, FILE *out)
{
	double cost = row->by[driver].typical;

	if (row->alone && driver == IN_TREE)
		fprintf(out, " %12s", "-");
	else if (row->waits)
		fprintf(out, " %9.3f ms", cost / 1e6);
	else
		fprintf(out, " %12.0f", cost);
}

static const char *verdict(const struct row *row)
{
	if (!row_steady(row))
		return "UNSTEADY";
	return row->met ? "ok" : "MISSED";
}

static void row_print(const struct row *row, FILE *out)
{
	const double spread = row->by[OURS].spread > row->by[IN_TREE].spread ?
			      row->by[OURS].spread : row->by[IN_TREE].spread;
	const char *model = strrchr(row->name, '.');

	fprintf(out, "%-58s %-8s", row->title, model ? model + 1 : "");
	cost_print(row, IN_TREE, out);
	cost_print(row, OURS, out);
	if (row->alone)
		fprintf(out, " %6s %5s", "-", "-");
	else
		fprintf(out, " %6.3f %5.2f", row->ratio, row->share);
	fprintf(out, " %6.2f%%  %s\n", 100 * spread, verdict(row));
	if (row->peer)
		fprintf(out, "  and at most %.2f of \"%s\": is %.3f\n", row->peer_share,
			row->peer->title,
			row->by[OURS].typical / row->peer->by[OURS].typical);
}

void table_print(const struct comparison *all, FILE *out)
{
	unsigned int missed = 0, unsteady = 0;

	fprintf(out, "%-58s %-8s %12s %12s %6s %5s %7s\n", "instructions; ms where most is waiting",
		"function", "in-tree", "ours", "ratio", "goal", "spread");
	for (size_t i = 0; i < all->count; i++) {
		row_print(&all->rows[i], out);
		missed += !all->rows[i].met;
		unsteady += !row_steady(&all->rows[i]);
	}
	fprintf(out, "\n%zu rows, %u passes a driver: %u missed their goal, ", all->count,
		all->rows[0].by[OURS].count, missed);
	fprintf(out, "%u differ by more than %.0f%% from pass to pass\n", unsteady,
		100 * RESOLUTION);
	if (all->floor)
		fprintf(out, "A system call that does nothing: %.0f instructions\n", all->floor);
}
