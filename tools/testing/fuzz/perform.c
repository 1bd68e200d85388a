// SPDX-License-Identifier: GPL-2.0-only
/* Performs operations on a function through its IOMMU group and a type1 container. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/pci_regs.h>

#include "fuzz.h"
#include "pci_sysfs.h"
#include "vdev.h"

#define PAGE		4096
#define ARENA_SIZE	(16 * PAGE)	/* and a page behind it that nobody may touch */
#define NO_SUCH_FD	1000000
#define ASLEEP_SECONDS	2	/* for what takes hundredths, on a busy machine */

struct slot {
	void *address;
	__u64 len;
	__u32 region;
	__u64 at;
	bool writable;
};

/* What the user allowed the function to do between accesses. */
enum rest { AWAKE, SLEEPS_ONCE, SLEEPS };

struct session {
	const struct target *target;
	bool joined;			/* other threads' accesses are not to be waited for */
	enum rest rest;
	__u32 writers;			/* bits of the events that have been given an ioeventfd */
	struct vdev dev;
	int null;
	int events[EVENTS];
	struct slot slots[SLOTS];
	__u8 *arena;
};

/* Region @index's start, as this interface has always laid them out. */
static __u64 region_start(__u32 index)
{
	return (__u64)index << 40;
}

/* ---- begin and end --------------------------------------------------------------------------- */

static __thread sigjmp_buf landing;

static void on_fault(int sig)
{
	siglongjmp(landing, sig);
}

/* All but the device. */
static struct session *session_new(const struct target *t)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->target = t;
	s->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	s->arena = mmap(NULL, ARENA_SIZE + PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* The page stays mapped: in a hole, the next BAR that is mapped might come to lie. */
	if (s->null < 0 || s->arena == MAP_FAILED ||
	    mprotect(s->arena + ARENA_SIZE, PAGE, PROT_NONE)) {
		perror("fuzz: memory");
		return NULL;
	}
	return s;
}

static void events_open(struct session *s)
{
	int i;

	for (i = 0; i < EVENTS; i++)
		s->events[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

struct session *session_begin(const struct target *t)
{
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
	struct session *s = session_new(t);
	int ret;

	if (!s)
		return NULL;
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);

	ret = vdev_open(&s->dev, t->bdf);
	if (ret) {
		fprintf(stderr, "fuzz: %s cannot be opened: %s; is it bound to vfio-pci?\n",
			t->bdf, strerror(-ret));
		return NULL;
	}
	close(s->dev.fd);
	s->dev.fd = -1;
	return s;
}

struct session *session_join(const struct session *first)
{
	struct session *s = session_new(first->target);

	if (s) {
		s->dev = first->dev;
		s->joined = true;
		events_open(s);
	}
	return s;
}

void session_end(struct session *s)
{
	vdev_close(&s->dev);
	munmap(s->arena, ARENA_SIZE + PAGE);
	close(s->null);
	free(s);
}

static bool suspended(const struct target *t)
{
	char status[32] = "";

	return !pci_attr_read(t->bdf, "power/runtime_status", status, sizeof(status)) &&
	       !strcmp(status, "suspended");
}

static void wait_for_sleep(const struct target *t)
{
	const double limit = seconds_now() + ASLEEP_SECONDS;

	while (!suspended(t) && seconds_now() < limit)
		pause_ms(1);
}

static bool any_mapping(const struct session *s)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		if (s->slots[i].address)
			return true;
	return false;
}

/*
 * A function that nobody uses is put to sleep, too, in the kernel's own time, and loses what its
 * reset leaves as it is: the data select of power management, for one. Mappings keep it in use.
 */
static int device_open(struct session *s)
{
	if (!any_mapping(s)) {
		s->rest = AWAKE;
		s->writers = 0;
		wait_for_sleep(s->target);
	}
	s->dev.fd = ioctl(s->dev.group, VFIO_GROUP_GET_DEVICE_FD, s->target->bdf);
	return s->dev.fd < 0 ? -errno : 0;
}

/*
 * Registers that a reset leaves as the last episode wrote them: zeros in the windows, and in config
 * space what was there when the function was found.
 */
static void registers_scrub(struct session *s)
{
	const struct target *t = s->target;
	static const __u8 zeros[PAGE];
	const struct window *w;
	__u32 done, step;

	for (w = t->windows; w < t->windows + ARRAY_SIZE(t->windows); w++) {
		step = w->size < PAGE ? 4 : PAGE;
		for (done = 0; done < w->size; done += step)
			if (pwrite(s->dev.fd, zeros, step,
				   region_start(w->bar) + w->start + done) < 0)
				return;
	}
	if (pwrite(s->dev.fd, t->config + PCI_STD_HEADER_SIZEOF,
		   t->config_size - PCI_STD_HEADER_SIZEOF,
		   region_start(VFIO_PCI_CONFIG_REGION_INDEX) + PCI_STD_HEADER_SIZEOF) < 0)
		perror("fuzz: config space cannot be put back");
}

