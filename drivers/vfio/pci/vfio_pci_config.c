// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space engine: what a user's read or write does.
 *
 * A read takes each dword from the shadow, from the device, or bit by bit from both; bits that the
 * shadow has never cost a device access.  A write goes register by register, as the tables cut
 * config space, so that a wide write does not touch the neighbours of what it may change.
 */
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>
#include <linux/vfio_pci_override.h>

#include "vfio_pci_config.h"
#include "vfio_pci_priv.h"

/* Dwords that travel between user and kernel in one copy */
#define CONFIG_BATCH	64

static int config_hw_read(struct pci_dev *pdev, int pos, unsigned int width, u32 *val)
{
	u16 word;
	u8 byte;
	int ret;

	if (width == 4)
		return pci_user_read_config_dword(pdev, pos, val);

	if (width == 2) {
		ret = pci_user_read_config_word(pdev, pos, &word);
		*val = word;
	} else {
		ret = pci_user_read_config_byte(pdev, pos, &byte);
		*val = byte;
	}
	return ret;
}

static int config_hw_write(struct pci_dev *pdev, int pos, unsigned int width, u32 val)
{
	if (width == 4)
		return pci_user_write_config_dword(pdev, pos, val);
	if (width == 2)
		return pci_user_write_config_word(pdev, pos, val);
	return pci_user_write_config_byte(pdev, pos, val);
}

/* The widest access that starts at @pos, is aligned, and has at most @count bytes. */
static unsigned int config_width(unsigned int pos, size_t count)
{
	if (pos & 1 || count == 1)
		return 1;
	return pos & 2 || count < 4 ? 2 : 4;
}

/* What the user sees of a dword with an override in it: the driver decides last. */
static int config_read_overridden(struct vfio_pci_core_device *vdev, unsigned int dword, u32 *val)
{
	struct vfio_pci_config *config = vdev->config;
	u32 shadowed = config->shadowed[dword];
	u32 hw = 0;
	int ret;

	if (shadowed != U32_MAX) {
		ret = pci_user_read_config_dword(vdev->pdev, dword * 4, &hw);
		if (ret)
			return ret;
	}
	*val = (hw & ~shadowed) | (READ_ONCE(config->shadow[dword]) & shadowed);
	return vfio_pci_config_override_get(vdev, dword, val);
}

/* What a user's buffer has for a register of @width bytes. */
static u32 config_get(const u8 *from, unsigned int width)
{
	switch (width) {
	case 4:
		return get_unaligned_le32(from);
	case 2:
		return get_unaligned_le16(from);
	default:
		return *from;
	}
}

static void config_put(u8 *to, unsigned int width, u32 val)
{
	switch (width) {
	case 4:
		put_unaligned_le32(val, to);
		break;
	case 2:
		put_unaligned_le16(val, to);
		break;
	default:
		*to = val;
	}
}

/* Fills @to with @count bytes, at most a dword, of the dword that @pos is in. */
static int config_read_part(struct vfio_pci_core_device *vdev, unsigned int pos, size_t count,
			    u8 *to)
{
	struct vfio_pci_config *config = vdev->config;
	u32 shadowed = config->shadowed[pos / 4];
	u32 shadow = READ_ONCE(config->shadow[pos / 4]);
	bool overridden = test_bit(pos / 4, config->overridden);
	int ret;

	if (unlikely(overridden)) {
		ret = config_read_overridden(vdev, pos / 4, &shadow);
		if (ret)
			return ret;
		shadowed = U32_MAX;
	}

	while (count) {
		unsigned int width = config_width(pos, count);
		unsigned int shift = pos % 4 * BITS_PER_BYTE;
		u32 hw = 0;

		if (~shadowed & vfio_pci_config_bits(pos, width)) {
			ret = config_hw_read(vdev->pdev, pos, width, &hw);
			if (ret)
				return ret;
		}
		config_put(to, width, (hw & ~(shadowed >> shift)) | (shadow & shadowed) >> shift);

		to += width;
		pos += width;
		count -= width;
	}
	return 0;
}

/*
 * Fills @to with the dwords from @dword to before @end, none of them overridden.  Apart, so that
 * the loop has the processor's registers to itself.
 */
