#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What make bench concludes from numbers: made-up results of two drivers go in, the verdict comes
# out. Needs the Debian tree.

# shellcheck source=tools/testing/t/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

# In the tree: build bench-report, then for each case write rows to the files of two passes a driver
# and print what it says, and its status. "row ROW OURS IN-TREE" is in all of them, "FILE ROW COST" in
# one.
# shellcheck disable=SC2016
script='
	make --silent -C tools/testing/bench OUTPUT=/tmp /tmp/bench-report >&2 || exit
	cd "$(mktemp -d)"
	put() { printf "%s\tinstructions\t%s\tThe %s\n" "$2" "$3" "$2" >> "$1"; }
	while read -r word a b c; do
		case $word in
		case) rm -f ours.* in-tree.*; printf "* 1.00\nfast 0.50\n" > goals; options=; name=$a ;;
		goals) printf "%b\n" "$a $b${c:+ $c}" > goals ;;
		options) options=$a ;;
		run)
			said=$(/tmp/bench-report $options --goals goals --json j.json --chart c.svg \
				ours.* in-tree.* 2>&1)
			echo "$name: $? $(echo "$said" | tr "\n" " ") $(grep -c "\"name\"" j.json 2>&1)"
			rm -f j.json c.svg
			;;
		row)
			for pass in 1 2; do
				put "ours.$pass" "$a" "$b"
				put "in-tree.$pass" "$a" "$c"
			done
			;;
		*) put "$word" "$a" "$b" ;;
		esac
	done'

said=$(scripts/lab chroot bash -c "$script" <<'END'
case met
row slow 100 100
row fast 50 100
run
case missed
row slow 102 100
row fast 50 100
run
case special
row fast 52 100
run
case unsteady
ours.1 fast 20
ours.2 fast 21
in-tree.1 fast 100
in-tree.2 fast 100
run
case lost
ours.1 slow 100
ours.2 slow 100
in-tree.1 slow 100
in-tree.2 fast 100
run
case once
ours.1 fast 20
in-tree.1 fast 100
run
case unused
goals * 1.00\nabsent 0.5
row fast 20 100
run
case partial
goals * 1.00\nabsent 0.5
options --partial
row fast 20 100
run
case peer
goals * 1.00\nslow 1.00 fast
row slow 30 100
row fast 20 100
run
case turns
ours.1 fast 30
ours.1 fast 20
ours.1 fast 25
ours.2 fast 20
in-tree.1 fast 100
in-tree.2 fast 100
run
case alone
goals * 1.00\nlone 1.50 fast
row fast 20 100
row lone 30 -
run
case dear
goals * 1.00\nlone 1.00 fast
row fast 20 100
row lone 30 -
run
case unloaded
row fast - 100
run
case nonsense
goals * none
row fast 20 100
run
case garbled
ours.1 fast 20x
ours.2 fast 20
in-tree.1 fast 100
in-tree.2 fast 100
run
END
)

# concludes CASE STATUS WORDS: and WORDS are among what was said
concludes() {
	local line

	line=$(grep "^$1: " <<< "$said") || { echo "$said"; return 1; }
	echo "$line"
	[[ $line == "$1: $2 "*"$3"* ]]
}

check 'met goals pass' concludes met 0 '0 missed their goal, 0 differ'
check 'a row above the general goal fails' concludes missed 1 '1 missed their goal'
check 'a row has a goal of its own' concludes special 1 '1 missed their goal'
check 'numbers that differ from pass to pass fail' concludes unsteady 1 UNSTEADY
check 'a row that is missing in a pass is refused' concludes lost 2 'is missing in a pass'
check 'one pass is not enough' concludes once 2 'is missing in a pass'
check 'a goal without a row is refused' concludes unused 2 'no row fits the goal for absent'
check 'unless only some rows were measured' concludes partial 0 '0 missed'
check 'a row can be held to another of ours' concludes peer 1 'at most 1.00 of "The fast": is 1.500'
check 'of several turns in a pass the least counts' concludes turns 0 '0 missed their goal, 0 differ'
check 'a row that only ours can have passes' concludes alone 0 'at most 1.50 of "The fast": is 1.500'
check 'and is held to another of ours' concludes dear 1 '1 missed their goal'
check 'a row that ours has not is refused' concludes unloaded 2 'not vfio-bench'
check 'a goal that is no number is refused' concludes nonsense 2 'goals:1: want'
check 'a result that is no number is refused' concludes garbled 2 'not vfio-bench'
check 'the JSON has every row' grep -q '^met: 0 .* 2$' <<< "$said"

done_testing
