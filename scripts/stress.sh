#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# stress.sh KERNEL MINUTES: race everything in a guest
#
# KERNEL is one that vm.sh knows. ZXPAGER_KO is the module for it (default
# build/KERNEL/zxpager.ko), ZXP_SEED repeats the dice, ZXP_SECONDS is a time shorter than
# a minute. What it prints is KTAP and a table; the exit status is that of vm.sh, so a
# warning in the kernel log is a failure as well.
set -eu

here=$(dirname "$(realpath "$0")")
kernel=${1:?usage: stress.sh KERNEL MINUTES} minutes=${2:?usage: stress.sh KERNEL MINUTES}
O=${O:-$here/../build}
ko=${ZXPAGER_KO:-$here/../build/$kernel/zxpager.ko}
seconds=${ZXP_SECONDS:-$((minutes * 60))}
mem=1024 round=10 patience=600

case $kernel in
*-*) mem=2048 round=20 patience=900 ;;	# those that look at everything are slow and large
esac
# A round ends when the last has ended, which takes its time. Processors that others keep
# busy look like soft lockups after 20 s; who really is stuck is found by the program.
exec "$here/vm.sh" --kernel "$kernel" --mem $mem --timeout $((seconds * 2 + 900)) \
	--append 'kunit.enable=0 watchdog_thresh=60' -- \
	env ZXPAGER_KO="$(realpath "$ko")" ZXP_SECONDS="$seconds" ZXP_ROUND=$round \
	ZXP_PATIENCE=$patience \
	${ZXP_SEED:+ZXP_SEED="$ZXP_SEED"} "$(realpath "$O")/selftests/stress_all"
