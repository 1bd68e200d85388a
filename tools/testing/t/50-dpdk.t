#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A userspace driver: DPDK sends packets through a network function.

# shellcheck source=tools/testing/t/client.sh
. "$(dirname "${BASH_SOURCE[0]}")/client.sh"

client 8 --timeout 600 --device igb -- tools/testing/clients/testpmd

done_testing
