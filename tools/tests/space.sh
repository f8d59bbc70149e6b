#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# space.sh TEST: one test of zxpagerd with stores that have no room, or no such size
#
# A TEST is one of the functions test_* below, without test_; daemon.bash tells more.
# run-tests.sh, which tells what the environment has to be, runs them all.
. "$(dirname "$0")/writing.bash"

# --- no space -----------------------------------------------------------------------

# A file system of 4 MiB with a sparse file in it, which is served.
small_store() {
	mkdir "$tmp/mnt"
	if [ "$1" = tmpfs ]; then
		mount -t tmpfs -o size=4M none "$tmp/mnt"
	else
		truncate -s 4M "$tmp/image"
		mke2fs -q -F -t ext4 -O ^has_journal "$tmp/image"
		mount -o loop "$tmp/image" "$tmp/mnt"
	fi
	truncate -s 16M "$tmp/mnt/f"
	serve --rw f "${quiet[@]}" "f=$tmp/mnt/f"
}

# Space runs out at the write, and whatever was taken is written back.
run_full() {
	local taken
	small_store "$1"
	bytes 8388608 "$tmp/new"
	zx exec f -- dd if="$tmp/new" of={} bs=64K conv=notrunc 2> "$tmp/why" &&
		fail "8 MiB in 4"
	grep -q 'No space left' "$tmp/why"
	taken=$(awk '/copied/ { print $1 }' "$tmp/why")
	[ "$taken" -gt 2000000 ] || fail "only $taken bytes"
	[ "$(stat_of f daemon_no_space)" -ge 1 ]
	zx sync f
	[ "$(stat_of f daemon_store_errors)" = 0 ]
	cmp -n "$taken" "$tmp/new" "$tmp/mnt/f"
	# A mapping has no way to say it but this.
	[ "$(zx exec f -- "$probe" store {} 12000000 1 x || :)" = "SIGBUS at 12000000" ]
	[ "$(stat_of f fail_code)" = ENOSPC ]
	# Overwriting what is there needs nothing, and zeroes give it back.
	zx exec f -- dd if="$tmp/new" of={} bs=64K count=16 conv=notrunc,fsync status=none
	zx exec f -- fallocate --zero-range --offset 1048576 --length 1048576 {}
	zx sync f
	zx exec f -- dd if="$tmp/new" of={} bs=64K seek=192 count=8 \
		conv=notrunc,fsync status=none
	stop
}

test_no_space_on_tmpfs() {
	run_full tmpfs
}

test_no_space_on_ext4() {
	run_full ext4
}

# What lies below the end of the store is there all the same.
sync_below_the_end() {
	zx exec f -- "$probe" store {} 0 5000 x
	[ "$(zx exec f -- "$probe" msync {} 0 8192)" = ok ]
	[ "$(head -c 5000 "$tmp/mnt/f" | tr -d x | wc -c)" = 0 ]
}

fsync_fails() {
	zx exec f -- dd if=/dev/null of={} conv=notrunc,fsync status=none 2> "$tmp/why" &&
		fail "fsync said that all is there"
	grep -q 'No space left' "$tmp/why"
}

# --- a size that the store cannot have ------------------------------------------------

test_size_that_the_store_refuses() {
	small_store ext4
	bytes 5000 "$tmp/new"
	zx exec f -- dd if="$tmp/new" of={} conv=notrunc,fsync status=none
	limit_file 20000000
	zx exec f -- truncate -s 32M {}
	sync_below_the_end
	fsync_fails
	grep -q 'cannot grow .* is tried again' "$log"
	[ "$(stat_of f dirty_bytes)" = 0 ]
	zx exec f -- truncate -s 5000 {}
	zx sync f
	stop
	[ "$(stat -c %s "$tmp/mnt/f")" = 5000 ]
}

