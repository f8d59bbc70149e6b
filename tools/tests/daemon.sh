#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# daemon.sh TEST: one test of zxpagerd and zxpager with VMOs that are read
#
# A TEST is one of the functions test_* below, without test_; daemon.bash tells more.
# run-tests.sh, which tells what the environment has to be, runs them all.
. "$(dirname "$0")/daemon.bash"

# --- the command line of the daemon -----------------------------------------------

test_daemon_refuses_unsuitable_files() {
	: > "$tmp/empty"
	mkfifo "$tmp/fifo"
	refused 'cannot open .*/missing: No such file' "f=$tmp/missing"
	refused 'neither a regular file' "f=$tmp"
	refused 'neither a regular file' "f=$tmp/fifo"
	refused 'neither a regular file' f=/dev/null
	refused 'is empty' "f=$tmp/empty"
}

test_daemon_refuses_bad_options() {
	bytes 1 "$tmp/f"
	refused 'nothing to serve'
	refused 'want NAME=FILE' "$tmp/f"
	refused 'want NAME=FILE' f=
	refused 'is no name' "=$tmp/f"
	refused 'is no name' "a/b=$tmp/f"
	refused 'is no name' "$(printf 'n%.0s' {1..64})=$tmp/f"
	refused 'given twice' "f=$tmp/f" "f=$tmp/f"
	refused 'no NAME=FILE of that name' --rw g "f=$tmp/f"
	refused 'power of two' --window 5000 "f=$tmp/f"
	refused 'power of two' --window 2K "f=$tmp/f"
	refused 'want a number' --window 8M "f=$tmp/f"
	refused 'want a number' --window x "f=$tmp/f"
	refused 'want a number' --depth 0 "f=$tmp/f"
	refused 'want a number' --readahead 2G "f=$tmp/f"
	refused 'want a number' --readahead -1 "f=$tmp/f"
	refused 'no such user' --allow-uid nobody-of-that-name "f=$tmp/f"
	refused 'no such group' --allow-gid nobody-of-that-name "f=$tmp/f"
	refused 'no open file descriptor' --ready-fd 99 "f=$tmp/f"
	refused 'cannot open' --socket "$tmp/none/s" "f=$tmp/f"
	status_is 1 "$daemon" --nonsense "f=$tmp/f"
	grep -q NAME=FILE < <("$daemon" --help)
}

test_daemon_without_the_module() {
	bytes 1 "$tmp/f"
	unload
	refused 'load the module first' "f=$tmp/f"
	insmod "$ZXPAGER_KO"
}

test_socket_in_use() {
	bytes 5000 "$tmp/f"
	serve "f=$tmp/f"
	status_is 1 "$daemon" --socket "$sock" "f=$tmp/f" 2> "$tmp/why"
	grep -q 'in use by a running daemon' "$tmp/why"
	zx cat f | cmp - "$tmp/f"
	stop
}

# Anybody who can read it can lock it.
test_directory_that_is_locked() {
	bytes 5000 "$tmp/f"
	exec 9< "$tmp"
	flock 9
	serve "f=$tmp/f" 9<&-
	refused 'in use by a running daemon' --socket "$sock" "f=$tmp/f"
	[ -S "$sock" ]
	stop
	[ ! -e "$sock.lock" ] || fail "it left its lock"
	exec 9<&-
}

test_socket_left_over() {
	bytes 5000 "$tmp/f"
	serve "f=$tmp/f"
	kill -9 "$pid"
	wait "$pid" || :
	[ -S "$sock" ]
	status_is 3 zx ls
	serve "f=$tmp/f"
	grep -q 'left over' "$log"
	zx cat f | cmp - "$tmp/f"
	stop
}

test_socket_path_is_a_file() {
	bytes 5000 "$tmp/f"
	status_is 1 "$daemon" --socket "$tmp/f" "f=$tmp/f" 2> "$tmp/why"
	grep -q 'is no socket' "$tmp/why"
	[ "$(stat -c %s "$tmp/f")" = 5000 ]
}

