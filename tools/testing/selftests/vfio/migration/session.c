// SPDX-License-Identifier: GPL-2.0-only
/* See session.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session.h"

static const struct {
	const char *name;
	__u32 wants;	/* VFIO_MIGRATION_* bits of a driver that has the state */
	bool saves;
} states[VFIO_DEVICE_STATE_NR] = {
	[VFIO_DEVICE_STATE_ERROR] = { "ERROR", ~0U },
	[VFIO_DEVICE_STATE_STOP] = { "STOP", VFIO_MIGRATION_STOP_COPY },
	[VFIO_DEVICE_STATE_RUNNING] = { "RUNNING", VFIO_MIGRATION_STOP_COPY },
	[VFIO_DEVICE_STATE_STOP_COPY] = { "STOP_COPY", VFIO_MIGRATION_STOP_COPY, true },
	[VFIO_DEVICE_STATE_RESUMING] = { "RESUMING", VFIO_MIGRATION_STOP_COPY },
	[VFIO_DEVICE_STATE_RUNNING_P2P] = { "RUNNING_P2P", VFIO_MIGRATION_P2P },
	[VFIO_DEVICE_STATE_PRE_COPY] = { "PRE_COPY", VFIO_MIGRATION_PRE_COPY, true },
	[VFIO_DEVICE_STATE_PRE_COPY_P2P] = {
		"PRE_COPY_P2P", VFIO_MIGRATION_PRE_COPY | VFIO_MIGRATION_P2P, true },
};

const char *mig_state_name(unsigned int state)
{
	return state < VFIO_DEVICE_STATE_NR ? states[state].name : "no state";
}

bool mig_saves(unsigned int state)
{
	return state < VFIO_DEVICE_STATE_NR && states[state].saves;
}

bool mig_has(int flags, unsigned int state)
{
	if (state >= VFIO_DEVICE_STATE_NR || state == VFIO_DEVICE_STATE_ERROR)
		return false;
	return (states[state].wants & flags) == states[state].wants;
}

unsigned int mig_next(int flags, unsigned int state)
{
	while (++state < VFIO_DEVICE_STATE_NR)
		if (mig_has(flags, state))
			return state;
	return 0;
}

/*
 * Any state leads to any other, but for what the header rules out: out of STOP_COPY, a session
 * cannot return to its beginning.
 */
bool mig_leads(unsigned int from, unsigned int to)
{
	return from != VFIO_DEVICE_STATE_STOP_COPY || !mig_saves(to) || from == to;
}

bool mig_begins(unsigned int from, unsigned int to)
{
	if (mig_saves(to))
		return !mig_saves(from);
	return to == VFIO_DEVICE_STATE_RESUMING && from != to;
}

int mig_flags(const struct vdev *v)
{
	struct vfio_device_feature_migration mig = {};
	int ret = vdev_feature(v, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION, &mig,
			       sizeof(mig));

	return ret ? ret : (int)mig.flags;
}

int mig_state(const struct vdev *v)
{
	struct vfio_device_feature_mig_state mig = {};
	int ret = vdev_feature(v, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
			       &mig, sizeof(mig));

	return ret ? ret : (int)mig.device_state;
}

/* Not vdev_feature(): that hands nothing back from a SET, and here a descriptor comes back. */
int mig_set(const struct vdev *v, unsigned int state, int *fd)
{
	__u64 space[(sizeof(struct vfio_device_feature) +
		     sizeof(struct vfio_device_feature_mig_state)) / sizeof(__u64)] = {};
	struct vfio_device_feature *feature = (void *)space;
	struct vfio_device_feature_mig_state *mig = (void *)feature->data;
	int ret;

	feature->argsz = sizeof(space);
	feature->flags = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE;
	mig->device_state = state;
	mig->data_fd = -1;
	ret = vdev_ioctl(v, VFIO_DEVICE_FEATURE, feature);
	if (fd)
		*fd = ret ? -1 : mig->data_fd;
	else if (!ret && mig->data_fd >= 0)
		close(mig->data_fd);
	return ret;
}

int mig_reset(const struct vdev *v)
{
	return vdev_ioctl(v, VFIO_DEVICE_RESET, NULL);
}

