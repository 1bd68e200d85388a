#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A card whose firmware dies, and that is pulled out, with our modules under KASAN, lockdep and kmemleak.

exec "$(dirname "${BASH_SOURCE[0]}")/../87-mlx5-health.t" --debug --timeout 1200 "$@"
