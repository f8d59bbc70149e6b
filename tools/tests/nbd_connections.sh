#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# nbd_connections.sh TEST: one test of zxpagerd with NBD servers that hang, are killed, come
# back as others, or have two clients
#
# A TEST is one of the functions test_* below, without test_; daemon.bash tells more.
# run-tests.sh, which tells what the environment has to be, runs them all.
# shellcheck disable=SC2317 # until_true calls functions
. "$(dirname "$0")/nbd.bash"

test_nbd_that_hangs_and_goes_on() {
	store 1048576
	bytes 100000 "$tmp/new"
	cp "$tmp/f" "$tmp/g"
	export_with --filter=pause file "$tmp/f" pause-control="$tmp/control"
	serve --rw f --rw g "${quiet[@]}" "f=$uri" "g=$tmp/g"
	put 0 "$tmp/new"
	pausing p
	"$bin/zxpager/zxpager" -s "$sock" exec f -- "$probe" read {} 524288 300000 \
		> "$tmp/out" &
	local reader=$!
	"$bin/zxpager/zxpager" -s "$sock" sync f &
	local sync=$!
	until_true waiting f 1
	# Nobody else is held up, in anything.
	zx cat g | cmp - "$tmp/g"
	zx exec g -- dd if="$tmp/new" of={} bs=64K conv=notrunc,fsync status=none
	cmp -n 100000 "$tmp/g" "$tmp/new"
	grep -q ' f$' < <(zx ls)
	waiting f 1
	kill -0 $reader $sync
	is_written && fail "it is there already"
	pausing r
	wait $reader
	[ "$(cat "$tmp/out")" = ok ]
	wait $sync
	is_written
	zx cat f | cmp - "$tmp/want"
	stop
	end_export
}

# Whoever waits for a store that hangs does not take the place of all others.
test_nbd_syncs_that_pile_up() {
	local i clients=()
	store 1048576
	bytes 100000 "$tmp/new"
	export_with --filter=pause file "$tmp/f" pause-control="$tmp/control"
	printf '#!/bin/bash\nulimit -n 48\nexec "%s" "$@"\n' "$daemon" > "$tmp/few"
	chmod 755 "$tmp/few"
	daemon=$tmp/few
	serve --rw f "${quiet[@]}" "f=$uri"
	put 0 "$tmp/new"
	pausing p
	for i in {1..40}; do
		"$bin/zxpager/zxpager" -s "$sock" sync f 2> "$tmp/why$i" &
		clients+=($!)
	done
	some_were_refused() {
		grep -q 'resource busy' "$tmp"/why*
	}
	until_true some_were_refused
	grep -q ' f$' < <(zx ls)
	zx exec f -- "$probe" read {} 0 1000
	pausing r
	for i in "${clients[@]}"; do
		wait "$i" || status_is 1 wait "$i"
	done
	is_written
	stop
	end_export
}

# A reader and a sync are under way when it dies; they go on when it is back.
test_nbd_server_that_is_killed() {
	local sync reader
	store 1048576
	bytes 100000 "$tmp/new"
	export_with --filter=pause file "$tmp/f" pause-control="$tmp/control"
	serve --rw f "${quiet[@]}" "f=$uri"
	put 300000 "$tmp/new"
	pausing p
	"$bin/zxpager/zxpager" -s "$sock" sync f &
	sync=$!
	"$bin/zxpager/zxpager" -s "$sock" exec f -- "$probe" read {} 900000 1 > "$tmp/out" &
	reader=$!
	until_true waiting f 1
	end_export -9
	until_true grep -q 'the connection is lost' "$log"
	grep -q ' f$' < <(zx ls)
	kill -0 $reader $sync
	is_written && fail "it is there already"
	export_with file "$tmp/f"
	wait $reader
	[ "$(cat "$tmp/out")" = ok ]
	wait $sync
	is_written
	zx cat f | cmp - "$tmp/want"
	grep -q 'connected again' "$log"
	[ "$(stat_of f daemon_failing)" = 0 ]
	# While nobody asks for anything, too.
	end_export -9
	export_with file "$tmp/f"
	evict
	zx cat f | cmp - "$tmp/want"
	stop
	end_export
}

