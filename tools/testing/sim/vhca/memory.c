// SPDX-License-Identifier: GPL-2.0-only
/*
 * Internal memory.  Only the generation of each page is kept: its bytes are computed from it, so
 * a function can have a gigabyte, and bytes that come back are known to be right or wrong.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../transport/loop.h"
#include "vhca.h"

#define BITS 64

/**
 * memory_init() - all pages of generation 0
 * @pages: may be 0
 * @rate: pages a second that change while it runs
 *
 * Return: 0 or -ENOMEM.
 */
int memory_init(struct memory *memory, uint32_t pages, uint32_t rate)
{
	*memory = (struct memory) { .pages = pages, .rate = rate };
	memory->generation = calloc(pages + 1, sizeof(*memory->generation));
	memory->dirty = calloc(pages / BITS + 1, sizeof(*memory->dirty));
	if (memory->generation && memory->dirty)
		return 0;
	memory_free(memory);
	return -ENOMEM;
}

void memory_free(struct memory *memory)
{
	free(memory->generation);
	free(memory->dirty);
	*memory = (struct memory) {};
}

static void set_dirty(struct memory *memory, uint32_t page)
{
	uint64_t bit = 1ULL << page % BITS;

	memory->n_dirty += !(memory->dirty[page / BITS] & bit);
	memory->dirty[page / BITS] |= bit;
}

static void set_clean(struct memory *memory, uint32_t page)
{
	uint64_t bit = 1ULL << page % BITS;

	memory->n_dirty -= !!(memory->dirty[page / BITS] & bit);
	memory->dirty[page / BITS] &= ~bit;
}

/** memory_reset() - as after memory_init() */
void memory_reset(struct memory *memory)
{
	memset(memory->generation, 0, memory->pages * sizeof(*memory->generation));
	memset(memory->dirty, 0, (memory->pages / BITS + 1) * sizeof(*memory->dirty));
	memory->n_dirty = 0;
	memory->next = 0;
	memory->when = loop_now();
}

/** memory_advance() - let it change as much as it has since it last was looked at */
void memory_advance(struct memory *memory)
{
	uint64_t now = loop_now();
	uint64_t count = (now - memory->when) * memory->rate / 1000;

	if (!memory->running || !memory->pages) {
		memory->when = now;
		return;
	}
	/* What is not a whole page yet counts the next time. */
	if (memory->rate)
		memory->when += count * 1000 / memory->rate;
	else
		memory->when = now;
	if (count > memory->pages)
		count = memory->pages;
	while (count--) {
		memory->generation[memory->next]++;
		set_dirty(memory, memory->next);
		memory->next = (memory->next + 1) % memory->pages;
	}
}

/** memory_run() - let it change from now on, or no more */
void memory_run(struct memory *memory, bool running)
{
	memory_advance(memory);
	memory->running = running;
}

/** memory_dirty_all() - nothing was saved yet */
void memory_dirty_all(struct memory *memory)
{
	memset(memory->dirty, 0xff, memory->pages / BITS * sizeof(*memory->dirty));
	memory->dirty[memory->pages / BITS] = (1ULL << memory->pages % BITS) - 1;
	memory->n_dirty = memory->pages;
}

/**
 * memory_next_dirty() - find a page that was not saved, at *@page or later, and call it saved
 *
 * Return: whether there was one; its number is in *@page.
 */
bool memory_next_dirty(struct memory *memory, uint32_t *page)
{
	for (uint32_t word = *page / BITS; word <= memory->pages / BITS; word++) {
		if (!memory->dirty[word])
			continue;
		*page = word * BITS + __builtin_ctzll(memory->dirty[word]);
		set_clean(memory, *page);
		return true;
	}
	return false;
}

static uint64_t scramble(uint64_t x)
{
	x ^= x >> 31;
	x *= 0x9e3779b97f4a7c15;
	return x ^ x >> 29;
}

static void fill(uint32_t page, uint32_t generation, uint64_t *words)
{
	uint64_t seed = scramble((uint64_t)page << 32 | generation);

	for (size_t i = 0; i < VHCA_PAGE / sizeof(*words); i++)
		words[i] = htole64(seed + i * 0x0101010101010101);
}

/** memory_fill() - the bytes of a page, which exists */
void memory_fill(const struct memory *memory, uint32_t page, void *bytes)
{
	uint64_t words[VHCA_PAGE / 8];

	fill(page, memory->generation[page], words);
	memcpy(bytes, words, sizeof(words));
}

/**
 * memory_store() - give a page the bytes of another function's
 *
 * Return: whether there is such a page, and the bytes are what they should be.
 */
bool memory_store(struct memory *memory, uint32_t page, uint32_t generation, const void *bytes)
{
	uint64_t words[VHCA_PAGE / 8];

	if (page >= memory->pages)
		return false;
	fill(page, generation, words);
	if (memcmp(words, bytes, sizeof(words)))
		return false;
	memory->generation[page] = generation;
	return true;
}

/** memory_digest() - the same for two functions with the same content */
uint64_t memory_digest(const struct memory *memory)
{
	uint64_t digest = memory->pages;

	for (uint32_t page = 0; page < memory->pages; page++)
		digest = scramble(digest + memory->generation[page]);
	return digest;
}
