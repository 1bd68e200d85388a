// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stream format of mlx5-vfio-pci against what Linux 6.12's own driver writes, byte by byte, and
 * against streams that lie.  Each header comes in an allocation of its exact size, so that the
 * sanitizer sees a byte too many.
 */

#include <asm/byteorder.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "framing.h"

#define MAX_IMAGE	0xfffff000ull
#define RANDOM_ROUNDS	200000

static unsigned int tests, failures;

static void ok(bool passed, const char *name)
{
	printf("%sok %u - %s\n", passed ? "" : "not ", ++tests, name);
	failures += !passed;
}

static int get(const void *bytes, enum mlx5_framing_kind *kind, __u64 *size)
{
	void *exact = malloc(MLX5_FRAMING_HEADER_SIZE);
	int ret;

	memcpy(exact, bytes, MLX5_FRAMING_HEADER_SIZE);
	ret = mlx5_framing_get(exact, MAX_IMAGE, kind, size);
	free(exact);
	return ret;
}

static void test_written(void)
{
	static const unsigned char open[] = {
		8, 0, 0, 0, 0, 0, 0, 0,		/* size of the body */
		1, 0, 0, 0,			/* optional */
		1, 0, 0, 0,			/* expected size */
		0x00, 0x10, 0x23, 0x45, 1, 0, 0, 0,
	};
	static const unsigned char image[] = {
		0x00, 0x20, 0xff, 0x01, 0, 0, 0, 0,
		0, 0, 0, 0,
		0, 0, 0, 0,
	};
	unsigned char *bytes = malloc(MLX5_FRAMING_OPEN_SIZE);

	mlx5_framing_put_open(bytes, 0x145231000ull);
	ok(sizeof(open) == MLX5_FRAMING_OPEN_SIZE && !memcmp(bytes, open, sizeof(open)),
	   "the opening record is the one of Linux 6.12");
	free(bytes);

	bytes = malloc(MLX5_FRAMING_HEADER_SIZE);
	mlx5_framing_put_image(bytes, 0x1ff2000);
	ok(sizeof(image) == MLX5_FRAMING_HEADER_SIZE && !memcmp(bytes, image, sizeof(image)),
	   "the header of an image is the one of Linux 6.12");
	free(bytes);
}

static void test_understood(void)
{
	unsigned char bytes[MLX5_FRAMING_OPEN_SIZE];
	enum mlx5_framing_kind kind;
	__u64 size;

	mlx5_framing_put_image(bytes, 4097);
	ok(!get(bytes, &kind, &size) && kind == MLX5_FRAMING_IMAGE && size == 4097,
	   "an image is understood");

	mlx5_framing_put_image(bytes, MAX_IMAGE);
	ok(!get(bytes, &kind, &size) && size == MAX_IMAGE, "the longest image is accepted");

	mlx5_framing_put_open(bytes, 0x123456789abcull);
	ok(!get(bytes, &kind, &size) && kind == MLX5_FRAMING_SKIP && size == 8,
	   "the opening record is passed over");
}

static void test_lies(void)
{
	static const struct lie {
		const char	*name;
		__u64		size;
		__u32		flags;
		__u32		tag;
		int		ret;
	} lies[] = {
		{ "an image too long for a command is refused", MAX_IMAGE + 1, 0, 0, -EFBIG },
		{ "an image of 2^64 - 1 bytes is refused", ~0ull, 0, 0, -EFBIG },
		{ "an opening record without a body is passed over", 0, 1, 1, 0 },
		{ "an opening record that is mandatory is passed over", 8, 0, 1, 0 },
		{ "an unknown tag that is mandatory is refused", 8, 0, 2, -EOPNOTSUPP },
		{ "an unknown tag that is optional is passed over", 8, 1, 0x80000000u, 0 },
		{ "an unknown tag of no length is passed over", 0, 1, 77, 0 },
		{ "an unknown tag beyond any stream is refused", 1ull << 63, 1, 77, -EINVAL },
		{}
	};
	enum mlx5_framing_kind kind;
	__u64 size;

	for (const struct lie *lie = lies; lie->name; lie++) {
		const struct mlx5_framing_header header = {
			.size	= __cpu_to_le64(lie->size),
			.flags	= __cpu_to_le32(lie->flags),
			.tag	= __cpu_to_le32(lie->tag),
		};

		ok(get(&header, &kind, &size) == lie->ret, lie->name);
	}
}

/* Whatever comes, what is accepted can be acted upon. */
static void test_random(void)
{
	unsigned char bytes[MLX5_FRAMING_HEADER_SIZE];
	enum mlx5_framing_kind kind;
	bool sane = true;
	__u64 size;

	srandom(1);
	for (int round = 0; round < RANDOM_ROUNDS; round++) {
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = random() % 3 ? 0 : random();
		if (get(bytes, &kind, &size))
			continue;
		if (kind == MLX5_FRAMING_IMAGE)
			sane &= size <= MAX_IMAGE;
		else
			sane &= kind == MLX5_FRAMING_SKIP && !(size >> 63);
	}
	ok(sane, "of 200000 random headers none is accepted that cannot be acted upon");
}

int main(void)
{
	printf("TAP version 13\n");
	test_written();
	test_understood();
	test_lies();
	test_random();
	printf("1..%u\n", tests);
	return failures ? 1 : 0;
}
