# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The debug kernel: built from Debian's kernel source once, with debug.config and debug.patch, and kept
# in the cache under the hash of what went into it.
#
#	vmlinuz release		for QEMU
#	root/usr/lib/modules	a layer of L1's root
#	build			what modules are built against

lab_tarball=$lab_tree/usr/src/linux-source-6.12.tar.xz

debug_names() {
	lab_debug=$lab_cache/debug-$({
		stat --format=%s "$lab_tarball"
		tree_kernel
		cat "$lab_parts"/debug.{config,patch}
	} | lab_hash)
}

# kernel_debug_setup: make it unless it is there.
kernel_debug_setup() {
	debug_names
	[[ ! -e $lab_debug/.complete ]] || return 0
	lock 8 "$lab_cache/debug.lock" "building the debug kernel"
	if [[ ! -e $lab_debug/.complete ]]; then
		need_space 5000 "building the debug kernel"
		enter kernel_debug_make || die "the debug kernel was not built; the reason is above"
	fi
	exec 8>&-
}

# In a namespace.
kernel_debug_make() {
	local new pid log

	debug_names
	new=$lab_debug.new log=$lab_cache/debug.log
	say "building the debug kernel (about 7 minutes on two processors, once)"
	mount_root "$lab_tree"
	# A build that was interrupted goes on where it was.
	if [[ ! -e $new/.unpacked ]]; then
		rm -rf "$new"
		mkdir -p "$new/source" "$new/build"
		say "debug kernel: unpacking its source"
		in_tree tar --extract --xz --file "/usr/src/${lab_tarball##*/}" \
			--strip-components=1 --directory "$new/source"
		in_tree patch --quiet --strip=1 --directory="$new/source" < "$lab_parts/debug.patch" ||
			die "debug.patch does not fit Debian's kernel source"
		: > "$new/.unpacked"
	fi
	debug_configure "$new"
	in_tree nice make -C "$new/source" O="$new/build" -j"$(nproc)" bzImage modules \
		> "$log" 2>&1 < /dev/null &
	pid=$!
	ticker "debug kernel" "$pid" debug_progress "$new/build" &
	wait "$pid" || {
		grep -E -A 3 'error:|\*\*\*' "$log" | head -n 40 >&2
		exit 1
	}
	rm -rf "$new/root"
	mkdir -p "$new/root/usr/lib"
	ln -s usr/lib "$new/root/lib"
	in_tree make -s -C "$new/source" O="$new/build" INSTALL_MOD_PATH="$new/root" \
		INSTALL_MOD_STRIP=1 modules_install >> "$log" 2>&1 ||
		die "the debug kernel's modules were not installed; all that make said is in $log"
	debug_prune "$new"
	mv "$new" "$lab_debug"
	say "the debug kernel is ready"
}

# Every line of debug.config must hold in the end: one that silently vanished for want
# of another option would make the kernel blind.
debug_configure() {
	local line missing=

	in_tree make -s -C "$1/source" O="$1/build" KCONFIG_ALLCONFIG="$lab_parts/debug.config" \
		allnoconfig > /dev/null
	while read -r line; do
		grep -qxF "$line" "$1/build/.config" || missing+=" ${line/#\# /}"
	done < <(grep -E '^CONFIG_|^# CONFIG_.* is not set' "$lab_parts/debug.config")
	[[ ! $missing ]] || die "these lines of debug.config had no effect:$missing"
}

debug_progress() {
	printf '%d of about 1500 files compiled' "$(find "$1" -name '*.o' | wc -l)"
}

# What modules need of source and build stays; the path in the build's Makefile and links
# must be the final one.
debug_prune() {
	local final=$lab_debug modules

	cp "$1/build/arch/x86/boot/bzImage" "$1/vmlinuz"
	cat "$1/build/include/config/kernel.release" > "$1/release"
	modules=$1/root/usr/lib/modules/$(< "$1/release")
	[[ -s $1/vmlinuz && -e $modules/modules.dep ]] ||
		die "the debug kernel is not complete; all that make said is in $lab_cache/debug.log"
	rm -f "$modules"/{build,source}
	ln -s "$final/build" "$modules/build"
	find "$1/build" \( -name '*.o' -o -name '*.a' -o -name '.*.cmd' -o -name '*.ko' \) \
		! -path '*/tools/*' ! -path '*/scripts/*' -delete
	rm -f "$1/build"/vmlinux* "$1/build/source"
	ln -s "$final/source" "$1/build/source"
	sed -i "s|$1/|$final/|g" "$1/build/Makefile"
	(cd "$1/source" && rm -rf block certs crypto fs init io_uring ipc kernel lib mm net rust \
		samples security sound usr virt drivers)
	(cd "$1/source/arch" && find . -mindepth 1 -maxdepth 1 ! -name x86 -exec rm -rf {} +)
	: > "$1/.complete"
}
