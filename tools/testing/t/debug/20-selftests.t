#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The kselftest programs with our modules under KASAN, lockdep and kmemleak.

# shellcheck source=tools/testing/t/selftests.sh
. "$(dirname "${BASH_SOURCE[0]}")/../selftests.sh"

selftests --debug --timeout 3600 "$@"
