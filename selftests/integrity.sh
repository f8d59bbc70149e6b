#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# integrity.sh [CASE...]: what is kept in VMOs is there, and in the store
#
# Runs as root in a guest.  zxpagerd serves a file for writing, and it and the program
# share a memory limit that is smaller than the data, so pages are evicted, asked for
# again and written back all the while.  Programs that are not ours verify what they read,
# and at the end the file is verified without the VMO.  One that is ours does anything at
# all, on stores that are full, fail or lose their power, and with daemons that are killed;
# it looks for what was synced in the store at once.  Prints TAP; exit status 1 if a case
# fails.
#
#   ZXPAGER_KO   the module, loaded already or not
#   O            the build directory (default build)
#   ZXPAGERD     the daemon, if it is to be another build of it
#   ZXP_SIZE     MiB of data for each case (default 24; the limit is 3/4 of that)
#   ZXP_OPS      operations of each case of ours (default 100000)
#   ZXP_SEED     repeats the content and the order of what is written
#   CI           has the cases of ours in a short form, and one of those by fio
#   ZXP_TRACE    says what each case does
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
O=$(realpath "${O:-$here/../build}")
: "${ZXPAGER_KO:?the path of zxpager.ko}"
size=${ZXP_SIZE:-24}	# with less, the limit is too little for fio itself
limit=$((size * 3 / 4))
group=/sys/fs/cgroup/zxp_integrity
if [ -n "${CI:-}" ]; then
	ops=${ZXP_OPS:-1200} rounds=3 mib=4
else
	ops=${ZXP_OPS:-100000} rounds=200 mib=64
fi
mark=$((ops / 15 < 150 ? ops / 15 : 150))	# operations of a writer until its store changes
round=$((ops / 6 < 600 ? ops / 6 : 600))	# and until it crashes, at most
races=$(((ops + 599) / 600))			# rounds of writers of the same bytes
patience=$((300 + size * 10 + ops / 20 + rounds * mib))	# seconds for a case
seed=${ZXP_SEED:-$((RANDOM * 32768 + RANDOM))}

# --- what the cases use -----------------------------------------------------------

fail() {
	echo "failed: $*"
	exit 1
}

zx() {
	"$O/tools/zxpager/zxpager" --socket "$tmp/sock" "$@"
}

stat_of() {
	zx stat f | awk -v f="$1" '$1 == f { print $2 }'
}

# become_limited COMMAND...: this process goes on as COMMAND, under the memory limit
become_limited() {
	echo $BASHPID > $group/cgroup.procs
	exec "$@"
}

limited() {
	( become_limited "$@" )
}

# serve [STORE]: as the VMO f; $pid is the daemon, which has $options too
options=()
serve() {
	rm -f "$tmp/ready"
	mkfifo "$tmp/ready"
	become_limited "${ZXPAGERD:-$O/tools/zxpagerd/zxpagerd}" --socket "$tmp/sock" --ready-fd 3 \
		--window 32K --dirty-window 16K --dirty-background 2M \
		--dirty-limit 6M --writeback-age 1 \
		"${options[@]}" --rw f "f=${1:-$tmp/f}" 3> "$tmp/ready" > "$tmp/log" 2>&1 &
	pid=$!
	[ "$(cat "$tmp/ready")" = ready ] || fail "no daemon: $(tail -n 3 "$tmp/log")"
}

# Without packets it was not the VMO that the program has used.
seen_packets() {
	local what n
	for what in read_packets dirty_packets sync_packets daemon_written; do
		n=$(stat_of $what)
		[ "$n" -gt 0 ] || fail "no $what"
		echo "$what: $n"
	done
	[ "$(stat_of daemon_failed)" = 0 ] || fail "a READ has failed"
	[ "$(stat_of daemon_store_errors)" = 0 ] || fail "writing back has failed"
}

