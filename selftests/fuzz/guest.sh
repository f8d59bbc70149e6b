#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# guest.sh [option of fuzz...]: load the module, fuzz it, unload it, look for leaks
#
# Run as root on a machine that may crash; fuzz.sh does that. ZXPAGER_KO is the
# module, O the build directory. KTAP.
set -u

here=$(dirname "$(realpath "$0")")
O=${O:-$here/../../build}
ko=${ZXPAGER_KO:?the path of zxpager.ko}
debug=/sys/kernel/debug
count=4 bad=0

# check NAME COMMAND...: a test that is one command; its output is diagnostics
check() {
	local name=$1 out word=ok
	shift
	out=$("$@" 2>&1) || word="not ok" bad=1
	count=$((count + 1))
	[ -z "$out" ] || echo "# ${out//$'\n'/$'\n'# }"
	echo "$word $count fuzz.$name"
	[ "$word" = ok ]
}

set_to() { [ ! -e "$2" ] || echo "$1" > "$2"; }

# shellcheck disable=SC2317 # called by check()
load() {
	insmod "$ko" || return 1
	local end=$((SECONDS + 30))
	until [ -c /dev/zxpager ]; do
		[ "$SECONDS" -lt "$end" ] || { echo "no /dev/zxpager"; return 1; }
		sleep 0.1
	done
}

# shellcheck disable=SC2317 # called by check()
unload() {
	local end=$((SECONDS + 30))
	until rmmod zxpager 2> /dev/null; do
		[ "$SECONDS" -lt "$end" ] || { rmmod zxpager; return 1; }
		sleep 0.1
	done
}

# What looks unreferenced for a moment is not a leak: it has to stay so.
# shellcheck disable=SC2317 # called by check()
no_leaks() {
	local leaks
	for _ in 1 2 3; do
		echo scan > "$debug/kmemleak"
		leaks=$(cat "$debug/kmemleak")
		[ -n "$leaks" ] || return 0
		sleep 1
	done
	echo "$leaks"
	return 1
}

set_to 0 /proc/sys/debug/exception-trace
# Anything may fail, nothing does unless it is asked for, and nobody is told.
for f in failslab fail_page_alloc fail_usercopy; do
	set_to 0 "$debug/$f/verbose"
	set_to N $debug/$f/ignore-gfp-wait
	set_to N $debug/$f/ignore-gfp-highmem
	set_to 0 $debug/$f/min-order
done
# What was allocated before is nobody's business here.
set_to scan=off $debug/kmemleak
set_to clear $debug/kmemleak

echo "TAP version 13"
load || { echo "Bail out! the module does not load"; exit 1; }
"$O/selftests/fuzz/fuzz" "$@" || bad=1
check unload unload
check load_again load && check unload_again unload
if [ -e "$debug/kmemleak" ]; then
	check no_leak no_leaks
else
	count=$((count + 1))
	echo "ok $count fuzz.no_leak # SKIP no kmemleak"
fi
echo "1..$count"
exit $bad
