#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# make fuzz ARGS=--minimise on bugs that are known, without a device. It prints TAP already.

cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1
exec scripts/lab chroot make --silent -C tools/testing/unit/fuzz OUTPUT=/tmp/fuzz-minimise \
	check-minimise