# Each fsync is of a server that is killed meanwhile, and says the truth.
test_nbd_server_that_is_killed_again_and_again() {
	local i writer
	store 1048576
	export_with file "$tmp/f"
	serve --rw f "${quiet[@]}" "f=$uri"
	for i in 1 2 3 4 5 6; do
		bytes 200000 "$tmp/new"
		dd if="$tmp/new" of="$tmp/want" bs=64K seek=$((i * 100000)) \
			oflag=seek_bytes conv=notrunc status=none
		"$bin/zxpager/zxpager" -s "$sock" exec f -- dd if="$tmp/new" of={} bs=64K \
			seek=$((i * 100000)) oflag=seek_bytes conv=notrunc,fsync \
			status=none &
		writer=$!
		end_export -9
		export_with file "$tmp/f"
		wait $writer
		is_written
	done
	stop
	end_export
}

# What the server had taken and not flushed dies with it; it is given it again.
test_nbd_server_that_forgets() {
	local sync serving
	store 65536
	bytes 10000 "$tmp/new"
	cp "$tmp/f" "$tmp/cache"
	mkfifo "$tmp/flushing"
	serving=(eval get_size='echo 65536' can_write='exit 0' can_flush='exit 0'
		pread="dd if=$tmp/cache skip=\$4 count=\$3 iflag=skip_bytes,count_bytes status=none"
		pwrite="dd of=$tmp/cache seek=\$4 oflag=seek_bytes conv=notrunc status=none"
		flush="[ ! -e $tmp/inject ] || exec cat $tmp/flushing; cp $tmp/cache $tmp/f")
	export_with "${serving[@]}"
	serve --rw f "${quiet[@]}" "f=$uri"
	put 5000 "$tmp/new"
	touch "$tmp/inject"
	"$bin/zxpager/zxpager" -s "$sock" sync f &
	sync=$!
	# This waits for the other end, which is the flush.
	exec 4> "$tmp/flushing"
	cmp "$tmp/cache" "$tmp/want"
	end_export -9
	exec 4>&-
	rm "$tmp/inject"
	cp "$tmp/f" "$tmp/cache"
	export_with "${serving[@]}"
	wait $sync
	is_written
	[ "$(stat_of f daemon_written)" -ge 20000 ]
	stop
	end_export
}

test_nbd_server_that_stays_away() {
	store 1048576
	bytes 100000 "$tmp/new"
	export_with file "$tmp/f"
	serve --rw f "${quiet[@]}" --reconnect-timeout 1 "f=$uri"
	put 300000 "$tmp/new"
	end_export -9
	[ "$(zx exec f -- "$probe" read {} 900000 1 || :)" = "EIO at 900000" ]
	grep -q 'no connection for 1 s' "$log"
	status_is 1 zx sync f
	[ "$(stat_of f dirty_bytes)" -ge 100000 ]
	export_with file "$tmp/f"
	until_true is_written
	zx sync f
	zx cat f | cmp - "$tmp/want"
	# What comes back must be the same.
	end_export -9
	truncate -s 500000 "$tmp/f"
	export_with file "$tmp/f"
	evict
	[ "$(zx exec f -- "$probe" read {} 0 1 || :)" = "EIO at 0" ]
	grep -q 'but has not the size that it had: not used' "$log"
	end_export -9
	cp "$tmp/want" "$tmp/f"
	export_with file "$tmp/f"
	zx_cat_works() { zx cat f 2> "$tmp/why" | cmp -s - "$tmp/want"; }
	until_true zx_cat_works
	stop
	end_export
}

# It has nothing but memory, and is restarted with that empty.
test_nbd_server_that_is_another_one() {
	store 1048576
	export_with memory 1M
	serve --rw f "${quiet[@]}" --reconnect-timeout 2 --identity 4096+4096 "f=$uri"
	put 0 "$tmp/f"
	zx sync f
	end_export -9
	export_with memory 1M
	evict
	[ "$(zx exec f -- "$probe" read {} 0 1 || :)" = "EIO at 0" ]
	grep -q 'but has another content: not used' "$log"
	end_export -9
	export_with file "$tmp/f"
	zx_cat_works() { zx cat f 2> "$tmp/why" | cmp -s - "$tmp/f"; }
	until_true zx_cat_works
	stop
	refused '^zxpagerd: --identity: .* has 1048576 bytes, fewer than that' \
		--identity 1048576+1 "f=$uri"
	refused 'want OFFSET+LENGTH' --identity 1048576 "f=$uri"
	end_export
}

