#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# bench.sh [options] [WORK...]: zxpager and others at the same work, in one boot
#
# Boots a stock guest, runs zxbench there, and prints a table of what zxpager takes,
# what the others take, and the ratio; "over" is what is above its bar.  Writes
# build/bench.json, and charts into build/bench, from this run and from what
# earlier ones left there of other series, modes and works.  The bars are in
# scripts/bench/bars.tsv.  The module and zxbench have been built before, as by
# "make bench".
#
#   --kernel K     6.1 or 6.12; default 6.12
#   --mode M       icount: cost in guest instructions, on one processor.  smp: time,
#                  on two.  both: one after the other, the default
#   --quick        the short form of the works
#   --update       also write the table anew in Documentation/performance.rst
#   --gate         instead, and in less than a minute: has zxpager become slower than
#                  in scripts/bench/gate.tsv?  Prints KTAP.  With --update that file
#                  is written anew
#   --repeat       instead: are figures in instructions the same in two boots, to 1 %?
#                  Prints those that are furthest apart
#   --list         print the names of the works
#
# Exit status: 0, also with figures over their bars; 1 a figure over the gate, or not
# the same in two boots; 2 something could not be measured.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
die_status=2

kernel=6.12 modes="icount smp" quick='' update='' gate='' repeat='' works=()
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) kernel=${2?}; shift ;;
	--mode)
		case ${2?} in
		icount | smp) modes=$2 ;;
		both) ;;
		*) die "no mode '$2' (see --help)" ;;
		esac
		shift
		;;
	--quick) quick=--quick ;;
	--update) update=--update ;;
	--gate) gate=1 ;;
	--repeat) repeat=1 modes=icount ;;
	--list) exec "${O:-$zx_root/build}/tools/bench/zxbench" --list ;;
	--help | -h) usage; exit 0 ;;
	-*) die "unknown option '$1' (see --help)" ;;
	*) works+=("$1") ;;
	esac
	shift
done
cd "$zx_root"
case " $zx_series " in
*" $kernel "*) ;;
*) die "no series '$kernel': what is compared is $zx_series" ;;
esac
zxbench=$(realpath -m "${O:-build}/tools/bench/zxbench")
ko=build/$kernel/zxpager.ko
[ -e "$ko" ] || die "no $ko: run scripts/build.sh $kernel"
[ -x "$zxbench" ] || die "no $zxbench: run make tools"

raw=build/bench/raw
if [ -n "$gate" ]; then
	works=(pipe fault_4k supply dirty_trap) modes=icount quick=--quick
	raw=build/bench/gate
elif [ -n "$repeat" ]; then
	rm -rf build/bench/repeat
	raw=build/bench/repeat/1
fi
if [ ${#works[@]} = 0 ]; then
	mapfile -t works < <("$zxbench" --list)
fi
for work in "${works[@]}"; do
	grep -q -x -e "$work" < <("$zxbench" --list) || die "no work '$work' (see --list)"
done
# In the guest: each work is a process of its own, and one that fails does not take
# the others with it.  A line behind its figures says how it ended.
# shellcheck disable=SC2016 # it is for the shell in the guest
in_guest='
zxbench=$1 options=$2
shift 2
modprobe fuse
for work in "$@"; do
	echo "begin $work"
	"$zxbench" $options "$work"
	echo "end $work $?"
done'

# Figures come out as KERNEL-MODE-WORK.json, whole or not at all.
failed=0
measure() {
	local mode=$1 options=$quick line work='' out='' status=0 log
	[ "$mode" != icount ] || options+=" --icount"
	mkdir -p "$raw"
	log=$raw/$kernel-$mode.log
	for work in "${works[@]}"; do
		rm -f "$raw/$kernel-$mode-$work.json"
	done
	say "Linux $kernel, $mode: ${works[*]}"
	scripts/vm.sh --kernel "$kernel" --measure "$mode" --mem 3072 \
		--timeout "${ZXB_LIMIT:-3000}" --insmod "$ko" -- \
		sh -c "$in_guest" sh "$zxbench" "$options" "${works[@]}" \
		> "$log" || status=$?
	while read -r line; do
		case $line in
		"begin "*) work=${line#begin } out=$raw/.$kernel-$mode-$work ; : > "$out" ;;
		"end $work 0") mv "$out" "$raw/$kernel-$mode-$work.json" ;;
		"{"*) echo "$line" >> "$out" ;;
		"# "*) ;;
		*) say "$line" ;;
		esac
	done < "$log"
	rm -f "$raw/.$kernel-$mode-"*
	for work in "${works[@]}"; do
		[ -e "$raw/$kernel-$mode-$work.json" ] && continue
		say "$work could not be measured ($kernel, $mode)"
		failed=1
	done
	[ $status = 0 ] || failed=1
}

for mode in $modes; do
	measure "$mode"
done
status=0
if [ -n "$gate" ]; then
	scripts/bench/gate.py --kernel "$kernel" --raw "$raw" $update || status=$?
elif [ -n "$repeat" ]; then
	raw=build/bench/repeat/2
	measure icount
	scripts/bench/repeat.py --kernel "$kernel" --raw build/bench/repeat || status=$?
else
	# shellcheck disable=SC2086 # one word each
	scripts/bench/report.py --raw "$raw" --kernel "$kernel" --modes "$modes" \
		$update --works "${works[*]}" || status=$?
fi
[ $failed = 0 ] || exit 2
exit $status
