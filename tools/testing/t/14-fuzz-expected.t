#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What the fuzzer excuses, without a device. It prints TAP already.

cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1
exec scripts/lab chroot make --silent -C tools/testing/unit/fuzz OUTPUT=/tmp/fuzz-expected \
	check-expected
