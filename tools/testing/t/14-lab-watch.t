#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What in a kernel log fails a run: every report, but not two cycles of the kernel's own locks.

# shellcheck source=tools/testing/t/lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
# shellcheck source=scripts/lab.d/watch.sh
. scripts/lab.d/watch.sh

log=$work/log

# cycle LOCK...: a log of a boot in which lockdep reports a cycle of these locks, each written like
# "lock@module". A serial line ends its lines as such lines do.
cycle() {
	local lock frame number=$#

	echo '[    1.0] vfio-pci 0000:01:00.0: enabling device'
	echo '[    2.0] WARNING: possible circular locking dependency detected'
	echo '[    2.0] but task is already holding lock:'
	for lock; do
		printf '[    2.0] -> #%d (%s){+.+.}-{3:3}:\r\n' $((--number)) "${lock%@*}"
		for frame in check_prev_add __lock_acquire lock_acquire __mutex_lock down_write_nested; do
			printf '[    2.0]        %s+0x180/0x1a60\r\n' "$frame"
		done
		lock=${lock##*@}
		printf '[    2.0]        takes_it+0x7/0x10%s\r\n' "${lock:+ [$lock]}"
		printf '[    2.0]        calls_it+0x7/0x10 [vfio_pci_core]\r\n'
	done
	echo '[    2.0] stack backtrace:'
	echo '[    2.0] -> #0 (after_the_report){+.+.}-{3:3}:'
} > "$log"

blind() { watch_blind "$log"; }
sighted() { ! blind; }
reports() { [[ $(watch_reports "$log" | wc -l) -eq $1 ]]; }

kernel_locks=('&ctrl->reset_lock@' '&new_dev_set->lock@vfio' 'pci_rescan_remove_lock@')

cycle "${kernel_locks[@]}"
check "the cycle of the kernel's own locks fails no run" reports 0
check 'but is told, since lockdep ends with it' blind
cycle "${kernel_locks[@]:1}" "${kernel_locks[0]}"
check 'from wherever lockdep enters it' reports 0
cycle "${kernel_locks[2]}" "${kernel_locks[1]}" "${kernel_locks[0]}"
check 'the other way round it is a report' reports 1
cycle "${kernel_locks[0]}" '&new_dev_set->lock@vfio_pci_core' "${kernel_locks[2]}"
check 'one of the locks being taken by a module of ours is a report' reports 1
cycle "${kernel_locks[@]}" '&vdev->memory_lock@vfio_pci_core'
check 'a cycle with one more lock is a report' reports 1
cycle "${kernel_locks[@]:1}"
check 'a cycle of fewer locks is a report' reports 1
cycle "${kernel_locks[0]}" "${kernel_locks[2]}"
check "pciehp's own cycle fails no run" reports 0
cycle "${kernel_locks[0]}vfio_pci_core" "${kernel_locks[2]}"
check 'where a module of ours has a part in it, it is a report' reports 1
cycle
check 'a cycle whose locks cannot be read is a report' reports 1
cycle "${kernel_locks[@]}"
echo '[    3.0] BUG: KASAN: use-after-free in vfio_pci_core_read' >> "$log"
check 'what follows the known cycle is a report' reports 1

# strictly FUNCTION ARG...: as the lab calls it, for which each command that fails is the end.
strictly() { bash -Eeuo pipefail -c '. scripts/lab.d/watch.sh; "$@"' - "$@" > "$work/shown"; }

shown() { strictly "${@:2}" && [[ $(wc -l < "$work/shown") -eq $1 ]]; }

# What follows is more than a pipe holds.
cycle "${kernel_locks[@]}"
seq -f '[    4.0] FWNMI: corrupt r3 %.0f' 10000 >> "$log"
check 'in a long log, the known cycle is still known' shown 10000 watch_reports "$log"
check 'of a long log, 60 lines are shown from the first report on' shown 62 watch_print "$log" 9:

echo '[    1.0] vfio-pci 0000:01:00.0: resetting' > "$log"
check 'a quiet log has none' reports 0
check 'and lockdep has seen to its end' sighted

done_testing
