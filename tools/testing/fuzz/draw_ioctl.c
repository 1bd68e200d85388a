// SPDX-License-Identifier: GPL-2.0-only
/* Draws ioctls: structures that are right, or wrong in size, place or content. */
#include "draw.h"

static void ioctl_op(struct op *op, unsigned long cmd, unsigned int count)
{
	op->cmd = cmd;
	op->count = count;
	op->tokens = OP_WORDS;
	op->words[0] = count * sizeof(op->words[0]);
}

/* A structure of the wrong size, or in memory that is not all there. */
static void spoil_ioctl(struct op *op, struct random *r)
{
	static const __u32 sizes[] = { 0, 1, 4, 8, 12, 16, 19, 20, 24, 32, 64, 4096,
				       0x7fffffff, 0x80000000, 0xffffffff };

	switch (random_below(r, 4)) {
	case 0:
		op->words[0] = PICK(r, sizes);
		break;
	case 1:
		op->words[0] += random_below(r, 17) - 8;
		break;
	case 2:
		spoil_memory(op, r, op->count * sizeof(op->words[0]) + 4);
		break;
	default:
		op->words[random_below(r, op->count)] = random_next(r);
	}
}

void draw_info(struct op *op, struct random *r, const struct target *t, bool bad)
{
	ioctl_op(op, VFIO_DEVICE_GET_INFO, one_in(r, 2) ? 5 : 4 + random_below(r, 12));
	if (bad)
		spoil_ioctl(op, r);
}

void draw_region_info(struct op *op, struct random *r, const struct target *t, bool bad)
{
	ioctl_op(op, VFIO_DEVICE_GET_REGION_INFO, one_in(r, 2) ? 8 : 8 + random_below(r, 12));
	op->words[2] = random_below(r, REGIONS + 2);
	if (bad)
		spoil_ioctl(op, r);
}

void draw_irq_info(struct op *op, struct random *r, const struct target *t, bool bad)
{
	ioctl_op(op, VFIO_DEVICE_GET_IRQ_INFO, 4);
	op->words[2] = random_below(r, VFIO_PCI_NUM_IRQS + 2);
	if (bad)
		spoil_ioctl(op, r);
}

static __u32 draw_token(struct random *r)
{
	return one_in(r, 6) ? random_below(r, TOKENS) :
	       one_in(r, 5) ? (__u32)TOKEN_NONE : (__u32)random_below(r, EVENTS);
}

void draw_set_irqs(struct op *op, struct random *r, const struct target *t, bool bad)
{
	static const __u32 data[] = {
		VFIO_IRQ_SET_DATA_EVENTFD, VFIO_IRQ_SET_DATA_EVENTFD, VFIO_IRQ_SET_DATA_EVENTFD,
		VFIO_IRQ_SET_DATA_NONE, VFIO_IRQ_SET_DATA_BOOL,
	};
	static const __u32 actions[] = {
		VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_IRQ_SET_ACTION_TRIGGER,
		VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_IRQ_SET_ACTION_MASK,
		VFIO_IRQ_SET_ACTION_UNMASK,
	};
	const unsigned int header = sizeof(struct vfio_irq_set) / sizeof(__u32);
	__u32 type = PICK(r, data), count = random_below(r, 4), i;

	if (one_in(r, 32))
		count = random_below(r, OP_WORDS - header + 1);
	ioctl_op(op, VFIO_DEVICE_SET_IRQS, header);
	op->words[1] = type | PICK(r, actions);
	op->words[2] = random_below(r, VFIO_PCI_NUM_IRQS);
	op->words[3] = one_in(r, 2) ? 0 : random_below(r, 6);
	op->words[4] = count;
	if (type == VFIO_IRQ_SET_DATA_EVENTFD) {
		op->tokens = header;
		for (i = 0; i < count; i++)
			op->words[op->count++] = draw_token(r);
		op->words[0] = op->count * sizeof(__u32);
	} else if (type == VFIO_IRQ_SET_DATA_BOOL) {
		for (i = 0; i < (count + 3) / 4; i++)
			op->words[op->count++] = random_next(r) & random_next(r);
		op->words[0] = header * sizeof(__u32) + count;
	} else if (one_in(r, 64)) {
		/* Without data the number of vectors may be as large as the function has them. */
		op->words[4] = 1 + random_below(r, 300);
	}
	if (!bad)
		return;
	switch (random_below(r, 4)) {
	case 0:
		op->words[1] = random_below(r, 256);
		break;
	case 1:
		op->words[2] = random_next(r) >> random_below(r, 32);
		break;
	case 2:
		op->words[3] = random_next(r) >> random_below(r, 32);
		break;
	default:
		op->tokens = OP_WORDS;
		spoil_ioctl(op, r);
	}
}

