#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# integrity.sh [CASE...]: programs that are not ours keep their data in VMOs
#
# Runs as root in a guest.  zxpagerd serves a file for writing, and it and the program
# share a memory limit that is smaller than the data, so pages are evicted, asked for
# again and written back all the while.  The program verifies what it reads, and at the
# end the file is verified without the VMO.  Prints TAP; exit status 1 if a case fails.
#
#   ZXPAGER_KO   the module, loaded already or not
#   O            the build directory (default build)
#   ZXP_SIZE     MiB of data for each case (default 24; the limit is 3/4 of that)
#   ZXP_SEED     repeats the content and the order of what is written
#   ZXP_TRACE    says what each case does
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
O=$(realpath "${O:-$here/../build}")
: "${ZXPAGER_KO:?the path of zxpager.ko}"
size=${ZXP_SIZE:-24}
limit=$((size * 3 / 4))
patience=$((300 + size * 10))	# seconds for a case
group=/sys/fs/cgroup/zxp_integrity
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

serve() {
	mkfifo "$tmp/ready"
	become_limited "$O/tools/zxpagerd/zxpagerd" --socket "$tmp/sock" --ready-fd 3 \
		--window 32K --dirty-window 16K --dirty-background 2M \
		--dirty-limit 6M --writeback-age 1 \
		--rw f "f=$tmp/f" 3> "$tmp/ready" > "$tmp/log" 2>&1 &
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

# --- inner commands ---------------------------------------------------------------

# What a program that has opened the VMO does: this script runs as that.
case ${1:-} in
--case)
	trap '[ -z "${pid:-}" ] || kill -9 "$pid" 2> /dev/null || :' EXIT
	seed=$3 tmp=$4
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
