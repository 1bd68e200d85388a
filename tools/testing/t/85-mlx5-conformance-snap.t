#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Functions that a simulated BlueField emulates, put to the migration tests. They are TAP
# already. Here only firmware that fails; "make check-mlx5-long" has all programs.

cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1

read -ra programs <<< "${MLX5_PROGRAMS--p firmware}"
exec scripts/lab run --device mlx5:0,chunk=1,timeout=4 --device snap-blk:2 --timeout 900 -- \
	tools/testing/clients/mlx5/conformance snap "${programs[@]}" \
	-n "${MLX5_COUNT:-3}" -m "${MLX5_PERCENT:-1}"
