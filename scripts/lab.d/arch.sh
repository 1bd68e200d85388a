# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Architectures other than the lab's own (--arch): Debian's kernel for them, under QEMU's TCG, with
# modules and test programs by cross compilers. Such an architecture has a folder with
#
#	target	packages of that architecture, which nothing here could execute: L1's root
#	tools	cross compiler, kernel headers and QEMU; lies over /usr of the Debian tree
#
# All packages are unpacked and none is installed, so this takes no emulator and little time.

declare -rA lab_arch_image=([s390x]=linux-image-s390x [ppc64el]=linux-image-powerpc64le)
declare -rA lab_arch_triplet=([s390x]=s390x-linux-gnu [ppc64el]=powerpc64le-linux-gnu)
declare -rA lab_arch_qemu=([s390x]=qemu-system-s390x [ppc64el]=qemu-system-ppc)
declare -rA lab_arch_kbuild=([s390x]=s390 [ppc64el]=powerpc)
# The first one is the default of --machine.
declare -rA lab_arch_machines=([s390x]='s390-ccw-virtio' [ppc64el]='powernv9 pseries')

lab_arch_userland=(base-files bash busybox-static coreutils findutils grep kmod mawk pciutils sed
	util-linux)

# Run by mmdebstrap in the end. The headers come without what they depend on, which is a compiler
# that runs on the target. What maintainers' scripts would have linked is linked here.
# shellcheck disable=SC2016
lab_arch_hook='
	set -e
	cd "$1"
	release=$(ls usr/lib/modules)
	cd tmp
	APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get download --quiet \
		"linux-headers-$release" "linux-headers-${release%-*}-common"
	for package in *.deb; do
		dpkg-deb --extract "$package" ..
		rm "$package"
	done
	cd ..
	ln -s -f -n "/usr/src/linux-headers-$release" "usr/lib/modules/$release/build"
	ln -s -f bash usr/bin/sh
	ln -s -f mawk usr/bin/awk
	ln -s -f busybox usr/bin/ip
	mkdir -p usr/local/bin'

arch_check() {
	local machine

	[[ $opt_arch ]] || {
		[[ ! $opt_machine ]] || die "--machine goes with --arch"
		return 0
	}
	[[ ${lab_arch_image[$opt_arch]:-} ]] ||
		die "--arch $opt_arch: no such architecture; there are: ${!lab_arch_image[*]}"
	[[ $opt_kernel == stock ]] || die "--debug has a kernel for the lab's own architecture only"
	[[ ! $opt_icount ]] || die "--icount measures on the lab's own architecture only"
	: "${opt_machine:=${lab_arch_machines[$opt_arch]%% *}}"
	for machine in ${lab_arch_machines[$opt_arch]}; do
		[[ $machine != "$opt_machine" ]] || return 0
	done
	die "--machine $opt_machine: $opt_arch has ${lab_arch_machines[$opt_arch]}"
}

arch_recipe() {
	printf '%s\n' "$1" "${lab_arch_image[$1]}" "${lab_arch_qemu[$1]}" "${lab_arch_userland[@]}" \
		"$lab_arch_hook" "$lab_setup_hook" "$lab_preferences"
}

arch_names() {
	lab_arch=$lab_cache/tree-$opt_arch-$(arch_recipe "$opt_arch" | lab_hash)
	lab_target=$lab_arch/target lab_tools=$lab_arch/tools
}

# arch_setup: make the folder of $opt_arch unless it is there. The Debian tree is.
arch_setup() {
	arch_names
	if [[ ! -e $lab_arch/.complete ]]; then
		check_mmdebstrap
		lock 8 "$lab_cache/setup.lock" "making a Debian tree"
		if [[ ! -e $lab_arch/.complete ]]; then
			need_space 2000 "the Debian tree of $opt_arch"
			enter arch_make "$opt_arch" || die "the Debian tree of $opt_arch was not made;" \
				"the reason is above, and \"scripts/lab setup --arch $opt_arch\" tries again"
			tree_forget_old
		fi
		exec 8>&-
	fi
	touch "$lab_arch.lock"
}

# In a namespace: the folder takes its name only when it is complete.
arch_make() {
	local new log release triplet

	opt_arch=$1
	arch_names
	new=$lab_arch.new log=$lab_cache/setup-$opt_arch.log triplet=${lab_arch_triplet[$opt_arch]}
	say "making the Debian tree of $opt_arch in $lab_arch (about 2 minutes, 0.6 GB)"
	rm -rf "$lab_cache"/tree-*.new
	mkdir "$new"
	: > "$log"
	arch_extract target "$opt_arch" --extract-hook="$lab_arch_hook" \
		--include="$(IFS=,; printf '%s' "${lab_arch_image[$opt_arch]}" "${lab_arch_userland[@]/#/,}")"
	release=$(arch_kernel "$new/target")
	# The headers' programs run here, so they come from the package of this architecture.
	arch_extract tools amd64 --setup-hook="$lab_setup_hook" \
		--include="gcc-$triplet,libc6-dev-$opt_arch-cross,${lab_arch_qemu[$opt_arch]},linux-kbuild-${release%-*}"
	mkdir -p "$new/tools/usr/src"
	mv "$new"/target/usr/src/linux-headers-* "$new/tools/usr/src/"
	mount_root "$lab_tree"
	in_tree depmod --basedir "$new/target" "$release"
	: > "$new/.complete"
	mv "$new" "$lab_arch"
	say "the Debian tree of $opt_arch is ready"
}

# arch_extract FOLDER ARCHITECTURE OPTION...: only of the release, without its updates: there, all
# architectures have the same version of the kernel.
arch_extract() {
	local folder=$new/$1 architecture=$2 pid
	shift 2

	LAB_PREFERENCES=$lab_preferences \
		mmdebstrap --mode=root --variant=extract --architectures="$architecture" "$@" \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		trixie "$folder" "$(sed -n '/ trixie main/{p;q}' "$lab_tree/etc/apt/sources.list")" \
		>> "$log" 2>&1 < /dev/null &
	pid=$!
	ticker "$opt_arch" "$pid" tree_progress "$folder" "$log" &
	wait "$pid" && return
	tree_explain "$log"
	return 1
}

# arch_kernel TARGET: the release of its one kernel
arch_kernel() {
	local -a dir=("$1"/usr/lib/modules/*)

	printf '%s' "${dir[0]##*/}"
}

# In a namespace, after mount_root: the tools' /usr over the tree's.
arch_mount() {
	exec 6>> "$lab_arch.lock"
	flock --shared 6
	mount -t overlay -o "ro,lowerdir=$lab_tools/usr:$lab_tree/usr" overlay "$lab_root/usr"
}
