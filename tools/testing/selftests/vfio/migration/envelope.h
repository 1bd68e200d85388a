/* SPDX-License-Identifier: GPL-2.0-only */
/* The library's stream envelope, as its documentation has it: to know it, and to forge it. */
#ifndef SELFTEST_VFIO_MIGRATION_ENVELOPE_H
#define SELFTEST_VFIO_MIGRATION_ENVELOPE_H

#include "session.h"

/* Whether @s is in it. */
bool envelope_is(const struct stream *s);
/* Offset of the record after the one at @at, or the length of the stream. */
size_t envelope_next(const struct stream *s, size_t at);
/* Make all checksums right. False when the stream is not well-formed. */
bool envelope_seal(struct stream *s);

/* Fields of the opening that a device looks at, to be changed in an otherwise good stream. */
extern const size_t envelope_fields;
const char *envelope_field(size_t which);
bool envelope_forge(struct stream *s, size_t which);

#endif
