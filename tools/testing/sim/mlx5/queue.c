// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command queue: entries in the driver's memory, rung by a bit each.  A command's first 16
 * bytes are in its entry, the rest in a chain of blocks.  Entries are independent: some may take
 * long while others come and go.
 */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "command.h"

/* Places in an entry. */
enum {
	ENTRY_TYPE	= 0x00,
	ENTRY_IN_LEN	= 0x04,
	ENTRY_IN_PTR	= 0x08,
	ENTRY_IN	= 0x10,
	ENTRY_OUT	= 0x20,
	ENTRY_OUT_PTR	= 0x30,
	ENTRY_OUT_LEN	= 0x38,
	ENTRY_TOKEN	= 0x3c,
	ENTRY_STATUS	= 0x3f,
	ENTRY_BYTES	= 0x40,
};

#define ENTRY_TYPE_PCI	7
#define OWNED_BY_DEVICE	1

/* Why a command could not be delivered. */
enum {
	DELIVERY_OK,
	DELIVERY_BAD_TOKEN	= 0x02,
	DELIVERY_BAD_BLOCK	= 0x03,
	DELIVERY_OUT_PTR	= 0x04,
	DELIVERY_IN_PTR		= 0x05,
	DELIVERY_FIRMWARE	= 0x06,
	DELIVERY_IN_LEN		= 0x07,
	DELIVERY_OUT_LEN	= 0x08,
	DELIVERY_DESCRIPTION	= 0x10,
};

#define EVENT_COMMAND 0xa

static uint64_t number(const uint8_t *raw, unsigned int at, unsigned int bytes)
{
	return bits_get(raw, at * 8, bytes * 8);
}

/*
 * Move a command's data beyond the first 16 bytes from or to its chain of blocks.  The chain is
 * walked no further than the length says, so one that bites its tail does no harm.
 */
static uint8_t move_blocks(struct command *command, uint64_t at, uint8_t *data, uint32_t size,
			   bool write)
{
	struct pci_function *pci = &command->hca->pci;
	uint8_t block[IFC_BYTES(cmd_if_box)];

	for (uint32_t n = 0; size; n++) {
		uint32_t part = size < BLOCK_BYTES ? size : BLOCK_BYTES;

		if (!at || at & 0x3ff || !pci_dma_read(pci, at, block, sizeof(block)))
			return write ? DELIVERY_OUT_PTR : DELIVERY_IN_PTR;
		if (IFC_GET(cmd_if_box, block, token) != command->raw[ENTRY_TOKEN])
			return DELIVERY_BAD_TOKEN;
		if (IFC_GET(cmd_if_box, block, block_number) != n)
			return DELIVERY_BAD_BLOCK;
		if (!write)
			memcpy(data, block, part);
		else if (!pci_dma_write(pci, at, data, part))
			return DELIVERY_OUT_PTR;
		at = number(block, IFC_AT(cmd_if_box, next_pointer_63_32), 8);
		data += part;
		size -= part;
	}
	return DELIVERY_OK;
}

static uint8_t move_data(struct command *command, bool out)
{
	uint32_t size = out ? command->out_size : command->in_size;
	uint32_t head = size < INLINE_BYTES ? size : INLINE_BYTES;

	if (out) {
		memcpy(command->raw + ENTRY_OUT, command->out, head);
		return move_blocks(command, number(command->raw, ENTRY_OUT_PTR, 8),
				   command->out + head, size - head, true);
	}
	memcpy(command->in, command->raw + ENTRY_IN, head);
	return move_blocks(command, number(command->raw, ENTRY_IN_PTR, 8), command->in + head,
			   size - head, false);
}

static void release(struct command *command)
{
	loop_cancel_timer(&command->timer);
	command->hca->busy[command->entry] = NULL;
	free(command->in);
	free(command->out);
	free(command);
}

static void trace(const struct command *command)
{
	char name[16];

	if (!command->hca->card->options.verbose)
		return;
	hca_name(command->hca, name, sizeof(name));
	fprintf(stderr, "%8llu %s[%u]: %s (0x%llx): delivery %u, status 0x%x, syndrome 0x%x\n",
		(unsigned long long)loop_now(), name, command->entry,
		command->row ? command->row->name : "?",
		command->in ? (unsigned long long)number(command->in, 0, 2) : 0, command->delivery,
		command->status, command->syndrome);
}

/* Give the entry back to the driver and tell it. */
static void complete(struct command *command)
{
	struct hca *hca = command->hca;
	uint64_t at = (hca->queue & ~0xfffULL) + command->entry * ENTRY_BYTES;
	uint32_t vector = htobe32(1U << command->entry);
	struct object *eq = eq_for(hca, EVENT_COMMAND);
	bool tell = command->by_event && eq;

	if (!command->delivery) {
		IFC_SET(cmd_out, command->out, status, command->status);
		IFC_SET(cmd_out, command->out, syndrome, command->syndrome);
		command->delivery = move_data(command, true);
	}
	trace(command);
	command->raw[ENTRY_STATUS] = command->delivery << 1;
	pci_dma_write(&hca->pci, at + ENTRY_OUT, command->raw + ENTRY_OUT, INLINE_BYTES);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	pci_dma_write(&hca->pci, at + ENTRY_STATUS, command->raw + ENTRY_STATUS, 1);
	release(command);
	if (tell)
		eq_post(hca, eq, EVENT_COMMAND, &vector, sizeof(vector));
}

