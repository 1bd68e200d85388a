# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A small initrd: busybox, some kernel modules with what they depend on, and an init script.
# Serves L1, where this file is sourced on L0, and L2, where it is executed in L1:
#
#	scripts/lab.d/initrd.sh OUTPUT INIT KERNEL-RELEASE MODULE... [-- FILE...]
#
# The init script finds the modules' load order in /modules, a file name per line. A FILE is put
# under /files.

# initrd_make OUTPUT INIT RELEASE MODULE... [-- FILE...]
initrd_make() {
	local output=$1 init=$2 release=$3 dir
	shift 3

	dir=$(mktemp -d)
	mkdir "$dir"/{bin,dev,proc,sys,root,lib,files}
	cp "${LAB_BUSYBOX:-/usr/bin/busybox}" "$dir/bin/"
	ln -s busybox "$dir/bin/sh"
	cp -- "$init" "$dir/init"
	chmod 755 "$dir/init"
	while (($#)) && [[ $1 != -- ]]; do
		initrd_module "$dir" "$release" "$1"
		shift
	done
	if (($#)); then
		shift
		cp -- "$@" "$dir/files/"
	fi
	(cd "$dir" && find . -print0 | cpio --null --create --format=newc --quiet) > "$output"
	rm -rf "$dir"
}

# initrd_module DIR RELEASE MODULE: copy MODULE and its dependencies, unless built in.
initrd_module() {
	local path name

	while read -r _ path _; do
		name=${path##*/} name=${name%.xz}
		[[ -e $path && ! -e $1/lib/$name ]] || continue
		if [[ $path == *.xz ]]; then
			xz --decompress --stdout "$path" > "$1/lib/$name"
		else
			cp -- "$path" "$1/lib/"
		fi
		printf '%s\n' "/lib/$name" >> "$1/modules"
	done < <(modprobe --dirname "${LAB_MODULES_BASE:-/}" --set-version "$2" --show-depends \
		--ignore-install "$3" 2>/dev/null)
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
	set -euo pipefail
	(($# >= 3)) || {
		printf 'usage: %s OUTPUT INIT KERNEL-RELEASE MODULE... [-- FILE...]\n' "$0" >&2
		exit 2
	}
	initrd_make "$@"
fi
