# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# "demo": the main job as a story, a line per step with the time since the start. L1's part of it is
# tools/testing/clients/demo.

demo_main() {
	local token

	demo_options "$@"
	demo_begin demo \
		"What happens here: a host without special hardware takes a disk controller from its" \
		"driver and gives it to a guest, through the vfio-pci of this checkout."
	[[ $demo_modules == --in-tree ]] || demo_build "vfio-pci-core and vfio-pci"

	token=$(od -A n -N 6 -t x1 /dev/urandom | tr -d ' \n')
	truncate --size=64M "$demo_files/disk.img"
	demo_quiet "L2's initrd could not be made" \
		chroot tools/testing/clients/l2-initrd "$demo_files/l2.initrd" virtio_pci virtio_blk
	demo_step "L1 boots, a virtual machine with an emulated IOMMU"
	demo_host "$demo_files" "$token"
	demo_verify "$demo_files/disk.img" "$token"
	demo_summary "$demo_kernel"
}

# demo_begin NAME TEXT...: tell what is to come, and get the lab ready.  From here on demo_files is a
# folder for as long as the demo takes, demo_log what nobody wants to read, demo_kernel a release.
demo_begin() {
	demo_files=$lab_cache/demo-$$ demo_log=$lab_cache/$1.log
	mkdir -p "$lab_cache" "$demo_files"
	# shellcheck disable=SC2064
	trap "rm -rf '$demo_files'" EXIT
	: > "$demo_log"

	printf '%s\n' "${@:2}"
	demo_step "L0 is this machine; the lab's Debian tree is being looked for, or made"
	tree_setup
	demo_kernel=$(tree_kernel)
	demo_step "the lab is ready: Debian 13 with kernel $demo_kernel and QEMU"
}

demo_options() {
	demo_modules='' demo_good='' demo_plain=''
	[[ ${1:-} != --in-tree ]] || demo_modules=--in-tree
	[[ ! -t 1 || ${NO_COLOR:-} ]] || demo_good=$'\e[32m' demo_plain=$'\e[0m'
}

demo_step() {
	printf '%s%6ss%s  %s\n' "$demo_good" "$(lab_elapsed)" "$demo_plain" "$*"
}

demo_fail() {
	tail -n 15 "$demo_log" >&2
	printf 'lab: the demo failed: %s; the whole log is %s\n' "$*" "$demo_log" >&2
	exit 1
}

# demo_quiet WHY-NOT COMMAND...: a command of the lab whose output only matters if it fails.
demo_quiet() {
	local why=$1
	shift

	"$lab_checkout/scripts/lab" "$@" >> "$demo_log" 2>&1 || demo_fail "$why"
}

# demo_build MODULES
demo_build() {
	demo_quiet "the modules did not build" build
	demo_step "$1 of this checkout are built against $demo_kernel"
}

# demo_tell OPTION... -- COMMAND...: what COMMAND in L1 tells on its standard output are steps of the
# story. demo_status is empty if it ended well.
demo_tell() {
	local line

	demo_status=''
	while IFS= read -r line; do
		case $line in
		'status '*) demo_status=${line#status } ;;
		*) demo_step "$line" ;;
		esac
	done < <(LAB_QUIET='' "$lab_checkout/scripts/lab" run --timeout 1800 "$@" \
		2>> "$demo_log" || echo "status $?")
}

# demo_host FILES TOKEN
demo_host() {
	demo_tell ${demo_modules:+"$demo_modules"} --log "$lab_cache/demo-kernel.log" --results "$1" \
		--device "virtio-blk=$1/disk.img" -- tools/testing/clients/demo "$2"
	cp "$1"/l2.* "$lab_cache/" 2>/dev/null || :
	[[ ! $demo_status ]] || demo_fail "L1 ended with status $demo_status"
	[[ -s $1/l2.console ]] || demo_fail "there is no sign of L2"
}

demo_verify() {
	local message="L2 wrote this through virtio-blk, $2"

	[[ $(dd if="$1" bs=512 skip=2048 count=1 status=none | head -n 1 | tr -d '\0') == "$message" ]] ||
		demo_fail "L2's message does not stand in L0's image"
	cmp --quiet --bytes=1048576 <(dd if="$1" bs=1M skip=8 count=1 status=none) \
		<(yes "virtio-blk $2") || demo_fail "L2's pattern does not stand in L0's image"
	demo_step "L0 reads in the disk's image: \"$message\", and the pattern"
}

demo_summary() {
	local whose=ours

	[[ ! $demo_modules ]] || whose="the kernel's own"
	cat <<-END

		Proven: on Debian's stock kernel $1, vfio-pci ($whose) took a PCI device
		from its driver through sysfs; QEMU passed it to a guest, where a stock driver used it
		with DMA and interrupts behind the IOMMU; the bytes are in the image on this machine;
		and the device went back to its own driver. The kernel had nothing to complain about.
	END
}
