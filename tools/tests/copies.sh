#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# copies.sh TEST: one test of copies that zxpagerd keeps under a name
#
# A TEST is one of the functions test_* below, without test_; daemon.bash tells more.
# run-tests.sh, which tells what the environment has to be, runs them all.
. "$(dirname "$0")/daemon.bash"

# stores NAME OFFSET LENGTH CHAR [store]: by write(), or by a mapping
stores() {
	[ "$(zx exec "$1" -- "$probe" "${5:-write}" {} "$2" "$3" "$4")" = ok ] ||
		fail "$1 cannot be written to"
	head -c "$3" /dev/zero | tr '\0' "$4" |
		dd of="$tmp/want.$1" bs=1 seek="$2" conv=notrunc status=none
}

# is_as_wanted NAME...
is_as_wanted() {
	local name
	for name; do
		zx cat "$name" | cmp - "$tmp/want.$name"
		zx exec "$name" -- "$probe" mapcat {} | cmp - "$tmp/want.$name"
	done
}

# says STATUS PATTERN ARG...: zxpager ends with that, and a line
says() {
	status_is "$1" zx "${@:3}" 2> "$tmp/why"
	grep -q -e "$2" "$tmp/why" || fail "no '$2' in: $(cat "$tmp/why")"
	[ "$(wc -l < "$tmp/why")" = 1 ] || fail "not one line: $(cat "$tmp/why")"
}

# A file of whole pages, served as "f" with copies.
serve_copies() {
	bytes 40960 "$tmp/f"
	cp "$tmp/f" "$tmp/before"
	chmod 755 "$tmp"
	serve --scratch f "$@" "f=$tmp/f"
}

