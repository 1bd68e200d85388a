// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page trackers: objects of the PF that remember which pages a function has written to.  Asked to
 * report a range, the firmware sends its pages, 64 bits each, from one QP of the PF's driver to
 * the other one that is connected with it.
 */
#include <search.h>
#include <stdlib.h>

#include "card.h"
#include "command.h"

#define TYPE_PAGE_TRACK		MLX5_OBJ_TYPE_PAGE_TRACK
#define ENTRY_BYTES		8U
#define MOST_MESSAGE		16	/* as a power of two */
#define MOST_RANGES		32
#define MOST_PAGES_TRACKED	BIT(22)
#define RETRY_MS		1

/* Places in a completion, and what it is. */
#define CQE_IMMEDIATE		0x24
#define CQE_LENGTH		0x2c
#define CQE_QPN			0x38
#define CQE_COUNTER		0x3c
#define CQE_OPCODE		0x3f
#define OPCODE_SEND_IMMEDIATE	3

/* A page that was written to, or in a search a range of them. */
struct page {
	uint64_t first, last;
};

/**
 * struct tracker - what an object of the kind remembers
 * @watch: on the function
 * @hca: whose object it is
 * @pci: the function
 * @object: the object
 * @pages: of a tsearch() tree of struct page
 * @count: how many
 * @from: range that is being reported, in pages
 * @to: its last page
 * @timer: until the next message
 */
struct tracker {
	struct pci_watch watch;
	struct hca *hca;
	struct pci_function *pci;
	struct object *object;
	void *pages;
	unsigned int count;
	uint64_t from, to;
	struct loop_timer timer;
	struct tracker *next;
};

#define TRACK(in, field) IFC_GET_INNER(create_page_track_obj_in, obj_context, page_track, in, field)
#define QPC(qp, field) IFC_GET_INNER(create_qp_in, qpc, qpc, (qp)->in, field)

static int compare(const void *a, const void *b)
{
	const struct page *x = a, *y = b;

	if (x->last < y->first)
		return -1;
	return x->first > y->last;
}

static struct page *find(struct tracker *tracker, uint64_t first, uint64_t last)
{
	struct page key = { first, last };
	struct page **found = tfind(&key, &tracker->pages, compare);

	return found ? *found : NULL;
}

static bool in_ranges(const struct tracker *tracker, uint64_t address)
{
	const uint8_t *in = tracker->object->in;
	unsigned int count = TRACK(in, num_ranges);

	for (unsigned int i = 0; i < count; i++) {
		const uint8_t *range = in + IFC_BYTES(create_page_track_obj_in) +
				       i * IFC_BYTES(page_track_range);

		if (address - IFC_GET(page_track_range, range, start_address) <
		    IFC_GET(page_track_range, range, length))
			return true;
	}
	return false;
}

static void on_write(struct pci_watch *watch, uint64_t address, size_t count)
{
	struct tracker *tracker = container_of(watch, struct tracker, watch);
	unsigned int shift = TRACK(tracker->object->in, log_page_size);

	for (uint64_t n = address >> shift; n <= (address + count - 1) >> shift; n++) {
		struct page *page;

		if (!in_ranges(tracker, n << shift) || find(tracker, n, n))
			continue;
		page = malloc(sizeof(*page));
		if (page)
			*page = (struct page) { n, n };
		if (!page || tracker->count == MOST_PAGES_TRACKED ||
		    !tsearch(page, &tracker->pages, compare)) {
			/* What cannot be remembered cannot be left out either. */
			tracker->object->state = MLX5_PAGE_TRACK_STATE_ERROR;
			free(page);
			return;
		}
		tracker->count++;
	}
}

