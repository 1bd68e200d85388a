# SPDX-License-Identifier: GPL-2.0
#
# From gcov's annotated sources to a table of files and a list of lines that were not reached.
# A line is "COUNT: NUMBER: TEXT"; COUNT is "-" for no code and "#####" or "=====" for never.

function finish(    share) {
	if (file == "" || !lines[file])
		return
	share = 100 * hit[file] / lines[file]
	table = table sprintf("%6.2f%%  %4d of %4d  %s\n", share, hit[file], lines[file], file)
	all += lines[file]
	reached += hit[file]
}

{
	count = $0
	sub(/:.*/, "", count)
	gsub(/[ *]/, "", count)
	rest = substr($0, index($0, ":") + 1)
	number = rest + 0
	text = substr(rest, index(rest, ":") + 1)
}

number == 0 && text ~ /^Source:/ {
	finish()
	file = substr(text, 8)
	# Headers are counted in each file that has them: only our own C files mean something, and of
	# these not what is there for tests.
	if (index(file, source) != 1 || file !~ /\.c$/ || index(file, source "tools/") == 1)
		file = ""
	else
		file = substr(file, length(source) + 1)
	next
}

file == "" || number == 0 || count == "-" { next }

{
	lines[file]++
	if (count ~ /^[#=]+$/)
		missed = missed sprintf("%s:%d:%s\n", file, number, text)
	else
		hit[file]++
}

END {
	finish()
	printf "%s", table | "sort -k5"
	close("sort -k5")
	if (all)
		printf "%6.2f%%  %4d of %4d  all\n", 100 * reached / all, reached, all
	printf "\nLines that were not reached:\n%s", missed
}
