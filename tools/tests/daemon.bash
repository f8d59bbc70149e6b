#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the scripts that test zxpagerd have in common; sourced, not run.
#
# They define functions test_* and call main "$@", which knows:
#
#   TEST                           runs test_TEST: exit status 0 if it holds, 4 if it
#                                  cannot be had here, anything else if it does not hold
#   --list                         the names of the tests
#   --serve COMMAND...             runs COMMAND with a daemon that serves $ZXD_FILE as
#                                  a VMO called "f", and a large one for writing as "g",
#                                  and was started with room for few open files;
#                                  $ZXD_SOCKET, $ZXD_PID and $ZXD_LOG are its socket,
#                                  process and log
set -euo pipefail

bin=${O:-build}/tools
daemon=${ZXPAGERD:-$bin/zxpagerd/zxpagerd}
export probe=$bin/demo/vmoprobe

fail() {
	echo "failed: $*"
	exit 1
}

# skip WHY: it cannot be had here
skip() {
	echo "$*"
	exit 4
}

# serve ARG...: starts the daemon; $pid is its process, $sock its socket, $log what it
# said.
serve() {
	sock=$tmp/sock log=$tmp/log
	# shellcheck disable=SC2034 # for keep.bash
	served_with=("$@")
	rm -f "$tmp/ready"
	mkfifo "$tmp/ready"
	"$daemon" --socket "$sock" --verbose --ready-fd 3 "$@" \
		3> "$tmp/ready" 2>> "$log" &
	pid=$!
	[ "$(cat "$tmp/ready")" = ready ] || fail "no daemon: $(tail -n 1 "$log")"
}

zx() {
	"$bin/zxpager/zxpager" --socket "$sock" "$@"
}

# stat_of NAME FIELD
stat_of() {
	zx stat "$1" | awk -v f="$2" '$1 == f { print $2 }'
}

# until_true COMMAND...: there is no event for some things that happen elsewhere
until_true() {
	local end=$((SECONDS + 60))
	until "$@"; do
		[ $SECONDS -lt $end ] || fail "never came true: $*"
	done
}

waiting() {
	[ "$(stat_of "$1" waiting)" = "$2" ]
}

# stop: SIGTERM, and all that is promised of it
stop() {
	local status=0
	kill "$pid"
	wait "$pid" || status=$?
	[ $status = 0 ] || fail "the daemon ended with $status: $(tail -n 1 "$log")"
	[ ! -e "$sock" ] || fail "the socket is still there"
}

# status_is N COMMAND...
status_is() {
	local want=$1 status=0
	shift
	"$@" || status=$?
	[ $status = "$want" ] || fail "status $status instead of $want: $*"
}

# refused PATTERN ARG...: the daemon does not start, and says why in one line
refused() {
	local pattern=$1 status=0
	shift
	"$daemon" --socket "$tmp/refused" "$@" 2> "$tmp/why" || status=$?
	[ $status = 1 ] || fail "status $status instead of 1: $*"
	[ "$(wc -l < "$tmp/why")" = 1 ] || fail "not one line: $(cat "$tmp/why")"
	grep -q -e "$pattern" "$tmp/why" || fail "no '$pattern' in: $(cat "$tmp/why")"
	[ ! -S "$tmp/refused" ] || fail "it left a socket"
}

# bytes N FILE: N bytes that are not to be guessed
bytes() {
	head -c "$1" /dev/urandom > "$2"
}

# with_daemon COMMAND...: COMMAND knows of the daemon that serves
with_daemon() {
	ZXD_SOCKET=$sock ZXD_PID=$pid ZXD_LOG=$log ZXD_FILE=$tmp/f "$@"
}

# What was just brought in is out of reach until its processor has brought in more, or a
# process ends there.
evict() {
	local cpu
	for ((cpu = 0; cpu < $(nproc); cpu++)); do
		taskset -c $cpu true
	done
	echo 3 > /proc/sys/vm/drop_caches
}

# The last references can be dropped a moment after a process has gone.
unload() {
	until_true rmmod zxpager 2> /dev/null
}

as_nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

cleanup() {
	local left
	left=$(jobs -p)
	# Workers outlive their keeper for a while.
	[ -z "$left" ] || left+=$'\n'$(pgrep -P "${left//$'\n'/,}" || :)
	left+=${orphans:+$'\n'$orphans}
	[ -z "$left" ] || xargs kill -9 <<< "$left" 2> /dev/null || :
	! mountpoint -q "$tmp/mnt" || umount "$tmp/mnt"
	rm -rf "$tmp"
}

main() {
	if [ "${1:?a test, --list or --serve}" = --list ]; then
		declare -F | sed -n 's/^declare -f test_//p'
		return
	fi
	tmp=$(mktemp -d)
	# Daemons that a test left over go with it.
	trap cleanup EXIT
	if [ "$1" = --serve ]; then
		shift
		bytes 300000 "$tmp/f"
		truncate -s 1G "$tmp/g"
		ulimit -Sn 64
		serve --rw g "f=$tmp/f" "g=$tmp/g"
		ulimit -Sn "$(ulimit -Hn)"
		with_daemon "$@"
		stop
		return
	fi
	set -o errtrace
	trap 'echo "line $LINENO: $BASH_COMMAND" >&2' ERR
	"test_$1"
}
