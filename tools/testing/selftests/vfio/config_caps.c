// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capability chains as the config region shows them (PCI 3.0 section 6.7, PCI
 * Express 5.0 chapter 7): what is hidden, what is virtual, what is read-only.
 */
#include "lib/fixture.h"

#define CAPS_MAX 48
#define ECAPS_MAX 960

DEVICE_FIXTURE(any, 0);
DEVICE_FIXTURE(extended, HAS_PCIE | HAS_EXT_CONFIG);
DEVICE_FIXTURE(pm, HAS_PM | HAS_MEM_BAR | IS_PF);
DEVICE_FIXTURE(woken, HAS_PM | HAS_MEM_BAR | IS_PF | HAS_RESET | IS_OURS);
DEVICE_FIXTURE(express, HAS_PCIE | IS_PF);
DEVICE_FIXTURE(flr, HAS_FLR | HAS_WITNESS);
DEVICE_FIXTURE(msi, HAS_MSI);
DEVICE_FIXTURE(msix, HAS_MSIX);
DEVICE_FIXTURE(aer, HAS_AER);
DEVICE_FIXTURE(vpd, HAS_VPD);

/* Capabilities that a user does not get to see; others with an ID up to 0x14 he does. */
static const __u8 hidden_caps[] = {
	PCI_CAP_ID_SLOTID, PCI_CAP_ID_CHSWP, PCI_CAP_ID_DBG,	PCI_CAP_ID_CCRC, PCI_CAP_ID_SHPC,
	PCI_CAP_ID_SSVID,  PCI_CAP_ID_AGP3,  PCI_CAP_ID_SECDEV, PCI_CAP_ID_EA,
};

/* Extended ones that he does. */
static const __u16 shown_ecaps[] = {
	PCI_EXT_CAP_ID_ERR,   PCI_EXT_CAP_ID_VC,   PCI_EXT_CAP_ID_DSN,	 PCI_EXT_CAP_ID_PWR,
	PCI_EXT_CAP_ID_MFVC,  PCI_EXT_CAP_ID_VC9,  PCI_EXT_CAP_ID_VNDR,	 PCI_EXT_CAP_ID_ACS,
	PCI_EXT_CAP_ID_ARI,   PCI_EXT_CAP_ID_ATS,  PCI_EXT_CAP_ID_SRIOV, PCI_EXT_CAP_ID_MCAST,
	PCI_EXT_CAP_ID_PRI,   PCI_EXT_CAP_ID_REBAR, PCI_EXT_CAP_ID_DPA,	 PCI_EXT_CAP_ID_TPH,
	PCI_EXT_CAP_ID_LTR,   PCI_EXT_CAP_ID_DVSEC,
};

static bool is_hidden(__u8 id)
{
	return !id || id > PCI_CAP_ID_EA || memchr(hidden_caps, id, sizeof(hidden_caps));
}

static bool is_shown_extended(__u16 id)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(shown_ecaps); i++)
		if (shown_ecaps[i] == id)
			return true;
	return false;
}

TEST_F(any, chain_holds_what_the_device_has_less_the_hidden)
{
	__u32 shown = cfg_get(&self->dev, PCI_CAPABILITY_LIST, 1);
	__u32 real = phys_get(self->dev.bdf, PCI_CAPABILITY_LIST, 1);
	int budget = CAPS_MAX;

	for (; real && budget--; real = phys_get(self->dev.bdf, real + 1, 1) & ~3U) {
		__u8 id = phys_get(self->dev.bdf, real, 1);

		if (is_hidden(id))
			continue;
		EXPECT_EQ(real, shown);
		ASSERT_EQ(id, cfg_get(&self->dev, shown, 1));
		shown = cfg_get(&self->dev, shown + 1, 1);
	}
	EXPECT_EQ(0, shown);
}

TEST_F(any, ids_and_next_pointers_ignore_writes)
{
	__u32 at = cfg_get(&self->dev, PCI_CAPABILITY_LIST, 1);
	int budget = CAPS_MAX;

	for (; at && budget--; at = cfg_get(&self->dev, at + 1, 1)) {
		__u32 header = cfg_get(&self->dev, at, 2);

		EXPECT_EQ(0, cfg_put(&self->dev, at, 2, ~header));
		EXPECT_EQ(header, cfg_get(&self->dev, at, 2)) TH_LOG("capability at 0x%x", at);
	}
}

