# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What in the kernel's log makes a run fail, whatever the command said.

# Extended regular expressions, matched against each line.
lab_reports=(
	'\bWARNING: '
	'\bBUG: '
	'\bOops\b'
	'Kernel panic'
	'KASAN: '
	'UBSAN: '
	'possible (circular|recursive) locking'
	'possible irq lock inversion'
	'inconsistent lock state'
	'INFO: (suspicious RCU|possible|task .* blocked|rcu_.* detected)'
	'rcu: INFO: '
	'RCU Stall|self-detected stall|detected stalls'
	'sleeping function called from invalid context'
	'scheduling while atomic'
	'unreferenced object'
	'refcount_t: '
	'list_(add|del) corruption'
	'general protection fault'
	'unable to handle (page fault|kernel)'
	'ODEBUG: '
	'irq [0-9]+: nobody cared'
	'soft lockup|hard LOCKUP'
	'held lock freed|lock held when returning to user space'
	'Bad page state'
	'double free|slab .* corrupted'
	# POWER: an access that the machine could not make
	'MCE: CPU[0-9]+: machine check'
	'FWNMI: '
)

# Lines of the above that a stock kernel prints without anything being wrong, with the reason.
# Each entry: regular expression, a tab, the reason.
lab_harmless=(
)

# Cycles of locks that lockdep reports and that no module can break, since the kernel's own code
# takes all of these locks in this order. Each entry: the locks, sorted; a tab; the reason.
lab_known_cycles=(
	$'&ctrl->reset_lock &new_dev_set->lock pci_rescan_remove_lock\tpciehp unplugs under reset_lock, the PCI core probes and removes under pci_rescan_remove_lock, and vfio.ko, which registers and opens under the lock of the device set, resets the slot there'
)

# watch_cycle LINE LOG: the locks of the cycle that lockdep reports at that line, sorted.
watch_cycle() {
	tail --lines="+$1" "$2" | sed '/stack backtrace:/q' |
		sed -nE 's/^.*-> #[0-9]+ \(([^)]+)\).*$/\1/p' | sort -u | paste -sd ' '
}

# watch_reports LOG: the lines in LOG that are reports, each with its line number.
watch_reports() {
	local entry line cycle harmless=() known=$'\n'

	for entry in "${lab_harmless[@]}"; do
		harmless+=(-e "${entry%%$'\t'*}")
	done
	((${#harmless[@]})) || harmless=(-e '^$')
	for entry in "${lab_known_cycles[@]}"; do
		known+=${entry%%$'\t'*}$'\n'
	done
	grep --text --line-number --extended-regexp "$(IFS='|'; printf '%s' "${lab_reports[*]}")" "$1" |
		grep --text --invert-match --extended-regexp "${harmless[@]}" |
		while IFS= read -r line; do
			if [[ $line == *'possible circular locking'* ]]; then
				cycle=$(watch_cycle "${line%%:*}" "$1")
				[[ $cycle && $known == *$'\n'"$cycle"$'\n'* ]] && continue
			fi
			printf '%s\n' "$line"
		done
}

# watch_print LOG REPORT: the log around the first report.
watch_print() {
	local line=${2%%:*}

	printf -- '---- kernel log from line %d ----\n' "$line"
	tail -n "+$line" "$1" | head -n 60
	printf -- '---- end of kernel log ----\n'
}
