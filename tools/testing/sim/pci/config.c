// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space.  QEMU emulates the BARs and the MSI-X table itself; what it asks us for is their
 * sizes, and everything else.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <linux/pci_regs.h>

#include "config.h"

uint16_t pci_get16(const struct pci_function *fn, unsigned int at)
{
	uint16_t value;

	memcpy(&value, fn->space + at, sizeof(value));
	return le16toh(value);
}

uint32_t pci_get32(const struct pci_function *fn, unsigned int at)
{
	uint32_t value;

	memcpy(&value, fn->space + at, sizeof(value));
	return le32toh(value);
}

/** pci_set16() - give a register its value and say which bits software may change */
void pci_set16(struct pci_function *fn, unsigned int at, uint16_t value, uint16_t writable)
{
	value = htole16(value);
	writable = htole16(writable);
	memcpy(fn->space + at, &value, sizeof(value));
	memcpy(fn->writable + at, &writable, sizeof(writable));
}

/** pci_set32() - likewise */
void pci_set32(struct pci_function *fn, unsigned int at, uint32_t value, uint32_t writable)
{
	value = htole32(value);
	writable = htole32(writable);
	memcpy(fn->space + at, &value, sizeof(value));
	memcpy(fn->writable + at, &writable, sizeof(writable));
}

/** pci_init() - begin a function: a header of type 0 */
void pci_init(struct pci_function *fn, const struct pci_function_ops *ops,
	      const struct pci_identity *identity)
{
	fn->ops = ops;
	fn->free_cap = 0x40;
	fn->info.region_size[VFU_CONFIG] = PCI_CONFIG_SIZE;
	pci_set16(fn, PCI_VENDOR_ID, identity->vendor, 0);
	pci_set16(fn, PCI_DEVICE_ID, identity->device, 0);
	pci_set16(fn, PCI_COMMAND, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
		  PCI_COMMAND_PARITY | PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE);
	pci_set16(fn, PCI_STATUS, PCI_STATUS_CAP_LIST, 0);
	/* Of no effect in PCI Express, but kept. */
	fn->writable[PCI_CACHE_LINE_SIZE] = 0xff;
	pci_set32(fn, PCI_CLASS_REVISION, identity->class << 8 | identity->revision, 0);
	pci_set16(fn, PCI_SUBSYSTEM_VENDOR_ID, identity->subsystem_vendor, 0);
	pci_set16(fn, PCI_SUBSYSTEM_ID, identity->subsystem, 0);
}

/** pci_add_bar() - memory, 64 bits, prefetchable; @size is a power of two */
void pci_add_bar(struct pci_function *fn, unsigned int bar, uint64_t size)
{
	unsigned int at = PCI_BASE_ADDRESS_0 + 4 * bar;
	uint32_t kind = PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH;

	fn->info.region_size[bar] = size;
	pci_set32(fn, at, kind, ~(uint32_t)(size - 1));
	pci_set32(fn, at + 4, 0, ~(uint32_t)((size - 1) >> 32));
}

/**
 * pci_add_cap() - append a capability of @size bytes, of which the caller fills in all but the
 * first two
 *
 * Return: where it is.
 */
unsigned int pci_add_cap(struct pci_function *fn, uint8_t id, unsigned int size)
{
	unsigned int at = fn->free_cap;

	fn->space[fn->last_cap ? fn->last_cap + PCI_CAP_LIST_NEXT : PCI_CAPABILITY_LIST] = at;
	fn->space[at] = id;
	fn->last_cap = at;
	fn->free_cap = (at + size + 3) & ~3U;
	return at;
}

/** pci_add_express() - the capability that makes it an endpoint with function-level reset */
void pci_add_express(struct pci_function *fn)
{
	unsigned int at = pci_add_cap(fn, PCI_CAP_ID_EXP, 0x3c);

	fn->express = at;
	pci_set16(fn, at + PCI_EXP_FLAGS, 2 | PCI_EXP_TYPE_ENDPOINT << 4, 0);
	pci_set32(fn, at + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_FLR | PCI_EXP_DEVCAP_RBER, 0);
	pci_set16(fn, at + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_READRQ_512B,
		  0xffff & ~PCI_EXP_DEVCTL_BCR_FLR);
	pci_set32(fn, at + PCI_EXP_LNKCAP, PCI_EXP_LNKCAP_SLS_16_0GB | 16 << 4, 0);
	pci_set16(fn, at + PCI_EXP_LNKCTL, 0, PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_CCC);
	pci_set16(fn, at + PCI_EXP_LNKSTA, PCI_EXP_LNKSTA_CLS_16_0GB | 16 << 4, 0);
	pci_set16(fn, at + PCI_EXP_DEVCTL2, 0, PCI_EXP_DEVCTL2_COMP_TIMEOUT |
		  PCI_EXP_DEVCTL2_COMP_TMOUT_DIS);
}