TEST_F(extended, extended_chain_holds_what_the_device_has_less_the_hidden)
{
	__u32 shown = 0x100, real = 0x100;
	int budget = ECAPS_MAX;

	for (; real && budget--; real = phys_get(self->dev.bdf, real, 4) >> 20) {
		__u32 header = phys_get(self->dev.bdf, real, 4);

		if (!is_shown_extended(header & 0xffff)) {
			/* The first one anchors the chain, under no name. */
			if (real == 0x100)
				shown = cfg_get(&self->dev, real, 4) >> 20;
			continue;
		}
		EXPECT_EQ(real, shown);
		ASSERT_EQ(header & 0xfffff, cfg_get(&self->dev, shown, 4) & 0xfffff);
		shown = cfg_get(&self->dev, shown, 4) >> 20;
	}
	EXPECT_EQ(0, shown);
}

TEST_F(extended, extended_headers_ignore_writes)
{
	__u32 header, at = 0x100;
	int budget = ECAPS_MAX;

	for (; at && budget--; at = header >> 20) {
		header = cfg_get(&self->dev, at, 4);
		EXPECT_EQ(0, cfg_put(&self->dev, at, 4, ~header));
		ASSERT_EQ(header, cfg_get(&self->dev, at, 4)) TH_LOG("capability at 0x%x", at);
	}
}

TEST_F(pm, power_management_events_are_not_offered)
{
	__u32 at = cfg_find_cap(&self->dev, PCI_CAP_ID_PM);
	const __u16 events = PCI_PM_CTRL_PME_ENABLE | PCI_PM_CTRL_PME_STATUS;

	EXPECT_EQ(0, cfg_get(&self->dev, at + PCI_PM_PMC, 2) & PCI_PM_CAP_PME_MASK);
	ASSERT_EQ(0, cfg_put(&self->dev, at + PCI_PM_CTRL, 2, events));
	EXPECT_EQ(0, cfg_get(&self->dev, at + PCI_PM_CTRL, 2) & events);
}

TEST_F(pm, d3hot_stops_access_and_d0_brings_it_back)
{
	__u32 at = cfg_find_cap(&self->dev, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	__u32 before = phys_get(self->dev.bdf, PCI_BASE_ADDRESS_0, 4), value = 0;
	__u64 off;
	int bar;

	ASSERT_TRUE(register_of(self->dev.bdf, &bar, &off));
	ASSERT_EQ(0, cfg_put(&self->dev, at, 2, 3));
	EXPECT_EQ(3, cfg_get(&self->dev, at, 2) & PCI_PM_CTRL_STATE_MASK);
	EXPECT_EQ(-EIO, vdev_read(&self->dev, bar, off, &value, 4));
	EXPECT_EQ(-EIO, vdev_write(&self->dev, bar, off, &value, 4));

	ASSERT_EQ(0, cfg_put(&self->dev, at, 2, 0));
	EXPECT_EQ(0, cfg_get(&self->dev, at, 2) & PCI_PM_CTRL_STATE_MASK);
	EXPECT_EQ(4, vdev_read(&self->dev, bar, off, &value, 4));
	EXPECT_EQ(before, phys_get(self->dev.bdf, PCI_BASE_ADDRESS_0, 4));
}

/* Of the device, and to the user. */
static bool command_is(const struct vdev *v, __u16 want)
{
	const __u16 mask = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;

	return (phys_get(v->bdf, PCI_COMMAND, 2) & mask) == want &&
	       (cfg_get(v, PCI_COMMAND, 2) & mask) == want;
}

/*
 * What goes back to a function that loses its registers in D3hot is not what it fell asleep with: a
 * guest that has taken bus mastering away does not expect DMA.
 */
TEST_F(woken, the_command_register_keeps_what_was_written_in_d3hot)
{
	const __u16 on = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	__u32 at = cfg_find_cap(&self->dev, PCI_CAP_ID_PM) + PCI_PM_CTRL, value;
	__u64 off;
	int bar;

	ASSERT_TRUE(register_of(self->dev.bdf, &bar, &off));
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, on, on));
	ASSERT_EQ(0, cfg_put(&self->dev, at, 2, 3));
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, on, 0));
	ASSERT_EQ(0, cfg_put(&self->dev, at, 2, 0));
	EXPECT_TRUE(command_is(&self->dev, 0));

	ASSERT_EQ(0, cfg_put(&self->dev, at, 2, 3));
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, on, on));
	ASSERT_EQ(0, cfg_put(&self->dev, at, 2, 0));
	EXPECT_TRUE(command_is(&self->dev, on));
	EXPECT_EQ(4, vdev_read(&self->dev, bar, off, &value, 4));
}

