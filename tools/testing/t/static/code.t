#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What tools see in the code without running it. The tools are those of the lab's Debian tree, so
# everyone sees the same.

. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"

mapfile -t c_files < <(git ls-files '*.c' '*.h')
mapfile -t library < <(git ls-files 'drivers/*.c' 'drivers/*.h' 'include/*.h')
mapfile -t shell_files < <(git grep -lE '^#!.*\b(ba)?sh\b|^# shellcheck shell=' -- . ':!*.md' ':!*.rst')

# quiet CMD...: succeeds if CMD does and prints nothing
quiet() {
	local out
	out=$("$@" 2>&1) || { printf '%s\n' "$out"; return 1; }
	[[ -z $out ]] || { printf '%s\n' "$out"; return 1; }
}

version_outside_compat() {
	git grep -n 'LINUX_VERSION_CODE\|KERNEL_VERSION(' -- drivers include samples ':!include/compat'
}

check "the modules build with W=1 and -Werror" scripts/lab build
check "sparse has nothing to say" scripts/lab build --sparse
check "checkpatch --strict has nothing to say" \
	quiet scripts/lab chroot -- checkpatch --quiet --terse --file "${c_files[@]}"
check "kernel-doc is complete and well-formed" \
	quiet scripts/lab chroot -- kernel-doc -none "${library[@]}"
check "shellcheck has nothing to say" scripts/lab chroot -- shellcheck -x "${shell_files[@]}"
result "$(! version_outside_compat >&2; echo $?)" "kernel versions are told apart in include/compat only"

done_testing
