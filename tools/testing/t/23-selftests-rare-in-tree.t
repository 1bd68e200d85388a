#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The control: the same programs with the kernel's own modules.

# shellcheck source=tools/testing/t/selftests.sh
. "$(dirname "${BASH_SOURCE[0]}")/selftests.sh"

rare --in-tree --timeout 500
