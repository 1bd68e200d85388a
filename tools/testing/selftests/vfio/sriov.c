// SPDX-License-Identifier: GPL-2.0-only
/* sriov_numvfs of a PF that vfio-pci has: allowed by a parameter, VFs go to vfio-pci. */
#include "lib/fixture.h"
#include "lib/sriov.h"

/* The parameter concerns all PFs: one program at a time. */
FIXTURE(pf) {
	const char *bdf;
};

FIXTURE_SETUP(pf)
{
	exclude_others();
	self->bdf = test_bdf();
	ASSERT_EQ(0, sriov_allow(true));
}

FIXTURE_TEARDOWN(pf)
{
	sriov_set(self->bdf, 0);
	sriov_allow(false);
	pci_give(self->bdf, "vfio-pci");
}

DECLARE_FIXTURE(pf, HAS_SRIOV, false);

TEST_F(pf, without_the_parameter_there_are_no_vfs)
{
	ASSERT_EQ(0, sriov_allow(false));
	EXPECT_EQ(-ENOENT, sriov_set(self->bdf, 1));
	EXPECT_EQ(0, pci_attr_number(self->bdf, "sriov_numvfs"));
}

TEST_F(pf, vfs_are_meant_for_vfio_pci_from_the_start)
{
	char vf[16], text[64];
	int i;

	ASSERT_EQ(0, sriov_set(self->bdf, 2));
	EXPECT_EQ(2, pci_attr_number(self->bdf, "sriov_numvfs"));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, sriov_vf(self->bdf, i, vf, sizeof(vf)));
		ASSERT_EQ(0, pci_attr_read(vf, "driver_override", text, sizeof(text)));
		EXPECT_STREQ("vfio-pci", text);
		pci_driver(vf, text, sizeof(text));
		EXPECT_STREQ("vfio-pci", text);
	}
	EXPECT_EQ(0, sriov_set(self->bdf, 0));
	EXPECT_FALSE(pci_present(vf));
}

TEST_F(pf, their_number_cannot_change_but_through_zero)
{
	ASSERT_EQ(0, sriov_set(self->bdf, 1));
	EXPECT_EQ(-EBUSY, sriov_set(self->bdf, 2));
	EXPECT_EQ(0, sriov_set(self->bdf, 1));
	EXPECT_EQ(0, sriov_set(self->bdf, 0));
	EXPECT_EQ(0, sriov_set(self->bdf, 2));
}

TEST_F(pf, more_than_the_device_has_is_refused)
{
	EXPECT_EQ(-ERANGE, sriov_set(self->bdf, pci_attr_number(self->bdf, "sriov_totalvfs") + 1));
	EXPECT_EQ(0, pci_attr_number(self->bdf, "sriov_numvfs"));
}

TEST_F(pf, a_pf_with_vfs_stays_in_d0)
{
	struct vdev v;
	__u32 at;

	ASSERT_EQ(0, vdev_open(&v, self->bdf));
	ASSERT_EQ(0, sriov_set(self->bdf, 1));
	at = cfg_find_cap(&v, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	EXPECT_EQ(0, cfg_put(&v, at, 2, 3));
	EXPECT_EQ(0, cfg_get(&v, at, 2) & PCI_PM_CTRL_STATE_MASK);
	ASSERT_EQ(0, sriov_set(self->bdf, 0));
	EXPECT_EQ(0, cfg_put(&v, at, 2, 3));
	EXPECT_EQ(3, cfg_get(&v, at, 2) & PCI_PM_CTRL_STATE_MASK);
	EXPECT_EQ(0, cfg_put(&v, at, 2, 0));
	vdev_close(&v);
}

TEST_F(pf, unbinding_the_pf_takes_the_vfs_away)
{
	char vf[16];

	ASSERT_EQ(0, sriov_set(self->bdf, 1));
	ASSERT_EQ(0, sriov_vf(self->bdf, 0, vf, sizeof(vf)));
	ASSERT_EQ(0, pci_unbind(self->bdf));
	EXPECT_FALSE(pci_present(vf));
	EXPECT_EQ(0, pci_attr_number(self->bdf, "sriov_numvfs"));
}

/* pci-pf-stub is the driver that leaves its VFs behind when it goes. */
TEST_F(pf, a_pf_that_has_vfs_is_not_taken)
{
	ASSERT_EQ(0, pci_give(self->bdf, "pci-pf-stub"));
	ASSERT_EQ(0, sriov_set(self->bdf, 1));
	EXPECT_EQ(-ENODEV, pci_give(self->bdf, "vfio-pci"));
	EXPECT_EQ(-EBUSY, pci_bind(self->bdf, "vfio-pci"));
	EXPECT_EQ(1, pci_attr_number(self->bdf, "sriov_numvfs"));
	ASSERT_EQ(0, pci_give(self->bdf, "pci-pf-stub"));
	ASSERT_EQ(0, sriov_set(self->bdf, 0));
}
