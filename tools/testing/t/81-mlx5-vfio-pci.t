#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# mlx5-vfio-pci on a simulated card: VFs of a ConnectX, and the functions that a BlueField emulates.

# shellcheck source=tools/testing/t/client.sh
. "$(dirname "${BASH_SOURCE[0]}")/client.sh"

build=$(scripts/lab build 2>&1 | sed -n 's/.*: built in //p')
[[ $build ]] || bail "our modules do not build: see scripts/lab build"
LAB_QUIET=yes scripts/lab chroot tools/testing/clients/mlx5/oracle \
	"$client_files/oracle" "$build/source" || bail "the kernel's own driver does not build"

client 27 --timeout 300 --device mlx5:4,memory=20 -- \
	tools/testing/clients/mlx5/vf
client 24 --timeout 300 --device mlx5:0 --device snap-blk:2 -- tools/testing/clients/mlx5/snap

done_testing
