#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What the documentation says of the sample driver is so. That it builds and runs is 35-edu-variant.t.

# shellcheck source=tools/testing/t/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

sample=samples/vfio-pci/edu_vfio_pci.c
tutorial=Documentation/driver-api/write-a-variant-driver.rst
tests=tools/testing/selftests/vfio/edu_variant.c

# The tutorial's blocks of C, one after the other; blank lines do not count.
tutorial_code() {
	awk '/^\.\. code-block:: c$/ { code = 1; next }
		code && /^[^ ]/ { code = 0 }
		code && NF { print substr($0, 4) }' "$tutorial"
}

code_is_sample() {
	diff <(tutorial_code) <(grep -v '^$' "$sample")
}

# Lines that are neither blank nor a comment.
code_lines() {
	awk '/^[ \t]*\/[*\/]/ { if (!/\*\//) comment = /\/\*/; next }
		comment { if (/\*\//) comment = 0; next }
		NF { lines++ }
		END { print lines }' "$1"
}

readme_counts() {
	local lines
	lines=$(code_lines "$sample")
	grep -q "^  $lines lines of code" README.md || {
		echo "$sample has $lines lines of code; README.md says something else"
		return 1
	}
}

# What it says that the tests print, against the tests that there are on a kernel without iommufd.
listing_is_complete() {
	diff <(sed -n 's/^    ok [0-9]* edu\.//p' "$tutorial") \
		<(sed -n 's/^TEST_F\(_TIMEOUT\)\{0,1\}(edu, \([a-z0-9_]*\).*/\2/p' "$tests")
}

check "the tutorial's code, put together, is the sample" code_is_sample
check "the tutorial lists the tests that run" listing_is_complete
check "README.md tells how long the sample is" readme_counts

done_testing
