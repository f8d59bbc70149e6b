#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# keep.sh TEST: one test of zxpagerd --keep, whose worker dies and is started again
#
# A TEST is one of the functions test_* below, without test_; daemon.bash tells more.
# run-tests.sh, which tells what the environment has to be, runs them all.
#
#   ZXP_KILLS    workers that are killed while clients go on (default 4)
#   ZXP_HOW      "replace" has them replaced instead (default "kill")
#   ZXP_SEED     repeats how long each of them lives, in rounds of a client
#   ZXP_GUEST    a kernel, for a virtual machine whose memory is a VMO; no such test without
. "$(dirname "$0")/keep.bash"

kills=${ZXP_KILLS:-4} how=${ZXP_HOW:-kill}
seed=${ZXP_SEED:-$((RANDOM * 32768 + RANDOM))}
rounds=8	# of a client are fewer than pass before a kill

# count_of NAME: how far a client has come, which may be told by lines of a console
count_of() {
	[ ! -e "$tmp/$1.console" ] || { grep -c '^round' "$tmp/$1.console" || :; return; }
	cat "$tmp/$1.count" 2> /dev/null || echo 0
}

# is_beyond NAME COUNT
is_beyond() {
	[ "$(count_of "$1")" -gt "$2" ]
}

# Each kill comes when each client has got on since the last one, and one of them for some rounds
# more: at a moment that is that of nothing else.
# kill_while CLIENT...
kill_while() {
	local name n
	declare -A was
	echo "ZXP_SEED=$seed"
	RANDOM=$seed
	for ((n = 0; n < kills; n++)); do
		name=${*:1 + RANDOM % $#:1}
		until_true is_beyond "$name" $(($(count_of "$name") + RANDOM % rounds - 1))
		for name in "$@"; do
			was[$name]=$(count_of "$name")
		done
		"${how}_worker"
		for name in "$@"; do
			until_true is_beyond "$name" "${was[$name]}"
		done
	done
}

# $tmp/client.py HOW NAME PATH FIRST PAGES: goes on and on over these pages, and counts
#   read     they are what $tmp/want has
#   map      stores a number into one, msync()s it, and then the store must have it
#   write    the same with pwrite() and fsync(), and looks at it by pread()
#   files    the same with so many files in the directory PATH, whose pages it has evicted
# until $tmp/end is there.  Any error ends it with status 1.
make_client() {
	cat > "$tmp/client.py" <<-'END'
		import mmap, os, sys
		tmp, how, name, path, first, pages = sys.argv[1:5] + [int(sys.argv[5]), int(sys.argv[6])]
		page = 4096
		if how != "files":
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
		    if how == "files":
		        fd = os.open(path + "/%d" % (done % pages), os.O_RDWR | os.O_CREAT | os.O_TRUNC)
		        assert os.write(fd, data) == page
		        os.fsync(fd)
		        os.posix_fadvise(fd, 0, page, os.POSIX_FADV_DONTNEED)
		        assert os.pread(fd, page, 0) == data, "not what was written"
		        os.close(fd)
		    elif how == "read":
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
		    if how in ("map", "write"):
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

# ext4, on a loop device, on the VMO: nothing in between knows of zxpagerd.
test_keep_kill_under_a_file_system() {
	local dev
	truncate -s 16M "$tmp/f"
	mke2fs -q -F -t ext4 "$tmp/f"
	cp "$tmp/f" "$tmp/want"
	make_client
	serve "${keep[@]}" --rw f "f=$tmp/f" --dirty-limit 256K
	dev=$(zx exec f -- losetup --find --show {})
	mkdir "$tmp/mnt"
	mount "$dev" "$tmp/mnt"
	python3 "$tmp/client.py" "$tmp" files files "$tmp/mnt" 0 64 2> "$tmp/files.why" &
	clients+=($!)
	names+=(files)
	kill_while files
	end_clients
	(cd "$tmp/mnt" && sha256sum [0-9]*) > "$tmp/sums"
	umount "$tmp/mnt"
	losetup -d "$dev"
	stop
	e2fsck -fn "$tmp/f" > "$tmp/said" 2>&1 || fail "$(cat "$tmp/said")"
	mount -o ro,loop "$tmp/f" "$tmp/mnt"
	(cd "$tmp/mnt" && sha256sum --quiet --strict -c "$tmp/sums")
	umount "$tmp/mnt"
}

# All of a machine's memory is the VMO.  What runs in it copies and compares, in memory.
test_keep_kill_under_a_virtual_machine() {
	local busybox
	[ -n "${ZXP_GUEST:-}" ] || skip "no ZXP_GUEST"
	busybox=$(command -v busybox) || skip "no busybox"
	mkdir -p "$tmp/initrd/bin"
	cp "$busybox" "$tmp/initrd/bin/busybox"
	cat > "$tmp/initrd/init" <<-'END'
		#!/bin/busybox sh
		/bin/busybox mkdir /dev
		/bin/busybox mount -t devtmpfs none /dev
		exec > /dev/ttyS0 2>&1
		/bin/busybox dd if=/dev/urandom of=/a bs=64k count=32
		while /bin/busybox cp /a /b && /bin/busybox cmp /a /b; do
			echo round
			/bin/busybox rm /a
			/bin/busybox mv /b /a
		done
		echo "it is not what it was"
		exec /bin/busybox sleep 1000
	END
	chmod +x "$tmp/initrd/init"
	(cd "$tmp/initrd" && find . | cpio --quiet -o -H newc) > "$tmp/initrd.cpio"
	truncate -s 96M "$tmp/f"
	serve "${keep[@]}" --rw f "f=$tmp/f" --dirty-limit 8M --writeback-age 1
	: > "$tmp/machine.console"
	zx exec f -- qemu-system-x86_64 -accel tcg -cpu max,-erms,-fsrm -m 96 -smp 1 \
		-object memory-backend-file,id=memory,mem-path={},size=96M,share=on \
		-M q35,memory-backend=memory,usb=off,sata=off,smbus=off -nodefaults \
		-no-user-config -display none -no-reboot -kernel "$ZXP_GUEST" \
		-initrd "$tmp/initrd.cpio" -append "console=ttyS0 panic=-1 tsc=reliable \
		no_timer_check random.trust_cpu=on mitigations=off no5lvl quiet" \
		-chardev "file,id=console,path=$tmp/machine.console" -serial chardev:console \
		> "$tmp/machine.why" 2>&1 &
	client=$!
	grep -q -m 1 '^round' < <(tail -n +1 -f --pid=$client "$tmp/machine.console") ||
		fail "the machine does not start: $(cat "$tmp/machine.why")"
	rounds=2
	kill_while machine
	[ -d "/proc/$client" ] || fail "the machine has ended: $(cat "$tmp/machine.why")"
	grep 'it is not\|[Pp]anic\|[Oo]ops' "$tmp/machine.console" && fail "the machine met an error"
	kill "$client"
	wait "$client" || :
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
		"${how}_worker"
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
		    size -= 100
		    os.ftruncate(fd, size)
		    os.fsync(fd)
		    assert os.stat(tmp + "/f").st_size == size, "acknowledged, and not the file's size"
		    done += 1
		    with open(tmp + "/shrink.new", "w") as f:
		        f.write(str(done))
		    os.rename(tmp + "/shrink.new", tmp + "/shrink.count")
	END
	keep_with 6400000 "${quiet[@]}"
	zx exec f -- python3 "$tmp/shrink.py" "$tmp" {} 2> "$tmp/shrink.why" &
	clients+=($!)
	names+=(shrink)
	kill_while shrink
	end_clients
	stop
	cmp -n "$(stat -c %s "$tmp/f")" "$tmp/f" "$tmp/want"
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

test_keep_example() {
	[ "$("$bin/examples/keeper")" = "ABCDEFGHIJKLMNOPQRSTUVWXYZ, by 7 workers" ]
}

test_keep_refuses_what_cannot_be() {
	refused 'No such file' --keep "f=$tmp/none"
	refused 'want NAME=FILE' --keep f
}

main "$@"
