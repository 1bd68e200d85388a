/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers in and out of a buffer, little-endian.  A writer without a buffer only counts; a reader
 * that is asked for more than there is gives zeros and remembers that it was.
 */
#ifndef SIM_VHCA_STREAM_H
#define SIM_VHCA_STREAM_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/**
 * struct stream - a position in a buffer
 * @bytes: the buffer, NULL to count
 * @size: of the buffer
 * @at: next byte
 * @bad: a reader went past the end, or found what cannot be
 */
struct stream {
	uint8_t *bytes;
	size_t size;
	size_t at;
	bool bad;
};

static inline void put_bytes(struct stream *s, const void *from, size_t count)
{
	if (s->bytes && count <= s->size - s->at)
		memcpy(s->bytes + s->at, from, count);
	s->at += count;
}

static inline void put_number(struct stream *s, uint64_t value)
{
	value = htole64(value);
	put_bytes(s, &value, sizeof(value));
}

static inline void get_bytes(struct stream *s, void *to, size_t count)
{
	if (s->bad || count > s->size - s->at) {
		s->bad = true;
		memset(to, 0, count);
		return;
	}
	memcpy(to, s->bytes + s->at, count);
	s->at += count;
}

static inline uint64_t get_number(struct stream *s)
{
	uint64_t value;

	get_bytes(s, &value, sizeof(value));
	return le64toh(value);
}

/* A number that has to be at most @most. */
static inline uint64_t get_up_to(struct stream *s, uint64_t most)
{
	uint64_t value = get_number(s);

	if (value > most)
		s->bad = true;
	return s->bad ? 0 : value;
}

#endif /* SIM_VHCA_STREAM_H */
