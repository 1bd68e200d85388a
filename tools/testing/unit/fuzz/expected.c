// SPDX-License-Identifier: GPL-2.0-only
/* What the fuzzer excuses: the cases that are listed, and none beside them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <linux/pci_regs.h>

#include "toy.h"

static unsigned int tests, failures;

static void ok(bool passed, const char *name)
{
	printf("%sok %u - %s\n", passed ? "" : "not ", ++tests, name);
	failures += !passed;
}

static const struct op rom_read = { .kind = BAR_READ, .region = ROM_REGION, .len = 4 };
static const struct op absent_write = { .kind = CONFIG_WRITE, .memory = MEMORY_ABSENT, .len = 4 };

#define PM 0x40

/* What becomes of an operation that came to @ret and, if that is positive, bytes of @byte. */
static long excused(const struct op *op, bool in_tree, long ret, __u8 byte)
{
	struct outcome out = { .ret = ret, .size = ret > 0 ? ret : 0 };
	size_t i;

	memset(out.data, byte, out.size);
	expected_differences(&toy_target, op, in_tree, &out);
	for (i = 0; i < out.size; i++)
		if (out.data[i] != byte)
			return -ERANGE;
	return out.ret;
}

/* A write of @len bytes at @at to a function whose registers @stay in D3hot. */
static bool lost(__u64 at, __u64 len, bool stay)
{
	static struct target t = { .caps = { { PCI_CAP_ID_PM, PM, false } }, .cap_count = 1 };
	const struct op op = { .kind = CONFIG_WRITE, .at = at, .len = len };

	t.config[PM + PCI_PM_CTRL] = stay ? PCI_PM_CTRL_NO_SOFT_RESET : 0;
	return expected_lost(&t, &op);
}

/* With ioeventfds of events 1 and 3, in low power. */
static bool dropped(enum kind kind, __u32 word)
{
	return expected_dropped(&(struct op){ .kind = kind, .flags = word, .words = { 0, word } },
				1 << 1 | 1 << 3);
}

static bool trigger_dropped(__u32 data)
{
	return dropped(SET_IRQS, data | VFIO_IRQ_SET_ACTION_TRIGGER);
}

int main(void)
{
	ok(excused(&rom_read, true, 4, 0xff) == 4 && excused(&rom_read, false, 4, 0xff) == 4,
	   "ones of a ROM are compared as they are");
	ok(excused(&rom_read, true, -EIO, 0) == -EIO, "and so is EIO");
	ok(excused(&absent_write, true, 4, 0) == -EFAULT,
	   "a write from nowhere that the kernel's driver takes is EFAULT");
	ok(!excused(&(struct op){ .kind = CONFIG_WRITE, .memory = MEMORY_ABSENT }, true, 0, 0),
	   "a write of no bytes is not");
	ok(excused(&absent_write, true, 2, 0) == 2, "one that it takes half is not");
	ok(excused(&absent_write, false, 4, 0) == 4, "nor one that our driver takes");
	ok(lost(4, 1, false) && lost(0, 5, false) && lost(5, 8, false),
	   "no byte of the command register is written in D3hot that loses registers");
	ok(!lost(0, 4, false) && !lost(6, 4, false), "what is beside it is");
	ok(!lost(4, 2, true), "and so is the command register where registers stay");
	ok(dropped(SIGNAL, 1) && dropped(SIGNAL, 3),
	   "no eventfd that writes a register is signalled in low power");
	ok(!dropped(SIGNAL, 0) && !dropped(SIGNAL, 2) && !dropped(COLLECT, 1),
	   "others are, and this one is read");
	ok(trigger_dropped(VFIO_IRQ_SET_DATA_NONE) && trigger_dropped(VFIO_IRQ_SET_DATA_BOOL),
	   "nor is an interrupt asked for, which may signal one");
	ok(!trigger_dropped(VFIO_IRQ_SET_DATA_EVENTFD) &&
	   !dropped(SET_IRQS, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK),
	   "interrupts are set up and masked as ever");
	printf("1..%u\n", tests);
	return failures > 0;
}
