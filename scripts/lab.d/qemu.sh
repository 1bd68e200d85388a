# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# L1's machine, as the array qemu.

# A paravirtual KVM without VMX or SVM has a /dev/kvm too, and hangs a stock kernel.
qemu_accelerator() {
	local cpu=max

	# From family 23 of AMD on the kernel lets devices below different root ports reach each other.
	[[ $opt_kernel != debug ]] || cpu=max,family=23,model=49
	if [[ ! $opt_icount && -r /dev/kvm && -w /dev/kvm ]] && grep -qwE 'vmx|svm' /proc/cpuinfo; then
		qemu+=(-accel kvm -cpu host -smp "${opt_cpus:-2}")
	elif [[ $opt_icount ]]; then
		qemu+=(-accel "tcg,thread=single" -cpu max -smp "${opt_cpus:-1}" -icount "shift=0,sleep=off")
	else
		qemu+=(-accel "tcg,thread=multi" -cpu "$cpu" -smp "${opt_cpus:-2}")
	fi
}

# On a busy L0 a virtual processor may stand still for long: no test of the timer, no
# watchdogs, and much patience before RCU calls that a stall.
qemu_machine() {
	local append=(
		console=ttyS0 loglevel=7 panic=-1 oops=panic
		no_timer_check nowatchdog rcupdate.rcu_cpu_stall_timeout=120
		intel_iommu=on iommu=nopt "$@"
	)

	# A guest that is held up while it measures its TSC has a clock that runs up to 15 times too
	# fast, and all time limits with it. The HPET counts in QEMU's own time.
	if [[ $opt_icount ]]; then
		append+=(tsc=reliable)
	else
		append+=(tsc=unstable clocksource=hpet)
	fi

	qemu=(qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot
		-name L1 -m "$opt_memory" -M "q35,kernel-irqchip=split,sata=off,smbus=off")
	qemu_accelerator
	# Else root ports never say that their link is up, and a bus reset times out over it.
	qemu+=(-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off)
	qemu+=(-kernel "$kernel_image" -initrd "$lab_run/initrd" -append "${append[*]}"
		-serial "file:$lab_run/console.log"
		-device "intel-iommu,intremap=on,caching-mode=on,device-iotlb=on")
	! sim_wanted "${opt_devices[@]}" || sim_machine
	devices_arguments "${opt_devices[@]}"
}

# Where the lab's own devices go, unless the machine of another architecture says otherwise; %n is
# the number of the share.
qemu_bus=pci
qemu_share_place=multifunction=on,addr=2.%n
qemu_ports_place=addr=1d

# qemu_share TAG PATH [OPTIONS]: a 9p share, read-only unless its mount options lack "ro".
qemu_share() {
	local place=${qemu_share_place//%n/$((qemu_shares++))} readonly=on

	[[ ${3:-ro} == ro* ]] || readonly=off
	qemu+=(-fsdev "local,id=$1,path=$2,security_model=none,multidevs=remap,readonly=$readonly"
		-device "virtio-9p-$qemu_bus,fsdev=$1,mount_tag=$1${place:+,$place}")
}

# The command's output goes to files, which always take it: L1 ends without asking whether QEMU is rid
# of the last of it. run_output passes them on.
qemu_ports() {
	local monitor=$lab_run/monitor

	# shellcheck disable=SC2054 # the commas are QEMU's
	qemu+=(-device "virtio-serial-$qemu_bus,id=ports,max_ports=8${qemu_ports_place:+,$qemu_ports_place}"
		-chardev "file,id=stdout,path=$lab_run/stdout,append=on"
		-chardev "file,id=stderr,path=$lab_run/stderr,append=on"
		-chardev "file,id=control,path=$lab_run/control"
		# L1's end of the monitor is the client of a socket whose server is the monitor.
		-chardev "socket,id=monitor,path=$monitor,server=on,wait=off"
		-object "monitor-qmp,id=qmp,chardev=monitor"
		-chardev "socket,id=wire,path=$monitor")
	[[ ! $opt_terminal ]] ||
		qemu+=(-chardev "stdio,id=terminal,signal=off" -device "virtconsole,chardev=terminal,bus=ports.0,nr=0")
	qemu+=(-device "virtserialport,chardev=stdout,name=lab.stdout,bus=ports.0,nr=1"
		-device "virtserialport,chardev=stderr,name=lab.stderr,bus=ports.0,nr=2"
		-device "virtserialport,chardev=control,name=lab.control,bus=ports.0,nr=3"
		-device "virtserialport,chardev=wire,name=lab.monitor,bus=ports.0,nr=4")
	! sim_wanted "${opt_devices[@]}" ||
		qemu+=(-device "virtserialport,chardev=sim,name=lab.sim,bus=ports.0,nr=5")
}
