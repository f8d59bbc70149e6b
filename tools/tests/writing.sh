#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# writing.sh TEST: one test of zxpagerd with VMOs that are written to
#
# A TEST is one of the functions test_* below, without test_; daemon.bash tells more.
# run-tests.sh, which tells what the environment has to be, runs them all.
. "$(dirname "$0")/writing.bash"

# --- what is written gets there -----------------------------------------------------

test_written_back_by_age() {
	bytes 100000 "$tmp/new"
	start_with 1000000 --writeback-age 1
	grep -q '^rw .* f$' < <(zx ls)
	put 123456 "$tmp/new"
	zx cat f | cmp - "$tmp/want"
	until_true is_written
	evict
	zx cat f | cmp - "$tmp/want"
	stop
}

test_written_back_by_amount() {
	bytes 1000000 "$tmp/new"
	start_with 1000000 --writeback-age 10000 --dirty-background 64K
	put 0 "$tmp/new"
	# As long as twice as much is dirty as was written, another pass is worth it.
	until_true stat_is f daemon_written -gt 333333
	stop
	is_written
}

test_fsync_has_it_in_the_file() {
	bytes 50000 "$tmp/new"
	start_with 1000000 "${quiet[@]}"
	put 500 "$tmp/new"
	is_written && fail "it is there already"
	put 500 "$tmp/new" conv=notrunc,fsync
	is_written
	[ "$(stat_of f sync_packets)" -ge 1 ]
	[ "$(stat_of f daemon_syncs)" = "$(stat_of f sync_packets)" ]
	put 300000 "$tmp/new" oflag=seek_bytes,sync
	is_written
	put 700000 "$tmp/new" conv=notrunc,fdatasync
	is_written
	stop
}

test_msync_has_it_in_the_file() {
	start_with 1000000 "${quiet[@]}"
	zx exec f -- "$probe" store {} 5000 300000 x
	head -c 300000 /dev/zero | tr '\0' x > "$tmp/new"
	dd if="$tmp/new" of="$tmp/want" bs=64K seek=5000 oflag=seek_bytes \
		conv=notrunc status=none
	is_written && fail "it is there already"
	[ "$(zx exec f -- "$probe" msync {} 0 1000000)" = ok ]
	is_written
	stop
}

test_sync_by_the_client_program() {
	bytes 50000 "$tmp/new"
	start_with 1000000 "${quiet[@]}"
	put 500 "$tmp/new"
	zx sync f
	is_written
	[ "$(stat_of f dirty_bytes)" = 0 ]
	[ "$(stat_of f daemon_dirty)" = 0 ]
	zx sync f
	stop
}

test_a_store_has_its_page_granted() {
	start_with 1000000 "${quiet[@]}"
	zx exec f -- "$probe" store {} 70000 1 x
	[ "$(stat_of f dirty_packets)" = 1 ]
	[ "$(stat_of f dirty_bytes)" = 4096 ]
	zx exec f -- "$probe" store {} 0 131072 x
	# A quarter more each time, so some 16 packets for 32 pages.
	stat_is f dirty_packets -le 20
	stat_is f dirty_bytes -le 163840
	stop
}

