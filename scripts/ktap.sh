#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ktap.sh [--status N] FILE: what the KTAP in FILE comes to
#
# Prints "PASSED FAILED SKIPPED".  A test that was planned and did not report
# has failed, and so has a stream without a plan, one that bails out, and one
# that has no failure to explain the exit status N.  Lines other than results
# and plans are passed over, and so are indented ones, which are parts of a
# result, and a last line that is not whole.
set -euo pipefail

status=0
case ${1:-} in
--help | -h | '') sed -n '4,/^[^#]/{/^#/!q;s/^# \{0,1\}//;p;}' "$0"; exit 0 ;;
--status) status=$2; shift 2 ;;
esac

file=$1
whole() { if [ -z "$(tail -c 1 "$file")" ]; then cat "$file"; else head -n -1 "$file"; fi; }

whole | awk -v status="$status" '
/^1\.\.[0-9]+/		{ plan += substr($1, 4); plans++ }
/^not ok/		{ if (tolower($0) ~ /# *skip/) skip++; else bad++; next }
/^ok/			{ if (tolower($0) ~ /# *skip/) skip++; else good++ }
/^Bail out!/		{ bail++ }
END {
	seen = good + bad + skip
	if (!plans)
		bad++
	else if (seen < plan)
		bad += plan - seen
	else if (seen > plan)
		bad++
	bad += bail
	if (status != 0 && !bad)
		bad++
	print good + 0, bad + 0, skip + 0
}'
