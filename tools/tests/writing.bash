#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the scripts that test writing have in common, beside daemon.bash; sourced, not run.
#
# shellcheck disable=SC2034 # the variables are for those scripts
. "$(dirname "$0")/daemon.bash"

# put OFFSET FILE [OPTION...]: writes FILE into the VMO and into $tmp/want
put() {
	local to
	for to in "$tmp/want" {}; do
		zx exec f -- dd if="$2" of="$to" bs=64K seek="$1" oflag=seek_bytes \
			conv=notrunc status=none "${@:3}"
	done
}

# start_with BYTES ARG...: a file of that many bytes, served for writing
start_with() {
	bytes "$1" "$tmp/f"
	cp "$tmp/f" "$tmp/want"
	serve --rw f "${@:2}" "f=$tmp/f"
}

# stat_is NAME FIELD OPERATOR VALUE
stat_is() {
	test "$(stat_of "$1" "$2")" "$3" "$4"
}

is_written() {
	cmp -s "$tmp/f" "$tmp/want"
}

# Nothing but what is asked for: neither age nor amount has anything written back.
quiet=(--writeback-age 10000 --dirty-background 1G)

# limit_file BYTES: the daemon's writes beyond that fail with EFBIG
limit_file() {
	prlimit --pid "$pid" --fsize="$1"
}

# A store that fails, a writer at the limit for it.
stuck_writer() {
	bytes 4000000 "$tmp/new"
	start_with 4000000 --dirty-limit 256K --writeback-age 10000
	limit_file 4096
	"$bin/zxpager/zxpager" -s "$sock" exec f -- \
		dd if="$tmp/new" of={} bs=64K conv=notrunc status=none 2> "$tmp/why" &
	writer=$!
	until_true stat_is f daemon_throttling = 1
	until_true waiting f 1
}