# $tmp/change.py HOW SIZE COUNT WHERE PATH: changes COUNT ranges of that size, by "map" or
# "write", at "random" places or one after the other
make_change() {
	cat > "$tmp/change.py" <<-'END'
		import mmap, os, random, sys
		how, size, count, where, path = sys.argv[1], int(sys.argv[2]), \
		    int(sys.argv[3]), sys.argv[4], sys.argv[5]
		fd = os.open(path, os.O_RDWR)
		end = os.fstat(fd).st_size
		m = mmap.mmap(fd, end) if how == "map" else None
		random.seed(1)
		places = random.sample(range(end // size), count) if where == "random" \
		    else range(count)
		for place in places:
		    data = bytes([65 + place % 26]) * size
		    at = place * size
		    if m:
		        m[at:at + size] = data
		    else:
		        os.pwrite(fd, data, at)
	END
}

# changed HOW SIZE COUNT random|sequential: $written are the bytes that were written back
# of 1000 that changed, $packets the DIRTY packets
changed() {
	local before packets_before
	before=$(stat_of f daemon_written)
	packets_before=$(stat_of f dirty_packets)
	zx exec f -- python3 "$tmp/change.py" "$@" {}
	zx sync f
	written=$((($(stat_of f daemon_written) - before) * 1000 / ($2 * $3)))
	packets=$(($(stat_of f dirty_packets) - packets_before))
	echo "$*: $written of 1000 bytes written back, $packets DIRTY packets"
}

# at_most WRITTEN PACKETS
at_most() {
	[ "$written" -le "$1" ] || fail "more than $1 of 1000 bytes"
	[ "$packets" -le "$2" ] || fail "more than $2 DIRTY packets"
}

# What was not written to is neither written back nor has space taken.
test_a_grant_is_no_more_than_is_needed() {
	local written packets
	make_change
	start_with 33554432 "${quiet[@]}"
	changed map 16384 50 random
	at_most 1300 220
	changed write 4096 100 random
	at_most 1100 110
	changed map 4096 2048 sequential
	at_most 1020 100
	changed write 65536 128 sequential
	at_most 1020 80
	stop
	rm "$tmp/f"
	truncate -s 48M "$tmp/f"
	serve --rw f "${quiet[@]}" "f=$tmp/f"
	changed write 4096 100 random
	at_most 1500 110
	changed write 65536 30 random
	at_most 1500 33
	changed map 16384 30 random
	at_most 1500 132
	# 100 times 4 KiB, 30 times 64 KiB and 30 times 16 KiB.
	[ "$(du -k "$tmp/f" | cut -f 1)" -le $((2800 * 3 / 2)) ]
	stop
}

test_a_window_of_one_page() {
	start_with 1000000 "${quiet[@]}" --dirty-window 4K
	zx exec f -- "$probe" store {} 70000 1 x
	[ "$(stat_of f dirty_bytes)" = 4096 ]
	zx sync f
	[ "$(stat_of f daemon_written)" = 4096 ]
	stop
}

test_a_store_after_writing_back_asks_again() {
	start_with 1000000 "${quiet[@]}"
	zx exec f -- "$probe" store {} 0 1 a
	zx sync f
	zx exec f -- "$probe" store {} 0 1 b
	[ "$(stat_of f dirty_packets)" = 2 ]
	stop
	[ "$(head -c 1 "$tmp/f")" = b ]
}

test_written_to_while_it_is_written_back() {
	local i writers=()
	bytes 4000000 "$tmp/f"
	serve --rw f --dirty-limit 512K --dirty-background 4K "f=$tmp/f"
	for i in 0 1 2 3; do
		for _ in {1..5}; do
			bytes 1000000 "$tmp/new$i"
			zx exec f -- dd if="$tmp/new$i" of={} bs=10000 seek="${i}00" \
				conv=notrunc status=none
		done &
		writers+=($!)
	done
	for _ in {1..10}; do
		zx sync f
		evict
	done
	for i in "${writers[@]}"; do
		wait "$i"
	done
	cat "$tmp"/new? > "$tmp/want"
	zx cat f | cmp - "$tmp/want"
	stop
	is_written
}

test_block_device() {
	local dev
	bytes 1048576 "$tmp/store"
	cp "$tmp/store" "$tmp/want"
	bytes 50000 "$tmp/new"
	dev=$(losetup --find --show "$tmp/store")
	serve --rw f "${quiet[@]}" "f=$dev"
	refused 'being written by another daemon\|mounted or in use' --rw g "g=$dev"
	put 500 "$tmp/new" conv=notrunc,fsync
	cmp "$dev" "$tmp/want"
	zx exec f -- truncate -s 5000 {} && fail "it was cut off"
	zx exec f -- fallocate --zero-range --offset 4096 --length 65536 {}
	dd if=/dev/zero of="$tmp/want" bs=4096 seek=1 count=16 conv=notrunc status=none
	stop
	cmp "$dev" "$tmp/want"
	losetup -d "$dev"
	cmp "$tmp/store" "$tmp/want"
}

# Its last page goes beyond its end, and what is written there has nowhere to go.
test_device_of_an_odd_size() {
	local dev
	bytes 8704 "$tmp/store"
	cp "$tmp/store" "$tmp/want"
	bytes 512 "$tmp/new"
	dev=$(losetup --find --show "$tmp/store")
	serve --rw f "${quiet[@]}" "f=$dev"
	put 8192 "$tmp/new" conv=notrunc,fsync
	cmp "$dev" "$tmp/want"
	zx exec f -- dd if="$tmp/new" of={} bs=1 count=1 oflag=append conv=notrunc \
		status=none 2> "$tmp/why" && fail "it was appended to"
	grep -q 'No space left' "$tmp/why"
	put 4000 "$tmp/new" conv=notrunc,fsync
	cmp "$dev" "$tmp/want"
	stop
	cmp "$dev" "$tmp/want"
	losetup -d "$dev"
}

test_a_file_is_written_by_one() {
	start_with 5000
	refused 'being written by another daemon' --rw g "g=$tmp/f"
	refused 'under another name' --rw g --rw h "g=$tmp/want" "h=$tmp/want"
	stop
	refused 'want a number' --dirty-limit 0 "f=$tmp/f"
	refused 'power of two' --dirty-window 5000 "f=$tmp/f"
}

# --- size and zeroes ----------------------------------------------------------------

test_file_grows_with_the_vmo() {
	bytes 100000 "$tmp/new"
	start_with 5000 "${quiet[@]}"
	put 5000 "$tmp/new"
	put 1234567 "$tmp/new"
	zx sync f
	is_written
	zx exec f -- truncate -s 1400001 {}
	truncate -s 1400001 "$tmp/want"
	zx sync f
	is_written
	evict
	zx cat f | cmp - "$tmp/want"
	stop
	is_written
}

test_file_shrinks_with_the_vmo() {
	local n
	start_with 1000000 "${quiet[@]}"
	for n in 700001 700000 4096 4095 0; do
		zx exec f -- truncate -s $n {}
		truncate -s $n "$tmp/want"
		zx sync f
		is_written || fail "$n bytes"
	done
	put 0 "$daemon"
	stop
	is_written
}

test_what_is_cut_off_does_not_come_back() {
	start_with 1000000 "${quiet[@]}"
	zx exec f -- truncate -s 300001 {}
	zx exec f -- truncate -s 1000000 {}
	truncate -s 300001 "$tmp/want"
	truncate -s 1000000 "$tmp/want"
	zx cat f | cmp - "$tmp/want"
	zx sync f
	evict
	zx cat f | cmp - "$tmp/want"
	stop
	is_written
}

test_empty_file() {
	start_with 0 "${quiet[@]}"
	[ "$(zx cat f | wc -c)" = 0 ]
	put 0 "$daemon"
	stop
	is_written
}

test_large_and_nearly_empty() {
	start_with 5000 "${quiet[@]}"
	zx exec f -- truncate -s 1T {}
	truncate -s 1T "$tmp/want"
	put 500000000000 "$daemon"
	zx sync f
	[ "$(stat -c %s "$tmp/f")" = 1099511627776 ]
	[ $(($(stat -c %b "$tmp/f") * 512)) -lt $(($(stat -c %s "$daemon") + 1000000)) ]
	[ "$(stat_of f zero_bytes)" = 0 ]
	cmp -n "$(stat -c %s "$daemon")" -i 500000000000:0 "$tmp/f" "$daemon"
	stop
}

test_zeroes_become_a_hole() {
	local before
	start_with 1048576 "${quiet[@]}"
	before=$(stat -c %b "$tmp/f")
	zx exec f -- fallocate --zero-range --offset 65536 --length 524288 {}
	dd if=/dev/zero of="$tmp/want" bs=64K seek=1 count=8 conv=notrunc status=none
	zx sync f
	is_written
	[ $((before - $(stat -c %b "$tmp/f"))) -ge 1024 ] || fail "no hole"
	[ "$(stat_of f daemon_zeroed)" = 524288 ]
	[ "$(stat_of f daemon_written)" = 0 ]
	evict
	zx cat f | cmp - "$tmp/want"
	stop
}

# --- limits and errors --------------------------------------------------------------

test_writers_wait_at_the_limit() {
	bytes 8000000 "$tmp/new"
	start_with 8000000 "${quiet[@]}" --dirty-limit 256K
	put 0 "$tmp/new"
	[ "$(stat_of f daemon_throttled)" -ge 1 ]
	[ "$(stat_of f dirty_bytes)" -le 262144 ]
	stop
	is_written
}

test_limit_below_a_page() {
	bytes 500000 "$tmp/new"
	start_with 500000 --dirty-limit 1 --dirty-total 1 --writeback-age 10000
	put 0 "$tmp/new"
	stop
	is_written
}

test_store_that_fails_and_recovers() {
	start_with 1000000 "${quiet[@]}"
	bytes 100000 "$tmp/new"
	limit_file 500000
	put 600000 "$tmp/new"
	put 100000 "$tmp/new"
	status_is 1 zx sync f
	[ "$(stat_of f daemon_failing)" = 1 ]
	[ "$(stat_of f daemon_store_errors)" -ge 1 ]
	[ "$(stat_of f dirty_bytes)" -ge 100000 ]
	grep -q 'cannot write .* is tried again' "$log"
	# What can be written is.
	cmp -n 500000 "$tmp/f" "$tmp/want"
	zx cat f | cmp - "$tmp/want"
	evict
	zx cat f | cmp - "$tmp/want"
	put 600000 "$tmp/new" conv=notrunc,fsync 2> "$tmp/why" &&
		fail "fsync said that it is written"
	limit_file unlimited
	until_true is_written
	zx sync f
	[ "$(stat_of f daemon_failing)" = 0 ]
	stop
}

test_killed_while_it_waits_at_the_limit() {
	local packets
	stuck_writer
	kill -9 $writer
	wait $writer || :
	[ "$(stat_of f waiting)" = 0 ]
	packets=$(stat_of f dirty_packets)
	limit_file unlimited
	until_true stat_is f daemon_throttling = 0
	put 0 "$tmp/new"
	[ "$(stat_of f dirty_packets)" -gt "$packets" ]
	stop
	is_written
}

test_one_store_that_fails_harms_no_other() {
	bytes 1000000 "$tmp/g"
	bytes 1000000 "$tmp/new"
	truncate -s 8M "$tmp/f"
	serve --rw f --rw g --dirty-total 1M --writeback-age 10000 "f=$tmp/f" "g=$tmp/g"
	limit_file 1048576
	"$bin/zxpager/zxpager" -s "$sock" exec f -- \
		dd if=/dev/urandom of={} bs=64K seek=16 count=112 conv=notrunc \
		status=none 2> "$tmp/why" &
	until_true stat_is f daemon_throttling = 1
	zx exec g -- dd if="$tmp/new" of={} bs=64K conv=notrunc,fsync status=none
	cmp "$tmp/g" "$tmp/new"
	limit_file unlimited
	wait $!
	stop
}

main "$@"
