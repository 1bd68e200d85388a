# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The devices that --device can name, as a table of QEMU's words for them. Each SPEC gets a
# root port of its own, hence an IOMMU group of its own; A+B puts two functions
# behind one port.

# In both tables %i is the function's QEMU id: dev0, dev1, ... as they are named on the command
# line. %p is the file or the size that follows the name in the SPEC.
declare -rA lab_devices=(
	[virtio-blk]='virtio-blk-pci,id=%i,drive=%i-disk,disable-legacy=on,iommu_platform=on,ats=on'
	[nvme]='nvme,id=%i,drive=%i-disk,serial=lab-%i,msix_qsize=256'
	# The property leads from function 0 to function 1 where a slot has two.
	[igb]='igb,id=%i,netdev=%i-net,x-pcie-ari-nextfn-1=on'
	[e1000e]='e1000e,id=%i,netdev=%i-net'
	[edu]='edu,id=%i'
	[vga]='VGA,id=%i'
	[pci-testdev]='pci-testdev,id=%i,membar=2M'
	[ivshmem]='ivshmem-plain,id=%i,memdev=%i-memory'
)
declare -rA lab_device_backends=(
	[virtio-blk]='-drive|if=none,id=%i-disk,format=raw,file=%p'
	[nvme]='-drive|if=none,id=%i-disk,format=raw,file=%p'
	# A network that swallows what is sent: the link is up, and nothing leaves the machine.
	[igb]='-netdev|user,id=%i-net,restrict=on'
	[e1000e]='-netdev|user,id=%i-net,restrict=on'
	[ivshmem]='-object|memory-backend-ram,id=%i-memory,size=%p,share=on'
)
# The drivers that the devices start out with.
declare -rA lab_device_drivers=([virtio-blk]=virtio_blk [nvme]=nvme [igb]=igb [e1000e]=e1000e
	[mlx5]=mlx5_core)

# Ports stand in slots 0x04 to 0x1b of the root bus.
readonly lab_first_slot=4 lab_last_slot=27

devices_help() {
	cat <<-'END'
	    virtio-blk[=IMAGE]  disk of virtio 1.x behind the IOMMU; IMAGE is a raw file, else 64 MiB of zeros
	    nvme[=IMAGE]        NVMe controller with 256 MSI-X vectors and one namespace
	    igb                 82576 network function with SR-IOV, up to 7 VFs
	    e1000e              82574L network function
	    edu                 QEMU's teaching device: INTx, MSI, DMA
	    vga                 QEMU's standard display, with VGA's addresses and its ROM
	    ivshmem:SIZE        one prefetchable BAR of SIZE, such as 256M
	    pci-testdev         memory and port BARs
	    mlx5:VFS[,OPTION]   simulated ConnectX-6 Dx with SR-IOV; OPTIONs: memory=MIB of state in each VF (1),
	                        rate=MIB of it that change a second (0), chunk=MIB of an image (8),
	                        timeout=SECONDS after which mlx5_core gives a command up (60)
	    snap-blk:N[=IMAGE]  N virtio-blk functions that this card emulates, each behind a port of its own,
	                        all on IMAGE, else 64 MiB of zeros each
	    liar[:LIE]          simulated function whose config space lies, from the start or when it is told to
	    igd                 simulated graphics of Intel's, whose OpRegion the tests put where they like
	    allcaps             simulated function with capabilities of all kinds
	    bridge:SPEC         SPEC behind a PCIe-to-PCI bridge
	    SPEC+SPEC...        functions 0, 1, ... of one slot, hence one group and one bus
	END
}

# devices_check SPEC...: refuse what devices_arguments would not understand.
devices_check() {
	local spec part name rest

	(($(sim_spread "$@" | wc -l) <= lab_last_slot - lab_first_slot + 1)) ||
		die "no more than $((lab_last_slot - lab_first_slot + 1)) --device have a place"
	sim_check "$@"
	for spec in "$@"; do
		! sim_is "$spec" || continue
		IFS=+ read -ra parts <<< "${spec#bridge:}"
		((${#parts[@]} >= 1 && ${#parts[@]} <= 8)) ||
			die "--device $spec: a slot has one to eight functions"
		for part in "${parts[@]}"; do
			name=${part%%[=:]*} rest=${part#"${part%%[=:]*}"}
			[[ $name && ${lab_devices[$name]:-} ]] ||
				die "--device $spec: no such device; there are: ${!lab_devices[*]}"
			case $name$rest in
			ivshmem:*) check_size "$spec" "${rest#:}" ;;
			ivshmem*) die "--device $spec: say how large, like ivshmem:256M" ;;
			virtio-blk=* | nvme=*) check_image "$spec" "${rest#=}" ;;
			*[=:]*) die "--device $spec: $name takes no argument like that" ;;
			esac
		done
	done
}

