// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration as one of many threads does it that know nothing of each other: any state after any
 * other, a stream read or written while it is still good or long after, the log of dirty memory
 * switched on and off. What it is answered does not matter.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>

#include "fuzz.h"
#include "migration/session.h"
#include "vdev.h"

#define IMAGE_SIZE	65536	/* of what was read, the start; edu's whole state is smaller */
#define PIECE_SIZE	2048
#define RANGES		4

/**
 * struct migrant - a thread's part in migrating the function
 * @device: open, also used by others
 * @stream: of the last session that this thread began, or -1
 * @written: bytes of @image that went into @stream
 * @read: bytes of @image that came out of @stream
 * @length: of the newest @image that was read to its end, or 0
 * @image: what a session in which the function was saved gave
 */
struct migrant {
	const struct vdev *device;
	int stream;
	size_t written;
	size_t read;
	size_t length;
	__u8 image[IMAGE_SIZE];
};

struct migrant *migrant_new(const struct session *s)
{
	const struct vdev *device = session_device(s);
	struct migrant *m;

	if (mig_flags(device) <= 0)
		return NULL;
	m = calloc(1, sizeof(*m));
	if (m) {
		m->device = device;
		m->stream = -1;
	}
	return m;
}

static void stream_end(struct migrant *m)
{
	if (m->stream >= 0)
		close(m->stream);
	m->stream = -1;
	m->written = 0;
	m->read = 0;
}

/* Numbers that are no state, too. */
static void step_state(struct migrant *m, struct random *r)
{
	int fd;

	if (mig_set(m->device, random_below(r, VFIO_DEVICE_STATE_NR + 1), &fd) || fd < 0)
		return;
	stream_end(m);
	m->stream = fd;
}

static void step_read(struct migrant *m, struct random *r)
{
	__u8 piece[PIECE_SIZE];
	ssize_t got = read(m->stream, piece, 1 + random_below(r, sizeof(piece)));

	if (!got && m->read)
		m->length = m->read;
	if (got <= 0 || m->read + got > IMAGE_SIZE)
		return;
	memcpy(m->image + m->read, piece, got);
	m->read += got;
}

/* An image that was saved, once in a while with a byte of it changed, or nonsense. */
static void step_write(struct migrant *m, struct random *r)
{
	__u8 piece[PIECE_SIZE];
	size_t len = 1 + random_below(r, sizeof(piece));
	ssize_t put;

	if (m->written < m->length) {
		if (len > m->length - m->written)
			len = m->length - m->written;
		memcpy(piece, m->image + m->written, len);
		if (one_in(r, 32))
			piece[random_below(r, len)] = random_next(r);
	} else {
		memset(piece, random_next(r), len);
	}
	put = write(m->stream, piece, len);
	if (put > 0)
		m->written += put;
}

static void step_stream(struct migrant *m, struct random *r)
{
	struct vfio_precopy_info info = { .argsz = sizeof(info) };
	unsigned int times = 1 + random_below(r, 16);

	while (m->stream >= 0 && times--) {
		step_read(m, r);
		step_write(m, r);
		if (one_in(r, 4))
			ioctl(m->stream, VFIO_MIG_GET_PRECOPY_INFO, &info);
	}
}

static void step_ask(struct migrant *m, struct random *r)
{
	struct vfio_device_feature_mig_data_size size;

	if (one_in(r, 2))
		mig_state(m->device);
	else
		vdev_feature(m->device, VFIO_DEVICE_FEATURE_GET |
			     VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, &size, sizeof(size));
}

static void log_start(struct migrant *m, struct random *r)
{
	struct vfio_device_feature_dma_logging_range ranges[RANGES];
	struct vfio_device_feature_dma_logging_control control = {
		.page_size = 4096ULL << random_below(r, 3),
		.num_ranges = random_below(r, RANGES + 1),
		.ranges = (uintptr_t)ranges,
	};
	unsigned int i;

	for (i = 0; i < RANGES; i++) {
		ranges[i].iova = random_below(r, 64) * 65536;
		ranges[i].length = (1 + random_below(r, 16)) * 4096;
	}
	vdev_feature(m->device, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
		     &control, sizeof(control));
}

static void step_log(struct migrant *m, struct random *r)
{
	__u64 bitmap[8] = {};
	struct vfio_device_feature_dma_logging_report report = {
		.iova = random_below(r, 64) * 65536,
		.length = sizeof(bitmap) * 8 * 4096,
		.page_size = 4096,
		.bitmap = (uintptr_t)bitmap,
	};

	switch (random_below(r, 3)) {
	case 0:
		log_start(m, r);
		break;
	case 1:
		vdev_feature(m->device, VFIO_DEVICE_FEATURE_SET |
			     VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, NULL, 0);
		break;
	default:
		vdev_feature(m->device, VFIO_DEVICE_FEATURE_GET |
			     VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT, &report, sizeof(report));
	}
}

void migrant_step(struct migrant *m, struct random *r)
{
	static void (*const steps[])(struct migrant *m, struct random *r) = {
		step_state, step_state, step_stream, step_stream, step_stream, step_ask, step_log,
	};

	PICK(r, steps)(m, r);
	/* A stream that nobody closes keeps the device open. */
	if (one_in(r, 16))
		stream_end(m);
}
