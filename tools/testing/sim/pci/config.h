/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The config space of a simulated PCI Express endpoint: bytes, which of their bits software may
 * write, and the few registers that do something when written.
 */
#ifndef SIM_PCI_CONFIG_H
#define SIM_PCI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../transport/vfu.h"

#define PCI_CONFIG_SIZE 4096

struct pci_function;

/**
 * struct pci_function_ops - what differs between functions
 * @bar: an access to a BAR; see struct vfu_ops
 * @reset: function-level or conventional reset, after config space is as it was at the start
 * @written: config space was written at [@at, @at + @count); optional
 * @seen: config space is being read at [@at, @at + @count), and gives @data unless this changes it;
 *	optional
 * @attached: QEMU came or went; optional
 */
struct pci_function_ops {
	void (*bar)(struct pci_function *fn, unsigned int bar, uint64_t offset, void *data,
		    size_t count, bool write);
	void (*reset)(struct pci_function *fn);
	void (*written)(struct pci_function *fn, unsigned int at, size_t count);
	void (*seen)(struct pci_function *fn, unsigned int at, uint8_t *data, size_t count);
	void (*attached)(struct pci_function *fn, bool yes);
};

/**
 * struct pci_watch - somebody who wants to know what memory a function writes to
 * @wrote: it has written @count bytes, at least 1, at @address
 */
struct pci_watch {
	void (*wrote)(struct pci_watch *watch, uint64_t address, size_t count);
	struct pci_watch *next;
};

/**
 * struct pci_function - a PCI function
 * @ops: what it does
 * @vfu: QEMU's end of it, once pci_plug() has been called
 * @info: its regions and vectors
 * @space: config space as it is read
 * @writable: bits of it that a write changes
 * @initial: @space as it was when the function was plugged
 * @last_cap: where the last capability is, 0 for none
 * @free_cap: where the next one may be
 * @express: where the PCI Express capability is
 * @watches: who wants to know of its writes
 * @function_level: the reset that ops->reset() is told of is of the function, not of its bus
 * @gone: removed by surprise: everything reads as ones and nothing has an effect
 */
struct pci_function {
	const struct pci_function_ops *ops;
	struct vfu *vfu;
	struct vfu_info info;
	uint8_t space[PCI_CONFIG_SIZE];
	uint8_t writable[PCI_CONFIG_SIZE];
	uint8_t initial[PCI_CONFIG_SIZE];
	unsigned int last_cap;
	unsigned int free_cap;
	unsigned int express;
	struct pci_watch *watches;
	bool function_level;
	bool gone;
};

/**
 * struct pci_identity - who a function is
 */
struct pci_identity {
	uint16_t vendor, device, subsystem_vendor, subsystem;
	uint8_t revision;
	uint32_t class;
};

void pci_init(struct pci_function *fn, const struct pci_function_ops *ops,
	      const struct pci_identity *identity);
void pci_add_bar(struct pci_function *fn, unsigned int bar, uint64_t size);
unsigned int pci_add_cap(struct pci_function *fn, uint8_t id, unsigned int size);
void pci_add_express(struct pci_function *fn);
void pci_add_msix(struct pci_function *fn, unsigned int vectors, unsigned int bar,
		  uint32_t table, uint32_t pba);
int pci_plug(struct pci_function *fn, const char *path);
void pci_unplug(struct pci_function *fn);
void pci_reset(struct pci_function *fn);

uint16_t pci_get16(const struct pci_function *fn, unsigned int at);
uint32_t pci_get32(const struct pci_function *fn, unsigned int at);
void pci_set16(struct pci_function *fn, unsigned int at, uint16_t value, uint16_t writable);
void pci_set32(struct pci_function *fn, unsigned int at, uint32_t value, uint32_t writable);

void pci_watch(struct pci_function *fn, struct pci_watch *watch);
void pci_unwatch(struct pci_function *fn, struct pci_watch *watch);
bool pci_master(const struct pci_function *fn);
bool pci_dma_read(struct pci_function *fn, uint64_t address, void *data, size_t count);
bool pci_dma_write(struct pci_function *fn, uint64_t address, const void *data, size_t count);

#endif /* SIM_PCI_CONFIG_H */
