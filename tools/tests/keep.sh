#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# keep.sh TEST: one test of zxpagerd --keep, whose worker dies and is started again
#
# A TEST is one of the functions test_* below, without test_; daemon.bash tells more.
# run-tests.sh, which tells what the environment has to be, runs them all.
. "$(dirname "$0")/keep.bash"

kills=10

# count_of NAME: how far a client has come
count_of() {
	cat "$tmp/$1.count" 2> /dev/null || echo 0
}

# is_beyond NAME COUNT
is_beyond() {
	[ "$(count_of "$1")" -gt "$2" ]
}

# Each kill comes when each client has got on since the last one.
# kill_while CLIENT...
kill_while() {
	local name n
	declare -A was
	for ((n = 0; n < kills; n++)); do
		for name in "$@"; do
			was[$name]=$(count_of "$name")
		done
		kill_worker
		for name in "$@"; do
			until_true is_beyond "$name" "${was[$name]}"
		done
	done
}

# $tmp/client.py HOW NAME PATH FIRST PAGES: goes on and on over these pages, and counts
#   read     they are what $tmp/want has
#   map      stores a number into one, msync()s it, and then the store must have it
#   write    the same with pwrite() and fsync(), and looks at it by pread()
# until $tmp/end is there.  Any error ends it with status 1.
make_client() {
	cat > "$tmp/client.py" <<-'END'
		import mmap, os, sys
		tmp, how, name, path, first, pages = sys.argv[1:5] + [int(sys.argv[5]), int(sys.argv[6])]
		page = 4096
		fd = os.open(path, os.O_RDONLY if how == "read" else os.O_RDWR)
		store = os.open(tmp + "/f", os.O_RDONLY)
		want = open(tmp + "/want", "rb").read()
		m = mmap.mmap(fd, 0) if how == "map" else None
		def count(n):
		    with open(tmp + "/" + name + ".new", "w") as f:
		        f.write(str(n))
		    os.rename(tmp + "/" + name + ".new", tmp + "/" + name + ".count")
		done = 0
		while not os.path.exists(tmp + "/end"):
		    at = (first + done % pages) * page
		    data = b"%016d" % done * (page // 16)
		    if how == "read":
		        os.posix_fadvise(fd, at, page, os.POSIX_FADV_DONTNEED)
		        assert os.pread(fd, page, at) == want[at:at + page], "other content"
		    elif how == "map":
		        m[at:at + page] = data
		        m.flush(at, page)
		    else:
		        assert os.pwrite(fd, data, at) == page
		        os.fsync(fd)
		        os.posix_fadvise(fd, at, page, os.POSIX_FADV_DONTNEED)
		        assert os.pread(fd, page, at) == data, "not what was written"
		    if how != "read":
		        assert os.pread(store, page, at) == data, "acknowledged, and not in the file"
		    done += 1
		    count(done)
	END
}

# client HOW FIRST PAGES: one of them, in the background; $clients are all
client() {
	zx exec f -- python3 "$tmp/client.py" "$tmp" "$1" "$1" {} "$2" "$3" \
		2> "$tmp/$1.why" &
	clients+=($!)
	names+=("$1")
}
clients=() names=()

# All of them end when they are told to, and none met an error.
end_clients() {
	local i
	touch "$tmp/end"
	for i in "${!clients[@]}"; do
		wait "${clients[$i]}" || fail "${names[$i]}: $(tail -n 1 "$tmp/${names[$i]}.why")"
	done
}

test_keep_kill_while_clients_go_on() {
	make_client
	keep_with 4194304 "${quiet[@]}"
	client read 0 256
	client map 256 128
	client write 384 128
	kill_while read map write
	end_clients
	stop
}

test_keep_kill_while_it_writes_back() {
	local writer n was
	bytes 4000000 "$tmp/new"
	keep_with 4000000 --dirty-limit 256K --writeback-age 10000
	cp "$tmp/new" "$tmp/want"
	zx exec f -- dd if="$tmp/new" of={} bs=64K conv=notrunc status=none &
	writer=$!
	for ((n = 0; n < kills; n++)); do
		was=$(stat_of f daemon_written)
		[ ! -d "/proc/$writer" ] || until_true has_written_or_gone "$writer" "$was"
		kill_worker
	done
	wait "$writer"
	stop
	is_written
}

# Nobody has it open but the keeper.
test_keep_kill_with_dirty_pages_of_nobody() {
	bytes 100000 "$tmp/new"
	keep_with 1000000 "${quiet[@]}"
	put 300000 "$tmp/new"
	kill_worker
	is_written && fail "it is written already"
	[ "$(stat_of f dirty_bytes)" -ge 100000 ]
	[ "$(stat_of f daemon_dirty)" -ge 100000 ]
	zx cat f | cmp - "$tmp/want"
	stop
	is_written
}

# has_written_or_gone PID BYTES: more than that was written back, or the writer has ended
has_written_or_gone() {
	[ ! -d "/proc/$1" ] || stat_is f daemon_written -gt "$2"
}

# Each size that a client was told is in the file for good is the file's, whenever it is cut.
test_keep_kill_while_a_client_shrinks() {
	cat > "$tmp/shrink.py" <<-'END'
		import os, sys
		tmp, path = sys.argv[1:3]
		fd = os.open(path, os.O_RDWR)
		size, done = os.fstat(fd).st_size, 0
		while not os.path.exists(tmp + "/end"):
		    size -= 1000
		    os.ftruncate(fd, size)
		    os.fsync(fd)
		    assert os.stat(tmp + "/f").st_size == size, "acknowledged, and not the file's size"
		    done += 1
		    with open(tmp + "/shrink.new", "w") as f:
		        f.write(str(done))
		    os.rename(tmp + "/shrink.new", tmp + "/shrink.count")
	END
	keep_with 64000000 "${quiet[@]}"
	zx exec f -- python3 "$tmp/shrink.py" "$tmp" {} 2> "$tmp/shrink.why" &
	clients+=($!)
	names+=(shrink)
	kill_while shrink
	end_clients
	stop
	cmp -n "$(stat -c %s "$tmp/f")" "$tmp/f" "$tmp/want"
}

# Who has it open goes on, and what was dirty is in the file before the worker has gone.
# leaves COMMAND...: has the worker leave
leaves() {
	local old
	bytes 100000 "$tmp/new"
	keep_with 1000000 "${quiet[@]}"
	mkfifo "$tmp/tell" "$tmp/told"
	zx exec f -- "$probe" stay {} < "$tmp/tell" > "$tmp/told" &
	client=$!
	exec 8> "$tmp/tell"
	read -r < "$tmp/told"
	put 300000 "$tmp/new"
	is_written && fail "it is written already"
	old=$(worker)
	"$@"
	next_worker
	[ "$(worker)" != "$old" ]
	is_written
	grep -q 'the worker has left' "$log"
	[ "$(stat_of f state)" = served ]
	put 600000 "$tmp/new"
	evict
	zx cat f | cmp - "$tmp/want"
	exec 8>&-
	wait "$client"
	stop
	is_written
}

term_worker() {
	kill "$(worker)"
}

hup_keeper() {
	kill -HUP "$pid"
}

test_keep_sigterm_to_the_worker() {
	leaves term_worker
}

test_keep_sighup_to_the_keeper() {
	leaves hup_keeper
}

# end_by SIGNAL [COMMAND]: to the keeper, and to whom COMMAND tells before that, and all that is
# promised of the end
end_by() {
	local others
	bytes 100000 "$tmp/new"
	keep_with 1000000 "${quiet[@]}"
	kill_worker
	mkfifo "$tmp/tell" "$tmp/told"
	zx exec f -- "$probe" stay {} < "$tmp/tell" > "$tmp/told" &
	client=$!
	exec 8> "$tmp/tell"
	read -r < "$tmp/told"
	put 300000 "$tmp/new"
	others=$("${@:2}")
	kill -s "$1" ${others:+"$others"} "$pid"
	until_true grep -q 'f: process .* (vmoprobe) has it open' "$log"
	[ ! -e "$sock" ]
	exec 8>&-
	wait "$client"
	wait "$pid"
	is_written
	[ ! -e "$sock.lock" ]
}

test_keep_sigterm_is_the_end() {
	end_by TERM true
}

test_keep_sigint_is_the_end() {
	end_by INT true
}

# As a service manager does that tells all processes.
test_keep_sigterm_to_all_is_the_end() {
	end_by TERM worker
}

told_twice() {
	[ "$(grep -c '(vmoprobe) has it open' "$log")" = 2 ]
}

# The next one goes on with the end, and what is dirty is not lost.
test_keep_kill_while_it_ends() {
	bytes 100000 "$tmp/new"
	keep_with 1000000 "${quiet[@]}"
	mkfifo "$tmp/tell" "$tmp/told"
	zx exec f -- "$probe" stay {} < "$tmp/tell" > "$tmp/told" &
	client=$!
	exec 8> "$tmp/tell"
	read -r < "$tmp/told"
	kill "$pid"
	until_true grep -q 'f: process .* (vmoprobe) has it open' "$log"
	kill_worker
	until_true told_twice
	exec 8>&-
	wait "$client"
	wait "$pid"
	[ ! -e "$sock" ]
}

# Who waits to be taken by a worker that is no more is not taken by one that is to end, nor does
# it wait for the end of that.
test_keep_end_hangs_up_on_who_waits() {
	local left second
	keep_with 300000
	mkfifo "$tmp/tell" "$tmp/told"
	zx exec f -- "$probe" stay {} < "$tmp/tell" > "$tmp/told" &
	client=$!
	exec 8> "$tmp/tell"
	read -r < "$tmp/told"
	left=$(worker)
	kill -STOP "$left"
	until_true sockets_are 1
	zx cat f > "$tmp/got" 2> "$tmp/why" &
	second=$!
	until_true sockets_are 2
	kill "$pid"
	kill -9 "$left"
	until_true grep -q 'f: process .* (vmoprobe) has it open' "$log"
	! wait "$second" || fail "it was served"
	[ ! -e "$sock" ]
	exec 8>&-
	wait "$client"
	wait "$pid"
}

# One of another daemon that was started there meanwhile is let be.
test_keep_end_leaves_the_socket_of_another() {
	local other
	keep_with 300000
	rm "$sock" "$sock.lock"
	mkfifo "$tmp/ready2"
	"$daemon" --socket "$sock" --ready-fd 3 "g=$tmp/want" 3> "$tmp/ready2" &
	other=$!
	[ "$(cat "$tmp/ready2")" = ready ]
	kill "$pid"
	wait "$pid"
	zx cat g | cmp - "$tmp/want"
	kill "$other"
	wait "$other"
	[ ! -e "$sock" ]
}

# Whoever had it open then may have lost something, which nobody can find out any more.
test_keep_end_of_what_another_worker_has_detached() {
	keep_with 100000
	zx detach f
	kill_worker
	kill "$pid"
	status_is 2 wait "$pid"
	grep -q 'f: another worker has detached it' "$log"
}

# Without a keeper there is no next one: this one is the end, in good order.
test_keep_keeper_killed() {
	local left
	bytes 100000 "$tmp/new"
	keep_with 1000000 "${quiet[@]}"
	put 300000 "$tmp/new"
	left=$(worker)
	orphans=$left
	kill -9 "$pid"
	wait "$pid" || :
	until_true gone "$left"
	is_written
	[ ! -e "$sock" ]
	serve --rw f "f=$tmp/f"
	zx cat f | cmp - "$tmp/want"
	stop
}

# The signal that has a worker leave to the next one does not if there is none.
test_keep_keeper_killed_and_sigterm_to_the_worker() {
	local left
	bytes 100000 "$tmp/new"
	keep_with 1000000 "${quiet[@]}"
	put 300000 "$tmp/new"
	left=$(worker)
	orphans=$left
	kill -STOP "$left"
	kill -9 "$pid"
	wait "$pid" || :
	kill "$left"
	kill -CONT "$left"
	until_true gone "$left"
	is_written
	[ ! -e "$sock" ]
	grep -q 'detaching all VMOs' "$log"
}

test_keep_both_killed() {
	local left
	bytes 100000 "$tmp/new"
	keep_with 1000000 "${quiet[@]}"
	put 300000 "$tmp/new" conv=notrunc,fsync
	evict
	zx hold f
	zx cat f > "$tmp/got" 2> "$tmp/why" &
	client=$!
	until_true waiting f 1
	left=$(worker)
	kill -9 "$pid" "$left"
	wait "$pid" || :
	status_is 1 wait "$client"
	is_written
	until_true gone "$left"
	unload
	insmod "$ZXPAGER_KO"
}

test_keep_gives_up() {
	local client status=0 was n
	start_with 1000000 --keep --quick 1000
	evict
	zx hold f
	zx cat f > "$tmp/got" 2> "$tmp/why" &
	client=$!
	until_true waiting f 1
	for ((n = 0; n < 10; n++)); do
		was=$(worker)
		kill -9 "$was"
		until_true has_another "$was"
	done
	wait "$pid" || status=$?
	[ $status = 3 ] || fail "status $status"
	grep -q 'giving up: .* 10 times in a row' "$log"
	[ "$(grep -c 'another one is started in a while' "$log")" = 8 ]
	[ ! -e "$sock" ]
	[ ! -e "$sock.lock" ]
}

# Unless it was asked to by its keeper, a worker that leaves soon is as one that dies.
test_keep_leaves_again_and_again() {
	local status=0 was n
	start_with 100000 --keep --quick 1000
	for ((n = 0; n < 11; n++)); do
		kill -HUP "$pid"
		next_worker
	done
	for ((n = 0; n < 10; n++)); do
		was=$(worker)
		kill "$was"
		until_true has_another "$was"
	done
	wait "$pid" || status=$?
	[ $status = 3 ] || fail "status $status"
	grep -q 'giving up: .* 10 times in a row' "$log"
}

# has_another PID: the keeper has another worker, or has ended
has_another() {
	local now
	gone "$pid" && return
	now=$(worker) || return
	[ "$now" != "$1" ]
}

test_keep_client_connects_in_between() {
	local client left
	keep_with 300000
	left=$(worker)
	kill -STOP "$left"
	until_true sockets_are 1
	zx cat f > "$tmp/got" &
	client=$!
	until_true sockets_are 2
	kill -9 "$left"
	next_worker
	wait "$client"
	cmp "$tmp/got" "$tmp/want"
	stop
}

# $tmp/manager.py: hears what a service manager is told, a line each in $tmp/notified
make_manager() {
	cat > "$tmp/manager.py" <<-'END'
		import os, socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1] + "/notify")
		while True:
		    with open(sys.argv[1] + "/notified", "ab") as f:
		        f.write(s.recv(1000) + b"\n")
	END
}

