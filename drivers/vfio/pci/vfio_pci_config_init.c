// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space at open: walk the device's capability lists once and compile the tables of what is
 * found into flat arrays over its config space.
 *
 * Nothing that the device says is trusted: a list may loop, point anywhere or never end, a
 * capability may claim to be longer than config space, or to lie over another one.  Whatever is
 * wrong with a list, the user is shown one that ends before it.
 */
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "vfio_pci_config.h"
#include "vfio_pci_priv.h"

#define EXT_NEXT_SHIFT	20
#define EXT_NEXT_MASK	(0xffcU << EXT_NEXT_SHIFT)

static const struct vfio_pci_cap config_gap = { .raw = true };

/*
 * VFs with an interrupt pin, against the SR-IOV specification.  Listed here are those whose vendor
 * has been told.
 */
static const struct pci_device_id vf_pin_reported[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, 0x270c) },
	{}
};

static int config_init_read(struct pci_dev *pdev, int pos, u32 *val)
{
	return pcibios_err_to_errno(pci_read_config_dword(pdev, pos, val));
}

static void config_set(u32 *array, unsigned int pos, unsigned int width, u32 value)
{
	u32 bits = vfio_pci_config_bits(pos, width);

	array[pos / 4] = (array[pos / 4] & ~bits) | (value << (pos % 4 * BITS_PER_BYTE) & bits);
}

static struct vfio_pci_config *config_alloc(struct pci_dev *pdev)
{
	unsigned int dwords = pdev->cfg_size / 4;
	struct vfio_pci_config *config;

	config = kvzalloc(struct_size(config, arrays, 3 * dwords) + 2 * dwords,
			  GFP_KERNEL_ACCOUNT);
	if (!config)
		return NULL;

	mutex_init(&config->lock);
	INIT_LIST_HEAD(&config->overrides);
	config->size = pdev->cfg_size;
	config->shadow = config->arrays;
	config->shadowed = config->shadow + dwords;
	config->writable = config->shadowed + dwords;
	config->owner = (u8 *)(config->writable + dwords);
	config->row = config->owner + dwords;

	/*
	 * Some devices keep registers that their drivers need between the capabilities, so the gaps
	 * are the user's.  That they harm nobody else is up to the device and its isolation, as it
	 * is for what lies behind the BARs.
	 */
	config->caps[VFIO_PCI_CONFIG_GAP].cap = &config_gap;
	config->nr_caps = 1;
	memset32(config->writable, U32_MAX, dwords);
	return config;
}

/*
 * Reads those dwords of a capability of which the shadow has a part.  What is the device's alone is
 * left alone: a read may have an effect.
 */
static int config_fill(struct vfio_pci_config *config, struct pci_dev *pdev, unsigned int index)
{
	const struct vfio_pci_cap_instance *inst = &config->caps[index];
	const struct vfio_pci_field *field;
	unsigned int pos;
	int ret;

	for (pos = inst->start; pos < inst->start + inst->length; pos += 4) {
		if (config->owner[pos / 4] != index || !config->shadowed[pos / 4])
			continue;
		ret = config_init_read(pdev, pos, &config->shadow[pos / 4]);
		if (ret)
			return ret;
	}

	for (field = inst->cap->fields; field && field->width; field++) {
		pos = inst->start + field->offset;
		if (field->zero && field->offset + field->width <= inst->length &&
		    config->owner[pos / 4] == index)
			vfio_pci_config_shadow_set(config, pos, field->zero, 0);
	}
	return 0;
}

/*
 * Lays the table of @cap over @length bytes from @start on.  Where capabilities overlap, the one
 * that is later in the list wins, but never the dword that links another into the list, and a raw
 * one never uncovers what another protects.
 */
