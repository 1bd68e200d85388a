#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Our modules come onto a host and go off again: by make, and by DKMS.

# shellcheck source=tools/testing/t/client.sh
. "$(dirname "${BASH_SOURCE[0]}")/client.sh"

client_relay 19 '' env LAB_QUIET=yes scripts/lab chroot tools/testing/clients/install "$client_files/install"

done_testing
