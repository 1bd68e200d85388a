#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The kselftest programs with our modules on the stock kernel.

# shellcheck source=tools/testing/t/selftests.sh
. "$(dirname "${BASH_SOURCE[0]}")/selftests.sh"

selftests --timeout 600
