#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What make coverage makes of the runs' own tables: a line counts if any run reached it.

# shellcheck source=tools/testing/t/lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"

cat > "$work/one" <<'END'
 50.00%     2 of    4  drivers/a.c
 75.00%     3 of    4  drivers/b.c
 62.50%     5 of    8  all

Lines that were not reached:
drivers/a.c:3:	return -EINVAL;
drivers/a.c:11:	a = b ? c : 7 of 9;
drivers/b.c:2:	b();
END
cat > "$work/two" <<'END'
 75.00%     3 of    4  drivers/a.c
 50.00%     1 of    2  samples/c.c
 66.67%     4 of    6  all

Lines that were not reached:
drivers/a.c:11:	a = b ? c : 7 of 9;
samples/c.c:9:	c();
END
merge=scripts/lab.d/coverage-merge.awk

attempt awk -f "$merge" "$work/one" "$work/two"
check "it succeeds" status_is 0
check "a line that one of two runs reached counts" contains "$out" " 75.00%     3 of    4  drivers/a.c"
check "a file that one run had counts as that run saw it" contains "$out" " 75.00%     3 of    4  drivers/b.c"
check "the sum is that of all files" contains "$out" " 70.00%     7 of   10  all"
check "the lines that none reached are told, by number" \
	contains "$out" $'reached:\ndrivers/a.c:11:\ta = b ? c : 7 of 9;\ndrivers/b.c:2:\tb();\nsamples/c.c:9:\tc();'
once=$out
printf '%s\n' "$once" > "$work/merged"
attempt awk -f "$merge" "$work/merged"
check "what was put together can be put together again" out_is "$once"
attempt awk -f "$merge" /dev/null
check "of nothing it makes nothing, and says so by its status" status_is 1
attempt scripts/coverage nonsense
check "a run that does not exist is refused" err_has "no run is called nonsense"

done_testing
