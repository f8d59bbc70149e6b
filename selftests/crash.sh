#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# crash.sh kill [ROUNDS]: the daemon is killed at any moment (in a guest, as root)
# crash.sh append [ROUNDS [MIB]]: the same, while a client appends up to so much
# crash.sh power SERIES [ROUNDS]: the guest is switched off at any moment (outside)
#
# A client writes to a VMO and keeps a record of what fsync() and the like have promised
# to be durable; all of that has to be in the file when the crash is over.  Prints TAP;
# exit status 1 if something is missing, somebody stays blocked, or the module does.
#
# A file that was appended to has to be the beginning of that, and no zeroes in it.
#
# kill has 50 rounds unless told otherwise, all of them in one guest; append has 200, of
# 64 MiB.  Each round of power boots a guest, so it has 5: the file then is a disk of the guest, whose cache
# is lost, and the record is kept outside.
#
#   ZXPAGER_KO   the module
#   O            the build directory (default build)
#   ZXPAGERD     the daemon, if it is to be another build of it
#   ZXP_KEEP     not empty: it has a keeper, and both are killed
#   ZXP_SEED     repeats what is written and the moments, though not what both meet
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
O=$(realpath "${O:-$here/../build}")
: "${ZXPAGER_KO:?the path of zxpager.ko}"
seed=${ZXP_SEED:-$((RANDOM * 32768 + RANDOM))}
pages=1024
bin=$O/selftests/crash_writer
number=0 failures=0

# result WORD NAME
result() {
	number=$((number + 1))
	[ "$1" = ok ] || failures=$((failures + 1))
	echo "$1 $number - $2"
}

# moment ROUND MAX: milliseconds, the same for the same seed
moment() {
	RANDOM=$(((seed + $1) % 32768))
	echo $((RANDOM % $2 + 20))
}

pause() {
	sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
}

# serve FILE: the VMO is called f; $daemon is the process
serve() {
	rm -f "$tmp/ready"
	mkfifo "$tmp/ready"
	"${ZXPAGERD:-$O/tools/zxpagerd/zxpagerd}" --socket "$tmp/sock" --ready-fd 3 \
		--writeback-age 1 --dirty-background 512K ${ZXP_KEEP:+--keep} --rw f "f=$1" \
		3> "$tmp/ready" > "$tmp/log" 2>&1 &
	daemon=$!
	[ "$(cat "$tmp/ready")" = ready ] || {
		echo "# no daemon: $(tail -n 1 "$tmp/log")"
		return 1
	}
}

# write PROGRAM ARG...: $writer is the process, which has begun when this returns
write() {
	rm -f "$tmp/writing"
	mkfifo "$tmp/writing"
	"$O/tools/zxpager/zxpager" --socket "$tmp/sock" exec f -- \
		"$O/selftests/$1" run {} "${@:2}" \
		> "$tmp/writing" 2> "$tmp/writer.err" &
	writer=$!
	[ "$(head -n 1 "$tmp/writing")" = writing ]
}

# ends PID: it does, within a minute; its status is left in $status
ends() {
	local end=$((SECONDS + 60))
	while kill -0 "$1" 2> /dev/null; do
		if [ $SECONDS -gt $end ]; then
			echo "# process $1 stays: $(cat "/proc/$1/wchan" 2> /dev/null)"
			return 1
		fi
		sleep 0.02
	done
	status=0
	wait "$1" 2> /dev/null || status=$?
}

# is_dead PID: whose child it is has not looked yet, perhaps
is_dead() {
	[ ! -e "/proc/$1" ] || grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2> /dev/null
}

# --- the daemon is killed ---------------------------------------------------------

# Every other round the client is killed as well, while it waits perhaps.
kill_round() {
	local round=$1 after workers worker
	after=$(moment "$round" 400)
	serve "$tmp/f" || return 1
	write crash_writer "$tmp/record" $((seed + round)) || return 1
	pause "$after"
	mapfile -t workers < <(pgrep -P "$daemon")
	kill -9 "$daemon" "${workers[@]}"
	[ $((round % 2)) = 0 ] || kill -9 "$writer"
	ends "$daemon" || return 1
	# Workers are nobody's child now; the store's lock is theirs until they have gone.
	for worker in "${workers[@]}"; do
		until is_dead "$worker"; do :; done
	done
	ends "$writer" || return 1
	if [ $((round % 2)) = 0 ] && [ "$status" != 0 ]; then
		echo "# the writer: $status, $(tail -n 1 "$tmp/writer.err")"
		return 1
	fi
	"$bin" check "$tmp/f" "$tmp/record" > "$tmp/checked" 2>&1 && return 0
	sed 's/^/# /' "$tmp/checked"
	return 1
}

# Rounds that never got so far as to have something synced would prove nothing.
kill_rounds() {
	local rounds=$1 round synced
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	grep -q '^zxpager ' /proc/modules || insmod "$ZXPAGER_KO"
	truncate -s $((pages * 4096)) "$tmp/f"
	truncate -s $((pages * 8)) "$tmp/record"
	: > "$tmp/checked"
	for ((round = 1; round <= rounds; round++)); do
		# The shell would tell of each process that was killed.
		if kill_round "$round" 2> "$tmp/killed"; then
			result ok "the daemon is killed, round $round"
		else
			result "not ok" "the daemon is killed, round $round"
		fi
	done
	synced=$(awk '{ print $1 }' "$tmp/checked")
	echo "# $(cat "$tmp/checked")"
	result "$([ "${synced:-0}" -gt "$rounds" ] && echo ok || echo not ok)" \
		"something was synced"
	result "$(rmmod zxpager && echo ok || echo not ok)" "the module unloads"
}

