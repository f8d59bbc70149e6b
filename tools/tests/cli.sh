#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cli.sh TEST: one test of zxpager with VMOs that are written to, or of the examples
#
# A TEST is one of the functions test_* below, without test_; daemon.bash tells more.
# run-tests.sh, which tells what the environment has to be, runs them all.
. "$(dirname "$0")/daemon.bash"

# file_has FILE OFFSET TEXT
file_has() {
	[ "$(dd if="$1" bs=1 skip="$2" count=${#3} status=none)" = "$3" ] ||
		fail "$1 has no '$3' at $2"
}

not_failing() {
	[ "$(stat_of "$1" daemon_failing)" = 0 ]
}

# --- exec -------------------------------------------------------------------------

test_exec_can_write() {
	bytes 20000 "$tmp/f"
	cp "$tmp/f" "$tmp/g"
	chmod 755 "$tmp"
	serve --rw f "f=$tmp/f" "g=$tmp/g"
	chmod 666 "$sock"
	[ "$(zx exec f -- "$probe" write {} 5 3 a)" = ok ]
	[ "$(zx exec f -- "$probe" store {} 8190 4 b)" = ok ]
	printf new > "$tmp/new"
	zx exec f -- dd if="$tmp/new" of={} bs=1 seek=19997 conv=notrunc status=none
	# The descriptor itself can, too.
	# shellcheck disable=SC2016
	zx exec f -- sh -c 'n={}; printf first >&${n##*/}'
	zx sync f
	file_has "$tmp/f" 0 firstaaa
	file_has "$tmp/f" 8190 bbbb
	file_has "$tmp/f" 19997 new
	[ "$(stat -c %s "$tmp/f")" = 20000 ]
	zx exec f -- cmp {} "$tmp/f"
	# What is not served for writing stays as it is.
	status_is 1 zx exec g -- setpriv --reuid 65534 --regid 65534 --clear-groups \
		dd if="$tmp/new" of={} conv=notrunc status=none
	zx cat g | cmp - "$tmp/g"
	stop
}

test_exec_fsync_is_durable() {
	bytes 20000 "$tmp/f"
	serve --rw f "f=$tmp/f"
	printf durable > "$tmp/new"
	zx exec f -- dd if="$tmp/new" of={} bs=7 seek=1 conv=notrunc,fsync status=none
	file_has "$tmp/f" 7 durable
	[ "$(stat_of f sync_packets)" -gt 0 ]
	[ "$(stat_of f daemon_syncs)" -gt 0 ]
	[ "$(zx exec f -- "$probe" store {} 4096 1 m)" = ok ]
	[ "$(zx exec f -- "$probe" msync {} 4096 4096)" = ok ]
	file_has "$tmp/f" 4096 m
	kill -9 "$pid"
}

test_exec_of_mke2fs() {
	truncate -s 4M "$tmp/f"
	serve --rw f "f=$tmp/f"
	zx exec f -- mke2fs -q -F {}
	zx exec f -- e2fsck -fn {} > "$tmp/out" 2>&1 || fail "$(cat "$tmp/out")"
	zx sync f
	e2fsck -fn "$tmp/f" > "$tmp/out" 2>&1 || fail "$(cat "$tmp/out")"
	stop
}

test_exec_scratch_is_a_copy() {
	bytes 20000 "$tmp/f"
	cp "$tmp/f" "$tmp/g"
	serve --scratch f "f=$tmp/f"
	# What is written is seen by all that CMD runs, and gone after it.
	# shellcheck disable=SC2016
	zx exec --scratch f -- sh -c '
		printf scratch | dd of={} bs=1 seek=8190 conv=notrunc status=none &&
		"$probe" store {} 0 1 s && dd if={} bs=1 skip=8190 count=7 status=none
	' > "$tmp/out"
	[ "$(tail -c 7 "$tmp/out")" = scratch ] || fail "$(cat "$tmp/out")"
	zx exec --scratch f -- head -c 20000 {} | cmp - "$tmp/f"
	zx cat f | cmp - "$tmp/f"
	cmp "$tmp/f" "$tmp/g"
	# It has whole pages, and as many as one likes.
	[ "$(zx exec --scratch f -- stat -L -c %s {})" = 20480 ]
	zx exec --scratch f truncate -s 1M {}
	# The VMO itself cannot be written to, by root neither.
	[ "$(zx exec f -- "$probe" readonly {})" = ok ]
	status_is 1 zx exec f -- dd if=/dev/zero of={} bs=4096 count=1 conv=notrunc \
		2> "$tmp/why"
	grep -q 'Permission denied' "$tmp/why" || fail "$(cat "$tmp/why")"
	zx cat f | cmp - "$tmp/f"
	stop
}

