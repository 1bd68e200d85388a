// SPDX-License-Identifier: GPL-2.0-only
/*
 * VF tokens: who opens a VF of a PF that vfio-pci has must know the PF user's token
 * (VFIO_GROUP_GET_DEVICE_FD "BDF vf_token=UUID", VFIO_DEVICE_FEATURE_PCI_VF_TOKEN).
 */
#include <stdio.h>

#include "lib/fixture.h"
#include "lib/sriov.h"

#define TOKEN	"01020304-0506-0708-090a-0b0c0d0e0f10"
#define WRONG	"11020304-0506-0708-090a-0b0c0d0e0f10"
#define SHORT	"01020304-0506"
#define MALFORMED "0102030405060708090a0b0c0d0e0f10xxxx"

static const __u8 token_bytes[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

/* Open @bdf as "BDF option" and close it again. */
static int try_open(const char *bdf, const char *option)
{
	char name[128];
	struct vdev v;
	int ret;

	snprintf(name, sizeof(name), "%s%s", bdf, option);
	ret = vdev_open_named(&v, bdf, name);
	if (!ret)
		vdev_close(&v);
	return ret;
}

/* A row: what follows the address, and what comes of it. */
struct attempt {
	const char *option;
	int want;
};

static int wrong_answers(const char *bdf, const struct attempt *rows, size_t count)
{
	int wrong = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		int got = try_open(bdf, rows[i].option);

		if (got != rows[i].want) {
			printf("# \"%s\": %d instead of %d\n", rows[i].option, got, rows[i].want);
			wrong++;
		}
	}
	return wrong;
}

FIXTURE(pair) {
	struct vdev pf;
	char vf[16];
};

FIXTURE_SETUP(pair)
{
	exclude_others();
	ASSERT_EQ(0, sriov_allow(true));
	ASSERT_EQ(0, vdev_open(&self->pf, test_bdf()));
	ASSERT_EQ(0, vdev_feature(&self->pf, VFIO_DEVICE_FEATURE_SET |
				  VFIO_DEVICE_FEATURE_PCI_VF_TOKEN, (void *)token_bytes, 16));
	ASSERT_EQ(0, sriov_set(self->pf.bdf, 1));
	ASSERT_EQ(0, sriov_vf(self->pf.bdf, 0, self->vf, sizeof(self->vf)));
}

FIXTURE_TEARDOWN(pair)
{
	vdev_close(&self->pf);
	sriov_set(test_bdf(), 0);
	sriov_allow(false);
}

DECLARE_FIXTURE(pair, HAS_SRIOV, false);

TEST_F(pair, a_vf_opens_with_the_right_token_only)
{
	static const struct attempt rows[] = {
		{ "", -EACCES },
		{ " vf_token=" WRONG, -EACCES },
		{ " vf_token=" SHORT, -EINVAL },
		{ " vf_token=" MALFORMED, -EINVAL },
		{ " vf_token=", -EINVAL },
		{ " nonsense", -EINVAL },
		{ " vf_token=" TOKEN " vf_token=" TOKEN, -EINVAL },
		{ " vf_token=" TOKEN "x", -EINVAL },
		{ "x", -ENODEV },
		{ " vf_token=" TOKEN, 0 },
		{ "   vf_token=" TOKEN "  ", 0 },
	};

	EXPECT_EQ(0, wrong_answers(self->vf, rows, ARRAY_SIZE(rows)));
}

TEST_F(pair, the_token_lasts_when_the_pf_is_closed)
{
	vdev_close(&self->pf);
	EXPECT_EQ(0, try_open(self->vf, " vf_token=" TOKEN));
	EXPECT_EQ(-EACCES, try_open(self->vf, ""));
}

TEST_F(pair, while_a_vf_is_used_the_pf_needs_the_token_too)
{
	static const struct attempt rows[] = {
		{ "", -EACCES },
		{ " vf_token=" WRONG, -EACCES },
		{ " vf_token=" TOKEN, 0 },
	};
	char name[96];
	struct vdev vf;

	snprintf(name, sizeof(name), "%s vf_token=" TOKEN, self->vf);
	ASSERT_EQ(0, vdev_open_named(&vf, self->vf, name));
	vdev_close(&self->pf);
	EXPECT_EQ(0, wrong_answers(test_bdf(), rows, ARRAY_SIZE(rows)));
	EXPECT_TRUE(still_usable(&vf));
	vdev_close(&vf);
	EXPECT_EQ(0, try_open(test_bdf(), ""));
}

TEST_F(pair, opening_an_unused_pf_with_a_token_sets_it)
{
	vdev_close(&self->pf);
	ASSERT_EQ(0, try_open(test_bdf(), " vf_token=" WRONG));
	EXPECT_EQ(-EACCES, try_open(self->vf, " vf_token=" TOKEN));
	EXPECT_EQ(0, try_open(self->vf, " vf_token=" WRONG));
}

PLAIN_FIXTURE(plain, 0);
PLAIN_FIXTURE(host_vf, IS_VF);

TEST_F(plain, a_token_where_none_is_wanted_is_refused)
{
	if (!(traits_of(self->bdf) & HAS_SRIOV))
		EXPECT_EQ(-EINVAL, try_open(self->bdf, " vf_token=" TOKEN));
	EXPECT_EQ(-EINVAL, try_open(self->bdf, " vf_token=" SHORT));
	EXPECT_EQ(-EINVAL, try_open(self->bdf, " other=1"));
	EXPECT_EQ(-ENODEV, try_open(self->bdf, "0"));
	EXPECT_EQ(0, try_open(self->bdf, " "));
}

TEST_F(host_vf, a_vf_of_the_pfs_own_driver_opens_without)
{
	EXPECT_EQ(0, try_open(self->bdf, ""));
	EXPECT_EQ(-EINVAL, try_open(self->bdf, " vf_token=" TOKEN));
}
