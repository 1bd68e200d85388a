// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands, as a table, and those that are too short for a file of their own.
 */
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "command.h"

#define VENDOR 0x15b3

/* Where create commands answer with a number, and destroy commands say it. */
#define ID_BIT		0x48
#define ID_WIDTH	24

static unsigned int object_create(struct command *command)
{
	const struct command_row *row = command->row;
	struct object *object;

	if (row->valid && !row->valid(command->in, command->in_size))
		return STATUS_BAD_PARAM;
	object = object_new(command->hca, row->kind, command->in, command->in_size);
	if (!object)
		return STATUS_NO_RES;
	bits_set(command->out, ID_BIT, ID_WIDTH, object->id);
	return STATUS_OK;
}

static unsigned int object_destroy(struct command *command)
{
	uint32_t id = bits_get(command->in, ID_BIT, ID_WIDTH);
	struct object *object = object_find(command->hca, command->row->kind, id);

	if (!object)
		return STATUS_BAD_RES;
	object_delete(command->hca, object);
	return STATUS_OK;
}

/* As it was made; what the device changes in it, it keeps for itself. */
static unsigned int object_query(struct command *command)
{
	const struct command_row *row = command->row;
	uint32_t id = bits_get(command->in, ID_BIT, ID_WIDTH);
	struct object *object = object_find(command->hca, row->kind, id);

	if (!object)
		return STATUS_BAD_RES;
	memcpy(command->out + row->answer, object->in + row->context, row->context_bytes);
	return STATUS_OK;
}

static unsigned int nothing(struct command *command)
{
	(void)command;
	return STATUS_OK;
}

static unsigned int query_adapter(struct command *command)
{
	static const char psid[16] = "SIM0000000000001";
	uint8_t *block = command->out + IFC_AT(query_adapter_out, query_adapter_struct);

	IFC_SET(query_adapter_param_block, block, ieee_vendor_id, 0x0002c9);
	IFC_SET(query_adapter_param_block, block, vsd_vendor_id, VENDOR);
	memcpy(block + IFC_AT(query_adapter_param_block, vsd_contd_psid), psid, sizeof(psid));
	return STATUS_OK;
}

static unsigned int query_issi(struct command *command)
{
	IFC_SET(query_issi_out, command->out, current_issi, command->hca->issi);
	IFC_SET(query_issi_out, command->out, supported_issi_dw0, 1U << 1 | 1U << 0);
	return STATUS_OK;
}

static unsigned int set_issi(struct command *command)
{
	uint32_t issi = IFC_GET(set_issi_in, command->in, current_issi);

	if (issi > 1)
		return STATUS_BAD_PARAM;
	command->hca->issi = issi;
	return STATUS_OK;
}

static unsigned int enable_hca(struct command *command)
{
	struct hca *hca = command->hca;
	uint16_t id = IFC_GET(enable_hca_in, command->in, function_id);

	if (!id) {
		if (hca->phase != HCA_DISABLED || (hca->function_id && !hca->allowed))
			return STATUS_BAD_SYS_STATE;
		hca->phase = HCA_ENABLED;
		return STATUS_OK;
	}
	if (hca->function_id || hca->phase != HCA_INITIALIZED)
		return STATUS_BAD_SYS_STATE;
	if (id > hca->card->options.vfs)
		return STATUS_BAD_INDEX;
	hca = &hca->card->functions[id];
	hca->allowed = true;
	hca->wanted = VF_PAGES;
	pages_ask(hca);
	return STATUS_OK;
}

static unsigned int disable_hca(struct command *command)
{
	struct hca *hca = command->hca;
	uint16_t id = IFC_GET(disable_hca_in, command->in, function_id);

	if (!id) {
		if (hca->phase != HCA_ENABLED)
			return STATUS_BAD_SYS_STATE;
		hca->phase = HCA_DISABLED;
		return STATUS_OK;
	}
	if (hca->function_id)
		return STATUS_BAD_SYS_STATE;
	if (id > hca->card->options.vfs)
		return STATUS_BAD_INDEX;
	hca = &hca->card->functions[id];
	hca_reset(hca);
	hca->allowed = false;
	hca->wanted = 0;
	pages_ask(hca);
	return STATUS_OK;
}

