#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the scripts that test zxpagerd --keep have in common, beside nbd.bash; sourced, not run.
#
# shellcheck disable=SC2034 # the variables are for those scripts
. "$(dirname "$0")/nbd.bash"

# No death is taken for a quick one, so there is no pause before the next worker.
keep=(--keep --quick 0)

# The worker of the keeper $pid.
worker() {
	pgrep -P "$pid" -f -- --worker
}

# serving N: so many workers have begun to serve
serving() {
	[ "$(grep -c 'worker [0-9]* serves' "$log")" -ge "$1" ]
}

# After a worker has gone: the next one serves.
next_worker() {
	deaths=$((deaths + 1))
	until_true serving $((deaths + 1))
}
deaths=0

kill_worker() {
	kill -9 "$(worker)"
	next_worker
}

# The next worker serves, of the same program and options.
replace_worker() {
	"$daemon" --socket "$sock" --verbose --replace "${served_with[@]}" 2> "$tmp/asked" ||
		fail "$(cat "$tmp/asked")"
	deaths=$((deaths + 1))
}

# keep_with BYTES ARG...: a file of that many bytes, served for writing, and kept
keep_with() {
	start_with "$1" "${keep[@]}" "${@:2}"
}

# Somebody has f open, and all of it mapped, until let_go.
hold_open() {
	mkfifo "$tmp/tell" "$tmp/told"
	zx exec f -- "$probe" stay {} < "$tmp/tell" > "$tmp/told" &
	client=$!
	exec 8> "$tmp/tell"
	read -r < "$tmp/told"
}

# Somebody has f open, and not all of $tmp/want is in the file yet.
keep_something_dirty() {
	bytes 100000 "$tmp/new"
	keep_with 1000000 "${quiet[@]}"
	hold_open
	put 300000 "$tmp/new"
	is_written && fail "it is written already"
	return 0
}

let_go() {
	exec 8>&-
	wait "$client"
}

# has_another PID: the keeper has another worker, or has ended
has_another() {
	local now
	gone "$pid" && return
	now=$(worker) || return
	[ "$now" != "$1" ]
}

gone() {
	! kill -0 "$1" 2> /dev/null
}

# As many sockets have that name: the one that listens, and a connection to it.
sockets_are() {
	[ "$(grep -c " $sock\$" /proc/net/unix)" = "$1" ]
}
