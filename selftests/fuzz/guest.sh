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
. "$here/../module.sh"
# What fuzz itself reports comes first.
count=5

set_to() { [ ! -e "$2" ] || echo "$1" > "$2"; }

set_to 0 /proc/sys/debug/exception-trace
# In the memory of the guest, and one at a time.
set_to /tmp/zxp_fuzz.core /proc/sys/kernel/core_pattern
set_to 0 /proc/sys/kernel/core_uses_pid
# Anything may fail, nothing does unless it is asked for, and nobody is told.
for f in failslab fail_page_alloc fail_usercopy; do
	set_to 0 "$debug/$f/verbose"
	set_to N $debug/$f/ignore-gfp-wait
	set_to N $debug/$f/ignore-gfp-highmem
	set_to 0 $debug/$f/min-order
done
leaks_begin

echo "TAP version 13"
status=0
module_load || { echo "Bail out! the module does not load"; exit 1; }
"$O/selftests/fuzz/fuzz" --klog "$here/../../scripts/klog.sh" "$@" || status=1
check_unload fuzz
echo "1..$count"
[ $status = 0 ] && [ $failed = 0 ]
