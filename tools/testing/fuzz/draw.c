// SPDX-License-Identifier: GPL-2.0-only
/* Draws operations: each kind with its weight, a third of them with something wrong. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <linux/pci_regs.h>

#include "draw.h"


void spoil_memory(struct op *op, struct random *r, __u64 len)
{
	op->memory = one_in(r, 2) ? MEMORY_ABSENT : MEMORY_SHORT;
	op->room = len ? random_below(r, len < PAGE ? len : PAGE) : 0;
}

/* ---- accesses -------------------------------------------------------------------------------- */

static __u64 draw_len(struct random *r)
{
	static const __u64 lens[] = { 1, 1, 2, 2, 4, 4, 4, 4, 8, 8, 3, 5, 12, 16, 64 };

	/* Every byte may cost an exit of the virtual machine that all this runs in. */
	if (one_in(r, 100))
		return PAGE;
	return one_in(r, 50) ? 256 : PICK(r, lens);
}

static __u64 draw_config_pos(struct random *r, const struct target *t)
{
	static const __u8 header[] = {
		PCI_COMMAND, PCI_COMMAND, PCI_COMMAND, PCI_COMMAND + 1, PCI_STATUS,
		PCI_CACHE_LINE_SIZE, PCI_BASE_ADDRESS_0, PCI_BASE_ADDRESS_1, PCI_BASE_ADDRESS_2,
		PCI_BASE_ADDRESS_4, PCI_ROM_ADDRESS, PCI_INTERRUPT_LINE, PCI_CAPABILITY_LIST,
	};

	switch (random_below(r, 4)) {
	case 0:
		return PICK(r, header);
	case 1:
	case 2:
		if (t->cap_count)
			return t->caps[random_below(r, t->cap_count)].pos + random_below(r, 24);
		break;
	}
	return random_below(r, t->config_size);
}

static void draw_config_read(struct op *op, struct random *r, const struct target *t, bool bad)
{
	op->region = VFIO_PCI_CONFIG_REGION_INDEX;
	op->at = draw_config_pos(r, t);
	op->len = draw_len(r);
	if (op->len == PAGE && one_in(r, 2))
		op->at = 0;
	if (!bad)
		return;
	switch (random_below(r, 4)) {
	case 0:
		op->at = t->config_size - 8 + random_below(r, 16);
		break;
	case 1:
		op->len = random_next(r) >> random_below(r, 63);
		break;
	case 2:
		op->at = random_next(r) >> 24;
		break;
	default:
		spoil_memory(op, r, op->len);
	}
}

/* A value that means something to the register at @pos. */
static __u64 draw_config_value(struct random *r, const struct target *t, __u64 pos)
{
	static const __u64 commands[] = {
		PCI_COMMAND_MEMORY | PCI_COMMAND_IO,
		PCI_COMMAND_MEMORY | PCI_COMMAND_IO | PCI_COMMAND_MASTER,
		PCI_COMMAND_MEMORY, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_DISABLE,
	};
	unsigned int pm = target_cap(t, PCI_CAP_ID_PM, false);
	__u64 value = 0;

	if (pos == PCI_COMMAND && !one_in(r, 4))
		return PICK(r, commands);
	if (pm && pos == pm + PCI_PM_CTRL && !one_in(r, 4))
		return 0;
	switch (random_below(r, 5)) {
	case 0:
		return 0;
	case 1:
		return ~0ULL;
	case 2:
		if (pos < sizeof(t->config) - sizeof(value))
			memcpy(&value, t->config + pos, sizeof(value));
		return value;
	case 3:
		return 1ULL << random_below(r, 32);
	default:
		return random_next(r);
	}
}

/* A function level reset takes a tenth of a second; most writes that would cause one do not. */
static void avoid_resets(struct op *op, struct random *r, const struct target *t)
{
	unsigned int exp = target_cap(t, PCI_CAP_ID_EXP, false);
	unsigned int reset = exp + PCI_EXP_DEVCTL + 1;

	if (!exp || reset < op->at || reset - op->at >= op->len || one_in(r, 32))
		return;
	if (op->fill && op->len <= sizeof(op->data))
		op->data &= ~(0x80ULL << (reset - op->at) * 8);
	else
		op->len = reset - op->at;
}

