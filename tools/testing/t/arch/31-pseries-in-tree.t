#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The control: the same programs with the kernel's own modules.

# shellcheck source=tools/testing/t/arch/selftests.sh
. "$(dirname "${BASH_SOURCE[0]}")/selftests.sh"

selftests ppc64el pseries --in-tree
