#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# QEMU migrates a Linux guest between two VFs of a simulated ConnectX, while the guest's own stock
# mlx5_core drives the VF: it executes commands and receives events, without a reset or a complaint.

# shellcheck source=tools/testing/t/client.sh
. "$(dirname "${BASH_SOURCE[0]}")/../client.sh"

here=tools/testing/clients/mlx5

scripts/lab chroot "$here/guest/initrd" "$client_files/l2.initrd" mlx5_core ||
	bail "the guest's program and initrd could not be made"
check "a guest boots and is saved before it has a function" \
	scripts/lab chroot tools/testing/clients/migration/snapshot "$client_files"
client 8 --timeout 1200 --memory 3G --device mlx5:2 -- "$here/live" card 4

done_testing
