#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# VFs of a simulated ConnectX, put to the migration tests, with firmware that fails. They are TAP
# already. Some of the programs, few repetitions, and a share of the damaged streams; "make
# check-mlx5-long" has all programs and more of the rest.

cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1

read -ra programs <<< "${MLX5_PROGRAMS--p report -p states -p precopy -p hostile -p firmware}"
exec scripts/lab run --device mlx5:2,chunk=1,timeout=4 --timeout 900 -- \
	tools/testing/clients/mlx5/conformance vf "${programs[@]}" \
	-n "${MLX5_COUNT:-3}" -m "${MLX5_PERCENT:-1}"
