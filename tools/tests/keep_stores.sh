#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# keep_stores.sh TEST: one test of what a worker of zxpagerd --keep finds that its predecessor
# had: stores, which may be others by now, and copies
#
# A TEST is one of the functions test_* below, without test_; daemon.bash tells more.
# run-tests.sh, which tells what the environment has to be, runs them all.
# shellcheck disable=SC2119 # end_export's arguments are those of kill
. "$(dirname "$0")/keep.bash"

test_keep_store_replaced() {
	bytes 100000 "$tmp/new"
	bytes 500000 "$tmp/g"
	bytes 1000000 "$tmp/f"
	cp "$tmp/f" "$tmp/want"
	serve "${keep[@]}" --rw f "${quiet[@]}" "f=$tmp/f" "g=$tmp/g"
	put 300000 "$tmp/new"
	mv "$tmp/f" "$tmp/old"
	bytes 1000000 "$tmp/f"
	cp "$tmp/f" "$tmp/other"
	kill_worker
	grep -q "f: $tmp/f is another one than it was" "$log"
	evict
	zx cat g | cmp - "$tmp/g"
	zx exec f -- "$probe" read {} 900000 1 > "$tmp/got" || :
	grep -q EIO "$tmp/got"
	status_is 1 zx sync f
	cmp "$tmp/f" "$tmp/other"
	# It is back, and nothing was lost.
	mv "$tmp/old" "$tmp/f"
	kill_worker
	zx cat f | cmp - "$tmp/want"
	stop
	is_written
}

# serves_g_alone PATTERN: the next worker says that of f, and fails it and nothing else
serves_g_alone() {
	kill_worker
	grep -q "$1" "$log" || fail "no '$1' in: $(tail -n 5 "$log")"
	evict
	zx cat g | cmp - "$tmp/g"
	zx exec f -- "$probe" read {} 900000 1 > "$tmp/got" || :
	grep -q EIO "$tmp/got"
	status_is 1 zx sync f
}

waits_for_a_lock() {
	grep -q -- "-> FLOCK .* $1 " /proc/locks
}

# The worker dies, and before its successor has the file somebody else has locked it, for longer
# than a worker waits for that.  Then it is free again.
test_keep_file_is_locked_for_a_while() {
	local left taker
	bytes 100000 "$tmp/new"
	keep_with 1000000 "${quiet[@]}"
	put 300000 "$tmp/new"
	mkfifo "$tmp/release"
	flock "$tmp/f" cat "$tmp/release" > "$tmp/released" &
	taker=$!
	left=$(worker)
	# Who waits for a lock has it as soon as it is free.
	until_true waits_for_a_lock "$taker"
	kill -9 "$left"
	until_true grep -q 'f: that may pass: another worker tries again' "$log"
	echo > "$tmp/release"
	wait "$taker"
	next_worker
	zx cat f | cmp - "$tmp/want"
	grep -q 'its accesses fail' "$log" && fail "somebody may have seen an error"
	stop
	is_written
}

# Whatever is wrong with an export when a worker starts, it is the matter of that one VMO.
test_keep_export_is_another_one() {
	bytes 100000 "$tmp/new"
	bytes 500000 "$tmp/g"
	store 1048576
	export_with file "$tmp/f"
	serve "${keep[@]}" --reconnect-timeout 0 --rw f "${quiet[@]}" "f=$uri" "g=$tmp/g"
	put 300000 "$tmp/new"
	end_export -9
	truncate -s 2097152 "$tmp/f"
	export_with file "$tmp/f"
	serves_g_alone "f: $uri is another one than it was"
	end_export -9
	truncate -s 1048576 "$tmp/f"
	export_with -r file "$tmp/f"
	serves_g_alone "$uri is read-only"
	end_export -9
	export_with file "$tmp/f"
	kill_worker
	zx cat f | cmp - "$tmp/want"
	stop
	is_written
	end_export
}

# It takes connections, and says nothing.
test_keep_export_hangs() {
	local mute
	bytes 100000 "$tmp/new"
	bytes 500000 "$tmp/g"
	store 1048576
	export_with file "$tmp/f"
	serve "${keep[@]}" --reconnect-timeout 0 --rw f "${quiet[@]}" "f=$uri" "g=$tmp/g"
	put 300000 "$tmp/new"
	end_export -9
	rm -f "$tmp/nbd"
	python3 - "$tmp/nbd" <<-'END' &
		import signal, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen()
		open(sys.argv[1] + ".listens", "w")
		signal.pause()
	END
	mute=$!
	until_true test -e "$tmp/nbd.listens"
	serves_g_alone "cannot connect to $uri"
	kill "$mute"
	wait "$mute" || :
	rm -f "$tmp/nbd"
	export_with file "$tmp/f"
	kill_worker
	zx cat f | cmp - "$tmp/want"
	stop
	is_written
	end_export
}

