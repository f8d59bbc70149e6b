#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# fuzz.sh [--kernel K] [option...]: fuzz the module in a guest, as KTAP
#
#   --kernel K     6.1, 6.12 or one of ours (default 6.12-debug, which has KCOV)
#   --runs N       programs to be run (default 1000)
#   --seed N       of the dice; default is the time
#   --replay FILE  run this program instead, N times
#   --ko FILE      the module, instead of build/K/zxpager.ko
#   --timeout S    for all of it; default 300 and three for each program
#   --uncovered    list the functions that were not wholly reached
#   --verbose      print each program and how its calls ended
#   --help         this text
#
# A program that has found something is kept in build/fuzz, to be replayed. If the guest
# crashes or hangs, the programs that it ran last are printed, and the very last one, most
# likely the culprit, is kept.
set -euo pipefail
. "$(dirname "$0")/../../scripts/lib.sh"

kernel=6.12-debug runs=1000 seed=$(date +%s) ko='' timeout='' uncovered=''
replay='' options=()
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) kernel=$2; shift ;;
	--runs) runs=$2; shift ;;
	--seed) seed=$2; shift ;;
	--replay) replay=$(realpath "$2"); shift ;;
	--ko) ko=$2; shift ;;
	--timeout) timeout=$2; shift ;;
	--uncovered) uncovered=1 ;;
	--verbose) options+=(--verbose) ;;
	--help | -h) usage; exit 0 ;;
	*) die "unknown option '$1' (see --help)" ;;
	esac
	shift
done
O=${O:-$zx_root/build}
ko=$(realpath "${ko:-$zx_root/build/$kernel/zxpager.ko}")
out=$zx_root/build/fuzz
share=$(mktemp -d)
trap 'rm -rf "$share"' EXIT
mkdir -p "$out"

# Each point that KCOV can report is the return from such a call.
offsets() {
	objdump -dr -j .text "$ko" | python3 -c '
import re, sys
for line in sys.stdin:
    m = re.match(r"\s*([0-9a-f]+): R_X86_64_P.*__sanitizer_cov_trace_pc", line)
    if m:
        print(int(m[1], 16) + 4)'
}

# The programs of the journal, in the order in which they were run.
last_programs() {
	python3 -c '
import re, sys
text = open(sys.argv[1], encoding="ascii", errors="replace").read()
programs = re.split(r"(?=# execution )", re.sub(r"\n\n+", "\n", text))[1:]
print("\n".join(sorted(programs, key=lambda p: int(p.split()[2].rstrip(",")))))' \
		"$share/journal"
}

points=$(offsets | wc -l)
if [ -n "$replay" ]; then
	cp "$replay" "$share/replay"
	options+=(--replay /mnt/share/replay)
fi
status=0
# Ten times as long is a hang: a debug kernel without KVM needs a second for some.
scripts=$zx_root/scripts
"$scripts/vm.sh" --kernel "$kernel" --timeout "${timeout:-$((900 + 10 * runs))}" --mem 2048 \
	--share "$share" --log "$out/klog-$kernel-$seed" -- \
	env O="$O" ZXPAGER_KO="$ko" "$zx_root/selftests/fuzz/guest.sh" \
	--runs "$runs" --seed "$seed" --points "$points" --fail \
	--journal /mnt/share/journal --findings /mnt/share/finding --cover /mnt/share/cover \
	"${options[@]}" || status=$?

found=
for f in "$share"/finding-*; do
	[ -e "$f" ] || continue
	found=$out/finding-$kernel-$seed-${f##*-}
	cp "$f" "$found"
	echo "# kept, for --replay: ${found#"$zx_root/"}"
done
# A complaint of the kernel that the fuzzer has seen has its program already.
if [ $status -ge 124 ] && ! { [ $status = 126 ] && [ -n "$found" ]; }; then
	echo "not ok 99 fuzz.guest # status $status"
	file=$out/crash-$kernel-$seed
	# None if it never came so far.
	: >> "$share/journal"
	last_programs > "$file.before"
	awk '/^# execution/ { p = "" } { p = p $0 "\n" } END { printf "%s", p }' \
		"$file.before" > "$file"
	echo "# What was run last, of seed $seed on $kernel; the very last one is in ${file#"$zx_root/"}:"
	sed 's/^/#   /' "$file.before"
	"$scripts/klog.sh" "$out/klog-$kernel-$seed" | sed 's/^/# /' || :
fi
if [ -n "$uncovered" ] && [ -s "$share/cover" ]; then
	offsets > "$share/all"
	objdump -t -j .text "$ko" > "$share/symbols"
	python3 - "$share" << 'END'
import bisect
import sys

def read(name):
    return open(f"{sys.argv[1]}/{name}", encoding="utf-8").read().splitlines()

symbols = sorted((int(w[0], 16), w[-1]) for w in map(str.split, read("symbols"))
                 if len(w) > 5 and w[2] == "F")
points = [int(p) for p in read("all")]
reached = {int(p, 16) for p in read("cover")}
functions = {}
for p in points:
    name = symbols[max(bisect.bisect(symbols, (p, "~")) - 1, 0)][1]
    functions.setdefault(name, []).append(p in reached)
for name, hits in sorted(functions.items(), key=lambda f: sum(f[1]) - len(f[1])):
    if not all(hits):
        print(f"# not reached: {len(hits) - sum(hits)} of {len(hits)} in {name}"
              + ("" if any(hits) else ", all of it"))
END
fi
exit $status