# Nobody waits for a sync to hear of it, and what is there stays as it is.
test_size_that_no_file_can_have() {
	small_store ext4
	bytes 5000 "$tmp/new"
	zx exec f -- truncate -s 32T {} 2> "$tmp/why" && fail "32 TiB on ext4"
	grep -q 'File too large' "$tmp/why"
	zx exec f -- dd if="$tmp/new" of={} bs=5000 seek=32T oflag=seek_bytes conv=notrunc \
		status=none 2> "$tmp/why" && fail "a write at 32 TiB"
	grep -q 'File too large' "$tmp/why"
	zx exec f -- dd if="$tmp/new" of={} conv=notrunc,fsync status=none
	[ "$(zx exec f -- stat -Lc %s {})" = 16777216 ]
	zx sync f
	stop
	[ "$(stat -c %s "$tmp/mnt/f")" = 16777216 ]
	cmp -n 5000 "$tmp/new" "$tmp/mnt/f"
}

# Whoever is in charge may want less, and a file that has more does not become larger.
test_max_size() {
	bytes 2000000 "$tmp/new"
	start_with 1000000 --max-size 1M "${quiet[@]}"
	zx exec f -- truncate -s 1048577 {} 2> "$tmp/why" && fail "more than 1 MiB"
	grep -q 'File too large' "$tmp/why"
	zx exec f -- dd if="$tmp/new" of={} bs=64K seek=1000000 oflag=seek_bytes \
		conv=notrunc status=none 2> "$tmp/why" && fail "a write of more than that"
	grep -q 'File too large' "$tmp/why"
	[ "$(zx exec f -- stat -Lc %s {})" = 1048576 ]
	zx sync f
	stop
	[ "$(stat -c %s "$tmp/f")" = 1048576 ]
	cmp -n 48576 "$tmp/new" <(tail -c +1000001 "$tmp/f")
	serve --rw f --max-size 4K "${quiet[@]}" "f=$tmp/f"
	zx exec f -- truncate -s 1048577 {} 2> "$tmp/why" && fail "it became larger"
	grep -q 'File too large' "$tmp/why"
	zx exec f -- truncate -s 1000 {}
	zx exec f -- truncate -s 1048576 {}
	stop
}

# --- FAT: no holes, and no file of 4 GiB ----------------------------------------------

fat_store() {
	modprobe vfat || skip "the kernel has no vfat"
	mkdir "$tmp/mnt"
	truncate -s 4M "$tmp/image"
	busybox mkdosfs "$tmp/image" > "$tmp/why"
	mount -t vfat -o loop "$tmp/image" "$tmp/mnt"
	bytes 1000000 "$tmp/mnt/f"
	cp "$tmp/mnt/f" "$tmp/want"
	serve --rw f "${quiet[@]}" "f=$tmp/mnt/f"
}

test_size_that_fat_cannot_have() {
	fat_store
	zx exec f -- truncate -s 4G {} 2> "$tmp/why" && fail "4 GiB on FAT"
	grep -q 'File too large' "$tmp/why"
	zx exec f -- dd if="$tmp/want" of={} bs=4096 count=1 seek=4G oflag=seek_bytes \
		conv=notrunc status=none 2> "$tmp/why" && fail "a write at 4 GiB"
	grep -q 'File too large' "$tmp/why"
	[ "$(zx exec f -- stat -Lc %s {})" = 1000000 ]
	zx sync f
	stop
	cmp "$tmp/want" "$tmp/mnt/f"
}

# Nobody knows that the size does not fit before the file is to have it.
test_size_that_fat_has_no_room_for() {
	fat_store
	zx exec f -- truncate -s 64M {}
	sync_below_the_end
	zx exec f -- dd if="$tmp/want" of={} bs=64K count=1 seek=32M oflag=seek_bytes \
		conv=notrunc status=none 2> "$tmp/why" && fail "a write at 32 MiB of 4"
	grep -q 'No space left' "$tmp/why"
	fsync_fails
	# The log may have had its lines for this second.
	[ "$(stat_of f daemon_failing)" = 1 ]
	zx exec f -- truncate -s 1000000 {}
	zx sync f
	until_true stat_is f daemon_failing = 0
	stop
	cmp <(head -c 5000 /dev/zero | tr '\0' x; tail -c +5001 "$tmp/want") "$tmp/mnt/f"
}