test_keep_store_is_gone() {
	bytes 500000 "$tmp/g"
	bytes 100000 "$tmp/f"
	serve "${keep[@]}" "f=$tmp/f" "g=$tmp/g"
	mv "$tmp/f" "$tmp/old"
	kill_worker
	evict
	zx cat g | cmp - "$tmp/g"
	zx exec f -- "$probe" read {} 0 1 > "$tmp/got" || :
	grep -q EIO "$tmp/got"
	mv "$tmp/old" "$tmp/f"
	kill_worker
	zx cat f | cmp - "$tmp/f"
	stop
}

# Its VMO has the size that it had, and what was written before and is written now gets there;
# or there is no room for all of it.
test_keep_device_has_changed_its_size() {
	local dev
	bytes 100000 "$tmp/new"
	bytes 500000 "$tmp/g"
	store 1048576
	dev=$(losetup --find --show "$tmp/f")
	serve "${keep[@]}" --rw f "${quiet[@]}" "f=$dev" "g=$tmp/g"
	put 300000 "$tmp/new"
	truncate -s 2097152 "$tmp/f"
	losetup -c "$dev"
	kill_worker
	zx sync f
	cmp -n 1048576 "$dev" "$tmp/want"
	put 900000 "$tmp/new" conv=notrunc,fsync
	cmp -n 1048576 "$dev" "$tmp/want"
	[ "$(zx ls | awk '$4 == "f" { print $2 }')" = 1048576 ]
	put 200000 "$tmp/new"
	truncate -s 524288 "$tmp/f"
	losetup -c "$dev"
	kill_worker
	grep -q "f: $dev is smaller than it was" "$log"
	evict
	zx cat g | cmp - "$tmp/g"
	status_is 1 zx sync f
	truncate -s 1048576 "$tmp/f"
	losetup -c "$dev"
	kill_worker
	zx sync f
	cmp -n 524288 "$dev" "$tmp/want"
	stop
	losetup -d "$dev"
}

# durable: the size that the file has if the machine stops now
durable() {
	cp "$tmp/image" "$tmp/stopped"
	mount -o loop "$tmp/stopped" "$tmp/after"
	stat -c %s "$tmp/after/f" || :
	umount "$tmp/after"
}

# A client shrinks, and the worker is killed between ftruncate() and fsync().  That is a moment
# nobody can hit, so the worker is stopped, and the test cuts the file off.  Then the VMO is
# clean and as large as the file, and yet the first sync is to be one.
test_keep_killed_before_it_synced_a_cut() {
	local client
	mkdir "$tmp/mnt" "$tmp/after"
	truncate -s 16M "$tmp/image"
	mke2fs -q -F -t ext4 "$tmp/image"
	# Nothing but what is asked for.
	mount -o loop,commit=10000 "$tmp/image" "$tmp/mnt"
	bytes 1000000 "$tmp/mnt/f"
	serve "${keep[@]}" --rw f "${quiet[@]}" "f=$tmp/mnt/f"
	mkfifo "$tmp/tell" "$tmp/told"
	# shellcheck disable=SC2016 # that shell's
	zx exec f -- sh -c 'echo > "$1"; read -r line < "$2"; truncate -s 409600 "$3"' - \
		"$tmp/told" "$tmp/tell" {} &
	client=$!
	read -r < "$tmp/told"
	kill -STOP "$(worker)"
	echo > "$tmp/tell"
	wait "$client"
	sync -f "$tmp/mnt"
	[ "$(durable)" = 1000000 ]
	truncate -s 409600 "$tmp/mnt/f"
	kill_worker
	[ "$(stat_of f dirty_bytes)" = 0 ]
	[ "$(durable)" = 1000000 ]
	zx sync f
	[ "$(durable)" = 409600 ]
	stop
}

# What it has no more is an error, as it would be without another worker, and never zeroes.
test_keep_file_is_shorter() {
	bytes 1000000 "$tmp/f"
	cp "$tmp/f" "$tmp/want"
	serve "${keep[@]}" "f=$tmp/f"
	truncate -s 300000 "$tmp/f"
	kill_worker
	evict
	[ "$(zx exec f -- "$probe" read {} 0 294912)" = ok ]
	[ "$(zx exec f -- "$probe" read {} 290000 50000 || :)" = "EIO at 302288" ]
	cat "$tmp/want" "$tmp/want" > "$tmp/f"
	kill_worker
	zx cat f | cmp - "$tmp/want"
	stop
}

# What is sent over the first connection is held on its way while $tmp/hold is there, and $tmp/bytes
# tells of it, until somebody writes to $tmp/release.
start_slow_way() {
	mkfifo "$tmp/release"
	python3 - "$tmp" <<-'END' &
		import os, socket, sys, threading
		tmp = sys.argv[1]
		def carry(source, to, is_slow):
		    kept = b""
		    while data := source.recv(65536):
		        if is_slow and os.path.exists(tmp + "/hold"):
		            kept += data
		            if len(kept) < 4096:
		                continue
		            open(tmp + "/bytes", "w").close()
		            open(tmp + "/release").read()
		            data, kept = kept, b""
		        to.sendall(data)
		    to.shutdown(socket.SHUT_WR)
		listener = socket.socket(socket.AF_UNIX)
		listener.bind(tmp + "/slow")
		listener.listen()
		is_first = True
		while True:
		    client, _ = listener.accept()
		    server = socket.socket(socket.AF_UNIX)
		    server.connect(tmp + "/nbd")
		    for way in (client, server, is_first), (server, client, False):
		        threading.Thread(target=carry, args=way, daemon=True).start()
		    is_first = False
	END
	way=$!
	until_true test -S "$tmp/slow"
	uri="nbd+unix:///?socket=$tmp/slow"
}

