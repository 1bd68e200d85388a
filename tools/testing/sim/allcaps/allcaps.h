/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An endpoint with each capability whose length the kernel's driver of 6.12 knows, but that of
 * SR-IOV, and some that it hides: more than any real one has at once.
 *
 * Like a liar it shows them from the machine's first reset on, so that QEMU emulates none.
 */
#ifndef SIM_ALLCAPS_ALLCAPS_H
#define SIM_ALLCAPS_ALLCAPS_H

#include "../pci/config.h"

#define ALLCAPS_BAR_SIZE	0x10000
#define ALLCAPS_VECTORS		8
#define ALLCAPS_TABLE		0x8000
#define ALLCAPS_PBA		0x9000

/**
 * struct allcaps - a function
 * @pci: its PCI function
 * @vpd: where its vital product data are
 * @af: where its advanced features are
 * @bar: its memory
 */
struct allcaps {
	struct pci_function pci;
	unsigned int vpd;
	unsigned int af;
	uint8_t bar[ALLCAPS_BAR_SIZE];
};

void *allcaps_new(const char *socket);
void allcaps_free(void *allcaps);

#endif /* SIM_ALLCAPS_ALLCAPS_H */
