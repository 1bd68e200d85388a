# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# For tests of the lab itself.

# shellcheck source=tools/testing/t/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

# shellcheck disable=SC2034 # for the tests
lab=scripts/lab
work=$(mktemp -d)
trap 'rm -rf "$tap_log" "$work"' EXIT
status='' out='' err=''

# attempt CMD...: its output and status into $out, $err and $status.
attempt() {
	"$@" > "$work/out" 2> "$work/err" < /dev/null
	status=$?
	out=$(< "$work/out") err=$(< "$work/err")
}

# Conditions on the last attempt; a false one shows how it ended.
attempt_was() {
	"$@" && return
	printf 'status: %s\n' "$status"
	printf '%s\n' "$err" | tail -n 20
	return 1
}

status_is() { attempt_was test "$status" = "$1"; }
out_is() { attempt_was test "$out" = "$1"; }
err_has() { attempt_was contains "$err" "$1"; }
err_lacks() { ! contains "$err" "$1"; }

contains() { [[ $1 == *"$2"* ]]; }

# eventually CMD...: within ten seconds.
eventually() {
	local try

	for ((try = 0; try < 100; try++)); do
		"$@" && return
		sleep 0.1
	done
	return 1
}

# namespace_of PID: the PID namespace that the lab started as PID made for its processes, if it
# has got that far.
namespace_of() {
	local child=$1

	for _ in unshare inside; do
		child=$(pgrep --parent "$child" | head -n 1)
		[[ $child ]] || return
	done
	[[ $(readlink "/proc/$child/ns/pid") != "$(readlink /proc/self/ns/pid)" ]] &&
		readlink "/proc/$child/ns/pid"
}

# No process is left in a PID namespace.
empty() {
	local link

	for link in /proc/[0-9]*/ns/pid; do
		[[ $(readlink "$link") != "$1" ]] || return 1
	done
}
