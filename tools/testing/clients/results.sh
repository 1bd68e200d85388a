# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Results go to standard output, one per line, "ok - NAME" or "not ok - NAME", to be numbered and
# counted on L0 by tools/testing/t/client.sh.
failures=0

note() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

pass() {
	printf 'ok - %s\n' "$1"
}

# fail NAME [WHY]
fail() {
	failures=$((failures + 1))
	printf 'not ok - %s\n' "$1"
	[[ -z ${2:-} ]] || note "$2"
}

# check NAME COMMAND...: passes when COMMAND succeeds; its output explains why it did not.
check() {
	local name=$1 check_said
	shift

	if check_said=$("$@" 2>&1); then
		pass "$name"
	else
		fail "$name" "\"$*\" failed${check_said:+: $check_said}"
	fi
}

# check_same NAME GOT WANTED
check_same() {
	if [[ $2 == "$3" ]]; then
		pass "$1"
	else
		fail "$1" "got \"$2\", wanted \"$3\""
	fi
}

# done_checking: the status of the client.
done_checking() {
	((failures == 0))
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}
