/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Config space as data: what the tables, the hooks and the engine share.
 *
 * The tables (vfio_pci_caps.c, vfio_pci_ext_caps.c) say once for all devices what a register is to
 * the user.  When a device is opened they are compiled into flat arrays over its own config space
 * (vfio_pci_config_init.c), and from then on the engine (vfio_pci_config.c) looks at those only,
 * save for a written register with a hook (vfio_pci_config_hooks.c).
 *
 * Register values are in CPU order everywhere; bytes become little-endian at the user's buffer.
 */
#ifndef VFIO_PCI_CONFIG_H
#define VFIO_PCI_CONFIG_H

#include <linux/bitmap.h>
#include <linux/bits.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/types.h>

struct vfio_pci_config_override;
struct vfio_pci_core_device;
struct vfio_pci_config_write;

/**
 * struct vfio_pci_field - a register, or part of one, as the user meets it
 * @offset: in the capability; a multiple of @width
 * @width: bytes: 1, 2 or 4
 * @virt: bits that live in the shadow alone: the device neither shows nor gets them
 * @fixed: bits that no event changes; the device is asked for them at open and never again
 * @write: bits that the user may change, in the shadow or in the device
 * @zero: bits of @virt that start as zero, not as what the device says
 * @w1c: bits of the device that a one clears; never written back as they were read
 * @hook: does a write that has an effect; vfio_pci_config_commit() is the write itself.  Called
 *	  with the config lock held and no other; returns 0 or an errno for the user.
 *
 * A bit that is in none of the masks is read from the device and cannot be written.  A table ends
 * with an empty row.
 */
struct vfio_pci_field {
	u16	offset;
	u8	width;
	u32	virt;
	u32	fixed;
	u32	write;
	u32	zero;
	u32	w1c;
	int	(*hook)(struct vfio_pci_core_device *vdev, struct vfio_pci_config_write *w);
};

/**
 * struct vfio_pci_cap - a capability that the user sees
 * @length: bytes; where devices differ, the least, which @measure may look at.  A capability that
 *	    has no room for them is hidden.
 * @measure: where devices differ: returns bytes, 0 to hide this one, or an errno; may replace the
 *	     capability by a variant of it
 * @fields: rows by rising offset, or NULL; rows beyond the length do not exist
 * @raw: what no field describes is the vendor's: the user reads and writes it as it is
 *
 * ID and next pointer (all of the header of an extended capability) have no rows: they are always
 * the shadow's, since hiding a capability rewrites the pointer of the one before it.
 */
struct vfio_pci_cap {
	u16				length;
	int				(*measure)(struct pci_dev *pdev, int pos,
						   const struct vfio_pci_cap **cap);
	const struct vfio_pci_field	*fields;
	bool				raw;
};

/**
 * struct vfio_pci_cap_instance - a capability in a device
 * @cap: its table
 * @start: in config space; a multiple of four
 * @length: bytes, all of them within config space
 */
struct vfio_pci_cap_instance {
	const struct vfio_pci_cap	*cap;
	u16				start;
	u16				length;
};

/* More than any device has; a list that is longer is cut there. */
#define VFIO_PCI_CONFIG_CAPS	128

/* Index of the instance that stands for everything outside of capabilities. */
#define VFIO_PCI_CONFIG_GAP	0

#define VFIO_PCI_CONFIG_BARS	(PCI_STD_NUM_BARS + 1)

/**
 * struct vfio_pci_config - config space of an open device
 * @lock: one writer at a time, hooks included; igate and memory_lock nest inside.  Readers do
 *	  without it, a dword of @shadow never being seen half written.
 * @size: bytes of config space
 * @nr_caps: of @caps
 * @bars: BARs and ROM BAR as the host set them, written back after a reset that lost them
 * @caps: capabilities by the order they were found in, after the gap and the header
 * @shadow: dwords as the user sees them where @shadowed says so; the memory and I/O enable bits of
 *	    the command register are always kept there too, under memory_lock
 * @shadowed: bits that are read from @shadow
 * @writable: bits that the user may change
 * @owner: index into @caps by dword
 * @row: by dword, a row of its owner's table that is not behind the first one in it
 * @overrides: struct vfio_pci_config_overridden; fixed once the device is open
 * @overridden: dwords that have a register in @overrides
 * @arrays: storage of @shadow to @row
 */
struct vfio_pci_config {
	struct mutex			lock; /* writers; outside of igate and memory_lock */
	u16				size;
	u8				nr_caps;
	u32				bars[VFIO_PCI_CONFIG_BARS];
	struct vfio_pci_cap_instance	caps[VFIO_PCI_CONFIG_CAPS];
	u32				*shadow;
	u32				*shadowed;
	u32				*writable;
	u8				*owner;
	u8				*row;
	struct list_head		overrides;
	DECLARE_BITMAP(overridden, PCI_CFG_SPACE_EXP_SIZE / 4);
	u32				arrays[];
};

/**
 * struct vfio_pci_config_overridden - a register that the driver overrides
 * @item: in config->overrides
 * @override: the driver's
 * @pos: in config space
 */
