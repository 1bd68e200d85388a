// SPDX-License-Identifier: GPL-2.0-only
/*
 * In a guest: writes numbered blocks to a disk, one after the other, for as long as it lives, and
 * flushes after each round. Each block carries its number and a checksum, so that an image tells
 * which writes reached it in which order: see ../image. Each round is read back and compared.
 *
 *	ordered_writes DISK
 *
 * Its counts stand on standard output, a line a second.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BLOCK		4096
#define BLOCKS		1024	/* places on the disk, used in turn */
#define ROUND		8	/* blocks between flushes */
#define FIRST		1	/* block 0 holds what was flushed */
#define WORDS		(BLOCK / sizeof(uint64_t))

static uint64_t wrong, lost;

/* Number, words that follow from it, and the sum of all before. */
static void fill(uint64_t *block, uint64_t number)
{
	uint64_t sum = number;

	block[0] = number;
	for (size_t i = 1; i < WORDS - 1; i++) {
		block[i] = (number + i) * 0x9e3779b97f4a7c15ull;
		sum += block[i];
	}
	block[WORDS - 1] = sum;
}

static off_t place(uint64_t number)
{
	return (FIRST + number % BLOCKS) * (off_t)BLOCK;
}

static int put(int disk, uint64_t *block, uint64_t number, off_t at)
{
	fill(block, number);
	if (pwrite(disk, block, BLOCK, at) == BLOCK)
		return 0;
	lost++;
	return -1;
}

/* Whether the block at the place of @number is that. */
static void compare(int disk, uint64_t *got, uint64_t *want, uint64_t number)
{
	fill(want, number);
	if (pread(disk, got, BLOCK, place(number)) != BLOCK)
		lost++;
	else if (memcmp(got, want, BLOCK))
		wrong++;
}

static void tell(uint64_t rounds)
{
	static time_t last;
	time_t now = time(NULL);

	if (now == last)
		return;
	last = now;
	printf("L2: disk: rounds %llu wrong %llu lost %llu\n", (unsigned long long)rounds,
	       (unsigned long long)wrong, (unsigned long long)lost);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	uint64_t number = 0, *block, *other;
	int disk;

	if (argc != 2) {
		fprintf(stderr, "usage: ordered_writes DISK\n");
		return 2;
	}
	disk = open(argv[1], O_RDWR | O_DIRECT);
	if (disk < 0) {
		fprintf(stderr, "ordered_writes: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	block = aligned_alloc(BLOCK, BLOCK);
	other = aligned_alloc(BLOCK, BLOCK);
	if (!block || !other)
		return 1;

	for (uint64_t round = 1; ; round++) {
		uint64_t begin = number;

		while (number < begin + ROUND) {
			put(disk, block, number, place(number));
			number++;
		}
		if (fdatasync(disk))
			lost++;
		/* After the flush: all below it are on the disk. */
		put(disk, block, number, 0);
		while (begin < number)
			compare(disk, block, other, begin++);
		tell(round);
	}
}