static unsigned int init_hca(struct command *command)
{
	struct hca *hca = command->hca;

	/* Without its memory the firmware does not start. */
	if (hca->phase != HCA_ENABLED || (!hca->function_id && hca->n_pages < hca->wanted))
		return STATUS_BAD_SYS_STATE;
	hca->phase = HCA_INITIALIZED;
	return STATUS_OK;
}

static unsigned int teardown_hca(struct command *command)
{
	struct hca *hca = command->hca;

	trackers_forget(hca);
	objects_delete(hca);
	hca->general_set = false;
	hca->phase = HCA_ENABLED;
	hca->wanted = 0;
	return STATUS_OK;
}

#define REGISTER_HOST_ENDIANNESS	0x7004
#define REGISTER_TIMEOUTS		0xc00e

/* The first takes what it is given, the other answers 0: no timeout of ours for anything. */
static unsigned int access_register(struct command *command)
{
	switch (IFC_GET(access_register_in, command->in, register_id)) {
	case REGISTER_HOST_ENDIANNESS:
	case REGISTER_TIMEOUTS:
		return STATUS_OK;
	default:
		return STATUS_BAD_PARAM;
	}
}

static unsigned int query_special_contexts(struct command *command)
{
	IFC_SET(query_special_contexts_out, command->out, resd_lkey, 0x00000100);
	return STATUS_OK;
}

#define IN(name) IFC_BYTES(name##_in)
#define OUT(name) IFC_BYTES(name##_out)
#define ROW(op, does, in_bytes, out_bytes, since, ...)						\
	{											\
		.opcode = MLX5_CMD_OP_##op, .name = #op, .run = (does), .in = (in_bytes),	\
		.out = (out_bytes), .from = (since), __VA_ARGS__				\
	}
#define SIMPLE(op, does, layout, since) ROW(op, does, IN(layout), OUT(layout), since)
#define MIGRATION(op, does, layout) \
	ROW(op, does, IN(layout), OUT(layout), HCA_INITIALIZED, .only_pf = true)
#define MAKE(op, what, least, check) \
	ROW(op, object_create, least, 16, HCA_INITIALIZED, .kind = (what), .valid = (check))
#define UNMAKE(op, what) ROW(op, object_destroy, 16, 8, HCA_ENABLED, .kind = (what))
#define TRACK(op, does, in_bytes, out_bytes) \
	ROW(op, does, in_bytes, out_bytes, HCA_INITIALIZED, .only_pf = true)
