// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loop.  Timers are few (commands that take their time), so a sorted list does.
 */
#include <errno.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"

#define EVENTS_AT_ONCE 16

static int epoll_fd = -1;
static struct loop_timer *timers;
static bool stopped;

/* What epoll_wait() has returned and loop_once() has not got to. */
static struct epoll_event events[EVENTS_AT_ONCE];
static int n_events;

/**
 * loop_init() - prepare the loop, once in the life of the process
 *
 * Return: 0, or a negative errno of epoll_create1().
 */
int loop_init(void)
{
	if (epoll_fd < 0)
		epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return epoll_fd < 0 ? -errno : 0;
}

static int control(int operation, struct loop_source *source, uint32_t wanted)
{
	struct epoll_event event = { .events = wanted, .data.ptr = source };

	return epoll_ctl(epoll_fd, operation, source->fd, &event) ? -errno : 0;
}

/**
 * loop_watch() - call source->ready() whenever one of @events occurs
 *
 * Return: 0, or a negative errno of epoll_ctl().
 */
int loop_watch(struct loop_source *source, uint32_t wanted)
{
	return control(EPOLL_CTL_ADD, source, wanted);
}

/**
 * loop_change() - watch a source for other events from now on
 *
 * Return: 0, or a negative errno of epoll_ctl().
 */
int loop_change(struct loop_source *source, uint32_t wanted)
{
	return control(EPOLL_CTL_MOD, source, wanted);
}

/**
 * loop_forget() - watch a source no longer
 *
 * It may be freed after this even if events for it were waiting.  Its descriptor stays open.
 */
void loop_forget(struct loop_source *source)
{
	control(EPOLL_CTL_DEL, source, 0);
	for (int i = 0; i < n_events; i++) {
		if (events[i].data.ptr == source)
			events[i].data.ptr = NULL;
	}
}

/** loop_now() - milliseconds since some moment in the past */
uint64_t loop_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

/** loop_set_timer() - let a timer fire in @milliseconds, instead of when it was to fire before */
void loop_set_timer(struct loop_timer *timer, unsigned int milliseconds)
{
	struct loop_timer **place = &timers;

	loop_cancel_timer(timer);
	timer->due = loop_now() + milliseconds;
	timer->armed = true;
	/* Behind those due at the same time: what was set first fires first. */
	while (*place && (*place)->due <= timer->due)
		place = &(*place)->next;
	timer->next = *place;
	*place = timer;
}

/** loop_cancel_timer() - let a timer not fire; harmless if it was not going to */
void loop_cancel_timer(struct loop_timer *timer)
{
	if (!timer->armed)
		return;
	for (struct loop_timer **place = &timers; *place; place = &(*place)->next) {
		if (*place == timer) {
			*place = timer->next;
			break;
		}
	}
	timer->armed = false;
}

static void fire_timers(void)
{
	uint64_t now = loop_now();

	while (timers && timers->due <= now) {
		struct loop_timer *timer = timers;

		timers = timer->next;
		timer->armed = false;
		timer->fire(timer);
	}
}

/* Until the first timer, but no longer than @limit unless that is negative. */
static int time_to_wait(int limit)
{
	uint64_t now = loop_now();
	uint64_t left;

	if (!timers)
		return limit;
	if (timers->due <= now)
		return 0;
	left = timers->due - now;
	if (limit >= 0 && (uint64_t)limit < left)
		return limit;
	return left > 60000 ? 60000 : (int)left;
}

/**
 * loop_once() - wait for something to happen and see to it
 * @timeout: in milliseconds; negative: as long as it takes
 *
 * Return: how many descriptors were ready, or a negative errno of epoll_wait().
 */
int loop_once(int timeout)
{
	int ready = epoll_wait(epoll_fd, events, EVENTS_AT_ONCE, time_to_wait(timeout));

	if (ready < 0 && errno != EINTR)
		return -errno;
	n_events = ready < 0 ? 0 : ready;
	for (int i = 0; i < n_events; i++) {
		struct loop_source *source = events[i].data.ptr;

		if (source)
			source->ready(source, events[i].events);
	}
	ready = n_events;
	n_events = 0;
	fire_timers();
	return ready;
}

/** loop_run() - until loop_stop() */
void loop_run(void)
{
	stopped = false;
	while (!stopped && loop_once(-1) >= 0)
		;
}

/** loop_stop() - let loop_run() return when what is being done is done */
void loop_stop(void)
{
	stopped = true;
}
