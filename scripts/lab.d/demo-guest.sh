# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the demos have in common in which a guest is migrated.

# shellcheck source=demo.sh
. "$lab_parts/demo.sh"

# demo_guest MODULES INITRD: have MODULES built, and the guest that INITRD makes booted and saved.  On L0,
# where that takes seconds: in L1 all of it would be emulated twice.
demo_guest() {
	demo_build "$1"
	demo_quiet "L2's initrd could not be made" chroot "$2" "$demo_files/l2.initrd"
	demo_quiet "L2 did not boot" chroot tools/testing/clients/migration/snapshot "$demo_files"
	demo_step "L2, a Linux guest, is booted here, without a device, and saved; in L1 that took minutes"
}

# demo_guest_host STORY OPTION...: L1, in which STORY is told.
demo_guest_host() {
	demo_step "L1 boots, a virtual machine with an emulated IOMMU"
	demo_tell --log "$lab_cache/demo-kernel.log" --results "$demo_files" --memory 3G "${@:2}" -- "$1"
	cp "$demo_files"/*.console "$lab_cache/" 2>/dev/null || :
	[[ ! $demo_status ]] || demo_fail "L1 ended with status $demo_status"
}
