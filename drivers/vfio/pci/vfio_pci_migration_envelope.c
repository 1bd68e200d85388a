// SPDX-License-Identifier: GPL-2.0-only
/*
 * The envelope: framing for drivers that have none of their own.
 *
 *	opening	| header 32 | what the stream is 32 |
 *	chunk	| header 32 | chunk, any length     |	any number of these
 *	end	| header 32 |
 *
 * Every header has a number, counted from 0, and a checksum that begins with a random number of the
 * session.  So a record that is missing, doubled or from another stream is known by its header
 * alone, and a changed one by its checksums.  The end repeats what the stream came to, so that a
 * stream without it is known to be cut.  Numbers are little-endian; Documentation/migration.rst has
 * the layout as a table, and what is answered to which damage.
 */
#include <linux/build_bug.h>
#include <linux/random.h>
#include <linux/string.h>

#include <compat/crc32c.h>

#include "vfio_pci_migration_priv.h"

#define ENVELOPE_MAGIC		0x504d4656	/* VFMP */
#define ENVELOPE_VERSION	1

enum envelope_type {
	ENVELOPE_OPEN	= 1,
	ENVELOPE_CHUNK	= 2,
	ENVELOPE_END	= 3,
};

/**
 * struct envelope_header - in front of each record
 * @magic: ENVELOPE_MAGIC
 * @type: enum envelope_type
 * @version: ENVELOPE_VERSION
 * @number: of the record in the stream
 * @tag: of a chunk, else 0
 * @length: of what follows
 * @body_crc: of what follows; of an end: of all body_crc before
 * @header_crc: of the fields before, begun with the session's number; with 0 in the opening
 */
struct envelope_header {
	__le32	magic;
	__le16	type;
	__le16	version;
	__le32	number;
	__le32	tag;
	__le64	length;
	__le32	body_crc;
	__le32	header_crc;
};

/**
 * struct envelope_open - what the stream is
 * @session: random
 * @format: the driver's
 * @version: of @format
 * @vendor: PCI vendor ID
 * @device: PCI device ID
 * @reserved: zero
 */
struct envelope_open {
	__le32	session;
	__le32	format;
	__le16	version;
	__le16	vendor;
	__le16	device;
	u8	reserved[18];
};

static_assert(sizeof(struct envelope_header) == 32);
static_assert(sizeof(struct envelope_open) == 32);
static_assert(sizeof(struct envelope_header) + sizeof(struct envelope_open) <=
	      VFIO_PCI_MIG_HEADER_MAX);

/**
 * struct envelope_state - where a session stands
 * @number: of the next record
 * @session: the random number
 * @total_crc: of all body_crc so far
 * @body_crc: that the last header announced
 * @ended: the end came
 */
struct envelope_state {
	u32	number;
	u32	session;
	u32	total_crc;
	u32	body_crc;
	bool	ended;
};

static u32 header_crc(const struct envelope_header *header, u32 session)
{
	return crc32c(session, header, offsetof(struct envelope_header, header_crc));
}

static ssize_t put_header(struct envelope_state *state, enum envelope_type type, u32 tag,
			  u64 length, u32 body_crc, struct envelope_header *header)
{
	const u32 session = type == ENVELOPE_OPEN ? 0 : state->session;

	*header = (struct envelope_header) {
		.magic		= cpu_to_le32(ENVELOPE_MAGIC),
		.type		= cpu_to_le16(type),
		.version	= cpu_to_le16(ENVELOPE_VERSION),
		.number		= cpu_to_le32(state->number++),
		.tag		= cpu_to_le32(tag),
		.length		= cpu_to_le64(length),
		.body_crc	= cpu_to_le32(body_crc),
	};
	header->header_crc = cpu_to_le32(header_crc(header, session));
	state->total_crc = crc32c(state->total_crc, &header->body_crc, sizeof(header->body_crc));
	return sizeof(*header);
}

static ssize_t envelope_put_open(struct vfio_pci_core_device *vdev, void *data, size_t first,
				 void *to)
{
	const struct vfio_pci_migration_ops *ops = vdev->migration->ops;
	struct envelope_state *state = data;
	struct envelope_open open = {
		.format		= cpu_to_le32(ops->format),
		.version	= cpu_to_le16(ops->version),
		.vendor		= cpu_to_le16(vdev->pdev->vendor),
		.device		= cpu_to_le16(vdev->pdev->device),
	};
	ssize_t length;

	state->session = get_random_u32();
	open.session = cpu_to_le32(state->session);

	length = put_header(state, ENVELOPE_OPEN, 0, sizeof(open),
			    crc32c(0, &open, sizeof(open)), to);
	memcpy(to + length, &open, sizeof(open));
	return length + sizeof(open);
}