int session_open(struct session *s)
{
	int ret = device_open(s);

	if (ret)
		return ret;
	events_open(s);
	registers_scrub(s);
	return 0;
}

static void slot_free(struct slot *slot)
{
	if (slot->address)
		munmap(slot->address, slot->len);
	*slot = (struct slot) {};
}

void session_close(struct session *s)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		slot_free(&s->slots[i]);
	close(s->dev.fd);
	s->dev.fd = -1;
	for (i = 0; i < EVENTS; i++)
		close(s->events[i]);
}

/* ---- memory of an operation ------------------------------------------------------------------ */

static __u8 *op_memory(struct session *s, const struct op *op)
{
	switch (op->memory) {
	case MEMORY_SHORT:
		return s->arena + ARENA_SIZE - op->room;
	case MEMORY_ABSENT:
		return s->arena + ARENA_SIZE;
	default:
		return s->arena;
	}
}

static void take_data(struct outcome *out, const void *from, size_t size)
{
	out->size = size < sizeof(out->data) ? size : sizeof(out->data);
	memcpy(out->data, from, out->size);
}

/* ---- accesses -------------------------------------------------------------------------------- */

/* What a device may change by itself does not count. */
static void forget_unstable(const struct target *t, const struct op *op, struct outcome *out)
{
	size_t i;

	if (op->region > ROM_REGION)
		return;
	for (i = 0; i < out->size; i++)
		if (!target_stable(t, op->region, op->at + i))
			out->data[i] = 0;
}

static void do_read(struct session *s, const struct op *op, struct outcome *out)
{
	__u8 *to = op_memory(s, op);

	memset(s->arena, 0xa5, op->len < ARENA_SIZE ? op->len : ARENA_SIZE);
	out->ret = pread(s->dev.fd, to, op->len, region_start(op->region) + op->at);
	if (out->ret < 0) {
		out->ret = -errno;
	} else {
		take_data(out, to, out->ret);
		forget_unstable(s->target, op, out);
	}
}

static void do_write(struct session *s, const struct op *op, struct outcome *out)
{
	struct random r = { op->data };
	size_t i;

	for (i = 0; i < op->len && i < ARENA_SIZE; i += 8) {
		__u64 value = op->fill ? op->data : random_next(&r);

		memcpy(s->arena + i, &value, sizeof(value));
	}
	out->ret = pwrite(s->dev.fd, op_memory(s, op), op->len, region_start(op->region) + op->at);
	if (out->ret < 0)
		out->ret = -errno;
}

/* ---- mappings -------------------------------------------------------------------------------- */

static void do_map(struct session *s, const struct op *op, struct outcome *out)
{
	struct slot *slot = &s->slots[op->flags];
	void *address;

	slot_free(slot);
	address = mmap(NULL, op->len, op->words[0], op->words[1], s->dev.fd,
		       region_start(op->region) + op->at);
	if (address == MAP_FAILED) {
		out->ret = -errno;
		return;
	}
	*slot = (struct slot) { address, op->len, op->region, op->at, op->words[0] & PROT_WRITE };
}

/* Where in a mapping a touch goes: into a window, if there is one in it. */
static __u64 touch_place(const struct session *s, const struct slot *slot, __u64 wish,
			 bool *window)
{
	const struct window *w = s->target->windows, *end = w + ARRAY_SIZE(s->target->windows);

	for (; w < end; w++)
		if (w->size >= 4 && w->bar == (int)slot->region && w->start >= slot->at &&
		    w->start + w->size <= slot->at + slot->len) {
			*window = true;
			return w->start - slot->at + (wish % w->size & ~3ULL);
		}
	*window = false;
	return wish % slot->len & ~3ULL;
}