check_size() {
	local bytes=0

	[[ ! $2 =~ ^[1-9][0-9]{0,9}[KMG]?$ ]] || bytes=$(numfmt --from=iec "$2")
	((bytes >= 4096 && (bytes & (bytes - 1)) == 0)) ||
		die "--device $1: a BAR's size is a power of two from 4K on, like 256M"
}

check_image() {
	[[ -f $2 && -r $2 && -w $2 ]] ||
		die "--device $1: there is no file $2 that can be read and written"
	[[ $2 != *,* ]] || die "--device $1: QEMU cannot take a file name with a comma"
}

# devices_arguments SPEC...: append QEMU's arguments for the devices to the array qemu, and to
# the array lab_places "NAME PATH" per function: PATH below /sys/bus/pci/devices, as a pattern.
devices_arguments() {
	local spec specs slot=$lab_first_slot bus address function parts path

	mapfile -t specs < <(sim_spread "$@")
	for spec in "${specs[@]}"; do
		bus=port$slot
		printf -v address '%x' "$slot"
		qemu+=(-device "pcie-root-port,id=$bus,bus=pcie.0,addr=$address,chassis=$slot,slot=$slot")
		printf -v path '0000:00:%02x.0' "$slot"
		if sim_is "$spec"; then
			# Firmware does not know of VFs when it sizes the port's window.
			qemu[-1]+=,pref64-reserve=128M
			case $spec in
			snap-blk*) sim_disk "$spec" "$path" "$bus" ;;
			igd | allcaps) sim_single "$spec" "$path" "$bus" ;;
			liar*) sim_liar "$spec" "$path" "$bus" ;;
			*) sim_arguments "$spec" "$path" "$bus" ;;
			esac
			slot=$((slot + 1))
			continue
		fi
		address=0
		if [[ $spec == bridge:* ]]; then
			qemu+=(-device "pcie-pci-bridge,id=bridge$slot,bus=$bus")
			bus=bridge$slot address=1 path+='/0000:*:00.0'
		fi
		IFS=+ read -ra parts <<< "${spec#bridge:}"
		# Function 0 makes the others visible: it comes last, for the sake of hot-plugging.
		for ((function = ${#parts[@]} - 1; function >= 0; function--)); do
			device_arguments "${parts[function]}" "dev$((${#lab_places[@]} + function))" \
				"bus=$bus,addr=$address.$function,multifunction=on"
		done
		for function in "${!parts[@]}"; do
			lab_places+=("${parts[function]%%[=:]*} $path/0000:*:*.$function")
		done
		slot=$((slot + 1))
	done
}

# device_arguments PART ID PLACE: one function.
device_arguments() {
	local name=${1%%[=:]*} value=${1#*[=:]} backend

	backend=${lab_device_backends[$name]:-}
	if [[ $backend == -drive* && $value == "$1" ]]; then
		value=$lab_run/$2.img
		truncate --size=64M "$value"
	fi
	if [[ $backend ]]; then
		backend=${backend//%i/$2}
		qemu+=("${backend%%|*}" "${backend#*|}")
		qemu[-1]=${qemu[-1]//%p/$value}
	fi
	qemu+=(-device "${lab_devices[$name]//%i/$2},$3")
}

# devices_drivers ARRAY SPEC...: append the drivers of the devices to ARRAY.
devices_drivers() {
	local -n drivers=$1
	local part parts
	shift

	IFS=+ read -ra parts <<< "$(IFS=+; printf '%s' "${*//bridge:/}")"
	for part in "${parts[@]}"; do
		part=${part%%[=:]*}
		drivers+=(${lab_device_drivers[$part]:+"${lab_device_drivers[$part]}"})
	done
}