static noinline int config_read_plain(struct vfio_pci_core_device *vdev, unsigned int dword,
				      unsigned int end, u8 *to)
{
	const u32 *shadowed = vdev->config->shadowed;
	const u32 *shadow = vdev->config->shadow;
	struct pci_dev *pdev = vdev->pdev;

	for (; dword < end; dword++, to += 4) {
		u32 device = ~shadowed[dword];
		u32 val = READ_ONCE(shadow[dword]);
		u32 hw;
		int ret;

		if (device) {
			ret = pci_user_read_config_dword(pdev, dword * 4, &hw);
			if (ret)
				return ret;
			val ^= (val ^ hw) & device;
		}
		put_unaligned_le32(val, to);
	}
	return 0;
}

/* Fills @to, which has room for it, with @count bytes of the user's view from @pos on. */
static int config_gather(struct vfio_pci_core_device *vdev, unsigned int pos, size_t count,
			 u8 *to)
{
	struct vfio_pci_config *config = vdev->config;
	const unsigned int end = pos + count;
	unsigned int stop;
	int ret;

	for (; pos < end; to += stop - pos, pos = stop) {
		/* A run of whole dwords ends where a driver has its hand in. */
		stop = pos % 4 ? pos : find_next_bit(config->overridden, end / 4, pos / 4) * 4;
		if (stop > pos) {
			ret = config_read_plain(vdev, pos / 4, stop / 4, to);
		} else {
			stop = min(end, round_down(pos, 4) + 4);
			ret = config_read_part(vdev, pos, stop - pos, to);
		}
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * The row of the register at @pos, NULL if there is none; *@end becomes the position at which that
 * register, or the stretch without one, ends.  @row is where to begin to look.
 */
static const struct vfio_pci_field *config_field(const struct vfio_pci_cap_instance *cap,
						 unsigned int row, unsigned int pos,
						 unsigned int *end)
{
	const struct vfio_pci_field *field;

	if (!cap->cap->fields)
		return NULL;

	for (field = cap->cap->fields + row; field->width; field++) {
		unsigned int start = cap->start + field->offset;

		if (pos < start) {
			*end = min(*end, start);
			return NULL;
		}
		if (pos < start + field->width) {
			*end = start + field->width;
			return field;
		}
	}
	return NULL;
}

/* What of the @count bytes from @from on, to be written at @pos, is of one register. */
static struct vfio_pci_config_write config_write_first(struct vfio_pci_config *config,
						       unsigned int pos, size_t count,
						       const u8 *from)
{
	const struct vfio_pci_cap_instance *cap = &config->caps[config->owner[pos / 4]];
	const struct vfio_pci_config_overridden *overridden = NULL;
	unsigned int cap_end = cap->start + cap->length;
	unsigned int end = round_down(pos, 4) + 4;
	const struct vfio_pci_field *field;
	unsigned int base, width, shift;

	/* A capability may end within a dword; what is left of that one is a gap. */
	if (pos >= cap_end)
		cap = &config->caps[VFIO_PCI_CONFIG_GAP];
	else
		end = min(end, cap_end);

	field = config_field(cap, config->row[pos / 4], pos, &end);
	if (unlikely(test_bit(pos / 4, config->overridden)))
		overridden = vfio_pci_config_override_at(config, pos, &end);

	base = field ? cap->start + field->offset : pos;
	width = config_width(pos, min(count, end - pos));
	shift = (pos - base) * BITS_PER_BYTE;

	return (struct vfio_pci_config_write) {
		.cap = cap,
		.field = field,
		.overridden = overridden,
		.base = base,
		.pos = pos,
		.width = width,
		.value = config_get(from, width) << shift,
		.mask = vfio_pci_config_bits(0, width) << shift,
	};
}

int vfio_pci_config_commit(struct vfio_pci_core_device *vdev,
			   const struct vfio_pci_config_write *w)
{
	struct vfio_pci_config *config = vdev->config;
	unsigned int shift = w->base % 4 * BITS_PER_BYTE;
	u32 write = config->writable[w->pos / 4] >> shift & w->mask;
	u32 shadowed = config->shadowed[w->pos / 4] >> shift;
	u32 hw_write = write & ~shadowed;
	u32 hw = 0;
	int ret;

	if (hw_write) {
		/* Bytes of the register that are not written stay out of the access. */
		shift = (w->pos - w->base) * BITS_PER_BYTE;
		if (hw_write != w->mask) {
			ret = config_hw_read(vdev->pdev, w->pos, w->width, &hw);
			if (ret)
				return ret;
			hw <<= shift;
			hw &= ~hw_write;
			if (w->field)
				hw &= ~w->field->w1c;
		}
		hw |= w->value & hw_write;
		ret = config_hw_write(vdev->pdev, w->pos, w->width, hw >> shift);
		if (ret)
			return ret;
	}

	if (write & shadowed)
		vfio_pci_config_shadow_set(config, w->base, write & shadowed, w->value);
	return 0;
}

/*
 * Lets the driver change what the user writes to a register of its own.  Of that register's bytes
 * which are not being written, virtual ones follow at once.
 */
static int config_override_set(struct vfio_pci_core_device *vdev, struct vfio_pci_config_write *w)
{
	const struct vfio_pci_config_overridden *overridden = w->overridden;
	const struct vfio_pci_config_override *override = overridden->override;
	struct vfio_pci_config *config = vdev->config;
	unsigned int shift = overridden->pos % 4 * BITS_PER_BYTE;
	u32 field = vfio_pci_config_bits(0, override->width);
	int down = ((int)w->base - overridden->pos) * BITS_PER_BYTE;
	u32 dword, old, new, mask;
	int ret;

	ret = config_read_overridden(vdev, w->pos / 4, &dword);
	if (ret)
		return ret;

	/* The register of the tables may begin before or behind the driver's. */
	old = dword >> shift & field;
	mask = down < 0 ? w->mask >> -down : w->mask << down;
	new = down < 0 ? w->value >> -down : w->value << down;
	new = (old & ~mask) | (new & mask & field);

	ret = override->set(vdev, old, &new);
	if (ret)
		return ret;

	vfio_pci_config_shadow_set(config, overridden->pos,
				   override->virt & override->write & field, new);
	w->value = down < 0 ? new << -down : new >> down;
	return 0;
}

static int config_write_register(struct vfio_pci_core_device *vdev,
				 struct vfio_pci_config_write *w)
{
	int ret = 0;

	if (w->overridden && w->overridden->override->set)
		ret = config_override_set(vdev, w);
	if (ret)
		return ret;
	return w->field && w->field->hook ? w->field->hook(vdev, w) :
					    vfio_pci_config_commit(vdev, w);
}

/* Writes what @from has, @count bytes from @pos on, register by register. */
static int config_scatter(struct vfio_pci_core_device *vdev, unsigned int pos, size_t count,
			  const u8 *from)
{
	struct vfio_pci_config *config = vdev->config;

	guard(mutex)(&config->lock);

	while (count) {
		struct vfio_pci_config_write w = config_write_first(config, pos, count, from);
		int ret = config_write_register(vdev, &w);

		if (ret)
			return ret;
		from += w.width;
		pos += w.width;
		count -= w.width;
	}
	return 0;
}

/* ---- the user's buffer ----------------------------------------------------------------------- */

/*
 * Bytes of one dword.  Inlined for each @count that registers have: a copy whose size the compiler
 * knows needs no check at run time that it stays within what is on the stack.
 */
static __always_inline int config_rw_register(struct vfio_pci_core_device *vdev, char __user *buf,
					      unsigned int pos, size_t count, bool iswrite)
{
	u8 bytes[4];
	int ret;

	if (iswrite)
		return copy_from_user(bytes, buf, count) ? -EFAULT :
							   config_scatter(vdev, pos, count, bytes);

	ret = config_read_part(vdev, pos, count, bytes);
	if (ret)
		return ret;
	return copy_to_user(buf, bytes, count) ? -EFAULT : 0;
}

/* Any number of bytes; apart, since most accesses are to one register. */
static noinline int config_rw_batches(struct vfio_pci_core_device *vdev, char __user *buf,
				      unsigned int pos, size_t count, bool iswrite)
{
	/* What was not filled is not looked at, neither by the user nor by a write. */
	__le32 batch[CONFIG_BATCH] __uninitialized;

	while (count) {
		size_t part = min(count, sizeof(batch));
		int ret;

		if (iswrite && copy_from_user(batch, buf, part))
			return -EFAULT;
		ret = iswrite ? config_scatter(vdev, pos, part, (u8 *)batch) :
				config_gather(vdev, pos, part, (u8 *)batch);
		if (ret)
			return ret;
		if (!iswrite && copy_to_user(buf, batch, part))
			return -EFAULT;

		buf += part;
		pos += part;
		count -= part;
	}
	return 0;
}

ssize_t vfio_pci_config_rw(struct vfio_pci_core_device *vdev, char __user *buf, size_t count,
			   loff_t *ppos, bool iswrite)
{
	struct vfio_pci_config *config = vdev->config;
	u64 pos = *ppos & VFIO_PCI_OFFSET_MASK;
	int ret;

	if (pos > config->size || count > config->size - pos)
		return -EFAULT;

	switch (pos % 4 + count <= 4 ? count : 0) {
	case 1:
		ret = config_rw_register(vdev, buf, pos, 1, iswrite);
		break;
	case 2:
		ret = config_rw_register(vdev, buf, pos, 2, iswrite);
		break;
	case 4:
		ret = config_rw_register(vdev, buf, pos, 4, iswrite);
		break;
	default:
		ret = config_rw_batches(vdev, buf, pos, count, iswrite);
	}
	if (ret)
		return ret;

	*ppos += count;
	return count;
}

bool vfio_pci_memory_enabled(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_config *config = vdev->config;
	struct pci_dev *pdev = vdev->pdev;

	/* PCI_UNKNOWN is above D3hot, too. */
	if (!config || (__force int)pdev->current_state >= (__force int)PCI_D3hot)
		return false;

	/* Of a VF, the VF MSE bit of its PF decides; what the user wrote to the VF does not. */
	return pdev->no_command_memory ||
	       vfio_pci_config_shadow(config, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY;
}

int vfio_pci_config_emulate(struct vfio_pci_core_device *vdev, unsigned int pos, u32 value)
{
	struct vfio_pci_config *config = vdev->config;

	if (pos % 4 || pos < PCI_STD_HEADER_SIZEOF || pos >= config->size)
		return -EINVAL;

	guard(mutex)(&config->lock);
	config->owner[pos / 4] = VFIO_PCI_CONFIG_GAP;
	WRITE_ONCE(config->shadow[pos / 4], value);
	config->shadowed[pos / 4] = U32_MAX;
	config->writable[pos / 4] = U32_MAX;
	return 0;
}

/**
 * vfio_pci_core_range_intersect_range() - where a user's access and a register overlap
 * @buf_start: position of the access
 * @buf_cnt: its bytes
 * @reg_start: position of the register
 * @reg_cnt: its bytes
 * @buf_offset: set to the first common byte's offset in the access
 * @intersect_count: set to the number of common bytes
 * @register_offset: set to the first common byte's offset in the register
 *
 * Positions are counted in bytes from the same origin and are not negative.
 *
 * Context: any.
 * Return: true if a byte is common to both; what the pointers point to is left alone otherwise.
 */
bool vfio_pci_core_range_intersect_range(loff_t buf_start, size_t buf_cnt, loff_t reg_start,
					 size_t reg_cnt, loff_t *buf_offset,
					 size_t *intersect_count, size_t *register_offset)
{
	loff_t first = max(buf_start, reg_start);
	u64 into_buf = first - buf_start;
	u64 into_reg = first - reg_start;

	if (into_buf >= buf_cnt || into_reg >= reg_cnt)
		return false;

	*buf_offset = into_buf;
	*register_offset = into_reg;
	*intersect_count = min_t(u64, buf_cnt - into_buf, reg_cnt - into_reg);
	return true;
}
EXPORT_SYMBOL_GPL(vfio_pci_core_range_intersect_range);
