// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suspend, resume, query, save, load.  Statuses are the firmware's.
 *
 * An image is a header, then the state if it holds one, then pages, each with its number and
 * generation in front.  What does not fit stays dirty and is for the next one.
 */
#include <errno.h>
#include <stdlib.h>

#include "../mlx5/status.h"
#include "../transport/loop.h"
#include "vhca.h"

#define IMAGE_MAGIC	0x4843564d4953	/* "SIMVCH" */
#define IMAGE_VERSION	1
#define IMAGE_HEADER	64U
#define IMAGE_FINAL	1U
#define RECORD		(8U + VHCA_PAGE)
#define MOST_STATE	(64U << 20)

/* Pages at a time, so that other functions do not wait for a large image. */
#define SLICE		256U

/**
 * vhca_init() - a function that runs
 * @megabytes: of internal memory
 * @rate: megabytes a second that change
 * @chunk: megabytes of one image in chunk mode
 *
 * Return: 0 or -ENOMEM.
 */
int vhca_init(struct vhca *vhca, const struct vhca_ops *ops, uint16_t id, uint32_t megabytes,
	      uint32_t rate, uint32_t chunk)
{
	uint32_t pages_of_one = (1U << 20) / VHCA_PAGE;

	*vhca = (struct vhca) { .ops = ops, .id = id, .chunk = chunk << 20 };
	if (memory_init(&vhca->memory, megabytes * pages_of_one, rate * pages_of_one))
		return -ENOMEM;
	vhca_reset(vhca);
	return 0;
}

/** vhca_reset() - function-level reset: it runs, and every transfer is over */
void vhca_reset(struct vhca *vhca)
{
	memory_reset(&vhca->memory);
	vhca->memory.running = true;
	vhca->suspended = 0;
	vhca->tracking = false;
	vhca->state_saved = false;
	vhca->loaded = false;
	vhca->incomplete = false;
	vhca->epoch++;
}

/**
 * vhca_suspend() - stop a function, its initiator first
 *
 * Return: OK; BAD_RES_STATE if this part is stopped already or it is not its turn.
 */
unsigned int vhca_suspend(struct vhca *vhca, unsigned int part)
{
	if (vhca->suspended != (part == VHCA_INITIATOR ? 0 : VHCA_INITIATOR))
		return STATUS_BAD_RES_STATE;
	if (part == VHCA_INITIATOR) {
		vhca->ops->stop(vhca);
		memory_run(&vhca->memory, false);
	}
	vhca->suspended |= part;
	return STATUS_OK;
}

/**
 * vhca_resume() - let it run again, its responder first
 *
 * Return: OK; BAD_RES_STATE if it is not its turn, or the function has only half a state.
 */
unsigned int vhca_resume(struct vhca *vhca, unsigned int part)
{
	if (vhca->suspended != (part == VHCA_RESPONDER ? VHCA_STOPPED : VHCA_INITIATOR) ||
	    vhca->incomplete)
		return STATUS_BAD_RES_STATE;
	vhca->suspended &= ~part;
	if (part == VHCA_INITIATOR) {
		vhca->loaded = false;
		memory_run(&vhca->memory, true);
		vhca->ops->start(vhca);
	}
	return STATUS_OK;
}

static size_t state_size(struct vhca *vhca)
{
	struct stream counter = {};

	vhca->ops->save(vhca, &counter);
	return counter.at;
}

static uint64_t image_size(struct vhca *vhca, bool state, uint64_t pages)
{
	return IMAGE_HEADER + (state ? state_size(vhca) : 0) + pages * RECORD;
}

/* No larger than a chunk, but a state is never divided. */
static uint64_t limited(struct vhca *vhca, uint64_t size)
{
	uint64_t least = image_size(vhca, true, 1);
	uint64_t most = vhca->chunk > least ? vhca->chunk : least;

	return vhca->chunked && size > most ? most : size;
}

/**
 * vhca_query() - how large an image would be now
 * @incremental: of what changed since the last one
 * @chunked: images may be smaller than that from now on
 * @required: room for the next image
 * @remaining: of all of them together
 *
 * Return: OK; BAD_RES_STATE if nothing has been saved yet that it could be incremental to.
 */
