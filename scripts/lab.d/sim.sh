# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Simulated devices (tools/testing/sim): a process beside QEMU, whose functions QEMU plugs in as
# vfio-user-pci. All simulated devices of a run are parts of one card, hence one process.

readonly sim_most_vfs=16 sim_most_disks=16 sim_most_liars=8

# sim_is PART: whether a part of a SPEC is simulated.
sim_is() {
	[[ $1 == @(mlx5|snap-blk|liar|igd|allcaps)?([:=]*) ]]
}

# sim_wanted SPEC...: whether any is.
sim_wanted() {
	local spec

	for spec in "$@"; do
		! sim_is "$spec" || return 0
	done
	return 1
}

# sim_disks SPEC: how many disks; sim_image SPEC: on which image, if one is named.
sim_disks() {
	local count=${1#snap-blk:}

	printf '%s' "$((10#${count%%=*}))"
}

sim_image() {
	[[ $1 != *=* ]] || printf '%s' "${1#*=}"
}

# sim_spread SPEC...: the same, a line each, with a SPEC of its own for each disk.
sim_spread() {
	local spec n image

	for spec in "$@"; do
		if [[ ! $spec =~ ^snap-blk:[0-9]{1,2}(=.*)?$ ]]; then
			printf '%s\n' "$spec"
			continue
		fi
		image=$(sim_image "$spec")
		for ((n = $(sim_disks "$spec"); n > 0; n--)); do
			printf '%s\n' "snap-blk:1${image:+=$image}"
		done
	done
}

# sim_check SPEC...: refuse what sim_parse would not understand.
sim_check() {
	local spec cards=0 disks=0 liars=0 first='' singles=''

	for spec in "$@"; do
		[[ $spec != *+* || ! $spec =~ mlx5|snap-blk|liar|igd|allcaps ]] ||
			die "--device $spec: a simulated device has a slot of its own"
		[[ $spec != bridge:@(mlx5|snap|liar|igd|allcaps)* ]] ||
			die "--device $spec: a simulated device is not behind a bridge"
		case $spec in
		mlx5*)
			((++cards == 1)) || die "--device $spec: there is one card in a machine"
			sim_check_card "$spec"
			;;
		snap-blk*)
			[[ $spec =~ ^snap-blk:[1-9][0-9]?(=.*)?$ ]] ||
				die "--device $spec: say how many disks, like snap-blk:2 or snap-blk:2=IMAGE"
			disks=$((disks + $(sim_disks "$spec"))) first=${first:-$spec}
			[[ $spec != *=* ]] || check_image "$spec" "$(sim_image "$spec")"
			;;
		liar*)
			((++liars <= sim_most_liars)) ||
				die "--device $spec: there are $sim_most_liars liars at most"
			[[ $spec =~ ^liar(:[a-z0-9-]+)?$ ]] ||
				die "--device $spec: say which lie, like liar:cap-loop, or liar:open"
			;;
		igd* | allcaps*)
			[[ $spec == @(igd|allcaps) ]] || die "--device $spec: ${spec%%[:=]*} takes no argument"
			[[ " $singles " != *" $spec "* ]] || die "--device $spec: there is one $spec in a machine"
			singles+=" $spec"
			;;
		esac
	done
	((disks <= sim_most_disks)) || die "--device $first: a card emulates $sim_most_disks disks at most"
	((!disks || cards)) ||
		die "--device $first: a card has to emulate it: add --device mlx5:0, or with VFs"
}

sim_check_card() {
	local option options

	IFS=, read -ra options <<< "${1#mlx5}"
	[[ ${options[0]:-} =~ ^:([0-9]|1[0-6])$ ]] ||
		die "--device $1: say how many VFs, 0 to $sim_most_vfs, like mlx5:4"
	for option in "${options[@]:1}"; do
		[[ $option =~ ^(memory|rate|chunk|timeout)=[0-9]{1,4}$ ]] ||
			die "--device $1: \"$option\" is none of memory=MIB, rate=MIB, chunk=MIB, timeout=SECONDS"
	done
}

