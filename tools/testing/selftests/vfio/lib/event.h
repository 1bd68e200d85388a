/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting for things: eventfds, conditions, and faults of a mapped register. */
#ifndef SELFTEST_VFIO_EVENT_H
#define SELFTEST_VFIO_EVENT_H

#include <stdbool.h>
#include <linux/types.h>

/* A non-blocking eventfd, or -errno. */
int event_new(void);
/* Signals collected from @fd within @ms milliseconds; 0 when none came. */
__u64 event_wait(int fd, int ms);
/* Signal @fd once. */
void event_send(int fd);

/* How long something that must not happen is given to happen, milliseconds. */
#define QUIET_MS	60
/* How long something that must happen may take on a slow machine. */
#define PATIENCE_MS	60000

/**
 * wait_until - poll a condition
 * @check:	called with @arg until it is true
 * @arg:	for @check
 * @ms:		limit
 * Return: whether the condition became true in time.
 */
bool wait_until(bool (*check)(void *arg), void *arg, int ms);

/**
 * touch_read32 - read a mapped register that may fault
 * @addr:	in a mapping of a BAR
 * @value:	what was read
 * Return: true when the read went through, false on SIGBUS. Thread-safe.
 */
bool touch_read32(const void *addr, __u32 *value);
/* The same for a write. */
bool touch_write32(void *addr, __u32 value);

#endif
