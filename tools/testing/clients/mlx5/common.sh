# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the clients of mlx5-vfio-pci, which run in L1 with a simulated card.

# shellcheck source=tools/testing/clients/common.sh
. "${BASH_SOURCE[0]%/*}/../common.sh"

pci=/sys/bus/pci/devices
auxiliary=/sys/bus/auxiliary/devices
driver=mlx5_vfio_pci
# shellcheck disable=SC2034
mlx5_tools=${BASH_SOURCE[0]%/*}
carry=$LAB_BUILD/source/tools/testing/selftests/vfio/migration/carry
files=$(mktemp -d)

# bind ADDRESS [DRIVER]: to our driver or another, as an administrator does it.
bind() {
	echo "${2:-$driver}" > "$pci/$1/driver_override" || return
	[[ ! -e $pci/$1/driver ]] || echo "$1" > "$pci/$1/driver/unbind" || return
	echo "$1" > /sys/bus/pci/drivers_probe
	[[ $(driver_of "$1") == "${2:-$driver}" ]]
}

unbind() {
	echo "$1" > "$pci/$1/driver/unbind"
}

# vfs_of PF: their addresses, one a line.
vfs_of() {
	local link

	for link in "$pci/$1"/virtfn*; do
		[[ ! -e $link ]] || basename "$(readlink "$link")"
	done | sort
}

# make_vfs COUNT: of the card, without drivers; their addresses are in the array vf then.
make_vfs() {
	local pf

	pf=$(device mlx5)
	echo 0 > "$pci/$pf/sriov_drivers_autoprobe" &&
		echo "$1" > "$pci/$pf/sriov_numvfs" &&
		mapfile -t vf < <(vfs_of "$pf") && ((${#vf[@]} == $1))
}

# snaps: the addresses of the emulated functions, one a line.
snaps() {
	local entry

	for entry in $LAB_DEVICES; do
		[[ $entry != snap-blk=* ]] || printf '%s\n' "${entry#*=}"
	done
}

# line_of ADDRESS: the name of an emulated function's auxiliary device.
line_of() {
	local domain bus slot function

	IFS=:. read -r domain bus slot function <<< "$1"
	printf 'mlx5_core.vfio_pci.%u' $((16#$domain << 16 | 16#$bus << 8 | 16#$slot << 3 | 16#$function))
}

# has_lines ADDRESS...: all of them are published.
has_lines() {
	local address

	for address in "$@"; do
		[[ -e $auxiliary/$(line_of "$address") ]] || return
	done
}

# moves FROM TO SEED [precopy]: the state of that number goes from one function to the other.
moves() {
	"$carry" "${4:-save}" "$1" "$files/stream-$3" "$3" && "$carry" load "$2" "$files/stream-$3" "$3"
}

# logged TEXT: the kernel's log has it.
logged() {
	dmesg | grep --quiet --fixed-strings "$1"
}
