# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What every part of the lab uses: messages, where things are kept, locks.

# Statuses of the lab itself; any other status of "run" is the command's own.
readonly LAB_REPORTED=99	# the kernel complained during the run
readonly LAB_TIMEOUT=124	# the run took longer than --timeout allows
readonly LAB_BROKEN=125		# the lab could not do what was asked

lab_started=${lab_started:-$EPOCHREALTIME}

lab_elapsed() {
	local now=${EPOCHREALTIME/[.,]/} then=${lab_started/[.,]/}
	local tenths=$(((now - then) / 100000))

	printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

say() {
	[[ ${LAB_QUIET:-} ]] || printf 'lab %6ss: %s\n' "$(lab_elapsed)" "$*" >&2
}

die() {
	printf 'lab: %s\n' "$*" >&2
	exit "$LAB_BROKEN"
}

lab_cache=${XDG_CACHE_HOME:-${HOME:?the lab keeps its cache below HOME}/.cache}/vfio-pci-lab
lab_checkout=${lab_parts%/scripts/lab.d}

lab_hash() {
	sha256sum | cut -c 1-12
}

# lock FD PATH WHAT: hold PATH until FD is closed; say so when somebody else has it.
lock() {
	local fd=$1 path=$2 what=$3

	eval "exec $fd>>\"\$path\""
	flock --nonblock "$fd" && return
	say "another lab is $what; waiting for it"
	flock "$fd"
}

# need_space MIB WHAT: refuse early what would stop half way with a full disk.
need_space() {
	local free

	free=$(df --output=avail --block-size=1M -- "$lab_cache" | tail -n 1)
	((free >= $1)) && return
	die "$2 needs $1 MiB free in $lab_cache and there are ${free// /} MiB:" \
		"free some, or set XDG_CACHE_HOME to a folder on a larger disk"
}

# ticker WHAT PID COUNTER...: while PID lives, a line now and then; COUNTER prints how far it is.
ticker() {
	local what=$1 pid=$2 state
	shift 2

	while sleep 10; kill -0 "$pid" 2>/dev/null; do
		state=$("$@" 2>/dev/null) || state=
		say "$what: ${state:-still at it}"
	done
}
