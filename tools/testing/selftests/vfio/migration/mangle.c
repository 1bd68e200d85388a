// SPDX-License-Identifier: GPL-2.0-only
/* See mangle.h. */
#include <string.h>

#include "frame.h"
#include "mangle.h"

/* Every byte where headers are likely to be, and some places in each part of the rest. */
#define DENSE	96
#define SPARSE	64

static size_t places(size_t len)
{
	return len <= DENSE ? len : DENSE + SPARSE;
}

static size_t place(size_t len, size_t which)
{
	return which < DENSE ? which : DENSE + (len - DENSE) * (which - DENSE) / SPARSE;
}

static void take(struct stream *s, const struct stream *from, size_t begin, size_t end)
{
	stream_add(s, from->bytes + begin, end - begin);
}

static size_t many(const struct stream *good)
{
	return places(good->len);
}

static size_t one(const struct stream *good)
{
	return 1;
}

static bool cut(struct stream *bad, const struct stream *good, size_t which)
{
	take(bad, good, 0, place(good->len, which));
	return true;
}

/* All but the last byte, the last two, ...: where an end that is not looked at would show. */
static size_t tails(const struct stream *good)
{
	return good->len < 48 ? good->len : 48;
}

static bool cut_tail(struct stream *bad, const struct stream *good, size_t which)
{
	take(bad, good, 0, good->len - 1 - which);
	return true;
}

static bool behead(struct stream *bad, const struct stream *good, size_t which)
{
	take(bad, good, place(good->len, which) + 1, good->len);
	return true;
}

static bool flip(struct stream *bad, const struct stream *good, size_t which)
{
	size_t at = place(good->len, which);

	take(bad, good, 0, good->len);
	bad->bytes[at] ^= 1U << ((which * 5 + 3) % 8);
	return true;
}

/* Of the last bytes, every bit. */
static size_t tail_bits(const struct stream *good)
{
	return 8 * (good->len < 8 ? good->len : 8);
}

static bool flip_tail(struct stream *bad, const struct stream *good, size_t which)
{
	take(bad, good, 0, good->len);
	bad->bytes[good->len - 1 - which / 8] ^= 1U << which % 8;
	return true;
}

static bool insert(struct stream *bad, const struct stream *good, size_t which)
{
	size_t at = place(good->len, which);

	take(bad, good, 0, at);
	stream_add(bad, "\0", 1);
	take(bad, good, at, good->len);
	/* A zero more in a run of zeros shows at its end only, where it is counted again. */
	return memcmp(bad->bytes, good->bytes, good->len);
}

static bool omit(struct stream *bad, const struct stream *good, size_t which)
{
	size_t at = place(good->len, which);

	take(bad, good, 0, at);
	take(bad, good, at + 1, good->len);
	return true;
}

static bool double_it(struct stream *bad, const struct stream *good, size_t which)
{
	take(bad, good, 0, good->len);
	take(bad, good, 0, good->len);
	return true;
}

static bool append(struct stream *bad, const struct stream *good, size_t which)
{
	take(bad, good, 0, good->len);
	stream_add(bad, "\0", 1);
	return true;
}

static bool turn_round(struct stream *bad, const struct stream *good, size_t which)
{
	size_t at = place(good->len, which);

	take(bad, good, at, good->len);
	take(bad, good, 0, at);
	return at && memcmp(bad->bytes, good->bytes, good->len);
}

/* Two neighbouring parts of @which + 1 bytes change places, in the middle. */
static size_t sizes(const struct stream *good)
{
	return good->len / 4 < 64 ? good->len / 4 : 64;
}

static bool swap(struct stream *bad, const struct stream *good, size_t which)
{
	size_t size = which + 1, at = good->len / 2 - size;

	take(bad, good, 0, at);
	take(bad, good, at + size, at + 2 * size);
	take(bad, good, at, at + size);
	take(bad, good, at + 2 * size, good->len);
	return memcmp(bad->bytes, good->bytes, good->len);
}

static bool nothing(struct stream *bad, const struct stream *good, size_t which)
{
	return true;
}

static bool noise(struct stream *bad, const struct stream *good, size_t which)
{
	__u32 random = 2463534242U + which;
	size_t i;

	take(bad, good, 0, good->len);
	for (i = 0; i < bad->len; i++) {
		random ^= random << 13;
		random ^= random >> 17;
		random ^= random << 5;
		bad->bytes[i] = random >> 24;
	}
	return true;
}

static bool zeros(struct stream *bad, const struct stream *good, size_t which)
{
	take(bad, good, 0, good->len);
	memset(bad->bytes, 0, bad->len);
	return true;
}

static bool ones(struct stream *bad, const struct stream *good, size_t which)
{
	take(bad, good, 0, good->len);
	memset(bad->bytes, 0xff, bad->len);
	return true;
}

const struct mangling manglings[] = {
	{ "cut short", many, cut },
	{ "cut short at its end", tails, cut_tail },
	{ "without its beginning", many, behead },
	{ "with a bit flipped", many, flip },
	{ "with a bit flipped at its end", tail_bits, flip_tail },
	{ "with a byte more", many, insert },
	{ "with a byte less", many, omit },
	{ "with its second part first", many, turn_round },
	{ "with two neighbours exchanged", sizes, swap },
	{ "twice", one, double_it },
	{ "with a byte after its end", one, append },
	{ "empty", one, nothing },
	{ "of noise", one, noise },
	{ "of zeros", one, zeros },
	{ "of ones", one, ones },
};

const size_t mangling_count = ARRAY_SIZE(manglings);