unsigned int vhca_query(struct vhca *vhca, bool incremental, bool chunked, uint64_t *required,
			uint64_t *remaining)
{
	uint64_t size;

	if (incremental && !vhca->tracking)
		return STATUS_BAD_RES_STATE;
	memory_advance(&vhca->memory);
	vhca->chunked = chunked;
	if (incremental && !vhca->suspended)
		size = vhca->memory.n_dirty ? image_size(vhca, false, vhca->memory.n_dirty) : 0;
	else
		size = image_size(vhca, !vhca->state_saved,
				  incremental ? vhca->memory.n_dirty : vhca->memory.pages);
	*required = limited(vhca, size);
	*remaining = size;
	return STATUS_OK;
}

static bool put_header(struct vhca *vhca, struct vhca_transfer *transfer, uint64_t state)
{
	uint8_t bytes[IMAGE_HEADER] = {};
	struct stream to = { .bytes = bytes, .size = sizeof(bytes) };

	put_number(&to, IMAGE_MAGIC);
	put_number(&to, IMAGE_VERSION);
	put_number(&to, vhca->ops->kind);
	put_number(&to, transfer->final ? IMAGE_FINAL : 0);
	put_number(&to, state);
	put_number(&to, transfer->left);
	put_number(&to, vhca->memory.pages);
	transfer->at = IMAGE_HEADER;
	return transfer->copy(transfer->data, 0, bytes, sizeof(bytes), true);
}

static bool put_state(struct vhca *vhca, struct vhca_transfer *transfer, size_t size)
{
	struct stream to = { .size = size };
	bool good;

	if (!size)
		return true;
	to.bytes = malloc(size);
	if (!to.bytes)
		return false;
	vhca->ops->save(vhca, &to);
	good = transfer->copy(transfer->data, transfer->at, to.bytes, size, true);
	free(to.bytes);
	transfer->at += size;
	return good;
}

static unsigned int begin_save(struct vhca *vhca, struct vhca_transfer *transfer, bool incremental,
			       bool track)
{
	bool stopped = vhca->suspended == VHCA_STOPPED;
	size_t state = 0;
	uint64_t room;

	transfer->begun = true;
	transfer->epoch = vhca->epoch;
	if (incremental ? !vhca->tracking : false)
		return STATUS_BAD_RES_STATE;
	/* A running function can only be followed, or not be followed any more. */
	if (!stopped && !track) {
		unsigned int status = vhca->tracking && !incremental ? STATUS_OK :
								       STATUS_BAD_RES_STATE;

		vhca->tracking = false;
		return status;
	}
	if (stopped && track)
		return STATUS_BAD_RES_STATE;
	memory_advance(&vhca->memory);
	if (!incremental) {
		memory_dirty_all(&vhca->memory);
		vhca->state_saved = false;
	}
	vhca->tracking = true;
	if (stopped && !vhca->state_saved)
		state = state_size(vhca);
	if (transfer->size < IMAGE_HEADER + state)
		return STATUS_BAD_PARAM;
	room = (transfer->size - IMAGE_HEADER - state) / RECORD;
	if (room < vhca->memory.n_dirty && ((stopped && !vhca->chunked) || !room))
		return STATUS_BAD_PARAM;
	transfer->left = room < vhca->memory.n_dirty ? room : vhca->memory.n_dirty;
	transfer->final = stopped && transfer->left == vhca->memory.n_dirty;
	if (!put_header(vhca, transfer, state) || !put_state(vhca, transfer, state))
		return STATUS_BAD_RES;
	vhca->state_saved = stopped;
	return STATUS_AGAIN;
}

static bool save_page(struct vhca *vhca, struct vhca_transfer *transfer, uint32_t *page)
{
	uint8_t record[RECORD];

	if (!memory_next_dirty(&vhca->memory, page))
		return false;
	memcpy(record, &(uint32_t) { htole32(*page) }, 4);
	memcpy(record + 4, &(uint32_t) { htole32(vhca->memory.generation[*page]) }, 4);
	memory_fill(&vhca->memory, *page, record + 8);
	if (!transfer->copy(transfer->data, transfer->at, record, sizeof(record), true))
		return false;
	transfer->at += sizeof(record);
	transfer->left--;
	return true;
}

/**
 * vhca_save() - save an image, part by part
 * @transfer: zero at first, except for @copy, @data and @size
 * @incremental: what changed since the last image, else everything
 * @track: the function runs, and incremental images will follow
 *
 * Return: AGAIN to be called again; OK: @transfer->at bytes are there; BAD_RES_STATE if the
 * function is not in the state for it, or was reset meanwhile; BAD_PARAM if there is too little
 * room; BAD_RES if the memory is not there.
 */
