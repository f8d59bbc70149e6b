#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# newest.sh [--try]: is the recorded kernel still the newest that Debian has?
#
# "newest" is a series of which scripts/kernels/newest has the release: the last one
# that the selftests have passed on.  That one is tested, whatever Debian has since.
# This says whether there is a newer one, in trixie-backports or in sid.
#
#   --try    build the module for the newest one, run all selftests there, and if
#            none fails write it into scripts/kernels/newest, to be committed
#   --help   this text
set -euo pipefail
. "$(dirname "$0")/lib.sh"

try=''
case ${1:-} in
'') ;;
--try) try=1 ;;
--help | -h) usage; exit 0 ;;
*) die "unknown option '$1' (see --help)" ;;
esac

cd "$zx_root"
file=scripts/kernels/newest
recorded=$(recorded_newest)
[ -z "$try" ] || archive_lists 5
newest=$(apt_releases newest | tail -n 1)
[ -n "$newest" ] || die "Debian's newest kernel is not known"
if [ "$(printf '%s\n' "$recorded" "$newest" | sort -V | tail -n 1)" = "$recorded" ]; then
	echo "Linux $recorded is recorded, and there is no newer one"
elif [ -z "$try" ]; then
	echo "newer kernel $newest is there; recorded is $recorded ('make newest' tries it)"
fi
[ -n "$try" ] || exit 0

export ZXPAGER_NEWEST=$newest
scripts/deps.sh build rig test
scripts/build.sh --quiet --strict newest
make -s -C selftests O="$zx_root/build" KSELFTEST_INC="$(scripts/ksrc.sh --kselftest)"
status=0
scripts/vm.sh --kernel newest --timeout 3000 -- env CI=true O="$zx_root/build" \
	ZXPAGER_KO="$zx_root/build/newest/zxpager.ko" selftests/run.sh \
	> build/newest/selftests.ktap || status=$?
grep '^not ok\|^# [0-9]* passed,' build/newest/selftests.ktap || :
[ $status = 0 ] || die "Linux $newest is not recorded: see build/newest/selftests.ktap"
sed -i '/^#/!d' $file
echo "$newest" >> $file
echo "Linux $newest is recorded in $file: commit it"
