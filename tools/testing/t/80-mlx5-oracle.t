#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The simulated card is honest: the kernel tree's own mlx5 driver for VFIO, unmodified, saves and
# loads its VFs, with internal memory that changes and does not fit into one image.

# shellcheck source=tools/testing/t/client.sh
. "$(dirname "${BASH_SOURCE[0]}")/client.sh"

LAB_QUIET=yes scripts/lab chroot tools/testing/clients/mlx5-oracle build "$client_files/oracle" ||
	bail "the kernel's own driver does not build"
client_modules=(--in-tree)
client 14 --timeout 300 --device mlx5:2,memory=20,rate=4 -- tools/testing/clients/mlx5-oracle
check "the simulator was asked to save and to load" eval \
	"grep -q 'SAVE_VHCA_STATE.*status 0x0,' '$client_files/sim.log' &&
	grep -q 'LOAD_VHCA_STATE.*status 0x0,' '$client_files/sim.log'"

done_testing
