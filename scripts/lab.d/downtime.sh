# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# "mlx5-downtime [MIB...]": how long a VF of a simulated card stands still when it is migrated, by the size
# of its state, with PRE_COPY and without; as a table and a picture.

downtime_main() {
	local here=tools/testing/clients/mlx5 size numbers=$lab_cache/mlx5-downtime.csv
	local plot=$lab_cache/mlx5-downtime.svg
	local -a sizes=("$@")

	((${#sizes[@]})) || sizes=(64 256 1024)
	for size in "${sizes[@]}"; do
		# What the card's option takes.
		[[ $size =~ ^[1-9][0-9]{0,3}$ && $size -le 8192 ]] ||
			die "mlx5-downtime: \"$size\" is no size of 1 to 8192 MiB"
	done
	mkdir -p "$lab_cache"
	: > "$numbers"
	for size in "${sizes[@]}"; do
		say "two VFs with $size MiB of state, 4 MiB of which change in a second"
		"$lab_checkout/scripts/lab" run --timeout 1200 --device "mlx5:2,memory=$size,rate=4" -- \
			"$here/downtime" "$size" >> "$numbers" || die "no numbers for $size MiB"
	done
	"$lab_checkout/scripts/lab" chroot "$here/plot-downtime" "$numbers" > "$plot" ||
		die "the plot was not drawn"
	say "the numbers are in $numbers, the plot is $plot"
}
