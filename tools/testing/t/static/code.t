#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What tools see in the code without running it. The tools are those of the lab's Debian tree, so
# everyone sees the same.

# shellcheck source=tools/testing/t/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"

scripts=/usr/src/linux-source-6.12/scripts
mapfile -t c_files < <(git ls-files '*.c' '*.h')
mapfile -t library < <(git ls-files 'drivers/*.c' 'drivers/*.h' 'include/*.h')
mapfile -t shell_files < <(git grep -lE '^#!.*\b(ba)?sh\b|^# shellcheck shell=' -- . ':!*.md' ':!*.rst')

# quiet CMD...: succeeds if CMD does and prints nothing
quiet() {
	local out status=0
	out=$("$@" 2>&1) || status=$?
	[[ -z $out ]] || printf '%s\n' "$out"
	[[ $status -eq 0 && -z $out ]]
}

# The checkout is read-only in there, and sparse runs along with a build.
sparse() {
	# shellcheck disable=SC2016
	scripts/lab chroot bash -c '
		cp -r . /tmp/source
		make -C /tmp/source KDIR="$(echo /lib/modules/*/build)" LAB_MODULES=m W=1 C=2 modules >/tmp/log 2>&1 ||
			tail -n 20 /tmp/log
		grep -E "(warning|error):" /tmp/log || true'
}

versions_outside_compat() {
	git grep -n 'LINUX_VERSION_CODE\|KERNEL_VERSION(' -- '*.c' '*.h' ':!include/compat' || true
}

check "the modules build with W=1 and -Werror" scripts/lab build
check "sparse has nothing to say" quiet sparse
check "checkpatch --strict has nothing to say" \
	quiet scripts/lab chroot "$scripts/checkpatch.pl" --quiet --no-summary --terse --file "${c_files[@]}"
check "kernel-doc is complete and well-formed" \
	quiet scripts/lab chroot "$scripts/kernel-doc" -none "${library[@]}"
check "shellcheck has nothing to say" quiet scripts/lab chroot shellcheck -x "${shell_files[@]}"
check "kernel versions are told apart in include/compat only" quiet versions_outside_compat

done_testing
