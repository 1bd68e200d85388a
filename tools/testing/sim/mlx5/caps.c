// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capabilities: what a driver may expect.  Little of a real card's is modelled, so little is
 * promised.
 */
#include <string.h>

#include "card.h"
#include "command.h"

enum {
	CAPS_GENERAL		= 0x00,
	CAPS_GENERAL_2		= 0x20,
	CAPS_VIRTUALIZATION	= 0x26,
};

#define GENERAL(field, value) IFC_SET(cmd_hca_cap, caps, field, value)
#define GENERAL_2(field, value) IFC_SET(cmd_hca_cap_2, caps, field, value)

static void fill_general(const struct hca *hca, uint8_t *caps)
{
	bool pf = !hca->function_id;

	GENERAL(hca_cap_2, 1);
	GENERAL(vhca_id, hca->vhca.id);
	GENERAL(log_max_srq_sz, 15);
	GENERAL(log_max_qp_sz, 15);
	GENERAL(log_max_qp, 10);
	GENERAL(log_max_cq_sz, 22);
	GENERAL(log_max_cq, 10);
	GENERAL(log_max_eq_sz, 22);
	GENERAL(log_max_mkey, 16);
	GENERAL(log_max_eq, 6);
	GENERAL(log_max_klm_list_size, 16);
	GENERAL(log_max_mrw_sz, 38);
	GENERAL(gid_table_size, 4);
	GENERAL(pkey_table_size, 0);
	GENERAL(port_type, 1);
	GENERAL(num_ports, 1);
	GENERAL(log_max_msg, 30);
	GENERAL(cqe_version, 1);
	GENERAL(cmdif_checksum, 0);
	GENERAL(log_pg_sz, 12);
	GENERAL(uar_sz, pf ? 5 : 1);
	GENERAL(bf, 1);
	GENERAL(log_bf_reg_size, 9);
	GENERAL(rc, 1);
	GENERAL(log_max_pd, 10);
	GENERAL(log_max_transport_domain, 8);
	GENERAL(log_max_xrcd, 8);
	GENERAL(log_uar_page_sz, 0);
	GENERAL(max_num_eqs, 63);
	GENERAL(migration, pf);
	GENERAL(adv_virtualization, pf);
	GENERAL(virtio_blk_device_emualtion_manager, pf && hca->card->n_emulated);
}

static void fill_general_2(const struct hca *hca, uint8_t *caps)
{
	GENERAL_2(migratable, hca->function_id != 0);
	GENERAL_2(migration_multi_load, 1);
	GENERAL_2(migration_tracking_state, 1);
	GENERAL_2(migration_in_chunks, hca->card->options.chunk != 0);
}

/* What page trackers can be; sizes are powers of two. */
static void fill_virtualization(uint8_t *caps)
{
	IFC_SET(adv_virtualization_cap, caps, pg_track_log_max_num, 5);
	IFC_SET(adv_virtualization_cap, caps, pg_track_max_num_range, 32);
	IFC_SET(adv_virtualization_cap, caps, pg_track_log_min_addr_space, 12);
	IFC_SET(adv_virtualization_cap, caps, pg_track_log_max_addr_space, 63);
	IFC_SET(adv_virtualization_cap, caps, pg_track_log_min_msg_size, 12);
	IFC_SET(adv_virtualization_cap, caps, pg_track_log_max_msg_size, 16);
	IFC_SET(adv_virtualization_cap, caps, pg_track_log_min_page_size, 12);
	IFC_SET(adv_virtualization_cap, caps, pg_track_log_max_page_size, 20);
}

/** caps_query() - of the function itself, or by the PF of one of its VFs */
unsigned int caps_query(struct command *command)
{
	uint8_t *caps = command->out + IFC_AT(query_hca_cap_out, capability);
	uint16_t what = IFC_GET(query_hca_cap_in, command->in, op_mod);
	uint16_t id = IFC_GET(query_hca_cap_in, command->in, function_id);
	const struct hca *hca = command->hca;

	if (IFC_GET(query_hca_cap_in, command->in, other_function)) {
		if (hca->function_id)
			return STATUS_BAD_SYS_STATE;
		if (id > hca->card->options.vfs)
			return STATUS_BAD_INDEX;
		hca = &hca->card->functions[id];
	}
	switch (what >> 1) {
	case CAPS_GENERAL:
		fill_general(hca, caps);
		/* Even: what can be had.  Odd: what the driver has asked for of it. */
		if (what & 1 && hca->general_set) {
			memcpy(caps, hca->general, sizeof(hca->general));
			GENERAL(vhca_id, hca->vhca.id);
		}
		return STATUS_OK;
	case CAPS_GENERAL_2:
		fill_general_2(hca, caps);
		return STATUS_OK;
	case CAPS_VIRTUALIZATION:
		fill_virtualization(caps);
		return STATUS_OK;
	default:
		return STATUS_BAD_PARAM;
	}
}

/** caps_set() - choose among what there is, before the firmware starts */
unsigned int caps_set(struct command *command)
{
	const uint8_t *caps = command->in + IFC_AT(set_hca_cap_in, capability);
	struct hca *hca = command->hca;
	uint8_t most[sizeof(hca->general)] = {};

	if (IFC_GET(set_hca_cap_in, command->in, op_mod) >> 1 != CAPS_GENERAL ||
	    IFC_GET(set_hca_cap_in, command->in, other_function))
		return STATUS_BAD_PARAM;
	if (command->in_size < IFC_AT(set_hca_cap_in, capability) + sizeof(hca->general))
		return STATUS_BAD_IN_LEN;
	if (hca->phase != HCA_ENABLED)
		return STATUS_BAD_SYS_STATE;
	fill_general(hca, most);
	if (IFC_GET(cmd_hca_cap, caps, log_max_qp) > IFC_GET(cmd_hca_cap, most, log_max_qp))
		return STATUS_BAD_PARAM;
	memcpy(hca->general, caps, sizeof(hca->general));
	hca->general_set = true;
	return STATUS_OK;
}
