// SPDX-License-Identifier: GPL-2.0-only
/* VFIO_DEVICE_FEATURE: flags, sizes and numbers; what a plain driver does not offer. */
#include "lib/fixture.h"

DEVICE_FIXTURE(any, 0);
DEVICE_FIXTURE(sriov, HAS_SRIOV);

#define SET VFIO_DEVICE_FEATURE_SET
#define GET VFIO_DEVICE_FEATURE_GET
#define PROBE VFIO_DEVICE_FEATURE_PROBE

TEST_F(any, unknown_numbers_are_no_feature)
{
	static const __u32 numbers[] = { 100, 1000, 0xffff };
	__u64 data[4] = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		EXPECT_EQ(-ENOTTY, vdev_feature(&self->dev, PROBE | numbers[i], NULL, 0));
		EXPECT_EQ(-ENOTTY, vdev_feature(&self->dev, GET | numbers[i], data, 32));
		EXPECT_EQ(-ENOTTY, vdev_feature(&self->dev, SET | numbers[i], data, 32));
	}
}

TEST_F(any, unknown_flags_and_short_headers_are_refused)
{
	struct vfio_device_feature feature = { .argsz = 7, .flags = PROBE };
	__u32 bit;

	EXPECT_EQ(-EINVAL, vdev_ioctl(&self->dev, VFIO_DEVICE_FEATURE, &feature));
	for (bit = 19; bit < 32; bit++)
		EXPECT_EQ(-EINVAL, vdev_feature(&self->dev, 1U << bit | PROBE |
						VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, NULL, 0));
}

TEST_F(any, get_and_set_exclude_each_other_unless_probing)
{
	const __u32 number = VFIO_DEVICE_FEATURE_LOW_POWER_EXIT;

	EXPECT_EQ(-EINVAL, vdev_feature(&self->dev, GET | SET | number, NULL, 0));
	EXPECT_EQ(-EINVAL, vdev_feature(&self->dev, PROBE | GET | SET | number, NULL, 0));
	EXPECT_EQ(-ENOTTY, vdev_feature(&self->dev, PROBE | GET | SET | 999, NULL, 0));
}

TEST_F(any, a_driver_without_migration_offers_none_of_its_features)
{
	static const __u32 numbers[] = {
		VFIO_DEVICE_FEATURE_MIGRATION,
		VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
		VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
		VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
		VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
		VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
	};
	__u64 data[8] = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		EXPECT_EQ(-ENOTTY, vdev_feature(&self->dev, PROBE | numbers[i], NULL, 0));
		EXPECT_EQ(-ENOTTY, vdev_feature(&self->dev, GET | numbers[i], data, 64));
		EXPECT_EQ(-ENOTTY, vdev_feature(&self->dev, SET | numbers[i], data, 64));
	}
}

TEST_F(any, a_function_without_sriov_has_no_token)
{
	__u8 token[16] = { 1 };
	int want = traits_of(self->dev.bdf) & HAS_SRIOV ? 0 : -ENOTTY;

	EXPECT_EQ(want,
		  vdev_feature(&self->dev, SET | VFIO_DEVICE_FEATURE_PCI_VF_TOKEN, token, 16));
}

TEST_F(sriov, a_token_can_be_set_but_not_read)
{
	const __u32 number = VFIO_DEVICE_FEATURE_PCI_VF_TOKEN;
	__u8 token[16] = { 1, 2, 3 };

	EXPECT_EQ(0, vdev_feature(&self->dev, PROBE | SET | number, NULL, 0));
	EXPECT_EQ(-EINVAL, vdev_feature(&self->dev, PROBE | GET | number, NULL, 0));
	EXPECT_EQ(-EINVAL, vdev_feature(&self->dev, GET | number, token, 16));
	EXPECT_EQ(-EINVAL, vdev_feature(&self->dev, SET | number, token, 15));
	EXPECT_EQ(-EINVAL, vdev_feature(&self->dev, number, token, 16));
	EXPECT_EQ(0, vdev_feature(&self->dev, SET | number, token, 16));
}
