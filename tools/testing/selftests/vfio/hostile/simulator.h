/* SPDX-License-Identifier: GPL-2.0-only */
/* The lab's simulator, whose functions lie when told to, and what its liars are made of. */
#ifndef SELFTEST_VFIO_SIMULATOR_H
#define SELFTEST_VFIO_SIMULATOR_H

#include <stdbool.h>

#include "../lib/vdev.h"

/* See tools/testing/sim/hostile/liar.h. */
#define LIAR_VECTORS	8
#define LIAR_SCRATCH	0x10
#define LIAR_ROM_SIZE	0x800
#define LIAR_VPD	0x54

/* $LIAR tells @lie from now on.  0 or -errno; -EINVAL for what the simulator does not know. */
int tell(const char *lie);

/*
 * The rest answers "" or what was wrong, to be compared with "".
 *
 * exercise() does with an open device what users do, and takes whatever comes of it; wrong is only
 * what the kernel owes its user in any case.  It leaves no interrupt set up.
 */
const char *exercise(const struct vdev *v);
/* The device is what it is when it does not lie. */
const char *is_sound(const struct vdev *v);
/* Opens it, to find that it is sound. */
const char *works(const char *bdf);
/* Has the kernel warned, since it was started? */
bool kernel_warned(void);

/* Sets all vectors of @index up.  0, -errno, or how many there could be. */
int arm_all(const struct vdev *v, __u32 index);

#endif