# --- the daemon is killed while somebody appends ------------------------------------

# append_round ROUND SIZE: it is killed as soon as the store has come that far
append_round() {
	local killer="" daemon="" writer="" left failed=0
	append_steps "$@" || failed=1
	for left in $killer $daemon $writer; do
		kill -9 "$left" || :
		ends "$left" || :
	done
	return $failed
}

append_steps() {
	local round=$1 size=$2
	: > "$tmp/f"
	serve "$tmp/f" || return 1
	rm -f "$tmp/waiting"
	mkfifo "$tmp/waiting"
	"$O/selftests/crash_append" kill "$tmp/f" "$size" "$daemon" > "$tmp/waiting" &
	killer=$!
	[ "$(head -n 1 "$tmp/waiting")" = waiting ] || return 1
	write crash_append "$tmp/record" $((mib << 20)) $((seed + round)) || return 1
	# A writer that ends first leaves the killer nothing to wait for.
	wait -n $killer "$writer" || :
	ends $killer && [ "$status" = 0 ] || return 1
	ends "$daemon" || return 1
	ends "$writer" || return 1
	if [ "$status" != 0 ]; then
		echo "# the writer: $status, $(tail -n 1 "$tmp/writer.err")"
		return 1
	fi
	"$O/selftests/crash_append" check "$tmp/f" "$tmp/record" > "$tmp/checked" 2>&1 &&
		[ "$(stat -c %s "$tmp/f")" -ge "$size" ] && return 0
	sed 's/^/# /' "$tmp/checked"
	return 1
}

append_rounds() {
	local rounds=$1 round size name
	mib=$2
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	grep -q '^zxpager ' /proc/modules || insmod "$ZXPAGER_KO"
	RANDOM=$((seed % 32768))
	for ((round = 1; round <= rounds; round++)); do
		size=$(((RANDOM * 32768 + RANDOM) % (mib << 20) + 1))
		[ $round != 1 ] || size=$((mib << 20))
		name="killed when $size of $mib MiB are in the store"
		if append_round "$round" "$size" 2> "$tmp/killed"; then
			result ok "$name: $(cat "$tmp/checked")"
		else
			result "not ok" "$name"
		fi
	done
}

# --- the guest is switched off ----------------------------------------------------

# inside DIR SEED: this runs in the guest, until that is no more
inside() {
	local dev end=$((SECONDS + 120))
	tmp=$(mktemp -d)
	insmod "$ZXPAGER_KO"
	dev=/dev/vda
	# A kernel of ours has the driver in it.
	[ -b $dev ] || modprobe virtio_blk
	until [ -b $dev ]; do
		[ $SECONDS -lt $end ]
		sleep 0.05
	done
	serve $dev
	write crash_writer "$1/record" "$2"
	: > "$1/going"
	wait "$writer"
	echo "# the writer ended: $(tail -n 1 "$tmp/writer.err")"
}

power_round() {
	local series=$1 round=$2 after vm end status=0
	after=$(moment "$round" 3000)
	rm -f "$tmp/share/going"
	"$here/../scripts/vm.sh" --kernel "$series" --timeout 300 --quiet \
		--disk "$tmp/disk" --share "$tmp/share" -- \
		env O="$O" ZXPAGER_KO="$ZXPAGER_KO" "$here/crash.sh" --inside \
		/mnt/share $((seed + round)) > "$tmp/vm.out" 2>&1 &
	vm=$!
	end=$((SECONDS + 400))
	until [ -e "$tmp/share/going" ]; do
		if [ $SECONDS -gt $end ] || ! kill -0 $vm 2> /dev/null; then
			tail -n 20 "$tmp/vm.out" | sed 's/^/# /'
			kill $vm 2> /dev/null || :
			wait $vm || :
			return 1
		fi
		sleep 0.05
	done
	pause "$after"
	kill -TERM $vm
	wait $vm || status=$?
	# It was this that ended it, and nothing before.
	[ $status = 130 ] || { tail -n 20 "$tmp/vm.out" | sed 's/^/# /'; return 1; }
	"$bin" check "$tmp/disk" "$tmp/share/record" > "$tmp/checked" 2>&1 && return 0
	sed 's/^/# /' "$tmp/checked"
	return 1
}

power_rounds() {
	local series=$1 rounds=$2 round synced=0
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	mkdir "$tmp/share"
	truncate -s $((pages * 4096)) "$tmp/disk"
	truncate -s $((pages * 8)) "$tmp/share/record"
	: > "$tmp/checked"
	# A moment may be an early one; some more rounds if all of them were.
	for ((round = 1; round <= rounds || (synced <= 20 && round <= rounds + 5); round++)); do
		if power_round "$series" "$round"; then
			result ok "the guest is switched off, round $round"
		else
			result "not ok" "the guest is switched off, round $round"
		fi
		synced=$(awk '{ s = $1 } END { print s + 0 }' "$tmp/checked")
	done
	echo "# $(cat "$tmp/checked")"
	result "$([ "$synced" -gt 20 ] && echo ok || echo not ok)" \
		"something was synced"
}

usage() {
	sed -n '4,/^set/{/^#/!q;s/^# \{0,1\}//;p;}' "$0"
	exit 2
}

case ${1:-} in
--inside)
	inside "$2" "$3"
	exit
	;;
kill | append | power) ;;
*) usage ;;
esac
echo "TAP version 13"
echo "# ZXP_SEED=$seed"
case $1 in
kill) kill_rounds "${2:-50}" ;;
append) append_rounds "${2:-200}" "${3:-64}" ;;
power) power_rounds "${2:?a series}" "${3:-5}" ;;
esac
echo "1..$number"
[ $failures = 0 ]
