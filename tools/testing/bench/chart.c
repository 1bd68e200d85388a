// SPDX-License-Identifier: GPL-2.0-only
/* The comparison as a chart: a bar per row, as long as its share of the other driver's cost. */
#include <string.h>

#include "report.h"

#define LEFT		420	/* where bars begin: titles stand before them */
#define WIDTH		400	/* of a bar that stands for the same cost */
#define HEIGHT		18
#define TOP		48
#define LONGEST		1.25
#define HEADING		"Cost of an operation, as share of the kernel's own driver's (marks: goals)"

static int at(double ratio)
{
	return LEFT + (int)((ratio < LONGEST ? ratio : LONGEST) * WIDTH);
}

/* Titles are ours, but an ampersand in one must not break the file. */
static void text(FILE *out, const char *words)
{
	for (; *words; words++) {
		if (*words == '&')
			fputs("&amp;", out);
		else if (*words == '<')
			fputs("&lt;", out);
		else
			fputc(*words, out);
	}
}

static void bar(FILE *out, const struct row *row, int top)
{
	const char *model = strrchr(row->name, '.');

	fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", LEFT - 8, top + 13);
	text(out, row->title);
	fprintf(out, "%s%s</text>\n", model ? " \302\267 " : "", model ? model + 1 : "");
	fprintf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>\n", LEFT,
		top + 3, at(row->ratio) - LEFT, HEIGHT - 6, row->met ? "#4878a8" : "#c44e52");
	fprintf(out, "<path d=\"M%d %dv%d\" stroke=\"#222\" stroke-width=\"2\"/>\n",
		at(row->share), top + 1, HEIGHT - 2);
	fprintf(out, "<text x=\"%d\" y=\"%d\">%.2f</text>\n", at(LONGEST) + 8, top + 13,
		row->ratio);
}

bool chart_write(const struct comparison *all, const char *path)
{
	FILE *out = fopen(path, "w");
	int bottom = TOP, top = TOP;

	if (!out) {
		perror(path);
		return false;
	}
	for (size_t i = 0; i < all->count; i++)
		bottom += all->rows[i].alone ? 0 : HEIGHT;
	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" ",
		at(LONGEST) + 60, bottom + 16);
	fprintf(out, "font-family=\"sans-serif\" font-size=\"11\">\n");
	fprintf(out, "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n");
	fprintf(out, "<text x=\"12\" y=\"20\" font-size=\"14\">%s</text>\n", HEADING);
	for (int tenth = 0; tenth <= 10; tenth += 5) {
		fprintf(out, "<path d=\"M%d %dV%d\" stroke=\"#bbb\"/>\n", at(tenth / 10.0), TOP - 6,
			bottom);
		fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%.1f</text>\n",
			at(tenth / 10.0), TOP - 10, tenth / 10.0);
	}
	for (size_t i = 0; i < all->count; i++) {
		if (all->rows[i].alone)
			continue;
		bar(out, &all->rows[i], top);
		top += HEIGHT;
	}
	fprintf(out, "</svg>\n");
	if (fclose(out)) {
		perror(path);
		return false;
	}
	return true;
}
