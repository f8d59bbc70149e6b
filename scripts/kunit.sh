#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kunit.sh [--ktap] SERIES [FLAVOUR [ARGUMENT...]]: run the KUnit suites in a guest
#
# SERIES is 6.1 or 6.12; FLAVOUR is test (default) or debug, see kernel.sh; what
# follows are parameters of the module, such as kunit_seed=5 (repeats the random
# cases of a run that has printed it) or kunit_operations=10000000 (all together).
#
# Prints what kunit.py makes of the guest's log, and a last line that counts.  The
# exit status is 0 only if all cases have passed, the module was unloaded again, and
# the kernel had nothing to say.
#
#   --ktap   print KTAP instead, in which each case of each suite is a result
#   --help   this text
#
# The log of the guest and the KTAP are kept as build/kunit/SERIES-FLAVOUR.*
set -euo pipefail
. "$(dirname "$0")/lib.sh"

ktap=''
case ${1:-} in
--ktap) ktap=1; shift ;;
--help | -h) usage; exit 0 ;;
esac
series=${1:?a series, 6.1 or 6.12} flavour=${2:-test}
shift $(($# > 1 ? 2 : 1))
kernel=$series-$flavour
is_flavour "$kernel" || die "no kernel '$kernel' (see kernel.sh --help)"
for p; do
	[[ $p =~ ^kunit_[a-z]+=[0-9]+$ ]] || die "no parameter: '$p' (see --help)"
done

# flatten: the suites of a kernel log as one list of cases, SUITE.CASE.  What was
# planned and is not there makes the plan too long.
flatten() {
	awk '
	!match($0, /^\[ *[0-9.]+\] /)		{ next }
	{ line = substr($0, RLENGTH + 1) }
	!live && line ~ /^zxvm: userspace/	{ live = 1 }
	!live					{ next }
	line ~ /^KTAP version/ && !begun	{ print line; begun = 1; next }
	!begun					{ next }
	line ~ /^1\.\.[0-9]+/			{ suites = substr(line, 4) + 0; next }
	line ~ /^    # Subtest: /		{ suite = substr(line, 16); next }
	line ~ /^    1\.\.[0-9]+/		{ plan += substr(line, 8); next }
	line ~ /^    (not )?ok [0-9]+ / {
		bad = line ~ /^    not/
		sub(/^    (not )?ok [0-9]+ /, "", line)
		print (bad ? "not ok " : "ok ") ++cases " " suite "." line
		seen++
		next
	}
	# A suite that has failed without any of its cases to say so.
	line ~ /^(not )?ok [0-9]+ / {
		done++
		if (line ~ /^not/ && !seen) {
			sub(/^not ok [0-9]+ /, "", line)
			print "not ok " ++cases " " line
			plan++
		}
		seen = 0
		next
	}
	line ~ /^ *# / && line !~ /pass:[0-9]|# (Subtest|module):/ {
		sub(/^ */, "", line)
		print line
	}
	END {
		if (begun) print "1.." plan + (suites > done ? suites - done : 0)
	}' "$1"
}

"$zx_root/scripts/deps.sh" kernel rig
"$zx_root/scripts/build.sh" --quiet "$kernel"
out=$zx_root/build/kunit
mkdir -p "$out"
log=$out/$kernel.log
rm -f "$log"

# The suites run when the module is loaded, and leave nothing behind.
status=0
# shellcheck disable=SC2016 # for the guest's shell
"$zx_root/scripts/vm.sh" --kernel "$kernel" --timeout 1200 --mem 2048 --log "$log" \
	--append kunit.enable=1 -- bash -c '
	. "$1"
	ko=$2
	shift 2
	leaks_begin
	insmod "$ko" "$@" && rmmod zxpager || exit
	[ ! -w $kmemleak ] || leaks
' bash "$zx_root/selftests/module.sh" "$zx_root/build/$kernel/zxpager.ko" "$@" > "$out/$kernel.out" || status=$?

touch "$log"
tr -d '\r' < "$log" | sed -n '/zxvm: userspace is up/,$p' > "$out/$kernel.tests"
flatten "$log" > "$out/$kernel.ktap"
if [ -n "$ktap" ]; then
	cat "$out/$kernel.ktap"
	cat "$out/$kernel.out" >&2
else
	python3 -B "$("$zx_root/scripts/ksrc.sh" --kunit)/kunit.py" parse \
		"$out/$kernel.tests" || [ $status != 0 ] || status=1
	cat "$out/$kernel.out"
fi
read -r good bad skip <<< "$("$zx_root/scripts/ktap.sh" --status "$status" \
	"$out/$kernel.ktap")"
[ "$bad" = 0 ] || [ $status != 0 ] || status=1
result=$(printf 'kunit on %s: %d passed, %d failed, %d skipped' "$kernel" \
	"$good" "$bad" "$skip")
if [ -n "$ktap" ]; then
	echo "$result" >&2
else
	echo "$result"
fi
exit $status
