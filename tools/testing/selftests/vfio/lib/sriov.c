// SPDX-License-Identifier: GPL-2.0-only
/* See sriov.h. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pci_sysfs.h"
#include "sriov.h"

int sriov_allow(bool on)
{
	return file_write("/sys/module/vfio_pci/parameters/enable_sriov", on ? "1" : "0");
}

int sriov_set(const char *pf, int count)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", count);
	return pci_attr_write(pf, "sriov_numvfs", text);
}

int sriov_vf(const char *pf, int index, char *bdf, size_t size)
{
	char path[96], target[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/virtfn%d", pf, index);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	snprintf(bdf, size, "%s", strrchr(target, '/') + 1);
	return 0;
}
