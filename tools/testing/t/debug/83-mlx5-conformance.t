#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# VFs of a simulated ConnectX, put to all migration tests under KASAN, lockdep and kmemleak. They are TAP
# already.

cd "$(dirname "${BASH_SOURCE[0]}")/../../../.." || exit 1

exec scripts/lab run --debug --timeout 1800 --device mlx5:2,chunk=1,timeout=4 "$@" -- \
	tools/testing/clients/mlx5/conformance vf -n 2 -m 1
