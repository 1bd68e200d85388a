#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The firmware of a simulated card is slow to start, and dies under functions that are migrated, and the
# card is pulled out.

# shellcheck source=tools/testing/t/client.sh
. "$(dirname "${BASH_SOURCE[0]}")/client.sh"

client 12 --timeout 300 --device mlx5:2 --device snap-blk:2 "$@" -- tools/testing/clients/mlx5/health

done_testing
