#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# stop.sh TEST: one test of how zxpagerd ends when VMOs were written to
#
# A TEST is one of the functions test_* below, without test_; daemon.bash tells more.
# run-tests.sh, which tells what the environment has to be, runs them all.
. "$(dirname "$0")/writing.bash"

test_sigterm_writes_everything_back() {
	bytes 3000000 "$tmp/new"
	start_with 1000000 "${quiet[@]}"
	put 500000 "$tmp/new"
	zx exec f -- fallocate --zero-range --offset 4096 --length 65536 {}
	dd if=/dev/zero of="$tmp/want" bs=4096 seek=1 count=16 conv=notrunc status=none
	stop
	is_written
}

test_sigterm_with_a_writer_that_waits() {
	stuck_writer
	kill "$pid"
	until_true grep -q 'process .* (dd) has it open' "$log"
	limit_file unlimited
	wait "$writer"
	wait "$pid"
	cmp "$tmp/f" "$tmp/new"
}

test_stop_writes_everything_back() {
	bytes 300000 "$tmp/new"
	start_with 1000000 "${quiet[@]}"
	put 500000 "$tmp/new"
	status_is 2 zx stop now
	status_is 5 as_nobody "$bin/zxpager/zxpager" --socket "$sock" stop
	zx stop
	wait "$pid"
	is_written
}

test_stop_waits_for_clients() {
	local stopping
	start_with 1000000 "${quiet[@]}"
	client
	zx stop &
	stopping=$!
	until_true grep -q 'f: process .* (bash) has it open, 0 bytes are not written' "$log"
	[ -d "/proc/$stopping" ]
	echo > "$tmp/tell"
	wait "$client"
	wait "$stopping"
	wait "$pid"
	[ "$(head -n 1 "$tmp/f")" = there ]
}

# Neither for a client nor for the time that it might take.
test_stop_by_force() {
	start_with 1000000 "${quiet[@]}" --shutdown-timeout 10000
	client
	zx stop --force
	status_is 2 wait "$pid"
	echo > "$tmp/tell"
	status_is 1 wait "$client"
}

# A client that has "f" open, and writes to it when it is told to.
client() {
	# shellcheck disable=SC2016 # it is a script
	local script='exec 9<> "$1"; echo open; read -r < "$2" && echo there >&9; sync "$1"'
	mkfifo "$tmp/tell" "$tmp/told"
	zx exec f -- bash -c "$script" bash {} "$tmp/tell" > "$tmp/told" &
	client=$!
	read -r < "$tmp/told"
}

test_sigterm_waits_for_clients() {
	start_with 1000000 "${quiet[@]}"
	client
	kill "$pid"
	until_true grep -q 'f: process .* (bash) has it open, 0 bytes are not written' "$log"
	[ ! -e "$sock" ]
	echo > "$tmp/tell"
	wait "$client"
	wait "$pid"
	[ "$(head -n 1 "$tmp/f")" = there ]
}

# A mapping, and no descriptor any more.
test_sigterm_waits_for_a_mapping() {
	start_with 1000000 "${quiet[@]}"
	mkfifo "$tmp/tell" "$tmp/told"
	zx exec f -- "$probe" stay {} < "$tmp/tell" > "$tmp/told" &
	exec 8> "$tmp/tell"
	read -r < "$tmp/told"
	kill "$pid"
	until_true grep -q 'f: process .* (vmoprobe) has it open' "$log"
	exec 8>&-
	wait "$pid"
}

test_second_sigterm_does_not_wait_for_clients() {
	start_with 1000000 "${quiet[@]}" --shutdown-timeout 10000
	client
	kill "$pid"
	until_true grep -q 'another signal ends that' "$log"
	kill "$pid"
	status_is 2 wait "$pid"
	[ "$(grep -c '(bash) has it open' "$log")" = 2 ]
	echo > "$tmp/tell"
	status_is 1 wait "$client"
}

test_force_does_not_wait_for_clients() {
	start_with 1000000 "${quiet[@]}" --shutdown-timeout 10000 --force
	client
	stop
	echo > "$tmp/tell"
	status_is 1 wait "$client"
}