static int config_claim(struct vfio_pci_config *config, struct pci_dev *pdev,
			const struct vfio_pci_cap *cap, unsigned int start, unsigned int length)
{
	unsigned int index = config->nr_caps++;
	const struct vfio_pci_field *field;
	unsigned int overlap = 0;
	unsigned int pos;

	config->caps[index] = (struct vfio_pci_cap_instance) {
		.cap = cap, .start = start, .length = length,
	};

	for (pos = start; pos < start + length; pos += 4) {
		unsigned int bytes = min(start + length - pos, 4);
		const struct vfio_pci_cap_instance *owner;
		bool raw = cap->raw;

		if (config->owner[pos / 4] != VFIO_PCI_CONFIG_GAP) {
			owner = &config->caps[config->owner[pos / 4]];
			overlap = pos;
			raw &= owner->cap->raw;
			if (owner->start == pos || (raw != cap->raw && pos != start))
				continue;
		}
		config->owner[pos / 4] = index;
		config->row[pos / 4] = 0;
		config_set(config->shadowed, pos, bytes, 0);
		config_set(config->writable, pos, bytes, raw ? U32_MAX : 0);
	}

	for (field = cap->fields; field && field->width; field++) {
		if (field->offset + field->width > length)
			break;
		pos = start + field->offset;
		if (config->owner[pos / 4] != index)
			continue;
		config_set(config->shadowed, pos, field->width, field->virt | field->fixed);
		config_set(config->writable, pos, field->width, field->write);
		if (field == cap->fields || field[-1].offset / 4 != field->offset / 4)
			config->row[pos / 4] = field - cap->fields;
	}

	if (overlap)
		dev_warn_ratelimited(&pdev->dev, "capability at %#x overlaps another at %#x\n",
				     start, overlap);
	return config_fill(config, pdev, index);
}

/* The first @bytes of a capability link the list: the user sees @value there, for good. */
static void config_set_link(struct vfio_pci_config *config, unsigned int start,
			    unsigned int bytes, u32 value)
{
	config_set(config->shadowed, start, bytes, U32_MAX);
	config_set(config->writable, start, bytes, 0);
	config_set(config->shadow, start, bytes, value);
}

/*
 * The user's write mask of a BAR is its address bits, so that sizing it works as on the device,
 * while the device's own BAR stays what the host made it.  A BAR that the host gave no address does
 * not exist.
 */
static void config_init_bars(struct vfio_pci_config *config, struct pci_dev *pdev)
{
	struct resource *rom = &pdev->resource[PCI_ROM_RESOURCE];
	u32 *writable = &config->writable[PCI_BASE_ADDRESS_0 / 4];
	u32 *shadow = &config->shadow[PCI_BASE_ADDRESS_0 / 4];
	u64 mask;
	int i;

	for (i = 0; i < PCI_STD_NUM_BARS; i++)
		config->bars[i] = shadow[i];
	config->bars[i] = config->shadow[PCI_ROM_ADDRESS / 4];

	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		unsigned long flags = pci_resource_flags(pdev, i);
		u32 kind = 0;

		mask = pci_resource_start(pdev, i) ? ~(u64)(pci_resource_len(pdev, i) - 1) : 0;
		if (mask && flags & IORESOURCE_IO) {
			kind = PCI_BASE_ADDRESS_SPACE_IO;
		} else if (mask) {
			kind |= flags & IORESOURCE_PREFETCH ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0;
			kind |= flags & IORESOURCE_MEM_64 ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0;
		}

		writable[i] = lower_32_bits(mask);
		shadow[i] = (shadow[i] & writable[i]) | kind;

		if (kind & PCI_BASE_ADDRESS_MEM_TYPE_64 && i + 1 < PCI_STD_NUM_BARS) {
			i++;
			writable[i] = upper_32_bits(mask);
			shadow[i] &= writable[i];
		}
	}

	/* The BAR is there even if its contents turn out not to be readable. */
	mask = 0;
	if (rom->start)
		mask = ~(u64)(resource_size(rom) - 1) | PCI_ROM_ADDRESS_ENABLE;
	else if (rom->flags & IORESOURCE_ROM_SHADOW)
		mask = ~(u64)(SZ_128K - 1) | PCI_ROM_ADDRESS_ENABLE;
	config->writable[PCI_ROM_ADDRESS / 4] = mask;
	config->shadow[PCI_ROM_ADDRESS / 4] &= (u32)mask;
}