void draw_reset(struct op *op, struct random *r, const struct target *t, bool bad)
{
	op->cmd = VFIO_DEVICE_RESET;
}

void draw_hot_reset_info(struct op *op, struct random *r, const struct target *t, bool bad)
{
	ioctl_op(op, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, 3 + random_below(r, 8));
	if (bad)
		spoil_ioctl(op, r);
}

/* One in eight may succeed; a bus reset takes its time. */
void draw_hot_reset(struct op *op, struct random *r, const struct target *t, bool bad)
{
	__u32 groups = random_below(r, 4), i;

	ioctl_op(op, VFIO_DEVICE_PCI_HOT_RESET, 3);
	op->words[2] = groups;
	op->tokens = 3;
	for (i = 0; i < groups; i++)
		op->words[op->count++] = random_below(r, TOKENS - 1);
	if (one_in(r, 8)) {
		op->words[2] = 1;
		op->words[3] = TOKEN_GROUP;
		op->count = 4;
	}
	op->words[0] = op->count * sizeof(__u32);
	if (bad) {
		op->tokens = OP_WORDS;
		spoil_ioctl(op, r);
	}
}

/* The offset is a region's and so 64 bits: words 2 and 3; data are 4 and 5. */
void draw_ioeventfd(struct op *op, struct random *r, const struct target *t, bool bad)
{
	struct op access = {};
	__u32 width = 1 << random_below(r, 4);

	ioctl_op(op, VFIO_DEVICE_IOEVENTFD, 8);
	in_window(&access, r, t);
	if (!one_in(r, 4))
		access.at &= -(__u64)width;
	if (one_in(r, 6)) {
		access.region = random_below(r, REGIONS);
		access.at = t->bar_size[access.region % (ROM_REGION + 1)] - 4 + random_below(r, 8);
	}
	op->words[1] = width;
	op->words[2] = access.at;
	op->words[3] = (access.at >> 32) | access.region << 8;
	op->words[4] = random_below(r, 4);
	op->words[6] = draw_token(r);
	op->tokens = 6;
	op->count = 7;
	if (one_in(r, 3))
		op->words[6] = TOKEN_NONE;
	if (!bad)
		return;
	op->tokens = OP_WORDS;
	if (one_in(r, 2)) {
		op->words[1] = random_below(r, 32);
		op->words[6] = 0xffffffff;
	} else {
		op->words[6] = 0xffffffff;
		spoil_ioctl(op, r);
	}
}

/* Waking up costs milliseconds with each access, so the exit from low power is drawn often. */
void draw_feature(struct op *op, struct random *r, const struct target *t, bool bad)
{
	static const __u32 what[] = {
		VFIO_DEVICE_FEATURE_GET, VFIO_DEVICE_FEATURE_SET, VFIO_DEVICE_FEATURE_PROBE,
		VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET,
		VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET,
	};
	__u32 number = random_below(r, 16);
	bool entry = number == VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY ||
		     number == VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP;

	ioctl_op(op, VFIO_DEVICE_FEATURE, 2 + random_below(r, 8));
	op->words[1] = number | PICK(r, what);
	if (one_in(r, 2) || (entry && !one_in(r, 4))) {
		op->words[1] = VFIO_DEVICE_FEATURE_LOW_POWER_EXIT | VFIO_DEVICE_FEATURE_SET;
		op->words[0] = 8;
	} else {
		op->words[2 + random_below(r, 4)] = random_below(r, 16);
		if (entry)
			op->words[2] = TOKEN_NONE;	/* an eventfd, where it is one at all */
	}
	if (bad)
		spoil_ioctl(op, r);
}

void draw_unknown(struct op *op, struct random *r, const struct target *t, bool bad)
{
	ioctl_op(op, 0, 8);
	op->cmd = bad ? random_next(r) >> 32 : _IO(VFIO_TYPE, VFIO_BASE + random_below(r, 32));
	/* Those that do something have kinds of their own. */
	if (op->cmd == VFIO_DEVICE_RESET || op->cmd == VFIO_DEVICE_PCI_HOT_RESET)
		op->cmd = _IO(VFIO_TYPE, 0xff);
}
