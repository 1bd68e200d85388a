/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differential fuzzer of a VFIO PCI driver.
 *
 * An episode is EPISODE_OPS operations on a freshly opened function. What they are follows from the
 * seed, the function's facts and the episode's number alone, never from what the driver answered,
 * so that two drivers meet the same sequence. What each answered is a struct result; where two
 * drivers' results differ, one of them has a bug, or the difference stands in expected.c.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>
#include <linux/vfio.h>

#define EPISODE_OPS	400
#define OP_WORDS	24
#define EVENTS		8	/* eventfds that an episode has */
#define SLOTS		4	/* mappings that it may have at once */
#define CAPS_MAX	48
#define CONFIG_MAX	4096
#define ROM_REGION	VFIO_PCI_ROM_REGION_INDEX

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* ---- random.c -------------------------------------------------------------------------------- */

struct random {
	__u64 state;
};

__u64 random_next(struct random *r);
/* Below @limit, which is not 0. */
__u64 random_below(struct random *r, __u64 limit);
/* True once in @n times. */
bool one_in(struct random *r, unsigned int n);
#define PICK(r, array) ((array)[random_below(r, ARRAY_SIZE(array))])
/* A start for the sequence that (@seed, @a, @b) name. */
struct random random_for(__u64 seed, __u64 a, __u64 b);

/* ---- clock.c --------------------------------------------------------------------------------- */

double seconds_now(void);
void pause_ms(unsigned int ms);

/* ---- target.c: what is known of a function before any driver is asked ------------------------ */

/**
 * struct window - bytes of a BAR that act as memory: what was written is read
 * @bar: index
 * @start: first byte
 * @size: bytes; 0 for no window
 */
struct window {
	int bar;
	__u32 start;
	__u32 size;
};

struct cap {
	__u16 id;
	__u16 pos;
	bool extended;
};

struct target {
	char bdf[16];
	char name[20];
	struct window windows[3];
	__u64 bar_size[VFIO_PCI_ROM_REGION_INDEX + 1];
	unsigned int config_size;
	__u8 config[CONFIG_MAX];
	struct cap caps[CAPS_MAX];
	unsigned int cap_count;
	int msix_bar;		/* -1 without MSI-X */
	__u32 msix_start;
	__u32 msix_size;
};

/* 0, or -1 with a line on stderr. */
int target_learn(struct target *t, const char *bdf);
/* Position of a capability, 0 when it is absent. */
unsigned int target_cap(const struct target *t, __u16 id, bool extended);
/* Does reading byte @pos of region @index give the same on every driver? */
bool target_stable(const struct target *t, unsigned int index, __u64 pos);

/* ---- draw.c: which operation is next --------------------------------------------------------- */

enum kind {
	CONFIG_READ, CONFIG_WRITE, BAR_READ, BAR_WRITE,
	MAP, TOUCH, UNMAP,
	INFO, REGION_INFO, IRQ_INFO, SET_IRQS,
	RESET, HOT_RESET_INFO, HOT_RESET,
	IOEVENTFD, FEATURE, UNKNOWN_IOCTL,
	SIGNAL, COLLECT, REOPEN,
	KINDS
};

/* Where the buffer or structure of an operation lies. */
enum memory {
	MEMORY_GOOD,
	MEMORY_SHORT,	/* @room bytes are there, what follows is not mapped */
	MEMORY_ABSENT,
};

/* File descriptors in drawn words stand as tokens; the numbers below EVENTS are the eventfds. */
enum token {
	TOKEN_NONE = EVENTS,	/* -1 */
	TOKEN_NEGATIVE,		/* -2 */
	TOKEN_CLOSED,
	TOKEN_NULL,		/* /dev/null */
	TOKEN_GROUP,
	TOKEN_CONTAINER,
	TOKEN_DEVICE,
	TOKENS
};

/**
 * struct op - an operation
 * @kind: which
 * @memory: where its buffer or structure lies
 * @room: for MEMORY_SHORT
 * @region: index, of accesses and mappings; may be one that does not exist
 * @at: offset in the region
 * @len: bytes
 * @words: an ioctl's structure as 32-bit words, argsz first
 * @count: of @words
 * @tokens: index of the first word that is a token; all from there on are
 * @cmd: the ioctl's number
 * @flags: of a mapping, or which slot or eventfd
 * @data: what is written, as the seed of a sequence, or with @fill as itself
 * @fill: write @data's low bytes
 */
struct op {
	enum kind kind;
	enum memory memory;
	__u32 room;
	__u32 region;
	__u64 at;
	__u64 len;
	__u32 words[OP_WORDS];
	unsigned int count;
	unsigned int tokens;
	unsigned long cmd;
	__u32 flags;
	__u64 data;
	bool fill;
};

void op_draw(struct op *op, struct random *r, const struct target *t);
/* One line for a person. */
void op_print(char *line, size_t size, const struct op *op);

/* ---- perform.c: doing it --------------------------------------------------------------------- */

