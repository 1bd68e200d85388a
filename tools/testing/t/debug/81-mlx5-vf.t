#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# mlx5-vfio-pci with VFs of a simulated ConnectX, under KASAN, lockdep and kmemleak.

# shellcheck source=tools/testing/t/client.sh
. "$(dirname "${BASH_SOURCE[0]}")/../client.sh"

client 17 --debug --timeout 1200 --device mlx5:4,memory=20 "$@" -- tools/testing/clients/mlx5/vf --no-oracle

done_testing
