// SPDX-License-Identifier: GPL-2.0-only
/*
 * See igd.h.  It draws nothing, and its ID is none of those that a driver looks for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/pci_regs.h>

#include "../transport/macros.h"
#include "igd.h"

static void on_bar(struct pci_function *fn, unsigned int bar, uint64_t offset, void *data,
		   size_t count, bool write)
{
	(void)fn, (void)bar, (void)offset;
	if (!write)
		memset(data, 0, count);
}

static void on_reset(struct pci_function *fn)
{
	pci_set32(fn, IGD_OPREGION, container_of(fn, struct igd, pci)->opregion, ~0U);
}

static void on_written(struct pci_function *fn, unsigned int at, size_t count)
{
	if (at + count > IGD_OPREGION && at < IGD_OPREGION + 4)
		container_of(fn, struct igd, pci)->opregion = pci_get32(fn, IGD_OPREGION);
}

/**
 * igd_new() - make one and offer it to QEMU
 * @socket: where
 *
 * Return: the function, or NULL with errno set.
 */
void *igd_new(const char *socket)
{
	static const struct pci_function_ops ops = {
		.bar = on_bar, .reset = on_reset, .written = on_written,
	};
	static const struct pci_identity identity = {
		.vendor = 0x8086, .device = 0xa5a5, .class = 0x030000, .revision = 1,
	};
	struct igd *igd = calloc(1, sizeof(*igd));
	int error;

	if (!igd)
		return NULL;
	pci_init(&igd->pci, &ops, &identity);
	pci_add_bar(&igd->pci, 0, IGD_BAR_SIZE);
	pci_add_express(&igd->pci);
	pci_set32(&igd->pci, IGD_OPREGION, 0, ~0U);
	error = pci_plug(&igd->pci, socket);
	if (error) {
		free(igd);
		errno = -error;
		return NULL;
	}
	return igd;
}

/** igd_free() - unplug it */
void igd_free(void *igd)
{
	pci_unplug(&((struct igd *)igd)->pci);
	free(igd);
}