/**
 * struct outcome - what an operation came to
 * @ret: its result or -errno
 * @size: bytes at @data that are to be compared
 */
struct outcome {
	long ret;
	size_t size;
	__u8 data[2 * CONFIG_MAX];
};

struct session;
struct vdev;

/* NULL with a line on stderr. Group and container stay open until session_end(). */
struct session *session_begin(const struct target *t);
/*
 * For another thread of the process: the same open device, with mappings, eventfds and memory of
 * its own. It lasts until the process ends.
 */
struct session *session_join(const struct session *first);
void session_end(struct session *s);
/* Opens the device for an episode, with its registers in a known state; 0 or -errno. */
int session_open(struct session *s);
void session_close(struct session *s);
void session_perform(struct session *s, const struct op *op, struct outcome *out);
/* Has the user put the function into D3hot? */
bool session_asleep(const struct session *s);
/* Bits of the eventfds that write a register while the function is in low power, if any. */
__u32 session_dozing_writers(const struct session *s);
/* For what is no operation; open as long as the session's device is. */
const struct vdev *session_device(const struct session *s);

/* ---- expected.c: where drivers differ on purpose --------------------------------------------- */

/* Makes equal in @out what may differ; the driver is the kernel's own if @in_tree. */
void expected_differences(const struct target *t, const struct op *op, bool in_tree,
			  struct outcome *out);
/* Is @op one that the kernel's driver does not survive? */
bool expected_deadly(const struct op *op);
/* Is @op one whose effect the kernel's driver loses if the function is in D3hot? */
bool expected_lost(const struct target *t, const struct op *op);
/* Is @op one that signals one of @writers, eventfds that write a register? */
bool expected_dropped(const struct op *op, __u32 writers);
void expected_list(void);

/* ---- pass.c: episodes on all functions at once, with one driver ------------------------------ */

#define RESULT_DATA	24

/* Of an outcome, what is kept of each of many: the result, a hash of the data and their start. */
struct result {
	__s32 ret;
	__u32 hash;
	__u8 data[RESULT_DATA];
};

#define LINE_SIZE	320

/* What else was read, of outcomes that are longer than RESULT_DATA, one behind the other. */
#define SPILL_SIZE	(24U << 20)

struct spilled {
	__u32 nth;	/* result */
	__u32 size;
	__u8 data[];
};

/**
 * struct plan - what a pass has to do on one function
 * @target: the function
 * @seed: of everything
 * @first: number of the first episode
 * @count: of episodes; the most with @until
 * @until: CLOCK_MONOTONIC seconds after which no episode begins, or 0
 * @masks: for each repetition of episode @first, EPISODE_OPS bytes: perform this one? NULL for
 *	   episodes @first, @first + 1, ... as they are
 * @results: EPISODE_OPS per episode, filled in
 * @spill: SPILL_SIZE bytes, struct spilled as long as there is room; NULL if nobody wants to know
 * @spilled: bytes in @spill
 * @watch: operation whose whole outcome is wanted in @watched, if that is not NULL
 * @watched: filled in
 * @in_tree: the driver is the kernel's own
 * @done: episodes performed
 * @current: the operation that is being performed
 */
struct plan {
	const struct target *target;
	__u64 seed;
	__u64 first;
	unsigned int count;
	double until;
	const __u8 *masks;
	struct result *results;
	__u8 *spill;
	size_t spilled;
	unsigned int watch;
	struct outcome *watched;
	bool in_tree;
	unsigned int done;
	unsigned int current;
};

/* Memory that children fill and the parent reads. */
void *shared_memory(size_t size);
/* Operation @nth of an episode, with what two drivers made of it. */
void difference_print(const struct target *t, __u64 seed, __u64 episode, unsigned int nth,
		      const struct result *ours, const struct result *in_tree);
/* Where two drivers' bytes of one operation differ. */
void bytes_print(const __u8 *ours, const __u8 *in_tree, size_t size);
/* All bytes of result @nth, NULL if they are not more than the result has. */
const struct spilled *spill_find(const struct plan *plan, unsigned int nth);
/* Performs @plans, a process each; 0, or -1 when one of them did not end well. */
int pass_run(struct plan *plans, unsigned int count);

/* ---- storm_migrate.c: what the storm's threads do with a function that can migrate ----------- */

struct migrant;

/* A thread's part in it; NULL if the function's driver does not offer migration. */
struct migrant *migrant_new(const struct session *s);
void migrant_step(struct migrant *m, struct random *r);

/* ---- minimise.c ------------------------------------------------------------------------------ */

/* Gives the functions to a driver: "ours" or "in-tree"; 0 or -1. */
int driver_use(const char *driver);

/*
 * Repeats an episode that differed, with @shrink on fewer and fewer operations, and prints those
 * that are left. 0 when it did differ, 1 when it did not, -1 when that cannot be found out.
 */
int minimise(const struct target *t, __u64 seed, __u64 episode, bool shrink);

#endif