unsigned int vhca_save(struct vhca *vhca, struct vhca_transfer *transfer, bool incremental,
		       bool track)
{
	uint32_t page = 0;

	if (!transfer->begun)
		return begin_save(vhca, transfer, incremental, track);
	if (transfer->epoch != vhca->epoch)
		return STATUS_BAD_RES_STATE;
	for (unsigned int i = 0; i < SLICE && transfer->left; i++) {
		if (!save_page(vhca, transfer, &page))
			return STATUS_BAD_RES;
	}
	if (transfer->left)
		return STATUS_AGAIN;
	if (transfer->final) {
		vhca->tracking = false;
		vhca->state_saved = false;
	} else if (vhca->suspended == VHCA_STOPPED) {
		transfer->next = limited(vhca, image_size(vhca, false, vhca->memory.n_dirty));
	}
	return STATUS_OK;
}

static bool get_state(struct vhca *vhca, struct vhca_transfer *transfer, size_t size)
{
	struct stream from = { .size = size };
	bool good;

	if (!size)
		return true;
	from.bytes = malloc(size);
	if (!from.bytes)
		return false;
	good = transfer->copy(transfer->data, transfer->at, from.bytes, size, false) &&
	       vhca->ops->load(vhca, &from);
	free(from.bytes);
	transfer->at += size;
	return good;
}

static unsigned int begin_load(struct vhca *vhca, struct vhca_transfer *transfer)
{
	uint8_t bytes[IMAGE_HEADER];
	struct stream from = { .bytes = bytes, .size = sizeof(bytes) };
	uint64_t state;

	transfer->begun = true;
	transfer->epoch = vhca->epoch;
	if (vhca->suspended != VHCA_STOPPED)
		return STATUS_BAD_RES_STATE;
	vhca->loaded = true;
	vhca->incomplete = true;
	if (transfer->size < IMAGE_HEADER)
		return STATUS_BAD_PARAM;
	if (!transfer->copy(transfer->data, 0, bytes, sizeof(bytes), false))
		return STATUS_BAD_RES;
	if (get_number(&from) != IMAGE_MAGIC || get_number(&from) != IMAGE_VERSION ||
	    get_number(&from) != vhca->ops->kind)
		return STATUS_BAD_PARAM;
	transfer->final = get_up_to(&from, IMAGE_FINAL);
	state = get_up_to(&from, MOST_STATE);
	transfer->left = get_up_to(&from, vhca->memory.pages);
	if (get_number(&from) != vhca->memory.pages || from.bad ||
	    transfer->size != IMAGE_HEADER + state + transfer->left * (uint64_t)RECORD)
		return STATUS_BAD_PARAM;
	transfer->at = IMAGE_HEADER;
	return get_state(vhca, transfer, state) ? STATUS_AGAIN : STATUS_BAD_PARAM;
}

static unsigned int load_page(struct vhca *vhca, struct vhca_transfer *transfer)
{
	uint8_t record[RECORD];
	uint32_t page, generation;

	if (!transfer->copy(transfer->data, transfer->at, record, sizeof(record), false))
		return STATUS_BAD_RES;
	memcpy(&page, record, sizeof(page));
	memcpy(&generation, record + 4, sizeof(generation));
	if (!memory_store(&vhca->memory, le32toh(page), le32toh(generation), record + 8))
		return STATUS_BAD_PARAM;
	transfer->at += sizeof(record);
	transfer->left--;
	return STATUS_OK;
}

/**
 * vhca_load() - load an image, part by part
 * @transfer: as for vhca_save(); @size is that of the image
 *
 * Return: AGAIN to be called again; OK; BAD_RES_STATE if the function is not stopped, or was
 * reset meanwhile; BAD_PARAM if this is no image for it; BAD_RES if the memory is not there.
 */
unsigned int vhca_load(struct vhca *vhca, struct vhca_transfer *transfer)
{
	if (!transfer->begun)
		return begin_load(vhca, transfer);
	if (transfer->epoch != vhca->epoch)
		return STATUS_BAD_RES_STATE;
	for (unsigned int i = 0; i < SLICE && transfer->left; i++) {
		unsigned int status = load_page(vhca, transfer);

		if (status != STATUS_OK)
			return status;
	}
	if (transfer->left)
		return STATUS_AGAIN;
	if (transfer->final)
		vhca->incomplete = false;
	return STATUS_OK;
}