# What is appended ends where the space does.
test_no_space_on_fat() {
	local taken
	fat_store
	bytes 8000000 "$tmp/new"
	zx exec f -- dd if="$tmp/new" of={} bs=64K oflag=append conv=notrunc 2> "$tmp/why" &&
		fail "8 MB in 4"
	grep -q 'No space left' "$tmp/why"
	taken=$(awk '/copied/ { print $1 }' "$tmp/why")
	[ "$taken" -gt 1000000 ] || fail "only $taken bytes"
	zx sync f
	[ "$(stat_of f daemon_store_errors)" = 0 ]
	stop
	head -c "$taken" "$tmp/new" | cat "$tmp/want" - | cmp - "$tmp/mnt/f"
}

# --- quota -----------------------------------------------------------------------------

# allow KIB: what nobody's files may have on the file system of $tmp/mnt
allow() {
	python3 - "$(findmnt -no SOURCE "$tmp/mnt")" "$1" <<-'END'
		import ctypes, os, struct, sys
		Q_SETQUOTA, USRQUOTA, QIF_BLIMITS, NOBODY = 0x800008, 0, 1, 65534
		limit = int(sys.argv[2])
		quota = struct.pack("=8QI4x", limit, *[0] * 7, QIF_BLIMITS)
		libc = ctypes.CDLL(None, use_errno=True)
		if libc.quotactl(ctypes.c_int(Q_SETQUOTA << 8 | USRQUOTA), os.fsencode(sys.argv[1]),
		                 ctypes.c_int(NOBODY), quota):
		    sys.exit("quotactl: " + os.strerror(ctypes.get_errno()))
	END
}

# A file of nobody's, with room for 1 MiB of it in 16: root itself is not held to a quota,
# unless it has given up CAP_SYS_RESOURCE.
quota_store() {
	modprobe quota_v2 || skip "the kernel has no quota"
	mkdir "$tmp/mnt"
	truncate -s 16M "$tmp/image"
	mke2fs -q -F -t ext4 -O quota,^has_journal "$@" "$tmp/image"
	mount -t ext4 -o loop,usrquota "$tmp/image" "$tmp/mnt"
	truncate -s 8M "$tmp/mnt/f"
	chown 65534:65534 "$tmp/mnt/f"
	allow 1024
	printf '#!/bin/sh\nexec setpriv --bounding-set=-sys_resource %s "$@"\n' \
		"$(realpath "$daemon")" > "$tmp/held"
	chmod +x "$tmp/held"
	daemon=$tmp/held
	bytes 2000000 "$tmp/new"
	serve --rw f "${quiet[@]}" "f=$tmp/mnt/f"
}

test_no_quota_left() {
	local taken
	quota_store
	zx exec f -- dd if="$tmp/new" of={} bs=64K conv=notrunc 2> "$tmp/why" &&
		fail "2 MB of 1"
	grep -q 'No space left' "$tmp/why"
	taken=$(awk '/copied/ { print $1 }' "$tmp/why")
	[ "$taken" -gt 700000 ] || fail "only $taken bytes"
	[ "$taken" -le 1048576 ] || fail "as many as $taken bytes"
	zx sync f
	[ "$(stat_of f daemon_store_errors)" = 0 ]
	cmp -n "$taken" "$tmp/new" "$tmp/mnt/f"
	sync_below_the_end
	allow 4096
	zx exec f -- dd if="$tmp/new" of={} bs=64K conv=notrunc status=none
	stop
	cmp -n 2000000 "$tmp/new" "$tmp/mnt/f"
}

# Without extents none can be reserved, so it is the sync that hears of it.
test_no_quota_left_for_a_sync() {
	quota_store -O ^extents,^64bit
	zx exec f -- dd if="$tmp/new" of={} bs=64K count=8 conv=notrunc,fsync status=none
	zx exec f -- dd if="$tmp/new" of={} bs=64K conv=notrunc status=none
	fsync_fails
	[ "$(stat_of f daemon_store_errors)" -ge 1 ]
	sync_below_the_end
	zx exec f -- dd if="$tmp/new" of={} bs=64K count=1 conv=notrunc status=none
	allow 4096
	zx sync f
	cmp -n 2000000 "$tmp/new" "$tmp/mnt/f"
	stop
}

main "$@"