static int config_init_header(struct vfio_pci_core_device *vdev, struct vfio_pci_config *config)
{
	struct pci_dev *pdev = vdev->pdev;
	u8 pin;
	int ret;

	ret = config_claim(config, pdev, &vfio_pci_header_cap, 0, PCI_STD_HEADER_SIZEOF);
	if (ret)
		return ret;

	config_init_bars(config, pdev);

	pin = vfio_pci_config_shadow(config, PCI_INTERRUPT_PIN, 1);
	if (pdev->is_virtfn) {
		/* A VF's own ID registers read as all ones. */
		vfio_pci_config_shadow_set(config, PCI_VENDOR_ID, U16_MAX, pdev->vendor);
		vfio_pci_config_shadow_set(config, PCI_DEVICE_ID, U16_MAX, pdev->device);

		/* The user cannot see that this is a VF, hence that its pin means nothing. */
		if (pin && !pci_match_id(vf_pin_reported, pdev))
			pci_warn(pdev, "hardware bug: VF claims interrupt pin %d, ignored\n", pin);
		pin = 0;
	}
	if (!IS_ENABLED(CONFIG_VFIO_PCI_INTX) || vdev->nointx || pdev->irq == IRQ_NOTCONNECTED)
		pin = 0;
	vfio_pci_config_shadow_set(config, PCI_INTERRUPT_PIN, U8_MAX, pin);

	/* Without a memory enable bit in the device, the user gets one that is set at first. */
	if (pdev->no_command_memory) {
		config->shadowed[PCI_COMMAND / 4] |= PCI_COMMAND_MEMORY;
		vfio_pci_config_shadow_set(config, PCI_COMMAND, PCI_COMMAND_MEMORY,
					   PCI_COMMAND_MEMORY);
	}
	return 0;
}

/* Bytes that the user is shown of the capability at @pos: 0 for none, negative for an errno. */
static int config_measure(struct pci_dev *pdev, unsigned int pos, unsigned int end,
			  const struct vfio_pci_cap **cap)
{
	int length;

	if (!*cap)
		return 0;

	if (end - pos < (*cap)->length) {
		dev_warn_ratelimited(&pdev->dev, "no room for the capability at %#x, hidden\n",
				     pos);
		return 0;
	}

	length = (*cap)->measure ? (*cap)->measure(pdev, pos, cap) : (*cap)->length;
	if (length <= 0)
		return length;

	if (length > end - pos) {
		dev_warn_ratelimited(&pdev->dev, "capability at %#x is longer than config space\n",
				     pos);
		length = end - pos;
	}
	return max(length, PCI_CAP_SIZEOF);
}

/* May a capability be looked for at @pos?  Not twice, not in front of @first, and not for ever. */
static bool config_list_sane(struct vfio_pci_config *config, struct pci_dev *pdev,
			     unsigned int pos, unsigned int first, unsigned int *budget)
{
	unsigned int owner;

	if (pos >= first && pos < config->size && config->nr_caps < VFIO_PCI_CONFIG_CAPS &&
	    (*budget)--) {
		owner = config->owner[pos / 4];
		if (owner == VFIO_PCI_CONFIG_GAP || config->caps[owner].start != pos)
			return true;
	}
	dev_warn_ratelimited(&pdev->dev, "capability list is broken at %#x, ends there\n", pos);
	return false;
}

