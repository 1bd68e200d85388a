#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The migration library behind the sample driver under KASAN and lockdep; in the end kmemleak looks
# for what saving, loading, refusing and giving up have left behind. The tests are TAP already.

cd "$(dirname "${BASH_SOURCE[0]}")/../../../.." || exit 1

exec scripts/lab run --debug --device edu --device edu --timeout 1500 "$@" -- \
	tools/testing/selftests/vfio/migration/run_migration -D edu-vfio-pci -d edu -d edu -n 10 -m 1
