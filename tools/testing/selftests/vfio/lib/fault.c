// SPDX-License-Identifier: GPL-2.0-only
/* See fault.h. The kernel's side is in its Documentation/fault-injection. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/mman.h>
#include <linux/types.h>
#include <linux/vfio.h>

#include "fault.h"

#define KINDS		1024
#define NTH_MAX		5000	/* a call with more allocations than that does not end */
#define NTH_FILE	"/proc/thread-self/fail-nth"

/*
 * Calls of each kind so far, by all processes of the program: each test is one. What two of them
 * count at once does no harm.
 */
static struct {
	pid_t owner;
	unsigned int repeats;
	unsigned int injected;
	struct {
		unsigned long kind;
		unsigned int done;	/* calls that met all their faults */
		unsigned int next;	/* allocation that fails next, from 1; 0 for a free slot */
	} kinds[KINDS];
} *calls;

static void __attribute__((constructor)) calls_share(void)
{
	const char *repeats = getenv("VFIO_FAULTS");

	if (!repeats)
		return;
	calls = mmap(NULL, sizeof(*calls), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (calls == MAP_FAILED) {
		perror("# memory of fault injection");
		exit(1);
	}
	calls->owner = getpid();
	calls->repeats = atoi(repeats);
}

static void __attribute__((destructor)) calls_tell(void)
{
	if (calls && calls->owner == getpid() && calls->injected)
		printf("# %u faults injected\n", calls->injected);
}

/* This thread is between fault_begin() and the end. */
static __thread bool within;

/* The slot of @kind; KINDS when there are too many. */
static unsigned int kind_slot(unsigned long kind)
{
	unsigned int i = kind % KINDS, tries;

	for (tries = 0; tries < KINDS; tries++, i = (i + 1) % KINDS)
		if (!calls->kinds[i].next || calls->kinds[i].kind == kind)
			return i;
	return KINDS;
}

/* The thread's own file; kept open, since opening it allocates. */
static int nth_file(void)
{
	static __thread int fd = -1;
	static __thread pid_t owner;

	if (fd < 0 || owner != gettid()) {
		fd = open(NTH_FILE, O_RDWR | O_CLOEXEC);
		owner = gettid();
	}
	return fd;
}

static void nth_set(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	/* Writing copies from the user: the rest of the last count may hit that, but once only. */
	if (pwrite(nth_file(), text, len, 0) == len || pwrite(nth_file(), text, len, 0) == len)
		return;
	fprintf(stderr, "# %s cannot be written: has this kernel fault injection?\n", NTH_FILE);
	exit(1);
}

/*
 * What is left of the count. Reading copies to the user, which counts as well: where the fault hits
 * that, the call before met none.
 */
static unsigned int nth_left(void)
{
	char text[16] = "";

	if (pread(nth_file(), text, sizeof(text) - 1, 0) <= 0)
		return 1;
	return atoi(text);
}

struct fault fault_begin(unsigned long kind)
{
	struct fault f = { .kind = kind, .slot = calls && !within ? kind_slot(kind) : KINDS };

	if (f.slot == KINDS || calls->kinds[f.slot].done >= calls->repeats)
		return f;
	if (!calls->kinds[f.slot].next) {
		calls->kinds[f.slot].kind = kind;
		calls->kinds[f.slot].next = 1;
	}
	f.nth = calls->kinds[f.slot].next;
	within = true;
	return f;
}

bool fault_remains(unsigned long kind)
{
	unsigned int slot = calls ? kind_slot(kind) : KINDS;

	return slot != KINDS && calls->kinds[slot].done < calls->repeats;
}

void fault_arm(struct fault *f)
{
	if (f->nth)
		nth_set(f->nth);
}

static bool is_set_irqs(const struct fault *f)
{
	return (__u32)f->kind == VFIO_DEVICE_SET_IRQS;
}

/* Where an allocation of the kernel's MSI code fails, it finds fewer vectors or none. */
static bool has_failed(const struct fault *f, long ret)
{
	return ret == -1 || (ret > 0 && is_set_irqs(f));
}

/* A BAR is reserved when it is first used, and no memory to note that is as if it were taken. */
static bool may_reserve_bar(const struct fault *f)
{
	return (__u32)f->kind < FAULT_IOCTLS || (__u32)f->kind == VFIO_DEVICE_IOEVENTFD;
}

static bool is_answer(const struct fault *f, int error)
{
	return error == ENOMEM || error == EFAULT || (error == ENOSPC && is_set_irqs(f)) ||
	       (error == EBUSY && may_reserve_bar(f));
}

bool fault_again(struct fault *f, long ret)
{
	int error = errno;
	unsigned int left;

	if (!f->nth)
		return false;
	left = nth_left();
	nth_set(0);
	errno = error;
	if (!left) {
		__atomic_fetch_add(&calls->injected, 1, __ATOMIC_RELAXED);
		/* Where vectors by the hundred allocate each the same, not each of them. */
		f->nth += 1 + f->nth / 64;
	}
	if (!left && has_failed(f, ret) && f->nth < NTH_MAX) {
		if (ret == -1 && !is_answer(f, error))
			f->error = error;
		return true;
	}
	within = false;
	if (!left) {
		calls->kinds[f->slot].next = f->nth;
	} else {
		calls->kinds[f->slot].next = 1;
		calls->kinds[f->slot].done++;
	}
	/* Another errno is an answer to a fault only if the call gives it without one, too. */
	if (f->error && !(ret == -1 && error == f->error)) {
		fprintf(stderr, "# call %#lx answered a failed allocation with errno %d\n", f->kind,
			f->error);
		exit(1);
	}
	if (getenv("VFIO_FAULTS_TOLD"))
		fprintf(stderr, "# call %#lx: %u faults\n", f->kind, f->nth - 1);
	return false;
}
