// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event queues: rings in the driver's memory whose entries change owner with each turn.
 */
#include <endian.h>
#include <string.h>

#include "command.h"

#define EQE_BYTES	64U
#define EQE_TYPE	1
#define EQE_DATA	0x20
#define EQE_DATA_BYTES	28U
#define EQE_OWNER	0x3f
#define EQ_BASE_PAGE	12

#define EQC(in, field) IFC_GET_INNER(create_eq_in, eq_context_entry, eqc, in, field)

/** eq_valid() - whether a description of a queue lists all of its pages */
bool eq_valid(const void *in, uint32_t size)
{
	uint64_t log_bytes = EQC(in, log_eq_size) + 6;
	uint64_t log_page = EQC(in, log_page_size) + EQ_BASE_PAGE;
	uint64_t pages = log_bytes > log_page ? 1ULL << (log_bytes - log_page) : 1;

	return log_bytes <= 30 && EQC(in, intr) < HCA_VECTORS &&
	       pages <= (size - IFC_BYTES(create_eq_in)) / 8;
}

/** eq_for() - the queue that events of a type go to, or NULL */
struct object *eq_for(struct hca *hca, unsigned int type)
{
	for (uint32_t id = 1; id < 64; id++) {
		struct object *eq = object_find(hca, OBJECT_EQ, id);

		if (eq && bits_get(eq->in, offsetof(IFC(create_eq_in), event_bitmask) +
				   64 * (type / 64), 64) >> type % 64 & 1)
			return eq;
	}
	return NULL;
}

static void interrupt(struct hca *hca, struct object *eq)
{
	eq->state &= ~EQ_ARMED;
	if (pci_master(&hca->pci))
		vfu_trigger(hca->pci.vfu, EQC(eq->in, intr));
}

static uint64_t address_of(struct object *eq, uint32_t index)
{
	uint64_t log_page = EQC(eq->in, log_page_size) + EQ_BASE_PAGE;
	uint64_t offset = (uint64_t)index * EQE_BYTES + EQC(eq->in, page_offset) * 64;
	size_t list = IFC_BYTES(create_eq_in) + (offset >> log_page) * 8;

	if (list + 8 > eq->size)
		return UINT64_MAX;
	return bits_get(eq->in, list * 8, 64) + (offset & ((1ULL << log_page) - 1));
}

/**
 * eq_post() - append an event
 * @type: of the event
 * @data: about it, at most 28 bytes
 *
 * A full queue loses it, as it would on a card; the driver sees that its queue has overrun.
 */
void eq_post(struct hca *hca, struct object *eq, unsigned int type, const void *data, size_t size)
{
	uint32_t entries = 1U << EQC(eq->in, log_eq_size);
	uint64_t at = address_of(eq, eq->producer & (entries - 1));
	uint8_t eqe[EQE_BYTES] = {};

	if (((eq->producer - eq->consumer) & 0xffffff) >= entries || at == UINT64_MAX)
		return;
	eqe[EQE_TYPE] = type;
	memcpy(eqe + EQE_DATA, data, size < EQE_DATA_BYTES ? size : EQE_DATA_BYTES);
	eqe[EQE_OWNER] = !!(eq->producer & entries);
	/* The owner's byte last: the driver may look at any time. */
	if (!pci_dma_write(&hca->pci, at, eqe, EQE_OWNER))
		return;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	pci_dma_write(&hca->pci, at + EQE_OWNER, eqe + EQE_OWNER, 1);
	eq->producer++;
	if (eq->state & EQ_ARMED)
		interrupt(hca, eq);
}

/** eq_doorbell() - the driver has read up to somewhere, and may want to hear of the next entry */
void eq_doorbell(struct hca *hca, uint32_t value, bool arm)
{
	struct object *eq = object_find(hca, OBJECT_EQ, value >> 24);

	if (!eq)
		return;
	eq->consumer = value & 0xffffff;
	if (!arm)
		return;
	eq->state |= EQ_ARMED;
	if ((eq->producer & 0xffffff) != eq->consumer && !vhca_stopped(&hca->vhca))
		interrupt(hca, eq);
}
