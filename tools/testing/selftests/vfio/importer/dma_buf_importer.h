/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/dma-buf-importer: a device that reaches into a dma-buf, for who exports them. */
#ifndef DMA_BUF_IMPORTER_H
#define DMA_BUF_IMPORTER_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * enum importer_kind - what a driver may be that attaches
 * @IMPORTER_MOVES: is told when the memory goes, and reaches other devices' memory
 * @IMPORTER_STATIC: wants the memory to stay
 * @IMPORTER_RAM_ONLY: is told, and takes memory of the machine only
 * @IMPORTER_NO_DEVICE: as the first, for what is on no bus
 */
enum importer_kind {
	IMPORTER_MOVES,
	IMPORTER_STATIC,
	IMPORTER_RAM_ONLY,
	IMPORTER_NO_DEVICE,
};

/**
 * struct importer_attach - attach to a dma-buf
 * @fd: of the dma-buf
 * @kind: enum importer_kind
 * @segment: bytes that the device takes in one piece; 0 for what is usual
 */
struct importer_attach {
	__s32 fd;
	__u32 kind;
	__u32 segment;
};

/**
 * struct importer_map - what a mapping looks like
 * @bytes: of all pieces
 * @pieces: how many
 * @jumps: how many do not begin where the one before ends
 */
struct importer_map {
	__u64 bytes;
	__u32 pieces;
	__u32 jumps;
};

/**
 * struct importer_word - four bytes that the device itself reads or writes
 * @offset: in the dma-buf, by the mapping that was made last, revoked or not
 * @value: what it reads or writes
 * @reserved: fills the structure up
 */
struct importer_word {
	__u64 offset;
	__u32 value;
	__u32 reserved;
};

/* One dma-buf for each open file */
#define IMPORTER_ATTACH	_IOW('i', 0, struct importer_attach)
#define IMPORTER_MAP	_IOR('i', 1, struct importer_map)
#define IMPORTER_UNMAP	_IO('i', 2)
#define IMPORTER_READ	_IOWR('i', 3, struct importer_word)
#define IMPORTER_WRITE	_IOW('i', 4, struct importer_word)
/* How often it was told that the memory goes */
#define IMPORTER_TOLD	_IO('i', 5)
/* Is done with the memory only so many milliseconds after it was told, and says so by a fence */
#define IMPORTER_LINGER	_IO('i', 6)

#endif /* DMA_BUF_IMPORTER_H */
