// SPDX-License-Identifier: GPL-2.0-only
/* What no driver can go below. */
#include <string.h>
#include <unistd.h>
#include <sys/syscall.h>

#include "bench.h"

static int system_call(struct bench *b, size_t arg)
{
	(void)b;
	(void)arg;
	syscall(SYS_getppid);
	return 0;
}

static const struct bench_row rows[] = {
	{ .name = "system-call", .title = "system call (getppid), the floor of all others",
	  .quick = true, .run = system_call, .batch = 256 },
};

const struct bench_rows bench_floor_rows = { rows, ARRAY_SIZE(rows) };
