#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The main job: QEMU gives two disks and a network VF to a Linux guest.

# shellcheck source=tools/testing/t/client.sh
. "$(dirname "${BASH_SOURCE[0]}")/client.sh"

# New for each run, so that what an earlier one wrote proves nothing.
token=$(head -c 6 /dev/urandom | od -An -tx1 | tr -d ' \n')

virtio_image=$(client_disk virtio-blk)
nvme_image=$(client_disk nvme)

# message_in IMAGE NAME: the sentence that l2-init writes at 1 MiB
message_in() {
	dd if="$1" bs=512 skip=2048 count=1 status=none | head -n 1 |
		grep --quiet --fixed-strings --line-regexp "L2 wrote this through $2, $token"
}

# pattern_in IMAGE NAME: and the MiB of pattern at 8 MiB
pattern_in() {
	cmp --bytes=1048576 <(dd if="$1" bs=1M skip=8 count=1 status=none) <(yes "$2 $token")
}

client_l2 virtio_pci virtio_blk nvme igbvf
client 30 --timeout 900 --device "virtio-blk=$virtio_image" --device "nvme=$nvme_image" \
	--device igb -- tools/testing/clients/passthrough "$token"

check "virtio-blk: L2's message stands in L0's image" message_in "$virtio_image" virtio-blk
check "virtio-blk: L2's MiB of pattern stands in L0's image" pattern_in "$virtio_image" virtio-blk
check "nvme: L2's message stands in L0's image" message_in "$nvme_image" nvme
check "nvme: L2's MiB of pattern stands in L0's image" pattern_in "$nvme_image" nvme

done_testing
