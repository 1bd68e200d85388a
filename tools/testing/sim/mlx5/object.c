// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects: numbered within their kind, lowest free number first, gone with their function.
 */
#include <stdlib.h>
#include <string.h>

#include "command.h"

/* The numbers of a kind are @first to @first + @count - 1. */
static const struct {
	uint32_t first;
	uint32_t count;
	uint32_t least;		/* bytes of a description */
} kinds[OBJECT_KINDS] = {
	[OBJECT_EQ]		  = { 1, 63, IFC_BYTES(create_eq_in) },
	[OBJECT_CQ]		  = { 1, 1023, IFC_BYTES(create_cq_in) },
	[OBJECT_QP]		  = { 8, 1016, IFC_BYTES(create_qp_in) },
	[OBJECT_MKEY]		  = { 1, 65535, IFC_BYTES(create_mkey_in) },
	[OBJECT_PD]		  = { 1, 1023, 16 },
	[OBJECT_UAR]		  = { HCA_FIRST_UAR, VF_BAR_SIZE / HCA_PAGE - HCA_FIRST_UAR, 16 },
	[OBJECT_TRANSPORT_DOMAIN] = { 1, 255, 16 },
	[OBJECT_XRCD]		  = { 1, 255, 16 },
	[OBJECT_COUNTER]	  = { 1, 255, 16 },
	[OBJECT_PAGE_TRACK]	  = { 1, 63, IFC_BYTES(create_page_track_obj_in) },
};

/* All that a driver can make of a function, so that it cannot eat up the simulator. */
#define MOST_DESCRIPTION MOST_BYTES

/** object_find() - an object by its number, or NULL */
struct object *object_find(struct hca *hca, enum object_kind kind, uint32_t id)
{
	uint32_t index = id - kinds[kind].first;

	if (!hca->objects[kind] || index >= kinds[kind].count)
		return NULL;
	return hca->objects[kind][index];
}

static struct object *object_put(struct hca *hca, enum object_kind kind, uint32_t index,
				 uint32_t size)
{
	struct object *object;

	if (!hca->objects[kind])
		hca->objects[kind] = calloc(kinds[kind].count, sizeof(struct object *));
	if (!hca->objects[kind] || hca->objects[kind][index])
		return NULL;
	object = calloc(1, sizeof(*object) + size);
	if (!object)
		return NULL;
	object->kind = kind;
	object->id = kinds[kind].first + index;
	object->size = size;
	hca->objects[kind][index] = object;
	return object;
}

/**
 * object_new() - make an object
 * @in: the command that does
 * @size: of it, checked to be what the kind needs
 *
 * Return: the object; NULL if there are too many of its kind.
 */
struct object *object_new(struct hca *hca, enum object_kind kind, const void *in, uint32_t size)
{
	struct object *object = NULL;

	for (uint32_t index = 0; index < kinds[kind].count; index++) {
		if (hca->objects[kind] && hca->objects[kind][index])
			continue;
		object = object_put(hca, kind, index, size);
		break;
	}
	if (object)
		memcpy(object->in, in, size);
	return object;
}

/** object_delete() - unmake it */
void object_delete(struct hca *hca, struct object *object)
{
	hca->objects[object->kind][object->id - kinds[object->kind].first] = NULL;
	free(object);
}

/** objects_delete() - unmake all of a function's */
void objects_delete(struct hca *hca)
{
	for (unsigned int kind = 0; kind < OBJECT_KINDS; kind++) {
		for (uint32_t i = 0; hca->objects[kind] && i < kinds[kind].count; i++)
			free(hca->objects[kind][i]);
		free(hca->objects[kind]);
		hca->objects[kind] = NULL;
	}
}

/** objects_count() - how many a function has, of all kinds */
unsigned int objects_count(const struct hca *hca)
{
	unsigned int count = 0;

	for (unsigned int kind = 0; kind < OBJECT_KINDS; kind++)
		for (uint32_t i = 0; hca->objects[kind] && i < kinds[kind].count; i++)
			count += !!hca->objects[kind][i];
	return count;
}

/** objects_save() - write them all */
void objects_save(struct hca *hca, struct stream *to)
{
	for (unsigned int kind = 0; kind < OBJECT_KINDS; kind++) {
		for (uint32_t i = 0; hca->objects[kind] && i < kinds[kind].count; i++) {
			const struct object *object = hca->objects[kind][i];

			if (!object)
				continue;
			put_number(to, kind);
			put_number(to, i);
			put_number(to, object->producer);
			put_number(to, object->consumer);
			put_number(to, object->state);
			put_number(to, object->size);
			put_bytes(to, object->in, object->size);
		}
	}
	put_number(to, OBJECT_KINDS);
}

/** objects_load() - read what objects_save() wrote, into a function without any */
bool objects_load(struct hca *hca, struct stream *from)
{
	for (;;) {
		uint64_t kind = get_up_to(from, OBJECT_KINDS);
		struct object head;
		struct object *object;
		uint64_t index;

		if (from->bad || kind == OBJECT_KINDS)
			return !from->bad;
		index = get_up_to(from, kinds[kind].count - 1);
		head.producer = get_up_to(from, UINT32_MAX);
		head.consumer = get_up_to(from, UINT32_MAX);
		head.state = get_up_to(from, UINT32_MAX);
		head.size = get_up_to(from, MOST_DESCRIPTION);
		if (from->bad || head.size < kinds[kind].least || head.size > from->size)
			return false;
		object = object_put(hca, kind, index, head.size);
		if (!object)
			return false;
		object->producer = head.producer;
		object->consumer = head.consumer;
		object->state = head.state;
		get_bytes(from, object->in, head.size);
		if ((kind == OBJECT_EQ && !eq_valid(object->in, head.size)) ||
		    (kind == OBJECT_CQ && !cq_valid(object->in, head.size)) ||
		    (kind == OBJECT_MKEY && !mkey_valid(object->in, head.size)))
			return false;
	}
}
