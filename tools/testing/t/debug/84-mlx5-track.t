#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The card's page tracking through mlx5-vfio-pci, under KASAN and lockdep: Debian's kernel, which has no
# iommufd, does not ask for it.

cd "$(dirname "${BASH_SOURCE[0]}")/../../../.." || exit 1

exec scripts/lab run --debug --timeout 1200 --device mlx5:2 --device snap-blk:2 "$@" -- \
	tools/testing/clients/mlx5/track
