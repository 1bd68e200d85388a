#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The architecture extension of s390, with functions that its machine never shows and with memory
# that runs out, as a program under the sanitizers. It prints TAP already.

cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1
exec scripts/lab chroot make --silent -C tools/testing/unit/s390 OUTPUT=/tmp/s390 check
