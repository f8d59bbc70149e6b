#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# coverage.sh [--unit] [KERNEL]: which lines of zxpagerd its tests run
#
# Runs all tests of the tools in a guest (KERNEL is 6.1 or 6.12, the default), or with
# --unit those that need none, here.  Prints a share for each file, then each line that no
# test ran.  Exit status 1 if a test failed.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
unit='' kernel=6.12 status=0
for arg in "$@"; do
	case $arg in
	--unit) unit=1 ;;
	--help | -h) sed -n '4,8s/^# \?//p' "$0"; exit 0 ;;
	*) kernel=$arg ;;
	esac
done
out=$root/build/coverage

make -s -C tools O="$out" CFLAGS="-O0 -g --coverage"
find "$out" -name '*.gcda' -delete
if [ -n "$unit" ]; then
	make -s -C tools O="$out" CFLAGS="-O0 -g --coverage" check \
		> "$out/log" 2>&1 || status=1
else
	scripts/build.sh --quiet --strict "$kernel"
	share=$out/share
	rm -rf "$share"
	mkdir -p "$share"
	# Other users of a test write theirs, too.
	chmod 1777 "$share"
	scripts/vm.sh --kernel "$kernel" --timeout 3600 --share "$share" -- \
		env O="$out" GCOV_PREFIX=/mnt/share \
		ZXPAGER_KO="$root/build/$kernel/zxpager.ko" tools/run-tests.sh \
		> "$out/log" 2>&1 || status=1
	cp -a "$share$out/." "$out/"
fi
[ $status = 0 ] || { echo "tests failed:"; grep '^not ok\|FAILED' "$out/log" || :; }

cd tools
gcov --stdout --object-directory "$out/tools/zxpagerd" zxpagerd/*.c 2> /dev/null |
	awk -F: '
		$3 == "Source" { file = $4; next }
		file !~ /^zxpagerd\/.*\.c$/ { next }
		$1 ~ /^ *-$/ { next }
		$1 ~ /[0-9#=]/ { lines[file]++; all++ }
		$1 ~ /#####|=====/ {
			text = $0
			sub(/^[^:]*: *[0-9]+:/, "", text)
			missed[file]++
			none++
			list[++n] = file ":" $2 + 0 ":" text
		}
		END {
			for (file in lines)
				printf "%5.1f %% of %4d lines  %s\n", 100 - \
					100 * missed[file] / lines[file], \
					lines[file], file | "sort -k 5"
			close("sort -k 5")
			printf "%5.1f %% of %4d lines  zxpagerd\n", \
				100 - 100 * none / all, all
			for (i = 1; i <= n; i++)
				print list[i]
		}'
exit $status