# They would come after what the next worker writes.
test_keep_killed_with_bytes_on_their_way() {
	local syncs
	bytes 100000 "$tmp/new"
	bytes 100000 "$tmp/newer"
	store 1048576
	export_with file "$tmp/f"
	start_slow_way
	serve "${keep[@]}" --connections 1 --rw f "${quiet[@]}" "f=$uri"
	put 300000 "$tmp/new"
	touch "$tmp/hold"
	zx exec f -- sync {} &
	syncs=$!
	until_true test -e "$tmp/bytes"
	kill -9 "$(worker)"
	until_true grep -q 'waiting for what the worker before has sent' "$log"
	serving 2 && fail "the next worker does not wait"
	rm "$tmp/hold"
	echo > "$tmp/release"
	next_worker
	wait "$syncs"
	put 300000 "$tmp/newer"
	stop
	is_written
	end_export
	kill "$way"
	wait "$way" || :
}

# The lock of an export is one of the worker's, and goes with it.
test_keep_kill_with_an_export() {
	bytes 100000 "$tmp/new"
	store 1048576
	export_with file "$tmp/f"
	serve "${keep[@]}" --rw f "${quiet[@]}" "f=$uri"
	put 300000 "$tmp/new"
	kill_worker
	kill_worker
	zx cat f | cmp - "$tmp/want"
	zx sync f
	is_written
	stop
	end_export
}

# One that does not answer keeps nobody else from going on.
test_keep_export_is_gone() {
	bytes 100000 "$tmp/new"
	bytes 500000 "$tmp/g"
	store 1048576
	export_with file "$tmp/f"
	serve "${keep[@]}" --reconnect-timeout 0 --rw f "${quiet[@]}" "f=$uri" "g=$tmp/g"
	put 300000 "$tmp/new"
	end_export -9
	kill_worker
	grep -q "cannot connect to $uri" "$log"
	evict
	zx cat g | cmp - "$tmp/g"
	zx exec f -- "$probe" read {} 900000 1 > "$tmp/got" || :
	grep -q EIO "$tmp/got"
	export_with file "$tmp/f"
	kill_worker
	zx cat f | cmp - "$tmp/want"
	stop
	is_written
	end_export
}

# Its request dies with the worker that has taken it, and is asked again.
test_keep_client_asks_again() {
	local client
	bytes 100000 "$tmp/new"
	store 1048576
	export_with --filter=pause file "$tmp/f" "pause-control=$tmp/control"
	serve "${keep[@]}" --rw f "${quiet[@]}" "f=$uri"
	put 300000 "$tmp/new"
	pausing p
	"$bin/zxpager/zxpager" -s "$sock" sync f &
	client=$!
	until_true grep -q 'f: a client waits for a sync' "$log"
	kill_worker
	pausing r
	wait "$client"
	is_written
	stop
	end_export
}

test_keep_copies() {
	bytes 303104 "$tmp/f"
	bytes 4096 "$tmp/new"
	chmod 777 "$tmp"
	serve "${keep[@]}" --scratch f --copies 2 --allow-uid 65534 "f=$tmp/f"
	zx clone f one
	cp "$tmp/f" "$tmp/want"
	zx exec one -- dd if="$tmp/new" of={} bs=4096 seek=3 conv=notrunc status=none
	dd if="$tmp/new" of="$tmp/want" bs=4096 seek=3 conv=notrunc status=none
	zx snapshot one two
	as_nobody "$bin/zxpager/zxpager" -s "$sock" clone f theirs
	zx clone f gone
	zx drop gone
	zx ls > "$tmp/before"
	kill_worker
	zx ls | diff "$tmp/before" -
	evict
	zx cat one | cmp - "$tmp/want"
	zx cat two | cmp - "$tmp/want"
	status_is 1 zx clone f one
	as_nobody "$bin/zxpager/zxpager" -s "$sock" clone f more
	status_is 1 as_nobody "$bin/zxpager/zxpager" -s "$sock" clone f most
	status_is 5 as_nobody "$bin/zxpager/zxpager" -s "$sock" drop one
	as_nobody "$bin/zxpager/zxpager" -s "$sock" drop theirs
	zx drop one
	kill_worker
	grep -q 'snapshot two of one' < <(zx ls)
	grep -q 'clone *one of' < <(zx ls) && fail "it was dropped"
	zx cat two | cmp - "$tmp/want"
	stop
}

main "$@"
