# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# --coverage: which lines of our modules a run reached. The modules are built for gcov in a folder of
# their own; L1 leaves the kernel's counters with its results, and gcov joins the two here.

coverage_check() {
	[[ ! $opt_coverage ]] || [[ $opt_kernel == debug && $opt_modules == ours ]] ||
		die "--coverage counts in our modules on the debug kernel: it wants --debug, and no --in-tree or --no-vfio"
}

# coverage_report: coverage.txt among the results, and its table on stderr.
coverage_report() {
	# With --results L1's are mounted where QEMU sees them, and only there.
	local results=${opt_results:-$lab_run/results} source=$lab_build/source
	local counters=$results/gcov out=$results/coverage.txt counter object

	[[ -d $counters ]] || die "L1 left no counters; its kernel log has the reason"
	find "$source" -name '*.gcda' -delete
	while IFS= read -r counter; do
		object=${counter#"$counters"}
		[[ -e ${object%.gcda}.gcno ]] || die "$object was not built here: is another build in its place?"
		cp "$counter" "$object"
	done < <(find "$counters" -name '*.gcda' -path "*$source/*" ! -name '*.mod.gcda')
	in_tree find "$source" -name '*.gcda' -exec gcov --stdout {} + > "$lab_run/coverage.gcov" \
		2> "$lab_run/coverage.errors" || die "gcov failed: $(tail -n 1 "$lab_run/coverage.errors")"
	awk -v source="$source/" -f "$lab_parts/coverage.awk" "$lab_run/coverage.gcov" > "$out"
	sed '/^$/,$d' "$out" >&2
}
