# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the client programs, which run in L1: its devices, their drivers, and guests ("L2").

# shellcheck source=tools/testing/clients/results.sh
. "${BASH_SOURCE[0]%/*}/results.sh"

# device NAME: the address of L1's device of that name.
device() {
	local entry

	for entry in $LAB_DEVICES; do
		[[ $entry == "$1="* ]] || continue
		printf '%s' "${entry#*=}"
		return
	done
	die "L1 has no device \"$1\": start it with --device $1"
}

driver_of() {
	local link

	link=$(readlink "/sys/bus/pci/devices/$1/driver") || link=none
	printf '%s' "${link##*/}"
}

# vfio_take ADDRESS: from its own driver to vfio-pci, as an administrator does it.
vfio_take() {
	local device=/sys/bus/pci/devices/$1

	echo vfio-pci > "$device/driver_override" || return
	[[ ! -e $device/driver ]] || echo "$1" > "$device/driver/unbind" || return
	echo "$1" > /sys/bus/pci/drivers_probe
}

# vfio_return ADDRESS: back to whatever driver claims it by its IDs.
vfio_return() {
	local device=/sys/bus/pci/devices/$1

	echo "$1" > "$device/driver/unbind" || return
	echo > "$device/driver_override" || return
	echo "$1" > /sys/bus/pci/drivers_probe
}

# wait_for SECONDS COMMAND...
wait_for() {
	local end=$((SECONDS + $1))
	shift

	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.2
	done
}

# netdev_of ADDRESS: the name of a function's network interface.
netdev_of() {
	local path

	for path in "/sys/bus/pci/devices/$1/net"/*; do
		[[ -e $path ]] || return 1
		printf '%s' "${path##*/}"
	done
}

# disk_of ADDRESS: the block device of a virtio-blk or NVMe function.
disk_of() {
	local path

	for path in "/sys/bus/pci/devices/$1"/{virtio*/block,nvme/nvme*}/{vd?,nvme*n*}; do
		[[ -e /dev/${path##*/} ]] || continue
		printf '/dev/%s' "${path##*/}"
		return
	done
	return 1
}

has_disk() {
	disk_of "$1" > /dev/null
}

# How L1's QEMU runs a guest: L1's processor is emulated, SVM included, so that the KVM of Debian's
# kernel runs L2, which is emulated once then, not twice. For QEMU and for libvirt. Where the machine had
# more to do than it could, a guest has hung on it once, which is not understood.
l2_accelerator() {
	modprobe --all --quiet kvm_amd kvm_intel 2> /dev/null
	# shellcheck disable=SC2034 # for the programs
	if [[ -c /dev/kvm ]]; then
		l2_accelerator=(-accel kvm -cpu host)
		l2_domain_type=kvm l2_domain_cpu="<cpu mode='host-passthrough'/>"
	else
		l2_accelerator=(-accel tcg -cpu "max,la57=off")
		l2_domain_type=qemu
		l2_domain_cpu="<cpu mode='maximum'><feature policy='disable' name='la57'/></cpu>"
	fi
}

# shellcheck disable=SC2034
l2_kernel=/boot/vmlinuz-$(uname -r)

# L0 made it with l2-initrd.
# shellcheck disable=SC2034
l2_initrd=$LAB_RESULTS/l2.initrd

# Of a stock kernel's start, an emulated processor on an emulated processor should do the least:
# no self-tests, no certificates, no check of its own page tables.
l2_append() {
	printf '%s ' console=ttyS0 quiet panic=-1 mitigations=off nokaslr rodata=off lsm= audit=0 \
		no_timer_check tsc=reliable clocksource.verify_n_cpus=0 nowatchdog ipv6.disable=1 \
		rcupdate.rcu_expedited=1 cryptomgr.notests 8250.nr_uarts=1 raid=noautodetect \
		random.trust_cpu=on \
		initcall_blacklist=jent_mod_init,load_system_certificate_list,init_ima,init_encrypted,i8042_init,agp_intel_init,agp_via_init \
		"$@"
}

# QEMU says that there is no dma-buf feature. The kernel's own vfio-pci does not know it; ours leaves
# it out where the kernel could not let anybody map a dma-buf safely, as here.
known_complaint='VFIO dma-buf not supported in kernel'

# complaints ERRORS: what else QEMU said about vfio.
complaints() {
	grep --ignore-case vfio "$1" | grep --invert-match "$known_complaint"
}

# l2_said CONSOLE FACT: what l2-init tells about itself stands after "L2: ".
l2_said() {
	tr -d '\r' < "$1" | grep --quiet --line-regexp --regexp="L2: $2"
}

# check_l2 NAME CONSOLE FACT
check_l2() {
	if l2_said "$2" "$3"; then
		pass "$1"
	else
		fail "$1" "L2 did not say \"$3\"; what it said:
$(tr -d '\r' < "$2" | grep '^L2: ')"
	fi
}