test_exec_scratch_statuses() {
	bytes 20000 "$tmp/f"
	cp "$tmp/f" "$tmp/g"
	serve --rw g "f=$tmp/f" "g=$tmp/g"
	status_is 125 zx exec --scratch f -- true 2> "$tmp/why"
	grep -q '^zxpager: f: is not served with --scratch, see zxpagerd(8)$' "$tmp/why" ||
		fail "$(cat "$tmp/why")"
	status_is 125 zx exec --scratch f
	status_is 125 zx exec --scratch f --
	status_is 125 zx exec --scratch h -- true
	status_is 7 zx exec --scratch g -- sh -c 'exit 7'
	# What is served for writing has copies, too, and sees nothing of them.
	[ "$(zx exec --scratch g -- "$probe" write {} 0 5000 c)" = ok ]
	# Nor has CMD anything else by which it could write to that.
	# shellcheck disable=SC2016
	[ "$(zx exec --scratch g -- bash -c 'for fd in /proc/$$/fd/*; do
		[[ $(readlink "$fd") != *zxpager* ]] || [ "$fd" -ef {} ] ||
			{ ! { printf x 1<> "$fd"; } 2> /dev/null && echo refused; }
	done')" = refused ]
	[ "$(stat_of g dirty_packets)" = 0 ]
	stop
	cmp "$tmp/f" "$tmp/g"
	status_is 1 "$daemon" --socket "$tmp/s" --scratch h "f=$tmp/f"
}

# --- sync -------------------------------------------------------------------------

test_sync_stores_what_is_dirty() {
	bytes 1000000 "$tmp/f"
	serve --rw f "f=$tmp/f"
	zx exec f -- "$probe" store {} 100000 200000 s > /dev/null
	zx sync f
	zx cat f | cmp - "$tmp/f"
	file_has "$tmp/f" 299990 ssssssssss
	[ "$(stat_of f dirty_bytes)" = 0 ]
	[ "$(stat_of f daemon_written)" -ge 200000 ]
	# With nothing to do, and of what cannot be written to.
	zx sync f
	stop
	serve "f=$tmp/f"
	zx sync f
	stop
}

test_sync_after_detach() {
	bytes 100000 "$tmp/f"
	serve --rw f "f=$tmp/f"
	zx exec f -- "$probe" write {} 50000 10 d > /dev/null
	zx detach f
	zx sync f
	file_has "$tmp/f" 50000 dddddddddd
	stop
}

test_sync_statuses() {
	sock=$tmp/none
	status_is 3 zx sync f
	bytes 5000 "$tmp/f"
	serve --rw f "f=$tmp/f"
	status_is 2 zx sync
	status_is 2 zx sync f g
	status_is 4 zx sync g
	grep -q '^  sync NAME ' < <(zx --help)
	stop
}

# A store that fails is a loop device on a VMO of another daemon, which lets a page fail, in
# the middle of what is written.
test_sync_tells_of_a_failure() {
	local dev inner
	bytes 1048576 "$tmp/f"
	serve --rw f "f=$tmp/f"
	inner=$pid
	dev=$(zx exec f -- losetup --find --show {})
	mkdir "$tmp/outer"
	tmp=$tmp/outer serve --rw d "d=$dev"
	[ "$(zx exec d -- "$probe" touch {} 65536 1)" = ok ]
	blockdev --flushbufs "$dev"
	sock=$tmp/sock zx exec f -- dd if={} iflag=nocache count=0 status=none
	sock=$tmp/sock zx fail f 65536 4096
	[ "$(zx exec d -- "$probe" write {} 65536 4096 w)" = ok ]
	status_is 1 zx sync d 2> "$tmp/why"
	grep -q '^zxpager: d: what was written is not all stored: Input/output error$' \
		"$tmp/why" || fail "$(cat "$tmp/why")"
	[ "$(stat_of d daemon_failing)" = 1 ]
	[ "$(stat_of d daemon_store_errors)" -gt 0 ]
	# Nothing is lost by that.
	[ "$(stat_of d dirty_bytes)" -ge 4096 ]
	sock=$tmp/sock zx clear f
	zx sync d
	# The daemon notices with its own next try.
	until_true not_failing d
	stop
	losetup -d "$dev"
	pid=$inner sock=$tmp/sock log=$tmp/log
	zx sync f
	file_has "$tmp/f" 65536 wwww
	stop
}

# Its connection ends with something unread, as that of a daemon which is killed may: the reply
# counts, and nobody else is asked.
test_reply_of_a_daemon_that_has_gone() {
	local proxy
	bytes 10000 "$tmp/f"
	serve "f=$tmp/f"
	python3 - "$sock" "$tmp/proxy" <<-'END' &
		import os, signal, socket, struct, sys
		def sock():
		    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		listener, daemon = sock(), sock()
		listener.bind(sys.argv[2])
		listener.listen()
		open(sys.argv[2] + ".listens", "w")
		client = listener.accept()[0]
		listener.close()
		request = client.recv(4096, socket.MSG_PEEK)
		daemon.connect(sys.argv[1])
		daemon.send(request)
		reply = daemon.recv(4096)
		# Who has hung up is known when the reply is read.
		pid = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
		os.kill(pid, signal.SIGSTOP)
		while open("/proc/%d/stat" % pid).read().rpartition(")")[2].split()[0] != "T":
		    pass
		client.send(reply)
		client.close()
		os.kill(pid, signal.SIGCONT)
	END
	proxy=$!
	until_true test -e "$tmp/proxy.listens"
	"$bin/zxpager/zxpager" --socket "$tmp/proxy" hold f
	wait "$proxy"
	zx release f
	stop
}

# --- stat -------------------------------------------------------------------------

test_stat_of_writes() {
	local field
	bytes 100000 "$tmp/f"
	serve --rw f "f=$tmp/f"
	zx exec f -- "$probe" write {} 0 12288 w > /dev/null
	for field in dirty_bytes zero_bytes sync_packets daemon_dirty daemon_throttled \
		daemon_throttling daemon_no_space daemon_zeroed daemon_store_errors \
		daemon_failing daemon_syncs daemon_ahead; do
		[[ $(stat_of f $field) =~ ^[0-9]+$ ]] || fail "no $field"
	done
	[ "$(stat_of f dirty_packets)" -gt 0 ]
	[ "$(stat_of f daemon_dirty_packets)" = "$(stat_of f dirty_packets)" ]
	[ "$(stat_of f daemon_granted)" -ge 12288 ]
	zx sync f
	[ "$(stat_of f daemon_written)" -ge 12288 ]
	[ "$(stat_of f dirty_bytes)" = 0 ]
	[ "$(stat_of f daemon_dirty)" = 0 ]
	stop
}

# --- the examples -----------------------------------------------------------------

test_example_writeback() {
	bytes 10000 "$tmp/f"
	cp "$tmp/f" "$tmp/want"
	printf 'stored for good' | dd of="$tmp/want" conv=notrunc status=none
	[ "$("$bin/examples/writeback" "$tmp/f" 'stored for good')" = stored ]
	cmp "$tmp/f" "$tmp/want"
	status_is 2 "$bin/examples/writeback" "$tmp/missing" text
}

test_example_writeback_without_space() {
	mkdir "$tmp/mnt"
	mount -t tmpfs -o size=64K none "$tmp/mnt"
	truncate -s 1M "$tmp/mnt/f"
	head -c 100000 /dev/zero > "$tmp/mnt/fill" 2> "$tmp/why" || :
	status_is 1 "$bin/examples/writeback" "$tmp/mnt/f" text > "$tmp/out" 2>&1
	[ "$(cat "$tmp/out")" = "client: No space left on device" ] ||
		fail "$(cat "$tmp/out")"
	# With room it is another thing, and nothing was spoilt.
	rm "$tmp/mnt/fill"
	[ "$("$bin/examples/writeback" "$tmp/mnt/f" text)" = stored ]
	file_has "$tmp/mnt/f" 0 text
	umount "$tmp/mnt"
}

main "$@"
