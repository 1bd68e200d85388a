# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# "demo-mlx5": a guest that writes to a disk moves between two functions that a simulated BlueField
# emulates, told as "demo" tells its story. L1's part of it is tools/testing/clients/mlx5/story.

# shellcheck source=demo.sh
. "$lab_parts/demo.sh"

demo_mlx5_main() {
	local files=$lab_cache/demo-$$ kernel here=tools/testing/clients/mlx5 written

	(($# == 0)) || die "demo-mlx5 takes no arguments"
	demo_options
	demo_log=$lab_cache/demo-mlx5.log
	mkdir -p "$lab_cache" "$files"
	# shellcheck disable=SC2064
	trap "rm -rf '$files'" EXIT
	: > "$demo_log"

	echo "What happens here: a Linux guest writes numbered blocks to a disk, and is moved, as it writes,"
	echo "from one function of a (simulated) BlueField to another. Not one write may be missing."
	demo_step "L0 is this machine; the lab's Debian tree is being looked for, or made"
	tree_setup
	kernel=$(tree_kernel)
	demo_step "the lab is ready: Debian 13 with kernel $kernel and QEMU"
	demo_quiet "the modules did not build" build
	demo_step "vfio-pci-core, mlx5-vfio-pci and mlx5-vfio-manager are built against $kernel"
	demo_quiet "L2's initrd could not be made" chroot "$here/guest/initrd" "$files/l2.initrd"
	demo_quiet "L2 did not boot" chroot tools/testing/clients/migration/snapshot "$files"
	demo_step "L2, a Linux guest, is booted without a disk and saved: twice emulated, that takes long"
	truncate --size=64M "$files/disk.img"
	demo_step "L1 boots, a virtual machine with an emulated IOMMU"
	demo_tell --log "$lab_cache/demo-kernel.log" --results "$files" --memory 3G \
		--device mlx5:0 --device "snap-blk:2=$files/disk.img" -- "$here/story"
	cp "$files"/*.console "$lab_cache/" 2>/dev/null || :
	[[ ! $demo_status ]] || demo_fail "L1 ended with status $demo_status"
	written=$("$lab_checkout/scripts/lab" chroot "$here/image" "$files/disk.img" 2>> "$demo_log") ||
		demo_fail "the image is not what L2 wrote"
	demo_step "the image, looked at from outside: $written"
	cat <<-END

		Proven: on Debian's stock kernel $kernel, with its own mlx5_core, a guest was migrated live
		between two functions of a simulated BlueField, and back, while it wrote to its disk. No write
		was lost, none doubled, none came late. The kernel had nothing to complain about.
	END
}