static ssize_t envelope_put_chunk(struct vfio_pci_core_device *vdev, void *data,
				  const struct vfio_pci_mig_chunk *chunk, void *to)
{
	return put_header(data, ENVELOPE_CHUNK, chunk->tag, chunk->length,
			  crc32c(0, chunk->data, chunk->length), to);
}

static ssize_t envelope_put_end(struct vfio_pci_core_device *vdev, void *data, void *to)
{
	struct envelope_state *state = data;

	return put_header(state, ENVELOPE_END, 0, 0, state->total_crc, to);
}

/* What the header says that must hold in any record, in the order that tells most. */
static int check_header(const struct envelope_state *state, const struct envelope_header *header)
{
	const bool first = !state->number;

	if (le32_to_cpu(header->magic) != ENVELOPE_MAGIC)
		return first ? -EINVAL : -EBADMSG;
	if (header_crc(header, first ? 0 : state->session) != le32_to_cpu(header->header_crc))
		return -EBADMSG;
	if (le16_to_cpu(header->version) != ENVELOPE_VERSION)
		return -EPROTONOSUPPORT;
	if (le32_to_cpu(header->number) != state->number)
		return -EILSEQ;
	return first == (le16_to_cpu(header->type) == ENVELOPE_OPEN) ? 0 : -EILSEQ;
}

static int envelope_get(struct vfio_pci_core_device *vdev, void *data, const void *from,
			struct vfio_pci_mig_record *record)
{
	const struct envelope_header *header = from;
	struct envelope_state *state = data;
	int ret;

	ret = check_header(state, header);
	if (ret)
		return ret;

	record->tag = le32_to_cpu(header->tag);
	record->length = le64_to_cpu(header->length);
	state->body_crc = le32_to_cpu(header->body_crc);

	switch (le16_to_cpu(header->type)) {
	case ENVELOPE_OPEN:
		if (record->length != sizeof(struct envelope_open))
			return -EBADMSG;
		record->type = VFIO_PCI_MIG_RECORD_NOTE;
		break;
	case ENVELOPE_CHUNK:
		record->type = VFIO_PCI_MIG_RECORD_CHUNK;
		break;
	case ENVELOPE_END:
		if (record->length || state->body_crc != state->total_crc)
			return -EBADMSG;
		record->type = VFIO_PCI_MIG_RECORD_END;
		state->ended = true;
		break;
	default:
		return -EBADMSG;
	}

	state->number++;
	state->total_crc = crc32c(state->total_crc, &header->body_crc, sizeof(header->body_crc));
	return 0;
}

static int envelope_check(struct vfio_pci_core_device *vdev, void *data,
			  const struct vfio_pci_mig_record *record, const void *body)
{
	const struct envelope_state *state = data;

	return crc32c(0, body, record->length) == state->body_crc ? 0 : -EBADMSG;
}

static int envelope_note(struct vfio_pci_core_device *vdev, void *data,
			 const struct vfio_pci_mig_record *record, const void *body)
{
	const struct vfio_pci_migration_ops *ops = vdev->migration->ops;
	const struct envelope_open *open = body;
	struct envelope_state *state = data;
	u16 version = le16_to_cpu(open->version);

	if (crc32c(0, body, record->length) != state->body_crc)
		return -EBADMSG;
	if (le32_to_cpu(open->format) != ops->format ||
	    le16_to_cpu(open->vendor) != vdev->pdev->vendor ||
	    le16_to_cpu(open->device) != vdev->pdev->device)
		return -EXDEV;
	if (version > ops->version || version < ops->min_version)
		return -EPROTONOSUPPORT;

	state->session = le32_to_cpu(open->session);
	return 0;
}

static int envelope_complete(struct vfio_pci_core_device *vdev, void *data)
{
	const struct envelope_state *state = data;

	return state->ended ? 0 : -ENODATA;
}

const struct vfio_pci_mig_framing vfio_pci_mig_envelope = {
	.header_size	= sizeof(struct envelope_header),
	.state_size	= sizeof(struct envelope_state),
	.put_open	= envelope_put_open,
	.put_chunk	= envelope_put_chunk,
	.put_end	= envelope_put_end,
	.get		= envelope_get,
	.check		= envelope_check,
	.note		= envelope_note,
	.complete	= envelope_complete,
};
