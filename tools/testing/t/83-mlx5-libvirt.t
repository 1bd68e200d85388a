#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# libvirt gives mlx5 functions to domains by the driver that migrates them, which nobody has named.

# shellcheck source=tools/testing/t/client.sh
. "$(dirname "${BASH_SOURCE[0]}")/client.sh"

client 11 --timeout 600 --device mlx5:1 --device snap-blk:1 -- tools/testing/clients/mlx5/libvirt

done_testing
