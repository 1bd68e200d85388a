#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Source compatibility: the kernel tree's own variant drivers, unmodified, build with our header
# and link with our library. The control is the same with the kernel's.

# shellcheck source=tools/testing/t/client.sh
. "$(dirname "${BASH_SOURCE[0]}")/client.sh"

# variants LABEL BUILD-FOLDER
variants() {
	client_relay 13 "$1: " env LAB_QUIET=yes scripts/lab chroot \
		tools/testing/clients/variant-drivers "$client_files/variants" "$2"
}

build=$(scripts/lab build 2>&1 | sed -n 's/.*: built in //p')
[[ $build ]] || bail "our modules do not build: see scripts/lab build"

variants ours "$build/source"
variants control in-tree

done_testing