# sim_arguments SPEC PORT BUS: QEMU's arguments for a card, in the order that devices_arguments
# explains, and the simulator's, in the array sim_options. Disks: one per port, see there.
sim_arguments() {
	local options vfs function id

	IFS=, read -ra options <<< "${1#mlx5:}"
	vfs=$((10#${options[0]}))
	options=("${options[@]:1}")
	sim_options+=(--vfs "$vfs" "${options[@]/#/--}")
	id=dev${#lab_places[@]}
	for ((function = vfs; function > 0; function--)); do
		sim_function "$id-vf$((function - 1))" "vf$((function - 1))" "$3" \
			"$((function / 8)).$((function % 8))"
	done
	sim_function "$id" pf "$3" 0.0
	lab_places+=("mlx5 $2/0000:*:*.0")
}

# sim_disk SPEC PORT BUS: the next of the disks of a SPEC.
sim_disk() {
	local image

	image=$(sim_image "$1")
	if [[ ! $image ]]; then
		image=$lab_run/snap-$sim_n_disks.img
		truncate --size=64M "$image"
	fi
	sim_options+=(--disk "$image")
	sim_function "dev${#lab_places[@]}" "blk$((sim_n_disks++))" "$3" 0.0
	lab_places+=("snap-blk $2/0000:*:*.0")
}

# sim_liar SPEC PORT BUS: the next function that lies.
sim_liar() {
	local how=${1#liar}

	how=${how#:}
	sim_options+=(--liar "${how:-none}")
	# Of ROMs, firmware is to read those of displays only: in some of a liar's it finds no end.
	((sim_n_liars)) || qemu+=(-fw_cfg $'name=etc/pci-optionrom-exec,string=\x01')
	sim_function "dev${#lab_places[@]}" "liar$((sim_n_liars++))" "$3" 0.0
	lab_places+=("liar $2/0000:*:*.0")
}

# sim_single SPEC PORT BUS: a function of which there is one.
sim_single() {
	sim_options+=("--$1")
	sim_function "dev${#lab_places[@]}" "$1" "$3" 0.0
	lab_places+=("$1 $2/0000:*:*.0")
}

# sim_function ID SOCKET BUS ADDRESS
sim_function() {
	local socket="{\"type\": \"unix\", \"path\": \"$lab_run/sim/$2\"}"

	qemu+=(-device "{\"driver\": \"vfio-user-pci\", \"id\": \"$1\", \"bus\": \"$3\", \"addr\": \"$4\",
		\"multifunction\": true, \"socket\": $socket}")
}

# The simulator shares L1's memory.
sim_machine() {
	qemu+=(-object "memory-backend-memfd,id=ram,size=$opt_memory,share=on"
		-machine memory-backend=ram
		-chardev "socket,id=sim,path=$lab_run/sim/control")
}

# The module is built in a folder of its own, so that it is not taken for one of the checkout's.
build_sim() {
	local sim=$lab_build/source/tools/testing/sim

	say "building the simulator"
	build_make simulator "$sim" OUTPUT="$lab_build/sim"
	mkdir -p "$lab_build/sim/l1"
	in_tree rsync --recursive --checksum "$sim/l1/" "$lab_build/sim/l1/"
	build_make "simulator's module" "$kernel_root/usr/lib/modules/$kernel_release/build" \
		M="$lab_build/sim/l1" W=1 KCFLAGS=-Werror modules
	cp "$lab_build/sim/sim" "$lab_run/sim.program"
	cp "$lab_build/sim/l1/lab_vf_bars.ko" "$lab_run/"
}

# sim_start: it is there when this returns, and ends with the namespace.
sim_start() {
	mkdir "$lab_run/sim"
	cp "$lab_run/lab_vf_bars.ko" "$lab_run/share/"
	in_tree "$lab_run/sim.program" --background --verbose "${sim_options[@]}" "$lab_run/sim" \
		> "$lab_run/sim.log" 2>&1 < /dev/null ||
		die "the simulator did not start: $(tail -n 1 "$lab_run/sim.log")"
}

# sim_end: what it said is a result of the run.
sim_end() {
	[[ ! $opt_results ]] || cp "$lab_run/sim.log" "$opt_results/"
}
