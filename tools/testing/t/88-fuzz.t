#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A short run of the differential fuzzer, by one seed, and of the concurrency test.

# shellcheck source=tools/testing/t/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

check "what the fuzzer does comes to the same with our driver and the kernel's own" \
	tools/testing/fuzz/fuzz --seconds 40 --seed 1
check "a device survives many threads that are killed, unbound, reset and unplugged" \
	tools/testing/fuzz/fuzz --storm --unplug --model edu --model edu --model nvme \
	--model e1000e --seconds 20 --seed 1
done_testing
