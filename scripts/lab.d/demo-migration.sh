# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# "demo-migration": a guest moves from one device to another while it works, told as "demo" tells its
# story. L1's part of it is tools/testing/clients/migration/story.

# shellcheck source=demo.sh
. "$lab_parts/demo.sh"

demo_migration_main() {
	local files=$lab_cache/demo-$$ kernel here=tools/testing/clients/migration

	(($# == 0)) || die "demo-migration takes no arguments"
	demo_options
	demo_log=$lab_cache/demo-migration.log
	mkdir -p "$lab_cache" "$files"
	# shellcheck disable=SC2064
	trap "rm -rf '$files'" EXIT
	: > "$demo_log"

	echo "What happens here: a Linux guest works with a PCI device that was passed through to it, and"
	echo "is moved, as it works, to another QEMU with another device of the same kind."
	demo_step "L0 is this machine; the lab's Debian tree is being looked for, or made"
	tree_setup
	kernel=$(tree_kernel)
	demo_step "the lab is ready: Debian 13 with kernel $kernel and QEMU"
	demo_quiet "the modules did not build" build
	demo_step "vfio-pci-core and edu-vfio-pci of this checkout are built against $kernel"
	demo_quiet "L2's initrd could not be made" chroot "$here/guest/initrd" "$files/l2.initrd"
	demo_quiet "L2 did not boot" chroot "$here/snapshot" "$files"
	demo_step "L2, a Linux guest, is booted here, without a device, and saved; in L1 that took minutes"
	demo_step "L1 boots, a virtual machine with an emulated IOMMU"
	demo_migration_host "$files" "$here/story"
	demo_migration_plot "$files/migration.csv" "$here/plot"
	cat <<-END

		Proven: on Debian's stock kernel $kernel, a guest with a passed-through device was migrated
		live by QEMU. While it ran, before, during and after, its driver had the device compute,
		transfer and interrupt, and found no wrong result and no interrupt missing; a destination
		that died on the way cost it nothing. The kernel had nothing to complain about.
	END
}

demo_migration_host() {
	demo_tell --log "$lab_cache/demo-kernel.log" --results "$1" --memory 3G \
		--device edu --device edu -- "$2"
	cp "$1"/*.console "$lab_cache/" 2>/dev/null || :
	[[ ! $demo_status ]] || demo_fail "L1 ended with status $demo_status"
	[[ -s $1/migration.csv ]] || demo_fail "there is no sign of a migration"
}

demo_migration_plot() {
	local plot=$lab_cache/migration.svg

	"$lab_checkout/scripts/lab" chroot "$2" "$1" > "$plot" 2>> "$demo_log" ||
		demo_fail "the plot was not drawn"
	demo_step "bytes over time, and the downtime, are drawn in $plot"
}
