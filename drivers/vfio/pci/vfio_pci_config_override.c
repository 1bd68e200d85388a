// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config registers that drivers override, <linux/vfio_pci_override.h>.
 *
 * An override lies within a dword, so the engine composes per dword: it looks for overrides only in
 * dwords that it knows to have one.
 */
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/vfio_pci_override.h>

#include "vfio_pci_config.h"
#include "vfio_pci_priv.h"

/* Position of the capability that the user finds by @id, 0 without one. */
static unsigned int override_find_cap(const struct vfio_pci_config *config, u8 id)
{
	unsigned int budget = PCI_CFG_SPACE_SIZE / 4;
	unsigned int pos;

	if (!(vfio_pci_config_shadow(config, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
		return 0;

	pos = vfio_pci_config_shadow(config, PCI_CAPABILITY_LIST, 1);
	while (pos && pos < config->size && budget--) {
		if (vfio_pci_config_shadow(config, pos, 1) == id)
			return pos;
		pos = vfio_pci_config_shadow(config, pos + PCI_CAP_LIST_NEXT, 1);
	}
	return 0;
}

static unsigned int override_find_ext_cap(const struct vfio_pci_config *config, u16 id)
{
	unsigned int budget = PCI_CFG_SPACE_EXP_SIZE / 4;
	unsigned int pos = PCI_CFG_SPACE_SIZE;

	while (pos && pos < config->size && budget--) {
		u32 header = vfio_pci_config_shadow(config, pos, 4);

		if (PCI_EXT_CAP_ID(header) == id)
			return pos;
		pos = PCI_EXT_CAP_NEXT(header);
	}
	return 0;
}

static int override_position(const struct vfio_pci_config *config,
			     const struct vfio_pci_config_override *override)
{
	unsigned int pos = 0;

	switch (override->where) {
	case VFIO_PCI_CONFIG_HEADER:
		return override->offset;
	case VFIO_PCI_CONFIG_CAP:
		pos = override_find_cap(config, override->id);
		break;
	case VFIO_PCI_CONFIG_EXT_CAP:
		pos = override_find_ext_cap(config, override->id);
		break;
	}
	return pos ? pos + override->offset : -ENOENT;
}

static bool override_fits(struct vfio_pci_config *config, unsigned int pos, unsigned int width)
{
	const struct vfio_pci_config_overridden *other;
	const u32 bits = vfio_pci_config_bits(pos, width);

	list_for_each_entry(other, &config->overrides, item)
		if (other->pos / 4 == pos / 4 &&
		    bits & vfio_pci_config_bits(other->pos, other->override->width))
			return false;
	return true;
}

/**
 * vfio_pci_core_override_config() - a config register is the driver's business
 * @vdev: enabled, not yet visible to the user
 * @override: must stay while the device is open
 *
 * Holds until the device is closed.
 *
 * Context: sleeps.
 * Return: 0, -ENOENT without the capability, -EINVAL for a register that is not aligned or not in
 * config space, -EBUSY for one that is overridden already, or -ENOMEM.
 */
int vfio_pci_core_override_config(struct vfio_pci_core_device *vdev,
				  const struct vfio_pci_config_override *override)
{
	struct vfio_pci_config *config = vdev->config;
	const unsigned int width = override->width;
	struct vfio_pci_config_overridden *item;
	int pos = override_position(config, override);
	unsigned int shift = pos % 4 * BITS_PER_BYTE;
	u32 bits;

	if (pos < 0)
		return pos;
	if ((width != 1 && width != 2 && width != 4) || pos % width || pos + width > config->size)
		return -EINVAL;
	if (!override_fits(config, pos, width))
		return -EBUSY;

	item = kzalloc(sizeof(*item), GFP_KERNEL_ACCOUNT);
	if (!item)
		return -ENOMEM;
	item->override = override;
	item->pos = pos;

	bits = override->virt << shift & vfio_pci_config_bits(pos, width);

	guard(mutex)(&config->lock);
	config->shadowed[pos / 4] |= bits;
	config->writable[pos / 4] &= ~bits;
	config->writable[pos / 4] |= override->write << shift & bits;
	config->shadow[pos / 4] &= ~bits;
	config->shadow[pos / 4] |= override->value << shift & bits;
	list_add_tail(&item->item, &config->overrides);
	__set_bit(pos / 4, config->overridden);
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_pci_core_override_config);

void vfio_pci_config_drop_overrides(struct vfio_pci_config *config)
{
	struct vfio_pci_config_overridden *item, *next;

	list_for_each_entry_safe(item, next, &config->overrides, item)
		kfree(item);
}

const struct vfio_pci_config_overridden *
vfio_pci_config_override_at(const struct vfio_pci_config *config, unsigned int pos,
			    unsigned int *end)
{
	const struct vfio_pci_config_overridden *item;

	if (!test_bit(pos / 4, config->overridden))
		return NULL;

	list_for_each_entry(item, &config->overrides, item) {
		unsigned int stop = item->pos + item->override->width;

		if (pos >= item->pos && pos < stop) {
			*end = min(*end, stop);
			return item;
		}
		if (pos < item->pos)
			*end = min_t(unsigned int, *end, item->pos);
	}
	return NULL;
}

int vfio_pci_config_override_get(struct vfio_pci_core_device *vdev, unsigned int dword, u32 *value)
{
	const struct vfio_pci_config_overridden *item;

	list_for_each_entry(item, &vdev->config->overrides, item) {
		u32 bits = vfio_pci_config_bits(item->pos, item->override->width);
		unsigned int shift = item->pos % 4 * BITS_PER_BYTE;
		u32 field;
		int ret;

		if (item->pos / 4 != dword || !item->override->get)
			continue;

		field = (*value & bits) >> shift;
		ret = item->override->get(vdev, &field);
		if (ret)
			return ret;
		*value = (*value & ~bits) | (field << shift & bits);
	}
	return 0;
}
