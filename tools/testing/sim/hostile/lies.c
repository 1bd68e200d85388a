// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lies, as a table.  Where a register has bits that software writes, these stay software's.
 */
#include <string.h>
#include <linux/pci_regs.h>

#include "../transport/macros.h"
#include "liar.h"

/* An extended capability's header. */
#define EXT(id, next)		((next) << 20 | 1 << 16 | (id))

/* In the ROM: the pointer of its header, and where it leads to. */
#define ROM_POINTER		0x18
#define ROM_DATA		0x1c

static const struct lie lies[] = {
	{ .name = "none" },

	/* The list of capabilities */
	{ "cap-loop", .patches = { { LIAR_VNDR + 1, 1, .value = LIAR_PM } } },
	{ "cap-self", .patches = { { LIAR_PM + 1, 1, .value = LIAR_PM } } },
	{ "cap-header", .patches = { { LIAR_MSIX + 1, 1, .value = PCI_COMMAND } } },
	{ "cap-odd", .patches = { { PCI_CAPABILITY_LIST, 1, .value = LIAR_PM + 3 },
				  { LIAR_MSIX + 1, 1, .value = LIAR_VPD + 1 } } },
	{ "cap-inside", .patches = { { LIAR_PM + 1, 1, .value = LIAR_MSIX + 4 } } },
	{ "cap-wild", .patches = { { PCI_CAPABILITY_LIST, 1, .value = 0xff } } },
	{ "cap-ones", .patches = { { LIAR_MSIX, 2, .value = 0xffff } } },
	{ "cap-end", .patches = { { LIAR_VNDR + 1, 1, .value = LIAR_LAST },
				  { LIAR_LAST, 4, .value = PCI_CAP_ID_MSIX | 7 << 16 } } },
	{ "cap-long", .patches = { { LIAR_VNDR + 2, 1, .value = 0xff } } },
	{ "cap-short", .patches = { { LIAR_VNDR + 2, 1, .value = 0 } } },
	{ "cap-twice", .patches = { { LIAR_VNDR, 1, .value = PCI_CAP_ID_MSIX } } },

	/* That of extended capabilities */
	{ "ext-loop", .patches = { { LIAR_DSN, 4, .value = EXT(PCI_EXT_CAP_ID_DSN, LIAR_ERR) } } },
	{ "ext-self", .patches = { { LIAR_VSEC, 4,
				     .value = EXT(PCI_EXT_CAP_ID_VNDR, LIAR_VSEC) } } },
	{ "ext-header", .patches = { { LIAR_ERR, 4, .value = EXT(PCI_EXT_CAP_ID_ERR, LIAR_PM) } } },
	{ "ext-inside", .patches = { { LIAR_ERR, 4,
				       .value = EXT(PCI_EXT_CAP_ID_ERR, LIAR_ERR + 8) } } },
	{ "ext-end", .patches = { { LIAR_DSN, 4, .value = EXT(PCI_EXT_CAP_ID_DSN, LIAR_EXT_LAST) },
				  { LIAR_EXT_LAST, 4, .value = EXT(PCI_EXT_CAP_ID_ERR, 0) } } },
	{ "ext-long", .patches = { { LIAR_VSEC + PCI_VNDR_HEADER, 4, .value = 0xfff1001c } } },
	{ "ext-short", .patches = { { LIAR_VSEC + PCI_VNDR_HEADER, 4, .value = 0x0001001c } } },
	{ "ext-ones", .patches = { { LIAR_VSEC, 4, .value = 0xffffffff } } },
	{ "ext-arrays", .patches = { { LIAR_VSEC, 4,
				       .value = EXT(PCI_EXT_CAP_ID_REBAR, LIAR_DSN) },
				     { LIAR_VSEC + PCI_REBAR_CTRL, 4, .value = 0xffffffff },
				     { LIAR_DSN, 4, .value = EXT(PCI_EXT_CAP_ID_VC, 0) },
				     { LIAR_DSN + 4, 4, .value = 0xffffffff } } },

	/* PCI Express */
	{ "exp-version-0", .patches = { { LIAR_EXP + PCI_EXP_FLAGS, 2, .value = 0x0000 } } },
	{ "exp-version-15", .patches = { { LIAR_EXP + PCI_EXP_FLAGS, 2, .value = 0x000f } } },
	{ "exp-type", .patches = { { LIAR_EXP + PCI_EXP_FLAGS, 2, .value = 0x00f2 } } },
	{ "exp-end", .patches = { { LIAR_MSI + 1, 1, .value = LIAR_LAST },
				  { LIAR_LAST, 4, .value = PCI_CAP_ID_EXP | 2 << 16 } } },
	{ "exp-payload", .patches = { { LIAR_EXP + PCI_EXP_DEVCAP, 4, .value = 0x1000803f } } },

	/* MSI and MSI-X */
	{ "msi-vectors", .patches = { { LIAR_MSI + PCI_MSI_FLAGS, 2, .value = 0x008e } } },
	{ "msix-outside", .patches = { { LIAR_MSIX + PCI_MSIX_TABLE, 4,
					 .value = LIAR_BAR_SIZE } } },
	{ "msix-half", .patches = { { LIAR_MSIX + PCI_MSIX_TABLE, 4,
				      .value = LIAR_BAR_SIZE - 0x40 } } },
	{ "msix-far", .patches = { { LIAR_MSIX + PCI_MSIX_TABLE, 4, .value = 0xfffffff8 } } },
	{ "msix-no-bar", .patches = { { LIAR_MSIX + PCI_MSIX_TABLE, 4, .value = 4 } } },
	{ "msix-bir", .patches = { { LIAR_MSIX + PCI_MSIX_TABLE, 4, .value = 7 } } },
	{ "msix-2048", .patches = { { LIAR_MSIX + PCI_MSIX_FLAGS, 2, .value = 0x07ff },
				    { LIAR_MSIX + PCI_MSIX_TABLE, 4, .value = 2 } } },
	{ "msix-pba-outside", .patches = { { LIAR_MSIX + PCI_MSIX_PBA, 4, .value = 0xfffffff8 } } },
	{ "msix-pba-bir", .patches = { { LIAR_MSIX + PCI_MSIX_PBA, 4, .value = 7 } } },
	{ "msix-overlap", .patches = { { LIAR_MSIX + PCI_MSIX_PBA, 4, .value = LIAR_TABLE } } },

	/* The ROM: QEMU reads it once */
	{ "rom-pointer", .patches = { { ROM_POINTER, 2, true, 0xfffc } } },
	{ "rom-edge", .patches = { { ROM_POINTER, 2, true, LIAR_ROM_SIZE - 8 },
				   { LIAR_ROM_SIZE - 8, 4, true, 0x52494350 } } },
	{ "rom-length", .patches = { { ROM_DATA + 0x10, 2, true, 0xffff } } },
	{ "rom-endless", .patches = { { ROM_DATA + 0x10, 2, true, 1 },
				      { ROM_DATA + 0x15, 1, true, 0 } } },

	/* What it does */
	{ "vpd-stuck", .quirk = QUIRK_VPD_STUCK },
	{ "flr-stuck", .quirk = QUIRK_FLR_STUCK },
	{ "gone", .quirk = QUIRK_GONE },
	{ "noise", .quirk = QUIRK_NOISE },
	{ "msix-storm", .quirk = QUIRK_MSIX_STORM },
	{ "intx-storm", .quirk = QUIRK_INTX_STORM },
};

/** lie_named() - a lie, or NULL */
const struct lie *lie_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(lies); i++)
		if (!strcmp(name, lies[i].name))
			return &lies[i];
	return NULL;
}
