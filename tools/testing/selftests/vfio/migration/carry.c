// SPDX-License-Identifier: GPL-2.0-only
/*
 * Carries one device's state to another by way of a file, so that a driver's stream can be looked
 * at, or loaded by another driver. For scripts: 0 or 1, and one line that says why.
 *
 *	carry save BDF FILE SEED	make the state of that number, save it, and leave it stopped
 *	carry precopy BDF FILE SEED	the same by way of PRE_COPY
 *	carry load BDF FILE SEED	load it, run, and see whether it is that state
 *	carry hold BDF			keep the device open until standard input ends
 *	carry across stop|precopy FROM TO
 *					from one device into another as it is read; print the
 *					milliseconds in which neither runs, and how many bytes went
 *					before and meanwhile
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "plug.h"
#include "session.h"

static int fail(const char *what, const char *where, int error)
{
	fprintf(stderr, "carry: %s: %s: %s\n", where, what, strerror(-error));
	return 1;
}

static int put_file(const char *path, const struct stream *s)
{
	FILE *file = fopen(path, "wb");
	size_t done;

	if (!file)
		return -errno;
	done = fwrite(s->bytes, 1, s->len, file);
	return fclose(file) || done != s->len ? -EIO : 0;
}

static int get_file(const char *path, struct stream *s)
{
	FILE *file = fopen(path, "rb");
	char part[STEP];
	size_t got;
	int ret;

	if (!file)
		return -errno;
	while ((got = fread(part, 1, sizeof(part), file)))
		stream_add(s, part, got);
	ret = ferror(file) ? -EIO : 0;
	fclose(file);
	return ret;
}

static int save(const struct vdev *v, const struct plug *plug, const char *path, __u32 seed,
		bool precopy)
{
	struct stream s = {};
	int ret = plug->give(v, seed);

	if (ret)
		return fail("its state cannot be made", v->bdf, ret);
	ret = precopy ? mig_save_precopy(v, &s, STEP) : mig_save(v, &s, STEP);
	if (ret)
		return fail("it cannot be saved", v->bdf, ret);
	ret = put_file(path, &s);
	printf("%zu bytes\n", s.len);
	stream_free(&s);
	return ret ? fail("cannot be written", path, ret) : 0;
}

static int load(const struct vdev *v, const struct plug *plug, const char *path, __u32 seed)
{
	struct stream s = {};
	int ret = get_file(path, &s);

	if (ret)
		return fail("cannot be read", path, ret);
	ret = mig_load(v, &s, STEP);
	stream_free(&s);
	if (ret)
		return fail("the stream is not taken", v->bdf, ret);
	ret = mig_set(v, VFIO_DEVICE_STATE_RUNNING, NULL);
	if (ret)
		return fail("it does not run", v->bdf, ret);
	ret = plug->check(v, seed);
	return ret ? fail("it has another state", v->bdf, ret) : 0;
}

/* ---- as a hypervisor does it: the destination loads while the source is read ----------------- */

/* A pass of PRE_COPY with fewer bytes than this says that it does not get any better. */
#define FEW (6 << 20)
/* Nor is it waited for longer than so many of them. */
#define PASSES 1000

static double now_ms(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}

/* From stream to stream until there is no more: 0 at the end, -ENOMSG for now, or -errno. */
static int relay(int from, int to, size_t *bytes)
{
	static unsigned char space[1 << 20];
	ssize_t got;

	while ((got = read(from, space, sizeof(space))) > 0) {
		struct stream piece = { space, got };
		int ret = stream_write(to, &piece, got);

		if (ret)
			return ret;
		*bytes += got;
	}
	return got ? -errno : 0;
}

/* All that can go while the source runs. */
static int relay_precopy(int from, int to, size_t *bytes)
{
	struct pollfd p = { .fd = from, .events = POLLIN };
	int ret, pass;

	for (pass = 0; pass < PASSES; pass++) {
		size_t before = *bytes;

		ret = relay(from, to, bytes);
		if (ret != -ENOMSG)
			return ret ? ret : -EPIPE;
		/* The first image need not be all; what follows tells how much is left. */
		if (pass && *bytes - before < FEW)
			return 0;
		/* Also when nothing changes any more. */
		if (!poll(&p, 1, 15000))
			return 0;
	}
	return 0;
}

static int across(const struct vdev *a, const struct vdev *b, bool precopy)
{
	size_t before = 0, meanwhile = 0;
	int from, to, ret;
	double stopped;

	ret = mig_set(b, VFIO_DEVICE_STATE_RESUMING, &to);
	if (!ret && precopy) {
		ret = mig_set(a, VFIO_DEVICE_STATE_PRE_COPY, &from);
		if (!ret)
			ret = relay_precopy(from, to, &before);
	}
	stopped = now_ms();
	if (!ret)
		ret = mig_set(a, VFIO_DEVICE_STATE_STOP_COPY, precopy ? NULL : &from);
	if (!ret)
		ret = relay(from, to, &meanwhile);
	if (!ret)
		ret = mig_set(b, VFIO_DEVICE_STATE_RUNNING, NULL);
	if (ret)
		return ret;
	printf("%.1f %zu %zu\n", now_ms() - stopped, before, meanwhile);
	return 0;
}

static int open_and_cross(const char *how, const char *from, const char *to)
{
	const struct plug *plug = plug_of(from);
	struct vdev a, b;
	int ret;

	if (!plug)
		return fail("plug.c does not know its model", from, -ENODEV);
	ret = vdev_open(&a, from);
	if (ret)
		return fail("it cannot be opened", from, ret);
	ret = vdev_open(&b, to);
	if (ret)
		return fail("it cannot be opened", to, ret);
	ret = plug->give(&a, 77);
	if (!ret)
		ret = across(&a, &b, !strcmp(how, "precopy"));
	if (!ret)
		ret = plug->check(&b, 77);
	vdev_close(&a);
	vdev_close(&b);
	return ret ? fail("its state does not get across", from, ret) : 0;
}

static int hold(void)
{
	char byte;

	puts("open");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";
	const struct plug *plug;
	struct vdev v;
	__u32 seed;
	int ret;

	if (argc != (strcmp(verb, "hold") ? 5 : 3)) {
		fprintf(stderr, "usage: carry save|precopy|load BDF FILE SEED | carry hold BDF |\n"
				"       carry across stop|precopy FROM TO\n");
		return 2;
	}
	if (!strcmp(verb, "across"))
		return open_and_cross(argv[2], argv[3], argv[4]);
	plug = plug_of(argv[2]);
	if (!plug)
		return fail("plug.c does not know its model", argv[2], -ENODEV);
	ret = vdev_open(&v, argv[2]);
	if (ret)
		return fail("it cannot be opened", argv[2], ret);

	seed = argc == 5 ? strtoul(argv[4], NULL, 0) : 0;
	if (!strcmp(verb, "hold"))
		ret = hold();
	else if (!strcmp(verb, "load"))
		ret = load(&v, plug, argv[3], seed);
	else
		ret = save(&v, plug, argv[3], seed, !strcmp(verb, "precopy"));
	vdev_close(&v);
	return ret;
}
