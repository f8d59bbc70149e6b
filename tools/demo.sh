#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# demo.sh: shows what zxpager does, on a real file
#
# Runs as root in a guest.  Each thing that it shows is a line with a figure; the first
# that does not hold ends it with status 1 and a line that says which.
#
#   ZXPAGER_KO    the module
#   O             the build directory (default build)
#   DEMO_DIR      holds image.ext4 and manifest.sha256, the sums of the files in it
#                 (default /mnt/share).  written.ext4 and written.sha256 are left there:
#                 the image that was written to, and what is to be in it
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
bin=${O:-$here/../build}/tools
dir=${DEMO_DIR:-/mnt/share}
manifest=$dir/manifest.sha256
probe=$bin/demo/vmoprobe
: "${ZXPAGER_KO:?the path of zxpager.ko}"

# --- helpers ----------------------------------------------------------------------

# shown WHAT FIGURES: one thing that held
shown() {
	printf '  %-34s %s\n' "$1" "$2"
}

broken() {
	printf 'demo: DOES NOT HOLD: %s\n' "$*" >&2
	exit 1
}

# same WHAT WANTED GOT
same() {
	[ "$2" = "$3" ] || broken "$1: '$3' instead of '$2'"
}

zx() {
	"$bin/zxpager/zxpager" --socket "$tmp/sock" "$@"
}

# stat_of FIELD [NAME]
stat_of() {
	zx stat "${2:-image}" | awk -v f="$1" '$1 == f { print $2 }'
}

# exec_probe ARG...: what the probe says of the VMO; that an access fails is no error here
exec_probe() {
	zx exec image -- "$probe" "$@" || [ $? = 10 ]
}

sum() {
	sha256sum | cut -d' ' -f1
}

mib() {
	awk -v n="$1" 'BEGIN { printf "%.1f MiB", n / 1048576 }'
}

# Clean pages go; those of the programs too, so they are read again.
evict() {
	sync
	echo 1 > /proc/sys/vm/drop_caches
}

# pss PID: bytes of memory that a process answers for, of the VMO
pss() {
	awk '/^[0-9a-f]+-/ { vmo = /zxpager/ } /^Pss:/ && vmo { n += $2 }
		END { print n * 1024 }' "/proc/$1/smaps"
}

tmp=$(mktemp -d)
image=$tmp/image.ext4
dev='' mounted='' daemon=''
cleanup() {
	local status=$?
	[ -z "$mounted" ] || umount "$tmp/mnt" || :
	[ -z "$dev" ] || losetup -d "$dev" || :
	[ -z "$daemon" ] || kill -9 "$daemon" 2> /dev/null || :
	if [ $status != 0 ] && [ -s "$tmp/log" ]; then
		echo "demo: the daemon's last lines:" >&2
		tail -n 5 "$tmp/log" >&2
	fi
	rm -rf "$tmp"
	exit $status
}
trap cleanup EXIT

# --- what is shown ----------------------------------------------------------------

# Out of the shared directory, which is not where a daemon would keep its files: each
# read there goes to the host.
fetch_image() {
	dd if="$dir/image.ext4" of="$image" bs=1M status=none ||
		broken "image.ext4 does not fit into $tmp"
}

# start_daemon OPTION...
start_daemon() {
	rm -f "$tmp/ready"
	mkfifo "$tmp/ready"
	"$bin/zxpagerd/zxpagerd" --socket "$tmp/sock" --verbose --ready-fd 3 "$@" \
		"image=$image" 3> "$tmp/ready" 2> "$tmp/log" &
	daemon=$!
	[ "$(cat "$tmp/ready")" = ready ] ||
		broken "the daemon does not start: $(cat "$tmp/log")"
}

reading_daemon() {
	start_daemon
	size=$(stat -c %s "$image")
	windows=$(((size + 131071) / 131072))
	shown "daemon" "serves image.ext4, $(mib "$size"), in windows of 128 KiB"
}

