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
)

# Lines of the above that a stock kernel prints without anything being wrong, with the reason.
# Each entry: regular expression, a tab, the reason.
lab_harmless=(
)

# watch_reports LOG: the lines in LOG that are reports, each with its line number.
watch_reports() {
	local entry harmless=()

	for entry in "${lab_harmless[@]}"; do
		harmless+=(-e "${entry%%$'\t'*}")
	done
	((${#harmless[@]})) || harmless=(-e '^$')
	grep --text --line-number --extended-regexp "$(IFS='|'; printf '%s' "${lab_reports[*]}")" "$1" |
		grep --text --invert-match --extended-regexp "${harmless[@]}"
}

# watch_print LOG REPORT: the log around the first report.
watch_print() {
	local line=${2%%:*}

	printf -- '---- kernel log from line %d ----\n' "$line"
	tail -n "+$line" "$1" | head -n 60
	printf -- '---- end of kernel log ----\n'
}
