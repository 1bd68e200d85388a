#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The kselftest programs on displays, with VGA's addresses and a shadowed ROM, on Intel's graphics and what
# these have outside of the function, and on a function with capabilities of all kinds.

# shellcheck source=tools/testing/t/selftests.sh
. "$(dirname "${BASH_SOURCE[0]}")/selftests.sh"

rare --timeout 500
