/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A function that lies: an endpoint with many kinds of capabilities, whose config space is sound
 * until it is told to lie, and then says what no sound device would.
 *
 * QEMU believes what it reads when it plugs a function in, and would crash or refuse rather than
 * let a guest see some of the lies.  So until the machine's first reset a liar shows no
 * capabilities at all, and QEMU passes on what it shows later.
 */
#ifndef SIM_HOSTILE_LIAR_H
#define SIM_HOSTILE_LIAR_H

#include "../pci/config.h"
#include "../transport/loop.h"

#define MOST_LIARS	8
#define LIAR_VECTORS	8
#define LIAR_PATCHES	4

/* Where its capabilities are; pci_add_cap() puts them there. */
enum {
	LIAR_PM		= 0x40,
	LIAR_MSIX	= 0x48,
	LIAR_VPD	= 0x54,
	LIAR_MSI	= 0x5c,
	LIAR_EXP	= 0x6c,
	LIAR_VNDR	= 0xa8,
	LIAR_FREE	= 0xb8,
	LIAR_LAST	= 0xfc,	/* room for four bytes */
	LIAR_ERR	= 0x100,
	LIAR_VSEC	= 0x150,
	LIAR_DSN	= 0x180,
	LIAR_EXT_LAST	= 0xffc,
};

/* Its BARs: 64 bits each, so that there is no BAR 4 or 5. */
enum {
	LIAR_BAR_SIZE	= 0x10000,
	LIAR_BAR2_SIZE	= 0x1000,
	LIAR_ROM_SIZE	= 0x800,
	LIAR_SCRATCH	= 0x10,	/* 32 bits that keep what is written, in BAR 0 */
	LIAR_TABLE	= 0x8000,
	LIAR_PBA	= 0x9000,
};

/**
 * enum quirk - lies that are not a matter of what a register says
 * @QUIRK_VPD_STUCK: a transfer of vital product data never ends
 * @QUIRK_FLR_STUCK: after function-level reset it does not answer until its bus is reset
 * @QUIRK_GONE: it has been pulled out: everything reads as ones
 * @QUIRK_NOISE: what is behind the header reads differently each time
 * @QUIRK_MSIX_STORM: all vectors fire without end
 * @QUIRK_INTX_STORM: its line is asserted, and stays so
 */
enum quirk {
	QUIRK_NONE,
	QUIRK_VPD_STUCK,
	QUIRK_FLR_STUCK,
	QUIRK_GONE,
	QUIRK_NOISE,
	QUIRK_MSIX_STORM,
	QUIRK_INTX_STORM,
};

/**
 * struct lie - what it can be told to say
 * @name: of the lie
 * @quirk: what it does
 * @patches: what it says: @value in the @width bytes at @at; in the ROM if @rom; @width 0 ends them
 */
struct lie {
	const char *name;
	enum quirk quirk;
	struct patch {
		uint16_t at;
		uint8_t width;
		bool rom;
		uint32_t value;
	} patches[LIAR_PATCHES];
};

const struct lie *lie_named(const char *name);

/**
 * struct liar - a function
 * @pci: its PCI function
 * @lie: what it says, never NULL
 * @open: QEMU sees its capabilities, and gives it interrupts
 * @shown: its capabilities have appeared
 * @hung: it waits for a reset of its bus
 * @scratch: see LIAR_SCRATCH
 * @random: state of the noise
 * @rom: what is in its ROM
 * @storm: the next interrupts
 */
struct liar {
	struct pci_function pci;
	const struct lie *lie;
	bool open;
	bool shown;
	bool hung;
	uint32_t scratch;
	uint64_t random;
	uint8_t rom[LIAR_ROM_SIZE];
	struct loop_timer storm;
};

struct liar *liar_new(const char *how, const char *socket);
void liar_free(struct liar *liar);
struct liar *liar_named(const char *name);
void liar_tell(struct liar *liar, const struct lie *lie);

#endif /* SIM_HOSTILE_LIAR_H */
