// SPDX-License-Identifier: GPL-2.0-only
/* BARs by read, write and mmap. Those of ivshmem are memory, so QEMU's device costs nothing. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>

#include "bench.h"

#define RAM_BAR	2

static int memory_on(struct bench *b, size_t arg)
{
	(void)arg;
	return cfg_update16(&b->dev, PCI_COMMAND, PCI_COMMAND_MEMORY, PCI_COMMAND_MEMORY);
}

static int bar_read(struct bench *b, size_t count)
{
	ssize_t got = vdev_read(&b->dev, RAM_BAR, 0, b->buffer, count);

	return got < 0 ? got : 0;
}

static int bar_write(struct bench *b, size_t count)
{
	ssize_t done = vdev_write(&b->dev, RAM_BAR, 0, b->buffer, count);

	return done < 0 ? done : 0;
}

/* Maps, reads a byte of each page for the first time, and unmaps. */
static int bar_map_touch(struct bench *b, size_t mib)
{
	const size_t page = sysconf(_SC_PAGESIZE), size = mib << 20;
	const unsigned char *map;
	int err = -ENXIO;

	map = vdev_mmap(&b->dev, RAM_BAR, 0, size, MAP_SHARED, &err);
	if (!map)
		return err;
	for (size_t at = 0; at < size; at += page)
		__atomic_load_n(&map[at], __ATOMIC_RELAXED);
	return munmap((void *)map, size) ? -errno : 0;
}

#define ACCESS(verb, call, bytes, fast)						\
	{ .name = "bar-" verb "-" #bytes, .title = "BAR " verb ", " #bytes " B",	\
	  .role = "ivshmem", .quick = fast, .prepare = memory_on, .run = call,	\
	  .arg = bytes, .batch = bytes > 8 ? 4 : 64 }

#define MAP(mib, fast)								\
	{ .name = "bar-mmap-" #mib "M",						\
	  .title = "BAR mmap of " #mib " MiB, first touch of each page, munmap",	\
	  .role = "ivshmem", .quick = fast, .prepare = memory_on, .run = bar_map_touch,	\
	  .arg = mib, .batch = 1 }

static const struct bench_row rows[] = {
	ACCESS("read", bar_read, 1, false),
	ACCESS("read", bar_read, 2, false),
	ACCESS("read", bar_read, 4, true),
	ACCESS("read", bar_read, 8, false),
	ACCESS("read", bar_read, 4096, true),
	ACCESS("write", bar_write, 1, false),
	ACCESS("write", bar_write, 2, false),
	ACCESS("write", bar_write, 4, true),
	ACCESS("write", bar_write, 8, false),
	ACCESS("write", bar_write, 4096, false),
	MAP(64, true),
	MAP(256, false),
};

const struct bench_rows bench_bar_rows = { rows, ARRAY_SIZE(rows) };
