// SPDX-License-Identifier: GPL-2.0-only
/*
 * The zPCI capabilities of VFIO_DEVICE_GET_INFO (linux/vfio_zdev.h), from which QEMU makes the same
 * function for a guest. Truth comes from sysfs.
 */
#include <linux/vfio_zdev.h>

#include "lib/fixture.h"

#define ANSWER_MAX	1024

union answer {
	struct vfio_device_info info;
	unsigned char bytes[ANSWER_MAX];
};

FIXTURE(zpci) {
	struct vdev dev;
	union answer answer;
};

FIXTURE_SETUP(zpci)
{
	ASSERT_EQ(0, held_device(&self->dev));
	self->answer.info.argsz = sizeof(self->answer.bytes);
	ASSERT_EQ(0, vdev_ioctl(&self->dev, VFIO_DEVICE_GET_INFO, &self->answer));
}

FIXTURE_TEARDOWN(zpci)
{
	held_release(&self->dev);
}

DECLARE_FIXTURE(zpci, IS_ZPCI, true);

/* Follows the chain; the capability is aligned, and @size of its bytes are in the answer. */
static const void *find(const union answer *a, __u16 id, size_t size)
{
	__u32 at = a->info.flags & VFIO_DEVICE_FLAGS_CAPS ? a->info.cap_offset : 0;
	int budget = 16;

	while (at && budget-- && at <= ANSWER_MAX - sizeof(struct vfio_info_cap_header)) {
		const struct vfio_info_cap_header *cap = (const void *)(a->bytes + at);

		if (cap->id == id)
			return at % 8 || at + size > a->info.argsz ? NULL : cap;
		at = cap->next;
	}
	return NULL;
}

TEST_F(zpci, base_tells_the_function_as_the_host_has_it)
{
	const char *bdf = self->dev.bdf;
	const struct vfio_device_info_cap_zpci_base *base =
		find(&self->answer, VFIO_DEVICE_INFO_CAP_ZPCI_BASE, sizeof(*base));

	ASSERT_NE(NULL, base);
	EXPECT_EQ(2, base->header.version);
	EXPECT_EQ(pci_attr_number(bdf, "function_handle"), base->fh);
	EXPECT_EQ(pci_attr_number(bdf, "pchid"), base->pchid);
	EXPECT_EQ(pci_attr_number(bdf, "vfn"), base->vfn);
	EXPECT_EQ(pci_attr_number(bdf, "pft"), base->pft);
	EXPECT_EQ(pci_attr_number(bdf, "pfgid"), base->gid);
	EXPECT_LT(base->start_dma, base->end_dma);
}

TEST_F(zpci, group_tells_what_all_functions_like_it_can_do)
{
	const struct vfio_device_info_cap_zpci_group *group =
		find(&self->answer, VFIO_DEVICE_INFO_CAP_ZPCI_GROUP, sizeof(*group));

	ASSERT_NE(NULL, group);
	EXPECT_EQ(2, group->header.version);
	EXPECT_NE(0, group->msi_addr);
	EXPECT_EQ(VFIO_DEVICE_INFO_ZPCI_FLAG_REFRESH, group->flags);
	EXPECT_NE(0, group->noi);
	/* A multiple of eight bytes, up to a page: the PCI Store Block instruction. */
	EXPECT_NE(0, group->maxstbl);
	EXPECT_EQ(0, group->maxstbl % 8);
	EXPECT_NE(0, group->imaxstbl);
	EXPECT_EQ(0, group->imaxstbl % 8);
	EXPECT_EQ(0, group->reserved);
}

TEST_F(zpci, path_is_that_of_sysfs)
{
	static const char *const segments[] = {
		"pfip/segment0", "pfip/segment1", "pfip/segment2", "pfip/segment3",
	};
	const struct vfio_device_info_cap_zpci_pfip *path =
		find(&self->answer, VFIO_DEVICE_INFO_CAP_ZPCI_PFIP,
		     sizeof(*path) + ARRAY_SIZE(segments));
	size_t i;

	ASSERT_NE(NULL, path);
	EXPECT_EQ(1, path->header.version);
	ASSERT_EQ(ARRAY_SIZE(segments), path->size);
	for (i = 0; i < ARRAY_SIZE(segments); i++)
		EXPECT_EQ(pci_attr_number(self->dev.bdf, segments[i]), path->pfip[i])
			TH_LOG("segment %zu", i);
}

/* sysfs shows zeros for a function without a utility string. */
TEST_F(zpci, utility_string_is_that_of_sysfs_or_absent)
{
	const struct vfio_device_info_cap_zpci_util *util =
		find(&self->answer, VFIO_DEVICE_INFO_CAP_ZPCI_UTIL, sizeof(*util) + 64);
	unsigned char want[64] = {};
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/util_string", self->dev.bdf);
	file = fopen(path, "re");
	ASSERT_NE(NULL, file);
	ASSERT_EQ(sizeof(want), fread(want, 1, sizeof(want), file));
	fclose(file);

	if (!util) {
		static const unsigned char none[sizeof(want)];

		EXPECT_EQ(0, memcmp(want, none, sizeof(want)));
		return;
	}
	EXPECT_EQ(1, util->header.version);
	ASSERT_EQ(sizeof(want), util->size);
	EXPECT_EQ(0, memcmp(want, util->util_str, sizeof(want)));
}

TEST_F(zpci, without_room_for_the_chain_only_its_size_is_told)
{
	struct vfio_device_info info;

	ASSERT_EQ(0, vdev_info(&self->dev, &info));
	EXPECT_TRUE(info.flags & VFIO_DEVICE_FLAGS_CAPS);
	EXPECT_EQ(0, info.cap_offset);
	EXPECT_LE(sizeof(info) + sizeof(struct vfio_device_info_cap_zpci_base) +
		  sizeof(struct vfio_device_info_cap_zpci_group), info.argsz);
}

/* Multifunction or not, every function is one of its own: the handle is what tells them apart. */
TEST_F(zpci, the_handle_is_that_of_an_enabled_function)
{
	const struct vfio_device_info_cap_zpci_base *base =
		find(&self->answer, VFIO_DEVICE_INFO_CAP_ZPCI_BASE, sizeof(*base));

	ASSERT_NE(NULL, base);
	EXPECT_TRUE(base->fh & 1U << 31);
}
