// SPDX-License-Identifier: GPL-2.0-only
/*
 * What Intel's graphics have outside of the function: the OpRegion that firmware left in memory,
 * and config space of two bridges. The memory is the BAR of an ivshmem, and firmware is this
 * program.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "lib/fixture.h"

#define TYPE		(0x8086 | VFIO_REGION_TYPE_PCI_VENDOR_TYPE)
#define OPREGION	VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION

#define ASLS		0xfc	/* the register that has its address */

/* "ACPI IGD OpRegion Specification" */
#define SIGNATURE	"IntelGraphicsMem"
#define SIZE_KIB	0x10
#define VERSION		0x16
#define RVDA		0x3ba
#define RVDS		0x3c2
#define SIZE		8192

#define TABLE		0x4000	/* where the video BIOS table is in our memory */
#define TABLE_SIZE	6144
#define MEMORY_SIZE	0x8000

/**
 * struct firmware - what is in memory
 * @bdf: the function whose BAR 2 the memory is
 * @address: of it
 * @bytes: that will be there
 */
struct firmware {
	char bdf[16];
	__u32 address;
	__u8 bytes[MEMORY_SIZE];
};

static struct firmware firmware;

static int find_memory(void)
{
	DIR *dir = opendir("/sys/bus/pci/devices");
	struct dirent *entry;
	__u64 start;

	while (dir && (entry = readdir(dir)))
		if (pci_attr_number(entry->d_name, "vendor") == 0x1af4 &&
		    pci_attr_number(entry->d_name, "device") == 0x1110)
			snprintf(firmware.bdf, sizeof(firmware.bdf), "%.15s", entry->d_name);
	if (dir)
		closedir(dir);
	if (pci_resource_at(firmware.bdf, 2, NULL, &start) < MEMORY_SIZE)
		return -ENOENT;
	firmware.address = start;
	return start >> 32 ? -ERANGE : 0;
}

/* The kernel maps it in another way than sysfs does: not at the same time. */
static int leave_in_memory(void)
{
	char path[64];
	void *memory;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource2", firmware.bdf);
	fd = open(path, O_RDWR);
	memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (memory == MAP_FAILED)
		return -errno;
	memcpy(memory, firmware.bytes, MEMORY_SIZE);
	munmap(memory, MEMORY_SIZE);
	return 0;
}

static void put16(__u32 at, __u16 value)
{
	memcpy(firmware.bytes + at, &value, sizeof(value));
}

static void put32(__u32 at, __u32 value)
{
	memcpy(firmware.bytes + at, &value, sizeof(value));
}

static void put64(__u32 at, __u64 value)
{
	memcpy(firmware.bytes + at, &value, sizeof(value));
}

/* A sound OpRegion of @version, and the register leads to it. */
static int boot(__u16 version)
{
	int ret = find_memory();
	__u32 i;

	if (ret)
		return ret;
	for (i = 0; i < MEMORY_SIZE; i++)
		firmware.bytes[i] = i * 7 + (i >> 8);
	memcpy(firmware.bytes, SIGNATURE, strlen(SIGNATURE));
	put32(SIZE_KIB, SIZE / 1024);
	put16(VERSION, version);
	put64(RVDA, 0);
	put32(RVDS, 0);
	phys_put(test_bdf(), ASLS, 4, firmware.address);
	return leave_in_memory();
}

static __u32 opregion_of(const struct vdev *v)
{
	return vdev_region_of_type(v, TYPE, OPREGION);
}

/* Firmware has run, and nothing is open. */
static int booted(struct vdev *v)
{
	v->fd = -1;
	return boot(0x0100);
}

static void close_dev(struct vdev *v)
{
	if (v->fd >= 0)
		vdev_close(v);
	v->fd = -1;
}

OPEN_FIXTURE(igd, IS_IGD, false, booted(&self->dev), close_dev);
OPEN_FIXTURE(ours, IS_IGD | IS_OURS, false, booted(&self->dev), close_dev);

static int open_dev(struct vdev *v)
{
	int ret = vdev_open(v, test_bdf());

	if (ret)
		v->fd = -1;
	return ret;
}

