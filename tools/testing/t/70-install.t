#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Our modules come onto a host and go off again: by make, and by DKMS.

# shellcheck source=tools/testing/t/client.sh
. "$(dirname "${BASH_SOURCE[0]}")/client.sh"

build=$(scripts/lab build 2>&1 | sed -n 's/.*: built in //p')
[[ $build ]] || bail "our modules do not build: see scripts/lab build"

client_relay 16 '' env LAB_QUIET=yes scripts/lab chroot \
	tools/testing/clients/install "$client_files/install" "$build/source"

done_testing
