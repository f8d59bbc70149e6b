#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# keep_systemd.sh TEST: one test of zxpagerd --keep as a unit of systemd
#
# A TEST is one of the functions test_* below, without test_; daemon.bash tells more.
# run-tests.sh, which tells what the environment has to be, runs them all.
#
# It is a manager of a user, which starts anywhere, and does with the unit what process 1 does.
. "$(dirname "$0")/keep.bash"

unit=zxpagerd@test

manage() {
	systemctl --user "$@"
}

shown() {
	manage show "$unit" -p "$1" --value
}

stored() {
	[ "$(shown NFileDescriptorStore)" = "$1" ]
}

group=/sys/fs/cgroup/tests.$$
booted=/run/systemd/system

# What tells others that this is a machine of systemd goes, and the groups with all in them.
end_manager() {
	cleanup
	[ ! "$made" ] || rmdir $booted
	echo $$ > "${group%/*}/cgroup.procs"
	echo 1 > $group/cgroup.kill
	until_true grep -q '^populated 0' $group/cgroup.events
	find $group -depth -type d -exec rmdir {} +
}

start_manager() {
	local manager=/lib/systemd/systemd
	[ -x $manager ] || skip "no systemd"
	[ -f /sys/fs/cgroup/cgroup.procs ] || skip "no cgroups of version 2"
	export XDG_RUNTIME_DIR=$tmp/run HOME=$tmp
	made=$([ -d $booted ] || echo $booted)
	trap end_manager EXIT
	mkdir -p "$tmp/run/systemd/user" $booted $group
	chmod 700 "$tmp/run"
	# It makes groups of its own below that, after which no other process can be in it.
	echo $$ > $group/cgroup.procs
	sed -e "s|@prefix@/sbin/zxpagerd|$(realpath "$daemon") --verbose|" \
		-e "s|/etc/zxpagerd/%i.conf|$tmp/conf|" -e "s|/run/zxpagerd-%i.sock|$tmp/sock|" \
		-e '/^Wants=\|^After=/d' -e "/^Type=/a StandardError=append:$tmp/log" \
		"$(dirname "$0")/../zxpagerd/zxpagerd@.service.in" \
		> "$tmp/run/systemd/user/zxpagerd@.service"
	$manager --user > "$tmp/manager" 2>&1 &
	until_true test -S "$tmp/run/systemd/private"
}

# start_unit BYTES ARG...: as start_with does it
start_unit() {
	bytes "$1" "$tmp/f"
	cp "$tmp/f" "$tmp/want"
	sock=$tmp/sock log=$tmp/log
	echo "ZXPAGERD_ARGS=--rw f ${*:2} f=$tmp/f" > "$tmp/conf"
	manage start "$unit" || fail "$(tail -n 3 "$tmp/manager" "$log")"
	pid=$(shown MainPID)
}

started_anew() {
	local now
	now=$(shown MainPID)
	[ "$now" != "$pid" ] && [ "$now" != 0 ] && [ "$(shown ActiveState)" = active ]
}

# Who has it open goes on, and nothing is out of the store.
# goes_on COMMAND...: what is done to the unit
goes_on() {
	put 300000 "$tmp/new"
	"$@"
	put 600000 "$tmp/new" conv=notrunc,fsync
	is_written || fail "not written: $*"
	[ "$(stat_of f state)" = served ]
	stored 5
}

# anew COMMAND...: by another keeper
anew() {
	"$@"
	until_true started_anew
	pid=$(shown MainPID)
}

test_systemd_clients_outlive_keepers() {
	local old
	start_manager
	bytes 100000 "$tmp/new"
	start_unit 1000000 "${quiet[@]}"
	stored 4
	hold_open
	zx clone f mine
	until_true stored 5
	goes_on anew kill -9 "$pid"
	goes_on anew manage restart "$unit"
	goes_on anew kill -USR1 "$pid"
	old=$pid
	goes_on manage reload "$unit"
	[ "$(shown MainPID)" = "$old" ]
	zx drop mine
	until_true stored 4
	let_go
	manage stop "$unit"
	stored 0
	[ "$(shown Result)" = success ]
	is_written
	[ ! -e "$sock" ]
}

main "$@"
