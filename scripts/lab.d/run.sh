# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# "run" and "shell": from options to an exit status.

run_defaults() {
	opt_devices=() opt_modules=ours opt_kernel=stock opt_icount='' opt_terminal='' opt_drivers=yes
	opt_arch='' opt_machine=''
	opt_timeout=600 opt_memory=2G opt_cpus='' opt_results='' opt_log='' opt_append=()
	opt_coverage=''
}

# run_parse ARG...: options into opt_*, the command into lab_command.
run_parse() {
	run_defaults
	while (($#)); do
		case $1 in
		--device) argument "$@" && opt_devices+=("$2") && shift ;;
		--in-tree) opt_modules=in-tree ;;
		--no-vfio) opt_modules=none ;;
		--no-drivers) opt_drivers='' ;;
		--debug) opt_kernel=debug ;;
		--icount) opt_icount=yes ;;
		--arch) argument "$@" && opt_arch=$2 && shift ;;
		--machine) argument "$@" && opt_machine=$2 && shift ;;
		--coverage) opt_coverage=yes ;;
		--timeout) argument "$@" && opt_timeout=$2 && shift ;;
		--memory) argument "$@" && opt_memory=$2 && shift ;;
		--cpus) argument "$@" && opt_cpus=$2 && shift ;;
		--results) argument "$@" && opt_results=$2 && shift ;;
		--log) argument "$@" && opt_log=$2 && shift ;;
		--append) argument "$@" && opt_append+=("$2") && shift ;;
		--) shift && break ;;
		-*) die "run has no option $1: see \"scripts/lab help\"" ;;
		*) break ;;
		esac
		shift
	done
	lab_command=("$@")
	[[ $opt_timeout =~ ^[1-9][0-9]*$ ]] || die "--timeout wants a number of seconds"
	[[ ${opt_cpus:-1} =~ ^[1-9][0-9]?$ ]] || die "--cpus wants a number"
	[[ $opt_memory =~ ^[1-9][0-9]*[MG]$ ]] || die "--memory wants a size, like 2G"
	coverage_check
	devices_check "${opt_devices[@]}"
	arch_check
	[[ ! $opt_arch ]] || arch_devices_check "${opt_devices[@]}"
}

argument() {
	[[ ${2:---} != -- ]] || die "$1 wants an argument: see \"scripts/lab help\""
}

