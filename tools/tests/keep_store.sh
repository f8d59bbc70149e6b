#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# keep_store.sh TEST: one test of zxpagerd --keep whose descriptors a service manager stores
#
# A TEST is one of the functions test_* below, without test_; daemon.bash tells more.
# run-tests.sh, which tells what the environment has to be, runs them all.
. "$(dirname "$0")/keep.bash"

# $tmp/manager.py PROGRAM ARG...: does what systemd does for the unit, as far as it is about the
# store: starts the program; keeps descriptors by their names, told in $tmp/stored; if the main
# process, which is told in $tmp/main, has gone, has the others end, and starts it anew with them
# if it was killed or has left.
make_manager() {
	cat > "$tmp/manager.py" <<-'END'
		import array, ctypes, os, select, signal, socket, sys
		tmp, program = sys.argv[1], sys.argv[2:]
		PR_SET_CHILD_SUBREAPER = 36
		ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(tmp + "/notify")
		store = []
		def tell(name, text):
		    with open(tmp + "/" + name + ".new", "w") as f:
		        f.write(text)
		    os.rename(tmp + "/" + name + ".new", tmp + "/" + name)
		def start():
		    pid = os.fork()
		    if pid:
		        tell("main", "%d\n" % pid)
		        tell("starts", "%d\n" % starts)
		        os.dup2(os.open("/dev/null", os.O_WRONLY), 3)
		        return pid
		    high = [os.dup2(fd, 100 + i) for i, (name, fd) in enumerate(reversed(store))]
		    ready = os.dup2(3, 99)
		    for i, fd in enumerate(high):
		        os.dup2(fd, 3 + i)
		    os.closerange(3 + len(high), 99)
		    os.closerange(100, 100 + len(high))
		    env = dict(os.environ, NOTIFY_SOCKET=tmp + "/notify", FDSTORE="2048")
		    if store:
		        env.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(store)),
		                   LISTEN_FDNAMES=":".join(name for name, fd in reversed(store)))
		    args = [{"3": "99"}.get(a, a) for a in program]
		    os.execve(args[0], args, env)
		def hear():
		    data, fds, flags, who = socket.recv_fds(s, 4096, 8)
		    words = dict(w.split("=", 1) for w in data.decode().split("\n") if w)
		    name = words.get("FDNAME", "stored")
		    if "FDSTORE" in words:
		        store.append((name, fds.pop()))
		    if "FDSTOREREMOVE" in words:
		        for gone in [f for n, f in store if n == name]:
		            os.close(gone)
		        store[:] = [e for e in store if e[0] != name]
		    for fd in fds:
		        os.close(fd)
		    tell("stored", "".join(n + "\n" for n, f in store))
		def others():
		    with open("/proc/self/task/%d/children" % os.getpid()) as f:
		        return [int(p) for p in f.read().split()]
		tell("stored", "")
		starts = 0
		while True:
		    pid = start()
		    main = os.pidfd_open(pid)
		    while main not in select.select([s, main], [], [])[0]:
		        hear()
		    while select.select([s], [], [], 0)[0]:
		        hear()
		    os.close(main)
		    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
		    for pid in others():
		        os.kill(pid, signal.SIGTERM)
		    try:
		        while True:
		            os.wait()
		    except ChildProcessError:
		        pass
		    if status >= 0 and status != 4:
		        sys.exit(status)
		    starts += 1
	END
}

# As serve does it, by the manager: $pid is the keeper, $manager who started it.
managed_with() {
	make_manager
	printf '#!/bin/sh\nexec python3 "%s" "%s" "%s" "$@"\n' "$tmp/manager.py" "$tmp" \
		"$(realpath "$daemon")" > "$tmp/daemon"
	chmod +x "$tmp/daemon"
	daemon=$tmp/daemon
	keep_with "$@"
	manager=$pid
	# Its program may be faster than who started it.
	until_true test -s "$tmp/main"
	pid=$(cat "$tmp/main")
}

# stored NAME COUNT: so many descriptors of that name
stored() {
	[ "$(grep -c "^$1\(/\|$\)" "$tmp/stored")" = "$2" ]
}

all_is_stored() {
	stored p 1 && stored l 1 && stored s 1 && stored v "$1"
}

started_anew() {
	[ "$(cat "$tmp/starts")" = "$1" ]
}

# next_keeper NUMBER: it serves
next_keeper() {
	until_true started_anew "$1"
	until_true gone "$pid"
	pid=$(cat "$tmp/main")
	next_worker
	[ "$(stat_of f state)" = served ]
}

# The end of it is the manager's, too, which has nothing any more.
ends() {
	local status=0
	kill "$pid"
	wait "$manager" || status=$?
	[ $status = 0 ] || fail "the daemon ended with $status: $(tail -n 1 "$log")"
	[ ! -e "$sock" ] || fail "the socket is still there"
	[ ! -e "$sock.lock" ]
	[ ! -s "$tmp/stored" ] || fail "still stored: $(cat "$tmp/stored")"
}

# Who has it open goes on, with what was dirty, and what waits is answered.
# outlives COMMAND...: the keeper goes by that
outlives() {
	local reader old
	bytes 100000 "$tmp/new"
	bytes 100000 "$tmp/g"
	managed_with 1000000 "${quiet[@]}" "g=$tmp/g"
	until_true all_is_stored 2
	hold_open
	put 300000 "$tmp/new"
	zx clone f mine
	until_true stored c 1
	zx hold g
	zx cat g > "$tmp/got" &
	reader=$!
	until_true waiting g 1
	old=$(worker)
	orphans=$old
	"$@"
	next_keeper 1
	gone "$old" || fail "the one before is there still"
	[ "$1" = kill_both ] || is_written
	wait "$reader"
	cmp "$tmp/got" "$tmp/g"
	# What is dirty by now is in the file at last, and syncs are answered.
	put 600000 "$tmp/new" conv=notrunc,fsync
	is_written
	zx cat mine > /dev/null
	zx drop mine
	until_true stored c 0
	all_is_stored 2
	# And once more, of what came back.
	"$@"
	next_keeper 2
	zx cat f | cmp - "$tmp/want"
	let_go
	ends
}

kill_keeper() {
	kill -9 "$pid"
}

# As systemd does it with all of a unit.
restart() {
	kill -USR1 "$(worker)" "$pid"
}

# Nobody writes anything back.
kill_both() {
	kill -STOP "$pid"
	kill -9 "$(worker)" "$pid"
}

test_store_keeper_killed() {
	outlives kill_keeper
}

test_store_restart() {
	outlives restart
}

test_store_both_killed() {
	outlives kill_both
}

# The manager is no client that is waited for, and what it has has gone before the end.
test_store_sigterm_is_the_end() {
	bytes 100000 "$tmp/new"
	managed_with 1000000 "${quiet[@]}"
	until_true all_is_stored 1
	put 300000 "$tmp/new"
	ends
	is_written
	grep 'has it open' "$log" && fail "somebody was taken for a client"
	return 0
}

# Nobody is to start what nobody could serve ten times.
test_store_gives_up() {
	local status=0 was n
	managed_with 1000000 --quick 1000
	until_true all_is_stored 1
	for ((n = 0; n < 10; n++)); do
		was=$(worker)
		kill -9 "$was"
		until_true has_another "$was"
	done
	wait "$manager" || status=$?
	[ $status = 3 ] || fail "status $status"
	[ ! -s "$tmp/stored" ]
}

main "$@"
