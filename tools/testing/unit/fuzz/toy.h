/* SPDX-License-Identifier: GPL-2.0-only */
/* Two drivers of one function that never was; "in-tree" differs from "ours" as a test asks for. */
#ifndef UNIT_FUZZ_TOY_H
#define UNIT_FUZZ_TOY_H

#include "fuzz.h"

#define TOY_STEPS	4

/**
 * struct toy_bug - when "in-tree" answers something else
 * @steps: kinds of operation that must have come, in this order; the last is answered wrongly
 * @count: of @steps; 0 for drivers that do not differ
 * @repeats: how often the first step has to come
 * @passes: passes after which the bug is gone, 0 for one that stays
 */
struct toy_bug {
	enum kind steps[TOY_STEPS];
	unsigned int count;
	unsigned int repeats;
	unsigned int passes;
};

extern struct toy_bug toy_bug;
extern const struct target toy_target;
/* Changes of drivers so far. */
extern unsigned int toy_changes;

#endif