/* *@extended says whether one of the capabilities brings extended config space along. */
static int config_init_std_caps(struct vfio_pci_config *config, struct pci_dev *pdev,
				bool *extended)
{
	unsigned int budget = (PCI_CFG_SPACE_SIZE - PCI_STD_HEADER_SIZEOF) / PCI_CAP_SIZEOF;
	unsigned int end = min(config->size, PCI_CFG_SPACE_SIZE);
	unsigned int pointer = PCI_CAPABILITY_LIST;
	unsigned int pos;
	bool any = false;

	if (!(vfio_pci_config_shadow(config, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
		return 0;

	while ((pos = vfio_pci_config_shadow(config, pointer, 1) & ~3)) {
		const struct vfio_pci_cap *cap;
		int length, ret;
		u16 header;
		u8 id, next;

		if (!config_list_sane(config, pdev, pos, PCI_STD_HEADER_SIZEOF, &budget)) {
			vfio_pci_config_shadow_set(config, pointer, U8_MAX, 0);
			break;
		}

		ret = pcibios_err_to_errno(pci_read_config_word(pdev, pos, &header));
		if (ret)
			return ret;
		id = header & U8_MAX;
		next = header >> BITS_PER_BYTE;

		cap = vfio_pci_std_cap(id);
		length = config_measure(pdev, pos, end, &cap);
		if (length < 0)
			return length;
		if (!length) {
			pci_dbg(pdev, "capability %#x at %#x is hidden\n", id, pos);
			vfio_pci_config_shadow_set(config, pointer, U8_MAX, next);
			continue;
		}

		ret = config_claim(config, pdev, cap, pos, length);
		if (ret)
			return ret;
		config_set_link(config, pos, PCI_CAP_FLAGS, header);
		if (id == PCI_CAP_ID_EXP ||
		    (id == PCI_CAP_ID_PCIX && length > PCI_CAP_PCIX_SIZEOF_V0))
			*extended = true;
		pointer = pos + PCI_CAP_LIST_NEXT;
		any = true;
	}

	if (!any)
		vfio_pci_config_shadow_set(config, PCI_STATUS, PCI_STATUS_CAP_LIST, 0);
	return 0;
}

static void config_set_ext_next(struct vfio_pci_config *config, unsigned int pos,
				unsigned int next)
{
	vfio_pci_config_shadow_set(config, pos, EXT_NEXT_MASK, next << EXT_NEXT_SHIFT);
}

static int config_init_ext_caps(struct vfio_pci_config *config, struct pci_dev *pdev)
{
	unsigned int budget = (config->size - PCI_CFG_SPACE_SIZE) / PCI_CAP_SIZEOF;
	unsigned int pos = PCI_CFG_SPACE_SIZE;
	unsigned int last = 0;
	bool any = false;

	do {
		unsigned int this = pos;
		const struct vfio_pci_cap *cap;
		int length, ret;
		u32 header;

		if (!config_list_sane(config, pdev, pos, PCI_CFG_SPACE_SIZE, &budget)) {
			config_set_ext_next(config, last, 0);
			break;
		}

		ret = config_init_read(pdev, pos, &header);
		if (ret)
			return ret;
		if (PCI_POSSIBLE_ERROR(header))
			header = 0;

		cap = vfio_pci_ext_cap(PCI_EXT_CAP_ID(header));
		length = config_measure(pdev, pos, config->size, &cap);
		if (length < 0)
			return length;

		pos = PCI_EXT_CAP_NEXT(header);
		if (length) {
			any = true;
		} else if (last) {
			config_set_ext_next(config, last, pos);
			continue;
		} else {
			/* The list starts here, whatever is here: only the pointer is shown. */
			cap = &vfio_pci_ext_placeholder_cap;
			length = PCI_CAP_SIZEOF;
			header &= EXT_NEXT_MASK;
		}

		ret = config_claim(config, pdev, cap, this, length);
		if (ret)
			return ret;
		config_set_link(config, this, PCI_CAP_SIZEOF, header);
		last = this;
	} while (pos);

	if (!any)
		config->shadow[PCI_CFG_SPACE_SIZE / 4] = 0;
	return 0;
}

int vfio_pci_config_init(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	struct vfio_pci_config *config __free(kvfree) = config_alloc(pdev);
	bool extended = false;
	u32 header;
	int ret;

	if (!config)
		return -ENOMEM;

	ret = config_init_header(vdev, config);
	if (ret)
		return ret;

	ret = config_init_std_caps(config, pdev, &extended);
	if (ret)
		return ret;

	if (extended && config->size > PCI_CFG_SPACE_SIZE) {
		ret = config_init_read(pdev, PCI_CFG_SPACE_SIZE, &header);
		if (!ret && header)
			ret = config_init_ext_caps(config, pdev);
		if (ret)
			return ret;
	}

	vdev->config = no_free_ptr(config);
	return 0;
}

void vfio_pci_config_free(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_config *config = vdev->config;

	if (!config)
		return;

	vdev->config = NULL;
	vfio_pci_config_drop_overrides(config);
	mutex_destroy(&config->lock);
	kvfree(config);
}