static void draw_config_write(struct op *op, struct random *r, const struct target *t, bool bad)
{
	op->region = VFIO_PCI_CONFIG_REGION_INDEX;
	op->at = draw_config_pos(r, t);
	op->len = draw_len(r);
	if (op->len > 16 && !one_in(r, 8))
		op->len = 4;
	op->data = draw_config_value(r, t, op->at);
	op->fill = op->len <= sizeof(op->data);
	if (bad) {
		switch (random_below(r, 3)) {
		case 0:
			op->at = t->config_size - random_below(r, 16);
			break;
		case 1:
			op->at = t->config_size + random_below(r, 1ULL << 32);
			break;
		default:
			/* All: how far a write gets before memory ends is nobody's promise. */
			op->memory = MEMORY_ABSENT;
		}
	}
	avoid_resets(op, r, t);
}

static __u32 draw_bar(struct random *r, const struct target *t)
{
	__u32 bar = random_below(r, ROM_REGION + 1);
	int tries = 6;

	while (!t->bar_size[bar] && tries--)
		bar = random_below(r, ROM_REGION + 1);
	return bar;
}

static const struct window *draw_window(struct random *r, const struct target *t)
{
	const struct window *w = &PICK(r, t->windows);

	return w->size ? w : &t->windows[0];
}

void in_window(struct op *op, struct random *r, const struct target *t)
{
	const struct window *w = draw_window(r, t);

	op->region = w->bar;
	op->at = w->start + random_below(r, w->size ? w->size : 1);
	if (one_in(r, 2))
		op->at &= ~3ULL;
	op->len = draw_len(r);
	if (op->at + op->len > w->start + w->size)
		op->len = w->start + w->size - op->at;
}

static void draw_bar_read(struct op *op, struct random *r, const struct target *t, bool bad)
{
	__u64 size;

	if (one_in(r, 2)) {
		in_window(op, r, t);
	} else {
		op->region = draw_bar(r, t);
		size = t->bar_size[op->region];
		op->at = random_below(r, size ? size : PAGE);
		if (one_in(r, 2))
			op->at &= ~7ULL;
		op->len = draw_len(r);
		if (t->msix_bar >= 0 && one_in(r, 4)) {
			op->region = t->msix_bar;
			op->at = t->msix_start + t->msix_size - random_below(r, 32);
			op->len = 1 + random_below(r, 48);
		}
	}
	if (!bad)
		return;
	size = t->bar_size[op->region];
	switch (random_below(r, 4)) {
	case 0:
		op->at = size - 4 + random_below(r, 8);
		break;
	case 1:
		op->at = random_next(r) >> 24;
		break;
	case 2:
		op->region = VFIO_PCI_VGA_REGION_INDEX + random_below(r, 8);
		break;
	default:
		spoil_memory(op, r, op->len);
	}
}

/* Writes go where the device keeps them, where the driver drops them, or where they must fail. */
static void draw_bar_write(struct op *op, struct random *r, const struct target *t, bool bad)
{
	in_window(op, r, t);
	op->data = random_next(r);
	op->fill = op->len <= sizeof(op->data);
	if (t->msix_bar >= 0 && one_in(r, 4)) {
		op->region = t->msix_bar;
		op->at = t->msix_start + random_below(r, t->msix_size - 16);
		op->len = 1 + random_below(r, 16);
		op->fill = false;
	}
	if (!bad)
		return;
	switch (random_below(r, 4)) {
	case 0:
		op->region = draw_bar(r, t);
		op->at = t->bar_size[op->region] + random_below(r, 16);
		break;
	case 1:
		op->region = ROM_REGION + 2 * random_below(r, 2);
		break;
	case 2:
		op->region = REGIONS + random_below(r, 8);
		break;
	default:
		op->memory = MEMORY_ABSENT;
	}
}

/* ---- mappings -------------------------------------------------------------------------------- */

static void draw_map(struct op *op, struct random *r, const struct target *t, bool bad)
{
	__u64 size;

	op->region = one_in(r, 2) ? (__u32)draw_window(r, t)->bar : draw_bar(r, t);
	op->flags = random_below(r, SLOTS);
	op->words[0] = one_in(r, 4) ? PROT_READ : PROT_READ | PROT_WRITE;
	op->words[1] = MAP_SHARED;
	op->count = 2;
	op->tokens = OP_WORDS;
	size = (t->bar_size[op->region] + PAGE - 1) & -PAGE;
	op->len = PAGE << random_below(r, 5);
	if (size > op->len && one_in(r, 2))
		op->at = random_below(r, size - op->len) & -PAGE;
	if (one_in(r, 4))
		op->len = size;
	if (!bad)
		return;
	switch (random_below(r, 5)) {
	case 0:
		op->words[1] = MAP_PRIVATE;
		break;
	case 1:
		op->region = ROM_REGION + random_below(r, 8);
		break;
	case 2:
		op->len = size + PAGE;
		break;
	case 3:
		op->at = size + (random_below(r, 8) - 4) * PAGE;
		break;
	default:
		op->at = (random_next(r) >> 24) & -PAGE;
	}
}

