# SPDX-License-Identifier: GPL-2.0-only
#
# Makes one TAP stream of what test programs printed, a file each, named PROGRAM.log or
# BDF.PROGRAM; the last line of a file is "# status", the program's exit status, and perhaps more.
#
# A program has to give a result for each test that it planned, and one that finds nothing to test
# ends with status 4 and says nothing else. A skipped test has not passed. What failed is told on
# standard error, too, since prove keeps the rest to itself.

function result(good, name) {
	# A directive would make prove take the failure for none.
	sub(/# (SKIP|XFAIL|TODO)/, "did not run:", name)
	name = program ": " name
	printf "%s %d - %s\n", good ? "ok" : "not ok", ++count, name
	if (!good) {
		failed++
		printf "%s# failed: %s\n", told, name > "/dev/stderr"
	}
	told = ""
}

BEGIN { print "TAP version 13" }

FNR == 1 {
	program = FILENAME
	sub(/\.log$/, "", program)
	# A BDF has a dot of its own.
	if (match(program, /^[0-9a-f]+:[0-9a-f]+:[0-9a-f]+\.[0-7]\./))
		program = substr(program, RLENGTH + 1) " " substr(program, 1, RLENGTH - 1)
	planned = seen = 0
	told = ""
}

/^1\.\./ {
	planned = substr($0, 4)
	next
}

/^(not )?ok / {
	good = $1 == "ok" && $0 !~ /# (SKIP|XFAIL|TODO)/
	sub(/^(not )?ok [0-9]+ /, "")
	result(good, $0)
	seen++
	next
}

/^# status / {
	# Any status but 0 wants tests that failed to show for it.
	if ($3 > 1 && !($3 == 4 && FNR == 1) || $3 == 1 && !seen || planned != seen)
		result(0, "it ends as it should: status " $3 ", " seen " of " planned)
	next
}

/^TAP|^# (Starting|RUN|OK|PASSED|FAILED|Totals)|^#  / { next }

{
	line = /^#/ ? $0 : "# " $0
	print line
	told = told line "\n"
}

END {
	print "1.." count + 0
	printf "# %d passed, %d failed\n", count - failed, failed
	exit failed > 0 || !count
}
