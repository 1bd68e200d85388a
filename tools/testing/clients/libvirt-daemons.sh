# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For clients in L1 that talk to libvirt: its daemons, and what stands in a domain.

# trust_guests FOLDER: qemu.conf for trusted guests, no cgroup controllers, and nobody else's files to
# protect.
trust_guests() {
	cat > "$1/qemu.conf" <<-'END'
		security_driver = "none"
		user = "root"
		group = "root"
		namespaces = []
		cgroup_controllers = []
		remember_owner = 0
	END
}

# What systemd would have done before libvirt comes.
start_system() {
	mountpoint --quiet /sys/fs/cgroup || mount -t cgroup2 cgroup /sys/fs/cgroup
	mkdir -p /run/dbus /run/udev /etc/libvirt
	dbus-daemon --system --fork
	/usr/lib/systemd/systemd-udevd --daemon
	udevadm trigger --type=devices --action=add
	udevadm settle --timeout=60
}

start_libvirt() {
	start_system
	trust_guests /etc/libvirt
	virtlogd --daemon && libvirtd --daemon && wait_for 60 virsh --quiet uri
}

# hostdev ADDRESS [ELEMENT [no]]: a device that libvirt takes from its driver, and gives back; with "no",
# one that the administrator has given to its driver.
hostdev() {
	local bus slot function

	IFS=:. read -r _ bus slot function <<< "$1"
	cat <<-END
		<hostdev mode='subsystem' type='pci' managed='${3:-yes}'>
		  ${2:-}
		  <source>
		    <address domain='0x0000' bus='0x$bus' slot='0x$slot' function='0x$function'/>
		  </source>
		</hostdev>
	END
}
