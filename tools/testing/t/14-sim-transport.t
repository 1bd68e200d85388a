#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The simulator's vfio-user server against good and bad clients, under the sanitizers. It prints
# TAP already.

cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1
exec scripts/lab chroot make --silent -C tools/testing/unit/transport OUTPUT=/tmp/transport check