TEST_F(igd, without_an_opregion_it_is_a_function_like_others)
{
	static const __u32 nowhere[] = { 0, ~0U };
	struct vfio_device_info info;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(nowhere); i++) {
		phys_put(test_bdf(), ASLS, 4, nowhere[i]);
		ASSERT_EQ(0, open_dev(&self->dev));
		EXPECT_EQ(0, vdev_info(&self->dev, &info));
		EXPECT_EQ(VFIO_PCI_NUM_REGIONS, info.num_regions);
		close_dev(&self->dev);
	}
}

TEST_F(igd, the_opregion_is_a_region_that_can_only_be_read)
{
	__u8 seen[SIZE];
	__u32 region;
	int err;

	ASSERT_EQ(0, open_dev(&self->dev));
	region = opregion_of(&self->dev);
	ASSERT_NE(0, region);
	EXPECT_EQ(SIZE, vdev_region_size(&self->dev, region));
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_CAPS,
		  vdev_region_flags(&self->dev, region));
	ASSERT_EQ(SIZE, vdev_read(&self->dev, region, 0, seen, SIZE));
	EXPECT_EQ(0, memcmp(firmware.bytes, seen, SIZE));
	EXPECT_EQ(-EINVAL, vdev_write(&self->dev, region, 0, seen, 4));
	EXPECT_EQ(NULL, vdev_mmap(&self->dev, region, 0, 4096, MAP_SHARED, &err));
	EXPECT_EQ(-EINVAL, err);
}

TEST_F(igd, reads_end_where_the_region_ends)
{
	__u8 bytes[16];
	__u32 region;

	ASSERT_EQ(0, open_dev(&self->dev));
	region = opregion_of(&self->dev);
	ASSERT_NE(0, region);
	EXPECT_EQ(3, vdev_read(&self->dev, region, SIZE - 3, bytes, sizeof(bytes)));
	EXPECT_EQ(0, memcmp(firmware.bytes + SIZE - 3, bytes, 3));
	EXPECT_EQ(-EINVAL, vdev_read(&self->dev, region, SIZE, bytes, 1));
	EXPECT_EQ(-EFAULT, vdev_read(&self->dev, region, 0, NULL, 16));
}

/* What the user shall see: the table right behind the OpRegion, in the words of version 2.1. */
static void expect_table(__u8 *want, __u16 version)
{
	__u64 offset = SIZE;

	memcpy(want, firmware.bytes, SIZE);
	memcpy(want + SIZE, firmware.bytes + TABLE, TABLE_SIZE);
	memcpy(want + VERSION, &version, sizeof(version));
	memcpy(want + RVDA, &offset, sizeof(offset));
}

/* The whole in one piece, and in some that begin or end within a field that is changed. */
static int differs(const struct vdev *v, __u32 region, const __u8 *want, size_t size)
{
	__u8 seen[SIZE + TABLE_SIZE] = {};
	static const size_t steps[] = { SIZE + TABLE_SIZE, 1021, 5 };
	size_t i, at, length;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		memset(seen, 0, size);
		for (at = 0; at < size; at += length) {
			length = steps[i] < size - at ? steps[i] : size - at;
			if (vdev_read(v, region, at, seen + at, length) != (ssize_t)length)
				return -EIO;
		}
		for (at = 0; at < size; at++)
			if (seen[at] != want[at])
				return at + 1;
	}
	return 0;
}

/* Firmware left the table where @rvda says, in the way of @version; and the user sees it so. */
static int table_differs(struct vdev *v, __u16 version, __u64 rvda)
{
	__u8 want[SIZE + TABLE_SIZE];
	__u32 region;
	int ret;

	put16(VERSION, version);
	put64(RVDA, rvda);
	put32(RVDS, TABLE_SIZE);
	ret = leave_in_memory() ?: open_dev(v);
	if (ret)
		return ret;
	region = opregion_of(v);
	if (vdev_region_size(v, region) != sizeof(want))
		return -ERANGE;
	expect_table(want, 0x0201);
	return differs(v, region, want, sizeof(want));
}

TEST_F(igd, a_large_table_of_version_2_0_is_behind_the_opregion)
{
	EXPECT_EQ(0, table_differs(&self->dev, 0x0200, firmware.address + TABLE));
}

TEST_F(igd, and_one_of_version_2_1_too)
{
	EXPECT_EQ(0, table_differs(&self->dev, 0x0201, TABLE));
}

