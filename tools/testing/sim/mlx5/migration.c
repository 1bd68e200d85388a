// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands by which a PF migrates its VFs and the functions that it emulates.  They name a
 * function by its VHCA; images are in the PF's memory, behind a key.
 */
#include "card.h"
#include "command.h"

static struct vhca *named(struct command *command)
{
	/* At the same place in all five. */
	return card_vhca(command->hca->card, IFC_GET(suspend_vhca_in, command->in, vhca_id));
}

unsigned int migration_suspend(struct command *command)
{
	struct vhca *vhca = named(command);

	if (!vhca)
		return STATUS_BAD_RES;
	switch (IFC_GET(suspend_vhca_in, command->in, op_mod)) {
	case MLX5_SUSPEND_VHCA_IN_OP_MOD_SUSPEND_INITIATOR:
		return vhca_suspend(vhca, VHCA_INITIATOR);
	case MLX5_SUSPEND_VHCA_IN_OP_MOD_SUSPEND_RESPONDER:
		return vhca_suspend(vhca, VHCA_RESPONDER);
	default:
		return STATUS_BAD_PARAM;
	}
}

unsigned int migration_resume(struct command *command)
{
	struct vhca *vhca = named(command);

	if (!vhca)
		return STATUS_BAD_RES;
	switch (IFC_GET(resume_vhca_in, command->in, op_mod)) {
	case MLX5_RESUME_VHCA_IN_OP_MOD_RESUME_INITIATOR:
		return vhca_resume(vhca, VHCA_INITIATOR);
	case MLX5_RESUME_VHCA_IN_OP_MOD_RESUME_RESPONDER:
		return vhca_resume(vhca, VHCA_RESPONDER);
	default:
		return STATUS_BAD_PARAM;
	}
}

unsigned int migration_query(struct command *command)
{
	struct vhca *vhca = named(command);
	uint64_t required = 0, remaining = 0;
	bool chunked = IFC_GET(query_vhca_migration_state_in, command->in, chunk);
	unsigned int status;

	if (!vhca)
		return STATUS_BAD_RES;
	if (chunked && !command->hca->card->options.chunk)
		return STATUS_BAD_PARAM;
	status = vhca_query(vhca, IFC_GET(query_vhca_migration_state_in, command->in, incremental),
			    chunked, &required, &remaining);
	/* The field is narrower than a state may be; that is what chunks are for. */
	if (required > UINT32_MAX)
		return STATUS_LIMIT;
	IFC_SET(query_vhca_migration_state_out, command->out, required_umem_size, required);
	if (chunked)
		IFC_SET(query_vhca_migration_state_out, command->out, remaining_total_size,
			remaining);
	return status;
}

static bool copy_by_key(void *data, uint64_t offset, void *bytes, size_t count, bool write)
{
	const struct command *command = data;
	/* SAVE and LOAD have them at the same places. */
	uint32_t mkey = IFC_GET(save_vhca_state_in, command->in, mkey);
	uint64_t va = IFC_GET(save_vhca_state_in, command->in, va);

	return mkey_copy(command->hca, mkey, va + offset, bytes, count, write);
}

static void begin(struct command *command)
{
	if (command->transfer.copy)
		return;
	command->transfer.copy = copy_by_key;
	command->transfer.data = command;
	command->transfer.size = IFC_GET(save_vhca_state_in, command->in, size);
}

unsigned int migration_save(struct command *command)
{
	struct vhca *vhca = named(command);
	unsigned int status;

	if (!vhca)
		return STATUS_BAD_RES;
	begin(command);
	status = vhca_save(vhca, &command->transfer,
			   IFC_GET(save_vhca_state_in, command->in, incremental),
			   IFC_GET(save_vhca_state_in, command->in, set_track));
	if (status == STATUS_OK) {
		IFC_SET(save_vhca_state_out, command->out, actual_image_size,
			command->transfer.at);
		IFC_SET(save_vhca_state_out, command->out, next_required_umem_size,
			command->transfer.next);
	}
	return status;
}

unsigned int migration_load(struct command *command)
{
	struct vhca *vhca = named(command);

	if (!vhca)
		return STATUS_BAD_RES;
	begin(command);
	return vhca_load(vhca, &command->transfer);
}

/*
 * QUERY_EMULATED_FUNCTIONS_INFO is not in the kernel's mlx5_ifc.h.  Its answer has a count at bit
 * 0x70 and from 0x80 on entries of 64 bits: BDF 16, VHCA 16, and what we have none of.
 */
#define EMULATED_BLK	2
#define COUNT_BIT	0x70
#define ENTRIES_BIT	0x80
#define ENTRY_BITS	64

unsigned int emulated_query(struct command *command)
{
	const struct card *card = command->hca->card;
	unsigned int kind = IFC_GET(cmd_in, command->in, op_mod);
	unsigned int room = (command->out_size * 8 - ENTRIES_BIT) / ENTRY_BITS;
	unsigned int count = kind == EMULATED_BLK ? card->n_emulated : 0;

	if (kind > 3)
		return STATUS_BAD_PARAM;
	for (unsigned int i = 0; i < count && i < room; i++) {
		size_t at = ENTRIES_BIT + i * ENTRY_BITS;

		bits_set(command->out, at, 16, card->emulated[i].bdf);
		bits_set(command->out, at + 16, 16, card->emulated[i].vhca->id);
	}
	bits_set(command->out, COUNT_BIT, 16, count);
	return STATUS_OK;
}