# Somebody replaces it by one that works.
test_nbd_server_that_hangs_for_ever() {
	local sync hung
	store 1048576
	bytes 100000 "$tmp/new"
	export_with --filter=pause file "$tmp/f" pause-control="$tmp/control"
	serve --rw f "${quiet[@]}" --request-timeout 2 "f=$uri"
	put 300000 "$tmp/new"
	pausing p
	"$bin/zxpager/zxpager" -s "$sock" sync f &
	sync=$!
	hung=$nbd
	export_with file "$tmp/f"
	[ "$(zx exec f -- "$probe" read {} 900000 1)" = ok ]
	grep -q 'is given up: it does not answer' "$log"
	wait $sync
	is_written
	kill -9 "$hung"
	stop
	end_export
}

test_nbd_writer_is_the_only_one() {
	local reader
	store 1048576
	export_with file "$tmp/f"
	serve --rw f "f=$uri"
	refused 'is being written by another daemon' --rw f "f=$uri"
	# Whoever only reads is no harm, and knows.
	"$daemon" --socket "$tmp/other" --ready-fd 4 "f=$uri" 4> "$tmp/ready" 2>> "$log" &
	reader=$!
	[ "$(cat "$tmp/ready")" = ready ]
	kill "$reader"
	wait "$reader"
	stop
	serve --rw f "f=$uri"
	stop
	end_export
}

# By another way to write where it is, and if neither can write.
test_nbd_export_has_one_name() {
	local other="nbd+unix:///?socket=$tmp/../${tmp##*/}/nbd" rw
	store 1048576
	export_with file "$tmp/f"
	for rw in '' '--rw f' '--rw f --rw g'; do
		# shellcheck disable=SC2086 # words
		refused "is $uri under another name" $rw "f=$uri" "g=$other"
	done
	end_export
	export_with --filter=exportname file "$tmp/f" exportname=a exportname=b
	other="nbd+unix:///b?socket=$tmp/nbd"
	serve "f=$uri" "g=$other"
	zx cat g | cmp - "$tmp/f"
	stop
	end_export
}

# Nobody else can have the lock, or keep it from being had.
test_nbd_lock_is_ones_own() {
	local lock
	store 1048576
	export_with file "$tmp/f"
	serve --rw f "f=$uri"
	lock=$(readlink /proc/"$pid"/fd/* | grep -m 1 '^/run/zxpagerd-nbd-.*\.lock$')
	stop
	[ "$(stat -c '%a %u' "$lock")" = "600 $(id -u)" ]
	as_nobody flock -n "$lock" true && fail "others can lock it"
	chmod 666 "$lock"
	refused 'cannot lock' --rw f "f=$uri"
	rm "$lock"
	serve --rw f "f=$uri"
	stop
	# Who is not root has a directory of its own, or cannot write.
	chmod 777 "$tmp"
	refused_to_nobody() {
		status_is 1 as_nobody "$@" "$daemon" --socket "$tmp/refused" --rw f "f=$uri" \
			2> "$tmp/why"
	}
	chmod 666 "$tmp/nbd" /dev/zxpager
	refused_to_nobody env -u XDG_RUNTIME_DIR
	grep -q 'XDG_RUNTIME_DIR is not set' "$tmp/why"
	refused_to_nobody env XDG_RUNTIME_DIR="$tmp"
	grep -q 'others can make files there' "$tmp/why"
	chmod 600 /dev/zxpager
	chmod 700 "$tmp"
	end_export
}

test_nbd_sigterm_while_it_hangs() {
	local status=0
	store 1048576
	bytes 100000 "$tmp/new"
	export_with --filter=pause file "$tmp/f" pause-control="$tmp/control"
	serve --rw f "${quiet[@]}" --shutdown-timeout 1 "f=$uri"
	put 300000 "$tmp/new"
	pausing p
	"$bin/zxpager/zxpager" -s "$sock" exec f -- "$probe" read {} 900000 1 > "$tmp/out" &
	local reader=$!
	until_true waiting f 1
	kill "$pid"
	wait "$pid" || status=$?
	[ $status = 2 ] || fail "status $status"
	grep -q 'f: .* bytes were not written to nbd.* and are lost' "$log"
	status_is 10 wait $reader
	[ "$(cat "$tmp/out")" = "ESTALE at 900000" ]
	# A second one is not to wait at all.
	end_export -9
	cp "$tmp/f" "$tmp/want"
	export_with --filter=pause file "$tmp/f" pause-control="$tmp/control"
	serve --rw f "${quiet[@]}" --shutdown-timeout 10000 "f=$uri"
	put 300000 "$tmp/new"
	pausing p
	kill "$pid"
	until_true grep -q 'detaching all VMOs' "$log"
	kill "$pid"
	status=0
	wait "$pid" || status=$?
	[ $status = 2 ] || fail "status $status"
	end_export -9
}

main "$@"
