#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# nbd_stores.sh TEST: one test of what zxpagerd reads, writes, zeroes and flushes in an NBD
# export
#
# A TEST is one of the functions test_* below, without test_; daemon.bash tells more.
# run-tests.sh, which tells what the environment has to be, runs them all.  What goes wrong
# is up to nbdkit's filters error, delay, rate, retry and pause.
# shellcheck disable=SC2317 # until_true calls functions
# shellcheck disable=SC2119 # end_export's arguments are those of kill
. "$(dirname "$0")/nbd.bash"

# One of a kind where time is short: test_backend_nbd has them all.
codes=(ENOSPC)
[ -n "${CI:-}" ] || codes+=(EIO)

test_nbd_as_any_other_store() {
	store 1000448
	bytes 300000 "$tmp/new"
	export_with file "$tmp/f"
	serve --rw f "${quiet[@]}" "f=$uri"
	zx cat f | cmp - "$tmp/want"
	put 123456 "$tmp/new"
	zx exec f -- fallocate --zero-range --offset 524288 --length 131072 {}
	dd if=/dev/zero of="$tmp/want" bs=64K seek=8 count=2 conv=notrunc status=none
	zx exec f -- truncate -s 5000 {} && fail "it was cut off"
	zx sync f
	is_written
	[ "$(stat_of f daemon_zeroed)" = 131072 ]
	evict
	zx exec f -- "$probe" mapcat {} | cmp - "$tmp/want"
	put 700000 "$tmp/new"
	stop
	is_written
	end_export
}

test_nbd_of_other_abilities() {
	store 1048576
	# Neither zeroes nor flushes.
	export_with --filter=nozero --filter=fua file "$tmp/f" fuamode=discard
	serve --rw f "${quiet[@]}" "f=$uri"
	zx exec f -- fallocate --zero-range --offset 65536 --length 524288 {}
	dd if=/dev/zero of="$tmp/want" bs=64K seek=1 count=8 conv=notrunc status=none
	zx sync f
	is_written
	stop
	end_export
	export_with -r file "$tmp/f"
	refused 'is read-only: leave --rw out' --rw f "f=$uri"
	serve "f=$uri"
	zx cat f | cmp - "$tmp/want"
	stop
	end_export
	refused 'cannot connect to nbd' "f=$uri"
	export_with null size=0
	refused 'is empty' "f=$uri"
	end_export
}

test_nbd_reads_that_fail() {
	local code
	store 1048576
	for code in "${codes[@]}"; do
		export_with --filter=error file "$tmp/f" error-pread="$code" \
			error-pread-rate=100% error-pread-file="$tmp/inject"
		serve "f=$uri"
		[ "$(zx exec f -- "$probe" read {} 0 4096)" = ok ]
		touch "$tmp/inject"
		[ "$(zx exec f -- "$probe" read {} 0 4096)" = ok ]
		[ "$(zx exec f -- "$probe" read {} 524288 8192 || :)" = "$code at 524288" ]
		[ "$(zx exec f -- "$probe" touch {} 524288 1 || :)" = "SIGBUS at 524288" ]
		[ "$(stat_of f fail_code)" = "$code" ]
		grep -q "$tmp/nbd: page at 524288 fails" "$log"
		rm "$tmp/inject"
		zx cat f | cmp - "$tmp/f"
		stop
		end_export
		evict
	done
}

# Some of the reads fail: nobody gets a wrong byte, and in the end all are there.
test_nbd_reads_that_fail_sometimes() {
	store 1048576
	export_with --filter=error file "$tmp/f" error-pread-rate=30%
	serve --window 16K "f=$uri"
	zx_cat_is_right() {
		zx cat f > "$tmp/out" 2> "$tmp/why" || :
		cmp -n "$(stat -c %s "$tmp/out")" "$tmp/out" "$tmp/f" || exit 1
		[ "$(stat -c %s "$tmp/out")" = 1048576 ]
	}
	until_true zx_cat_is_right
	stop
	end_export
}