one_client() {
	local packets
	want=$(sum < "$image")
	same "sha256 through mmap" "$want" "$(exec_probe mapcat {} | sum)"
	packets=$(stat_of read_packets)
	[ "$packets" -gt 0 ] || broken "the mapping sent no READ packet"
	[ "$packets" -lt $((size / 4096)) ] || broken "a READ packet for each page"
	shown "sha256 through mmap" "equals the file's; $packets READ packets"
	evict
	same "sha256 through read(2)" "$want" "$(zx exec image -- cat {} | sum)"
	packets=$(($(stat_of read_packets) - packets))
	[ $packets -gt 0 ] || broken "read(2) sent no READ packet"
	shown "sha256 through read(2)" "equals the file's; $packets READ packets"
}

two_clients() {
	local before reads i pids=() lines=() total=0 resident n packets
	evict
	before=$(stat_of read_packets) reads=$(stat_of daemon_windows)
	mkfifo "$tmp/go"
	exec 8<> "$tmp/go"
	for i in 1 2; do
		mkfifo "$tmp/says$i"
		"$bin/zxpager/zxpager" -s "$tmp/sock" exec image -- \
			"$probe" stay {} < "$tmp/go" > "$tmp/says$i" 8>&- &
		pids+=($!)
	done
	for i in 1 2; do
		same "process $i" mapped "$(head -n 1 "$tmp/says$i")"
	done
	packets=$(($(stat_of read_packets) - before))
	reads=$(($(stat_of daemon_windows) - reads))
	[ $packets -lt $((windows * 3 / 2)) ] ||
		broken "two processes took $packets READ packets for $windows windows"
	same "reads of the file" "$windows" "$reads"
	shown "two processes map it at once" \
		"$packets READ packets; each window read once ($reads)"
	resident=$(stat_of resident)
	[ "$resident" -le $((size + 4096)) ] || broken "$(mib "$resident") in memory"
	for i in "${pids[@]}"; do
		lines+=("$(mib "$(pss "$i")")")
		total=$((total + $(pss "$i")))
	done
	n=$(((total - size) * 50 / size))
	[ $n = 0 ] || broken "the two account for ${lines[*]}"
	shown "one copy in memory" \
		"$(mib "$resident"); their shares (PSS): ${lines[0]} + ${lines[1]}"
	exec 8>&-
	wait "${pids[@]}"
}

eviction() {
	local before left packets
	before=$(stat_of resident)
	evict
	left=$(stat_of resident)
	[ "$left" -le $((size / 100)) ] ||
		broken "$(mib "$left") of $(mib "$before") stayed in memory"
	shown "drop_caches evicts" "$(mib "$before") -> $(mib "$left")"
	packets=$(stat_of read_packets)
	same "sha256 after eviction" "$want" "$(exec_probe mapcat {} | sum)"
	packets=$(($(stat_of read_packets) - packets))
	[ $packets -gt 0 ] || broken "the next access did not ask again"
	shown "the next access asks again" "$packets READ packets; sha256 right again"
}

file_system() {
	local listed found before
	evict
	before=$(stat_of read_packets)
	dev=$(zx exec image -- losetup --read-only --find --show {})
	mkdir "$tmp/mnt"
	mount -t ext4 -o ro,noload "$dev" "$tmp/mnt"
	mounted=1
	listed=$(wc -l < "$manifest")
	[ "$listed" -gt 0 ] || broken "the manifest is empty"
	found=$(find "$tmp/mnt" -type f | wc -l)
	same "number of files" "$listed" "$found"
	(cd "$tmp/mnt" && sha256sum --quiet --strict -c "$manifest" > "$tmp/wrong" 2>&1) ||
		broken "files differ: $(head -n 1 "$tmp/wrong")"
	shown "ext4 on a loop device on the VMO" \
		"$found files equal; $(($(stat_of read_packets) - before)) READ packets"
	umount "$tmp/mnt"
	mounted=
	losetup -d "$dev"
	dev=
}

failing_range() {
	local at=$((size / 2 / 4096 * 4096))
	local after=$((at + 4096))
	evict
	zx fail image $at 4096 EIO
	same "mapping of the failing page" "SIGBUS at $at" \
		"$(exec_probe touch {} $((at - 65536)) 131072)"
	same "read(2) of the failing page" "EIO at $at" \
		"$(exec_probe read {} $((at - 65536)) 131072)"
	shown "daemon fails 4096 bytes at $at" "SIGBUS at $at; read(2): EIO at $at"
	same "mapping before it" ok "$(exec_probe touch {} 0 $at)"
	same "mapping behind it" ok "$(exec_probe touch {} $after $((size - after)))"
	same "code that the VMO tells" EIO "$(stat_of fail_code)"
	shown "everything else works" "$(mib $((size - 4096))) around it, mapped"
	zx clear image
	same "retry" ok "$(exec_probe touch {} $at 4096)"
	zx exec image -- cmp {} "$image" || broken "the content is not the file's"
	shown "a later retry succeeds" "all $(mib "$size") equal the file"
}