# What does not fit has been read again.
seen_evictions() {
	local resident
	resident=$(stat_of resident)
	[ "$resident" -lt $((size << 20)) ] || fail "all of it is in memory"
	echo "resident: $resident, supplied: $(stat_of supplied_bytes)"
}

stop() {
	local status=0
	kill "$pid"
	wait "$pid" || status=$?
	[ $status = 0 ] || fail "the daemon ended with $status: $(tail -n 3 "$tmp/log")"
	! grep -q '^oom_kill [^0]' $group/memory.events || fail "out of memory"
}

# The file's pages are paid for by nobody who is limited.
make_file() {
	head -c $((size << 20)) /dev/zero > "$tmp/f"
}

# --- the cases --------------------------------------------------------------------

# run_fio FILE ENGINE ARG...
run_fio() {
	local file=$1 engine=$2
	shift 2
	fio --name=zx --thread --filename="$file" --size="${size}m" --minimal \
		--ioengine="$engine" --rw=randwrite --bsrange=4k-64k --iodepth=4 \
		--randseed="$seed" --verify=crc32c --verify_fatal=1 --fsync=100 \
		--fallocate=none --allow_file_create=0 "$@" > "$tmp/fio" 2>&1 ||
		fail "fio: $(tail -n 5 "$tmp/fio")"
	! grep -q 'verify:\|bad magic\|error=' "$tmp/fio" || fail "$(cat "$tmp/fio")"
}

fio_case() {
	make_file
	serve
	# shellcheck disable=SC2016 # the inner shell is to see these
	limited "$O/tools/zxpager/zxpager" --socket "$tmp/sock" exec f -- \
		"$here/integrity.sh" --fio {} "$1" "$seed" "$tmp" --do_verify=1
	seen_packets
	seen_evictions
	stop
	run_fio "$tmp/f" "$1" --verify_only
}

case_fio_mmap() { fio_case mmap; }
case_fio_psync() { fio_case psync; }
case_fio_io_uring() { fio_case io_uring; }
case_fio_splice() { fio_case splice; }

# records N SEED: key and value lines that are in order, for mdb_load; a value fills
# a page
records() {
	awk -v n="$1" -v seed="$2" 'BEGIN {
		srand(seed)
		for (i = 0; i < n; i++) {
			value = ""
			for (j = 0; j < 10; j++)
				value = value sprintf("%05x", rand() * 1048576)
			for (j = 0; j < 6; j++)
				value = value value
			printf " %08d\n %s%08d\n", i, value, i
		}
	}'
}

# database FILE: what an LMDB dump looks like
database() {
	printf 'VERSION=3\nformat=print\ntype=btree\nmapsize=1073741824\n'
	printf 'HEADER=END\n'
	cat "$1"
	echo DATA=END
}

dump() {
	mdb_dump -p -n "$1" | sed -n '/^HEADER=END/,/^DATA=END/p' | sed '1d;$d'
}

case_lmdb() {
	local n=$((size * 256)) path=$tmp/linked
	records "$n" "$seed" > "$tmp/all"
	# A database of nothing much, in a file with room for more.
	head -n 200 "$tmp/all" > "$tmp/few"
	database "$tmp/few" | mdb_load -n "$tmp/f"
	head -c $((size << 21)) /dev/zero >> "$tmp/f"
	serve
	# Its lock file lies beside it, so it needs a name where there can be one.
	ln -s /proc/self/fd/9 "$path"
	limited "$O/tools/zxpager/zxpager" --socket "$tmp/sock" exec f -- \
		"$here/integrity.sh" --nine {} mdb_load -n -f <(database "$tmp/all") "$path"
	zx exec f -- "$here/integrity.sh" --nine {} mdb_dump -p -n "$path" |
		sed -n '/^HEADER=END/,/^DATA=END/p' | sed '1d;$d' | cmp - "$tmp/all"
	seen_packets
	seen_evictions
	stop
	dump "$tmp/f" | cmp - "$tmp/all"
}