# --- content ----------------------------------------------------------------------

test_several_files_of_all_sizes() {
	local sizes=(1 4095 4096 4097 131071 131072 131073 1000001) args=() n
	for n in "${sizes[@]}"; do
		bytes "$n" "$tmp/$n"
		args+=("f$n=$tmp/$n")
	done
	serve "${args[@]}"
	[ "$(zx ls | wc -l)" = ${#sizes[@]} ]
	for n in "${sizes[@]}"; do
		zx cat "f$n" | cmp - "$tmp/$n"
		evict
		zx exec "f$n" -- "$probe" mapcat {} | cmp - "$tmp/$n"
		[ "$(zx exec "f$n" -- stat -L -c %s {})" = "$n" ]
	done
	stop
}

test_all_at_the_same_time() {
	local n jobs=()
	for n in 1 2 3 4; do
		bytes 3000000 "$tmp/$n"
	done
	serve --depth 2 "f1=$tmp/1" "f2=$tmp/2" "f3=$tmp/3" "f4=$tmp/4"
	for n in 1 2 3 4; do
		{ zx cat "f$n" | cmp - "$tmp/$n"; } & jobs+=($!)
		{ zx exec "f$n" -- "$probe" mapcat {} | cmp - "$tmp/$n"; } & jobs+=($!)
	done
	for n in "${jobs[@]}"; do
		wait "$n"
	done
	stop
}

test_a_fault_brings_its_window() {
	bytes 1000000 "$tmp/f"
	serve --window 64K "f=$tmp/f"
	zx exec f -- "$probe" touch {} 70000 1
	[ "$(stat_of f read_packets)" = 1 ]
	[ "$(stat_of f read_bytes)" = 4096 ]
	[ "$(stat_of f supplied_bytes)" = 65536 ]
	[ "$(stat_of f resident)" = 65536 ]
	zx exec f -- "$probe" touch {} 65536 65536
	[ "$(stat_of f read_packets)" = 1 ]
	# The last window ends with the VMO.
	zx exec f -- "$probe" touch {} 999999 1
	[ "$(stat_of f supplied_bytes)" = $((65536 + 1003520 - 983040)) ]
	stop
}

# Each window is read once, whoever asks first.
test_reads_ahead() {
	bytes 4000000 "$tmp/f"
	serve --readahead 300K "f=$tmp/f"
	zx exec f -- "$probe" mapcat {} | cmp - "$tmp/f"
	[ "$(stat_of f daemon_windows)" = 31 ]
	[ "$(stat_of f daemon_ahead)" -ge 15 ]
	[ "$(stat_of f read_packets)" -lt 31 ]
	stop
	serve --readahead 0 "f=$tmp/f"
	zx cat f | cmp - "$tmp/f"
	[ "$(stat_of f daemon_windows)" = 31 ]
	[ "$(stat_of f daemon_ahead)" = 0 ]
	stop
}

test_memory_limit_of_the_daemon() {
	local group=/sys/fs/cgroup/zx$$
	[ -e /sys/fs/cgroup/cgroup.controllers ] || return 4
	bytes 33554432 "$tmp/f"
	mkdir $group
	echo 24M > $group/memory.max
	serve "f=$tmp/f"
	echo "$pid" > $group/cgroup.procs
	zx cat f | cmp - "$tmp/f"
	[ "$(stat_of f resident)" -lt 25165824 ]
	[ "$(stat_of f daemon_failed)" = 0 ]
	stop
	rmdir $group
}

test_block_device_with_a_bad_sector() {
	local inner outer dev
	bytes 1048576 "$tmp/f"
	serve "f=$tmp/f"
	inner=$sock outer=$tmp/outer
	dev=$(zx exec f -- losetup --read-only --find --show {})
	[ "$(< "/sys/block/${dev#/dev/}/loop/backing_file")" = "/zxpager:f (deleted)" ]
	evict
	zx fail f 65536 4096
	mkfifo "$tmp/ready2"
	"$daemon" --socket "$outer" --ready-fd 3 "d=$dev" 3> "$tmp/ready2" \
		2> "$tmp/log2" &
	local pid2=$!
	[ "$(cat "$tmp/ready2")" = ready ]
	sock=$outer
	# The window fails, its good pages do not.
	[ "$(zx exec d -- "$probe" read {} 0 65536)" = ok ]
	[ "$(zx exec d -- "$probe" touch {} 69632 61440)" = ok ]
	[ "$(zx exec d -- "$probe" read {} 61440 12288 || :)" = "EIO at 65536" ]
	[ "$(zx exec d -- "$probe" touch {} 61440 12288 || :)" = "SIGBUS at 65536" ]
	grep -q "$dev: page at 65536 fails: Input/output error" "$tmp/log2"
	sock=$inner
	zx clear f
	sock=$outer
	zx cat d | cmp - "$tmp/f"
	kill $pid2
	wait $pid2
	losetup -d "$dev"
	sock=$inner
	stop
}

test_file_truncated_while_served() {
	bytes 1000000 "$tmp/f"
	cp "$tmp/f" "$tmp/copy"
	serve "f=$tmp/f"
	truncate -s 300000 "$tmp/f"
	[ "$(zx exec f -- "$probe" read {} 0 294912)" = ok ]
	[ "$(zx exec f -- "$probe" read {} 290000 50000 || :)" = "EIO at 302288" ]
	[ "$(zx exec f -- "$probe" touch {} 700000 1 || :)" = "SIGBUS at 700000" ]
	grep -q 'is shorter than the 1000000 bytes it had' "$log"
	cat "$tmp/copy" > "$tmp/f"
	zx cat f | cmp - "$tmp/copy"
	stop
}

# --- clients ----------------------------------------------------------------------

test_read_only_descriptor_cannot_write() {
	bytes 5000 "$tmp/f"
	serve "f=$tmp/f"
	[ "$(zx exec f -- "$probe" readonly {})" = ok ]
	# Nor can somebody else open it anew for writing.
	chmod 755 "$tmp"
	chmod 666 "$sock"
	status_is 1 zx exec f -- setpriv --reuid 65534 --regid 65534 --clear-groups \
		dd if=/dev/zero of={} conv=notrunc count=1
	zx cat f | cmp - "$tmp/f"
	stop
}

test_users_and_groups() {
	bytes 5000 "$tmp/f"
	chmod 755 "$tmp"
	serve "f=$tmp/f"
	status_is 5 as_nobody "$bin/zxpager/zxpager" -s "$sock" ls
	stop
	serve --allow-uid 1234 "f=$tmp/f"
	status_is 5 as_nobody "$bin/zxpager/zxpager" -s "$sock" ls 2> "$tmp/why"
	grep -q 'does not serve you' "$tmp/why"
	stop
	serve --allow-gid 65534 "f=$tmp/f"
	as_nobody "$bin/zxpager/zxpager" -s "$sock" cat f | cmp - "$tmp/f"
	status_is 5 setpriv --reuid 65534 --regid 1234 --clear-groups \
		"$bin/zxpager/zxpager" -s "$sock" ls
	setpriv --reuid 65534 --regid 1234 --groups 4321,65534 \
		"$bin/zxpager/zxpager" -s "$sock" ls
	stop
	serve --allow-uid 65534 "f=$tmp/f"
	as_nobody "$bin/zxpager/zxpager" -s "$sock" cat f | cmp - "$tmp/f"
	# The checkout may be where only root gets.
	cp "$probe" "$tmp/probe"
	[ "$(as_nobody "$bin/zxpager/zxpager" -s "$sock" exec f -- "$tmp/probe" \
		readonly {})" = ok ]
	as_nobody "$bin/zxpager/zxpager" -s "$sock" exec f -- cmp {} "$tmp/f"
	local op
	for op in 'fail f 0 1' 'clear f' 'hold f' 'release f' 'detach f'; do
		# shellcheck disable=SC2086
		status_is 5 as_nobody "$bin/zxpager/zxpager" -s "$sock" $op
	done
	stop
}

# Nothing large belongs to one of them alone.
test_ten_thousand_files() {
	local i files=() kib
	thp=/sys/kernel/mm/transparent_hugepage/enabled
	before=$(sed 's/.*\[\(.*\)\].*/\1/' $thp)
	trap 'echo "$before" > $thp; cleanup' EXIT
	# What it uses is to be counted, not what huge pages make of that.
	echo never > $thp
	mkdir "$tmp/many"
	for i in {1..10000}; do
		echo "this is $i" > "$tmp/many/$i"
		files+=("f$i=$tmp/many/$i")
	done
	ulimit -n 30000
	serve --rw f10000 "${files[@]}"
	[ "$(zx ls | wc -l)" -ge 10000 ]
	for i in 1 5000 10000; do
		zx cat "f$i" | cmp - "$tmp/many/$i"
	done
	zx exec f10000 -- dd of={} conv=notrunc,fsync status=none <<< "this was 10000"
	grep -qx 'this was 10000' "$tmp/many/10000"
	kib=$(awk '$1 == "VmRSS:" { print $2 }' "/proc/$pid/status")
	[ "$kib" -lt 131072 ] || fail "$kib KiB"
	[ "$(awk '$1 == "Threads:" { print $2 }' "/proc/$pid/status")" -lt 8 ]
	echo "# $kib KiB for 10000 files"
	stop
}

test_one_name_for_a_file() {
	bytes 300000 "$tmp/f"
	ln "$tmp/f" "$tmp/g"
	ln -s f "$tmp/h"
	refused "$tmp/f under another name" "f=$tmp/f" "g=$tmp/g"
	refused "$tmp/f under another name" --rw f "f=$tmp/f" "h=$tmp/h"
}

test_few_descriptors() {
	bytes 300000 "$tmp/f"
	printf '#!/bin/bash\nulimit -n 48\nexec "%s" "$@"\n' "$daemon" > "$tmp/few"
	chmod 755 "$tmp/few"
	daemon=$tmp/few
	serve "f=$tmp/f"
	grep -q 'the limit of 48 open files leaves room for [0-9]* clients' "$log"
	with_daemon "$bin/tests/test_flood" connections_by_the_thousand
	grep -q 'idle for longest, is dropped' "$log"
	zx cat f | cmp - "$tmp/f"
	stop
}

test_client_killed_while_it_waits() {
	bytes 1000000 "$tmp/f"
	serve "f=$tmp/f"
	zx hold f
	"$bin/zxpager/zxpager" -s "$sock" cat f > "$tmp/out" &
	local client=$!
	"$bin/zxpager/zxpager" -s "$sock" exec f -- "$probe" touch {} 500000 1 &
	local mapper=$!
	until_true waiting f 2
	kill -9 $client $mapper
	wait $client $mapper || :
	until_true waiting f 0
	zx release f
	zx cat f | cmp - "$tmp/f"
	stop
}

test_one_vmo_that_stalls_harms_no_other() {
	bytes 1000000 "$tmp/f"
	cp "$tmp/f" "$tmp/g"
	serve "f=$tmp/f" "g=$tmp/g"
	zx hold f
	zx cat f > "$tmp/out" &
	local client=$!
	until_true waiting f 1
	zx cat g | cmp - "$tmp/f"
	grep -q 'held *f$' < <(zx ls)
	zx release f
	wait $client
	cmp "$tmp/out" "$tmp/f"
	stop
}

# Its file is a VMO that another daemon holds, so read() of it does not come back.
test_store_that_hangs_harms_no_other() {
	local below clients=() i why=0
	bytes 1000000 "$tmp/f"
	cp "$tmp/f" "$tmp/g"
	mkfifo "$tmp/ready"
	"$daemon" --socket "$tmp/below" --ready-fd 4 "f=$tmp/f" 4> "$tmp/ready" 2>> "$tmp/why" &
	below=$!
	[ "$(cat "$tmp/ready")" = ready ]
	sock=$tmp/below zx hold f
	printf '#!/bin/bash\nexec "%s" -s "%s" exec f -- "%s" "$@" f={}\n' \
		"$bin/zxpager/zxpager" "$tmp/below" "$daemon" > "$tmp/above"
	chmod 755 "$tmp/above"
	daemon=$tmp/above
	serve --window 4K --readahead 0 --rw g "g=$tmp/g"
	for i in {0..19}; do
		"$bin/zxpager/zxpager" -s "$sock" exec f -- "$probe" touch {} $((i * 8192)) 1 \
			> "$tmp/out$i" &
		clients+=($!)
	done
	until_true waiting f 20
	zx cat g | cmp - "$tmp/f"
	zx exec g -- dd if="$tmp/f" of={} bs=64K seek=1 conv=notrunc,fsync status=none
	dd if="$tmp/f" bs=64K | cmp - <(tail -c +65537 "$tmp/g")
	[ "$(awk '$1 == "Threads:" { print $2 }' "/proc/$pid/status")" -le 30 ]
	waiting f 20
	# What hangs is not waited for, neither there nor here.
	stop
	for i in "${clients[@]}"; do
		wait "$i" || why=$?
		[ $why = 10 ]
	done
	kill "$below"
	wait "$below"
}

test_range_that_fails() {
	local code
	bytes 1000000 "$tmp/f"
	serve "f=$tmp/f"
	for code in EIO EBADMSG ESTALE ENOSPC ENOBUFS; do
		zx fail f 8192 4K $code
		[ "$(zx exec f -- "$probe" read {} 0 16384 || :)" = "$code at 8192" ]
		[ "$(stat_of f fail_code)" = $code ]
		[ "$(stat_of f fail_offset)" = 8192 ]
		zx clear f
	done
	zx fail f 9000 1
	[ "$(zx exec f -- "$probe" touch {} 0 16384 || :)" = "SIGBUS at 8192" ]
	[ "$(zx exec f -- "$probe" read {} 12288 900000)" = ok ]
	zx clear f
	zx cat f | cmp - "$tmp/f"
	stop
}

test_log_that_nobody_reads() {
	local name
	name=$(printf 'n%.0s' {1..60})
	bytes 4000000 "$tmp/f"
	mkfifo "$tmp/err"
	exec 7<> "$tmp/err"
	mkfifo "$tmp/ready"
	sock=$tmp/sock log=/dev/null
	"$daemon" --socket "$sock" --verbose --window 4K --ready-fd 3 "$name=$tmp/f" \
		3> "$tmp/ready" 2> "$tmp/err" 7>&- &
	pid=$!
	[ "$(cat "$tmp/ready")" = ready ]
	# A line for each page: more than the pipe takes.
	zx exec "$name" -- "$probe" mapcat {} 7>&- | cmp - "$tmp/f"
	exec 7<&-	# and now it is broken
	evict
	[ "$(zx exec "$name" -- "$probe" touch {} 0 1000000)" = ok ]
	stop
}

# --- the end ----------------------------------------------------------------------

test_detach() {
	bytes 1000000 "$tmp/f"
	cp "$tmp/f" "$tmp/g"
	serve "f=$tmp/f" "g=$tmp/g"
	zx hold f
	zx cat f > /dev/null 2> "$tmp/why" &
	local client=$!
	until_true waiting f 1
	zx detach f
	status_is 1 wait $client
	grep -q 'Stale file handle' "$tmp/why"
	[ "$(stat_of f state)" = complete ]
	[ "$(zx exec f -- "$probe" touch {} 0 1 || :)" = "SIGBUS at 0" ]
	zx detach f
	[ "$(stat_of f daemon_late)" = 0 ]
	zx cat g | cmp - "$tmp/f"
	stop
}

test_sigterm_with_readers_that_wait() {
	bytes 1000000 "$tmp/f"
	serve "f=$tmp/f"
	zx hold f
	zx cat f > /dev/null 2> "$tmp/why" &
	local client=$!
	zx exec f -- "$probe" touch {} 0 1 > "$tmp/what" &
	local mapper=$!
	until_true waiting f 2
	stop
	status_is 1 wait $client
	status_is 10 wait $mapper
	grep -q 'Stale file handle' "$tmp/why"
	grep -q 'SIGBUS at 0' "$tmp/what"
	grep -q 'COMPLETE' "$log"
}

test_sigint_and_sighup() {
	local signal
	bytes 5000 "$tmp/f"
	for signal in INT HUP; do
		# A background job of a script has SIGINT ignored, unless told not to.
		serve "f=$tmp/f"
		kill -$signal "$pid"
		wait "$pid"
		[ ! -e "$sock" ]
	done
}

test_daemon_killed() {
	bytes 1000000 "$tmp/f"
	serve "f=$tmp/f"
	zx exec f -- "$probe" touch {} 0 1
	zx hold f
	zx exec f -- "$probe" read {} 500000 1 > "$tmp/read" &
	local client=$!
	zx exec f -- "$probe" touch {} 600000 1 > "$tmp/touch" &
	local mapper=$!
	until_true waiting f 2
	kill -9 "$pid"
	wait "$pid" || :
	status_is 10 wait $client
	status_is 10 wait $mapper
	[ "$(cat "$tmp/read")" = "ESTALE at 500000" ]
	[ "$(cat "$tmp/touch")" = "SIGBUS at 600000" ]
	status_is 3 zx ls
	unload
	insmod "$ZXPAGER_KO"
}

test_clients_killed_all_at_once() {
	local i clients=()
	bytes 4000000 "$tmp/f"
	serve "f=$tmp/f"
	for i in {1..8}; do
		"$bin/zxpager/zxpager" -s "$sock" exec f -- "$probe" mapcat {} \
			> "$tmp/$i" &
		clients+=($!)
	done
	kill -9 "${clients[@]}"
	wait "${clients[@]}" || :
	zx cat f | cmp - "$tmp/f"
	stop
	unload
	insmod "$ZXPAGER_KO"
}

# --- the client program -----------------------------------------------------------

test_client_statuses() {
	bytes 5000 "$tmp/f"
	sock=$tmp/sock
	status_is 3 zx ls
	status_is 125 zx exec f -- true
	serve "f=$tmp/f"
	status_is 0 zx --help
	status_is 2 zx
	status_is 2 zx nonsense
	status_is 2 zx --nonsense
	status_is 2 zx cat
	status_is 2 zx ls f
	status_is 2 zx fail f 0
	status_is 2 zx fail f x 1
	status_is 2 zx fail f 0 1 ENOENT
	status_is 2 zx fail f 0 99999999999G
	status_is 1 zx fail f 0 1G
	status_is 4 zx cat g
	status_is 4 zx stat g
	status_is 4 zx detach g
	status_is 125 zx exec g -- true
	status_is 125 zx exec f --
	status_is 127 zx exec f -- "$tmp/no-such-program"
	status_is 126 zx exec f -- "$tmp/f"
	status_is 42 zx exec f -- sh -c 'exit 42'
	[ "$(zx exec f -- echo a{}b{} {})" != "a{}b{} {}" ]
	zx exec f -- cmp {} "$tmp/f"
	status_is 1 zx cat f > /dev/full
	status_is 1 zx stat > /dev/full
	stop
}

test_example_of_the_readme() {
	[ "$("$bin/examples/hello-pager")" = HELLO ]
}

main "$@"
