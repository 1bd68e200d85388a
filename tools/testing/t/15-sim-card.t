#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The simulated card against small drivers and mad ones, without QEMU, under the sanitizers. It
# prints TAP already.

cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1
exec scripts/lab chroot make --silent -C tools/testing/unit/sim OUTPUT=/tmp/sim-card check
