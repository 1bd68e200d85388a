#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Functions whose config space lies, that never end what they begin, vanish, or interrupt without
# end: the driver refuses or survives each, and the function works when it no longer does. It prints
# TAP already.

cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1
exec scripts/lab run --timeout 300 --device liar:rom-pointer --device liar:rom-edge \
	--device liar:rom-length --device liar:rom-endless --device liar:open --device edu "$@" -- \
	tools/testing/selftests/vfio/run_hostile rom-pointer:rom,capabilities \
	rom-edge:rom,extended rom-length:rom,express,interrupts,noise rom-endless:rom,deeds open:rom,storm