notified() {
	[ "$(grep -cx "$1" "$tmp/notified")" -ge "$2" ]
}

test_keep_tells_a_service_manager() {
	ldd "$daemon" | grep -q libsystemd || skip "built without libsystemd"
	make_manager
	touch "$tmp/notified"
	python3 "$tmp/manager.py" "$tmp" &
	manager=$!
	until_true test -S "$tmp/notify"
	NOTIFY_SOCKET=$tmp/notify WATCHDOG_USEC=100000 keep_with 100000
	until_true notified READY=1 1
	until_true notified WATCHDOG=1 5
	kill_worker
	until_true notified WATCHDOG=1 20
	notified STOPPING=1 1 && fail "it does not stop"
	stop
	until_true notified STOPPING=1 1
	[ "$(grep -cx READY=1 "$tmp/notified")" = 1 ]
	kill "$manager"
}

# As some are who start it.
test_keep_started_with_sigchld_ignored() {
	printf '#!/bin/sh\nexec env --ignore-signal=CHLD "%s" "$@"\n' "$(realpath "$daemon")" \
		> "$tmp/daemon"
	chmod +x "$tmp/daemon"
	daemon=$tmp/daemon
	keep_with 100000
	kill_worker
	zx cat f | cmp - "$tmp/want"
	stop
}

# flags_of PID: of the process, as the kernel has them
flags_of() {
	sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 7
}

# Reclaim may wait for the worker that it is to start.
test_keep_keeper_does_not_wait_for_reclaim() {
	local noio=$((0x80000)) process	# PF_MEMALLOC_NOIO
	keep_with 100000 --mlock
	for process in "$pid" "$(worker)"; do
		[ $(($(flags_of "$process") & noio)) = $noio ] || fail "it waits for reclaim"
		[ "$(awk '$1 == "VmLck:" { print $2 }' "/proc/$process/status")" -gt 0 ]
	done
	stop
}

test_keep_refuses_what_cannot_be() {
	refused 'No such file' --keep "f=$tmp/none"
	refused 'want NAME=FILE' --keep f
}

main "$@"
