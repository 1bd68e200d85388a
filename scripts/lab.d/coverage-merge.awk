# SPDX-License-Identifier: GPL-2.0
#
# From the coverage.txt of several runs (coverage.awk) to that of all together: a line was reached if
# a run reached it. A file is in the tables of those runs only that had its module.
#
#	  62.50%     5 of    8  drivers/file.c
#	...
#	Lines that were not reached:
#	drivers/file.c:7:	text

FNR == 1 { runs++ }

# The sum, which is made anew.
$3 == "of" && $5 == "all" { next }

$1 ~ /%$/ && $3 == "of" {
	lines[$5] = $4
	tables[$5]++
	next
}

match($0, /^[^ :]+\.c:[0-9]+:/) {
	place = substr($0, 1, RLENGTH - 1)
	text[place] = $0
	missed[place]++
}

END {
	for (place in missed) {
		file = place
		sub(/:[0-9]+$/, "", file)
		# Missed by each of the runs that had the file.
		if (missed[place] < tables[file])
			delete text[place]
		else
			lost[file]++
	}
	for (file in lines) {
		all += lines[file]
		never += lost[file]
		printf "%6.2f%%  %4d of %4d  %s\n", 100 * (lines[file] - lost[file]) / lines[file],
			lines[file] - lost[file], lines[file], file | "sort -k5"
	}
	close("sort -k5")
	if (!all)
		exit 1
	printf "%6.2f%%  %4d of %4d  all\n", 100 * (all - never) / all, all - never, all
	print "\nLines that were not reached:"
	for (place in text)
		print text[place] | "sort -t: -k1,1 -k2,2n"
	close("sort -t: -k1,1 -k2,2n")
}