case_ext4() {
	make_file
	cp -r "$here" "$tmp/tree"
	serve
	limited "$O/tools/zxpager/zxpager" --socket "$tmp/sock" exec f -- \
		mke2fs -q -F -t ext4 -E lazy_itable_init=0 -d "$tmp/tree" {}
	limited "$O/tools/zxpager/zxpager" --socket "$tmp/sock" exec f -- \
		e2fsck -f -n {}
	seen_packets
	stop
	e2fsck -f -n "$tmp/f"
	mkdir "$tmp/out"
	debugfs -R "rdump / $tmp/out" "$tmp/f"
	rm -rf "$tmp/out/lost+found"
	diff -r "$tmp/tree" "$tmp/out"
}

# --- anything at all, see fsx.c ------------------------------------------------------

fsx=("$O/selftests/fsx")

# exercise STORE MARK [--errors]: $exercise is the process, which has begun
exercise() {
	rm -f "$tmp/said"
	mkfifo "$tmp/said"
	"$O/tools/zxpager/zxpager" --socket "$tmp/sock" exec f -- "${fsx[@]}" run {} "$1" \
		"$tmp/state" "$ops" "${@:2}" > "$tmp/said" 2> "$tmp/fsx" &
	exercise=$!
	exec 4< "$tmp/said"
	read -r -u 4 || fail "fsx has not begun: $(cat "$tmp/fsx")"
}

# goes_on: a writer has reached its mark; otherwise all have ended, and $summary is of that
goes_on() {
	local said
	read -r -u 4 said || return 1
	[ "$said" != "going on" ] || return 0
	summary=$said
	return 1
}

# a_while: a writer reaches its mark from now on.  What this script had no time for before
# says nothing of what the store is like now.
a_while() {
	while read -r -t 0 -u 4; do
		goes_on || return 1
	done
	goes_on
}

# ends_with STATUS...: fsx does; $status is which
ends_with() {
	status=0
	wait "$exercise" || status=$?
	[[ " $* " == *" $status "* ]] || fail "fsx: $status, $(cat "$tmp/fsx")"
	while goes_on; do :; done
}

# still_there STORE: all that has to be, after a crash
still_there() {
	"${fsx[@]}" check "$1" "$tmp/state" 2> "$tmp/fsx" || fail "$(cat "$tmp/fsx")"
}

# From a daemon's start to its end; sometimes the writers go first.
one_life() {
	serve
	exercise "$tmp/f" $((RANDOM % round + 1))
	if goes_on; then
		[ $((RANDOM % 4)) != 0 ] || kill "$exercise" || :
		kill -9 "$pid"
		ends_with 0 3
		wait "$pid" || early=$((early + 1))
	else
		ends_with 0
		stop
	fi
}

# until_done ONE STORE WHAT: fsx on it, in as many lives of the daemon as that takes: ONE is
# from one's start to its end, and counts in $early those that were WHAT before
until_done() {
	local status=3 early=0 summary
	"${fsx[@]}" new "$tmp/state" "$2" "$seed"
	until [ $status = 0 ]; do
		# The shell would tell of each process that was killed.
		"$1" 2> "$tmp/killed"
		still_there "$2"
	done
	echo "$summary, $3 $early times"
	[ $early -gt 0 ] || fail "it was not $3"
}

# A daemon that is killed, and a new one that has what was synced.
case_fsx() {
	head -c 400000 /dev/urandom > "$tmp/f"
	until_done one_life "$tmp/f" killed
}

# The same with a bank, which sees if what it has left is of any use: see bank.c.  It
# syncs each of its operations, and the limit has the daemon write all the time.
case_bank() {
	# Each of its four tellers has to come past where it is killed.
	ops=$((ops / 2)) round=$((round / 4))
	fsx+=(bank)
	options=(--dirty-limit 16K)
	: > "$tmp/f"
	until_done one_life "$tmp/f" killed
}

