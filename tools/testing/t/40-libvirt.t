#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# libvirt manages the device: it takes it from its driver, and gives it back.

# shellcheck source=tools/testing/t/client.sh
. "$(dirname "${BASH_SOURCE[0]}")/client.sh"

client_l2 nvme
client 9 --timeout 900 --device "nvme=$(client_disk nvme)" -- \
	tools/testing/clients/libvirt "$RANDOM$RANDOM"

done_testing
