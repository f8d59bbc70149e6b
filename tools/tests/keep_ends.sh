#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# keep_ends.sh TEST: one test of how zxpagerd --keep ends, or its worker does and another one goes
# on
#
# A TEST is one of the functions test_* below, without test_; daemon.bash tells more.
# run-tests.sh, which tells what the environment has to be, runs them all.
. "$(dirname "$0")/keep.bash"

# Who has it open goes on, and what was dirty is in the file before the worker has gone.
# leaves COMMAND...: has the worker leave
leaves() {
	local old
	keep_something_dirty
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
	let_go
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
	hold_open
	put 300000 "$tmp/new"
	others=$("${@:2}")
	kill -s "$1" ${others:+"$others"} "$pid"
	until_true grep -q 'f: process .* (vmoprobe) has it open' "$log"
	[ ! -e "$sock" ]
	let_go
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

test_keep_zxpager_stop_is_the_end() {
	local stopping
	bytes 100000 "$tmp/new"
	keep_with 1000000 "${quiet[@]}"
	put 300000 "$tmp/new"
	hold_open
	zx stop 8>&- &
	stopping=$!
	until_true grep -q '(vmoprobe) has it open' "$log"
	[ -d "/proc/$stopping" ]
	let_go
	wait "$stopping"
	wait "$pid"
	[ ! -e "$sock" ]
	is_written
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
	hold_open
	kill "$pid"
	until_true grep -q 'f: process .* (vmoprobe) has it open' "$log"
	kill_worker
	until_true told_twice
	let_go
	wait "$pid"
	[ ! -e "$sock" ]
}

# Who waits to be taken by a worker that is no more is not taken by one that is to end, nor does
# it wait for the end of that.
test_keep_end_hangs_up_on_who_waits() {
	local left second
	keep_with 300000
	hold_open
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
	let_go
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

main "$@"
