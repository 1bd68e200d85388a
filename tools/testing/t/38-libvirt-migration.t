#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# "virsh migrate" moves a guest with a passed-through device from one libvirt to another.

# shellcheck source=tools/testing/t/client.sh
. "$(dirname "${BASH_SOURCE[0]}")/client.sh"

here=tools/testing/clients/migration

scripts/lab chroot "$here/guest/initrd" "$client_files/l2.initrd" ||
	bail "the guest's driver and initrd could not be made"
check "libvirt boots a guest and saves it before it has a device" \
	scripts/lab chroot "$here/libvirt-save" "$client_files"
client 12 --timeout 900 --memory 3G --device edu --device edu -- "$here/libvirt"

done_testing
