# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# "demo-migration": a guest moves from one device to another while it works, told as "demo" tells its
# story. L1's part of it is tools/testing/clients/migration/story.

# shellcheck source=demo-guest.sh
. "$lab_parts/demo-guest.sh"

demo_migration_main() {
	local here=tools/testing/clients/migration

	(($# == 0)) || die "demo-migration takes no arguments"
	demo_options
	demo_begin demo-migration \
		"What happens here: a Linux guest works with a PCI device that was passed through to it, and" \
		"is moved, as it works, to another QEMU with another device of the same kind."
	demo_guest "vfio-pci-core and edu-vfio-pci" "$here/guest/initrd"
	demo_guest_host "$here/story" --device edu --device edu
	[[ -s $demo_files/migration.csv ]] || demo_fail "there is no sign of a migration"
	demo_migration_plot "$demo_files/migration.csv" "$here/plot"
	cat <<-END

		Proven: on Debian's stock kernel $demo_kernel, a guest with a passed-through device was migrated
		live by QEMU. While it ran, before, during and after, its driver had the device compute,
		transfer and interrupt, and found no wrong result and no interrupt missing; a destination
		that died on the way cost it nothing. The kernel had nothing to complain about.
	END
}

demo_migration_plot() {
	local plot=$lab_cache/migration.svg

	"$lab_checkout/scripts/lab" chroot "$2" "$1" > "$plot" 2>> "$demo_log" ||
		demo_fail "the plot was not drawn"
	demo_step "bytes over time, and the downtime, are drawn in $plot"
}
