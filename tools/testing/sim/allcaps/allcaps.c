// SPDX-License-Identifier: GPL-2.0-only
/*
 * See allcaps.h.  The registers keep what is written to them; those that say how long a capability
 * is are fixed.  Reset by PCI Express and by advanced features, and the flag of vital product data,
 * are all that does something.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/pci_regs.h>

#include "../transport/macros.h"
#include "allcaps.h"

#define MOST_WORDS	28
/* Linux has it in linux/pci.h. */
#define PCI_VPD_SRDT_END	0x78
#define KEPT		0xffffffff	/* all bits can be written */
#define VC_TABLE(at)	((uint32_t)(at) << 24)	/* in units of 16 bytes */

/**
 * struct capability - registers in 32-bit words
 * @id: PCI_CAP_ID_* or PCI_EXT_CAP_ID_*
 * @words: how many
 * @value: of each, less what its list has in the first
 * @writable: bits that keep what is written
 */
struct capability {
	uint8_t id;
	uint8_t words;
	uint32_t value[MOST_WORDS];
	uint32_t writable[MOST_WORDS];
};

/* With those of PCI Express and of MSI-X they fill config space to its byte 255. */
static const struct capability standard[] = {
	{ PCI_CAP_ID_PM, 2, { 3 << 16, PCI_PM_CTRL_NO_SOFT_RESET }, { 0, PCI_PM_CTRL_STATE_MASK } },
	{ PCI_CAP_ID_AGP, 3, { 0x20 << 16, 0x1f000217 }, { 0, 0, KEPT } },
	{ PCI_CAP_ID_VPD, 2, {}, { 0xffff0000, KEPT } },
	{ PCI_CAP_ID_MSI, 5, { PCI_MSI_FLAGS_MASKBIT << 16 | 3 << 17 },
	  { (PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE) << 16, 0xfffffffc, 0xffff, 0xff } },
	{ PCI_CAP_ID_PCIX, 2, { 0, 0x00030000 }, { 0x7f << 16 } },
	{ PCI_CAP_ID_HT, HT_CAP_SIZEOF_LONG / 4, { HT_CAPTYPE_SLAVE << 24 },
	  { 0, KEPT, KEPT, KEPT, KEPT, KEPT, KEPT } },
	{ PCI_CAP_ID_VNDR, 2, { 8 << 16 }, { 0, KEPT } },
	{ PCI_CAP_ID_SATA, PCI_SATA_SIZEOF_LONG / 4, { 0x10 << 16, PCI_SATA_REGS_INLINE },
	  { 0, 0, KEPT, KEPT } },
	{ PCI_CAP_ID_AF, 2, { PCI_CAP_AF_SIZEOF << 16 | (PCI_AF_CAP_TP | PCI_AF_CAP_FLR) << 24 },
	  { 0, PCI_AF_CTRL_FLR } },
	{ PCI_CAP_ID_DBG, 1, {}, {} },
};

/* The lengths of the three with virtual channels differ by the phases of their arbitration. */
static const struct capability extended[] = {
	{ PCI_EXT_CAP_ID_ERR, 18, {}, { 0, 0, KEPT, KEPT, 0, KEPT, 0x1e0 } },
	{ PCI_EXT_CAP_ID_VC, 16, { 0, 1, PCI_VC_CAP2_32_PHASE | VC_TABLE(3) },
	  { 0, 0, 0, 0xe, 0, KEPT, 0, 0, KEPT } },
	{ PCI_EXT_CAP_ID_DSN, 3, { 0, 0x76543210, 0xfedcba98 }, {} },
	{ PCI_EXT_CAP_ID_PWR, 4, { 0, 0, 0x1234, 1 }, { 0, 0xff } },
	{ PCI_EXT_CAP_ID_MFVC, 20, { 0, 1, PCI_VC_CAP2_64_PHASE | VC_TABLE(3) },
	  { 0, 0, 0, 0xe, 0, KEPT, 0, 0, KEPT } },
	{ PCI_EXT_CAP_ID_VC9, 28, { 0, 1, PCI_VC_CAP2_128_PHASE | VC_TABLE(3) },
	  { 0, 0, 0, 0xe, 0, KEPT, 0, 0, KEPT } },
	{ PCI_EXT_CAP_ID_VNDR, 4, { 0, 0x01010002 }, { 0, 0, KEPT, KEPT } },
	{ PCI_EXT_CAP_ID_CAC, 2, {}, { 0, KEPT } },
	{ PCI_EXT_CAP_ID_ACS, 4, { 0, 40 << 8 | PCI_ACS_EC }, { 0, 0x7f << 16, KEPT, KEPT } },
	{ PCI_EXT_CAP_ID_ARI, PCI_EXT_CAP_ARI_SIZEOF / 4, {}, { 0, KEPT << 16 } },
	{ PCI_EXT_CAP_ID_ATS, PCI_EXT_CAP_ATS_SIZEOF / 4, {}, { 0, KEPT << 16 } },
	{ PCI_EXT_CAP_ID_MCAST, PCI_EXT_CAP_MCAST_ENDPOINT_SIZEOF / 4, {},
	  { 0, KEPT << 16, KEPT, KEPT, KEPT, KEPT, KEPT, KEPT, KEPT, KEPT } },
	{ PCI_EXT_CAP_ID_PRI, PCI_EXT_CAP_PRI_SIZEOF / 4, {}, { 0, 3, 0, KEPT } },
	{ PCI_EXT_CAP_ID_REBAR, 3, { 0, 0x10, 1 << 5 }, { 0, 0, 0x3f00 } },
	{ PCI_EXT_CAP_ID_DPA, 5, { 0, 2 }, { 0, 0, 0, 0x1f << 16 } },
	{ PCI_EXT_CAP_ID_TPH, 7, { 0, PCI_TPH_LOC_CAP | 7 << 16 },
	  { 0, 0, 0x307, KEPT, KEPT, KEPT, KEPT } },
	{ PCI_EXT_CAP_ID_LTR, PCI_EXT_CAP_LTR_SIZEOF / 4, {}, { 0, 0x1fff1fff } },
	{ PCI_EXT_CAP_ID_SECPCI, 3, {}, { 0, KEPT, KEPT } },
	{ PCI_EXT_CAP_ID_PASID, PCI_EXT_CAP_PASID_SIZEOF / 4, {}, { 0, 7 << 16 } },
	{ PCI_EXT_CAP_ID_DVSEC, 4, { 0, 0x01001234, 7 }, { 0, 0, KEPT << 16, KEPT } },
};

