# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the kselftest programs in L1, on every kind of device that the lab has. What they print
# is TAP already.

cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1

# selftests OPTION...: with these options of scripts/lab run
selftests() {
	local devices=(virtio-blk nvme igb e1000e edu ivshmem:256M edu+edu) options=() device

	for device in "${devices[@]}"; do
		options+=(--device "$device")
	done
	exec scripts/lab run "${options[@]}" "$@" -- tools/testing/selftests/vfio/run_selftests
}

# rare OPTION...: likewise on what is rarely passed through, or rarely has all of it. The ivshmem is memory
# that firmware uses, and not tested.
rare() {
	exec scripts/lab run --device vga --device igd --device allcaps --device ivshmem:64K "$@" -- \
		tools/testing/selftests/vfio/run_selftests -x ivshmem
}
