#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Modules (W=1, -Werror) and test programs build for the other architectures. What they do there is
# make check-arch's to tell.

# shellcheck source=tools/testing/t/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

for arch in s390x ppc64el; do
	scripts/lab setup --arch "$arch" || exit
	check "$arch: modules and test programs build without a warning" \
		scripts/lab build --arch "$arch"
done

done_testing
