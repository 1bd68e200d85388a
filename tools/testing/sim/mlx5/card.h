/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The card: a PF, its VFs, the functions it emulates, and what tests make it do wrong.
 */
#ifndef SIM_MLX5_CARD_H
#define SIM_MLX5_CARD_H

#include "hca.h"

#define MOST_VFS	16
#define MOST_EMULATED	16

/**
 * struct emulated - an emulated function, as its manager sees it
 * @vhca: for migration
 * @pci: its PCI function
 * @bdf: bus, device and function number that the host gave it; a real one learns it from the
 *	first config write, ours is told
 */
struct emulated {
	struct vhca *vhca;
	struct pci_function *pci;
	uint16_t bdf;
};

/**
 * struct options - how a card is to be
 * @vfs: how many VFs it has
 * @memory: MiB of internal memory of each function
 * @rate: MiB a second of it that change
 * @chunk: MiB of an image in chunk mode
 * @timeout: seconds after which the driver shall give a command up, 0: it knows best
 * @verbose: say on standard error what commands come
 */
struct options {
	unsigned int vfs;
	unsigned int memory;
	unsigned int rate;
	unsigned int chunk;
	unsigned int timeout;
	bool verbose;
};

#define FAULTS 8

/**
 * struct fault - what a command is made to do
 * @opcode: of the command; 0: this fault is not used
 * @times: how often still
 * @lost: it never completes
 * @status: it fails with this status, if not 0
 * @syndrome: and this syndrome
 * @delay: it takes this many milliseconds longer
 */
struct fault {
	uint16_t opcode;
	unsigned int times;
	bool lost;
	uint8_t status;
	uint32_t syndrome;
	unsigned int delay;
};

/**
 * struct card - a card
 * @options: how it is
 * @functions: the PF and the VFs
 * @emulated: functions that it emulates
 * @n_emulated: how many
 * @was_reset: the PF has been reset since it was plugged, hence shows its SR-IOV capability
 * @faults: what commands of the PF are made to do
 */
struct card {
	struct options options;
	struct hca functions[1 + MOST_VFS];
	struct emulated emulated[MOST_EMULATED];
	unsigned int n_emulated;
	bool was_reset;
	struct fault faults[FAULTS];
};

struct card *card_new(const struct options *options, const char *directory);
void card_free(struct card *card);
struct pci_function *card_function(struct card *card, uint16_t id);
struct vhca *card_vhca(struct card *card, uint16_t id);
int card_emulate(struct card *card, struct vhca *vhca, struct pci_function *pci);
void card_restart(struct card *card);
struct fault *card_fault(struct card *card, unsigned int opcode);

/* sriov.c */
void sriov_add(struct hca *pf);
void sriov_show(struct hca *pf);
void sriov_written(struct hca *pf);

#endif /* SIM_MLX5_CARD_H */
