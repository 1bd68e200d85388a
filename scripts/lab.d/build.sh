# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Builds this checkout's modules and test programs with the tree's tools. The checkout stays as
# it is: the build works on a copy of it in the cache, one per checkout and kernel.

build_names() {
	lab_build=$lab_cache/build/$(printf '%s' "$lab_checkout" | lab_hash)-$opt_kernel
}

# In a namespace, with kernel_release set: modules into $lab_build/root/..., ready to be a layer
# of L1's root with the module indexes that go with them.
build_modules() {
	local source=$lab_build/source kdir log=$lab_build/build.log

	mkdir -p "$source" "$lab_build/root" "$lab_build/selftests"
	lock 9 "$lab_build/lock" "building this checkout"
	in_tree rsync --recursive --links --perms --checksum --delete \
		--exclude-from="$lab_parts/build.exclude" "$lab_checkout/" "$source/"
	kdir=${kernel_layer}/usr/lib/modules/$kernel_release/build
	say "building modules for $kernel_release"
	in_tree make -C "$source" -j"$(nproc)" KDIR="$kdir" W=1 KCFLAGS=-Werror > "$log" 2>&1 || {
		grep -E -A 5 'error|warning|\*\*\*' "$log" | head -n 60 >&2
		die "the modules did not build; all of the output is in $log"
	}
	build_layer
	exec 9>&-
}

# The indexes are made from all modules together, in a place where they appear together.
build_layer() {
	local modules=usr/lib/modules/$kernel_release base=$lab_run/depmod module new

	new=$base/$modules
	mkdir -p "$new/kernel" "$new/updates"
	mount --bind "${kernel_layer:-$lab_tree}/$modules/kernel" "$new/kernel"
	cp "${kernel_layer:-$lab_tree}/$modules"/modules.{order,builtin,builtin.modinfo} "$new/"
	ln -s usr/lib "$base/lib"
	while read -r module; do
		cp --parents "$module" "$new/updates/"
	done < <(cd "$lab_build/source" && find . -name '*.ko')
	in_tree depmod --basedir "$base" "$kernel_release"
	umount "$new/kernel"
	rmdir "$new/kernel"
	rm -rf "$lab_build/root"
	mkdir -p "$lab_build/root/usr/lib/modules"
	cp -r "$new" "$lab_build/root/usr/lib/modules/"
}