TEST_F(woken, a_reset_in_d3hot_keeps_what_was_written_to_the_command_register_there)
{
	const __u16 on = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	__u32 at = cfg_find_cap(&self->dev, PCI_CAP_ID_PM) + PCI_PM_CTRL;

	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, on, on));
	ASSERT_EQ(0, cfg_put(&self->dev, at, 2, 3));
	ASSERT_EQ(0, cfg_update16(&self->dev, PCI_COMMAND, on, 0));
	ASSERT_EQ(0, vdev_ioctl(&self->dev, VFIO_DEVICE_RESET, NULL));
	EXPECT_TRUE(command_is(&self->dev, 0));
}

TEST_F(express, maximum_payload_is_virtual)
{
	__u32 at = cfg_find_cap(&self->dev, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;
	__u32 before = phys_get(self->dev.bdf, at, 2) & PCI_EXP_DEVCTL_PAYLOAD;
	__u16 other = ~before & PCI_EXP_DEVCTL_PAYLOAD;

	ASSERT_EQ(0, cfg_update16(&self->dev, at, PCI_EXP_DEVCTL_PAYLOAD, other));
	EXPECT_EQ(other, cfg_get(&self->dev, at, 2) & PCI_EXP_DEVCTL_PAYLOAD);
	EXPECT_EQ(before, phys_get(self->dev.bdf, at, 2) & PCI_EXP_DEVCTL_PAYLOAD);
}

TEST_F(express, read_request_reads_back_but_never_falls_below_the_payload)
{
	__u32 at = cfg_find_cap(&self->dev, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;
	__u32 payload = (phys_get(self->dev.bdf, at, 2) & PCI_EXP_DEVCTL_PAYLOAD) >> 5;
	__u16 order;

	for (order = 0; order <= 5; order++) {
		ASSERT_EQ(0, cfg_update16(&self->dev, at, PCI_EXP_DEVCTL_READRQ, order << 12));
		EXPECT_EQ(order, (cfg_get(&self->dev, at, 2) & PCI_EXP_DEVCTL_READRQ) >> 12);
		EXPECT_LE(payload, (phys_get(self->dev.bdf, at, 2) & PCI_EXP_DEVCTL_READRQ) >> 12);
	}
}

TEST_F(express, phantom_functions_and_link_control_cannot_be_set)
{
	__u32 at = cfg_find_cap(&self->dev, PCI_CAP_ID_EXP);
	__u32 link = phys_get(self->dev.bdf, at + PCI_EXP_LNKCTL, 2);
	__u32 caps = cfg_get(&self->dev, at + PCI_EXP_DEVCAP, 4);

	ASSERT_EQ(0, cfg_update16(&self->dev, at + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_PHANTOM,
				  PCI_EXP_DEVCTL_PHANTOM));
	EXPECT_EQ(0, phys_get(self->dev.bdf, at + PCI_EXP_DEVCTL, 2) & PCI_EXP_DEVCTL_PHANTOM);
	ASSERT_EQ(0, cfg_put(&self->dev, at + PCI_EXP_LNKCTL, 2, link ^ PCI_EXP_LNKCTL_CCC));
	EXPECT_EQ(link, phys_get(self->dev.bdf, at + PCI_EXP_LNKCTL, 2));
	ASSERT_EQ(0, cfg_put(&self->dev, at + PCI_EXP_DEVCAP, 4, ~caps));
	EXPECT_EQ(caps, cfg_get(&self->dev, at + PCI_EXP_DEVCAP, 4));
}

TEST_F(flr, the_reset_bit_resets_and_reads_zero)
{
	__u32 at = cfg_find_cap(&self->dev, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;
	const struct scratch *w = witness_of(self->dev.bdf);
	__u32 fresh = vdev_get(&self->dev, w->bar, w->offset, w->width) & w->mask;

	ASSERT_NE(w->value, fresh);
	ASSERT_EQ(0, vdev_put(&self->dev, w->bar, w->offset, w->width, w->value));
	ASSERT_EQ(w->value, vdev_get(&self->dev, w->bar, w->offset, w->width) & w->mask);
	ASSERT_EQ(0, cfg_update16(&self->dev, at, PCI_EXP_DEVCTL_BCR_FLR, PCI_EXP_DEVCTL_BCR_FLR));
	EXPECT_EQ(0, cfg_get(&self->dev, at, 2) & PCI_EXP_DEVCTL_BCR_FLR);
	EXPECT_EQ(fresh, vdev_get(&self->dev, w->bar, w->offset, w->width) & w->mask);
}

TEST_F(msi, message_is_virtual_and_enable_waits_for_the_interrupt_ioctl)
{
	__u32 at = cfg_find_cap(&self->dev, PCI_CAP_ID_MSI);
	__u32 physical = phys_get(self->dev.bdf, at + PCI_MSI_ADDRESS_LO, 4);

	ASSERT_EQ(0, cfg_put(&self->dev, at + PCI_MSI_ADDRESS_LO, 4, 0xfee12340));
	EXPECT_EQ(0xfee12340, cfg_get(&self->dev, at + PCI_MSI_ADDRESS_LO, 4));
	EXPECT_EQ(physical, phys_get(self->dev.bdf, at + PCI_MSI_ADDRESS_LO, 4));

	ASSERT_EQ(0, cfg_update16(&self->dev, at + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE,
				  PCI_MSI_FLAGS_ENABLE));
	EXPECT_EQ(0, cfg_get(&self->dev, at + PCI_MSI_FLAGS, 2) & PCI_MSI_FLAGS_ENABLE);
	EXPECT_EQ(0, phys_get(self->dev.bdf, at + PCI_MSI_FLAGS, 2) & PCI_MSI_FLAGS_ENABLE);
}

TEST_F(msi, configured_vectors_are_limited_to_those_enabled)
{
	__u32 at = cfg_find_cap(&self->dev, PCI_CAP_ID_MSI) + PCI_MSI_FLAGS;

	ASSERT_EQ(0, cfg_update16(&self->dev, at, PCI_MSI_FLAGS_QSIZE, PCI_MSI_FLAGS_QSIZE));
	EXPECT_EQ(0, cfg_get(&self->dev, at, 2) & PCI_MSI_FLAGS_QSIZE);
}

TEST_F(msix, capability_ignores_writes)
{
	__u32 at = cfg_find_cap(&self->dev, PCI_CAP_ID_MSIX), off;

	for (off = 0; off < 12; off += 2) {
		__u32 before = cfg_get(&self->dev, at + off, 2);

		ASSERT_EQ(0, cfg_put(&self->dev, at + off, 2, ~before));
		EXPECT_EQ(before, cfg_get(&self->dev, at + off, 2)) TH_LOG("offset %u", off);
		EXPECT_EQ(phys_get(self->dev.bdf, at + off, 2) & 0xff00, before & 0xff00);
	}
}

TEST_F(aer, error_masks_can_be_written_and_capabilities_cannot)
{
	__u32 at = cfg_find_ecap(&self->dev, PCI_EXT_CAP_ID_ERR);
	__u32 mask = cfg_get(&self->dev, at + PCI_ERR_UNCOR_MASK, 4);
	__u32 log = cfg_get(&self->dev, at + PCI_ERR_HEADER_LOG, 4);

	ASSERT_NE(0, at);
	ASSERT_EQ(0, cfg_put(&self->dev, at + PCI_ERR_UNCOR_MASK, 4, mask ^ PCI_ERR_UNC_COMP_TIME));
	EXPECT_EQ(mask ^ PCI_ERR_UNC_COMP_TIME,
		  phys_get(self->dev.bdf, at + PCI_ERR_UNCOR_MASK, 4));
	ASSERT_EQ(0, cfg_put(&self->dev, at + PCI_ERR_UNCOR_MASK, 4, mask));
	ASSERT_EQ(0, cfg_put(&self->dev, at + PCI_ERR_HEADER_LOG, 4, ~log));
	EXPECT_EQ(log, cfg_get(&self->dev, at + PCI_ERR_HEADER_LOG, 4));
}

TEST_F(vpd, reading_an_address_sets_the_done_flag)
{
	__u32 at = cfg_find_cap(&self->dev, PCI_CAP_ID_VPD);

	ASSERT_EQ(0, cfg_put(&self->dev, at + PCI_VPD_ADDR, 2, 0));
	EXPECT_TRUE(cfg_get(&self->dev, at + PCI_VPD_ADDR, 2) & PCI_VPD_ADDR_F);
}
