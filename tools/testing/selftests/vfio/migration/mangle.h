/* SPDX-License-Identifier: GPL-2.0-only */
/* Ways to spoil a stream, as a table. */
#ifndef SELFTEST_VFIO_MIGRATION_MANGLE_H
#define SELFTEST_VFIO_MIGRATION_MANGLE_H

#include "session.h"

/**
 * struct mangling - a kind of damage, of which there are several
 * @name:	for people
 * @count:	how many of them a good stream offers
 * @make:	damage number @which, or false when this stream has no such
 */
struct mangling {
	const char *name;
	size_t (*count)(const struct stream *good);
	bool (*make)(struct stream *bad, const struct stream *good, size_t which);
};

/* For any stream; @mangling_count of them. */
extern const struct mangling manglings[];
extern const size_t mangling_count;

#endif
