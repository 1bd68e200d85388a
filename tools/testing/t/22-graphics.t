#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The kselftest programs on displays: VGA's addresses and a shadowed ROM, and what Intel's graphics have
# outside of the function. With our modules; 23 has the kernel's own as the control.

# shellcheck source=tools/testing/t/selftests.sh
. "$(dirname "${BASH_SOURCE[0]}")/selftests.sh"

displays --timeout 400