struct vfio_pci_config_overridden {
	struct list_head			item;
	const struct vfio_pci_config_override	*override;
	u16					pos;
};

/**
 * struct vfio_pci_config_write - what the user writes to one register
 * @cap: whose register it is
 * @field: its row, NULL where there is none
 * @overridden: the driver's override that the bytes are in, or NULL
 * @base: position of the register in config space
 * @pos: position of the write in config space: @base or a byte further up
 * @width: bytes written, aligned to themselves: 1, 2 or 4
 * @value: bits written, bit 0 being that of the byte at @base
 * @mask: which bits of @value were written
 */
struct vfio_pci_config_write {
	const struct vfio_pci_cap_instance	*cap;
	const struct vfio_pci_field		*field;
	const struct vfio_pci_config_overridden	*overridden;
	u16					base;
	u16					pos;
	u8					width;
	u32					value;
	u32					mask;
};

static inline u32 vfio_pci_config_bits(unsigned int pos, unsigned int width)
{
	return GENMASK(width * BITS_PER_BYTE - 1, 0) << (pos % 4 * BITS_PER_BYTE);
}

/* The register of @width bytes at @pos, aligned to its width, as the shadow has it. */
static inline u32 vfio_pci_config_shadow(const struct vfio_pci_config *config, unsigned int pos,
					 unsigned int width)
{
	u32 dword = READ_ONCE(config->shadow[pos / 4]);

	return (dword & vfio_pci_config_bits(pos, width)) >> (pos % 4 * BITS_PER_BYTE);
}

/* Puts @value into @mask of the register at @pos.  Context: config lock, or not yet visible. */
static inline void vfio_pci_config_shadow_set(struct vfio_pci_config *config, unsigned int pos,
					      u32 mask, u32 value)
{
	unsigned int shift = pos % 4 * BITS_PER_BYTE;
	u32 dword = config->shadow[pos / 4];

	dword = (dword & ~(mask << shift)) | ((value & mask) << shift);
	WRITE_ONCE(config->shadow[pos / 4], dword);
}

/* vfio_pci_config.c */

/**
 * vfio_pci_config_commit() - write to shadow and device what the user may change
 * @vdev: open
 * @w: the write
 *
 * Context: sleeps; config lock held.
 * Return: 0 or the errno of a failed config access.
 */
int vfio_pci_config_commit(struct vfio_pci_core_device *vdev,
			   const struct vfio_pci_config_write *w);

/* vfio_pci_config_hooks.c */
int vfio_pci_command_hook(struct vfio_pci_core_device *vdev, struct vfio_pci_config_write *w);
int vfio_pci_pm_ctrl_hook(struct vfio_pci_core_device *vdev, struct vfio_pci_config_write *w);
int vfio_pci_vpd_addr_hook(struct vfio_pci_core_device *vdev, struct vfio_pci_config_write *w);
int vfio_pci_msi_flags_hook(struct vfio_pci_core_device *vdev, struct vfio_pci_config_write *w);
int vfio_pci_exp_devctl_hook(struct vfio_pci_core_device *vdev, struct vfio_pci_config_write *w);
int vfio_pci_af_ctrl_hook(struct vfio_pci_core_device *vdev, struct vfio_pci_config_write *w);

/* vfio_pci_caps.c, vfio_pci_ext_caps.c: NULL for a capability that is kept from the user */
extern const struct vfio_pci_cap vfio_pci_header_cap;
extern const struct vfio_pci_cap vfio_pci_ext_placeholder_cap;
const struct vfio_pci_cap *vfio_pci_std_cap(u8 id);
const struct vfio_pci_cap *vfio_pci_ext_cap(u16 id);

/* vfio_pci_caps.c: the variant of the MSI capability with 64-bit addresses */
extern const struct vfio_pci_cap vfio_pci_msi64_cap;

/* vfio_pci_caps_len.c: struct vfio_pci_cap's measure; what they say may exceed config space */
int vfio_pci_msi_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap);
int vfio_pci_pcix_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap);
int vfio_pci_ht_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap);
int vfio_pci_vndr_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap);
int vfio_pci_exp_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap);
int vfio_pci_sata_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap);
int vfio_pci_vc_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap);
int vfio_pci_vsec_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap);
int vfio_pci_acs_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap);
int vfio_pci_rebar_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap);
int vfio_pci_dpa_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap);
int vfio_pci_tph_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap);

/* vfio_pci_config_override.c */

/**
 * vfio_pci_config_override_at() - the override that a byte is in
 * @config: of an open device
 * @pos: of the byte
 * @end: lowered to where that override ends, or the stretch without one
 *
 * Return: the override, or NULL.
 */
const struct vfio_pci_config_overridden *
vfio_pci_config_override_at(const struct vfio_pci_config *config, unsigned int pos,
			    unsigned int *end);

/* Lets overrides in a dword change what the user reads of it.  Return: 0 or a hook's errno. */
int vfio_pci_config_override_get(struct vfio_pci_core_device *vdev, unsigned int dword, u32 *value);

void vfio_pci_config_drop_overrides(struct vfio_pci_config *config);

#endif /* VFIO_PCI_CONFIG_H */