detach() {
	local reader t0 t1 packets
	evict
	zx hold image
	"$bin/zxpager/zxpager" -s "$tmp/sock" exec image -- "$probe" read {} 8192 1 \
		> "$tmp/blocked" &
	reader=$!
	until [ "$(stat_of waiting)" = 1 ]; do
		kill -0 $reader 2> /dev/null || broken "the reader did not block"
	done
	t0=${EPOCHREALTIME/[.,]/}
	zx detach image
	wait $reader || :
	t1=${EPOCHREALTIME/[.,]/}
	same "the blocked reader" "ESTALE at 8192" "$(cat "$tmp/blocked")"
	[ $((t1 - t0)) -lt 5000000 ] || broken "the reader took $(((t1 - t0) / 1000)) ms"
	shown "detach with a reader blocked" \
		"the reader fails with ESTALE; both took $(((t1 - t0) / 1000)) ms"
	same "a mapping afterwards" "SIGBUS at 0" "$(exec_probe touch {} 0 1)"
	same "read(2) afterwards" "ESTALE at 0" "$(exec_probe read {} 0 1)"
	shown "missing pages after detach" "SIGBUS and ESTALE"
	same "state" complete "$(stat_of state)"
	same "packets after COMPLETE" 0 "$(stat_of daemon_late)"
	packets=$(stat_of daemon_packets)
	same "last packet" "zxpagerd: image: COMPLETE after $packets READ packets" \
		"$(grep -E 'image: (READ|COMPLETE)' "$tmp/log" | tail -n 1)"
	shown "COMPLETE is the last packet" "after $packets READ packets"
}

# end_daemon: SIGTERM, and status 0, which is that nothing is lost
end_daemon() {
	local status=0
	kill "$daemon"
	wait "$daemon" || status=$?
	daemon=
	same "exit status of the daemon" 0 $status
	[ ! -e "$tmp/sock" ] || broken "the daemon left its socket"
}

end_of_reading() {
	end_daemon
	shown "SIGTERM" "the daemon ends with 0"
}

# --- copies ---------------------------------------------------------------------------

copying_daemon() {
	start_daemon --scratch image
	shown "daemon" "serves image.ext4, with copies"
}

# pss_of PID...: bytes of memory that processes answer for, of the copies that they map
pss_of() {
	local i total=0
	for i; do
		total=$((total + $(pss "$i")))
	done
	echo $total
}

four_programs() {
	local i at=$((1 << 20)) own=$((1 << 20)) pids=() total most
	mkfifo "$tmp/stay"
	exec 8<> "$tmp/stay"
	for i in 1 2 3 4; do
		zx clone image vm$i
		mkfifo "$tmp/says-vm$i"
		"$bin/zxpager/zxpager" -s "$tmp/sock" exec vm$i -- \
			"$probe" own {} $((i * at)) $own $i < "$tmp/stay" > "$tmp/says-vm$i" 8>&- &
		pids+=($!)
	done
	for i in 1 2 3 4; do
		same "program $i" mapped "$(head -n 1 "$tmp/says-vm$i")"
	done
	shown "one image, four programs" \
		"each maps all of a clone, and stores $(mib $own) of its own"
	# One copy of the image, and theirs.  Where one stores last the others have to touch
	# the page of the image anew to have it mapped.
	total=$(pss_of "${pids[@]}") most=$((size + 4 * own))
	if [ "$total" -lt $((size * 98 / 100)) ] || [ "$total" -gt $((most * 102 / 100)) ]; then
		broken "the four account for $(mib "$total")"
	fi
	shown "memory of all four (PSS)" \
		"$(mib "$total"), for $(mib $((4 * size))) that they see"
	exec 8>&-
	wait "${pids[@]}"
	# They have gone, and what they have stored has not.
	for i in 1 2 3 4; do
		same "bytes of clone $i" $own "$(stat_of own vm$i)"
		cp "$image" "$tmp/want"
		head -c $own /dev/zero | tr '\0' $i |
			dd of="$tmp/want" bs=1M seek=$i conv=notrunc status=none
		zx cat vm$i | cmp -n "$size" - "$tmp/want" || broken "clone $i has something else"
	done
	rm "$tmp/want"
	shown "what each has afterwards" "its own stores, and none of another's"
}

