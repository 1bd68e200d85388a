# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# L1's machine where --arch names one, and where its devices go: each gets a host bridge of its own,
# since on these machines that is what makes an IOMMU group.

# The zPCI architecture has no interrupts but MSI-X.
readonly lab_zpci_devices=' virtio-blk nvme igb e1000e '

arch_devices_check() {
	local spec limit=24

	[[ $opt_machine != powernv9 ]] || limit=5
	(($# <= limit)) || die "no more than $limit --device have a place on $opt_machine"
	for spec in "$@"; do
		! sim_is "$spec" ||
			die "--device $spec: simulated devices go with the lab's own architecture only"
		[[ $spec != bridge:* ]] || die "--device $spec: $opt_machine has no such bridge here"
		[[ $opt_machine == s390-ccw-virtio ]] || continue
		[[ $spec != *+* ]] || die "--device $spec: a zPCI slot has one function here"
		[[ $lab_zpci_devices == *" ${spec%%[=:]*} "* ]] ||
			die "--device $spec: zPCI wants MSI-X; there are:$lab_zpci_devices"
	done
}

arch_qemu_machine() {
	local append=(loglevel=7 panic=-1 oops=panic nowatchdog rcupdate.rcu_cpu_stall_timeout=120)

	qemu=(-no-user-config -display none -no-reboot -name L1 -m "$opt_memory"
		-accel "tcg,thread=multi" -smp "${opt_cpus:-2}")
	"arch_machine_${opt_machine//-/_}"
	qemu+=(-kernel "$kernel_image" -initrd "$lab_run/initrd" -append "${append[*]} $*")
	arch_devices "${opt_devices[@]}"
}

# shellcheck disable=SC2054 # the commas are QEMU's
arch_machine_s390_ccw_virtio() {
	qemu=(qemu-system-s390x -nodefaults -M s390-ccw-virtio -cpu max "${qemu[@]}"
		-chardev "file,id=console,path=$lab_run/console.log" -device "sclpconsole,chardev=console")
	append+=(console=ttysclp0)
	qemu_bus=ccw qemu_share_place='' qemu_ports_place=''
}

# With -nodefaults the host bridges would have no root ports. The first one is the lab's own.
# shellcheck disable=SC2054
arch_machine_powernv9() {
	qemu=(qemu-system-ppc64 -M powernv9 "${qemu[@]}" -monitor none -net none -vga none
		-serial "file:$lab_run/console.log")
	append+=(console=hvc0)
	qemu_share_place=bus=pcie.0,multifunction=on,addr=0.%n
	qemu_ports_place=bus=pcie.0,multifunction=on,addr=0.7
}

# TCG has none of the mitigations that the machine offers by default, and would say so.
# shellcheck disable=SC2054
arch_machine_pseries() {
	qemu=(qemu-system-ppc64 -nodefaults
		-M "pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off"
		-cpu power9 "${qemu[@]}"
		-chardev "file,id=console,path=$lab_run/console.log" -device "spapr-vty,chardev=console")
	append+=(console=hvc0)
	# Else they would go to the last host bridge, into the group of a device.
	qemu_share_place=bus=pci.0,multifunction=on,addr=2.%n
	qemu_ports_place=bus=pci.0,addr=1d
}

# arch_devices SPEC...: as devices_arguments does on the lab's own architecture.
arch_devices() {
	local spec parts function id place number=0

	for spec in "$@"; do
		number=$((number + 1))
		IFS=+ read -ra parts <<< "$spec"
		for function in "${!parts[@]}"; do
			id=dev${#lab_places[@]}
			"arch_place_${opt_machine//-/_}" "$number" "$function" "$id"
			device_arguments "${parts[function]}" "$id" "$place"
			qemu[-1]=${qemu[-1]/,ats=on/}
			qemu[-1]=${qemu[-1]%,}
		done
	done
}

# arch_place_MACHINE NUMBER FUNCTION ID: add what the device goes to, say where that is to QEMU
# ($place) and to L1 (lab_places).

arch_place_s390_ccw_virtio() {
	qemu+=(-device "zpci,uid=$1,fid=$1,target=$3")
	place=
	lab_places+=("${parts[$2]%%[=:]*} $(printf '%04x:00:00.0' "$1")")
}

arch_place_powernv9() {
	place=bus=pcie.$1,multifunction=on,addr=0.$2
	lab_places+=("${parts[$2]%%[=:]*} $(printf '%04x:00:00.0/%04x:*:*.%d' "$1" "$1" "$2")")
}

arch_place_pseries() {
	(($2)) || qemu+=(-device "spapr-pci-host-bridge,id=phb$1,index=$1")
	place=bus=phb$1.0,multifunction=on,addr=1.$2
	lab_places+=("${parts[$2]%%[=:]*} $(printf '%04x:00:01.%d' "$1" "$2")")
}
