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

# Cycles of locks that lockdep reports and that no module of ours can break, since none of these locks
# is one of ours to take. Each entry: the locks in the order of the report, the least first, each with
# the module in which it is taken ("kernel": in none); a tab; the reason.
lab_known_cycles=(
	$'&ctrl->reset_lock@kernel pci_rescan_remove_lock@kernel\tpciehp unplugs under reset_lock and pci_rescan_remove_lock, and lets go of the first, and takes it again, while a driver is being removed'
	$'&ctrl->reset_lock@kernel &new_dev_set->lock@vfio pci_rescan_remove_lock@kernel\tpciehp unplugs under reset_lock, the PCI core probes and removes under pci_rescan_remove_lock, and vfio.ko, which registers and opens under the lock of the device set, resets the slot there'
)

# watch_cycle LINE LOG: the cycle that lockdep reports at that line, like an entry above. Lockdep may
# enter a cycle anywhere, but goes round it in one direction.
watch_cycle() {
	sed --quiet "$1,/stack backtrace:/p" "$2" | tr --delete '\r' | awk '
		/stack backtrace:/ { next }
		/-> #[0-9]+ \(/ {
			sub(/^.*-> #[0-9]+ \(/, "")
			sub(/\)\{.*$/, "")
			locks[++count] = $0
			next
		}
		# Who takes it is the first that is not of the locks themselves.
		count && !(count in by) && /\+0x[0-9a-f]+\/0x/ &&
		!/ (check_prevs?_add|validate_chain|(__)?(lock_acquire|(mutex|down)_[a-z_]+))\+/ {
			by[count] = $NF ~ /^\[.*\]$/ ? substr($NF, 2, length($NF) - 2) : "kernel"
		}
		END {
			for (i = least = 1; i <= count; i++)
				if (locks[i] < locks[least])
					least = i
			for (i = 0; i < count; i++) {
				at = (least + i - 1) % count + 1
				printf "%s%s@%s", i ? " " : "", locks[at], by[at]
			}
		}'
}

# watch_reports LOG: the lines in LOG that are reports, each with its line number.
watch_reports() {
	local line cycle harmless=()

	for line in "${lab_harmless[@]}"; do
		harmless+=(-e "${line%%$'\t'*}")
	done
	((${#harmless[@]})) || harmless=(-e '^$')
	grep --text --line-number --extended-regexp "$(IFS='|'; printf '%s' "${lab_reports[*]}")" "$1" |
		grep --text --invert-match --extended-regexp "${harmless[@]}" |
		while IFS= read -r line; do
			if [[ $line == *'possible circular locking'* ]]; then
				cycle=$(watch_cycle "${line%%:*}" "$1")
				! watch_known "$cycle" || continue
			fi
			printf '%s\n' "$line"
		done
}

watch_known() {
	local entry

	for entry in "${lab_known_cycles[@]}"; do
		[[ $1 != "${entry%%$'\t'*}" ]] || return 0
	done
	return 1
}

# watch_blind LOG: the line from which on lockdep saw nothing more. It ends with its first report, also
# with one that is excused.
watch_blind() {
	grep --text --line-number --max-count=1 'possible circular locking' "$1"
}

# watch_print LOG REPORT: the log around the first report.
watch_print() {
	local line=${2%%:*}

	printf -- '---- kernel log from line %d ----\n' "$line"
	sed --quiet "$line,$((line + 59))p; $((line + 59))q" "$1"
	printf -- '---- end of kernel log ----\n'
}