#define QUERY(op, what, maker, where, asker, there, layout)				\
	ROW(op, object_query, 16, OUT(asker), HCA_INITIALIZED, .kind = (what),			\
	    .context = IFC_AT(maker##_in, where), .answer = IFC_AT(asker##_out, there),		\
	    .context_bytes = IFC_BYTES(layout))
#define QP_STEP(op) ROW(op, qp_modify, 16, 8, HCA_INITIALIZED)

static const struct command_row commands[] = {
	SIMPLE(QUERY_HCA_CAP, caps_query, query_hca_cap, HCA_ENABLED),
	SIMPLE(QUERY_ADAPTER, query_adapter, query_adapter, HCA_INITIALIZED),
	ROW(INIT_HCA, init_hca, 16, 8, HCA_ENABLED),
	ROW(TEARDOWN_HCA, teardown_hca, 16, 16, HCA_INITIALIZED),
	SIMPLE(ENABLE_HCA, enable_hca, enable_hca, HCA_DISABLED),
	SIMPLE(DISABLE_HCA, disable_hca, disable_hca, HCA_ENABLED),
	SIMPLE(QUERY_PAGES, pages_query, query_pages, HCA_ENABLED),
	ROW(MANAGE_PAGES, pages_manage, IN(manage_pages), OUT(manage_pages), HCA_ENABLED,
	    .only_pf = true),
	ROW(SET_HCA_CAP, caps_set, IFC_AT(set_hca_cap_in, capability), 8, HCA_ENABLED),
	SIMPLE(QUERY_ISSI, query_issi, query_issi, HCA_ENABLED),
	SIMPLE(SET_ISSI, set_issi, set_issi, HCA_ENABLED),
	MIGRATION(SUSPEND_VHCA, migration_suspend, suspend_vhca),
	MIGRATION(RESUME_VHCA, migration_resume, resume_vhca),
	MIGRATION(QUERY_VHCA_MIGRATION_STATE, migration_query, query_vhca_migration_state),
	MIGRATION(SAVE_VHCA_STATE, migration_save, save_vhca_state),
	MIGRATION(LOAD_VHCA_STATE, migration_load, load_vhca_state),
	MAKE(CREATE_MKEY, OBJECT_MKEY, IN(create_mkey), mkey_valid),
	UNMAKE(DESTROY_MKEY, OBJECT_MKEY),
	QUERY(QUERY_MKEY, OBJECT_MKEY, create_mkey, memory_key_mkey_entry, query_mkey,
	      memory_key_mkey_entry, mkc),
	SIMPLE(QUERY_SPECIAL_CONTEXTS, query_special_contexts, query_special_contexts,
	       HCA_INITIALIZED),
	MAKE(CREATE_EQ, OBJECT_EQ, IN(create_eq), eq_valid),
	UNMAKE(DESTROY_EQ, OBJECT_EQ),
	QUERY(QUERY_EQ, OBJECT_EQ, create_eq, eq_context_entry, query_eq, eq_context_entry, eqc),
	MAKE(CREATE_CQ, OBJECT_CQ, IN(create_cq), cq_valid),
	UNMAKE(DESTROY_CQ, OBJECT_CQ),
	QUERY(QUERY_CQ, OBJECT_CQ, create_cq, cq_context, query_cq, cq_context, cqc),
	MAKE(CREATE_QP, OBJECT_QP, IN(create_qp), NULL),
	UNMAKE(DESTROY_QP, OBJECT_QP),
	QUERY(QUERY_QP, OBJECT_QP, create_qp, qpc, query_qp, qpc, qpc),
	QP_STEP(RST2INIT_QP),
	ROW(INIT2RTR_QP, qp_modify, IN(init2rtr_qp), 8, HCA_INITIALIZED),
	QP_STEP(RTR2RTS_QP),
	QP_STEP(2RST_QP),
	QP_STEP(2ERR_QP),
	MAKE(ALLOC_Q_COUNTER, OBJECT_COUNTER, 16, NULL),
	UNMAKE(DEALLOC_Q_COUNTER, OBJECT_COUNTER),
	MAKE(ALLOC_PD, OBJECT_PD, 16, NULL),
	UNMAKE(DEALLOC_PD, OBJECT_PD),
	MAKE(ALLOC_UAR, OBJECT_UAR, 16, NULL),
	UNMAKE(DEALLOC_UAR, OBJECT_UAR),
	ROW(ACCESS_REG, access_register, 16, 16, HCA_ENABLED),
	ROW(NOP, nothing, 8, 8, HCA_ENABLED),
	TRACK(CREATE_GENERAL_OBJECT, track_create, IN(create_page_track_obj), 16),
	TRACK(MODIFY_GENERAL_OBJECT, track_modify, IN(modify_page_track_obj), 16),
	TRACK(QUERY_GENERAL_OBJECT, track_query, 16, OUT(query_page_track_obj)),
	TRACK(DESTROY_GENERAL_OBJECT, track_destroy, 16, 16),
	MAKE(ALLOC_XRCD, OBJECT_XRCD, 16, NULL),
	UNMAKE(DEALLOC_XRCD, OBJECT_XRCD),
	MAKE(ALLOC_TRANSPORT_DOMAIN, OBJECT_TRANSPORT_DOMAIN, 16, NULL),
	UNMAKE(DEALLOC_TRANSPORT_DOMAIN, OBJECT_TRANSPORT_DOMAIN),
	{
		.opcode = 0xb03, .name = "QUERY_EMULATED_FUNCTIONS_INFO", .run = emulated_query,
		.in = 16, .out = 16, .from = HCA_INITIALIZED, .only_pf = true,
	},
};

/** command_find() - the row of an opcode, or NULL */
const struct command_row *command_find(unsigned int opcode)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].opcode == opcode)
			return &commands[i];
	return NULL;
}

/** command_named() - the row of a name, or NULL */
const struct command_row *command_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}
