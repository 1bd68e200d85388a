// SPDX-License-Identifier: GPL-2.0-only
/* See kit.h. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "envelope.h"
#include "kit_main.h"
#include "plug.h"
#include "session.h"
#include "vdev.h"
#include "virtio.h"

/* Its file keeps the device from being reset between the tests of a program. */
static struct vdev held = { .fd = -1 };

const char *kit_peer(void)
{
	const char *bdf = getenv("VFIO_PEER");

	return bdf && *bdf ? bdf : NULL;
}

unsigned int kit_count(void)
{
	const char *text = getenv("VFIO_COUNT");
	long count = text ? strtol(text, NULL, 0) : 10;

	return count < 1 ? 1 : count;
}

int kit_give(const struct vdev *v, __u32 seed)
{
	const struct plug *plug = plug_of(v->bdf);

	return plug ? plug->give(v, seed) : 0;
}

int kit_check(const struct vdev *v, __u32 seed)
{
	const struct plug *plug = plug_of(v->bdf);

	return plug ? plug->check(v, seed) : 0;
}

bool kit_is_well(const struct vdev *v, __u32 seed)
{
	return still_usable(v) && !kit_give(v, seed) && !kit_check(v, seed);
}

/* A kernel built without it has no such call; one that forbids it makes the tests fail. */
static bool kit_stalls(void)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || errno == EPERM;
}

/* What driver and set-up offer, as WANTS_* bits; 0 or -errno. */
static int kit_offers(struct vdev *v, __u32 *offers)
{
	__u32 logging = VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET |
			VFIO_DEVICE_FEATURE_DMA_LOGGING_START;
	int flags = mig_flags(v), ret;
	struct stream s = {};

	if (flags < 0)
		return flags;
	*offers = (flags & VFIO_MIGRATION_P2P ? WANTS_P2P : 0) |
		  (flags & VFIO_MIGRATION_PRE_COPY ? WANTS_PRE_COPY : 0) |
		  (kit_peer() ? WANTS_PEER : 0) | (plug_of(v->bdf) ? WANTS_PLUG : 0) |
		  (kit_stalls() ? WANTS_STALLING : 0) | (disk_is(v->bdf) ? WANTS_DISK : 0) |
		  (vdev_feature(v, logging, NULL, 0) ? 0 : WANTS_LOGGING);
	ret = mig_save(v, &s, STEP);
	*offers |= envelope_is(&s) ? WANTS_ENVELOPE : WANTS_BARE;
	stream_free(&s);
	return ret ? ret : mig_run(v);
}

char **kit_arguments(int *argc, char **argv, bool hold)
{
	__u32 offers = 0;
	int ret = vdev_open(&held, test_bdf());

	if (!ret)
		ret = kit_offers(&held, &offers);
	if (ret) {
		fprintf(stderr, "%s: %s\n", test_bdf(), ret == -ENOTTY ?
			"its driver does not migrate; bind it to one that does" : strerror(-ret));
		exit(2);
	}
	if (!hold)
		vdev_close(&held);
	return fixture_arguments(offers, argc, argv);
}

int kit_join(struct vdev *v)
{
	int ret = vdev_join(v, &held, test_bdf());

	return ret ? ret : mig_run(v);
}

void kit_leave(struct vdev *v)
{
	mig_run(v);
	vdev_close(v);
}
