// SPDX-License-Identifier: GPL-2.0-only
/*
 * The client's memory.  Behind an IOMMU it comes a page at a time, thousands of messages for the
 * same few files, so each file is mapped once for the whole process and a mapping is an offset
 * in it.
 *
 * Mappings never overlap.  With "overlaps" as the order's "equal", a tsearch() tree finds some
 * mapping inside a range as fast as one at an address.
 */
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "vfu_priv.h"

/* A file that clients have mapped parts of; @size is how much of it is mapped here. */
struct backing {
	dev_t device;
	ino_t inode;
	uint8_t *base;
	size_t size;
	unsigned int users;
	struct backing *next;
};

/* @file: NULL if the client gave no descriptor; such memory exists and cannot be accessed. */
struct mapping {
	uint64_t first, last;
	uint64_t offset;
	struct backing *file;
	uint32_t flags;
};

static struct backing *backings;

/* A client may truncate its file while we are in it. */
static sigjmp_buf bus_error;
static bool in_client_memory;

static void on_bus_error(int signal)
{
	if (in_client_memory)
		siglongjmp(bus_error, 1);
	/* Somebody else's, and deadly. */
	struct sigaction action = { .sa_handler = SIG_DFL };

	sigaction(signal, &action, NULL);
	raise(signal);
}

static void catch_bus_errors(void)
{
	struct sigaction action = { .sa_handler = on_bus_error, .sa_flags = SA_NODEFER };
	static bool done;

	if (!done)
		sigaction(SIGBUS, &action, NULL);
	done = true;
}

static void backing_put(struct backing *file)
{
	struct backing **place = &backings;

	if (!file || --file->users)
		return;
	while (*place != file)
		place = &(*place)->next;
	*place = file->next;
	munmap(file->base, file->size);
	free(file);
}

/* Map what a file has grown by since it was mapped. */
static int backing_grow(struct backing *file, size_t size)
{
	void *base = mremap(file->base, file->size, size, MREMAP_MAYMOVE);

	if (base == MAP_FAILED)
		return -errno;
	file->base = base;
	file->size = size;
	return 0;
}

static int backing_new(const struct stat *stat, int fd, struct backing **file)
{
	void *base = mmap(NULL, stat->st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	struct backing *new;

	if (base == MAP_FAILED)
		return -errno;
	new = calloc(1, sizeof(*new));
	if (!new) {
		munmap(base, stat->st_size);
		return -ENOMEM;
	}
	new->device = stat->st_dev;
	new->inode = stat->st_ino;
	new->base = base;
	new->size = stat->st_size;
	new->next = backings;
	backings = new;
	*file = new;
	return 0;
}

/* Get hold of the file behind @fd, of which bytes up to @end are going to be used. */
static int backing_get(int fd, uint64_t end, struct backing **file)
{
	struct backing *found = backings;
	struct stat stat;
	int error;

	if (fstat(fd, &stat))
		return -errno;
	if (!S_ISREG(stat.st_mode) || stat.st_size <= 0 || end > (uint64_t)stat.st_size)
		return -EINVAL;
	/* It may be mapped already, for a client that has more of it than this one. */
	if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDWR)
		return -EACCES;
	while (found && (found->device != stat.st_dev || found->inode != stat.st_ino))
		found = found->next;
	if (!found)
		error = backing_new(&stat, fd, &found);
	else if (end > found->size)
		error = backing_grow(found, stat.st_size);
	else
		error = 0;
	if (error)
		return error;
	found->users++;
	*file = found;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct mapping *x = a, *y = b;

	if (x->last < y->first)
		return -1;
	return x->first > y->last;
}

static struct mapping *find(struct dma_space *space, uint64_t first, uint64_t last)
{
	struct mapping key = { .first = first, .last = last };
	struct mapping **found = tfind(&key, &space->root, compare);

	return found ? *found : NULL;
}

/* The last address of a range, or false if there is no such range. */
static bool range_last(uint64_t address, uint64_t size, uint64_t *last)
{
	return size && !__builtin_add_overflow(address, size - 1, last);
}

