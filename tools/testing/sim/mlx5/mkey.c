// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory keys: what a driver lets the card do with its memory, and where that memory is.  A key
 * translates directly (its addresses are the bus's), by a list of pages, or by one of other keys.
 */
#include "command.h"

enum {
	MODE_PHYSICAL,
	MODE_PAGES,
	MODE_KEYS,
	MODE_KEYS_FIXED,
};

#define KEY_ENTRY	16U
#define MOST_DEPTH	4

#define MKC(in, field) IFC_GET_INNER(create_mkey_in, memory_key_mkey_entry, mkc, in, field)

static unsigned int mode_of(const void *in)
{
	return MKC(in, access_mode_4_2) << 2 | MKC(in, access_mode_1_0);
}

static const uint8_t *list_of(const struct object *mkey)
{
	return mkey->in + IFC_BYTES(create_mkey_in);
}

static uint32_t list_bytes(const void *in, uint32_t size)
{
	uint64_t said = IFC_GET(create_mkey_in, in, translations_octword_actual_size) * 16;
	uint32_t there = size - IFC_BYTES(create_mkey_in);

	return said < there ? said : there;
}

/** mkey_valid() - whether a description lists as much as it covers, in a way that we know */
bool mkey_valid(const void *in, uint32_t size)
{
	uint64_t log_page = MKC(in, log_page_size);
	uint64_t length = MKC(in, len);

	switch (mode_of(in)) {
	case MODE_PHYSICAL:
	case MODE_KEYS:
		return true;
	case MODE_PAGES:
		if (MKC(in, free) || MKC(in, umr_en))
			return true;
		return log_page >= 12 && log_page < 40 &&
		       length <= (uint64_t)list_bytes(in, size) / 8 << log_page;
	case MODE_KEYS_FIXED:
		return log_page >= 12 && log_page < 40;
	default:
		return false;
	}
}

static bool copy(struct hca *hca, uint32_t key, uint64_t address, uint8_t *data, size_t count,
		 bool write, unsigned int depth);

static bool copy_pages(struct hca *hca, const struct object *mkey, uint64_t offset, uint8_t *data,
		       size_t count, bool write)
{
	uint64_t page = 1ULL << MKC(mkey->in, log_page_size);
	/* A buffer need not begin where its first page does. */
	uint64_t skip = MKC(mkey->in, start_addr) & (page - 1);
	uint32_t entries = list_bytes(mkey->in, mkey->size) / 8;

	for (offset += skip; count;) {
		uint64_t index = offset / page;
		uint64_t in_page = offset & (page - 1);
		size_t part = page - in_page < count ? page - in_page : count;
		uint64_t at;

		if (index >= entries)
			return false;
		/* The low bits of an entry say what may be done with the page. */
		at = (bits_get(list_of(mkey), index * 64, 64) & ~7ULL) + in_page;
		if (!(write ? pci_dma_write(&hca->pci, at, data, part) :
			      pci_dma_read(&hca->pci, at, data, part)))
			return false;
		offset += part;
		data += part;
		count -= part;
	}
	return true;
}

/* Entries of a list of keys: a length unless it is fixed, a key, and an address in it. */
static bool copy_keys(struct hca *hca, const struct object *mkey, uint64_t offset, uint8_t *data,
		      size_t count, bool write, unsigned int depth)
{
	uint32_t entries = list_bytes(mkey->in, mkey->size) / KEY_ENTRY;
	bool fixed = mode_of(mkey->in) == MODE_KEYS_FIXED;

	for (uint32_t i = 0; i < entries && count; i++) {
		const uint8_t *entry = list_of(mkey) + i * KEY_ENTRY;
		uint64_t length = fixed ? 1ULL << MKC(mkey->in, log_page_size) :
					  bits_get(entry, 0, 32);
		size_t part;

		if (offset >= length) {
			offset -= length;
			continue;
		}
		part = length - offset < count ? length - offset : count;
		if (!copy(hca, bits_get(entry, 32, 32), bits_get(entry, 64, 64) + offset, data,
			  part, write, depth + 1))
			return false;
		offset = 0;
		data += part;
		count -= part;
	}
	return !count;
}

static bool copy(struct hca *hca, uint32_t key, uint64_t address, uint8_t *data, size_t count,
		 bool write, unsigned int depth)
{
	struct object *mkey = object_find(hca, OBJECT_MKEY, key >> 8);
	uint64_t offset;

	if (!mkey || depth > MOST_DEPTH || (key & 0xff) != MKC(mkey->in, mkey_7_0) ||
	    !(write ? MKC(mkey->in, lw) : MKC(mkey->in, lr)))
		return false;
	offset = address - MKC(mkey->in, start_addr);
	if (!MKC(mkey->in, length64) &&
	    (offset > MKC(mkey->in, len) || count > MKC(mkey->in, len) - offset))
		return false;
	switch (mode_of(mkey->in)) {
	case MODE_PHYSICAL:
		return write ? pci_dma_write(&hca->pci, address, data, count) :
			       pci_dma_read(&hca->pci, address, data, count);
	case MODE_PAGES:
		return copy_pages(hca, mkey, offset, data, count, write);
	default:
		return copy_keys(hca, mkey, offset, data, count, write, depth);
	}
}

/**
 * mkey_copy() - access memory through a key
 * @mkey: number and variant, as commands carry it
 * @address: in the key's own addresses
 * @data: only read if @write
 *
 * Return: whether all of it is covered, allowed, and mapped for the function.
 */
bool mkey_copy(struct hca *hca, uint32_t mkey, uint64_t address, void *data, size_t count,
	       bool write)
{
	return copy(hca, mkey, address, data, count, write, 0);
}
