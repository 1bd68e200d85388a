/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vfio-user messages as they are on the wire, in the order of the specification in QEMU's
 * documentation (interop/vfio-user).  Where a message is a structure of <linux/vfio.h>, that is
 * used.  Everything is in the byte order of the machine.
 */
#ifndef SIM_WIRE_H
#define SIM_WIRE_H

#include <assert.h>
#include <stdint.h>
#include <linux/vfio.h>

#include "macros.h"

enum wire_command {
	WIRE_VERSION = 1,
	WIRE_DMA_MAP,
	WIRE_DMA_UNMAP,
	WIRE_GET_INFO,
	WIRE_GET_REGION_INFO,
	WIRE_GET_REGION_IO_FDS,
	WIRE_GET_IRQ_INFO,
	WIRE_SET_IRQS,
	WIRE_REGION_READ,
	WIRE_REGION_WRITE,
	WIRE_RESET = 13,
	WIRE_REGION_WRITE_MULTI = 15,
	WIRE_FEATURE,
	WIRE_COMMANDS
};

#define WIRE_TYPE	0xf
#define WIRE_IS_COMMAND	0
#define WIRE_IS_REPLY	1
#define WIRE_NO_REPLY	BIT(4)
#define WIRE_ERROR	BIT(5)

struct wire_header {
	uint16_t id;
	uint16_t command;
	uint32_t size;		/* with this header */
	uint32_t flags;
	uint32_t error;
};

struct wire_version {
	uint16_t major;
	uint16_t minor;
	char json[];
};

#define WIRE_MAP_READ	BIT(0)
#define WIRE_MAP_WRITE	BIT(1)
#define WIRE_MAP_MMAP	BIT(2)
#define WIRE_MAP_FILE	BIT(3)

struct wire_dma_map {
	uint32_t argsz;
	uint32_t flags;
	uint64_t offset;
	uint64_t address;
	uint64_t size;
};

struct wire_dma_unmap {
	uint32_t argsz;
	uint32_t flags;
	uint64_t address;
	uint64_t size;
};

struct wire_region_access {
	uint64_t offset;
	uint32_t region;
	uint32_t count;
	uint8_t data[];
};

struct wire_single_write {
	uint64_t offset;
	uint32_t region;
	uint32_t count;
	uint8_t data[8];
};

struct wire_write_multi {
	uint64_t count;
	struct wire_single_write writes[];
};

static_assert(sizeof(struct wire_header) == 16);
static_assert(sizeof(struct wire_dma_map) == 32);
static_assert(sizeof(struct wire_dma_unmap) == 24);
static_assert(sizeof(struct wire_region_access) == 16);
static_assert(sizeof(struct wire_single_write) == 24);

/* What one message may carry: the data of an access, and what comes before it. */
#define WIRE_MAX_DATA		BIT(20)
#define WIRE_MAX_SIZE		(WIRE_MAX_DATA + 4096)
#define WIRE_MAX_FDS		16		/* more, and QEMU says that this is malformed */
#define WIRE_MAX_MAPS		BIT(20)
#define WIRE_PAGE		4096U

#endif /* SIM_WIRE_H */
