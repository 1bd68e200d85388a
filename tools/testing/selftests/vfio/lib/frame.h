/* SPDX-License-Identifier: GPL-2.0-only */
/* What fixture.h builds on, free of the kselftest harness. */
#ifndef SELFTEST_VFIO_FRAME_H
#define SELFTEST_VFIO_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

struct vdev;

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif

/* The function under test. */
const char *test_bdf(void);
/*
 * Register a fixture with what it needs, as bits that mean something to the program's main();
 * @shared: its tests use the device that held_open() opens.
 */
void fixture_needs(const char *fixture, __u64 traits, bool shared);
/* Turn "program" into "program -f FITS -f FITS", for those that @have is enough for, or NULL. */
char **fixture_arguments(__u64 have, int *argc, char **argv);
/*
 * Open the function once for all shared fixtures of the program. Closing the
 * last file of a device resets it, which costs a quarter of a second a test.
 * 0 or -errno; also 0 when no fixture that fits is a shared one.
 */
int held_open(void);
/* A file of the device held open, for one test; the registers are as after open. */
int held_device(struct vdev *v);
/* Undo what a test may have left behind. */
void held_release(struct vdev *v);

/* Wait for everyone else who changes what all drivers share; until the process ends. */
void exclude_others(void);

/**
 * struct bad_call - one row of a table of calls that must be refused
 * @what:	the mistake
 * @words:	the argument, as the UAPI lays it out in 32-bit words
 * @want:	-errno
 */
struct bad_call {
	const char *what;
	__u32 words[12];
	int want;
};

/* Make every call of a table; the number of rows whose result differs is returned. */
int refuse_all(const struct vdev *v, unsigned long cmd, const struct bad_call *rows, size_t count);
#define REFUSE_ALL(v, cmd, rows) refuse_all(v, cmd, rows, ARRAY_SIZE(rows))

/* Map the page of the register that may be read at any time, register_of(); NULL without one. */
__u32 *map_register(const struct vdev *v);

/* Whether @v still answers and its config space still shows its vendor. */
bool still_usable(const struct vdev *v);

#endif
