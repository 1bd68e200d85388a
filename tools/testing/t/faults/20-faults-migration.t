#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The migration library and the sample driver with each allocation failing in turn; kmemleak looks for what
# that left.

cd "$(dirname "${BASH_SOURCE[0]}")/../../../.." || exit 1
selftests=tools/testing/selftests/vfio
exec scripts/lab run --debug --timeout 2400 --device edu --device edu "$@" -- \
	$selftests/run_faults --runner $selftests/migration/run_migration \
	-D edu-vfio-pci -d edu -d edu -p faults