/* The receive queue's next entry, if its driver has posted one. */
static bool next_receive(struct hca *hca, struct object *qp, uint64_t *address, uint32_t *key)
{
	uint32_t mask = BIT(QPC(qp, log_rq_size)) - 1;
	uint64_t log_page = QPC(qp, log_page_size) + 12;
	uint64_t offset = (uint64_t)(qp->consumer & mask) << (QPC(qp, log_rq_stride) + 4);
	size_t list;
	uint8_t bytes[16], posted[4];

	offset += QPC(qp, page_offset) * 64;
	list = IFC_BYTES(create_qp_in) + (offset >> log_page) * 8;
	if (list + 8 > qp->size ||
	    !pci_dma_read(&hca->pci, QPC(qp, dbr_addr), posted, sizeof(posted)) ||
	    (bits_get(posted, 0, 32) & 0xffff) == (qp->consumer & 0xffff) ||
	    !pci_dma_read(&hca->pci, bits_get(qp->in, list * 8, 64) +
			  (offset & (BIT_ULL(log_page) - 1)), bytes, sizeof(bytes)))
		return false;
	*key = bits_get(bytes, 32, 32);
	*address = bits_get(bytes, 64, 64);
	return true;
}

/* One message with as many pages as fit.  Return: whether there was a place for it. */
static bool send_message(struct tracker *tracker, struct object *qp, struct object *cq)
{
	unsigned int shift = TRACK(tracker->object->in, log_page_size);
	uint32_t most = BIT(TRACK(tracker->object->in, log_msg_size)) / ENTRY_BYTES;
	uint8_t entry[ENTRY_BYTES], cqe[64] = {};
	struct hca *hca = tracker->hca;
	uint64_t address;
	uint32_t key, n;

	if (!next_receive(hca, qp, &address, &key))
		return false;
	for (n = 0; n < most; n++) {
		struct page *page = find(tracker, tracker->from, tracker->to);

		if (!page)
			break;
		bits_set(entry, 0, 64, page->first << shift);
		if (!mkey_copy(hca, key, address + n * ENTRY_BYTES, entry, sizeof(entry), true))
			tracker->object->state = MLX5_PAGE_TRACK_STATE_ERROR;
		tdelete(page, &tracker->pages, compare);
		free(page);
		tracker->count--;
	}
	if (tracker->object->state == MLX5_PAGE_TRACK_STATE_REPORTING &&
	    !find(tracker, tracker->from, tracker->to))
		tracker->object->state = MLX5_PAGE_TRACK_STATE_TRACKING;
	bits_set(cqe, CQE_IMMEDIATE * 8, 32, tracker->object->state << 28);
	bits_set(cqe, CQE_LENGTH * 8, 32, n * ENTRY_BYTES);
	bits_set(cqe, CQE_QPN * 8, 32, qp->id);
	bits_set(cqe, CQE_COUNTER * 8, 16, qp->consumer);
	cqe[CQE_OPCODE] = OPCODE_SEND_IMMEDIATE << 4;
	qp->consumer++;
	return cq_post(hca, cq, cqe);
}

static void report(struct loop_timer *timer)
{
	struct tracker *tracker = timer->data;
	struct hca *hca = tracker->hca;
	struct object *from = object_find(hca, OBJECT_QP, TRACK(tracker->object->in,
								reporting_qpn));
	struct object *to = from ? object_find(hca, OBJECT_QP, from->producer) : NULL;
	struct object *cq = to ? object_find(hca, OBJECT_CQ, QPC(to, cqn_rcv)) : NULL;

	if (!cq) {
		tracker->object->state = MLX5_PAGE_TRACK_STATE_ERROR;
		return;
	}
	while (tracker->object->state == MLX5_PAGE_TRACK_STATE_REPORTING) {
		/* The receiver is not ready: it is asked again and again, for ever. */
		if (!send_message(tracker, to, cq)) {
			loop_set_timer(timer, RETRY_MS);
			return;
		}
	}
}

static void forget(struct tracker *tracker)
{
	struct tracker **place = &tracker->hca->trackers;

	while (*place != tracker)
		place = &(*place)->next;
	*place = tracker->next;
	loop_cancel_timer(&tracker->timer);
	pci_unwatch(tracker->pci, &tracker->watch);
	tdestroy(tracker->pages, free);
	object_delete(tracker->hca, tracker->object);
	free(tracker);
}

/** trackers_forget() - all of a function's, which are objects of it as well */
void trackers_forget(struct hca *hca)
{
	while (hca->trackers)
		forget(hca->trackers);
}

