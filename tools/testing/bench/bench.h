/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A benchmark is a table of rows; a row says what is prepared, what is measured, and what is put
 * back. Everything else (opening the device, the clock, repetition) is main.c's and clock.c's.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "vdev.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Functions of one model that a row can use at once. */
#define BENCH_MANY	16
#define BENCH_VECTORS	256
#define BENCH_BUFFER	4096

/**
 * struct bench - what a row works on
 * @role:	model of the function, as the lab names it
 * @dev:	the row's function; open unless the row is of a closed one
 * @nr_bdfs:	functions of that model
 * @bdfs:	their addresses; the first is the row's function
 * @buffer:	BENCH_BUFFER bytes
 * @map:	a mapping that the row made, NULL without
 * @map_size:	bytes of it
 * @fds:	eventfds, or another file, 0 to @nr_fds
 * @nr_fds:	how many the row made
 * @data:	the row's own
 */
struct bench {
	const char	*role;
	struct vdev	dev;
	unsigned int	nr_bdfs;
	char		bdfs[BENCH_MANY][16];
	void		*buffer;
	void		*map;
	size_t		map_size;
	int		fds[BENCH_VECTORS];
	unsigned int	nr_fds;
	void		*data;
};

/**
 * struct bench_row - one row of the result
 * @name:	by which goals and results find it; the model of the function is put behind it
 * @title:	what a person reads
 * @role:	model of the function; NULL for a row without
 * @quick:	is measured with --quick, too
 * @closed:	nobody has the function open when @prepare is called
 * @driver:	that has the function meanwhile, NULL for vfio-pci; if it is not loaded nothing is
 *		measured
 * @waits:	most of it is sleeping until hardware is ready, so it is shown as time
 * @prepare:	before the row, not measured; optional
 * @run:	what is measured
 * @undo:	after each measured batch, not measured; optional
 * @finish:	after the row, also when a step of it failed; optional
 * @arg:	for all of these
 * @per:	the measured cost is divided by this, 0 for 1
 * @batch:	calls of @run between two looks at the clock
 * @bulky:	so long that few batches do
 * @varies:	by a percent, with what the kernel's allocators hold: the function is opened twice
 *		for few batches each, and that again whenever the driver was loaded anew
 *
 * All return 0 or -errno.
 */
struct bench_row {
	const char	*name;
	const char	*title;
	const char	*role;
	bool		quick;
	bool		closed;
	const char	*driver;
	bool		waits;
	int		(*prepare)(struct bench *b, size_t arg);
	int		(*run)(struct bench *b, size_t arg);
	int		(*undo)(struct bench *b, size_t arg);
	void		(*finish)(struct bench *b, size_t arg);
	size_t		arg;
	unsigned int	per;
	unsigned int	batch;
	bool		bulky;
	bool		varies;
};

#define BENCH_SAMPLES	64

/* What batches took, by the guest's clock. */
struct bench_samples {
	unsigned int	count;
	__u64		values[BENCH_SAMPLES];
};

struct bench_rows {
	const struct bench_row	*rows;
	size_t			count;
};

/* One table per concern. */
extern const struct bench_rows bench_floor_rows;
extern const struct bench_rows bench_config_rows;
extern const struct bench_rows bench_bar_rows;
extern const struct bench_rows bench_info_rows;
extern const struct bench_rows bench_irq_rows;
extern const struct bench_rows bench_life_rows;
extern const struct bench_rows bench_migration_rows;

/**
 * bench_measure - measure batches of a row
 * @b:		prepared for it
 * @row:	what to measure
 * @rounds:	batches
 * @samples:	receives them, behind what is there
 * Return: 0, the -errno of a call, or -ENOSPC.
 */
int bench_measure(struct bench *b, const struct bench_row *row, unsigned int rounds,
		  struct bench_samples *samples);

/*
 * The median of @samples, which it sorts, in nanoseconds of the guest's clock per call and per
 * @row->per: with the lab's --icount that is instructions, plus the time that was slept.
 */
double bench_cost(const struct bench_row *row, struct bench_samples *samples);

/* Long enough for runtime power management to put an unused function to sleep. */
void bench_settle(void);

/* Undo bench_make_eventfds(). */
void bench_close_eventfds(struct bench *b);
/* @count blocking eventfds in @b->fds; 0 or -errno. */
int bench_make_eventfds(struct bench *b, unsigned int count);

#endif