static void draw_touch(struct op *op, struct random *r, const struct target *t, bool bad)
{
	op->flags = random_below(r, SLOTS);
	op->at = random_next(r);
	op->fill = bad;			/* store, not load */
	op->data = random_next(r);
}

static void draw_unmap(struct op *op, struct random *r, const struct target *t, bool bad)
{
	op->flags = random_below(r, SLOTS);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void draw_signal(struct op *op, struct random *r, const struct target *t, bool bad)
{
	op->flags = random_below(r, EVENTS);
}

static void draw_nothing(struct op *op, struct random *r, const struct target *t, bool bad)
{
}

static const struct {
	const char *name;
	unsigned int weight;
	void (*draw)(struct op *op, struct random *r, const struct target *t, bool bad);
} kinds[KINDS] = {
	[CONFIG_READ]	 = { "config-read", 250, draw_config_read },
	[CONFIG_WRITE]	 = { "config-write", 220, draw_config_write },
	[BAR_READ]	 = { "bar-read", 110, draw_bar_read },
	[BAR_WRITE]	 = { "bar-write", 90, draw_bar_write },
	[MAP]		 = { "map", 30, draw_map },
	[TOUCH]		 = { "touch", 60, draw_touch },
	[UNMAP]		 = { "unmap", 15, draw_unmap },
	[INFO]		 = { "info", 10, draw_info },
	[REGION_INFO]	 = { "region-info", 35, draw_region_info },
	[IRQ_INFO]	 = { "irq-info", 25, draw_irq_info },
	[SET_IRQS]	 = { "set-irqs", 90, draw_set_irqs },
	[RESET]		 = { "reset", 2, draw_reset },
	[HOT_RESET_INFO] = { "hot-reset-info", 6, draw_hot_reset_info },
	[HOT_RESET]	 = { "hot-reset", 4, draw_hot_reset },
	[IOEVENTFD]	 = { "ioeventfd", 20, draw_ioeventfd },
	[FEATURE]	 = { "feature", 15, draw_feature },
	[UNKNOWN_IOCTL]	 = { "unknown-ioctl", 4, draw_unknown },
	[SIGNAL]	 = { "signal", 15, draw_signal },
	[COLLECT]	 = { "collect", 15, draw_nothing },
	[REOPEN]	 = { "reopen", 1, draw_nothing },
};

void op_draw(struct op *op, struct random *r, const struct target *t)
{
	unsigned int i, total = 0;
	__u64 ticket;

	for (i = 0; i < KINDS; i++)
		total += kinds[i].weight;
	ticket = random_below(r, total);
	for (i = 0; ticket >= kinds[i].weight; i++)
		ticket -= kinds[i].weight;
	*op = (struct op) { .kind = i };
	kinds[i].draw(op, r, t, one_in(r, 3));
}

void op_print(char *line, size_t size, const struct op *op)
{
	static const char *const memories[] = { "", " memory=short", " memory=absent" };
	int used = snprintf(line, size, "%s", kinds[op->kind].name);
	unsigned int i;

	if (op->cmd)
		used += snprintf(line + used, size - used, " cmd=%#lx words=", op->cmd);
	else if (op->kind == TOUCH)
		used += snprintf(line + used, size - used, " %s slot=%u at=%#llx",
				 op->fill ? "store" : "load", op->flags, op->at);
	else if (op->kind == SIGNAL || op->kind == UNMAP)
		used += snprintf(line + used, size - used, " %u", op->flags);
	else if (op->kind != COLLECT && op->kind != REOPEN)
		used += snprintf(line + used, size - used, " region=%u at=%#llx len=%#llx",
				 op->region, op->at, op->len);
	for (i = 0; i < op->count && used < (int)size - 16; i++)
		used += snprintf(line + used, size - used, "%s%s%x", i ? "," : op->cmd ? "" : " ",
				 i >= op->tokens ? "fd" : "", op->words[i]);
	if (op->kind == CONFIG_WRITE || op->kind == BAR_WRITE)
		used += snprintf(line + used, size - used, " %s=%#llx",
				 op->fill ? "value" : "seed", op->data);
	snprintf(line + used, size - used, "%s", memories[op->memory]);
}