/** pci_add_msix() - @vectors with their table and pending bits in @bar */
void pci_add_msix(struct pci_function *fn, unsigned int vectors, unsigned int bar,
		  uint32_t table, uint32_t pba)
{
	unsigned int at = pci_add_cap(fn, PCI_CAP_ID_MSIX, PCI_CAP_MSIX_SIZEOF);

	fn->info.vectors = vectors;
	pci_set16(fn, at + PCI_MSIX_FLAGS, vectors - 1,
		  PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	pci_set32(fn, at + PCI_MSIX_TABLE, table | bar, 0);
	pci_set32(fn, at + PCI_MSIX_PBA, pba | bar, 0);
}

/** pci_reset() - reset, of whatever kind */
void pci_reset(struct pci_function *fn)
{
	memcpy(fn->space, fn->initial, sizeof(fn->space));
	fn->ops->reset(fn);
}

static void write_config(struct pci_function *fn, unsigned int at, const uint8_t *data,
			 size_t count)
{
	unsigned int control = fn->express + PCI_EXP_DEVCTL + 1;
	bool reset = fn->express && at <= control && control < at + count &&
		     data[control - at] & (PCI_EXP_DEVCTL_BCR_FLR >> 8);

	for (size_t i = 0; i < count; i++) {
		uint8_t mask = fn->writable[at + i];

		fn->space[at + i] = (fn->space[at + i] & ~mask) | (data[i] & mask);
	}
	if (fn->ops->written)
		fn->ops->written(fn, at, count);
	if (reset) {
		fn->function_level = true;
		pci_reset(fn);
		fn->function_level = false;
	}
}

static void on_access(struct vfu *vfu, unsigned int region, uint64_t offset, void *data,
		      size_t count, bool write)
{
	struct pci_function *fn = vfu_data(vfu);

	if (fn->gone) {
		if (!write)
			memset(data, 0xff, count);
	} else if (region != VFU_CONFIG) {
		fn->ops->bar(fn, region, offset, data, count, write);
	} else if (write) {
		write_config(fn, offset, data, count);
	} else {
		memcpy(data, fn->space + offset, count);
		if (fn->ops->seen)
			fn->ops->seen(fn, offset, data, count);
	}
}

static void on_reset(struct vfu *vfu)
{
	pci_reset(vfu_data(vfu));
}

static void on_attached(struct vfu *vfu, bool yes)
{
	struct pci_function *fn = vfu_data(vfu);

	if (fn->ops->attached)
		fn->ops->attached(fn, yes);
}

/**
 * pci_plug() - offer the function to QEMU; its config space is complete
 * @path: of the socket
 *
 * Return: 0 or a negative errno.
 */
int pci_plug(struct pci_function *fn, const char *path)
{
	static const struct vfu_ops ops = {
		.access = on_access, .reset = on_reset, .attached = on_attached,
	};

	memcpy(fn->initial, fn->space, sizeof(fn->space));
	fn->vfu = vfu_create(path, &ops, &fn->info, fn);
	return fn->vfu ? 0 : -errno;
}

/** pci_unplug() - and no longer */
void pci_unplug(struct pci_function *fn)
{
	vfu_destroy(fn->vfu);
	fn->vfu = NULL;
}

/** pci_master() - whether the function may access memory and send interrupts */
bool pci_master(const struct pci_function *fn)
{
	return !fn->gone && pci_get16(fn, PCI_COMMAND) & PCI_COMMAND_MASTER;
}

/** pci_dma_read() - false if the function may not, or what the IOMMU says */
bool pci_dma_read(struct pci_function *fn, uint64_t address, void *data, size_t count)
{
	return pci_master(fn) && vfu_dma_read(fn->vfu, address, data, count);
}

/** pci_dma_write() - likewise */
bool pci_dma_write(struct pci_function *fn, uint64_t address, const void *data, size_t count)
{
	if (!pci_master(fn) || !vfu_dma_write(fn->vfu, address, data, count))
		return false;
	for (struct pci_watch *watch = fn->watches; watch && count; watch = watch->next)
		watch->wrote(watch, address, count);
	return true;
}

/** pci_watch() - tell @watch of each write */
void pci_watch(struct pci_function *fn, struct pci_watch *watch)
{
	watch->next = fn->watches;
	fn->watches = watch;
}

/** pci_unwatch() - and no longer */
void pci_unwatch(struct pci_function *fn, struct pci_watch *watch)
{
	struct pci_watch **place = &fn->watches;

	while (*place && *place != watch)
		place = &(*place)->next;
	if (*place)
		*place = watch->next;
}
