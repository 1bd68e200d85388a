// SPDX-License-Identifier: GPL-2.0-only
/* Numbers that look random and are the same each time: a Weyl sequence, mixed (splitmix64). */
#include "fuzz.h"

__u64 random_next(struct random *r)
{
	__u64 x = r->state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

__u64 random_below(struct random *r, __u64 limit)
{
	return random_next(r) % limit;
}

bool one_in(struct random *r, unsigned int n)
{
	return !random_below(r, n);
}

struct random random_for(__u64 seed, __u64 a, __u64 b)
{
	struct random r = { seed };

	r.state = random_next(&r) ^ a;
	r.state = random_next(&r) ^ b;
	return r;
}