test_nbd_writes_that_fail() {
	local code why
	for code in "${codes[@]}"; do
		why='No space left'
		[ "$code" = ENOSPC ] || why='Input/output'
		store 1048576
		bytes 100000 "$tmp/new"
		export_with --filter=error file "$tmp/f" error-pwrite="$code" \
			error-pwrite-rate=100% error-pwrite-file="$tmp/inject"
		serve --rw f "${quiet[@]}" "f=$uri"
		touch "$tmp/inject"
		put 300000 "$tmp/new"
		status_is 1 zx sync f 2> "$tmp/why"
		grep -q "$why" "$tmp/why"
		zx exec f -- dd if="$tmp/new" of={} bs=64K seek=300000 \
			oflag=seek_bytes conv=notrunc,fsync 2> "$tmp/why" &&
			fail "fsync said that it is written"
		grep -q "$why" "$tmp/why"
		[ "$(stat_of f daemon_failing)" = 1 ]
		[ "$(stat_of f dirty_bytes)" -ge 100000 ]
		evict
		zx cat f | cmp - "$tmp/want"
		is_written && fail "it is there already"
		rm "$tmp/inject"
		until_true is_written
		zx sync f
		[ "$(stat_of f dirty_bytes)" = 0 ]
		[ "$(stat_of f daemon_failing)" = 0 ]
		stop
		end_export
	done
}

test_nbd_zeroes_that_fail() {
	store 1048576
	export_with --filter=error file "$tmp/f" error-zero-rate=100% \
		error-zero-file="$tmp/inject"
	serve --rw f "${quiet[@]}" "f=$uri"
	touch "$tmp/inject"
	# It syncs on its own.
	zx exec f -- fallocate --zero-range --offset 65536 --length 524288 {} &&
		fail "fallocate said that it is written"
	dd if=/dev/zero of="$tmp/want" bs=64K seek=1 count=8 conv=notrunc status=none
	status_is 1 zx sync f
	zx cat f | cmp - "$tmp/want"
	rm "$tmp/inject"
	until_true is_written
	zx sync f
	[ "$(stat_of f zero_bytes)" = 0 ]
	stop
	end_export
}

# None of the filters does this: a server in the shell.
test_nbd_flushes_that_fail() {
	store 65536
	bytes 10000 "$tmp/new"
	cp "$tmp/f" "$tmp/cache"
	# What was written is in the store for good after a flush alone.
	export_with eval get_size='echo 65536' can_write='exit 0' can_flush='exit 0' \
		pread="dd if=$tmp/cache skip=\$4 count=\$3 iflag=skip_bytes,count_bytes status=none" \
		pwrite="dd of=$tmp/cache seek=\$4 oflag=seek_bytes conv=notrunc status=none" \
		flush="if [ -e $tmp/inject ]; then cp $tmp/f $tmp/cache; echo EIO >&2; exit 1; fi; cp $tmp/cache $tmp/f"
	serve --rw f "${quiet[@]}" "f=$uri"
	put 5000 "$tmp/new"
	touch "$tmp/inject"
	status_is 1 zx sync f
	is_written && fail "it is there already"
	[ "$(stat_of f dirty_bytes)" -ge 10000 ]
	zx cat f | cmp - "$tmp/want"
	rm "$tmp/inject"
	# The server has forgotten it, so all is written once more.
	zx sync f
	is_written
	[ "$(stat_of f daemon_written)" -ge 20000 ]
	stop
	end_export
}

# The server itself tries again, so nobody hears of it.
test_nbd_server_that_retries() {
	store 1048576
	bytes 100000 "$tmp/new"
	export_with --filter=retry --filter=error file "$tmp/f" error-rate=20% \
		retries=30 retry-delay=1 retry-exponential=no
	serve --rw f "${quiet[@]}" "f=$uri"
	zx cat f | cmp - "$tmp/f"
	put 300000 "$tmp/new"
	zx sync f
	is_written
	[ "$(stat_of f daemon_failed)" = 0 ]
	stop
	end_export
}

