#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The sample variant driver on two edu devices, and on two that share their group: migration, config field,
# region, dirty pages. The program prints TAP already.

cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1
exec scripts/lab run --timeout 300 --device edu --device edu --device edu+edu "$@" -- \
	tools/testing/selftests/vfio/run_edu_variant
