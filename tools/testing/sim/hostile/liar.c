// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a liar is when it does not lie, and how it begins to.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/pci_regs.h>

#include "../transport/macros.h"
#include "liar.h"

/* Vital product data: a name, a checksum, the end. */
static const uint8_t product_data[16] = {
	0x82, 4, 0, 'l', 'i', 'a', 'r', 0x90, 4, 0, 'R', 'V', 1, 0, 0x78,
};

static struct liar *liar_of(struct pci_function *fn)
{
	return container_of(fn, struct liar, pci);
}

static void put(uint8_t *to, uint32_t value, unsigned int width)
{
	for (unsigned int i = 0; i < width; i++)
		to[i] = value >> 8 * i;
}

/* Bits of config space that software does not write become those of @value, @width bytes of it. */
static void say(struct liar *liar, unsigned int at, const uint8_t *value, unsigned int width)
{
	for (unsigned int i = 0; i < width; i++) {
		uint8_t kept = liar->pci.writable[at + i];

		liar->pci.space[at + i] = (liar->pci.space[at + i] & kept) | (value[i] & ~kept);
	}
}

/* Lies about what its registers are, or no longer. */
static void apply(struct liar *liar, const struct lie *lie, bool lying)
{
	const struct patch *patch = lie->patches;

	for (; patch < lie->patches + LIAR_PATCHES && patch->width; patch++) {
		uint8_t bytes[4];

		put(bytes, patch->value, patch->width);
		if (patch->rom && lying)
			memcpy(liar->rom + patch->at, bytes, patch->width);
		else if (!patch->rom)
			say(liar, patch->at, lying ? bytes : liar->pci.initial + patch->at,
			    patch->width);
	}
}

/* Its first capabilities are in none of the lists while it hides them. */
static void hide(struct liar *liar)
{
	liar->pci.space[PCI_STATUS] &= ~PCI_STATUS_CAP_LIST;
	liar->pci.space[PCI_CAPABILITY_LIST] = 0;
	put(liar->pci.space + LIAR_ERR, 0, 4);
}

static void set_line(struct liar *liar, bool level)
{
	uint8_t *status = liar->pci.space + PCI_STATUS;

	*status = (*status & ~PCI_STATUS_INTERRUPT) | (level ? PCI_STATUS_INTERRUPT : 0);
	vfu_assert(liar->pci.vfu, level);
}

static void on_storm(struct loop_timer *timer)
{
	struct liar *liar = timer->data;

	for (unsigned int i = 0; i < LIAR_VECTORS; i++)
		vfu_trigger(liar->pci.vfu, i);
	/* Any faster, and QEMU has no time left for the machine. */
	loop_set_timer(timer, 1);
}

/* What a lie does, from now on. */
static void act(struct liar *liar)
{
	enum quirk quirk = liar->lie->quirk;

	liar->pci.gone = quirk == QUIRK_GONE || liar->hung;
	loop_cancel_timer(&liar->storm);
	if (quirk == QUIRK_MSIX_STORM)
		on_storm(&liar->storm);
	if (liar->open)
		set_line(liar, quirk == QUIRK_INTX_STORM);
}

/** liar_tell() - let it tell a lie instead of the one that it tells */
void liar_tell(struct liar *liar, const struct lie *lie)
{
	if (liar->shown)
		apply(liar, liar->lie, false);
	liar->lie = lie;
	liar->hung = false;
	if (liar->shown)
		apply(liar, lie, true);
	act(liar);
}

static void on_reset(struct pci_function *fn)
{
	struct liar *liar = liar_of(fn);

	liar->scratch = 0;
	liar->shown = true;
	liar->hung = fn->function_level && liar->lie->quirk == QUIRK_FLR_STUCK;
	apply(liar, liar->lie, true);
	act(liar);
}

