#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The migration library behind the sample driver, put to the conformance tests. They are TAP already.
# A share of the damaged streams, and few repetitions; "run_migration" by hand does all.

cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1

exec scripts/lab run --device edu --device edu --timeout 600 -- \
	tools/testing/selftests/vfio/migration/run_migration -D edu-vfio-pci -d edu -d edu -n 10 -m 4
