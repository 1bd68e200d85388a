# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# TAP for tests in bash: each file sources this, makes its checks, and ends with done_testing.

set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1

tap_count=0
tap_failed=0
tap_log=$(mktemp)
trap 'rm -f "$tap_log"' EXIT

# diag TEXT...: lines that a person sees when a check fails
diag() {
	printf '%s\n' "$*" | sed 's/^/# /' >&2
}

# result STATUS NAME: one check, passed if STATUS is 0
result() {
	tap_count=$((tap_count + 1))
	if [[ $1 -eq 0 ]]; then
		echo "ok $tap_count - $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $2"
	fi
	return "$1"
}

# check NAME CMD...: passes if CMD succeeds; shows the end of what it printed if not
check() {
	local tap_name=$1 tap_status=0
	shift
	# Names of its own: CMD may be a function that reads a variable of the test.
	"$@" >"$tap_log" 2>&1 || tap_status=$?
	result "$tap_status" "$tap_name" || {
		diag "$tap_name: exit status $tap_status of: $*"
		tail -n 40 "$tap_log" | sed 's/^/#   /' >&2
		return 1
	}
}

done_testing() {
	echo "1..$tap_count"
	[[ $tap_failed -eq 0 ]]
}
