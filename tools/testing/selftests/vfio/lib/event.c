// SPDX-License-Identifier: GPL-2.0-only
/* See event.h. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include <sys/eventfd.h>

#include "event.h"

int event_new(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

__u64 event_wait(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	__u64 count = 0;

	if (poll(&p, 1, ms) != 1 || read(fd, &count, sizeof(count)) != sizeof(count))
		return 0;
	return count;
}

void event_send(int fd)
{
	__u64 one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		_exit(1);
}

bool wait_until(bool (*check)(void *arg), void *arg, int ms)
{
	for (;; ms -= 10) {
		if (check(arg))
			return true;
		if (ms <= 0)
			return false;
		usleep(10000);
	}
}

static __thread sigjmp_buf landing;
static __thread bool can_land;

static void on_sigbus(int sig)
{
	if (!can_land)
		_exit(128 + sig);
	siglongjmp(landing, 1);
}

static void install(void)
{
	struct sigaction action = { .sa_handler = on_sigbus };

	sigaction(SIGBUS, &action, NULL);
}

enum touch { LOAD, STORE };

/* The fences keep the access while there is a place to land. */
static bool guarded(enum touch touch, __u32 *addr, __u32 *value)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, install);
	if (sigsetjmp(landing, 1)) {
		can_land = false;
		return false;
	}
	can_land = true;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (touch == LOAD)
		*value = __atomic_load_n(addr, __ATOMIC_RELAXED);
	else
		__atomic_store_n(addr, *value, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	can_land = false;
	return true;
}

bool touch_read32(const void *addr, __u32 *value)
{
	return guarded(LOAD, (__u32 *)addr, value);
}

bool touch_write32(void *addr, __u32 value)
{
	return guarded(STORE, addr, &value);
}
