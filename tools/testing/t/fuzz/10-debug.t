#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The fuzzer's operations and the concurrency test with our driver under KASAN and lockdep.

# shellcheck source=tools/testing/t/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"

check "ten minutes of the fuzzer's operations without a report" \
	tools/testing/fuzz/fuzz --debug --ours --seconds 600
check "threads on one device file against kill, unbind and reset, of slots too, without a report" \
	tools/testing/fuzz/fuzz --debug --storm --seconds 600
check "and against unplugging" \
	tools/testing/fuzz/fuzz --debug --storm --unplug --seconds 600
done_testing
