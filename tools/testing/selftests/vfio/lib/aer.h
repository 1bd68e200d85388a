/* SPDX-License-Identifier: GPL-2.0-only */
/* Errors that a function did not have, by the kernel's module aer_inject. */
#ifndef SELFTEST_VFIO_AER_H
#define SELFTEST_VFIO_AER_H

#include <linux/types.h>

/**
 * aer_inject - report an uncorrectable error of @bdf
 * @bdf:		below a port
 * @uncorrectable:	PCI_ERR_UNC_*
 * Return: 0 or -errno; the kernel deals with it afterwards.
 */
int aer_inject(const char *bdf, __u32 uncorrectable);

/* The same, to return when the kernel has dealt with it; -ETIME if it does not. */
int aer_inject_and_recover(const char *bdf, __u32 uncorrectable);

#endif
