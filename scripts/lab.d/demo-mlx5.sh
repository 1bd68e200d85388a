# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# "demo-mlx5": a guest that writes to a disk moves between two functions that a simulated BlueField
# emulates, told as "demo" tells its story. L1's part of it is tools/testing/clients/mlx5/story.

# shellcheck source=demo-guest.sh
. "$lab_parts/demo-guest.sh"

demo_mlx5_main() {
	local here=tools/testing/clients/mlx5 written

	(($# == 0)) || die "demo-mlx5 takes no arguments"
	demo_options
	demo_begin demo-mlx5 \
		"What happens here: a Linux guest writes numbered blocks to a disk, and is moved, as it writes," \
		"from one function of a (simulated) BlueField to another. Not one write may be missing."
	demo_guest "vfio-pci-core, mlx5-vfio-pci and mlx5-vfio-manager" "$here/guest/initrd"
	truncate --size=64M "$demo_files/disk.img"
	demo_guest_host "$here/story" --device mlx5:0 --device "snap-blk:2=$demo_files/disk.img"
	written=$("$lab_checkout/scripts/lab" chroot "$here/image" "$demo_files/disk.img" 2>> "$demo_log") ||
		demo_fail "the image is not what L2 wrote"
	demo_step "the image, looked at from outside: $written"
	cat <<-END

		Proven: on Debian's stock kernel $demo_kernel, with its own mlx5_core, a guest was migrated live
		between two functions of a simulated BlueField, and back, while it wrote to its disk. No write
		was lost, none doubled, none came late. The kernel had nothing to complain about.
	END
}