/* A session that was given up may have loaded half of something, so RESUMING is always reset. */
int mig_run(const struct vdev *v)
{
	int state = mig_state(v), ret;

	if (state < 0 || state == VFIO_DEVICE_STATE_RUNNING)
		return state < 0 ? state : 0;
	if (state != VFIO_DEVICE_STATE_RESUMING && state != VFIO_DEVICE_STATE_ERROR &&
	    !mig_set(v, VFIO_DEVICE_STATE_RUNNING, NULL))
		return 0;
	ret = mig_reset(v);
	if (ret)
		return ret;
	return mig_state(v) == VFIO_DEVICE_STATE_RUNNING ? 0 : -EIO;
}

void stream_free(struct stream *s)
{
	free(s->bytes);
	*s = (struct stream){};
}

void stream_add(struct stream *s, const void *bytes, size_t len)
{
	if (!len)
		return;
	s->bytes = realloc(s->bytes, s->len + len);
	if (!s->bytes)
		abort();
	memcpy(s->bytes + s->len, bytes, len);
	s->len += len;
}

struct stream stream_copy(const struct stream *s)
{
	struct stream copy = {};

	stream_add(&copy, s->bytes, s->len);
	return copy;
}

int stream_read(int fd, struct stream *s, size_t step)
{
	unsigned char *space = malloc(step);
	ssize_t got;

	if (!space)
		return -ENOMEM;
	while ((got = read(fd, space, step)) > 0)
		stream_add(s, space, got);
	got = got < 0 ? -errno : 0;
	free(space);
	return got;
}

int stream_write(int fd, const struct stream *s, size_t step)
{
	size_t at = 0;

	while (at < s->len) {
		size_t rest = s->len - at;
		ssize_t took = write(fd, s->bytes + at, rest < step ? rest : step);

		if (took <= 0)
			return took ? -errno : -EIO;
		at += took;
	}
	return 0;
}

int mig_save(const struct vdev *v, struct stream *s, size_t step)
{
	int fd, ret = mig_set(v, VFIO_DEVICE_STATE_STOP_COPY, &fd);

	if (ret)
		return ret;
	ret = stream_read(fd, s, step);
	close(fd);
	return ret ? ret : mig_set(v, VFIO_DEVICE_STATE_STOP, NULL);
}

int mig_save_precopy(const struct vdev *v, struct stream *s, size_t step)
{
	int fd, ret = mig_set(v, VFIO_DEVICE_STATE_PRE_COPY, &fd);

	if (ret)
		return ret;
	ret = stream_read(fd, s, step);
	if (ret == -ENOMSG)
		ret = mig_set(v, VFIO_DEVICE_STATE_STOP_COPY, NULL);
	else if (!ret)
		ret = -EPIPE;
	if (!ret)
		ret = stream_read(fd, s, step);
	close(fd);
	return ret ? ret : mig_set(v, VFIO_DEVICE_STATE_STOP, NULL);
}

int mig_load(const struct vdev *v, const struct stream *s, size_t step)
{
	int fd, ret = mig_set(v, VFIO_DEVICE_STATE_RESUMING, &fd);

	if (ret)
		return ret;
	ret = stream_write(fd, s, step);
	if (!ret)
		ret = mig_set(v, VFIO_DEVICE_STATE_STOP, NULL);
	close(fd);
	return ret;
}

int mig_enter(const struct vdev *v, unsigned int state, int *fd)
{
	*fd = -1;
	return state == VFIO_DEVICE_STATE_RUNNING ? 0 : mig_set(v, state, fd);
}

int mig_log_start(const struct vdev *v, __u64 iova, __u64 length, __u64 page_size)
{
	struct vfio_device_feature_dma_logging_range range = { iova, length };
	struct vfio_device_feature_dma_logging_control control = {
		.page_size = page_size,
		.num_ranges = 1,
		.ranges = (unsigned long)&range,
	};

	return vdev_feature(v, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
			    &control, sizeof(control));
}

int mig_log_stop(const struct vdev *v)
{
	return vdev_feature(v, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
			    NULL, 0);
}

int mig_log_report(const struct vdev *v, __u64 iova, __u64 length, __u64 page_size, __u64 *bitmap)
{
	struct vfio_device_feature_dma_logging_report report = {
		.iova = iova,
		.length = length,
		.page_size = page_size,
		.bitmap = (unsigned long)bitmap,
	};

	return vdev_feature(v, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
			    &report, sizeof(report));
}
