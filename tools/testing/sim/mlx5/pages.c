// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that the firmware borrows from the host.  A PF's driver asks how much is needed and gives
 * it before the firmware starts; later, and for VFs, the firmware asks by an event.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "command.h"

#define EVENT_PAGE_REQUEST 0xb

enum {
	QUERY_BOOT = 1,
	QUERY_INIT,
	QUERY_REGULAR,
};

enum {
	CANNOT_GIVE,
	GIVE,
	TAKE,
};

/** pages_ask() - tell the PF's driver if a function needs more pages than it has, or fewer */
void pages_ask(struct hca *hca)
{
	struct hca *pf = hca->card->functions;
	struct object *eq = eq_for(pf, EVENT_PAGE_REQUEST);
	int32_t missing = hca->wanted - hca->n_pages;
	struct {
		uint16_t reserved;
		uint16_t function;
		uint32_t pages;
	} event = { 0, htobe16(hca->function_id), htobe32(missing) };

	if (!missing || !eq || hca->asked)
		return;
	hca->asked = true;
	eq_post(pf, eq, EVENT_PAGE_REQUEST, &event, sizeof(event));
}

/* A VF's own driver has nothing to give: that is the PF's business. */
unsigned int pages_query(struct command *command)
{
	struct hca *hca = command->hca;
	unsigned int what = IFC_GET(query_pages_in, command->in, op_mod);
	int32_t missing;

	if (what < QUERY_BOOT || what > QUERY_REGULAR)
		return STATUS_BAD_PARAM;
	if (!hca->function_id)
		hca->wanted = what == QUERY_BOOT ? BOOT_PAGES : BOOT_PAGES + INIT_PAGES;
	missing = hca->function_id ? 0 : hca->wanted - hca->n_pages;
	IFC_SET(query_pages_out, command->out, function_id, hca->function_id);
	IFC_SET(query_pages_out, command->out, num_pages, missing > 0 ? missing : 0);
	return STATUS_OK;
}

static unsigned int give(struct command *command, struct hca *hca, uint32_t count)
{
	uint32_t there = (command->in_size - IFC_BYTES(manage_pages_in)) / 8;
	uint64_t *pages;

	if (count > there || count > MOST_PAGES - hca->n_pages)
		return STATUS_BAD_PARAM;
	pages = realloc(hca->pages, (hca->n_pages + count + 1) * sizeof(*pages));
	if (!pages)
		return STATUS_NO_RES;
	hca->pages = pages;
	for (uint32_t i = 0; i < count; i++)
		pages[hca->n_pages++] =
			bits_get(command->in, offsetof(IFC(manage_pages_in), pas) + 64 * i, 64);
	hca->asked = false;
	return STATUS_OK;
}

static unsigned int take(struct command *command, struct hca *hca, uint32_t count)
{
	uint32_t room = (command->out_size - IFC_BYTES(manage_pages_out)) / 8;
	uint32_t spare = hca->n_pages > hca->wanted ? hca->n_pages - hca->wanted : 0;
	uint32_t given = 0;

	while (given < count && given < room && spare) {
		bits_set(command->out, offsetof(IFC(manage_pages_out), pas) + 64 * given, 64,
			 hca->pages[--hca->n_pages]);
		given++;
		spare--;
	}
	IFC_SET(manage_pages_out, command->out, output_num_entries, given);
	hca->asked = false;
	return STATUS_OK;
}

unsigned int pages_manage(struct command *command)
{
	uint16_t id = IFC_GET(manage_pages_in, command->in, function_id);
	uint32_t count = IFC_GET(manage_pages_in, command->in, input_num_entries);
	struct card *card = command->hca->card;
	struct hca *hca;

	if (id > card->options.vfs)
		return STATUS_BAD_INDEX;
	hca = &card->functions[id];
	switch (IFC_GET(manage_pages_in, command->in, op_mod)) {
	case CANNOT_GIVE:
		hca->asked = false;
		return STATUS_OK;
	case GIVE:
		return give(command, hca, count);
	case TAKE:
		return take(command, hca, count);
	default:
		return STATUS_BAD_PARAM;
	}
}
