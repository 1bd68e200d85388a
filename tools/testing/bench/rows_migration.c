// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device state through the library's streams, and as many bytes by memcpy() and through a file in
 * memory, which is what any way into the kernel and out of it takes. The device is
 * module/bench_vfio_pci.c's: its state is there without costing anything.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>

#include "bench.h"
#include "session.h"

#define DRIVER		"bench-vfio-pci"
#define MIB		1048576UL
#define STATE		16	/* MiB */

/* Room for the state with its framing, touched before it is measured. */
static int state_prepare(struct bench *b, size_t arg)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	(void)arg;
	b->data = stream;
	if (!stream)
		return -ENOMEM;
	stream->bytes = malloc((STATE + 1) * MIB);
	if (!stream->bytes)
		return -ENOMEM;
	stream->len = (STATE + 1) * MIB;
	memset(stream->bytes, 1, stream->len);
	return 0;
}

static void state_finish(struct bench *b, size_t arg)
{
	(void)arg;
	if (b->data)
		stream_free(b->data);
	free(b->data);
	b->data = NULL;
}

/* A mebibyte to the next, so that each is read once and written once. */
static int copy(struct bench *b, size_t arg)
{
	struct stream *stream = b->data;

	(void)arg;
	for (size_t at = 0; at < STATE * MIB; at += MIB)
		memcpy(stream->bytes + at + MIB, stream->bytes + at, MIB);
	return 0;
}

static int file_write_all(struct bench *b, size_t arg)
{
	const struct stream *stream = b->data;

	(void)arg;
	for (size_t at = 0; at < STATE * MIB; at += MIB)
		if (pwrite(b->fds[0], stream->bytes + at, MIB, at) != (ssize_t)MIB)
			return -EIO;
	return 0;
}

static int file_read_all(struct bench *b, size_t arg)
{
	struct stream *stream = b->data;

	(void)arg;
	for (size_t at = 0; at < STATE * MIB; at += MIB)
		if (pread(b->fds[0], stream->bytes + at, MIB, at) != (ssize_t)MIB)
			return -EIO;
	return 0;
}

static int file_prepare(struct bench *b, size_t arg)
{
	int ret = state_prepare(b, arg);

	if (ret)
		return ret;
	b->fds[0] = memfd_create("bench", MFD_CLOEXEC);
	if (b->fds[0] < 0)
		return -errno;
	b->nr_fds = 1;
	return file_write_all(b, arg);
}

static void file_finish(struct bench *b, size_t arg)
{
	bench_close_eventfds(b);
	state_finish(b, arg);
}

/* All of the state, to where the one before was. */
static int save(struct bench *b, size_t arg)
{
	struct stream *stream = b->data;
	size_t at = 0;
	ssize_t got;
	int fd, ret;

	(void)arg;
	ret = mig_set(&b->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd);
	if (ret)
		return ret;
	while ((got = read(fd, stream->bytes + at, (STATE + 1) * MIB - at)) > 0)
		at += got;
	if (got < 0)
		ret = -errno;
	else if (at < STATE * MIB)
		ret = -ENODATA;
	close(fd);
	stream->len = at;
	return ret ? ret : mig_set(&b->dev, VFIO_DEVICE_STATE_RUNNING, NULL);
}

static int load_prepare(struct bench *b, size_t arg)
{
	int ret = state_prepare(b, arg);

	return ret ? ret : save(b, arg);
}

static int load(struct bench *b, size_t arg)
{
	int fd, ret = mig_set(&b->dev, VFIO_DEVICE_STATE_RESUMING, &fd);

	(void)arg;
	if (ret)
		return ret;
	ret = stream_write(fd, b->data, MIB);
	close(fd);
	return ret ? ret : mig_set(&b->dev, VFIO_DEVICE_STATE_RUNNING, NULL);
}

static const struct bench_row rows[] = {
	{ .name = "memcpy", .title = "memcpy(), each MiB", .quick = true,
	  .prepare = state_prepare, .run = copy, .finish = state_finish,
	  .per = STATE, .batch = 1, .bulky = true },
	{ .name = "file-read", .title = "read() of a file in memory, each MiB", .quick = true,
	  .prepare = file_prepare, .run = file_read_all, .finish = file_finish,
	  .per = STATE, .batch = 1, .bulky = true },
	{ .name = "file-write", .title = "write() of a file in memory, each MiB", .quick = true,
	  .prepare = file_prepare, .run = file_write_all, .finish = file_finish,
	  .per = STATE, .batch = 1, .bulky = true },
	{ .name = "migration-save", .title = "migration, saving, each MiB of state",
	  .role = "edu", .driver = DRIVER, .quick = true, .prepare = state_prepare,
	  .run = save, .finish = state_finish, .per = STATE, .batch = 1, .bulky = true },
	{ .name = "migration-load", .title = "migration, loading, each MiB of state",
	  .role = "edu", .driver = DRIVER, .quick = true, .prepare = load_prepare,
	  .run = load, .finish = state_finish, .per = STATE, .batch = 1, .bulky = true },
};

const struct bench_rows bench_migration_rows = { rows, ARRAY_SIZE(rows) };
