# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Builds this checkout's modules and test programs with the tree's tools. The checkout stays as
# it is: the build works on a copy of it in the cache, one per checkout and kernel.

build_names() {
	lab_build=$lab_cache/build/$(printf '%s' "$lab_checkout" | lab_hash)-${opt_arch:-$opt_kernel}${opt_coverage:+-coverage}
}

# build_start: in a namespace, with the kernel_* set. Bring the copy up to date and hold it. What was
# built among the tests stays, as it has no extension to know it by.
build_start() {
	mkdir -p "$lab_build/source" "$lab_build/root"
	lock 9 "$lab_build/lock" "building this checkout"
	in_tree rsync --recursive --links --perms --checksum --delete --filter='P /tools/testing/**' \
		--exclude-from="$lab_parts/build.exclude" "$lab_checkout/" "$lab_build/source/"
}

# Modules into $lab_build/root, a layer of L1's root, with the indexes that go with them.
build_modules() {
	say "building modules for $kernel_release"
	build_make modules "$lab_build/source" \
		KDIR="$kernel_root/usr/lib/modules/$kernel_release/build" \
		${opt_arch:+"ARCH=${lab_arch_kbuild[$opt_arch]}"} \
		W=1 KCFLAGS=-Werror ${opt_coverage:+GCOV_PROFILE=y} LAB_MODULES=m modules
	build_layer
}

# Test programs stay beside their sources, in the copy.
build_programs() {
	local folder folders=(selftests bench fuzz)

	# These two are of x86 only.
	[[ ! $opt_arch ]] || folders=(selftests)
	for folder in "${folders[@]}"; do
		[[ -e $lab_build/source/tools/testing/$folder/Makefile ]] || continue
		say "building test programs: $folder"
		build_make "$folder" "$lab_build/source/tools/testing/$folder" \
			${cross:+"CC=${cross}gcc"} \
			KSELFTEST_INCLUDE=/usr/src/linux-source-6.12/tools/testing/selftests
	done
}

# build_make WHAT FOLDER ARG...: make, quiet unless it fails or warns.
build_make() {
	local what=$1 folder=$2 log=$lab_build/$1.log
	shift 2

	if ! in_tree make --directory "$folder" --jobs="$(nproc)" "$@" > "$log" 2>&1; then
		grep --extended-regexp --after-context=5 'error|ERROR|warning|\*\*\*' "$log" | head -n 60 >&2
		die "the $what did not build; all that make said is in $log"
	fi
	grep --extended-regexp --after-context=5 'warning:' "$log" >&2 || true
}

build_main() {
	run_options run "$@"
	((${#lab_command[@]} == 0)) || die "build takes only options: see \"scripts/lab help\""
	build_check
	tree_setup
	[[ ! $opt_arch ]] || arch_setup
	[[ $opt_kernel == stock ]] || kernel_debug_setup
	enter build_inside "$@" || exit
}

build_check() {
	[[ $opt_modules != ours || -e $lab_checkout/Kbuild || -e $lab_checkout/Makefile ]] ||
		die "this checkout has no Kbuild, so there are no modules to build: use --in-tree"
}

build_inside() {
	run_options run "$@"
	run_root
	build_all
	say "built in $lab_build"
}

# What L1 gets of the modules is a copy: another build may replace them while it runs.
build_all() {
	build_start
	if [[ $opt_modules == ours ]]; then
		build_modules
		cp --archive "$lab_build/root" "$lab_run/built"
	fi
	build_programs
	! sim_wanted "${opt_devices[@]}" || build_sim
	exec 9>&-
}

# The indexes are made from all modules together, in a place where they appear together. That takes
# longer than all the rest, so not for the modules that are in the layer already.
build_layer() {
	local modules=usr/lib/modules/$kernel_release base=$lab_run/depmod new
	local kernels=${kernel_root:-$lab_tree} stamp=$lab_build/layer.sha256 made

	made=$(cd "$lab_build/source" && printf '%s\n' "$kernels" &&
		find . -name '*.ko' -exec sha256sum {} + | sort)
	[[ ! -e $stamp || $(< "$stamp") != "$made" ]] || return 0
	rm -f "$stamp"

	new=$base/$modules
	mkdir -p "$new/kernel" "$new/updates"
	mount --bind "$kernels/$modules/kernel" "$lab_root$new/kernel"
	cp "$kernels/$modules"/modules.{order,builtin,builtin.modinfo} "$new/"
	ln -s usr/lib "$base/lib"
	(cd "$lab_build/source" &&
		find . -name '*.ko' -exec cp --parents --target-directory="$new/updates" {} +)
	# L1 reads every byte of a module through 9p.
	in_tree find "$new/updates" -name '*.ko' -exec "${cross}strip" --strip-debug {} +
	in_tree depmod --basedir "$base" "$kernel_release"
	umount "$lab_root$new/kernel"
	rmdir "$new/kernel"
	rm -rf "$lab_build/root"
	mkdir -p "$lab_build/root/usr/lib/modules"
	cp -r "$new" "$lab_build/root/usr/lib/modules/"
	printf '%s\n' "$made" > "$stamp"
}