static struct allcaps *allcaps_of(struct pci_function *fn)
{
	return container_of(fn, struct allcaps, pci);
}

static void on_bar(struct pci_function *fn, unsigned int bar, uint64_t offset, void *data,
		   size_t count, bool write)
{
	struct allcaps *allcaps = allcaps_of(fn);

	(void)bar;
	if (write)
		memcpy(allcaps->bar + offset, data, count);
	else
		memcpy(data, allcaps->bar + offset, count);
}

static void on_reset(struct pci_function *fn)
{
	memset(allcaps_of(fn)->bar, 0, ALLCAPS_BAR_SIZE);
}

static bool covers(unsigned int at, size_t count, unsigned int byte)
{
	return at <= byte && byte < at + count;
}

static void on_written(struct pci_function *fn, unsigned int at, size_t count)
{
	struct allcaps *allcaps = allcaps_of(fn);
	unsigned int flag = allcaps->vpd + PCI_VPD_ADDR + 1;
	unsigned int control = allcaps->af + PCI_AF_CTRL;

	/* A transfer is over at once.  Of product data there is the end. */
	if (covers(at, count, flag)) {
		fn->space[flag] ^= PCI_VPD_ADDR_F >> 8;
		pci_set32(fn, allcaps->vpd + PCI_VPD_DATA,
			  pci_get16(fn, allcaps->vpd + PCI_VPD_ADDR) & PCI_VPD_ADDR_MASK ?
			  0 : PCI_VPD_SRDT_END, KEPT);
	}
	if (covers(at, count, control) && fn->space[control] & PCI_AF_CTRL_FLR) {
		fn->function_level = true;
		pci_reset(fn);
		fn->function_level = false;
	}
}

static void put_words(struct pci_function *fn, unsigned int at, const struct capability *cap,
		      uint32_t header)
{
	for (unsigned int i = 0; i < cap->words; i++)
		pci_set32(fn, at + 4 * i, cap->value[i] | (i ? 0 : header), cap->writable[i]);
}

/* pci_add_cap() has linked it already, and will write the link to the next one. */
static unsigned int add_standard(struct pci_function *fn, const struct capability *cap)
{
	unsigned int at = pci_add_cap(fn, cap->id, 4 * cap->words);

	put_words(fn, at, cap, cap->id);
	return at;
}

static void add_extended(struct pci_function *fn)
{
	unsigned int at = PCI_CFG_SPACE_SIZE;

	for (size_t i = 0; i < sizeof(extended) / sizeof(*extended); i++) {
		unsigned int next = at + 4 * extended[i].words;
		bool last = i + 1 == sizeof(extended) / sizeof(*extended);

		put_words(fn, at, &extended[i],
			  (last ? 0 : next) << 20 | 1 << 16 | extended[i].id);
		at = next;
	}
}

static void build(struct allcaps *allcaps)
{
	static const struct pci_function_ops ops = {
		.bar = on_bar, .reset = on_reset, .written = on_written,
	};
	static const struct pci_identity identity = {
		.vendor = 0x1234, .device = 0x11a6, .class = 0xff0000, .revision = 1,
	};
	struct pci_function *fn = &allcaps->pci;

	pci_init(fn, &ops, &identity);
	pci_add_bar(fn, 0, ALLCAPS_BAR_SIZE);
	pci_add_express(fn);
	pci_add_msix(fn, ALLCAPS_VECTORS, 0, ALLCAPS_TABLE, ALLCAPS_PBA);
	for (size_t i = 0; i < sizeof(standard) / sizeof(*standard); i++) {
		unsigned int at = add_standard(fn, &standard[i]);

		if (standard[i].id == PCI_CAP_ID_VPD)
			allcaps->vpd = at;
		if (standard[i].id == PCI_CAP_ID_AF)
			allcaps->af = at;
	}
	add_extended(fn);
}

/**
 * allcaps_new() - make one and offer it to QEMU
 * @socket: where
 *
 * Return: the function, or NULL with errno set.
 */
void *allcaps_new(const char *socket)
{
	struct allcaps *allcaps = calloc(1, sizeof(*allcaps));
	struct pci_function *fn;
	int error;

	if (!allcaps)
		return NULL;
	fn = &allcaps->pci;
	build(allcaps);
	error = pci_plug(fn, socket);
	if (error) {
		free(allcaps);
		errno = -error;
		return NULL;
	}
	/* A reset brings these back. */
	pci_set16(fn, PCI_STATUS, 0, 0);
	fn->space[PCI_CAPABILITY_LIST] = 0;
	memset(fn->space + PCI_CFG_SPACE_SIZE, 0, 4);
	return allcaps;
}

/** allcaps_free() - unplug it */
void allcaps_free(void *allcaps)
{
	pci_unplug(&((struct allcaps *)allcaps)->pci);
	free(allcaps);
}