TEST_F(igd, version_2_without_a_large_table_is_as_firmware_left_it)
{
	put16(VERSION, 0x0201);
	ASSERT_EQ(0, leave_in_memory());
	ASSERT_EQ(0, open_dev(&self->dev));
	ASSERT_EQ(SIZE, vdev_region_size(&self->dev, opregion_of(&self->dev)));
	EXPECT_EQ(0, differs(&self->dev, opregion_of(&self->dev), firmware.bytes, SIZE));
}

TEST_F(igd, what_is_no_opregion_is_not_opened)
{
	firmware.bytes[0] ^= 1;
	ASSERT_EQ(0, leave_in_memory());
	EXPECT_EQ(-EINVAL, open_dev(&self->dev));
	firmware.bytes[0] ^= 1;
	put32(SIZE_KIB, 0);
	ASSERT_EQ(0, leave_in_memory());
	EXPECT_EQ(-EINVAL, open_dev(&self->dev));
	put32(SIZE_KIB, SIZE / 1024);
	ASSERT_EQ(0, leave_in_memory());
	EXPECT_EQ(0, open_dev(&self->dev));
}

/* The kernel's own driver would let the user read on, in whatever the kernel has mapped there. */
TEST_F(ours, no_more_than_an_opregion_is_shown_whatever_its_size_says)
{
	put32(SIZE_KIB, 64);
	ASSERT_EQ(0, leave_in_memory());
	ASSERT_EQ(0, open_dev(&self->dev));
	EXPECT_EQ(SIZE, vdev_region_size(&self->dev, opregion_of(&self->dev)));
}

TEST_F(igd, the_guest_may_move_its_copy_and_the_host_keeps_its_own)
{
	ASSERT_EQ(0, open_dev(&self->dev));
	EXPECT_EQ(firmware.address, cfg_get(&self->dev, ASLS, 4));
	ASSERT_EQ(0, cfg_put(&self->dev, ASLS, 4, 0x7ffe0018));
	EXPECT_EQ(0x7ffe0018, cfg_get(&self->dev, ASLS, 4));
	EXPECT_EQ(firmware.address, phys_get(self->dev.bdf, ASLS, 4));
	close_dev(&self->dev);
	ASSERT_EQ(0, open_dev(&self->dev));
	EXPECT_EQ(firmware.address, cfg_get(&self->dev, ASLS, 4));
}

/* Registers of a bridge that count, or tell of interrupts, are none of the first 64 bytes. */
TEST_F(igd, config_space_of_the_host_bridge_and_of_the_lpc_bridge_can_be_read)
{
	static const struct {
		const char *bdf;
		__u32 subtype;
	} bridges[] = {
		{ "0000:00:00.0", VFIO_REGION_SUBTYPE_INTEL_IGD_HOST_CFG },
		{ "0000:00:1f.0", VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG },
	};
	__u8 bytes[64];
	__u32 region, at;
	size_t i;

	ASSERT_EQ(0, open_dev(&self->dev));
	for (i = 0; i < ARRAY_SIZE(bridges); i++) {
		region = vdev_region_of_type(&self->dev, TYPE, bridges[i].subtype);
		ASSERT_NE(0, region);
		EXPECT_EQ(phys_cfg_size(bridges[i].bdf), vdev_region_size(&self->dev, region));
		EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_CAPS,
			  vdev_region_flags(&self->dev, region));
		ASSERT_EQ(61, vdev_read(&self->dev, region, 1, bytes + 1, 61));
		for (at = 1; at < 62; at++)
			EXPECT_EQ(phys_get(bridges[i].bdf, at, 1), bytes[at]);
		EXPECT_EQ(-EINVAL, vdev_write(&self->dev, region, 0, bytes, 4));
		EXPECT_EQ(-EFAULT, vdev_read(&self->dev, region, 0, NULL, 4));
		EXPECT_EQ(-EINVAL, vdev_read(&self->dev, region, phys_cfg_size(bridges[i].bdf),
					     bytes, 1));
	}
}

TEST_F(igd, its_regions_go_and_come_with_each_user)
{
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, open_dev(&self->dev));
		EXPECT_EQ(VFIO_PCI_NUM_REGIONS, opregion_of(&self->dev));
		close_dev(&self->dev);
	}
}
