// SPDX-License-Identifier: GPL-2.0-only
/* A function's life: bound, opened, reset, closed, unbound. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/ioctl.h>

#include "bench.h"
#include "pci_sysfs.h"

#define DRIVER	"vfio-pci"

/* ---- reset ----------------------------------------------------------------------------------- */

static int function_reset(struct bench *b, size_t arg)
{
	(void)arg;
	return vdev_ioctl(&b->dev, VFIO_DEVICE_RESET, NULL);
}

/* ---- open and close -------------------------------------------------------------------------- */

/**
 * struct seat - a function whose group is attached and whose device file is not open
 * @name:	its address
 * @container:	of its own
 * @group:	attached to @container
 * @fd:		the device file while it is open, else -1
 * @err:	of the open
 * @thread:	that opens it
 * @start:	where all threads meet before they open
 */
struct seat {
	const char		*name;
	int			container;
	int			group;
	int			fd;
	int			err;
	pthread_t		thread;
	pthread_barrier_t	*start;
};

struct seats {
	unsigned int		count;
	pthread_barrier_t	start;
	struct seat		seat[BENCH_MANY];
};

static int seat_take(struct seat *seat, const char *bdf)
{
	seat->name = bdf;
	seat->fd = -1;
	seat->container = -1;
	seat->group = vdev_open_group(bdf);
	if (seat->group < 0)
		return seat->group;
	seat->container = vdev_open_container(seat->group);
	return seat->container < 0 ? seat->container : 0;
}

static int seat_open(struct seat *seat)
{
	seat->fd = ioctl(seat->group, VFIO_GROUP_GET_DEVICE_FD, seat->name);
	return seat->fd < 0 ? -errno : 0;
}

static void seat_close(struct seat *seat)
{
	if (seat->fd >= 0)
		close(seat->fd);
	seat->fd = -1;
}

static int seats_prepare(struct bench *b, size_t count)
{
	struct seats *seats;
	int ret = 0;

	if (count > b->nr_bdfs)
		return -ENODEV;
	seats = calloc(1, sizeof(*seats));
	if (!seats)
		return -ENOMEM;

	b->data = seats;
	pthread_barrier_init(&seats->start, NULL, count + 1);
	for (; seats->count < count && !ret; seats->count++) {
		seats->seat[seats->count].start = &seats->start;
		ret = seat_take(&seats->seat[seats->count], b->bdfs[seats->count]);
	}
	return ret;
}

static void seats_finish(struct bench *b, size_t arg)
{
	struct seats *seats = b->data;

	(void)arg;
	while (seats && seats->count--) {
		struct seat *seat = &seats->seat[seats->count];

		seat_close(seat);
		if (seat->group >= 0)
			close(seat->group);
		if (seat->container >= 0)
			close(seat->container);
	}
	if (seats)
		pthread_barrier_destroy(&seats->start);
	free(seats);
	b->data = NULL;
}

static int open_close(struct bench *b, size_t arg)
{
	struct seats *seats = b->data;
	int ret = seat_open(&seats->seat[0]);

	(void)arg;
	seat_close(&seats->seat[0]);
	return ret;
}

static int settle(struct bench *b, size_t arg)
{
	(void)b;
	(void)arg;
	bench_settle();
	return 0;
}

static void *open_in_thread(void *data)
{
	struct seat *seat = data;

	pthread_barrier_wait(seat->start);
	seat->err = seat_open(seat);
	return NULL;
}

static int open_in_parallel(struct bench *b, size_t arg)
{
	struct seats *seats = b->data;
	int ret = 0;

	(void)arg;
	for (unsigned int i = 0; i < seats->count; i++)
		if (pthread_create(&seats->seat[i].thread, NULL, open_in_thread, &seats->seat[i]))
			abort();	/* those that wait at the barrier would wait for ever */
	pthread_barrier_wait(&seats->start);
	for (unsigned int i = 0; i < seats->count; i++) {
		pthread_join(seats->seat[i].thread, NULL);
		ret = ret ? ret : seats->seat[i].err;
	}
	return ret;
}

static int close_all(struct bench *b, size_t arg)
{
	struct seats *seats = b->data;

	for (unsigned int i = 0; i < seats->count; i++)
		seat_close(&seats->seat[i]);
	return settle(b, arg);
}

/* ---- bind and unbind ------------------------------------------------------------------------- */

static int bind(struct bench *b, size_t arg)
{
	(void)arg;
	return pci_bind(b->bdfs[0], DRIVER);
}

static int unbind(struct bench *b, size_t arg)
{
	(void)arg;
	return pci_unbind(b->bdfs[0]);
}

static int unbind_settled(struct bench *b, size_t arg)
{
	bench_settle();
	return unbind(b, arg);
}

static int bind_settled(struct bench *b, size_t arg)
{
	int ret = bind(b, arg);

	bench_settle();
	return ret;
}

static void rebind(struct bench *b, size_t arg)
{
	bind(b, arg);
}

#define RESET(model, what, fast)						\
	{ .name = "reset", .title = "VFIO_DEVICE_RESET, " what, .role = model,	\
	  .quick = fast, .waits = true, .run = function_reset, .batch = 1 }

#define OPEN(model, what, fast)							\
	{ .name = "open-close", .title = "open and close, " what, .role = model,	\
	  .quick = fast, .closed = true, .waits = true, .prepare = seats_prepare,	\
	  .run = open_close, .undo = settle, .finish = seats_finish, .arg = 1, .batch = 1 }

static const struct bench_row rows[] = {
	RESET("nvme", "function level reset", true),
	RESET("edu", "bus reset", false),
	OPEN("nvme", "function level reset", true),
	OPEN("ivshmem", "bus reset", true),
	OPEN("edu", "bus reset", false),
	{ .name = "open-parallel", .title = "open 16 functions in parallel, all together",
	  .role = "edu", .closed = true, .waits = true, .prepare = seats_prepare,
	  .run = open_in_parallel, .undo = close_all, .finish = seats_finish,
	  .arg = BENCH_MANY, .batch = 1 },
	{ .name = "bind", .title = "bind to " DRIVER " through sysfs", .role = "nvme",
	  .closed = true, .prepare = unbind, .run = bind, .undo = unbind_settled,
	  .finish = rebind, .batch = 1 },
	{ .name = "unbind", .title = "unbind from " DRIVER " through sysfs", .role = "nvme",
	  .closed = true, .waits = true, .run = unbind, .undo = bind_settled, .batch = 1 },
};

const struct bench_rows bench_life_rows = { rows, ARRAY_SIZE(rows) };
