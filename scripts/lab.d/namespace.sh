# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Everything the lab starts lives in mount and PID namespaces of its own. The first
# process in them is this script again (command "inside"), so when that ends, for
# whatever reason, the kernel ends all the others and forgets every mount: there is
# no clean-up code that could be skipped.

readonly lab_mnt=$lab_cache/mnt		# each namespace mounts its own tmpfs here
readonly lab_root=$lab_mnt/root		# the Debian tree as the root of what is run
readonly lab_run=$lab_mnt/run		# files of this run, gone when it ends

# enter FUNCTION [ARG...]: call FUNCTION in new namespaces and return its status.
enter() {
	local user=() status=0 child

	if ((EUID)); then
		user=(--map-root-user --map-auto)
		check_user_namespaces "${user[@]}"
	fi
	mkdir -p "$lab_mnt"
	setpriv --pdeathsig KILL \
		unshare "${user[@]}" --mount --pid --fork --kill-child --propagation private \
		bash "$lab_checkout/scripts/lab" inside "$lab_started" "$@" <&0 &
	child=$!
	# SIGKILL takes the whole namespace along, and nothing in it wants to say goodbye.
	trap 'kill -KILL $child; exit 130' INT
	trap 'kill -KILL $child; exit 143' TERM HUP
	wait "$child" || status=$?
	trap - INT TERM HUP
	return "$status"
}

check_user_namespaces() {
	unshare "$@" --mount --pid --fork true 2>/dev/null ||
		die "neither root nor allowed to make user namespaces: run it as root, or install" \
			"uidmap, give $(id -un) a range in /etc/subuid and /etc/subgid, and allow" \
			"user namespaces (sysctl kernel.unprivileged_userns_clone=1)"
}

# inside ... and first of all: a /proc of this PID namespace and a tmpfs to mount on.
mount_private() {
	mount -t proc proc /proc
	mount -t tmpfs -o mode=755 lab "$lab_mnt"
	mkdir "$lab_run" "$lab_root"
}

# mount_root TREE: put the root of what is run together. The tree itself and the checkout
# are read-only in it, the cache is writable, and everything has the path it has outside.
mount_root() {
	local tree=$1 name

	# Nobody removes the tree while it is in use.
	exec 7>> "$tree.lock"
	flock --shared 7
	case $lab_checkout/ in
	/usr/* | /etc/* | /boot/*)
		die "the lab cannot work on a checkout below /usr, /etc or /boot: move it elsewhere" ;;
	esac
	for name in usr etc boot; do
		mkdir "$lab_root/$name"
		bind_readonly "$tree/$name" "$lab_root/$name"
	done
	for name in bin sbin lib lib64; do
		ln -s "usr/$name" "$lab_root/$name"
	done
	mkdir -p "$lab_root"/{proc,sys,dev/shm,tmp,run,root,var/tmp,"$lab_checkout","$lab_cache"}
	mount -t proc proc "$lab_root/proc"
	for name in null zero full random urandom tty kvm; do
		[[ -e /dev/$name ]] || continue
		: > "$lab_root/dev/$name"
		mount --bind "/dev/$name" "$lab_root/dev/$name"
	done
	ln -s /proc/self/fd "$lab_root/dev/fd"
	ln -s /proc/self/fd/0 "$lab_root/dev/stdin"
	ln -s /proc/self/fd/1 "$lab_root/dev/stdout"
	ln -s /proc/self/fd/2 "$lab_root/dev/stderr"
	mount --bind "$lab_cache" "$lab_root$lab_cache"
	mount --bind "$lab_mnt" "$lab_root$lab_mnt"
	bind_readonly "$lab_checkout" "$lab_root$lab_checkout"
}

bind_readonly() {
	mount --bind "$1" "$2"
	mount -o remount,bind,ro "$2" 2>/dev/null ||
		mount -o remount,bind,ro,nosuid,nodev "$2"
}

# in_tree CMD...: run CMD with that root, in the checkout.
# shellcheck disable=SC2016
in_tree() {
	env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin TERM="${TERM:-dumb}" \
		LAB_MODULES_BASE="${LAB_MODULES_BASE:-}" LAB_BUSYBOX="${LAB_BUSYBOX:-}" \
		chroot "$lab_root" \
		bash -c 'cd "$1" && shift && exec "$@"' in_tree "$lab_checkout" "$@"
}

chroot_inside() {
	mount_root "$lab_tree"
	in_tree "$@" || exit
}
