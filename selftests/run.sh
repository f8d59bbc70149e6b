#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh [PROGRAM...]: load the module, run every test program, unload it again
#
# Run as root in the checkout, on a machine that may crash. ZXPAGER_KO is the
# module, O the build directory (default build); the programs are
# $O/selftests/zxp_*. With arguments only the programs of these names are run
# (with or without the leading "zxp_").
#
# On a kernel with kmemleak what is left behind is looked for at the end.
#
# The output is one KTAP stream: a line for each test of each program, named
# program.fixture.variant.test. The exit status is 0 if nothing failed.
set -u

here=$(dirname "$(realpath "$0")")
O=${O:-$here/../build}
ko=${ZXPAGER_KO:?the path of zxpager.ko}
limit=$(sed -n 's/^timeout=//p' "$here/settings")
count=0 failed=0 skipped=0

# result STATUS NAME [REST]: one line of the result, STATUS "ok" or "not ok"
result() {
	count=$((count + 1))
	case $1$3 in
	not*) failed=$((failed + 1)) ;;
	*'# SKIP'*) skipped=$((skipped + 1)) ;;
	esac
	echo "$1 $count $2$3"
}

# check NAME COMMAND...: a test that is one command; its output is diagnostics
check() {
	local name=$1 out status=ok
	shift
	out=$("$@" 2>&1) || status="not ok"
	[ -z "$out" ] || echo "# ${out//$'\n'/$'\n'# }"
	result "$status" "$name" ""
	[ "$status" = ok ]
}

load() {
	insmod "$ko" || return 1
	local end=$((SECONDS + 10))
	until [ -c /dev/zxpager ]; do
		[ $SECONDS -lt $end ] || { echo "no /dev/zxpager"; return 1; }
		sleep 0.1
	done
}

# The last references can be dropped a moment after a process has gone.
unload() {
	local end=$((SECONDS + 10))
	until rmmod zxpager 2> /dev/null; do
		[ $SECONDS -lt $end ] || { rmmod zxpager; return 1; }
		sleep 0.1
	done
	[ ! -e /dev/zxpager ] || { echo "/dev/zxpager is still there"; return 1; }
}

# What is no longer referred to by anything.  kmemleak says so of what is older
# than five seconds, which is no event, and only if two scans agree.
kmemleak=/sys/kernel/debug/kmemleak
leaks() {
	sleep 6
	echo scan > $kmemleak
	echo scan > $kmemleak
	[ "$(wc -c < $kmemleak)" = 0 ] || { head -n 100 $kmemleak; return 1; }
}

check_leaks() {
	if [ -w $kmemleak ]; then
		check "$1" leaks
	else
		result ok "$1" " # SKIP no kmemleak"
	fi
}

# Turn the KTAP of a program into lines of this stream.
run_program() {
	local name=$1 line plan='' seen=0 bad=0 status re
	re='^(ok|not ok) [0-9]+ ?(- )?([^# ]*)(.*)$'
	exec 3< <(timeout -k 10 "$limit" "$O/selftests/$name" 2>&1
		  echo "#exit $?")
	while IFS= read -r line <&3; do
		case $line in
		'TAP version'* | 'KTAP version'*) ;;
		'#exit '*) status=${line#\#exit } ;;
		1..[0-9]*) plan=${line#1..}; plan=${plan%% *} ;;
		*)
			if [[ $line =~ $re ]]; then
				seen=$((seen + 1))
				[ "${BASH_REMATCH[1]}" = ok ] || bad=1
				result "${BASH_REMATCH[1]}" \
					"$name.${BASH_REMATCH[3]}" \
					"${BASH_REMATCH[4]}"
			else
				echo "# ${line#\# }"
			fi ;;
		esac
	done
	exec 3<&-
	# A program that has failed without a line of its own to say so.
	if [ "${plan:-none}" != $seen ]; then
		result "not ok" "$name" " # $seen tests of ${plan:-?} run, status $status"
	elif [ "$status" != 0 ] && [ $bad = 0 ] &&
	     ! { [ "$status" = 4 ] && [ "$plan" = 0 ]; }; then
		result "not ok" "$name" " # ended with status $status"
	fi
}

if [ $# -gt 0 ]; then
	programs=("${@/#zxp_/}")
	programs=("${programs[@]/#/zxp_}")
else
	programs=()
	for p in "$O"/selftests/zxp_*; do
		[ ! -x "$p" ] || programs+=("$(basename "$p")")
	done
fi

echo "TAP version 13"
if command -v python3 > /dev/null; then
	check conformance "$here/conformance.py" --check
else
	result ok conformance " # SKIP no python3"
fi
# It looks when it is told to, and not for what others left before.
[ ! -w $kmemleak ] || { echo scan=off; sleep 6; echo scan; echo clear; } > $kmemleak 2> /dev/null
if check module.load load; then
	for p in "${programs[@]}"; do
		run_program "$p"
	done
	check_leaks module.leaks
	check module.unload unload
	check_leaks module.unload_leaks
	check module.load_again load && check module.unload_again unload
fi
[ ${#programs[@]} -gt 0 ] || result "not ok" programs " # none in $O/selftests"
echo "1..$count"
echo "# $((count - failed - skipped)) passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
