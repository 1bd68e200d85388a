#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# QEMU migrates a Linux guest between two virtio-blk functions of a simulated BlueField, while the
# guest writes numbered blocks to the disk that is behind both.

# shellcheck source=tools/testing/t/client.sh
. "$(dirname "${BASH_SOURCE[0]}")/client.sh"

here=tools/testing/clients/mlx5

scripts/lab chroot "$here/guest/initrd" "$client_files/l2.initrd" ||
	bail "the guest's program and initrd could not be made"
check "a guest boots and is saved before it has a disk" \
	scripts/lab chroot tools/testing/clients/migration/snapshot "$client_files"
disk=$(client_disk disk)

client 8 --timeout 900 --memory 3G --device mlx5:0 --device "snap-blk:2=$disk" -- "$here/live" disk 4
check "no write is missing in the image, none came twice or late" scripts/lab chroot "$here/image" "$disk"

done_testing
