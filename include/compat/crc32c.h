/* SPDX-License-Identifier: GPL-2.0-only */
/* crc32c(): a module of its own in some kernels, and not in all configurations. */
#ifndef COMPAT_CRC32C_H
#define COMPAT_CRC32C_H

#include <linux/kconfig.h>
#include <linux/types.h>

#if IS_REACHABLE(CONFIG_LIBCRC32C)
#include <linux/crc32c.h>
#else
#include <linux/crc32.h>

static inline u32 crc32c(u32 crc, const void *from, size_t length)
{
	return __crc32c_le(crc, from, length);
}
#endif

#endif /* COMPAT_CRC32C_H */
