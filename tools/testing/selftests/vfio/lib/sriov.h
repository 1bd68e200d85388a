/* SPDX-License-Identifier: GPL-2.0-only */
/* Making VFs through vfio-pci. */
#ifndef SELFTEST_VFIO_SRIOV_H
#define SELFTEST_VFIO_SRIOV_H

#include <stdbool.h>
#include <stddef.h>

/* The module's parameter enable_sriov. 0 or -errno. */
int sriov_allow(bool on);
/* Make @count VFs of @pf, 0 takes them away. 0 or -errno. */
int sriov_set(const char *pf, int count);
/* Address of VF @index of @pf. 0 or -errno. */
int sriov_vf(const char *pf, int index, char *bdf, size_t size);

#endif
