#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What in a kernel log fails a run: every report, but not the one cycle of the kernel's own locks.

# shellcheck source=tools/testing/t/lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
# shellcheck source=scripts/lab.d/watch.sh
. scripts/lab.d/watch.sh

log=$work/log

# cycle LOCK...: a log of a boot in which lockdep reports a cycle of these locks.
cycle() {
	local lock number=$#

	echo '[    1.0] vfio-pci 0000:01:00.0: enabling device'
	echo '[    2.0] WARNING: possible circular locking dependency detected'
	echo '[    2.0] but task is already holding lock:'
	for lock; do
		printf '[    2.0] -> #%d (%s){+.+.}-{3:3}:\n' $((--number)) "$lock"
		echo '[    2.0]        __mutex_lock+0x180/0x1a60'
	done
	echo '[    2.0] stack backtrace:'
	echo '[    2.0] -> #0 (after_the_report){+.+.}-{3:3}:'
} > "$log"

reports() { [[ $(watch_reports "$log" | wc -l) -eq $1 ]]; }

kernel_locks=('&ctrl->reset_lock' '&new_dev_set->lock' pci_rescan_remove_lock)

cycle "${kernel_locks[@]}"
check "the cycle of the kernel's own locks fails no run" reports 0
cycle "${kernel_locks[2]}" "${kernel_locks[0]}" "${kernel_locks[1]}"
check 'from wherever lockdep enters it' reports 0
cycle "${kernel_locks[@]}" '&vdev->memory_lock'
check 'a cycle with one more lock is a report' reports 1
cycle "${kernel_locks[@]:1}"
check 'a cycle of fewer locks is a report' reports 1
cycle
check 'a cycle whose locks cannot be read is a report' reports 1
cycle "${kernel_locks[@]}"
echo '[    3.0] BUG: KASAN: use-after-free in vfio_pci_core_read' >> "$log"
check 'what follows the known cycle is a report' reports 1
echo '[    1.0] vfio-pci 0000:01:00.0: resetting' > "$log"
check 'a quiet log has none' reports 0

done_testing
