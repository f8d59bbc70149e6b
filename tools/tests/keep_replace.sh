#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# keep_replace.sh TEST: one test of zxpagerd --replace
#
# A TEST is one of the functions test_* below, without test_; daemon.bash tells more.
# run-tests.sh, which tells what the environment has to be, runs them all.
. "$(dirname "$0")/keep.bash"

# replace ARG...: the daemon that runs is asked to go on with another one, of those options;
# what is said to that is in "asked"
replace() {
	"${program:-$daemon}" --socket "$sock" --verbose --replace "$@" 2> "$tmp/asked"
}

replace_as_nobody() {
	as_nobody "$daemon" --socket "$sock" --replace "$@" 2> "$tmp/asked"
}
program=''

# has_option WORKER OPTION
has_option() {
	grep -qx -e "$2" < <(tr '\0' '\n' < "/proc/$1/cmdline")
}

# Who has it open goes on, and what was dirty is in the file before the worker has gone.
test_replace_options_and_program() {
	local old
	keep_something_dirty
	old=$(worker)
	cp "$daemon" "$tmp/newer"
	program=$tmp/newer
	replace "${keep[@]}" --rw f "${quiet[@]}" --window 64K "f=$tmp/f"
	is_written
	gone "$old" || fail "the one before is there still"
	has_option "$(worker)" 64K
	[ "$(readlink "/proc/$(worker)/exe")" = "$tmp/newer" ]
	[ "$(stat_of f state)" = served ]
	put 600000 "$tmp/new"
	evict
	zx cat f | cmp - "$tmp/want"
	# That is what the next one is, too, whatever has become of the file.
	rm "$tmp/newer"
	deaths=1
	kill_worker
	has_option "$(worker)" 64K
	zx cat f | cmp - "$tmp/want"
	let_go
	stop
	is_written
	[ ! -e "$sock.keeper" ]
}

# Nobody else is there, who was tried and is on the way out.
worker_is() {
	[ "$(worker)" = "$1" ]
}

# refuses PATTERN COMMAND...: nothing is replaced, with these words
refuses() {
	status_is 1 "${@:2}"
	grep -q -e "$1" "$tmp/asked" || fail "no '$1' in: $(tail -n 3 "$tmp/asked")"
}

# stays PATTERN COMMAND...: the same, and the worker has not noticed
stays() {
	local old
	old=$(worker)
	refuses "$@"
	until_true worker_is "$old"
	zx cat f | cmp - "$tmp/want"
}

# Somebody else has made the keeper's socket, and hears one who asks.
listens_as_nobody() {
	python3 - "$sock.keeper" <<-'END'
	import os
	import socket
	import sys

	os.setuid(65534)
	with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
	    listener.bind(sys.argv[1] + ".new")
	    listener.listen()
	    os.rename(sys.argv[1] + ".new", sys.argv[1])
	    listener.accept()[0].recv(1)
	END
}

test_replace_refused() {
	local listener
	keep_with 1000000
	bytes 100000 "$tmp/g"
	chmod 777 "$tmp"
	stays 'want a number' replace --window none --rw f "f=$tmp/f"
	stays 'serves other files' replace "f=$tmp/f"
	stays 'serves other files' replace --rw f "f=$tmp/g"
	stays 'serves other files' replace --rw f "f=$tmp/f" "g=$tmp/g"
	stays 'Permission denied' replace_as_nobody --rw f "f=$tmp/f"
	stop
	refuses 'no daemon with --keep' replace --rw f "f=$tmp/f"
	chmod 1777 "$tmp"
	listens_as_nobody &
	listener=$!
	until_true test -S "$sock.keeper"
	refuses 'neither root' replace --rw f "f=$tmp/f"
	wait "$listener"
}

main "$@"