static uint8_t noise(struct liar *liar)
{
	/* Xorshift, as good as any here. */
	liar->random ^= liar->random << 13;
	liar->random ^= liar->random >> 7;
	liar->random ^= liar->random << 17;
	return liar->random;
}

/* Who it is stays as it was, since the kernel takes all ones there for a function that is gone. */
static void on_seen(struct pci_function *fn, unsigned int at, uint8_t *data, size_t count)
{
	struct liar *liar = liar_of(fn);

	if (liar->lie->quirk != QUIRK_NOISE || !liar->shown)
		return;
	for (size_t i = 0; i < count; i++)
		if (at + i >= PCI_STD_HEADER_SIZEOF)
			data[i] = noise(liar);
}

/* A transfer begins with a write to the flag, whose value says where to. */
static void on_written(struct pci_function *fn, unsigned int at, size_t count)
{
	struct liar *liar = liar_of(fn);
	unsigned int flag = LIAR_VPD + PCI_VPD_ADDR + 1;
	uint16_t address;

	if (at > flag || flag >= at + count || liar->lie->quirk == QUIRK_VPD_STUCK)
		return;
	address = pci_get16(fn, LIAR_VPD + PCI_VPD_ADDR) & PCI_VPD_ADDR_MASK;
	fn->space[flag] ^= PCI_VPD_ADDR_F >> 8;
	if (!(fn->space[flag] & (PCI_VPD_ADDR_F >> 8)))
		return;
	put(fn->space + LIAR_VPD + PCI_VPD_DATA, 0, 4);
	for (unsigned int i = 0; i < 4 && address + i < sizeof(product_data); i++)
		fn->space[LIAR_VPD + PCI_VPD_DATA + i] = product_data[address + i];
}

static void on_bar(struct pci_function *fn, unsigned int bar, uint64_t offset, void *data,
		   size_t count, bool write)
{
	struct liar *liar = liar_of(fn);

	if (!write)
		memset(data, 0, count);
	if (bar == VFU_ROM && !write)
		memcpy(data, liar->rom + offset, count);
	if (bar || offset != LIAR_SCRATCH || count != sizeof(liar->scratch))
		return;
	if (write)
		memcpy(&liar->scratch, data, count);
	else
		memcpy(data, &liar->scratch, count);
}

/* One image, which no firmware runs: its checksum is wrong. */
static void fill_rom(struct liar *liar)
{
	static const uint8_t header[] = { 0x55, 0xaa, 2, 0xcb };

	memcpy(liar->rom, header, sizeof(header));
	put(liar->rom + 0x18, 0x1c, 2);
	memcpy(liar->rom + 0x1c, "PCIR", 4);
	memcpy(liar->rom + 0x20, liar->pci.space + PCI_VENDOR_ID, 4);
	put(liar->rom + 0x26, 0x18, 2);	/* bytes of this */
	put(liar->rom + 0x2c, 2, 2);	/* of the image, in units of 512 */
	liar->rom[0x30] = 0xff;		/* for no machine */
	liar->rom[0x31] = 0x80;		/* the last one */
}

static void add_pm(struct pci_function *fn)
{
	unsigned int at = pci_add_cap(fn, PCI_CAP_ID_PM, PCI_PM_SIZEOF);

	pci_set16(fn, at + PCI_PM_PMC, 3, 0);
	pci_set16(fn, at + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET, PCI_PM_CTRL_STATE_MASK);
}

static void add_vpd(struct pci_function *fn)
{
	unsigned int at = pci_add_cap(fn, PCI_CAP_ID_VPD, PCI_CAP_VPD_SIZEOF);

	pci_set16(fn, at + PCI_VPD_ADDR, 0, 0xffff);
	pci_set32(fn, at + PCI_VPD_DATA, 0, 0xffffffff);
}