static struct tracker *named(struct command *command)
{
	uint32_t id = IFC_GET(general_obj_in_cmd_hdr, command->in, obj_id);
	struct tracker *tracker = command->hca->trackers;

	if (IFC_GET(general_obj_in_cmd_hdr, command->in, obj_type) != TYPE_PAGE_TRACK)
		return NULL;
	while (tracker && tracker->object->id != id)
		tracker = tracker->next;
	return tracker;
}

static bool track_valid(const struct command *command)
{
	const uint8_t *in = command->in;
	unsigned int ranges = TRACK(in, num_ranges);
	unsigned int page = TRACK(in, log_page_size), message = TRACK(in, log_msg_size);

	return IFC_GET(general_obj_in_cmd_hdr, in, obj_type) == TYPE_PAGE_TRACK &&
	       ranges && ranges <= MOST_RANGES && page >= 12 && page <= 20 && message >= 12 &&
	       message <= MOST_MESSAGE &&
	       command->in_size >= IFC_BYTES(create_page_track_obj_in) +
	       ranges * IFC_BYTES(page_track_range);
}

/** track_create() - CREATE_GENERAL_OBJECT, of which this is the only kind */
unsigned int track_create(struct command *command)
{
	struct hca *hca = command->hca;
	struct tracker *tracker;
	struct pci_function *pci;

	if (!track_valid(command))
		return STATUS_BAD_PARAM;
	pci = card_function(hca->card, TRACK(command->in, vhca_id));
	if (!pci || !object_find(hca, OBJECT_QP, TRACK(command->in, reporting_qpn)))
		return STATUS_BAD_RES;
	tracker = calloc(1, sizeof(*tracker));
	if (!tracker)
		return STATUS_NO_RES;
	tracker->object = object_new(hca, OBJECT_PAGE_TRACK, command->in, command->in_size);
	if (!tracker->object) {
		free(tracker);
		return STATUS_NO_RES;
	}
	tracker->hca = hca;
	tracker->pci = pci;
	tracker->timer = (struct loop_timer) { .fire = report, .data = tracker };
	tracker->watch.wrote = on_write;
	tracker->next = hca->trackers;
	hca->trackers = tracker;
	pci_watch(pci, &tracker->watch);
	IFC_SET(general_obj_out_cmd_hdr, command->out, obj_id, tracker->object->id);
	return STATUS_OK;
}

/** track_modify() - MODIFY_GENERAL_OBJECT: report a range */
unsigned int track_modify(struct command *command)
{
	struct tracker *tracker = named(command);
	const uint8_t *in = command->in;
	unsigned int shift;
	uint64_t length, end;

	if (!tracker)
		return STATUS_BAD_RES;
	if (tracker->object->state != MLX5_PAGE_TRACK_STATE_TRACKING)
		return STATUS_BAD_RES_STATE;
	length = TRACK(in, length);
	if (TRACK(in, state) != MLX5_PAGE_TRACK_STATE_REPORTING || !length ||
	    __builtin_add_overflow(TRACK(in, range_start_address), length - 1, &end))
		return STATUS_BAD_PARAM;
	shift = TRACK(tracker->object->in, log_page_size);
	tracker->from = TRACK(in, range_start_address) >> shift;
	tracker->to = end >> shift;
	tracker->object->state = MLX5_PAGE_TRACK_STATE_REPORTING;
	loop_set_timer(&tracker->timer, 0);
	return STATUS_OK;
}

/** track_query() - QUERY_GENERAL_OBJECT: its state */
unsigned int track_query(struct command *command)
{
	struct tracker *tracker = named(command);

	if (!tracker)
		return STATUS_BAD_RES;
	IFC_SET(page_track, command->out + IFC_AT(query_page_track_obj_out, obj_context), state,
		tracker->object->state);
	return STATUS_OK;
}

/** track_destroy() - DESTROY_GENERAL_OBJECT */
unsigned int track_destroy(struct command *command)
{
	struct tracker *tracker = named(command);

	if (!tracker)
		return STATUS_BAD_RES;
	forget(tracker);
	return STATUS_OK;
}
