/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One thread, one epoll set, and a list of times at which something is due.  Everything in
 * the simulator runs from here, so nothing in it needs a lock and nothing may block.
 */
#ifndef SIM_LOOP_H
#define SIM_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

/**
 * struct loop_source - a descriptor that is watched
 * @fd: the descriptor
 * @ready: called with the epoll events that occurred; it may remove the source
 * @data: for @ready
 */
struct loop_source {
	int fd;
	void (*ready)(struct loop_source *source, uint32_t events);
	void *data;
};

/**
 * struct loop_timer - something to be done once, later
 * @due: when, in the milliseconds of loop_now(); kept by the loop
 * @fire: what; the timer is off by then and may be set again
 * @data: for @fire
 * @next: kept by the loop
 * @armed: the timer is set; kept by the loop
 *
 * Zero apart from @fire and @data before its first use.
 */
struct loop_timer {
	uint64_t due;
	void (*fire)(struct loop_timer *timer);
	void *data;
	struct loop_timer *next;
	bool armed;
};

int loop_init(void);
int loop_watch(struct loop_source *source, uint32_t events);
int loop_change(struct loop_source *source, uint32_t events);
void loop_forget(struct loop_source *source);

uint64_t loop_now(void);
void loop_set_timer(struct loop_timer *timer, unsigned int milliseconds);
void loop_cancel_timer(struct loop_timer *timer);

int loop_once(int timeout);
void loop_run(void);
void loop_stop(void);

#endif /* SIM_LOOP_H */