# run_options MODE ARG...: the same on both sides of "enter".
run_options() {
	local mode=$1
	shift

	run_parse "$@"
	if [[ $mode == shell ]]; then
		opt_terminal=yes opt_timeout=86400
		((${#lab_command[@]})) || lab_command=(bash -i)
	fi
	build_names
	[[ ! $opt_arch ]] || arch_names
}

run_main() {
	run_options "$@"
	((${#lab_command[@]})) || die "run what? \"scripts/lab run [OPTIONS] -- COMMAND\""
	[[ ! $opt_terminal || (-t 0 && -t 1) ]] || die "shell wants a terminal; run does not"
	build_check
	[[ ! $opt_results ]] || mkdir -p "$opt_results"
	[[ ! $opt_log ]] || : > "$opt_log"
	tree_setup
	[[ ! $opt_arch ]] || arch_setup
	[[ $opt_kernel == stock ]] || kernel_debug_setup
	enter run_inside "$@" || exit
}

# run_inside MODE ARG..., in a namespace: everything from here on ends with it.
run_inside() {
	local layers=() shares=() status=0 qemu_shares=0

	run_options "$@"
	lab_places=() qemu=() sim_options=() sim_n_disks=0 sim_n_liars=0
	run_root
	build_all
	mkdir "$lab_run/share" "$lab_run/results"
	# In the root that QEMU sees: what is mounted outside of it later does not appear in it.
	[[ ! $opt_results ]] || mount --bind "$opt_results" "$lab_root$lab_run/results"
	run_machine
	run_files
	say "L1 starts: ${opt_machine:+$opt_machine, }$opt_kernel kernel $kernel_release, $(run_modules)${opt_devices[*]:+, devices ${opt_devices[*]}}"
	! sim_wanted "${opt_devices[@]}" || sim_start
	run_output in_tree_qemu || status=$?
	! sim_wanted "${opt_devices[@]}" || sim_end
	[[ ! $opt_coverage ]] || coverage_report
	run_verdict "$status"
}

run_modules() {
	case $opt_modules in
	ours) printf 'this checkout'"'"'s vfio-pci' ;;
	in-tree) printf 'its own vfio-pci' ;;
	none) printf 'no vfio-pci' ;;
	esac
}

# The root of what is run here, and which kernel that is for: kernel_root has its modules ("" for the
# tree's own), l1_root is what L1 has for a root, cross what a compiler's name begins with.
run_root() {
	kernel_root='' l1_root=$lab_tree cross=''
	mount_root "$lab_tree"
	if [[ $opt_arch ]]; then
		arch_mount
		kernel_release=$(arch_kernel "$lab_target")
		kernel_image=$(echo "$lab_target"/boot/vmlinu?-"$kernel_release")
		kernel_root=$lab_target l1_root=$lab_target cross=${lab_arch_triplet[$opt_arch]}-
	elif [[ $opt_kernel == debug ]]; then
		debug_names
		kernel_release=$(< "$lab_debug/release")
		kernel_image=$lab_debug/vmlinuz kernel_root=$lab_debug/root
	else
		kernel_release=$(tree_kernel)
		kernel_image=$lab_tree/vmlinux
	fi
}

# The shares of L1: layers of its root, uppermost first, and folders with a path of their own.
run_machine() {
	local layer

	${opt_arch:+arch_}qemu_machine "${opt_append[@]}"
	[[ $opt_modules != ours ]] || layers+=("built:$lab_run/built")
	[[ $opt_kernel != debug ]] || layers+=("kernel:$kernel_root")
	layers+=("tree:$l1_root")
	for layer in "${layers[@]}"; do
		qemu_share "${layer%%:*}" "${layer#*:}"
	done
	run_share run "$lab_run/share" /run/lab ro,cache=loose
	run_share results "$lab_run/results" /run/results cache=none
	run_share checkout "$lab_checkout" "$lab_checkout" ro,cache=loose
	run_share build "$lab_build" "$lab_build" ro,cache=loose
	qemu_ports
}

# run_share TAG PATH PATH-IN-L1 OPTIONS
run_share() {
	qemu_share "$1" "$2" "$4"
	shares+=("$1 $3 $4")
}

# What L1 is told: in the initrd what to mount, in /run/lab what to do.
run_files() {
	local modules=(netfs 9pnet 9pnet_virtio 9p overlay virtio_pci virtio_console)
	local iommu=vfio_iommu_type1 terminal=/dev/hvc0
	local -a places=("${lab_places[@]}")

	# Whose own console is hvc0, too.
	[[ $opt_arch != ppc64el ]] || iommu=vfio_iommu_spapr_tce terminal=/dev/hvc1

	[[ ! $opt_drivers ]] || devices_drivers modules "${opt_devices[@]}"
	printf '%s\n' "${layers[@]%%:*}" > "$lab_run/layers"
	printf '%s\n' "${shares[@]}" > "$lab_run/shares"
	LAB_MODULES_BASE=$kernel_root LAB_BUSYBOX=${opt_arch:+$l1_root}/usr/bin/busybox in_tree bash -c '. scripts/lab.d/initrd.sh; initrd_make "$@"' \
		initrd "$lab_run/initrd" "$lab_parts/l1/init" "$kernel_release" "${modules[@]}" \
		-- "$lab_run/layers" "$lab_run/shares"
	cp "$lab_parts"/l1/{main,monitor,sim,xive} "$lab_run/share/"
	{
		declare -p places
		printf 'export %s=%q\n' LAB_MODULES "$opt_modules" LAB_KERNEL "$opt_kernel" \
			LAB_ARCH "${opt_arch:-amd64}" LAB_MACHINE "${opt_machine:-q35}" \
			LAB_CHECKOUT "$lab_checkout" LAB_BUILD "$lab_build" LAB_RESULTS /run/results
		printf '%s=%q\n' LAB_TERMINAL "${opt_terminal:+$terminal}" LAB_IOMMU "$iommu" \
			LAB_TERMINAL_SIZE "${opt_terminal:+$(stty size)}"
		printf '%s=%q\n' LAB_COVERAGE "$opt_coverage"
	} > "$lab_run/share/env"
	printf '%q ' exec "${lab_command[@]}" > "$lab_run/share/command"
}

# QEMU with its time limit.
in_tree_qemu() {
	in_tree timeout --foreground --kill-after=5 "$opt_timeout" "${qemu[@]}" <&0
}

# run_output COMMAND...: while COMMAND runs, what the command in L1 says is passed on, however slowly
# it is read.
run_output() {
	local status=0 running readers=()

	touch "$lab_run/stdout" "$lab_run/stderr"
	sleep infinity &
	running=$!
	tail --bytes=+1 --follow --sleep-interval=0.2 --pid=$running "$lab_run/stdout" &
	readers+=($!)
	tail --bytes=+1 --follow --sleep-interval=0.2 --pid=$running "$lab_run/stderr" >&2 &
	readers+=($!)
	"$@" || status=$?
	kill $running
	wait "${readers[@]}" || :
	return $status
}

# run_verdict STATUS-OF-QEMU: what the run comes to.
run_verdict() {
	local log=$lab_run/console.log reports answer status

	[[ ! $opt_log ]] || cp "$log" "$opt_log"
	answer=$(tail -n 1 "$lab_run/control" 2>/dev/null) || answer=
	reports=$(watch_reports "$log") || reports=
	if [[ $reports ]]; then
		watch_print "$log" "${reports%%$'\n'*}" >&2
		say "the command's own end: ${answer:-none}"
		printf 'lab: the kernel complained during the run: %s\n' "${reports%%$'\n'*}" >&2
		exit "$LAB_REPORTED"
	fi
	if reports=$(watch_blind "$log"); then
		say "lockdep saw nothing of what came after a cycle of the kernel's own locks: $reports"
	fi
	case $answer in
	'exit '*)
		status=${answer#exit }
		say "L1 has ended; the command's status is $status"
		exit "$status"
		;;
	'broken '*)
		tail -n 20 "$log" >&2
		die "${answer#broken }"
		;;
	esac
	printf -- '---- end of kernel log ----\n' >&2
	tail -n 20 "$log" >&2
	if (($1 == 124 || $1 == 137)); then
		printf 'lab: the run took longer than %d s and was stopped (--timeout)\n' "$opt_timeout" >&2
		exit "$LAB_TIMEOUT"
	fi
	die "L1 ended before the command did (QEMU's status $1); the end of its kernel log is above"
}
