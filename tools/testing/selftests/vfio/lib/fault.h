/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults in the kernel's allocations, one at a time. With $VFIO_FAULTS set, on a kernel with fault
 * injection, a call is made again and again, with its first allocation failing, then its second,
 * and so on, until it meets no fault. It must fail with ENOMEM (EFAULT where it was a copy from or
 * to the user that failed) or succeed; and when it is let alone in the end it must do what its test
 * expects, so nothing may be left behind by those that failed.
 */
#ifndef SELFTEST_VFIO_FAULT_H
#define SELFTEST_VFIO_FAULT_H

#include <stdbool.h>

/**
 * struct fault - a call that is being repeated
 * @kind: of the call; a program does this to the first FAULT_REPEATS calls of a kind
 * @nth: allocation that fails, 0 for none
 * @error: errno that is no answer to a fault, 0 while there was none
 */
struct fault {
	unsigned long kind;
	unsigned int nth;
	int error;
};

#define FAULT_REPEATS 4

struct fault fault_begin(unsigned long kind);
void fault_arm(struct fault *f);
/* Was a fault met, and did the call fail? Keeps errno. */
bool fault_again(struct fault *f, long ret);

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
