#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# VFs of a simulated ConnectX with each allocation failing in turn, those of the stock mlx5_core for our
# commands too; kmemleak looks for what that left.

cd "$(dirname "${BASH_SOURCE[0]}")/../../../.." || exit 1
exec scripts/lab run --debug --timeout 2400 --device mlx5:2,memory=1,chunk=1 "$@" -- \
	tools/testing/selftests/vfio/run_faults --runner tools/testing/clients/mlx5/conformance vf -p faults
