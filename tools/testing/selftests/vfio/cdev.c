// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices opened by /dev/vfio/devices/vfioN and bound to an iommufd:
 * VFIO_DEVICE_BIND_IOMMUFD, _ATTACH_IOMMUFD_PT, _DETACH_IOMMUFD_PT, hot reset.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "lib/fixture.h"

static int open_cdev(const char *bdf)
{
	char path[300];
	struct dirent *entry;
	DIR *dir;
	int fd = -1;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "vfio", 4))
			continue;
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s", entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	return fd;
}

static int bind(struct vdev *v, int iommufd)
{
	struct vfio_device_bind_iommufd call = { .argsz = sizeof(call), .iommufd = iommufd };
	struct vfio_region_info info;
	int ret = vdev_ioctl(v, VFIO_DEVICE_BIND_IOMMUFD, &call);
	__u32 index;

	for (index = 0; !ret && index < VFIO_PCI_NUM_REGIONS; index++)
		v->offsets[index] = vdev_region_info(v, index, &info) ? 0 : info.offset;
	return ret;
}

/* Files of one device and one iommufd, not bound to each other yet. */
static int open_unbound(struct vdev *v)
{
	*v = (struct vdev){ .group = -1 };
	snprintf(v->bdf, sizeof(v->bdf), "%s", test_bdf());
	v->fd = open_cdev(test_bdf());
	v->container = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	return v->fd < 0 || v->container < 0 ? -ENOENT : 0;
}

OPEN_FIXTURE(cdev, HAS_CDEV, false, open_unbound(&self->dev), vdev_close);
OPEN_FIXTURE(bus, HAS_CDEV | HAS_BUS_RESET, false, open_unbound(&self->dev), vdev_close);

/* An address space of the iommufd, 0 on failure. */
static __u32 new_ioas(const struct vdev *v)
{
	struct iommu_ioas_alloc call = { .size = sizeof(call) };

	return ioctl(v->container, IOMMU_IOAS_ALLOC, &call) ? 0 : call.out_ioas_id;
}

static int attach(const struct vdev *v, __u32 id)
{
	struct vfio_device_attach_iommufd_pt call = { .argsz = sizeof(call), .pt_id = id };

	return vdev_ioctl(v, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &call);
}

TEST_F(cdev, nothing_works_before_binding)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	__u32 value;

	EXPECT_EQ(-EINVAL, vdev_ioctl(&self->dev, VFIO_DEVICE_GET_INFO, &info));
	EXPECT_EQ(-EINVAL, vdev_read(&self->dev, 0, 0, &value, 4));
	EXPECT_EQ(-EINVAL, attach(&self->dev, new_ioas(&self->dev)));
}

TEST_F(cdev, bad_bindings_are_refused)
{
	static const struct bad_call rows[] = {
		{ "no size", { 0 }, -EINVAL },
		{ "size one short", { 15 }, -EINVAL },
		{ "a flag", { 16, 1, 0 }, -EINVAL },
		{ "descriptor -1", { 16, 0, 0xffffffff }, -EINVAL },
		{ "descriptor not open", { 16, 0, 9999 }, -EBADF },
	};

	EXPECT_EQ(0, REFUSE_ALL(&self->dev, VFIO_DEVICE_BIND_IOMMUFD, rows));
	EXPECT_EQ(-EBADFD, bind(&self->dev, self->dev.fd));
	EXPECT_EQ(0, bind(&self->dev, self->dev.container));
}

TEST_F(cdev, a_bound_device_answers_and_cannot_be_bound_again)
{
	ASSERT_EQ(0, bind(&self->dev, self->dev.container));
	EXPECT_TRUE(still_usable(&self->dev));
	EXPECT_EQ(-EINVAL, bind(&self->dev, self->dev.container));
	EXPECT_EQ(-EBUSY, vdev_open_group(self->dev.bdf));
}

TEST_F(cdev, attaching_and_detaching_an_address_space)
{
	struct vfio_device_detach_iommufd_pt detach = { .argsz = sizeof(detach) };
	__u32 ioas;

	ASSERT_EQ(0, bind(&self->dev, self->dev.container));
	ioas = new_ioas(&self->dev);
	ASSERT_NE(0, ioas);
	EXPECT_EQ(-ENOENT, attach(&self->dev, ioas + 1000));
	EXPECT_EQ(0, attach(&self->dev, ioas));
	EXPECT_EQ(0, vdev_ioctl(&self->dev, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach));
	EXPECT_EQ(0, attach(&self->dev, ioas));
	detach.flags = 1;
	EXPECT_EQ(-EINVAL, vdev_ioctl(&self->dev, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach));
}

TEST_F(cdev, the_group_keeps_the_device_from_being_bound)
{
	int group = vdev_open_group(self->dev.bdf);

	ASSERT_LE(0, group);
	EXPECT_EQ(-EBUSY, bind(&self->dev, self->dev.container));
	close(group);
	EXPECT_EQ(0, bind(&self->dev, self->dev.container));
}

TEST_F(cdev, interrupts_work_as_through_the_group)
{
	int fd = event_new();

	ASSERT_EQ(0, bind(&self->dev, self->dev.container));
	ASSERT_EQ(0, vdev_arm(&self->dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &fd));
	ASSERT_EQ(0, vdev_loopback(&self->dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
}

TEST_F(bus, hot_reset_takes_no_groups_and_resets_what_the_iommufd_owns)
{
	union {
		struct vfio_pci_hot_reset_info info;
		__u32 words[64];
	} b = { .info = { .argsz = sizeof(b) } };
	struct vfio_pci_hot_reset call = { .argsz = sizeof(call), .count = 1 };
	bool owned;

	ASSERT_EQ(0, bind(&self->dev, self->dev.container));
	ASSERT_EQ(0, vdev_ioctl(&self->dev, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &b));
	EXPECT_TRUE(b.info.flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID);
	owned = b.info.flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED;
	EXPECT_EQ(-EINVAL, vdev_ioctl(&self->dev, VFIO_DEVICE_PCI_HOT_RESET, &call));
	call.count = 0;
	EXPECT_EQ(owned ? 0 : -EINVAL, vdev_ioctl(&self->dev, VFIO_DEVICE_PCI_HOT_RESET, &call));
	EXPECT_TRUE(still_usable(&self->dev));
}