snapshot_of_one() {
	local snapshot
	zx snapshot vm1 kept
	snapshot=$(zx cat kept | sum)
	same "a store afterwards" ok "$(zx exec vm1 -- "$probe" write {} 0 $((1 << 20)) x)"
	[ "$(zx cat vm1 | sum)" != "$snapshot" ] || broken "nothing was stored"
	same "the snapshot" "$snapshot" "$(zx cat kept | sum)"
	shown "a snapshot of one of them" "is as it was, while that goes on"
}

drop_copies() {
	local i
	for i in vm1 vm2 vm3 vm4 kept; do
		zx drop $i
	done
	same "lines of zxpager ls" 1 "$(zx ls | wc -l)"
	zx exec image -- cmp {} "$image" || broken "the image has changed"
	same "bytes written to the file" 0 "$(stat_of daemon_written)"
	shown "dropped" "the image and its file have seen nothing of all that"
	end_daemon
}

# --- the second act: writing --------------------------------------------------------

writing_daemon() {
	start_daemon --rw image --dirty-limit 2M --dirty-background 1M
	dev=$(zx exec image -- losetup --find --show {})
	same "read-only flag of the loop device" 0 "$(blockdev --getro "$dev")"
	mount -t ext4 "$dev" "$tmp/mnt"
	mounted=1
	shown "daemon" "serves it for writing; ext4 mounted on it, by a loop device"
}

# wrote WHAT: synced, and what that took
wrote() {
	local dirty syncs written
	sync -f "$tmp/mnt"
	dirty=$(stat_of dirty_packets) syncs=$(stat_of sync_packets)
	written=$(stat_of daemon_written)
	[ "$dirty" -gt "$dirty_before" ] || broken "$1: no DIRTY packet"
	[ "$syncs" -gt "$syncs_before" ] || broken "$1: no SYNC packet"
	[ "$written" -gt "$written_before" ] || broken "$1: nothing was written back"
	same "SYNC packets that the daemon answered" "$syncs" "$(stat_of daemon_syncs)"
	shown "$1" "$((dirty - dirty_before)) DIRTY and $((syncs - syncs_before)) SYNC packets, $(
		mib $((written - written_before))) written back"
	dirty_before=$dirty syncs_before=$syncs written_before=$written
}

copy_in() {
	local part files
	dirty_before=0 syncs_before=0 written_before=0
	mkdir "$tmp/mnt/copied"
	for part in Documentation scripts selftests tools uapi zxpager; do
		cp -r "$here/../$part" "$tmp/mnt/copied"
	done
	files=$(find "$tmp/mnt/copied" -type f | wc -l)
	[ "$files" -gt 100 ] || broken "only $files files were copied"
	wrote "$files files copied in, sync"
}

