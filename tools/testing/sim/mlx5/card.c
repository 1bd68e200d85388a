// SPDX-License-Identifier: GPL-2.0-only
/*
 * The card as a whole.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "card.h"

/* Above those of the card's own functions. */
#define FIRST_EMULATED_VHCA 0x100

/**
 * card_new() - make a card and offer its functions to QEMU
 * @directory: for their sockets: pf, vf0, vf1, ...
 *
 * Return: the card, or NULL with errno set.
 */
struct card *card_new(const struct options *options, const char *directory)
{
	struct card *card;
	int error = 0;

	if (options->vfs > MOST_VFS) {
		errno = EINVAL;
		return NULL;
	}
	card = calloc(1, sizeof(*card));
	if (!card)
		return NULL;
	card->options = *options;
	for (unsigned int i = 0; i <= options->vfs && !error; i++) {
		struct hca *hca = &card->functions[i];
		char name[16], path[256];

		hca->function_id = i;
		hca_name(hca, name, sizeof(name));
		snprintf(path, sizeof(path), "%s/%s", directory, name);
		error = hca_init(hca, card, i, path);
	}
	if (!error)
		return card;
	card_free(card);
	errno = -error;
	return NULL;
}

/** card_free() - take it out */
void card_free(struct card *card)
{
	for (unsigned int i = 0; i <= card->options.vfs; i++)
		hca_free(&card->functions[i]);
	free(card);
}

/** card_vhca() - what can be migrated under a number, or NULL */
struct vhca *card_vhca(struct card *card, uint16_t id)
{
	for (unsigned int i = 1; i <= card->options.vfs; i++)
		if (card->functions[i].vhca.id == id && card->functions[i].allowed)
			return &card->functions[i].vhca;
	for (unsigned int i = 0; i < card->n_emulated; i++)
		if (card->emulated[i].vhca->id == id)
			return card->emulated[i].vhca;
	return NULL;
}

/** card_function() - the PCI function of a number, or NULL */
struct pci_function *card_function(struct card *card, uint16_t id)
{
	for (unsigned int i = 1; i <= card->options.vfs; i++)
		if (card->functions[i].vhca.id == id)
			return &card->functions[i].pci;
	for (unsigned int i = 0; i < card->n_emulated; i++)
		if (card->emulated[i].vhca->id == id)
			return card->emulated[i].pci;
	return NULL;
}

/**
 * card_emulate() - let the card's PF manage a function
 *
 * It gets its number here.
 *
 * Return: 0, or -ENOSPC if there are too many.
 */
int card_emulate(struct card *card, struct vhca *vhca, struct pci_function *pci)
{
	unsigned int index = card->n_emulated;

	if (index == MOST_EMULATED)
		return -ENOSPC;
	vhca->id = FIRST_EMULATED_VHCA + index;
	card->emulated[index] = (struct emulated) { .vhca = vhca, .pci = pci };
	card->n_emulated++;
	return 0;
}

/** card_fault() - what a command is to be made to do, or NULL */
struct fault *card_fault(struct card *card, unsigned int opcode)
{
	for (unsigned int i = 0; i < FAULTS; i++)
		if (card->faults[i].opcode == opcode && card->faults[i].times)
			return &card->faults[i];
	return NULL;
}