# Writers of the same bytes, with a store that never fails.
case_race() {
	options=(--dirty-limit 256K)
	: > "$tmp/f"
	serve
	zx exec f -- "${fsx[@]}" race {} "$tmp/f" "$races" "$seed"
	seen_packets
	stop
}

case_append() {
	"$here/crash.sh" append "$rounds" "$mib" > "$tmp/append" ||
		fail "$(grep -A 2 '^not ok' "$tmp/append")"
	grep '^ok' "$tmp/append" | tail -n 4
}

# --- stores that fail, see fsx.c too --------------------------------------------------

# seen_errors: those that fsx has seen, while most of its syncs went well
seen_errors() {
	local syncs=${summary#*operations, } errors=${summary#*syncs, }
	store_errors=$(stat_of daemon_store_errors)
	echo "$summary, $store_errors errors of the store"
	grep -v "cannot reserve\|left out\|leaves room" "$tmp/log" | tail -n 3 || :
	[ "${syncs%% *}" -gt 10 ] || fail "few syncs"
	[ "${errors%% *}" -gt 5 ] || fail "few errors"
}

# disk BYTES: a device of ours that begins as $disk, which is read behind its back
disk() {
	disk=$tmp/disk
	head -c "$1" /dev/urandom > "$disk"
	loop=$(losetup --find --show "$disk")
	sectors=$(($1 / 512))
	modprobe dm-mod
	modprobe dm-flakey
	# Nobody else makes its node.
	export DM_DISABLE_UDEV=1
	dmsetup create zxp --table "0 $sectors linear $loop 0"
	zxp=/dev/mapper/zxp
}

# becomes TABLE: the device does, at once
becomes() {
	dmsetup suspend --nolockfs --noflush zxp
	dmsetup load zxp --table "$1"
	dmsetup resume zxp
}

# exercise_disk: a device of ours under a daemon, and fsx on it, which is to see errors
exercise_disk() {
	disk 500224
	serve "$zxp"
	"${fsx[@]}" new "$tmp/state" "$disk" "$seed" --fixed
	exercise "$disk" $mark --errors
}

# end_of_disk: it was right all the time
end_of_disk() {
	ends_with 0
	seen_errors
	stop
	still_there "$disk"
}

# A device that now and then takes no writes, and loses what it was given.
case_flakey() {
	exercise_disk
	while goes_on; do
		becomes "0 $sectors flakey $loop 0 0 1 1 error_writes"
		a_while || :
		becomes "0 $sectors linear $loop 0"
	done
	end_of_disk
}

# A device that has bad sectors, in one place and then in another, and sometimes none.
case_bad_sectors() {
	local bad
	exercise_disk
	while goes_on; do
		bad=$((RANDOM % (sectors - 40)))
		becomes "0 $bad linear $loop 0
			$bad 40 error
			$((bad + 40)) $((sectors - bad - 40)) linear $loop $((bad + 40))"
		a_while || :
		becomes "0 $sectors linear $loop 0"
	done
	end_of_disk
}

# A file system where the space goes, and comes back.  Without extents none can be
# reserved, so it is the sync that says so.
run_full() {
	disk 4194304
	mke2fs -q -F -t ext4 "$@" "$zxp"
	mkdir "$tmp/mnt"
	mount -t ext4 "$zxp" "$tmp/mnt"
	head -c 400000 /dev/urandom > "$tmp/mnt/f"
	serve "$tmp/mnt/f"
	"${fsx[@]}" new "$tmp/state" "$tmp/mnt/f" "$seed"
	exercise "$tmp/mnt/f" $mark --errors
	while goes_on; do
		cat /dev/zero > "$tmp/mnt/filler" 2> /dev/null || :
		a_while || :
		rm "$tmp/mnt/filler"
	done
	ends_with 0
	seen_errors
	stop
	umount "$tmp/mnt"
	mount -t ext4 "$zxp" "$tmp/mnt"
	still_there "$tmp/mnt/f"
}

# Where blocks are as large as pages, nothing that was allowed can fail to fit.
case_full() {
	run_full -b 4096
	[ "$store_errors" = 0 ] || fail "what was allowed did not fit"
}

case_full_late() {
	run_full -O ^extents,^64bit
	[ "$store_errors" -gt 0 ] || fail "it was never full"
}

# The power of the device goes: it is copied while nothing gets there any more, and what
# has lived on the original goes first.
case_cut_off() {
	disk 8388608
	mke2fs -q -F -t ext4 "$zxp"
	mkdir "$tmp/mnt"
	mount -t ext4 "$zxp" "$tmp/mnt"
	head -c 400000 /dev/urandom > "$tmp/mnt/f"
	sync "$tmp/mnt/f"
	until_done one_cut "$tmp/mnt/f" "cut off"
}

one_cut() {
	serve "$tmp/mnt/f"
	exercise "$tmp/mnt/f" $((RANDOM % round + 1))
	goes_on || :
	dmsetup suspend --nolockfs --noflush zxp
	kill "$exercise" || :
	ends_with 0 3
	cp "$disk" "$tmp/copy"
	kill -9 "$pid"
	dmsetup resume zxp
	wait "$pid" || early=$((early + 1))
	umount "$tmp/mnt"
	cat "$tmp/copy" > "$disk"
	blockdev --flushbufs "$zxp"
	mount -t ext4 "$zxp" "$tmp/mnt"
}

# --- inner commands ---------------------------------------------------------------

clean_up() {
	local left
	left=$(jobs -p)
	[ -z "$left" ] || xargs kill -9 <<< "$left" 2> /dev/null || :
	[ -n "${zxp:-}" ] || return 0
	dmsetup resume zxp
	wait
	! mountpoint -q "$tmp/mnt" || umount "$tmp/mnt"
	dmsetup remove --retry zxp
	losetup -d "$loop"
}

# What a program that has opened the VMO does: this script runs as that.
case ${1:-} in
--case)
	trap clean_up EXIT
	seed=$3 tmp=$4
	RANDOM=$((seed % 32768))
	[ -z "${ZXP_TRACE:-}" ] || set -x
	"case_$2"
	exit 0
	;;
