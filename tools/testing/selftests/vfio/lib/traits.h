/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a function has, as bits: a test fixture states the bits it needs, and is
 * run on the functions that have them. Nothing is ever skipped at run time.
 */
#ifndef SELFTEST_VFIO_TRAITS_H
#define SELFTEST_VFIO_TRAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#define BIT(n)		(1ULL << (n))
#define HAS_INTX	BIT(0)	/* an interrupt pin that is routed */
#define HAS_MSI		BIT(1)
#define HAS_MSIX	BIT(2)
#define HAS_PM		BIT(3)	/* power management capability */
#define HAS_PCIE	BIT(4)
#define HAS_FLR		BIT(5)	/* PCIe function level reset */
#define HAS_VPD		BIT(6)
#define HAS_AER		BIT(7)
#define HAS_MEM_BAR	BIT(8)
#define HAS_IO_BAR	BIT(9)
#define HAS_PAGE_BAR	BIT(10)	/* a memory BAR of a page or more that mmap reaches */
#define HAS_QEMU_ID	BIT(11)	/* $VFIO_QEMU_ID names it in QEMU's monitor */
#define HAS_HUGE_BAR	BIT(12)	/* a memory BAR of 256 MiB or more */
#define HAS_ROM		BIT(13)
#define HAS_SRIOV	BIT(14)	/* is a PF */
#define HAS_SCRATCH	BIT(15)	/* a register known to hold what is written */
#define HAS_PEER	BIT(16)	/* another function shares the bus */
#define HAS_PEER_GROUP	BIT(17)	/* ... and is in a group of its own */
#define IS_VF		BIT(18)
#define IS_PF		BIT(19)	/* is not a VF */
#define IS_EDU		BIT(20)
#define IS_RAM_BAR	BIT(21)	/* ivshmem: BAR 2 is memory */
#define IS_NVME		BIT(22)
#define HAS_MANY_MSIX	BIT(23)	/* 16 vectors or more */
#define HAS_CDEV	BIT(24)	/* the kernel offers /dev/vfio/devices */
#define HAS_RESET	BIT(25)	/* the kernel lists a way to reset it */
#define HAS_BUS_RESET	BIT(26)	/* sits below a bridge, or in a slot that resets it */
#define HAS_EXT_CONFIG	BIT(27)	/* 4096 bytes of config space */
#define HAS_VGA		BIT(28)	/* of the class VGA, and disable_vga is not set */
#define LACKS_ROM	BIT(29)
#define LACKS_VGA	BIT(30)
#define HAS_WITNESS	BIT(31)	/* a register known to be cleared by reset */
#define HAS_RUNTIME_PM	BIT(32)	/* the kernel suspends functions */
#define HAS_GROWING_MSIX BIT(33)	/* vectors may be added to those in use */
#define IS_ZPCI		BIT(34)	/* of s390 */
#define HAS_EEH		BIT(35)	/* of POWER: its errors freeze it */
#define HAS_SAFE_BAR	BIT(36)	/* any byte of the first memory BAR may be read */
#define HAS_SAFE_TABLE	BIT(37)	/* ... or of what is around the MSI-X table */
#define HAS_RESCAN	BIT(38)	/* the kernel finds it again after it was removed */
#define HAS_PORT	BIT(39)	/* sits below a port, where errors are injected */
#define HAS_SLEEP	BIT(40)	/* the kernel can pretend to go to sleep */
#define HAS_HOST_MAP	BIT(41)	/* sysfs maps the BAR of HAS_WITNESS */
#define HAS_SAFE_ROM	BIT(42)	/* may be read from while memory space is disabled */
#define IS_OURS		BIT(43)	/* vfio-pci-core is not the kernel's own: what it does better */
#define IS_IGD		BIT(44)	/* the simulated graphics of Intel's */
#define IS_STDVGA	BIT(45)	/* QEMU's display, with VGA's registers and memory */
#define HAS_OWN_ROM	BIT(46)	/* in a BAR of its own */
#define HAS_SHADOW_ROM	BIT(47)	/* in memory, where firmware has copied it */

/* All BARs that are memory can be mapped where this is true; none where it is not. */
bool host_maps_bars(void);

/* The bits of @bdf; the first call asks sysfs, the others remember. */
__u64 traits_of(const char *bdf);

/**
 * struct scratch - a register that a test may write
 * @bar:	region index
 * @offset:	in it
 * @width:	bytes
 * @value:	one that may be written; for other values see @mask
 * @mask:	bits that keep their value
 * @inverts:	reads back inverted
 */
struct scratch {
	int bar;
	__u64 offset;
	size_t width;
	__u32 value;
	__u32 mask;
	bool inverts;
};

/* The scratch register of @bdf's model, NULL if none is known. */
const struct scratch *scratch_of(const char *bdf);
/* A register that a reset brings back to the value it had after open; NULL if none is known. */
const struct scratch *witness_of(const char *bdf);
/* What reads back after @value was written. */
__u32 scratch_echo(const struct scratch *s, __u32 value);

/* A memory register that may be read at any time, outside the MSI-X table. False if none. */
bool register_of(const char *bdf, int *bar, __u64 *offset);

/* The other function of @bdf's bus, or false. */
bool peer_of(const char *bdf, char *peer, size_t size);
/* First BAR whose resource has @flag and lies between @min and @max bytes; -1 if none. */
int bar_with(const char *bdf, __u64 flag, __u64 min, __u64 max);

#endif
