# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The Debian tree: what all building is done in, what L0's QEMU runs from, and
# the root file system of L1. Its folder is named after the recipe below, so a changed
# recipe makes a new one.

lab_packages=(
	# the kernel under test, and what builds modules and test programs for it
	linux-image-amd64 linux-headers-amd64 linux-source-6.12
	gcc make dkms libc6-dev kmod sparse bc flex bison libelf-dev libssl-dev cpio xz-utils zstd rsync
	perl shellcheck python3-minimal
	# L1's userland and what test programs link with
	busybox-static iproute2 iputils-ping ethtool pciutils procps psmisc strace udev dbus
	libpci-dev libjson-c-dev
	# clients of vfio-pci
	qemu-system-x86 qemu-utils dpdk dpdk-dev
	libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients
)

# APT's preferences: QEMU and the firmware it asks for, and nothing else, come from backports.
lab_preferences='Package: src:qemu src:seabios
Pin: release n=trixie-backports
Pin-Priority: 900'

# Run by mmdebstrap before it downloads anything: repeat the mirror it chose for backports.
# shellcheck disable=SC2016
lab_setup_hook='
	sed -n "s/ trixie main/ trixie-backports main/p" "$1/etc/apt/sources.list" |
		head -n 1 > "$1/etc/apt/sources.list.d/backports.list"
	printf "%s\n" "$LAB_PREFERENCES" > "$1/etc/apt/preferences.d/backports"'

# Of the kernel's source, what building and checking here needs stands unpacked in the tree: the
# test harness, checkpatch and kernel-doc, what uncompresses a kernel, the in-tree variant drivers.
lab_source_parts=(
	tools/testing/selftests/kselftest.h
	tools/testing/selftests/kselftest_harness.h
	scripts/checkpatch.pl
	scripts/kernel-doc
	scripts/extract-vmlinux
	scripts/spelling.txt
	scripts/const_structs.checkpatch
	drivers/vfio
)

# Run by mmdebstrap last. An uncompressed kernel is worth its room, since uncompressing it takes
# a sixth of L1's boot under TCG.
# shellcheck disable=SC2016
lab_customize_hook='
	chroot "$1" tar --extract --xz --directory=/usr/src \
		--file=/usr/src/linux-source-6.12.tar.xz \
		$(printf "linux-source-6.12/%s " $LAB_SOURCE_PARTS)
	chroot "$1" sh /usr/src/linux-source-6.12/scripts/extract-vmlinux /vmlinuz > "$1/vmlinux"'

tree_recipe() {
	printf '%s\n' "${lab_packages[@]}" "${lab_source_parts[@]}" "$lab_preferences" \
		"$lab_setup_hook" "$lab_customize_hook"
}

lab_tree=$lab_cache/tree-$(tree_recipe | lab_hash)

tree_ready() {
	[[ -e $lab_tree/.complete ]]
}

# tree_setup: make the tree unless it is there.
tree_setup() {
	if tree_ready; then
		touch "$lab_tree.lock"
		return
	fi
	mkdir -p "$lab_cache"
	check_mmdebstrap
	lock 8 "$lab_cache/setup.lock" "making the Debian tree"
	if ! tree_ready; then
		need_space 8000 "the Debian tree with a debug kernel beside it"
		enter tree_make || die "the Debian tree was not made; the reason is above," \
			"and \"scripts/lab setup\" tries again"
		tree_forget_old
	fi
	exec 8>&-
	touch "$lab_tree.lock"
}

check_mmdebstrap() {
	command -v mmdebstrap > /dev/null && return
	if ((EUID == 0)) && command -v apt-get > /dev/null; then
		say "installing mmdebstrap"
		{ apt-get update && apt-get install --yes mmdebstrap debian-archive-keyring; } \
			> /dev/null && return
	fi
	die "mmdebstrap is missing: install it with" \
		"\"apt-get install mmdebstrap debian-archive-keyring uidmap\" as root"
}

# In a namespace: the tree takes its name only when it is complete.
tree_make() {
	local new=$lab_tree.new log=$lab_cache/setup.log pid

	say "making the Debian tree in $lab_tree (about 3 minutes, 1.3 GB)"
	rm -rf "$lab_cache"/tree-*.new
	# INITRD=No: L1 has an initrd of the lab's own.
	LAB_PREFERENCES=$lab_preferences LAB_SOURCE_PARTS=${lab_source_parts[*]} INITRD=No \
		mmdebstrap --mode=root --variant=minbase --skip=cleanup/apt/lists \
		--include="$(IFS=,; printf '%s' "${lab_packages[*]}")" \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--setup-hook="$lab_setup_hook" --customize-hook="$lab_customize_hook" \
		trixie "$new" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} > "$log" 2>&1 < /dev/null &
	pid=$!
	ticker "Debian tree" "$pid" tree_progress "$new" "$log" &
	wait "$pid" || {
		tree_explain "$log"
		exit 1
	}
	: > "$new/.complete"
	mv "$new" "$lab_tree"
	say "the Debian tree is ready"
}

tree_progress() {
	local doing

	doing=$(grep -E '^I: ' "$2" | tail -n 1)
	printf '%s, %s' "${doing#I: }" "$(du -sh "$1" 2>/dev/null | cut -f 1)"
}

tree_explain() {
	tail -n 15 "$1" >&2
	if grep -qE 'Could not (resolve|connect)|Temporary failure|Failed to fetch|unable to connect' "$1"; then
		die "no package mirror could be reached: check the network or proxy (http_proxy)," \
			"or name a mirror in DEBIAN_MIRROR"
	elif grep -qE 'NO_PUBKEY|not signed|keyring' "$1"; then
		die "the archive's signatures could not be checked: install or update" \
			"debian-archive-keyring"
	elif grep -q 'No space left' "$1"; then
		die "the disk is full: free 8 GB, or set XDG_CACHE_HOME to a folder elsewhere"
	fi
}

# Trees of other recipes that nobody used for two weeks.
tree_forget_old() {
	local stamp

	for stamp in "$lab_cache"/tree-*.lock; do
		[[ -e $stamp && $stamp != "$lab_tree.lock" ]] || continue
		[[ $(find "$stamp" -mtime +14) ]] || continue
		flock --nonblock "$stamp" true || continue
		say "removing ${stamp%.lock}, unused for two weeks"
		enter rm -rf "${stamp%.lock}" "$stamp"
	done
}

tree_kernel() {
	local dir

	for dir in "$lab_tree"/usr/lib/modules/*; do
		printf '%s' "${dir##*/}"
		return
	done
}
