# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# libvirt without systemd, for the two programs that use it: one on L0, which saves a guest, and one in
# L1, which restores and migrates it.

# shellcheck source=tools/testing/clients/libvirt-daemons.sh
. "${BASH_SOURCE[0]%/*}/../libvirt-daemons.sh"

# configure FOLDER UUID: a daemon's two files. Debian's libvirt hands a saved image that is not compressed
# to QEMU as a file, which QEMU 11 does not take.
configure() {
	trust_guests "$1"
	echo 'save_image_format = "gzip"' >> "$1/qemu.conf"
	printf 'host_uuid = "%s"\n' "$2" > "$1/libvirtd.conf"
}

# domain INITRD CONSOLE: a guest with a free slot. On kernels whose vfio has no log of DMA, QEMU leaves
# a device out of migration unless told; it is told for the device that is plugged in later.
domain() {
	cat <<-END
		<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
		  <name>l2</name>
		  <uuid>0e0d0c0b-0a09-4807-8605-040302010001</uuid>
		  <memory unit='MiB'>128</memory>
		  <vcpu>1</vcpu>
		  <os>
		    <type arch='x86_64' machine='q35'>hvm</type>
		    <kernel>$(echo /boot/vmlinuz-6.*)</kernel>
		    <initrd>$1</initrd>
		    <cmdline>$(l2_append l2.libvirt)</cmdline>
		  </os>
		  <features><acpi/></features>
		  <cpu mode='maximum'/>
		  <devices>
		    <emulator>/usr/bin/qemu-system-x86_64</emulator>
		    <controller type='pci' index='1' model='pcie-root-port'/>
		    <controller type='usb' model='none'/>
		    <controller type='sata' index='0'/>
		    <memballoon model='none'/>
		    <serial type='file'><source path='$2'/></serial>
		  </devices>
		  <qemu:commandline>
		    <qemu:arg value='-global'/>
		    <qemu:arg value='vfio-pci.enable-migration=on'/>
		  </qemu:commandline>
		</domain>
	END
}

# Where a conventional device goes in the guest: libvirt by itself looks for no PCI Express slot for one.
# shellcheck disable=SC2034 # for those who source this
slot="<address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>"
