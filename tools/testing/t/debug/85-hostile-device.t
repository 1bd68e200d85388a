#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Functions that lie, with our modules under KASAN, lockdep and kmemleak.

exec "$(dirname "${BASH_SOURCE[0]}")/../85-hostile-device.t" --debug --timeout 1200 "$@"