static unsigned int execute(struct command *command)
{
	const struct command_row *row = command->row;

	if (!row || (row->only_pf && command->hca->function_id))
		return STATUS_BAD_OP;
	if (command->in_size < row->in)
		return STATUS_BAD_IN_LEN;
	if (command->out_size < row->out)
		return STATUS_BAD_OUT_LEN;
	if (command->hca->phase < row->from)
		return STATUS_BAD_SYS_STATE;
	return row->run(command);
}

/* One step of a command; the last one completes it. */
static void step(struct loop_timer *timer)
{
	struct command *command = timer->data;

	/* Firmware that has died ends nothing that it began. */
	command->lost = command->hca->syndrome;
	if (command->lost)
		return;
	if (!command->delivery && !command->status) {
		unsigned int status = execute(command);

		if (status == STATUS_AGAIN) {
			loop_set_timer(timer, 0);
			return;
		}
		command->status = status;
		if (status)
			command->syndrome = number(command->in, 0, 2) << 16 | status;
	}
	complete(command);
}

static void apply_fault(struct command *command, unsigned int *delay)
{
	struct fault *fault = NULL;

	if (!command->hca->function_id)
		fault = card_fault(command->hca->card, number(command->in, 0, 2));
	if (!fault)
		return;
	fault->times--;
	command->lost = fault->lost;
	command->status = fault->status;
	command->syndrome = fault->syndrome;
	*delay = fault->delay;
	if (!fault->times)
		fault->opcode = 0;
}

static void take_entry(struct hca *hca, unsigned int entry)
{
	uint64_t at = (hca->queue & ~0xfffULL) + entry * ENTRY_BYTES;
	struct command *command = calloc(1, sizeof(*command));
	unsigned int delay = 0;

	if (!command)
		return;
	command->hca = hca;
	command->entry = entry;
	command->timer = (struct loop_timer) { .fire = step, .data = command };
	if (!pci_dma_read(&hca->pci, at, command->raw, sizeof(command->raw)) ||
	    !(command->raw[ENTRY_STATUS] & OWNED_BY_DEVICE)) {
		free(command);
		return;
	}
	hca->busy[entry] = command;
	command->by_event = eq_for(hca, EVENT_COMMAND);
	command->in_size = number(command->raw, ENTRY_IN_LEN, 4);
	command->out_size = number(command->raw, ENTRY_OUT_LEN, 4);
	if (command->raw[ENTRY_TYPE] != ENTRY_TYPE_PCI)
		command->delivery = DELIVERY_DESCRIPTION;
	else if (command->in_size < 8 || command->in_size > MOST_BYTES)
		command->delivery = DELIVERY_IN_LEN;
	else if (command->out_size < 8 || command->out_size > MOST_BYTES)
		command->delivery = DELIVERY_OUT_LEN;
	if (!command->delivery) {
		command->in = calloc(1, command->in_size);
		command->out = calloc(1, command->out_size);
		command->delivery = command->in && command->out ? move_data(command, false) :
								  DELIVERY_FIRMWARE;
	}
	if (!command->delivery) {
		command->row = command_find(number(command->in, 0, 2));
		apply_fault(command, &delay);
	}
	if (command->lost)
		return;
	if (delay)
		loop_set_timer(&command->timer, delay);
	else
		step(&command->timer);
}

/** queue_doorbell() - the driver has filled these entries; they wait while it is stopped */
void queue_doorbell(struct hca *hca, uint32_t entries)
{
	hca->doorbell |= entries;
	while (hca->doorbell && !vhca_stopped(&hca->vhca) && !hca->syndrome) {
		unsigned int entry = __builtin_ctz(hca->doorbell);

		hca->doorbell &= ~(1U << entry);
		if (entry < CMD_ENTRIES && !hca->busy[entry])
			take_entry(hca, entry);
	}
}

/** queue_drain() - finish all commands but those that never finish */
void queue_drain(struct hca *hca)
{
	for (unsigned int entry = 0; entry < CMD_ENTRIES; entry++) {
		while (hca->busy[entry] && !hca->busy[entry]->lost) {
			loop_cancel_timer(&hca->busy[entry]->timer);
			step(&hca->busy[entry]->timer);
		}
	}
}

/** queue_abandon() - forget all commands; their driver has stopped waiting for them */
void queue_abandon(struct hca *hca)
{
	for (unsigned int entry = 0; entry < CMD_ENTRIES; entry++)
		if (hca->busy[entry])
			release(hca->busy[entry]);
	hca->doorbell = 0;
}
