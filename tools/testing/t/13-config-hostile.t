#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The config space engine against devices that lie, as a program under the sanitizers. It prints
# TAP already.

cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1
exec scripts/lab chroot make --silent -C tools/testing/unit/config OUTPUT=/tmp/config check
