/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vfio-user server: PCI functions that live in this process and are plugged into QEMU's
 * vfio-user-pci.  Each function has a socket of its own, one client at a time, and a DMA
 * address space of its own; all of them run from one loop (loop.h).
 *
 * The client is not trusted.  Whatever it sends, it harms only itself: offsets and lengths are
 * checked before the device's code sees them, and a message that makes no sense ends the
 * connection.
 */
#ifndef SIM_VFU_H
#define SIM_VFU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VFU_REGIONS	9	/* BARs, ROM, config space, VGA */
#define VFU_ROM		6
#define VFU_CONFIG	7
#define VFU_MAX_VECTORS	2048

struct vfu;

/**
 * struct vfu_ops - what a device does
 * @access: read or write @count bytes at @offset of @region.  Both are inside the region, @count is
 *	at least 1, and the client chose them: they may have any alignment
 * @reset: function-level reset.  The DMA mappings and eventfds stay: they are the client's
 * @attached: a client came or went; optional
 */
struct vfu_ops {
	void (*access)(struct vfu *vfu, unsigned int region, uint64_t offset, void *data,
		       size_t count, bool write);
	void (*reset)(struct vfu *vfu);
	void (*attached)(struct vfu *vfu, bool yes);
};

/**
 * struct vfu_info - what a device is
 * @region_size: of each region in bytes; 0: not there
 * @vectors: MSI-X vectors
 * @intx: it has an interrupt line
 */
struct vfu_info {
	uint64_t region_size[VFU_REGIONS];
	unsigned int vectors;
	bool intx;
};

struct vfu *vfu_create(const char *path, const struct vfu_ops *ops, const struct vfu_info *info,
		       void *data);
void vfu_destroy(struct vfu *vfu);
void *vfu_data(struct vfu *vfu);
bool vfu_is_attached(struct vfu *vfu);

bool vfu_dma_read(struct vfu *vfu, uint64_t address, void *data, size_t count);
bool vfu_dma_write(struct vfu *vfu, uint64_t address, const void *data, size_t count);
bool vfu_trigger(struct vfu *vfu, unsigned int vector);
void vfu_assert(struct vfu *vfu, bool level);

#endif /* SIM_VFU_H */
