#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
#
# The guest's first process: makes the host's root the guest's, runs one
# command, reports its status over its own virtio port, and resets the machine.
# vm.sh packs it as /init, with the modules to load (/modules/list, in order)
# and what to run (/zx/conf, /zx/binds, /zx/run).
#
# shellcheck shell=dash
# shellcheck disable=SC1091,SC2154 # /zx/conf is made by vm.sh

root=/newroot
status=

note() { echo "zxvm: $*" > /dev/kmsg; }

# The machine was started with -no-reboot, so resetting it ends it.  What could
# not be reported is seen by vm.sh as a guest that went away.
finish() {
	note "ended: $1"
	[ -z "$status" ] || echo "$1" > "$status"
	echo b > /proc/sysrq-trigger
	reboot -f
}

fail() { finish "rig $*"; }

# Find the virtio port of a given name; udev would have made links of these.
port() {
	for p in /sys/class/virtio-ports/*; do
		if [ "$(cat "$p/name")" = "$1" ]; then
			echo "/dev/${p##*/}"
			return
		fi
	done
}

mount9p() {
	mount -t 9p -o "trans=virtio,version=9p2000.L,msize=512000,$3" "$1" "$2"
}

stage1() {
	/bin/busybox --install -s /bin
	mkdir -p /proc /sys /dev /host $root
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t devtmpfs dev /dev

	# A kernel that has these built in has no such modules.
	while read -r module; do
		insmod "/modules/$module" || note "insmod $module failed"
	done < /modules/list

	. /zx/conf
	date -s "@$zx_now" > /dev/null
	status=$(port zx.status)
	[ -n "$status" ] || finish "no virtio port"

	mount9p zxroot /host ro,cache=loose || fail "cannot mount the host's root"
	mount --bind /host $root
	for dir in tmp run root var/tmp; do
		[ ! -d $root/$dir ] || mount -t tmpfs -o mode=1777 tmp $root/$dir
	done
	chmod 755 $root/run
	chmod 700 $root/root
	# What lies under those: the checkout or the cache, perhaps.
	while read -r dir; do
		[ -e "$root/$dir" ] || mkdir -p "$root/$dir"
		mount --bind "/host/$dir" "$root/$dir" || fail "cannot show $dir"
	done < /zx/binds
	if [ -n "$zx_modules" ]; then
		mount --bind "/host/$zx_modules" $root/lib/modules ||
			fail "cannot show the kernel's modules: make /lib/modules"
	fi

	mkdir -p $root/run/lock
	cp -r /zx $root/run/zx
	cp /init /bin/busybox $root/run/zx/
	for dir in dev proc sys; do
		mount --move /$dir $root/$dir
	done
	exec switch_root $root /run/zx/busybox sh /run/zx/init stage2
}

filesystems() {
	mkdir -p /dev/pts /dev/shm
	mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
	mount -t tmpfs -o mode=1777 shm /dev/shm
	ln -sf /proc/self/fd /dev/fd
	ln -sf /proc/self/fd/0 /dev/stdin
	ln -sf /proc/self/fd/1 /dev/stdout
	ln -sf /proc/self/fd/2 /dev/stderr
	# Opening such a node is what loads its module.
	[ -e /dev/loop-control ] || mknod -m 660 /dev/loop-control c 10 237
	[ -e /dev/fuse ] || mknod -m 666 /dev/fuse c 10 229
	mount -t debugfs debugfs /sys/kernel/debug
	if mount -t cgroup2 cgroup2 /sys/fs/cgroup; then
		for c in memory cpu io pids; do
			echo +$c > /sys/fs/cgroup/cgroup.subtree_control
		done
	fi
	# Where the host has no such directory nothing can be mounted there.
	if [ -n "$zx_share" ]; then
		[ -d /mnt/share ] || mount -t tmpfs -o mode=755 mnt /mnt
		mkdir -p /mnt/share
		mount9p zxshare /mnt/share rw,cache=none,access=client ||
			fail "cannot mount the shared directory"
	fi
	ip link set lo up
}

# Its output goes through a pipe, for a virtio port can be opened only once and
# programs do open /dev/stderr.  What it leaves running must not hold that pipe.
run() {
	mkfifo /run/zx/out
	cat /run/zx/out > "$(port zx.out)" &
	drain=$!
	note "command starts"
	setsid bash /run/zx/run < /dev/null > /run/zx/out 2>&1
	code=$?
	note "command ended: $code"
	killall5 -9 -o $drain
	# A task that cannot be killed would keep the pipe open for ever.
	( sleep 10; kill -9 $drain ) &
	wait $drain
}

stage2() {
	PATH=/run/zx/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	export PATH
	/run/zx/busybox mkdir -p /run/zx/bin
	/run/zx/busybox --install -s /run/zx/bin
	. /run/zx/conf
	status=$(port zx.status)
	filesystems
	note "userspace is up"
	echo up > "$status"
	# For the log of a hang: who is blocked, and where.
	if [ "$zx_timeout" -gt 10 ]; then
		( sleep $((zx_timeout - 5))
		  note "time limit is near"
		  echo w > /proc/sysrq-trigger ) &
	fi
	while read -r ko; do
		insmod "$ko" || fail "cannot insmod $ko (see the kernel log)"
	done < /run/zx/insmod
	export PATH=${PATH#*:} HOME=/root USER=root LOGNAME=root TERM=dumb
	run
	finish "exit $code"
}

case ${1:-} in
stage2) stage2 ;;
*) stage1 ;;
esac
