// SPDX-License-Identifier: GPL-2.0-only
/* The facts that operations are drawn from, taken from sysfs. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/pci_regs.h>

#include "fuzz.h"
#include "pci_sysfs.h"

#define EXTENDED_START	0x100

/*
 * Registers of QEMU's device models that hold what is written and have no other effect while the
 * function is not set up. Everything else that is not the driver's business may change by itself,
 * so it is read for the sake of the result alone, and never written.
 */
static const struct model {
	__u16 vendor;
	__u16 device;
	const char *name;
	struct window windows[3];
} models[] = {
	/* liveness check; DMA source and destination */
	{ 0x1234, 0x11e8, "edu", { { 0, 0x04, 4 }, { 0, 0x80, 16 } } },
	/* admin queue attributes and addresses, while disabled */
	{ 0x1b36, 0x0010, "nvme", { { 0, 0x24, 20 } } },
	/* VLAN EtherType; the index register of the I/O BAR */
	{ 0x8086, 0x10c9, "igb", { { 0, 0x38, 4 }, { 2, 0, 4 } } },
	{ 0x8086, 0x10d3, "e1000e", { { 0, 0x38, 4 }, { 2, 0, 4 } } },
	/* device feature select */
	{ 0x1af4, 0x1042, "virtio-blk", { { 4, 0x00, 4 } } },
	/* its memory, in front of the table of vectors */
	{ 0x1234, 0x11a6, "allcaps", { { 0, 0, 0x2000 } } },
	/* the shared memory */
	{ 0x1af4, 0x1110, "ivshmem", { { 2, 0, 0x2000 } } },
};

static int config_load(struct target *t)
{
	char path[96];
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", t->bdf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : pread(fd, t->config, sizeof(t->config), 0);
	if (fd >= 0)
		close(fd);
	if (size < EXTENDED_START)
		return -1;
	t->config_size = size;
	return 0;
}

static __u32 config_get(const struct target *t, unsigned int pos, unsigned int width)
{
	__u32 value = 0;

	while (width-- && pos + width < sizeof(t->config))
		value = value << 8 | t->config[pos + width];
	return value;
}

static void caps_add(struct target *t, unsigned int id, unsigned int pos, bool extended)
{
	if (t->cap_count < CAPS_MAX)
		t->caps[t->cap_count++] = (struct cap) { id, pos, extended };
}

static void caps_load(struct target *t)
{
	unsigned int pos, header, ttl = CAPS_MAX;

	if (config_get(t, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST)
		for (pos = t->config[PCI_CAPABILITY_LIST] & ~3; pos && ttl--;
		     pos = t->config[pos + PCI_CAP_LIST_NEXT] & ~3)
			caps_add(t, t->config[pos], pos, false);

	for (pos = EXTENDED_START; pos >= EXTENDED_START && pos < t->config_size && ttl--;
	     pos = PCI_EXT_CAP_NEXT(header)) {
		header = config_get(t, pos, 4);
		if (header)
			caps_add(t, PCI_EXT_CAP_ID(header), pos, true);
	}
}

static void msix_load(struct target *t)
{
	unsigned int pos = target_cap(t, PCI_CAP_ID_MSIX, false);
	__u32 table = config_get(t, pos + PCI_MSIX_TABLE, 4);

	t->msix_bar = -1;
	if (!pos)
		return;
	t->msix_bar = table & PCI_MSIX_TABLE_BIR;
	t->msix_start = table & PCI_MSIX_TABLE_OFFSET;
	t->msix_size = ((config_get(t, pos + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_QSIZE) + 1) *
		       PCI_MSIX_ENTRY_SIZE;
}

/* A function that nobody uses sleeps, which is not what it is to be put back to. */
static void wake(struct target *t)
{
	unsigned int pm = target_cap(t, PCI_CAP_ID_PM, false);

	if (pm)
		t->config[pm + PCI_PM_CTRL] &= ~PCI_PM_CTRL_STATE_MASK;
}

int target_learn(struct target *t, const char *bdf)
{
	long vendor = pci_attr_number(bdf, "vendor");
	long device = pci_attr_number(bdf, "device");
	size_t i;

	*t = (struct target) {};
	snprintf(t->bdf, sizeof(t->bdf), "%.15s", bdf);
	snprintf(t->name, sizeof(t->name), "unknown");
	for (i = 0; i < ARRAY_SIZE(models); i++) {
		if (models[i].vendor != vendor || models[i].device != device)
			continue;
		snprintf(t->name, sizeof(t->name), "%s", models[i].name);
		memcpy(t->windows, models[i].windows, sizeof(t->windows));
	}
	if (config_load(t)) {
		fprintf(stderr, "fuzz: the config space of %s cannot be read: is it there?\n", bdf);
		return -1;
	}
	caps_load(t);
	wake(t);
	msix_load(t);
	for (i = 0; i <= VFIO_PCI_ROM_REGION_INDEX; i++)
		t->bar_size[i] = pci_resource(bdf, i, NULL);
	return 0;
}

unsigned int target_cap(const struct target *t, __u16 id, bool extended)
{
	unsigned int i;

	for (i = 0; i < t->cap_count; i++)
		if (t->caps[i].id == id && t->caps[i].extended == extended)
			return t->caps[i].pos;
	return 0;
}

bool target_stable(const struct target *t, unsigned int index, __u64 pos)
{
	size_t i;

	if (index == ROM_REGION)
		return true;
	if ((int)index == t->msix_bar && pos >= t->msix_start &&
	    pos < (__u64)t->msix_start + t->msix_size)
		return true;
	for (i = 0; i < ARRAY_SIZE(t->windows); i++) {
		const struct window *w = &t->windows[i];

		if (w->size && w->bar == (int)index && pos >= w->start && pos < w->start + w->size)
			return true;
	}
	return false;
}
