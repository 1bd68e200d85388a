// SPDX-License-Identifier: GPL-2.0-only
/* See virtio.h. Of the virtio specification: "Split Virtqueues", "Virtio Over PCI Bus". */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "event.h"
#include "pci_sysfs.h"
#include "virtio.h"

#define ENTRIES		8
#define AVAILABLE	0x800	/* in the page of the rings */

int virtio_find(const struct vdev *v, __u8 type, struct virtio_place *place)
{
	__u32 cap;

	for (cap = cfg_get(v, PCI_CAPABILITY_LIST, 1); cap;
	     cap = cfg_get(v, cap + PCI_CAP_LIST_NEXT, 1)) {
		if (cfg_get(v, cap, 1) != PCI_CAP_ID_VNDR ||
		    cfg_get(v, cap + VIRTIO_PCI_CAP_CFG_TYPE, 1) != type)
			continue;
		place->cap = cap;
		place->bar = cfg_get(v, cap + VIRTIO_PCI_CAP_BAR, 1);
		place->at = cfg_get(v, cap + VIRTIO_PCI_CAP_OFFSET, 4);
		return place->bar < PCI_STD_NUM_BARS ? 0 : -EINVAL;
	}
	return -ENODEV;
}

bool disk_is(const char *bdf)
{
	return pci_attr_number(bdf, "vendor") == 0x1af4 &&
	       pci_attr_number(bdf, "device") == 0x1042;
}

static int put(struct disk *d, __u32 reg, size_t width, __u32 value)
{
	return vdev_put(d->v, d->common.bar, d->common.at + reg, width, value);
}

static int put_address(struct disk *d, __u32 low, __u64 address)
{
	return put(d, low, 4, address) ?: put(d, low + 4, 4, address >> 32);
}

static __u64 page_address(const struct disk *d, enum disk_page page)
{
	return d->iova + page * DISK_PAGE;
}

static int agree(struct disk *d)
{
	const __u8 found = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;

	return put(d, VIRTIO_PCI_COMMON_STATUS, 1, 0) ?:
	       put(d, VIRTIO_PCI_COMMON_STATUS, 1, found) ?:
	       put(d, VIRTIO_PCI_COMMON_GFSELECT, 4, 0) ?: put(d, VIRTIO_PCI_COMMON_GF, 4, 0) ?:
	       put(d, VIRTIO_PCI_COMMON_GFSELECT, 4, 1) ?:
	       put(d, VIRTIO_PCI_COMMON_GF, 4,
		   1U << (VIRTIO_F_VERSION_1 - 32) | 1U << (VIRTIO_F_ACCESS_PLATFORM - 32)) ?:
	       put(d, VIRTIO_PCI_COMMON_STATUS, 1, found | VIRTIO_CONFIG_S_FEATURES_OK);
}

static int set_up_queue(struct disk *d)
{
	return put(d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 0) ?:
	       put(d, VIRTIO_PCI_COMMON_Q_SIZE, 2, ENTRIES) ?:
	       put_address(d, VIRTIO_PCI_COMMON_Q_DESCLO, page_address(d, DISK_RINGS)) ?:
	       put_address(d, VIRTIO_PCI_COMMON_Q_AVAILLO,
			   page_address(d, DISK_RINGS) + AVAILABLE) ?:
	       put_address(d, VIRTIO_PCI_COMMON_Q_USEDLO, page_address(d, DISK_USED)) ?:
	       put(d, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
}

int disk_start(struct disk *d)
{
	__u32 noff, multiplier;
	int ret = virtio_find(d->v, VIRTIO_PCI_CAP_COMMON_CFG, &d->common) ?:
		  virtio_find(d->v, VIRTIO_PCI_CAP_NOTIFY_CFG, &d->notify) ?:
		  cfg_update16(d->v, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
			       PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);

	d->requests = 0;
	memset(d->memory, 0, DISK_DATA * DISK_PAGE);
	ret = ret ?: agree(d) ?: set_up_queue(d);
	if (ret)
		return ret;
	noff = vdev_get(d->v, d->common.bar, d->common.at + VIRTIO_PCI_COMMON_Q_NOFF, 2);
	multiplier = cfg_get(d->v, d->notify.cap + sizeof(struct virtio_pci_cap), 4);
	d->notify.at += noff * multiplier;
	return put(d, VIRTIO_PCI_COMMON_STATUS, 1,
		   VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
		   VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
}

void disk_stop(struct disk *d)
{
	put(d, VIRTIO_PCI_COMMON_STATUS, 1, 0);
	cfg_update16(d->v, PCI_COMMAND, PCI_COMMAND_MASTER, 0);
}

static bool is_done(void *arg)
{
	struct disk *d = arg;
	const struct vring_used *used = (void *)(d->memory + DISK_USED * DISK_PAGE);

	return le16toh(__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE)) == d->requests;
}

int disk_read(struct disk *d, __u64 offset, __u32 bytes)
{
	struct vring_desc *descriptors = (void *)(d->memory + DISK_RINGS * DISK_PAGE);
	struct vring_avail *available = (void *)(d->memory + DISK_RINGS * DISK_PAGE + AVAILABLE);
	struct virtio_blk_outhdr *header = (void *)(d->memory + DISK_HEADER * DISK_PAGE);
	const struct {
		__u64 address;
		__u32 length;
		__u16 flags;
	} parts[] = {
		{ page_address(d, DISK_HEADER), sizeof(*header), VRING_DESC_F_NEXT },
		{ d->iova + offset, bytes, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE },
		{ page_address(d, DISK_STATUS), 1, VRING_DESC_F_WRITE },
	};
	int ret;

	*header = (struct virtio_blk_outhdr) { .type = htole32(VIRTIO_BLK_T_IN) };
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		descriptors[i] = (struct vring_desc) {
			htole64(parts[i].address), htole32(parts[i].length),
			htole16(parts[i].flags), htole16(i + 1),
		};
	available->ring[d->requests % ENTRIES] = htole16(0);
	__atomic_store_n(&available->idx, htole16(++d->requests), __ATOMIC_RELEASE);
	ret = vdev_put(d->v, d->notify.bar, d->notify.at, 2, 0);
	if (ret)
		return ret;
	if (!wait_until(is_done, d, PATIENCE_MS))
		return -ETIMEDOUT;
	return d->memory[DISK_STATUS * DISK_PAGE] == VIRTIO_BLK_S_OK ? 0 : -EIO;
}
