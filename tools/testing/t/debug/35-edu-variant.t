#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The sample variant driver under KASAN, lockdep and kmemleak.

exec "$(dirname "${BASH_SOURCE[0]}")/../35-edu-variant.t" --debug --timeout 1200 "$@"