test_clone_of_a_clone() {
	serve_copies
	cp "$tmp/f" "$tmp/want.one"
	zx clone f one
	# It outlives who has stored there.
	stores one 8190 4 a
	stores one 0 1 b store
	[ "$(stat_of one own)" = 12288 ]
	cp "$tmp/want.one" "$tmp/want.two"
	cp "$tmp/want.one" "$tmp/want.kept"
	zx clone one two
	zx snapshot one kept
	stores one 8192 3 c store
	stores one 20480 1 d
	stores two 0 4096 e
	is_as_wanted one two kept
	[ "$(zx ls | sed 's/, [0-9][0-9]* bytes own$//')" = "ro          40960 served   f
rw          40960 clone    one of f
rw          40960 clone    two of one
ro          40960 snapshot kept of one" ] || fail "$(zx ls)"
	[ "$(zx exec f -- readlink {})" = "/zxpager:f (deleted)" ]
	[ "$(zx exec two -- readlink {})" = "/zxpager:two (deleted)" ]
	[ "$(stat_of two copy_of)" = one ]
	[ "$(zx stat | grep -c '^state  *clone$')" = 2 ]
	# Nobody stores to a snapshot, root neither, but to a copy of it.
	[ "$(zx exec kept -- "$probe" readonly {})" = ok ]
	status_is 1 zx exec kept -- dd if=/dev/zero of={} bs=1 count=1 conv=notrunc \
		2> "$tmp/why"
	zx exec --scratch kept -- "$probe" write {} 0 5 f > /dev/null
	zx drop one
	says 4 "^zxpager: no VMO 'one'" cat one
	is_as_wanted two kept
	zx clone kept one
	cp "$tmp/want.kept" "$tmp/want.one"
	stores one 30000 1 g
	is_as_wanted one two kept
	zx drop one
	zx drop kept
	zx drop two
	[ "$(zx ls | wc -l)" = 1 ]
	# The file and its VMO have seen nothing of all that.
	zx cat f | cmp - "$tmp/before"
	[ "$(stat_of f daemon_written)" = 0 ]
	[ "$(stat_of f dirty_packets)" = 0 ]
	stop
	cmp "$tmp/f" "$tmp/before"
	unload
	insmod "$ZXPAGER_KO"
}

# own NAME: what diff says of it, in one line
own() {
	zx diff "$1" | awk '{ printf "%s%s+%s%s", sep, $1, $2, $3; sep = " " }'
}

test_diff_and_save() {
	serve_copies
	cp "$tmp/f" "$tmp/want.one"
	zx clone f one
	[ "$(zx diff one)" = "" ]
	stores one 8190 4 a
	stores one 20480 1 b store
	[ "$(own one)" = "4096+8192 20480+4096" ] || fail "$(own one)"
	zx clone one two
	cp "$tmp/want.one" "$tmp/want.two"
	stores two 12288 4096 c
	zx exec two -- fallocate --zero-range --offset 24576 --length 8192 {}
	dd if=/dev/zero of="$tmp/want.two" bs=4096 seek=6 count=2 conv=notrunc status=none
	[ "$(own two)" = "4096+12288 20480+4096 24576+8192zero" ] || fail "$(own two)"
	[ "$(own one)" = "4096+8192 20480+4096" ] || fail "$(own one)"
	zx save one "$tmp/saved"
	[ "$(stat -c %s "$tmp/saved")" = 40960 ]
	dd if="$tmp/want.one" bs=4096 skip=1 count=2 status=none |
		cmp - <(dd if="$tmp/saved" bs=4096 skip=1 count=2 status=none)
	# The rest of it is none of the file, so it can be laid over that.
	dd if="$tmp/saved" bs=4096 count=1 status=none | cmp - <(head -c 4096 /dev/zero)
	cp "$tmp/before" "$tmp/again"
	zx diff one | while read -r offset length _; do
		dd if="$tmp/saved" of="$tmp/again" iflag=skip_bytes,count_bytes oflag=seek_bytes \
			bs=4096 skip="$offset" seek="$offset" count="$length" conv=notrunc \
			status=none
	done
	zx cat one | cmp - "$tmp/again"
	zx save --all two "$tmp/all"
	zx cat two | cmp - "$tmp/all"
	[ "$(stat -c %b "$tmp/all")" -le 64 ]
	zx save --all f "$tmp/root"
	cmp "$tmp/root" "$tmp/before"
	# Nothing is overwritten, and what cannot be saved leaves nothing.
	says 1 'saved: is there already, and is not overwritten' save one "$tmp/saved"
	says 1 '^zxpager: f: is no copy' save f "$tmp/none"
	says 1 '^zxpager: f: is no copy' diff f
	zx clone f three
	zx fail f 8192 4096
	evict
	says 1 '^zxpager: three: at 8192: Input/output error' save --all three "$tmp/none"
	[ ! -e "$tmp/none" ]
	status_is 2 zx save one
	status_is 2 zx save one two three
	stop
}

test_clone_of_what_is_written_to() {
	bytes 40960 "$tmp/f"
	serve --rw f "f=$tmp/f"
	cp "$tmp/f" "$tmp/want.new"
	zx clone f new
	stores new 0 4 a
	says 1 '^zxpager: f: is served for writing, and without --snapshots' snapshot f s
	zx snapshot new s
	# Of what is not its own it shows what the VMO has.
	[ "$(zx exec f -- "$probe" write {} 8192 1 b)" = ok ]
	printf b | dd of="$tmp/want.new" bs=1 seek=8192 conv=notrunc status=none
	cp "$tmp/want.new" "$tmp/want.s"
	is_as_wanted new s
	# Its size is its own.
	zx exec new -- truncate -s 8192 {}
	[ "$(stat_of new size)" = 8192 ]
	[ "$(stat_of s size)" = 40960 ]
	stores new 4096 1 c
	stop
	tail -c +5 "$tmp/f" | cmp - <(tail -c +5 "$tmp/want.s")
	[ "$(head -c 4 "$tmp/f")" != aaaa ]
	for line in new s; do
		grep -q "^zxpagerd: $line: this copy of .* goes with the daemon" "$log"
	done
}

# Of what is in memory then, and of what is in the file alone.
test_snapshot_of_what_is_written_to() {
	bytes 81920 "$tmp/f"
	cp "$tmp/f" "$tmp/want.first"
	serve --rw f --snapshots f "f=$tmp/f"
	[ "$(zx exec f -- "$probe" write {} 4096 4 a)" = ok ]
	printf aaaa | dd of="$tmp/want.first" bs=1 seek=4096 conv=notrunc status=none
	zx snapshot f first
	status_is 1 zx exec first -- dd if=/dev/zero of={} bs=1 count=1 conv=notrunc \
		2> "$tmp/why"
	cp "$tmp/want.first" "$tmp/want.second"
	[ "$(zx exec f -- "$probe" write {} 4098 4 b)" = ok ]
	printf bbbb | dd of="$tmp/want.second" bs=1 seek=4098 conv=notrunc status=none
	[ "$(zx exec f -- "$probe" store {} 12288 4096 c)" = ok ]
	head -c 4096 /dev/zero | tr '\0' c |
		dd of="$tmp/want.second" bs=4096 seek=3 conv=notrunc status=none
	zx exec f -- fallocate --zero-range --offset 20480 --length 8192 {}
	dd if=/dev/zero of="$tmp/want.second" bs=4096 seek=5 count=2 conv=notrunc status=none
	# What the file has since was that at the second moment, and not at the first.
	zx snapshot f second
	zx sync f
	cmp "$tmp/f" "$tmp/want.second"
	evict
	is_as_wanted first second
	zx exec f -- truncate -s 8192 {}
	zx sync f
	until_true [ "$(stat -c %s "$tmp/f")" = 8192 ]
	zx exec f -- truncate -s 81920 {}
	evict
	is_as_wanted first second
	# A clone of one.
	zx clone first new
	cp "$tmp/want.first" "$tmp/want.new"
	stores new 40960 8 d
	is_as_wanted first second new
	for line in new second first; do
		zx drop "$line"
	done
	stop
	refused 'want it with --rw' --snapshots f "f=$tmp/f"
}

# More of that is in test_copies.c.
test_copies_that_cannot_be() {
	bytes 8192 "$tmp/g"
	serve_copies "g=$tmp/g"
	zx clone f new
	says 2 "^zxpager: 'a b' is no name" clone f 'a b'
	says 2 'is no name' clone f "$(printf 'n%.0s' {1..64})"
	says 1 '^zxpager: new: there is a VMO of that name' snapshot f new
	says 1 '^zxpager: g: is not served with --scratch' clone g newer
	says 4 "no VMO 'h'" drop h
	says 1 '^zxpager: f: is no copy' drop f
	says 1 '^zxpager: new: is a copy, which no file is behind$' sync new
	says 1 '^zxpager: new: is a copy' fail new 0 1
	status_is 2 zx clone f
	[ "$(zx ls | wc -l)" = 3 ]
	stop
	refused '--copies 2000' --copies 2000 "f=$tmp/f"
}

test_copies_of_users() {
	local nobody
	serve_copies --allow-uid 65534 --copies 2
	nobody=(as_nobody "$bin/zxpager/zxpager" -s "$sock")
	cp "$probe" "$tmp/probe"
	"${nobody[@]}" clone f theirs
	# It can be opened anew for writing by its user.
	[ "$("${nobody[@]}" exec theirs -- "$tmp/probe" write {} 0 1 n)" = ok ]
	"${nobody[@]}" snapshot theirs kept
	status_is 1 "${nobody[@]}" clone f third 2> "$tmp/why"
	grep -q '^zxpager: third: you may have no more copies' "$tmp/why" ||
		fail "$(cat "$tmp/why")"
	zx clone f ours
	status_is 5 "${nobody[@]}" cat ours 2> "$tmp/why"
	grep -qx 'zxpager: ours: is a copy of another user' "$tmp/why" ||
		fail "$(cat "$tmp/why")"
	[ "$(stat_of theirs user)" = 65534 ]
	[ "$(zx cat theirs | head -c 1)" = n ]
	zx drop theirs
	stop
}

# A client that has "new" open says what it sees there when it is told to.
keep_open() {
	# shellcheck disable=SC2016 # it is a script
	local script='exec 9<> "$1"; echo open; read -r < "$2"; shift 2; "$@"'
	mkfifo "$tmp/tell" "$tmp/told"
	zx exec new -- bash -c "$script" bash {} "$tmp/tell" "$probe" read /dev/fd/9 "$@" \
		> "$tmp/told" 9<&- &
	client=$!
	exec 8< "$tmp/told"
	read -r -u 8 line
	[ "$line" = open ]
}

copy_outlives_the_daemon() {
	serve_copies
	zx clone f new
	[ "$(zx exec new -- "$probe" write {} 0 4096 a)" = ok ]
	keep_open "$@"
}

test_own_pages_outlive_the_daemon() {
	copy_outlives_the_daemon 0 4096
	stop
	grep -q '^zxpagerd: new: this copy of f goes with the daemon' "$log"
	echo > "$tmp/tell"
	read -r -u 8 line
	[ "$line" = ok ] || fail "$line"
	wait "$client"
}

test_other_pages_go_with_the_daemon() {
	copy_outlives_the_daemon 8192 4096
	evict
	kill -9 "$pid"
	wait "$pid" || :
	echo > "$tmp/tell"
	read -r -u 8 line
	[ "$line" = "ESTALE at 8192" ] || fail "$line"
	status_is 10 wait "$client"
	unload
	insmod "$ZXPAGER_KO"
}

# Where it is served for writing its daemon waits for who needs its pages by a copy alone.
test_sigterm_waits_for_who_has_a_copy() {
	bytes 40960 "$tmp/f"
	serve --rw f "f=$tmp/f"
	zx clone f new
	keep_open 8192 4096
	mkfifo "$tmp/end"
	zx exec new -- "$probe" stay {} < "$tmp/end" > "$tmp/mapped" 8<&- &
	local mapping=$!
	exec 7> "$tmp/end"
	until_true test -s "$tmp/mapped"
	kill "$pid"
	until_true grep -q 'f: process .* (bash) has it open' "$log"
	until_true grep -q 'f: process .* (vmoprobe) has it open' "$log"
	echo > "$tmp/tell"
	read -r -u 8 line
	[ "$line" = ok ] || fail "$line"
	wait "$client"
	kill -0 "$pid"
	exec 7>&-
	wait "$mapping"
	wait "$pid"
}

# What is still there is told, though the copy gets smaller before it comes to that.
test_diff_of_what_shrinks() {
	local ranges=4096
	bytes $((ranges * 8192)) "$tmp/f"
	serve --scratch f "f=$tmp/f"
	zx clone f new
	# shellcheck disable=SC2016 # it is for perl
	zx exec new -- perl -e 'open(my $f, "+<", $ARGV[1]) or die;
		for (0 .. $ARGV[0] - 1) { seek($f, $_ * 8192, 0); syswrite($f, "x") or die }' \
		$ranges {}
	mkfifo "$tmp/lines"
	zx diff new > "$tmp/lines" &
	client=$!
	exec 7< "$tmp/lines"
	# It has begun, and has more to say than a pipe holds.
	read -r -u 7 _
	zx exec new -- truncate -s -8192 {}
	[ "$(wc -l <&7)" = $((ranges - 2)) ]
	wait "$client"
	stop
}

# To drop one is no more than to forget its name.
test_dropped_in_use() {
	serve_copies
	zx clone f new
	[ "$(zx exec new -- "$probe" write {} 0 4096 a)" = ok ]
	keep_open 0 40960
	zx drop new
	zx clone f new
	zx cat new | cmp - "$tmp/f"
	echo > "$tmp/tell"
	read -r -u 8 line
	[ "$line" = ok ] || fail "$line"
	wait "$client"
	stop
}

main "$@"
