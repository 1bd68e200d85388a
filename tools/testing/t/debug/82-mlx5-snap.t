#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# mlx5-vfio-pci with functions that a simulated BlueField emulates, under KASAN, lockdep and kmemleak.

# shellcheck source=tools/testing/t/client.sh
. "$(dirname "${BASH_SOURCE[0]}")/../client.sh"

client 24 --debug --timeout 1200 --device mlx5:0 --device snap-blk:2 "$@" -- tools/testing/clients/mlx5/snap

done_testing
