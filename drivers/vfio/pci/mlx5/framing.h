/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stream of an mlx5 function: records of a 16-byte little-endian header and a body.
 *
 * It is the format of Linux 6.12's own mlx5 driver, so that a stream of one loads in the other.
 * Nothing here but arithmetic: these files compile in userspace as well, where
 * tools/testing/unit/mlx5 feeds them lies.
 */
#ifndef MLX5_VFIO_FRAMING_H
#define MLX5_VFIO_FRAMING_H

#include <linux/types.h>

/* Of a record's tag. */
#define MLX5_FRAMING_TAG_IMAGE		0	/* what one SAVE_VHCA_STATE wrote */
#define MLX5_FRAMING_TAG_STOP_COPY_SIZE	1	/* __le64: how long an image may get */

/* Of its flags: who does not know the tag may pass over it. */
#define MLX5_FRAMING_OPTIONAL		0x1u

struct mlx5_framing_header {
	__le64	size;
	__le32	flags;
	__le32	tag;
};

#define MLX5_FRAMING_HEADER_SIZE	sizeof(struct mlx5_framing_header)
#define MLX5_FRAMING_OPEN_SIZE		(MLX5_FRAMING_HEADER_SIZE + sizeof(__le64))

/**
 * enum mlx5_framing_kind - what to do with a record
 * @MLX5_FRAMING_IMAGE: load it
 * @MLX5_FRAMING_SKIP: pass over it; the size to expect is a hint, and memory is had as needed
 */
enum mlx5_framing_kind {
	MLX5_FRAMING_IMAGE,
	MLX5_FRAMING_SKIP,
};

/**
 * mlx5_framing_put_open() - what opens a stream: an optional record with the size to expect
 * @to: MLX5_FRAMING_OPEN_SIZE bytes
 * @stop_copy_size: bytes that a buffer for any of the images should have
 */
void mlx5_framing_put_open(void *to, __u64 stop_copy_size);

/**
 * mlx5_framing_put_image() - the header of an image
 * @to: MLX5_FRAMING_HEADER_SIZE bytes
 * @size: of the image, which follows
 */
void mlx5_framing_put_image(void *to, __u64 size);

/**
 * mlx5_framing_get() - understand a header
 * @header: MLX5_FRAMING_HEADER_SIZE bytes that userspace wrote
 * @max_image: longest image that one command can load
 * @kind: what it heads
 * @size: of what follows
 *
 * Return: 0, -EFBIG for an image beyond @max_image, -EINVAL for another record longer than any
 * stream, -EOPNOTSUPP for a tag that is not known and not optional.
 */
int mlx5_framing_get(const void *header, __u64 max_image, enum mlx5_framing_kind *kind,
		     __u64 *size);

#endif /* MLX5_VFIO_FRAMING_H */
