/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Integrated graphics of Intel's, as far as the host sees more of it than of any function: its
 * class, and the register that says where in memory firmware left the OpRegion.
 */
#ifndef SIM_GRAPHICS_IGD_H
#define SIM_GRAPHICS_IGD_H

#include "../pci/config.h"

/* "ASLS" of Intel's graphics specifications */
#define IGD_OPREGION	0xfc
#define IGD_BAR_SIZE	0x10000

/**
 * struct igd - a function
 * @pci: its PCI function
 * @opregion: what firmware wrote to IGD_OPREGION, which no reset changes
 */
struct igd {
	struct pci_function pci;
	uint32_t opregion;
};

void *igd_new(const char *socket);
void igd_free(void *igd);

#endif /* SIM_GRAPHICS_IGD_H */
