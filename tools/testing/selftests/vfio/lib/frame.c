// SPDX-License-Identifier: GPL-2.0-only
/* See frame.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>

#include "frame.h"
#include "pci_sysfs.h"
#include "traits.h"
#include "vdev.h"

#define FIXTURES_MAX 32

static struct {
	const char *name;
	__u64 traits;
	bool shared;
} declared[FIXTURES_MAX];
static size_t declared_count;

const char *test_bdf(void)
{
	const char *bdf = getenv("VFIO_BDF");

	if (bdf && pci_present(bdf))
		return bdf;
	fprintf(stderr, "VFIO_BDF must name a PCI function, like 0000:01:00.0\n");
	exit(2);
}

void fixture_needs(const char *fixture, __u64 traits, bool shared)
{
	if (declared_count == FIXTURES_MAX)
		abort();
	declared[declared_count].name = fixture;
	declared[declared_count].traits = traits;
	declared[declared_count++].shared = shared;
}

static struct vdev held;
static __u8 opened_header[PCI_STD_HEADER_SIZEOF];

int held_open(void)
{
	__u64 have = traits_of(test_bdf());
	bool wanted = false;
	size_t i;
	int ret;

	for (i = 0; i < declared_count; i++)
		wanted |= declared[i].shared && (declared[i].traits & have) == declared[i].traits;
	if (!wanted)
		return 0;
	ret = vdev_open(&held, test_bdf());
	if (ret)
		return ret;
	ret = vdev_read(&held, VFIO_PCI_CONFIG_REGION_INDEX, 0, opened_header,
			sizeof(opened_header));
	return ret < 0 ? ret : 0;
}

int held_device(struct vdev *v)
{
	return vdev_join(v, &held, test_bdf());
}

void held_release(struct vdev *v)
{
	__u32 pm = cfg_find_cap(v, PCI_CAP_ID_PM), index;

	/* Refused for those that are not armed. */
	for (index = 0; index < VFIO_PCI_NUM_IRQS; index++)
		vdev_disarm(v, index);
	if (pm)
		cfg_update16(v, pm + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK, 0);
	vdev_write(v, VFIO_PCI_CONFIG_REGION_INDEX, 0, opened_header, sizeof(opened_header));
	vdev_close(v);
}

char **fixture_arguments(__u64 have, int *argc, char **argv)
{
	static char *chosen[2 * FIXTURES_MAX + 2];
	size_t i;
	int n = 1;

	for (i = 0; i < declared_count; i++) {
		if ((declared[i].traits & have) != declared[i].traits)
			continue;
		chosen[n++] = "-f";
		chosen[n++] = (char *)declared[i].name;
	}
	if (n == 1)
		return NULL;
	chosen[0] = argv[0];
	/* Somebody at a terminal chooses for himself. */
	if (*argc > 1)
		return argv;
	*argc = n;
	return chosen;
}

void exclude_others(void)
{
	int fd = open("/run/vfio-selftests.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || flock(fd, LOCK_EX))
		abort();
}

int refuse_all(const struct vdev *v, unsigned long cmd, const struct bad_call *rows, size_t count)
{
	int wrong = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		__u32 argument[64] = {};
		int got;

		memcpy(argument, rows[i].words, sizeof(rows[i].words));
		got = vdev_ioctl(v, cmd, argument);
		if (got == rows[i].want)
			continue;
		printf("# %s: %d instead of %d (%s)\n", rows[i].what, got, rows[i].want,
		       strerror(-rows[i].want));
		wrong++;
	}
	return wrong;
}

#define PAGE 4096

__u32 *map_register(const struct vdev *v)
{
	__u64 off;
	int bar, err;
	char *page;

	if (!register_of(v->bdf, &bar, &off))
		return NULL;
	page = vdev_mmap(v, bar, off & -PAGE, PAGE, MAP_SHARED, &err);
	return page ? (__u32 *)(page + (off & (PAGE - 1))) : NULL;
}

bool still_usable(const struct vdev *v)
{
	struct vfio_device_info info;

	return !vdev_info(v, &info) && info.flags & VFIO_DEVICE_FLAGS_PCI &&
	       cfg_get(v, PCI_VENDOR_ID, 2) == (__u32)pci_attr_number(v->bdf, "vendor");
}
