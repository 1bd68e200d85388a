// SPDX-License-Identifier: GPL-2.0-only
/*
 * See framing.h.
 */

#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "framing.h"

static void put(void *to, __u64 size, __u32 flags, __u32 tag)
{
	const struct mlx5_framing_header header = {
		.size	= __cpu_to_le64(size),
		.flags	= __cpu_to_le32(flags),
		.tag	= __cpu_to_le32(tag),
	};

	memcpy(to, &header, sizeof(header));
}

void mlx5_framing_put_open(void *to, __u64 stop_copy_size)
{
	const __le64 body = __cpu_to_le64(stop_copy_size);

	put(to, sizeof(body), MLX5_FRAMING_OPTIONAL, MLX5_FRAMING_TAG_STOP_COPY_SIZE);
	memcpy((char *)to + MLX5_FRAMING_HEADER_SIZE, &body, sizeof(body));
}

void mlx5_framing_put_image(void *to, __u64 size)
{
	put(to, size, 0, MLX5_FRAMING_TAG_IMAGE);
}

int mlx5_framing_get(const void *header, __u64 max_image, enum mlx5_framing_kind *kind,
		     __u64 *size)
{
	struct mlx5_framing_header copy;

	memcpy(&copy, header, sizeof(copy));
	*size = __le64_to_cpu(copy.size);

	if (copy.tag == __cpu_to_le32(MLX5_FRAMING_TAG_IMAGE)) {
		*kind = MLX5_FRAMING_IMAGE;
		return *size > max_image ? -EFBIG : 0;
	}

	*kind = MLX5_FRAMING_SKIP;
	if (copy.tag != __cpu_to_le32(MLX5_FRAMING_TAG_STOP_COPY_SIZE) &&
	    !(copy.flags & __cpu_to_le32(MLX5_FRAMING_OPTIONAL)))
		return -EOPNOTSUPP;
	/* Stream positions are loff_t, so nothing longer could ever come. */
	return *size >> 63 ? -EINVAL : 0;
}
