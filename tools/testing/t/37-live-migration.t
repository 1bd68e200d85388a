#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# QEMU migrates a Linux guest between two edu devices, while a driver in the guest keeps the device
# busy and checks all that comes from it.

# shellcheck source=tools/testing/t/client.sh
. "$(dirname "${BASH_SOURCE[0]}")/client.sh"

here=tools/testing/clients/migration

# plotted FILE: the samples of the migration, drawn
plotted() {
	scripts/lab chroot "$here/plot" "$client_files/migration.csv" > "$1" &&
		grep --quiet '</svg>' "$1" && grep --quiet downtime "$1"
}

scripts/lab chroot "$here/guest/initrd" "$client_files/l2.initrd" ||
	bail "the guest's driver and initrd could not be made"
check "a guest boots and is saved before it has a device" \
	scripts/lab chroot "$here/snapshot" "$client_files"

client 15 --timeout 900 --memory 3G --device edu --device edu -- "$here/live"
check "what was sampled of the migration makes a plot" plotted "$client_files/migration.svg"

done_testing
