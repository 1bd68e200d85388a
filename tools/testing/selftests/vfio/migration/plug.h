/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a device model adds to the conformance tests: how to make it have a state that can be told
 * from any other, and how to look whether it has it. A new model is a new row of plug.c.
 */
#ifndef SELFTEST_VFIO_MIGRATION_PLUG_H
#define SELFTEST_VFIO_MIGRATION_PLUG_H

#include "vdev.h"

/**
 * struct plug - one device model
 * @name:	for the report
 * @vendor:	PCI vendor ID
 * @device:	PCI device ID
 * @give:	make a running device have the state of number @seed; 0 or -errno
 * @check:	0 when a running device has that state, -EILSEQ when it does not, or another -errno
 *
 * Both may map memory and turn bus mastering on, and leave no trace of that.
 */
struct plug {
	const char *name;
	__u16 vendor;
	__u16 device;
	int (*give)(const struct vdev *v, __u32 seed);
	int (*check)(const struct vdev *v, __u32 seed);
};

/* The plug of @bdf's model, NULL when there is none. */
const struct plug *plug_of(const char *bdf);

#endif
