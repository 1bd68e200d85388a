#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The kselftest programs with our modules on s390-ccw-virtio.

# shellcheck source=tools/testing/t/arch/selftests.sh
. "$(dirname "${BASH_SOURCE[0]}")/selftests.sh"

selftests s390x s390-ccw-virtio
