#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The programs of 22-graphics.t with the kernel's own modules: what passes here passes with ours.

# shellcheck source=tools/testing/t/selftests.sh
. "$(dirname "${BASH_SOURCE[0]}")/selftests.sh"

displays --in-tree --timeout 400
