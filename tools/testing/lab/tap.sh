# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2015
#
# TAP for the lab's own tests: "prove tools/testing/lab" runs them.

lab=$(cd -- "${BASH_SOURCE[0]%/*}/../../.." && pwd -P)/scripts/lab
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tests=0 failures=0

# attempt CMD...: its output and status into $out, $err and $status.
attempt() {
	"$@" > "$work/out" 2> "$work/err" < /dev/null
	status=$?
	out=$(< "$work/out") err=$(< "$work/err")
}

# check NAME CONDITION...: one result.
check() {
	local name=$1
	shift

	tests=$((tests + 1))
	if "$@"; then
		printf 'ok %d - %s\n' "$tests" "$name"
	else
		printf 'not ok %d - %s\n' "$tests" "$name"
		printf '# failed: %s\n# status: %s\n' "$*" "${status:-}"
		printf '%s\n' "${err:-}" | tail -n 20 | sed 's/^/# /'
		failures=$((failures + 1))
	fi
}

status_is() { [[ $status == "$1" ]]; }
out_is() { [[ $out == "$1" ]]; }
err_has() { [[ $err == *"$1"* ]]; }
err_lacks() { [[ $err != *"$1"* ]]; }

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
	local child=$1 level

	for level in unshare inside; do
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

finish() {
	printf '1..%d\n' "$tests"
	exit $((failures > 0))
}