/**
 * dma_map() - a client makes memory known
 * @space: its address space
 * @map: what it says about it
 * @fd: the file that it is in, or -1; remains the caller's
 *
 * Return: 0; -EINVAL for a range that is empty, not of whole pages, wraps, or is not in the file;
 * -EACCES for a file that the client cannot both read and write; -EEXIST if a part of it is mapped
 * already; -ENOSPC if there are too many; -ENOMEM.
 */
int dma_map(struct dma_space *space, const struct wire_dma_map *map, int fd)
{
	struct mapping *new;
	uint64_t last, end;
	int error;

	if (!range_last(map->address, map->size, &last) ||
	    (map->address | map->size | map->offset) % WIRE_PAGE ||
	    __builtin_add_overflow(map->offset, map->size, &end))
		return -EINVAL;
	if (fd < 0 && map->flags & (WIRE_MAP_MMAP | WIRE_MAP_FILE))
		return -EINVAL;
	if (find(space, map->address, last))
		return -EEXIST;
	if (space->count >= WIRE_MAX_MAPS)
		return -ENOSPC;
	new = malloc(sizeof(*new));
	if (!new)
		return -ENOMEM;
	*new = (struct mapping) { map->address, last, map->offset, NULL, map->flags };
	error = fd < 0 ? 0 : backing_get(fd, end, &new->file);
	if (!error && !tsearch(new, &space->root, compare)) {
		backing_put(new->file);
		error = -ENOMEM;
	}
	if (error) {
		free(new);
		return error;
	}
	space->count++;
	return 0;
}

/* Forget all mappings that have a part in a range. */
static void drop(struct dma_space *space, uint64_t first, uint64_t last)
{
	struct mapping *inside;

	while ((inside = find(space, first, last))) {
		tdelete(inside, &space->root, compare);
		backing_put(inside->file);
		free(inside);
		space->count--;
	}
}

/**
 * dma_unmap() - a client takes back all mappings inside a range
 * @space: its address space
 * @address: where the range begins
 * @size: of the range
 *
 * As with the kernel's type1 IOMMU, it is no mistake if there is nothing in the range.
 *
 * Return: 0; -EINVAL if the range is none, or begins or ends inside a mapping.
 */
int dma_unmap(struct dma_space *space, uint64_t address, uint64_t size)
{
	struct mapping *inside;
	uint64_t last;

	if (!range_last(address, size, &last))
		return -EINVAL;
	inside = find(space, address, address);
	if (inside && inside->first < address)
		return -EINVAL;
	inside = find(space, last, last);
	if (inside && inside->last > last)
		return -EINVAL;
	drop(space, address, last);
	return 0;
}

/** dma_unmap_everything() - the client is gone */
void dma_unmap_everything(struct dma_space *space)
{
	drop(space, 0, UINT64_MAX);
}

static bool copy_guarded(uint8_t *memory, void *data, size_t count, bool write)
{
	catch_bus_errors();
	if (sigsetjmp(bus_error, 1)) {
		in_client_memory = false;
		return false;
	}
	__atomic_store_n(&in_client_memory, true, __ATOMIC_SEQ_CST);
	if (write)
		memcpy(memory, data, count);
	else
		memcpy(data, memory, count);
	__atomic_store_n(&in_client_memory, false, __ATOMIC_SEQ_CST);
	return true;
}

/**
 * dma_copy() - copy from or to a client's memory
 * @space: its address space
 * @address: in its memory
 * @data: ours; only read if @write
 * @count: how many bytes
 * @write: to the client's memory
 *
 * Return: whether all of it was mapped and allowed; if not, a part may have been copied.
 */
bool dma_copy(struct dma_space *space, uint64_t address, void *data, size_t count, bool write)
{
	uint8_t *bytes = data;

	while (count) {
		struct mapping *at = find(space, address, address);
		uint64_t skip, part;

		if (!at || !at->file || !(at->flags & (write ? WIRE_MAP_WRITE : WIRE_MAP_READ)))
			return false;
		skip = address - at->first;
		part = at->last - address;
		part = part < count ? part + 1 : count;
		if (!copy_guarded(at->file->base + at->offset + skip, bytes, part, write))
			return false;
		bytes += part;
		address += part;
		count -= part;
	}
	return true;
}
