/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fields of firmware structures.  The kernel's mlx5_ifc.h describes each structure as one whose
 * members are arrays with a byte for every bit: offsetof() is a bit's number and sizeof() a
 * width.  The build makes that header of the kernel under test available as <mlx5/mlx5_ifc.h>.
 */
#ifndef SIM_MLX5_IFC_H
#define SIM_MLX5_IFC_H

#include <stddef.h>
#include <stdint.h>

#include "../transport/macros.h"

/* What that header takes from others of the kernel's. */
typedef uint8_t u8;
#define DECLARE_FLEX_ARRAY(type, name) struct { struct {} empty_##name; type name[]; }
#include <mlx5/mlx5_ifc.h>

#define IFC(name)		struct mlx5_ifc_##name##_bits
#define IFC_BYTES(name)		(sizeof(IFC(name)) / 8)
#define IFC_AT(name, field)	(offsetof(IFC(name), field) / 8)
#define IFC_WIDTH(name, field)	sizeof((*(IFC(name) *)0).field)

#define IFC_GET(name, from, field) \
	bits_get(from, offsetof(IFC(name), field), IFC_WIDTH(name, field))
#define IFC_SET(name, to, field, value) \
	bits_set(to, offsetof(IFC(name), field), IFC_WIDTH(name, field), value)

/* Of structure @name, which is at member @inner of structure @outer. */
#define IFC_GET_INNER(outer, inner, name, from, field) \
	bits_get(from, offsetof(IFC(outer), inner) + offsetof(IFC(name), field),	\
		 IFC_WIDTH(name, field))

/* Bits are numbered from the most significant one of the first byte. */
static inline uint64_t bits_get(const void *from, size_t bit, size_t width)
{
	const uint8_t *bytes = from;
	uint64_t value = 0;

	for (size_t end = bit + width; bit < end;) {
		size_t in_byte = 8 - bit % 8;
		size_t take = end - bit < in_byte ? end - bit : in_byte;

		value = value << take | (bytes[bit / 8] >> (in_byte - take) & ((1U << take) - 1));
		bit += take;
	}
	return value;
}

static inline void bits_set(void *to, size_t bit, size_t width, uint64_t value)
{
	uint8_t *bytes = to;

	while (width) {
		size_t in_byte = 8 - bit % 8;
		size_t take = width < in_byte ? width : in_byte;
		unsigned int shift = in_byte - take;
		unsigned int mask = ((1U << take) - 1) << shift;

		width -= take;
		bytes[bit / 8] = (bytes[bit / 8] & ~mask) | ((value >> width) << shift & mask);
		bit += take;
	}
}

#endif /* SIM_MLX5_IFC_H */
