#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Results as KTAP, and the module: loading, unloading, and what it leaves behind.
# Sourced, never run. $ko is the path of zxpager.ko.

count=0 failed=0 skipped=0

# result STATUS NAME [REST]: one line of the result, STATUS "ok" or "not ok"
result() {
	count=$((count + 1))
	case $1$3 in
	not*) failed=$((failed + 1)) ;;
	*'# SKIP'*) skipped=$((skipped + 1)) ;;
	esac
	echo "$1 $count $2$3"
}

# check NAME COMMAND...: a test that is one command; its output is diagnostics
check() {
	local name=$1 out status=ok
	shift
	out=$("$@" 2>&1) || status="not ok"
	[ -z "$out" ] || echo "# ${out//$'\n'/$'\n'# }"
	result "$status" "$name" ""
	[ "$status" = ok ]
}

module_load() {
	insmod "${ko:?}" || return 1
	local end=$((SECONDS + 30))
	until [ -c /dev/zxpager ]; do
		[ "$SECONDS" -lt "$end" ] || { echo "no /dev/zxpager"; return 1; }
		sleep 0.1
	done
}

# Its device has no fixed minor, so a devname alias would only be an error of depmod's.
module_no_devname() {
	[ "$(modinfo -F license "${ko:?}")" = GPL ] || return 1
	! modinfo -F alias "$ko" | grep devname
}

# The last references can be dropped a moment after a process has gone.
module_unload() {
	local end=$((SECONDS + 30))
	until rmmod zxpager 2> /dev/null; do
		[ "$SECONDS" -lt "$end" ] || { rmmod zxpager; return 1; }
		sleep 0.1
	done
	[ ! -e /dev/zxpager ] || { echo "/dev/zxpager is still there"; return 1; }
}

kmemleak=/sys/kernel/debug/kmemleak

# It looks when it is told to, and not for what others left before.
leaks_begin() {
	[ -w $kmemleak ] || return 0
	{
		echo scan=off
		sleep 6
		echo scan
		echo clear
	} > $kmemleak 2> /dev/null
}

# What is no longer referred to by anything.  kmemleak says so of what is older than
# five seconds, which is no event, and only if two scans agree; and what seems lost for
# a moment, on its way from one place to another, is not: it has to stay so.
leaks() {
	echo scan > $kmemleak
	sleep 6
	for _ in 1 2 3; do
		echo scan > $kmemleak
		[ "$(wc -c < $kmemleak)" != 0 ] || return 0
		sleep 1
	done
	head -n 100 $kmemleak
	return 1
}

# check_leaks NAME
check_leaks() {
	if [ -w $kmemleak ]; then
		check "$1" leaks
	else
		result ok "$1" " # SKIP no kmemleak"
	fi
}

# check_unload PREFIX: it goes, has left nothing, and comes and goes once more
check_unload() {
	check "$1.unload" module_unload
	check_leaks "$1.unload_leaks"
	check "$1.load_again" module_load && check "$1.unload_again" module_unload
}
