#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run-tests.sh [--without=NAME]... [TEST...]: the tests of libzx, zxpagerd and zxpager
#
# Needs a machine that may be upset: a guest, and root.  Prints TAP; exit status 1 if
# a test failed.  A TEST is a program in tests/, or one of those that a script in tests/
# tells with --list.  --without leaves out such a TEST, or all of a script, as "stop.sh".
#
#   ZXPAGER_KO    the module, loaded already or not
#   O             the build directory (default build)
#   ZXPAGERD      the daemon, if it is to be another build of it
#   ZXP_LIMIT     seconds for one test (default 300)
#
# What a sanitizer of any program reports fails the test that ran it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
O=$(realpath "${O:-$here/../build}")
: "${ZXPAGER_KO:?the path of zxpager.ko}"
ZXPAGER_KO=$(realpath "$ZXPAGER_KO")
export O ZXPAGER_KO
limit=${ZXP_LIMIT:-300}
without=()
while [[ ${1:-} = --without=* ]]; do
	without+=("${1#--without=}")
	shift
done
number=0 failures=0

# result WORD NAME
result() {
	number=$((number + 1))
	[ "$1" = ok ] || failures=$((failures + 1))
	echo "$1 $number - $2"
}

# reported NAME: a process that the test started, perhaps one whose status is nobody's
# business, said something
reported() {
	local report
	for report in "$tmp"/report.*; do
		[ -e "$report" ] || continue
		result "not ok" "$1 has a report of a sanitizer"
		head -n 40 "$report" | sed 's/^/# /'
		rm "$report"
	done
}

# run_one NAME: a test of a script
run_one() {
	local name=$1 status=0 out start=$SECONDS
	out=$(timeout -k 10 "$limit" "$here/tests/${script_of[$name]:?no such test}" \
		"$name" 2>&1) || status=$?
	case $status in
	0) result ok "$name # $((SECONDS - start)) s" ;;
	4) result ok "$name # SKIP $(tail -n 1 <<< "$out")" ;;
	*)
		result "not ok" "$name"
		printf '%s\n' "$out" | tail -n 30 | sed 's/^/# /'
		echo "# exit status $status"
		;;
	esac
}

# run_program NAME COMMAND...: its cases become ours; a program that dies lacks some.
run_program() {
	local name=$1 status=0 line want=0 seen=0 start=$SECONDS
	shift
	CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 10 "$limit" "$@" \
		> "$tmp/$name" 2> "$tmp/$name.err" || status=$?
	while read -r line; do
		case $line in
		1..*) want=${line#1..} ;;
		"not ok "*" # SKIP "*)
			seen=$((seen + 1))
			result ok "$name.${line##* } # SKIP"
			;;
		"ok "* | "not ok "*)
			seen=$((seen + 1))
			result "${line%%ok *}ok" "$name.${line##* - }"
			;;
		"# "*) echo "$line" ;;
		esac
	done < "$tmp/$name"
	if [ "$seen" != "$want" ] || [ "$want" = 0 ]; then
		result "not ok" "$name ended after $seen of $want cases (status $status)"
		tail -n 10 "$tmp/$name.err" | sed 's/^/# /'
	fi
	echo "# $name took $((SECONDS - start)) s"
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export ASAN_OPTIONS="log_path=$tmp/report:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="log_path=$tmp/report:print_stacktrace=1:${UBSAN_OPTIONS:-}"
export TSAN_OPTIONS="log_path=$tmp/report:${TSAN_OPTIONS:-}"
grep -q '^zxpager ' /proc/modules || insmod "$ZXPAGER_KO"

declare -A script_of
shell=()
for script in "$here"/tests/*.sh; do
	while read -r name; do
		script_of[$name]=${script##*/}
		shell+=("$name")
	done < <("$script" --list)
done
programs=("$here"/tests/test_*.c "$here"/tests/test_*.cc)
programs=("${programs[@]##*/}")
programs=("${programs[@]%.c*}")
is_left_out() { [[ " ${without[*]} " = *" $1 "* ]]; }
for name in "${without[@]}"; do
	[[ " ${script_of[*]} ${programs[*]} ${shell[*]} " = *" $name "* ]] ||
		{ echo "no test or script '$name'" >&2; exit 2; }
done
wanted=("$@")
if [ $# = 0 ]; then
	for name in "${programs[@]}" "${shell[@]}"; do
		is_left_out "$name" || is_left_out "${script_of[$name]:-}" || wanted+=("$name")
	done
fi
echo "TAP version 13"
for name in "${wanted[@]}"; do
	case $name in
	test_server | test_flood | test_crowd | test_starve)
		run_program "$name" "$here/tests/daemon.sh" --serve "$O/tools/tests/$name"
		;;
	test_*) run_program "$name" "$O/tools/tests/$name" ;;
	*) run_one "$name" ;;
	esac
	reported "$name"
done
echo "1..$number"
[ $failures = 0 ]
