# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# For tests of real clients: runs a program of tools/testing/clients in L1 and makes its results
# those of the test file. VFIO_MODULES=in-tree in the environment runs the same tests against
# the kernel's own modules.

# shellcheck source=tools/testing/t/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

client_modules=()
[[ ${VFIO_MODULES:-ours} == ours ]] || client_modules=(--in-tree)

# Images and logs of the test file: below the lab's cache, which QEMU sees at the same path.
client_files=${XDG_CACHE_HOME:-$HOME/.cache}/vfio-pci-lab/clients/$(basename "$0" .t)-$$
mkdir -p "$client_files"
trap 'rm -rf "$tap_log" "$client_files"' EXIT

# client_disk NAME: make an empty image of 64 MiB and print its path.
client_disk() {
	truncate --size=64M "$client_files/$1.img"
	printf '%s' "$client_files/$1.img"
}

# client_l2 MODULE...: make the initrd of a guest inside L1, with these modules.
client_l2() {
	LAB_QUIET=yes scripts/lab chroot tools/testing/clients/l2-initrd \
		"$client_files/l2.initrd" "$@" ||
		bail "the initrd of L2 could not be made"
}

bail() {
	echo "Bail out! $*"
	exit 1
}

# client_relay COUNT PREFIX COMMAND...: what COMMAND says "ok" or "not ok" to becomes a result of
# the test file. COUNT of them are wanted, neither more nor fewer: a client that dies half way fails
# even if all it said was good.
client_relay() {
	local wanted=$1 prefix=$2 got=0 line status=0
	shift 2

	while IFS= read -r line; do
		case $line in
		'ok - '*) result 0 "$prefix${line#ok - }" ;;
		'not ok - '*) result 1 "$prefix${line#not ok - }" ;;
		'client ended '*) status=${line##* } && continue ;;
		*) diag "${line#\# }" && continue ;;
		esac
		got=$((got + 1))
	done < <("$@"; echo "client ended $?")
	[[ $got -eq $wanted ]] || diag "$got results, $wanted wanted"
	[[ $status -eq 0 && $got -eq $wanted ]]
	result $? "${prefix}the client ran to its end without complaint"
}

# client COUNT OPTION... -- COMMAND...: run COMMAND in L1, whose kernel has nothing to complain
# about either.
client() {
	local wanted=$1
	shift

	client_relay "$wanted" '' env LAB_QUIET=yes scripts/lab run "${client_modules[@]}" \
		--results "$client_files" --log "$client_files/kernel.log" "$@"
}
