/* SPDX-License-Identifier: GPL-2.0-only */
/* What kit.h builds on, free of the kselftest harness. */
#ifndef SELFTEST_VFIO_MIGRATION_KIT_MAIN_H
#define SELFTEST_VFIO_MIGRATION_KIT_MAIN_H

#include <errno.h>
#include <stdbool.h>
#include <linux/types.h>

#include "frame.h"
#include "traits.h"

struct vdev;

/* What a fixture may need of driver and set-up. */
#define WANTS_P2P	BIT(0)
#define WANTS_PRE_COPY	BIT(1)
#define WANTS_PEER	BIT(2)	/* VFIO_PEER */
#define WANTS_PLUG	BIT(3)	/* its state can be made and looked at */
#define WANTS_ENVELOPE	BIT(4)	/* streams in the library's envelope */
#define WANTS_BARE	BIT(5)	/* streams in a format of the driver's own */
#define WANTS_LOGGING	BIT(6)	/* DMA logging */
#define WANTS_STALLING	BIT(7)	/* userfaultfd(2), of the kernel */
#define WANTS_DISK	BIT(8)	/* virtio-blk, of which a test can have memory written */

/*
 * Ask the driver what it offers, and fixture_arguments() for what fits. @hold: the device stays
 * open. Ends the program when the driver does not migrate.
 */
char **kit_arguments(int *argc, char **argv, bool hold);
/* A file of the device held open, in RUNNING, and its end. */
int kit_join(struct vdev *v);
void kit_leave(struct vdev *v);

/* The second function, NULL when there is none. */
const char *kit_peer(void);
/* How often to repeat what is repeated, at least once. */
unsigned int kit_count(void);

/* Make the device have state @seed, or look whether it has; without a plug nothing and 0. */
int kit_give(const struct vdev *v, __u32 seed);
int kit_check(const struct vdev *v, __u32 seed);
/* Whether a running device answers, and takes and keeps state @seed. */
bool kit_is_well(const struct vdev *v, __u32 seed);

#endif