test_nbd_that_is_slow() {
	local clients=() i
	store 1048576
	bytes 100000 "$tmp/new"
	export_with --filter=delay file "$tmp/f" rdelay=300ms wdelay=300ms
	cp "$tmp/f" "$tmp/g"
	serve --rw f "${quiet[@]}" --window 256K "f=$uri" "g=$tmp/g"
	for i in 1 2 3 4; do
		"$bin/zxpager/zxpager" -s "$sock" cat f > "$tmp/out$i" &
		clients+=($!)
	done
	zx cat g | cmp - "$tmp/g"
	for i in 1 2 3 4; do
		wait "${clients[i - 1]}"
		cmp "$tmp/out$i" "$tmp/f"
	done
	put 5000 "$tmp/new"
	zx sync f
	is_written
	stop
	end_export
}

test_nbd_of_a_narrow_line() {
	store 1048576
	bytes 600000 "$tmp/new"
	export_with --filter=rate file "$tmp/f" rate=8M
	serve --rw f "${quiet[@]}" "f=$uri"
	zx cat f | cmp - "$tmp/f"
	put 0 "$tmp/new"
	zx sync f
	is_written
	stop
	end_export
}

# The memory of a dirty page fails while the daemon is about to come to it.  That page is
# lost: its client and the sync that was to have it are told, and nobody waits for it, least
# of all the daemon, which tells of it at its end.
test_nbd_memory_that_fails() {
	local client
	store 2097152
	bytes 2097152 "$tmp/new"
	export_with --filter=log --filter=pause file "$tmp/f" logfile="$tmp/requests" \
		pause-control="$tmp/control"
	serve --rw f "${quiet[@]}" "f=$uri"
	put 0 "$tmp/new"
	dd if="$tmp/f" of="$tmp/want" bs=4K skip=511 seek=511 count=1 conv=notrunc status=none
	pausing p
	"$bin/zxpager/zxpager" -s "$sock" sync f &
	client=$!
	writes_are_under_way() { [ "$(grep -c ' Write ' "$tmp/requests")" -ge 4 ]; }
	until_true writes_are_under_way
	cat > "$tmp/fails.py" <<-'END'
		import errno, mmap, os, signal, sys
		signal.signal(signal.SIGBUS, signal.SIG_IGN)
		fd = os.open(sys.argv[1], os.O_RDWR)
		m = mmap.mmap(fd, 2097152)
		m[2097151]
		try:
		    m.madvise(100, 2093056, 4096)    # MADV_HWPOISON
		except OSError as e:
		    sys.exit(4)
		print('failed', flush=True)
		try:
		    os.fsync(fd)
		except OSError as e:
		    print(errno.errorcode[e.errno])
	END
	"$bin/zxpager/zxpager" -s "$sock" exec f -- python3 "$tmp/fails.py" {} > "$tmp/out" &
	local fails=$!
	is_over_or_failed() { [ -s "$tmp/out" ] || ! kill -0 "$fails" 2> /dev/null; }
	until_true is_over_or_failed
	[ -s "$tmp/out" ] || wait $fails || exit
	pausing r
	wait $fails
	status_is 1 wait $client
	[ "$(cat "$tmp/out")" = "$(printf 'failed\nEIO')" ]
	zx sync f
	is_written
	[ "$(zx exec f -- "$probe" read {} 0 2093056)" = ok ]
	[ "$(zx exec f -- "$probe" read {} 2093056 1 || :)" = "EIO at 2093056" ]
	[ "$(stat_of f dirty_bytes)" = 4096 ]
	kill "$pid"
	status_is 2 wait "$pid"
	grep -q 'f: the memory of 4096 bytes had failed before they were written' "$log"
	end_export
}

main "$@"
