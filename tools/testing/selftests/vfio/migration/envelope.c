// SPDX-License-Identifier: GPL-2.0-only
/* See envelope.h. The layout stands in Documentation/migration.rst. */
#include <assert.h>
#include <endian.h>
#include <string.h>

#include "envelope.h"
#include "frame.h"

#define MAGIC	"VFMP"
#define OPENING	1
#define ENDING	3

struct record {
	char magic[4];
	__le16 type;
	__le16 version;
	__le32 number;
	__le32 tag;
	__le64 length;		/* of what follows */
	__le32 body_crc;	/* of that; at the end: of all body_crc before */
	__le32 header_crc;	/* of the fields above, seeded with the session's number */
};

struct opening {
	__le32 session;
	__le32 format;
	__le16 version;
	__le16 vendor;
	__le16 device;
	__u8 reserved[18];
};

static_assert(sizeof(struct record) == 32 && sizeof(struct opening) == 32, "no padding");

/* Castagnoli's polynomial, as the kernel's crc32c() begins and ends it: without inversion. */
static __u32 crc32c(__u32 crc, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	int bit;

	while (len--) {
		crc ^= *at++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78U : 0);
	}
	return crc;
}

/* The record at @at with all that it announces, or NULL. */
static struct record *record_at(const struct stream *s, size_t at)
{
	struct record *r = (void *)(s->bytes + at);

	if (at > s->len || s->len - at < sizeof(*r) || memcmp(r->magic, MAGIC, sizeof(r->magic)))
		return NULL;
	return le64toh(r->length) <= s->len - at - sizeof(*r) ? r : NULL;
}

/* The first record's content. */
static struct opening *opening_of(const struct stream *s)
{
	struct record *r = record_at(s, 0);

	if (!r || le16toh(r->type) != OPENING || le64toh(r->length) != sizeof(struct opening))
		return NULL;
	return (void *)(r + 1);
}

bool envelope_is(const struct stream *s)
{
	return opening_of(s);
}

size_t envelope_next(const struct stream *s, size_t at)
{
	struct record *r = record_at(s, at);

	return r ? at + sizeof(*r) + le64toh(r->length) : s->len;
}

bool envelope_seal(struct stream *s)
{
	struct opening *opening = opening_of(s);
	__u32 session = 0, total = 0;
	size_t at;

	for (at = 0; opening && at < s->len; at = envelope_next(s, at)) {
		struct record *r = record_at(s, at);

		if (!r)
			return false;
		r->body_crc = htole32(le16toh(r->type) == ENDING ? total :
				      crc32c(0, r + 1, le64toh(r->length)));
		r->header_crc = htole32(crc32c(session, r, offsetof(struct record, header_crc)));
		total = crc32c(total, &r->body_crc, sizeof(r->body_crc));
		session = le32toh(opening->session);
	}
	return opening;
}

static const struct {
	const char *name;
	size_t at;
	__u8 flip;
} fields[] = {
	{ "version of the envelope", offsetof(struct record, version), 0x02 },
	{ "type of the first record", offsetof(struct record, type), 0x03 },
	{ "number of the first record", offsetof(struct record, number), 0x01 },
	{ "format", sizeof(struct record) + offsetof(struct opening, format), 0x01 },
	{ "version of the format, a newer one",
	  sizeof(struct record) + offsetof(struct opening, version) + 1, 0x40 },
	{ "vendor ID", sizeof(struct record) + offsetof(struct opening, vendor), 0x01 },
	{ "device ID", sizeof(struct record) + offsetof(struct opening, device), 0x01 },
};

const size_t envelope_fields = ARRAY_SIZE(fields);

const char *envelope_field(size_t which)
{
	return fields[which].name;
}

bool envelope_forge(struct stream *s, size_t which)
{
	struct stream probe = stream_copy(s);
	bool ours = envelope_seal(&probe);

	/* A tool that cannot seal what the device made could not forge anything either. */
	ours = ours && !memcmp(probe.bytes, s->bytes, s->len);
	stream_free(&probe);
	if (!ours)
		return false;
	/* Seal with the field changed; the type is needed to seal, so it is changed last. */
	s->bytes[fields[which].at] ^= fields[which].flip;
	if (fields[which].at == offsetof(struct record, type)) {
		struct record *r = (void *)s->bytes;

		r->header_crc = htole32(crc32c(0, r, offsetof(struct record, header_crc)));
		return true;
	}
	return envelope_seal(s);
}