/* One load or store, 0 or the signal that it met. The fences keep it behind the way out. */
static int touch(__u32 *address, bool store, __u32 *value)
{
	int sig = sigsetjmp(landing, 1);

	if (sig)
		return sig;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (store)
		__atomic_store_n(address, *value, __ATOMIC_RELAXED);
	else
		*value = __atomic_load_n(address, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return 0;
}

static void do_touch(struct session *s, const struct op *op, struct outcome *out)
{
	const struct slot *slot = &s->slots[op->flags];
	__u32 value = op->data;
	bool window, store;
	__u64 place;

	if (!slot->address) {
		out->ret = -ENXIO;
		return;
	}
	place = touch_place(s, slot, op->at, &window);
	store = op->fill && window && slot->writable;
	out->ret = -touch((__u32 *)((char *)slot->address + place), store, &value);
	if (!out->ret && window && !store)
		take_data(out, &value, sizeof(value));
}

/* ---- ioctls ---------------------------------------------------------------------------------- */

static int token_fd(const struct session *s, __u32 token)
{
	switch (token) {
	case 0 ... EVENTS - 1:
		return s->events[token];
	case TOKEN_NEGATIVE:
		return -2;
	case TOKEN_CLOSED:
		return NO_SUCH_FD;
	case TOKEN_NULL:
		return s->null;
	case TOKEN_GROUP:
		return s->dev.group;
	case TOKEN_CONTAINER:
		return s->dev.container;
	case TOKEN_DEVICE:
		return s->dev.fd;
	default:
		return -1;
	}
}

static void do_ioctl(struct session *s, const struct op *op, struct outcome *out)
{
	__u8 *arg = op_memory(s, op);
	size_t room = s->arena + ARENA_SIZE - arg;
	__u32 words[OP_WORDS];
	unsigned int i;

	memset(words, 0, sizeof(words));
	for (i = 0; i < op->count; i++)
		words[i] = i < op->tokens ? op->words[i] : (__u32)token_fd(s, op->words[i]);
	if (room > sizeof(words))
		room = sizeof(words);
	memcpy(arg, words, room);
	out->ret = ioctl(s->dev.fd, op->cmd, arg);
	if (out->ret < 0)
		out->ret = -errno;
	/* Numbers of files are the process's, not the driver's. */
	if (op->tokens >= op->count)
		take_data(out, arg, room);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void do_signal(struct session *s, const struct op *op, struct outcome *out)
{
	__u64 one = 1;

	out->ret = write(s->events[op->flags], &one, sizeof(one));
}

static void do_collect(struct session *s, const struct op *op, struct outcome *out)
{
	__u64 counts[EVENTS] = {};
	int i;

	for (i = 0; i < EVENTS; i++)
		out->ret += read(s->events[i], &counts[i], sizeof(counts[i])) > 0;
	take_data(out, counts, sizeof(counts));
}

/* Mappings stay, and as long as there is one the device is not really closed. */
static void do_reopen(struct session *s, const struct op *op, struct outcome *out)
{
	close(s->dev.fd);
	out->ret = device_open(s);
}

static void do_unmap(struct session *s, const struct op *op, struct outcome *out)
{
	slot_free(&s->slots[op->flags]);
}

typedef void (*performer)(struct session *s, const struct op *op, struct outcome *out);

static const performer performers[KINDS] = {
	[CONFIG_READ] = do_read, [CONFIG_WRITE] = do_write,
	[BAR_READ] = do_read, [BAR_WRITE] = do_write,
	[MAP] = do_map, [TOUCH] = do_touch, [UNMAP] = do_unmap,
	[INFO] = do_ioctl, [REGION_INFO] = do_ioctl, [IRQ_INFO] = do_ioctl, [SET_IRQS] = do_ioctl,
	[RESET] = do_ioctl, [HOT_RESET_INFO] = do_ioctl, [HOT_RESET] = do_ioctl,
	[IOEVENTFD] = do_ioctl, [FEATURE] = do_ioctl, [UNKNOWN_IOCTL] = do_ioctl,
	[SIGNAL] = do_signal, [COLLECT] = do_collect, [REOPEN] = do_reopen,
};

/* ---- sleep ----------------------------------------------------------------------------------- */

/* What @op changed of it; entry with an eventfd ends when something wakes the function. */
static enum rest rest_after(enum rest before, const struct op *op, long ret)
{
	if (op->kind != FEATURE || ret || op->words[1] & VFIO_DEVICE_FEATURE_PROBE)
		return before;
	switch (op->words[1] & VFIO_DEVICE_FEATURE_MASK) {
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY:
		return SLEEPS;
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP:
		return SLEEPS_ONCE;
	case VFIO_DEVICE_FEATURE_LOW_POWER_EXIT:
		return AWAKE;
	default:
		return before;
	}
}

bool session_asleep(const struct session *s)
{
	const unsigned int pm = target_cap(s->target, PCI_CAP_ID_PM, false);
	__u8 control = 0;

	return pm && pread(s->dev.fd, &control, 1, region_start(VFIO_PCI_CONFIG_REGION_INDEX) +
			   pm + PCI_PM_CTRL) == 1 &&
	       (control & PCI_PM_CTRL_STATE_MASK) == 3;
}

const struct vdev *session_device(const struct session *s)
{
	return &s->dev;
}

/* Those that are taken away again count as well: what is left out of the comparison is little. */
static void note_writer(struct session *s, const struct op *op, long ret)
{
	if (op->kind == IOEVENTFD && !ret && op->tokens == 6 && op->words[6] < EVENTS)
		s->writers |= 1U << op->words[6];
}

__u32 session_dozing_writers(const struct session *s)
{
	return s->rest == AWAKE ? 0 : s->writers;
}

/*
 * The kernel puts a function to sleep in its own time after an access has woken it. In doing so it
 * wakes a function that the user had put into D3hot by itself, and a wake-up signals an eventfd:
 * what the next operation meets must not depend on which of the two comes first.
 */
static void settle(struct session *s)
{
	wait_for_sleep(s->target);
	if (s->rest == SLEEPS_ONCE)
		s->rest = AWAKE;
}

void session_perform(struct session *s, const struct op *op, struct outcome *out)
{
	out->ret = 0;
	out->size = 0;
	performers[op->kind](s, op, out);
	s->rest = rest_after(s->rest, op, out->ret);
	note_writer(s, op, out->ret);
	if (s->rest != AWAKE && !s->joined)
		settle(s);
}
