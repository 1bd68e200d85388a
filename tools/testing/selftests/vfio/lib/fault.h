/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults in the kernel's allocations, one at a time. With $VFIO_FAULTS a number, on a kernel with
 * fault injection, so many calls of each kind are made again and again, with their first allocation
 * failing, then the second, and so on, until one meets no fault. It must fail with ENOMEM (EFAULT
 * where it was a copy from or to the user that failed) or succeed; and when it is let alone in the
 * end it must do what its test expects, so nothing may be left behind by those that failed. A call
 * that succeeds in spite of its fault is not made again; the next of its kind goes on from there.
 * What is done between fault_begin() and the end may be several calls: these have no faults of
 * their own then.
 */
#ifndef SELFTEST_VFIO_FAULT_H
#define SELFTEST_VFIO_FAULT_H

#include <stdbool.h>

/**
 * struct fault - a call that is being repeated
 * @kind: of the call; a program does this to the first $VFIO_FAULTS calls of a kind
 * @nth: allocation that fails, 0 for none
 * @slot: of the kind, in what is counted
 * @error: errno that is no answer to a fault, 0 while there was none
 */
struct fault {
	unsigned long kind;
	unsigned int nth;
	unsigned int slot;
	int error;
};

/* Kinds of accesses, to which the region is added; the numbers of ioctls are all above them. */
enum { FAULT_READS = 0x100, FAULT_WRITES = 0x200, FAULT_MAPS = 0x300, FAULT_IOCTLS = 0x400 };
/* Kinds of what is several calls, to which a number is added: above the ioctls of VFIO. */
enum { FAULT_SESSIONS = 0x10000 };

struct fault fault_begin(unsigned long kind);
void fault_arm(struct fault *f);
/* Was a fault met, and did the call fail? Keeps errno. */
bool fault_again(struct fault *f, long ret);
/* After a call that met no fault, or succeeded in spite of it: does its kind have more? */
bool fault_remains(unsigned long kind);

/* Programs that only borrow this library's ways to a device are built without. */
#ifdef SELFTEST_FAULTS

/* @call, a system call that returns -1 and sets errno, with each fault in turn. */
#define WITH_FAULTS(kind, call) ({						\
	struct fault fault_ = fault_begin(kind);				\
	long ret_;								\
	do {									\
		fault_arm(&fault_);						\
		ret_ = (long)(call);						\
	} while (fault_again(&fault_, ret_));					\
	ret_; })

#else
#define WITH_FAULTS(kind, call) ((void)(kind), (long)(call))
#endif

#endif