# Of root, who was given a descriptor, it cannot tell; of all the others that it may not look
# at, it need not.
test_sigterm_of_a_daemon_that_is_not_root() {
	chmod 666 /dev/zxpager
	chmod 777 "$tmp"
	printf '#!/bin/sh\nexec setpriv --reuid 65534 --regid 65534 --clear-groups %s "$@"\n' \
		"$(realpath "$daemon")" > "$tmp/held"
	chmod +x "$tmp/held"
	daemon=$tmp/held
	bytes 100000 "$tmp/f"
	chown 65534:65534 "$tmp/f"
	serve --rw f "${quiet[@]}" "f=$tmp/f"
	stop
	serve --rw f "${quiet[@]}" --shutdown-timeout 10000 "f=$tmp/f"
	client
	kill "$pid"
	until_true grep -q 'cannot find out .* who has VMOs open: Permission denied' "$log"
	kill "$pid"
	status_is 2 wait "$pid"
	echo > "$tmp/tell"
	status_is 1 wait "$client"
}

test_sigterm_while_a_file_system_is_mounted() {
	local dev
	truncate -s 16M "$tmp/f"
	serve --rw f "${quiet[@]}" "f=$tmp/f"
	dev=$(zx exec f -- losetup --find --show {})
	mke2fs -q -F -t ext4 "$dev"
	mkdir "$tmp/mnt"
	mount "$dev" "$tmp/mnt"
	kill "$pid"
	until_true grep -q "f: $dev lies on it" "$log"
	bytes 1000000 "$tmp/mnt/new"
	cp "$tmp/mnt/new" "$tmp/new"
	umount "$tmp/mnt"
	losetup -d "$dev"
	wait "$pid"
	e2fsck -fn "$tmp/f" > "$tmp/fsck"
	mount -o loop,ro "$tmp/f" "$tmp/mnt"
	cmp "$tmp/mnt/new" "$tmp/new"
}

test_sigterm_while_the_store_fails() {
	local status=0
	bytes 100000 "$tmp/new"
	start_with 1000000 "${quiet[@]}" --shutdown-timeout 5
	limit_file 500000
	put 600000 "$tmp/new"
	put 100000 "$tmp/new"
	kill "$pid"
	wait "$pid" || status=$?
	[ $status = 2 ] || fail "status $status"
	grep -q "f: .* bytes were not written to $tmp/f and are lost" "$log"
	cmp -n 500000 "$tmp/f" "$tmp/want"
}

test_second_sigterm_gives_up() {
	local status=0
	bytes 100000 "$tmp/new"
	start_with 1000000 "${quiet[@]}" --shutdown-timeout 10000
	limit_file 500000
	put 600000 "$tmp/new"
	kill "$pid"
	until_true grep -q 'cannot write' "$log"
	kill "$pid"
	wait "$pid" || status=$?
	[ $status = 2 ] || fail "status $status"
}

test_sigterm_while_the_store_fails_and_recovers() {
	bytes 100000 "$tmp/new"
	start_with 1000000 "${quiet[@]}"
	limit_file 500000
	put 600000 "$tmp/new"
	kill "$pid"
	until_true grep -q 'cannot write' "$log"
	limit_file unlimited
	wait "$pid"
	is_written
}

test_detach_writes_everything_back() {
	bytes 100000 "$tmp/new"
	start_with 1000000 "${quiet[@]}"
	put 600000 "$tmp/new"
	zx detach f
	zx sync f
	is_written
	[ "$(stat_of f state)" = complete ]
	stop
}

test_killed_after_fsync() {
	bytes 100000 "$tmp/new"
	start_with 1000000 "${quiet[@]}"
	put 600000 "$tmp/new" conv=notrunc,fsync
	kill -9 "$pid"
	wait "$pid" || :
	is_written
	serve --rw f "f=$tmp/f"
	zx cat f | cmp - "$tmp/want"
	stop
	unload
	insmod "$ZXPAGER_KO"
}

main "$@"
