// SPDX-License-Identifier: GPL-2.0-only
/* The fuzzer's perform.c and the change of drivers, without any device. */
#include <stdlib.h>
#include <string.h>

#include "toy.h"

struct toy_bug toy_bug;
unsigned int toy_changes;

static bool in_tree;

const struct target toy_target = {
	.bdf = "0000:01:00.0",
	.name = "toy",
	.windows = { { 0, 0x40, 16 } },
	.bar_size = { 0x1000 },
	.config_size = 256,
	.msix_bar = -1,
};

int driver_use(const char *driver)
{
	in_tree = !strcmp(driver, "in-tree");
	toy_changes++;
	return 0;
}

/* The part of the bug that has been met since the device was opened. */
struct session {
	unsigned int step;
	unsigned int repeats;
};

struct session *session_begin(const struct target *t)
{
	return calloc(1, sizeof(struct session));
}

void session_end(struct session *s)
{
	free(s);
}

int session_open(struct session *s)
{
	*s = (struct session) {};
	return 0;
}

void session_close(struct session *s)
{
}

bool session_asleep(const struct session *s)
{
	return false;
}

__u32 session_dozing_writers(const struct session *s)
{
	return 0;
}

/* True for the operation that is answered wrongly. */
static bool bug_met(struct session *s, const struct op *op)
{
	const struct toy_bug *bug = &toy_bug;

	if (s->step >= bug->count || op->kind != bug->steps[s->step])
		return false;
	if (!s->step && ++s->repeats < bug->repeats)
		return false;
	return ++s->step == bug->count;
}

void session_perform(struct session *s, const struct op *op, struct outcome *out)
{
	const bool met = bug_met(s, op);
	const bool gone = toy_bug.passes && toy_changes > toy_bug.passes;

	out->ret = op->kind;
	out->size = sizeof(op->data);
	memcpy(out->data, &op->data, sizeof(op->data));
	out->data[1] ^= met && in_tree && !gone;
}
