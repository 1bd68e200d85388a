#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# mlx5-vfio-pci and the stock mlx5_core on a simulated card, over and over: nothing is left behind. Few
# times here; MLX5_MANY="20 10 100" in the environment, as "make check-mlx5-long" has it, for as many.

# shellcheck source=tools/testing/t/client.sh
. "$(dirname "${BASH_SOURCE[0]}")/client.sh"

read -ra many <<< "${MLX5_MANY:-4 1 5}"
client 9 --timeout 1800 --device mlx5:8,chunk=1 -- tools/testing/clients/mlx5/many "${many[@]}"

done_testing
