#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# coverage.sh [SERIES]: which lines of the module do the tests run?
#
# Runs the KUnit suites and the selftests in one guest of SERIES (6.1 or 6.12,
# default 6.12) with the flavour test, whose module is counted by gcov, and lets
# coverage.py judge what was counted.  The report of each file is build/coverage.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
case ${1:-} in -*) usage; exit 0 ;; esac

series=${1:-6.12}
build=$zx_root/build/$series-test
out=$zx_root/build/coverage
cd "$zx_root"

scripts/deps.sh build kernel rig
scripts/build.sh --quiet "$series-test"
rm -rf "$out"
mkdir -p "$out/data"
say "KUnit and the selftests on Linux $series-test (some minutes) ..."
status=0
# shellcheck disable=SC2016 # for the guest's shell
scripts/vm.sh --kernel "$series-test" --mem 2048 --timeout 3000 --share "$out/data" \
	--log "$out/klog" --append kunit.enable=1 -- sh -c '
	env O="$1" ZXPAGER_KO="$2" selftests/run.sh > /mnt/share/ktap
	status=$?
	# Its files have no size, which tar would believe.
	cd /sys/kernel/debug/gcov
	find . -name "*.gcda" | while read -r f; do
		cat "$f" > "/mnt/share/$(basename "$f")"
	done
	exit $status' sh "$zx_root/build" "$build/zxpager.ko" || status=$?
grep '^not ok\|^# .* passed' "$out/data/ktap" || :
[ "$status" -lt 124 ] || die "the guest did not get to the end ($status)"
[ -n "$(find "$out/data" -name '*.gcda')" ] || die "nothing was counted"
find "$build/zxpager" -name '*.gcno' -exec cp {} "$out/data" \;
cd "$out/data"
for f in *.gcda; do
	gcov-12 --json-format --stdout "$f" > "${f%.gcda}.json"
done
"$zx_root/scripts/coverage.py" "$out/data" "$zx_root/scripts/coverage.tsv"
exit $status
