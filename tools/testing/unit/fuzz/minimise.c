// SPDX-License-Identifier: GPL-2.0-only
/*
 * minimise() on bugs that are known: what it says is left must be what the bug needs, no more, and
 * it must come to an end whatever the drivers do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "toy.h"

#define SEED	1
#define EPISODE	7

static unsigned int tests, failures;
static char *said;

static void ok(bool passed, const char *name)
{
	printf("%sok %u - %s\n", passed ? "" : "not ", ++tests, name);
	if (!passed) {
		fprintf(stderr, "# minimise() said:\n%s", said);
		failures++;
	}
	fflush(stdout);
}

/* minimise() with this bug; what it prints is in @said. */
static int hunt(const struct toy_bug *bug, bool shrink)
{
	FILE *terminal = stdout;
	size_t size;
	int ret;

	toy_bug = *bug;
	toy_changes = 0;
	free(said);
	said = NULL;
	stdout = open_memstream(&said, &size);
	ret = minimise(&toy_target, SEED, EPISODE, shrink);
	fclose(stdout);
	stdout = terminal;
	return ret;
}

/* What minimise() counted: "..., N operations:" */
static unsigned int said_operations(void)
{
	const char *end = strstr(said, " operations:");

	while (end && end > said && end[-1] != ' ')
		end--;
	return end ? strtoul(end, NULL, 10) : 0;
}

/* The kinds of what is left, in their order, are @words. */
static bool said_in_order(const char *const *words)
{
	const char *at = strchr(said, '\n');

	for (; *words && at; words++) {
		at = strstr(at, *words);
		at = at ? strchr(at, '\n') : NULL;
	}
	return at;
}

static void test_three(void)
{
	static const struct toy_bug bug = { { MAP, SIGNAL, COLLECT }, 3 };
	static const char *const words[] = { " map ", " signal ", " collect", NULL };

	ok(!hunt(&bug, true), "a bug that needs three operations differs");
	ok(said_operations() == 3, "three operations are left of it");
	ok(said_in_order(words), "they are the three, in their order");
	ok(strstr(said, "byte 0x1:"), "the byte that differs is told");
	ok(toy_changes < 100, "it takes few changes of drivers");
}

static void test_one(void)
{
	static const struct toy_bug bug = { { INFO }, 1 };

	ok(!hunt(&bug, true) && said_operations() == 1,
	   "of a bug that needs nothing but itself one operation is left");
}

/* More than can be taken out one by one in a single pass. */
static void test_many(void)
{
	static const struct toy_bug bug = { { CONFIG_READ, COLLECT }, 2, .repeats = 80 };

	ok(!hunt(&bug, true) && said_operations() == 81,
	   "of a bug that needs 81 operations 81 are left");
}

static void test_unshrunk(void)
{
	static const struct toy_bug bug = { { MAP, SIGNAL, COLLECT }, 3 };

	ok(!hunt(&bug, false) && strstr(said, " collect") && !strstr(said, " map "),
	   "without shrinking only the operation that differs is told");
	ok(toy_changes == 4, "and the episode is performed twice with each driver");
}

static void test_none(void)
{
	static const struct toy_bug never = {};
	static const struct toy_bug once = { { MAP, COLLECT }, 2, .passes = 2 };
	static const struct toy_bug vanishing = { { MAP, COLLECT }, 2, .passes = 6 };

	ok(hunt(&never, true) == 1 && strstr(said, "no difference when repeated"),
	   "drivers that do not differ are said not to");
	ok(hunt(&once, true) == 1, "a difference that does not come again is no difference");
	ok(hunt(&vanishing, true) == 1, "nor is one that vanishes while it is shrunk");
}

int main(void)
{
	/* An endless search is a failure, not a test that hangs. */
	alarm(60);
	test_three();
	test_one();
	test_many();
	test_unshrunk();
	test_none();
	free(said);
	printf("1..%u\n", tests);
	return failures > 0;
}
