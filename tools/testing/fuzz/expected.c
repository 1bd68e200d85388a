// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where our driver differs from the kernel's own on purpose, as narrowly as it can be said. The
 * list for people is in Documentation/differences.rst.
 */
#include <errno.h>
#include <stdio.h>
#include <linux/pci_regs.h>

#include "fuzz.h"

/**
 * struct expected_bits - bits of a config register that are not compared when read
 * @cap: capability, 0 for the header
 * @extended: which kind @cap is
 * @offset: of the byte in it
 * @mask: bits of that byte
 * @reason: why they differ
 */
static const struct expected_bits {
	__u16 cap;
	bool extended;
	__u16 offset;
	__u8 mask;
	const char *reason;
} expected[] = {
	{ PCI_CAP_ID_MSI, false, PCI_MSI_FLAGS, 0x8e,
	  "read-only bits of MSI flags: the kernel's driver lets the user change its view" },
	{ PCI_CAP_ID_MSI, false, PCI_MSI_FLAGS + 1, 0xff,
	  "read-only bits of MSI flags: the kernel's driver lets the user change its view" },
	{ PCI_EXT_CAP_ID_PWR, true, PCI_PWR_DSR, 0xff,
	  "power budgeting: with the kernel's driver the data select register is read-only" },
};

/* The kernel's driver does not look at the user's memory where nothing can be written. */
static bool write_from_nowhere(const struct op *op, const struct outcome *out)
{
	return op->kind == CONFIG_WRITE && op->memory == MEMORY_ABSENT && op->len &&
	       out->ret == (long)op->len;
}

/**
 * struct expected_errno - an operation that the kernel's driver answers otherwise
 * @is: is that what it says to this operation?
 * @error: what ours says
 * @reason: why
 */
static const struct expected_errno {
	bool (*is)(const struct op *op, const struct outcome *out);
	int error;
	const char *reason;
} errnos[] = {
	{ write_from_nowhere, EFAULT,
	  "config write from memory that is not there, where nothing can be written" },
};

void expected_differences(const struct target *t, const struct op *op, bool in_tree,
			  struct outcome *out)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errnos); i++) {
		if (!in_tree || !errnos[i].is(op, out))
			continue;
		out->ret = -errnos[i].error;
		out->size = 0;
	}
	if (op->kind != CONFIG_READ || out->ret <= 0)
		return;
	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		const struct expected_bits *e = &expected[i];
		unsigned int start = e->cap ? target_cap(t, e->cap, e->extended) : 0;
		__u64 pos = start + e->offset;

		if ((e->cap && !start) || pos < op->at || pos - op->at >= out->size)
			continue;
		out->data[pos - op->at] &= ~e->mask;
	}
}

/*
 * With the kernel's driver a function that loses its registers in D3hot wakes up with the command
 * register that it fell asleep with. What the user has written to it meanwhile is not seen by the
 * function, and by the driver only when it asks whether memory space is on; so there is no end to
 * what differs from then on. The call is performed on neither.
 */
bool expected_lost(const struct target *t, const struct op *op)
{
	const unsigned int pm = target_cap(t, PCI_CAP_ID_PM, false);

	return pm && !(t->config[pm + PCI_PM_CTRL] & PCI_PM_CTRL_NO_SOFT_RESET) &&
	       op->kind == CONFIG_WRITE && op->at < PCI_STATUS && op->at + op->len > PCI_COMMAND;
}

/*
 * The kernel's driver lets an ioeventfd write a register while the function is in low power, which
 * it reaches if the function happens to be awake or does not mind; ours drops the write. Interrupts
 * signal eventfds, too, and here they come when the user asks for one.
 */
bool expected_dropped(const struct op *op, __u32 writers)
{
	const __u32 trigger = VFIO_IRQ_SET_ACTION_TRIGGER;

	if (op->kind == SIGNAL)
		return writers & 1U << op->flags;
	return op->kind == SET_IRQS && writers && op->words[1] & trigger &&
	       !(op->words[1] & VFIO_IRQ_SET_DATA_EVENTFD);
}

/*
 * Operations that the kernel's driver of 6.12 does not survive. They are performed on ours alone,
 * which has to refuse them.
 */
static bool ioeventfd_negative(const struct op *op)
{
	/* The offset is 64 bits from word 2 on. */
	return op->kind == IOEVENTFD && op->words[3] >> 31;
}

static const struct deadly {
	bool (*is)(const struct op *op);
	const char *reason;
} deadly[] = {
	{ ioeventfd_negative,
	  "VFIO_DEVICE_IOEVENTFD, offset of 2^63 and up: a negative index into an array" },
};

bool expected_deadly(const struct op *op)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(deadly); i++)
		if (deadly[i].is(op))
			return true;
	return false;
}

void expected_list(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(deadly); i++)
		printf("not performed on the kernel's driver: %s\n", deadly[i].reason);
	printf("not performed: %s\n",
	       "command register written in D3hot, of a function that loses its registers there");
	printf("not performed: %s\n",
	       "eventfd signalled that is to write a register, of a function in low power");
	for (i = 0; i < ARRAY_SIZE(errnos); i++)
		printf("errno %d: %s\n", errnos[i].error, errnos[i].reason);
	for (i = 0; i < ARRAY_SIZE(expected); i++)
		printf("%s %#x, offset %#x, bits %#x: %s\n",
		       expected[i].extended ? "extended capability" : "capability",
		       expected[i].cap, expected[i].offset, expected[i].mask, expected[i].reason);
}
