// SPDX-License-Identifier: GPL-2.0-only
/*
 * Completion queues.  Only messages that the firmware sends by itself complete here.
 */
#include <string.h>

#include "command.h"

#define CQE_BYTES	64U
#define CQE_OWNER	63
#define CQ_BASE_PAGE	12
#define EVENT_COMPLETION 0
#define EVENT_CQN	24

#define CQC(in, field) IFC_GET_INNER(create_cq_in, cq_context, cqc, in, field)

/* Entries are of 64 bytes, or of 128 whose second half is used. */
static uint32_t stride(const void *in)
{
	return CQC(in, cqe_sz) ? 2 * CQE_BYTES : CQE_BYTES;
}

/** cq_valid() - whether a description of a queue lists all of its pages */
bool cq_valid(const void *in, uint32_t size)
{
	uint64_t log_page = CQC(in, log_page_size) + CQ_BASE_PAGE;
	uint64_t bytes = (uint64_t)stride(in) << CQC(in, log_cq_size);
	uint64_t pages = (bytes + CQC(in, page_offset) * 64 + BIT_ULL(log_page) - 1) >> log_page;

	return CQC(in, log_cq_size) <= 22 && pages <= (size - IFC_BYTES(create_cq_in)) / 8;
}

static void tell(struct hca *hca, struct object *cq)
{
	struct object *eq = object_find(hca, OBJECT_EQ, CQC(cq->in, c_eqn_or_apu_element) & 0xff);
	uint8_t data[EVENT_CQN + 4] = {};

	cq->state = 0;
	bits_set(data, EVENT_CQN * 8, 32, cq->id);
	if (eq)
		eq_post(hca, eq, EVENT_COMPLETION, data, sizeof(data));
}

/**
 * cq_post() - append a completion
 * @cqe: of 64 bytes; the bit that says whose it is, is added
 *
 * The driver's queue is as long as the queues that complete on it, so it is never full.
 *
 * Return: whether it is there.
 */
bool cq_post(struct hca *hca, struct object *cq, uint8_t *cqe)
{
	uint32_t index = cq->producer & (BIT(CQC(cq->in, log_cq_size)) - 1);
	uint64_t log_page = CQC(cq->in, log_page_size) + CQ_BASE_PAGE;
	uint64_t offset = (uint64_t)index * stride(cq->in) + CQC(cq->in, page_offset) * 64 +
			  stride(cq->in) - CQE_BYTES;
	size_t list = IFC_BYTES(create_cq_in) + (offset >> log_page) * 8;
	uint64_t at;

	if (list + 8 > cq->size)
		return false;
	at = bits_get(cq->in, list * 8, 64) + (offset & (BIT_ULL(log_page) - 1));
	cqe[CQE_OWNER] |= cq->producer >> CQC(cq->in, log_cq_size) & 1;
	if (!pci_dma_write(&hca->pci, at, cqe, CQE_OWNER))
		return false;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	pci_dma_write(&hca->pci, at + CQE_OWNER, cqe + CQE_OWNER, 1);
	cq->producer++;
	if (cq->state)
		tell(hca, cq);
	return true;
}

/** cq_doorbell() - the driver has read up to somewhere and wants to hear of the next completion */
void cq_doorbell(struct hca *hca, uint32_t command, uint32_t number)
{
	struct object *cq = object_find(hca, OBJECT_CQ, number & 0xffffff);

	if (!cq)
		return;
	cq->consumer = command & 0xffffff;
	cq->state = 1;
	if ((cq->producer & 0xffffff) != cq->consumer && !vhca_stopped(&hca->vhca))
		tell(hca, cq);
}