--fio)
	file=$2 engine=$3 seed=$4 tmp=$5
	shift 5
	run_fio "$file" "$engine" "$@"
	exit 0
	;;
--nine)
	# The same open file as descriptor 9, for a path that can be known before.
	eval "exec 9<> '$2'"
	shift 2
	exec "$@"
	;;
esac

# --- the frame --------------------------------------------------------------------

mapfile -t cases < <(sed -n 's/^case_\([a-z0-9_]*\)() .*/\1/p' "$here/integrity.sh")
# In short what fsx does is as good as these.
short() { printf '%s\n' "${cases[@]}" | grep -vxE 'fio_(psync|io_uring|splice)'; }
[ -z "${CI:-}" ] || mapfile -t cases < <(short)
[ $# = 0 ] || cases=("$@")
failures=0
grep -q '^zxpager ' /proc/modules || insmod "$ZXPAGER_KO"
export O ZXPAGER_KO
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
echo "TAP version 13"
echo "1..${#cases[@]}"
echo "# ZXP_SEED=$seed, $size MiB of data, $limit MiB of memory"
for i in "${!cases[@]}"; do
	start=$SECONDS word=ok
	rm -rf "$tmp/dir"
	mkdir -p "$tmp/dir" $group
	echo "${limit}M" > $group/memory.max
	timeout -k 10 "$patience" "$here/integrity.sh" --case "${cases[$i]}" "$seed" \
		"$tmp/dir" > "$tmp/out" 2>&1 < /dev/null || word="not ok"
	[ "$word" = ok ] || failures=$((failures + 1))
	echo "$word $((i + 1)) - ${cases[$i]} # $((SECONDS - start)) s"
	tail -n 30 "$tmp/out" | sed 's/^/# /'
done
[ $failures = 0 ]
