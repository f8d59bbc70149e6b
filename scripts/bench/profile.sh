#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# profile.sh [--kernel K] [--top N] [--update] WORK: where the instructions of a work go
#
# Runs the shortest form of a work of zxbench, while QEMU writes down each instruction
# of the guest, kernel and all; prints how many of them each function has, for each
# figure, and what one run through it is, in order, in build/bench/WORK-K.trace.
# Nothing is sampled, so nothing is missed, also where interrupts are off.  With
# --update the tables of this work in Documentation/performance.rst are written anew.
set -euo pipefail
. "$(dirname "$0")/../lib.sh"

kernel=6.12 top=40 update=''
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) kernel=${2?}; shift ;;
	--top) top=${2?}; shift ;;
	--update) update=--update ;;
	--help | -h) usage; exit 0 ;;
	-*) die "unknown option '$1' (see --help)" ;;
	*) break ;;
	esac
	shift
done
[ $# = 1 ] || die "one work is wanted (see --help)"
cd "$zx_root"
zxbench=$(realpath "${O:-build}/tools/bench/zxbench")
mkdir -p build/bench
dir=$(mktemp -d "${TMPDIR:-/tmp}/zxprofile.XXXXXX")
trap 'rm -rf "$dir"' EXIT

# shellcheck disable=SC2016 # it is for the shell in the guest
in_guest='modprobe fuse &&
	exec "$1" --icount --trace /mnt/share "$2" > /dev/null'
scripts/vm.sh --kernel "$kernel" --measure icount --mem 3072 --timeout 900 \
	--monitor "$dir/monitor" --share "$dir" --insmod "build/$kernel/zxpager.ko" -- \
	sh -c "$in_guest" sh "$zxbench" "$1" > "$dir/out" 2>&1 &
vm=$!
# The trace is read from a pipe: it would be gigabytes.
mkfifo "$dir/trace"
status=0
scripts/bench/profile.py --dir "$dir" --vm $vm --work "$1" --kernel "$kernel" \
	--top "$top" $update || status=$?
wait $vm || { cat "$dir/out" >&2; status=1; }
exit $status
