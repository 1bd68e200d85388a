// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions that lie: what they hide, what a lie changes, and that it can be taken back.
 */
#include <string.h>
#include <linux/pci_regs.h>

#include "../../sim/hostile/liar.h"
#include "host.h"

static struct liar *liar;
static struct vfu *vfu;

static uint32_t config_read(unsigned int at, unsigned int bytes)
{
	uint32_t value = 0;

	config_get(vfu, at, &value, bytes);
	return value;
}

static void snapshot(uint8_t *to)
{
	config_get(vfu, 0, to, PCI_CONFIG_SIZE);
}

static void test_hiding(void)
{
	result(!(config_read(PCI_STATUS, 2) & PCI_STATUS_CAP_LIST) &&
	       !config_read(PCI_CAPABILITY_LIST, 1) && !config_read(LIAR_ERR, 4),
	       "a liar hides its capabilities");
	function_reset(vfu);
	result(config_read(PCI_STATUS, 2) & PCI_STATUS_CAP_LIST &&
	       config_read(PCI_CAPABILITY_LIST, 1) == LIAR_PM &&
	       config_read(LIAR_MSIX, 1) == PCI_CAP_ID_MSIX &&
	       config_read(LIAR_EXP, 1) == PCI_CAP_ID_EXP && config_read(LIAR_ERR, 4),
	       "until the first reset");
}

static void test_lies(void)
{
	uint8_t honest[PCI_CONFIG_SIZE], now[PCI_CONFIG_SIZE];

	snapshot(honest);
	liar_tell(liar, lie_named("cap-loop"));
	snapshot(now);
	result(now[LIAR_VNDR + 1] == LIAR_PM, "it lies when it is told to");
	now[LIAR_VNDR + 1] = honest[LIAR_VNDR + 1];
	result(!memcmp(now, honest, sizeof(now)), "about that and nothing else");
	function_reset(vfu);
	result(config_read(LIAR_VNDR + 1, 1) == LIAR_PM, "a reset does not make it honest");
	liar_tell(liar, lie_named("msix-2048"));
	config_write16(vfu, LIAR_MSIX + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE);
	result(config_read(LIAR_MSIX + PCI_MSIX_FLAGS, 2) == (PCI_MSIX_FLAGS_ENABLE | 0x7ff) &&
	       !config_read(LIAR_VNDR + 1, 1), "one lie follows another");
	liar_tell(liar, lie_named("none"));
	result(config_read(LIAR_MSIX + PCI_MSIX_FLAGS, 2) ==
	       (PCI_MSIX_FLAGS_ENABLE | (LIAR_VECTORS - 1)), "what software wrote stays");
	function_reset(vfu);
	snapshot(now);
	result(!memcmp(now, honest, sizeof(now)), "and in the end it is as it was");
	result(!lie_named("truth"), "it knows its lies");
}

static void test_deeds(void)
{
	unsigned int flr = LIAR_EXP + PCI_EXP_DEVCTL;

	config_write16(vfu, LIAR_VPD + PCI_VPD_ADDR, 0);
	result(config_read(LIAR_VPD, 4) >> 16 == PCI_VPD_ADDR_F &&
	       config_read(LIAR_VPD + PCI_VPD_DATA, 4) == 0x6c000482, "its product data are read");
	liar_tell(liar, lie_named("vpd-stuck"));
	config_write16(vfu, LIAR_VPD + PCI_VPD_ADDR, 0);
	result(!(config_read(LIAR_VPD, 4) >> 16), "unless they never come");

	bar_write(vfu, LIAR_SCRATCH, 0x1234, 4);
	config_write16(vfu, flr, PCI_EXP_DEVCTL_BCR_FLR);
	result(!bar_read(vfu, LIAR_SCRATCH, 4), "it is reset");
	liar_tell(liar, lie_named("flr-stuck"));
	config_write16(vfu, flr, PCI_EXP_DEVCTL_BCR_FLR);
	result(config_read(PCI_VENDOR_ID, 4) == 0xffffffff, "unless that never ends");
	function_reset(vfu);
	result(config_read(PCI_VENDOR_ID, 4) == 0x11a51234, "but by a reset of its bus");
	liar_tell(liar, lie_named("gone"));
	function_reset(vfu);
	result(config_read(PCI_VENDOR_ID, 4) == 0xffffffff &&
	       bar_read(vfu, LIAR_SCRATCH, 4) == 0xffffffff, "which brings none back that is gone");
	liar_tell(liar, lie_named("msix-storm"));
	result(interrupts(vfu, 0) && interrupts(vfu, LIAR_VECTORS - 1), "all its vectors fire");
	liar_tell(liar, lie_named("none"));
}

void test_liar(void)
{
	liar = liar_new("truth", "/liar0");
	result(!liar, "a liar cannot begin with a lie that it does not know");
	liar = liar_new("none", "/liar0");
	if (!liar) {
		result(false, "a liar is made");
		return;
	}
	vfu = function("liar0");
	test_hiding();
	test_lies();
	test_deeds();
	liar_free(liar);
}
