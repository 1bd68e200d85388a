#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The stream format of mlx5-vfio-pci against bytes that lie, as a program under the sanitizers. It
# prints TAP already.

cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1
exec scripts/lab chroot make --silent -C tools/testing/unit/mlx5 OUTPUT=/tmp/mlx5-framing check