# Something of each kind: contents, names, sizes, what is gone.
edit() {
	local files
	mapfile -t files < <(find "$tmp/mnt/linux" -type f -name 'a*.h' | LC_ALL=C sort)
	[ ${#files[@]} -gt 10 ] || broken "too few files to edit"
	sed -i 's/struct/structure/' "${files[@]}"
	truncate -s 100 "${files[0]}"
	echo "the last line" >> "${files[1]}"
	mv "${files[2]}" "$tmp/mnt/renamed.h"
	rm -r "$tmp/mnt/copied/Documentation"
	wrote "${#files[@]} edited, some removed, sync"
}

unmount() {
	(cd "$tmp/mnt" && find . -type f -print0 | LC_ALL=C sort -z |
		xargs -0 sha256sum) > "$dir/written.sha256"
	umount "$tmp/mnt"
	mounted=
	losetup -d "$dev"
	dev=
	shown "unmounted" "$(wc -l < "$dir/written.sha256") files, the sum of each is noted"
}

# A note where ext4 has room for a boot loader, and nobody to sync it.
end_of_writing() {
	local left note="written through a VMO"
	printf '%s' "$note" > "$tmp/note"
	zx exec image -- dd if="$tmp/note" of={} conv=notrunc status=none
	left=$(stat_of dirty_bytes)
	[ "$left" -gt 0 ] || broken "nothing is dirty"
	cmp -s -n ${#note} "$image" "$tmp/note" && broken "it is in the file already"
	same "errors" "0 0" "$(stat_of daemon_store_errors) $(stat_of daemon_no_space)"
	end_daemon
	cmp -n ${#note} "$image" "$tmp/note" ||
		broken "what was dirty is not in the file"
	shown "SIGTERM with $((left / 1024)) KiB dirty" \
		"written back; then the daemon ends with 0"
}

# --- the third act: the daemon is killed ----------------------------------------------

kept_daemon() {
	start_daemon --keep --quick 0 --rw image --dirty-limit 2M
	dev=$(zx exec image -- losetup --find --show {})
	mount -t ext4 "$dev" "$tmp/mnt"
	mounted=1
	shown "daemon" "serves it again, with --keep; ext4 mounted on it"
}

# Reads, writes, syncs and compares until it is told to stop; $tmp/rounds is how often.
program() {
	local rounds=0
	until [ -e "$tmp/enough" ]; do
		rm -rf "$tmp/mnt/again"
		cp -r "$here/../zxpager" "$tmp/mnt/again"
		evict
		diff -r "$here/../zxpager" "$tmp/mnt/again"
		rounds=$((rounds + 1))
		echo $rounds > "$tmp/rounds.new"
		mv "$tmp/rounds.new" "$tmp/rounds"
	done
}

# got_on ROUNDS PID: the program has done more than those
got_on() {
	until [ "$(cat "$tmp/rounds" 2> /dev/null || echo 0)" -gt "$1" ]; do
		kill -0 "$2" 2> /dev/null || broken "the program: $(cat "$tmp/program")"
	done
}

# So many workers have begun to.
served() {
	grep -c 'worker [0-9]* serves' "$tmp/log"
}

killed_daemon() {
	local pid kills=0
	program > "$tmp/program" 2>&1 &
	pid=$!
	while [ $kills -lt 5 ]; do
		got_on $kills $pid
		pkill -9 -P "$daemon" -f -- --worker || broken "there is no worker"
		kills=$((kills + 1))
		until [ "$(served)" = $((kills + 1)) ]; do
			kill -0 $pid 2> /dev/null || broken "the program: $(cat "$tmp/program")"
		done
		got_on "$(cat "$tmp/rounds")" $pid
	done
	touch "$tmp/enough"
	wait $pid || broken "the program: $(cat "$tmp/program")"
	same "workers that served" $((kills + 1)) "$(served)"
	shown "the daemon is killed, $kills times" \
		"the program copies, syncs and compares on: $(cat "$tmp/rounds") times, no error"
}

end_of_keeping() {
	end_daemon
	shown "SIGTERM" "the daemon ends with 0"
	cp --sparse=always "$image" "$dir/written.ext4" ||
		broken "written.ext4 does not fit into $dir"
}

unload() {
	rmmod zxpager || broken "rmmod zxpager"
	[ ! -e /dev/zxpager ] || broken "/dev/zxpager is still there"
	shown "rmmod zxpager" "the module is gone"
}

for f in "$dir/image.ext4" "$manifest" "$ZXPAGER_KO" "$probe" "$bin/zxpagerd/zxpagerd"; do
	[ -e "$f" ] || broken "there is no $f"
done
grep -q '^zxpager ' /proc/modules || insmod "$ZXPAGER_KO"
echo "zxpager on Linux $(uname -r), reading:"
fetch_image
reading_daemon
one_client
two_clients
eviction
file_system
failing_range
detach
end_of_reading
echo "copies:"
copying_daemon
four_programs
snapshot_of_one
drop_copies
echo "and writing:"
writing_daemon
copy_in
edit
unmount
end_of_writing
echo "and killed:"
kept_daemon
killed_daemon
unmount
end_of_keeping
unload
echo "everything held, in $SECONDS s"
