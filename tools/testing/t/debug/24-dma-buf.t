#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Ranges of a BAR as a dma-buf that another device reaches, under KASAN, lockdep and kmemleak: Debian's
# kernel has no importers that the library takes. The kernel lets devices of different root ports reach
# each other where the processor is one that it knows to do so; with KVM that is the host's.

cd "$(dirname "${BASH_SOURCE[0]}")/../../../.." || exit 1

exec scripts/lab run --debug --timeout 600 --device ivshmem:256M --device edu "$@" -- \
	tools/testing/selftests/vfio/run_dma_buf_import
