#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The kselftest programs with each allocation failing in turn; kmemleak looks for what that left.

cd "$(dirname "${BASH_SOURCE[0]}")/../../../.." || exit 1
exec scripts/lab run --debug --timeout 2400 --device nvme --device edu "$@" -- \
	tools/testing/selftests/vfio/run_faults