static void add_msi(struct pci_function *fn)
{
	unsigned int at = pci_add_cap(fn, PCI_CAP_ID_MSI, PCI_MSI_DATA_64 + 4);

	pci_set16(fn, at + PCI_MSI_FLAGS, PCI_MSI_FLAGS_64BIT | 3 << 1,
		  PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
	pci_set32(fn, at + PCI_MSI_ADDRESS_LO, 0, 0xfffffffc);
	pci_set32(fn, at + PCI_MSI_ADDRESS_HI, 0, 0xffffffff);
	pci_set16(fn, at + PCI_MSI_DATA_64, 0, 0xffff);
}

static void add_extended(struct pci_function *fn)
{
	pci_set32(fn, LIAR_ERR, LIAR_VSEC << 20 | 1 << 16 | PCI_EXT_CAP_ID_ERR, 0);
	pci_set32(fn, LIAR_VSEC, LIAR_DSN << 20 | 1 << 16 | PCI_EXT_CAP_ID_VNDR, 0);
	pci_set32(fn, LIAR_VSEC + PCI_VNDR_HEADER, 0x0201001c, 0);
	pci_set32(fn, LIAR_DSN, 1 << 16 | PCI_EXT_CAP_ID_DSN, 0);
	pci_set32(fn, LIAR_DSN + 4, 0x11a51234, 0);
}

static bool build(struct liar *liar)
{
	static const struct pci_function_ops ops = {
		.bar = on_bar, .reset = on_reset, .written = on_written, .seen = on_seen,
	};
	static const struct pci_identity identity = {
		.vendor = 0x1234, .device = 0x11a5, .class = 0xff0000, .revision = 1,
	};
	struct pci_function *fn = &liar->pci;

	pci_init(fn, &ops, &identity);
	pci_add_bar(fn, 0, LIAR_BAR_SIZE);
	pci_add_bar(fn, 2, LIAR_BAR2_SIZE);
	fn->info.region_size[VFU_ROM] = LIAR_ROM_SIZE;
	pci_set32(fn, PCI_ROM_ADDRESS, 0, ~(LIAR_ROM_SIZE - 1) | PCI_ROM_ADDRESS_ENABLE);
	add_pm(fn);
	pci_add_msix(fn, LIAR_VECTORS, 0, LIAR_TABLE, LIAR_PBA);
	add_vpd(fn);
	add_msi(fn);
	pci_add_express(fn);
	fn->space[pci_add_cap(fn, PCI_CAP_ID_VNDR, 0x10) + 2] = 0x10;
	add_extended(fn);
	if (liar->open) {
		fn->space[PCI_INTERRUPT_PIN] = 1;
		fn->info.intx = true;
	}
	fill_rom(liar);
	/* The lies know where things are. */
	return fn->express == LIAR_EXP && fn->free_cap == LIAR_FREE;
}

/**
 * liar_new() - make a liar and offer it to QEMU
 * @how: the lie that it tells from the first reset on, or "open" for one that hides nothing
 * @socket: where
 *
 * Return: the liar, or NULL with errno set.
 */
struct liar *liar_new(const char *how, const char *socket)
{
	bool open = !strcmp(how, "open");
	const struct lie *lie = lie_named(open ? "none" : how);
	struct liar *liar;
	int error = -EINVAL;

	if (!lie) {
		errno = EINVAL;
		return NULL;
	}
	liar = calloc(1, sizeof(*liar));
	if (!liar)
		return NULL;
	liar->open = open;
	liar->lie = lie;
	liar->random = 0x9e3779b97f4a7c15;
	liar->storm = (struct loop_timer) { .fire = on_storm, .data = liar };
	if (build(liar))
		error = pci_plug(&liar->pci, socket);
	if (error) {
		free(liar);
		errno = -error;
		return NULL;
	}
	apply(liar, lie, true);
	liar->shown = open;
	if (!open)
		hide(liar);
	return liar;
}

/** liar_free() - unplug it */
void liar_free(struct liar *liar)
{
	loop_cancel_timer(&liar->storm);
	pci_unplug(&liar->pci);
	free(liar);
}
