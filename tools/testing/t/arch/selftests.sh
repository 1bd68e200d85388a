# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the kselftest programs in an L1 of another architecture, on each --device of the lab that goes
# there. What they print is TAP already.

cd "$(dirname "${BASH_SOURCE[0]}")/../../../.." || exit 1

# selftests ARCH MACHINE OPTION...: with these options of scripts/lab run
selftests() {
	local arch=$1 machine=$2 devices=(virtio-blk nvme) options=() device
	shift 2

	case $machine in
	s390-ccw-virtio) devices+=(igb e1000e) ;;
	pseries) devices+=(e1000e) ;;
	esac
	for device in "${devices[@]}"; do
		options+=(--device "$device")
	done
	scripts/lab setup --arch "$arch" || exit
	exec scripts/lab run --arch "$arch" --machine "$machine" "${options[@]}" --timeout 900 "$@" \
		-- tools/testing/selftests/vfio/run_selftests
}
