/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel's programs are used to have.
 */
#ifndef SIM_MACROS_H
#define SIM_MACROS_H

#include <stddef.h>

#define BIT(n)			(1U << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define container_of(pointer, type, member) \
	((type *)((char *)(pointer) - offsetof(type, member)))

#endif /* SIM_MACROS_H */
