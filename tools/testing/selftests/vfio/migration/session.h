/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The migration interface of linux/vfio.h as the tests use it: states, data streams, and whole
 * saves and loads. As in vdev.h, what can fail returns a negative errno.
 */
#ifndef SELFTEST_VFIO_MIGRATION_SESSION_H
#define SELFTEST_VFIO_MIGRATION_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "vdev.h"

/* VFIO_MIGRATION_* bits that the driver offers, or -errno: -ENOTTY for one that cannot migrate. */
int mig_flags(const struct vdev *v);
/* VFIO_DEVICE_STATE_*, or -errno. */
int mig_state(const struct vdev *v);
/* For people. */
const char *mig_state_name(unsigned int state);

/**
 * mig_set - ask for a state
 * @v:		device
 * @state:	VFIO_DEVICE_STATE_*, or any other number
 * @fd:		receives the data stream, -1 when there is none; NULL closes it
 * Return: 0 or -errno.
 */
int mig_set(const struct vdev *v, unsigned int state, int *fd);

/* Back to RUNNING from any state, with a reset where nothing else leads there. 0 or -errno. */
int mig_run(const struct vdev *v);
int mig_reset(const struct vdev *v);

/* Whether the state is one in which a device is saved. */
bool mig_saves(unsigned int state);
/* Whether a driver with @flags has @state; ERROR is nobody's to ask for. */
bool mig_has(int flags, unsigned int state);
/* The state of the next higher number that such a driver has, 0 after the last. */
unsigned int mig_next(int flags, unsigned int state);
/* Whether linux/vfio.h has a way from @from to @to, both of which the driver has. */
bool mig_leads(unsigned int from, unsigned int to);
/* Whether that way begins a session, so that there is a data stream. */
bool mig_begins(unsigned int from, unsigned int to);

/**
 * struct stream - what was read from a data stream, or will be written to one
 * @bytes:	malloc'ed
 * @len:	of @bytes
 */
struct stream {
	unsigned char *bytes;
	size_t len;
};

void stream_free(struct stream *s);
/* A copy; aborts the program when there is no memory. */
struct stream stream_copy(const struct stream *s);
/* Append @len bytes. */
void stream_add(struct stream *s, const void *bytes, size_t len);

/**
 * stream_read - append what a data stream has to say
 * @fd:		stream
 * @s:		receives it
 * @step:	bytes a read() asks for
 * Return: 0 at the end of the stream, -ENOMSG at the temporary one of PRE_COPY, or -errno.
 */
int stream_read(int fd, struct stream *s, size_t step);
/* Write all of @s, @step bytes at a time. 0 or -errno; -EIO when it takes nothing any more. */
int stream_write(int fd, const struct stream *s, size_t step);

/* Common size of reads and writes. */
#define STEP 65536

/**
 * mig_save - save the whole device, which runs before and is stopped afterwards
 * @v:		device
 * @s:		receives the stream, must be empty
 * @step:	bytes a read
 * Return: 0 or -errno.
 */
int mig_save(const struct vdev *v, struct stream *s, size_t step);
/* The same by way of PRE_COPY, read to its temporary end first. */
int mig_save_precopy(const struct vdev *v, struct stream *s, size_t step);
/* Load it into a device in any state but RESUMING; stopped afterwards. 0 or the first -errno. */
int mig_load(const struct vdev *v, const struct stream *s, size_t step);

/*
 * VFIO_DEVICE_FEATURE_DMA_LOGGING_*: of one range, and of what was written in it a bit a page goes
 * to @bitmap. 0 or -errno.
 */
int mig_log_start(const struct vdev *v, __u64 iova, __u64 length, __u64 page_size);
int mig_log_stop(const struct vdev *v);
int mig_log_report(const struct vdev *v, __u64 iova, __u64 length, __u64 page_size, __u64 *bitmap);

/* Bring a running device into @state, with its stream in @fd, or -1. 0 or -errno. */
int mig_enter(const struct vdev *v, unsigned int state, int *fd);

#endif
