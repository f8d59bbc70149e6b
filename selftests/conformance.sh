#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# conformance.sh KERNEL: run what Zircon's tests have become, in a guest
#
# The module, the selftests and the tools have to be built; KERNEL is 6.1 or 6.12, and
# O the build directory (default build).  Prints what failed, and at the end "conformance: P
# passed, F failed, S skipped of T", where conformance.py says what that counts.
# Exit status 0 if nothing failed, and nothing happened to the guest.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
root=$(dirname "$here")
O=$(realpath "${O:-$root/build}")
kernel=${1:?a kernel, 6.1 or 6.12}
ko=${ZXPAGER_KO:-$root/build/$kernel/zxpager.ko}
programs=$("$here/conformance.py" --programs)
mapfile -t selftests < <(grep '^zxp_' <<< "$programs")
mapfile -t tools < <(grep -v '^zxp_' <<< "$programs" || :)
log=$O/conformance
mkdir -p "$log"

# Nothing may be left of an earlier run, and the guest may end in the middle.
: > "$log/$kernel.ktap"
status=0
# shellcheck disable=SC2016 # for the guest's shell
"$root/scripts/vm.sh" --kernel "$kernel" --timeout 1200 --log "$log/$kernel.klog" -- \
	env ZXPAGER_KO="$ko" O="$O" ROOT="$root" bash -c '
		status=0
		"$ROOT/selftests/run.sh" $1 || status=1
		[ -z "$2" ] || "$ROOT/tools/run-tests.sh" $2 || status=1
		exit $status' - "${selftests[*]}" "${tools[*]-}" \
	> "$log/$kernel.ktap" 2> "$log/$kernel.log" < /dev/null || status=$?

# Status 1 is a test that failed: if it is one of Zircon's it will be named.
if [ $status -gt 1 ]; then
	tail -n 20 "$log/$kernel.log" >&2
	echo "conformance.sh: the guest ended with status $status" >&2
elif [ $status = 1 ]; then
	grep '^not ok' "$log/$kernel.ktap" >&2 || :
fi
"$here/conformance.py" --results "$log/$kernel.ktap" || status=1
[ $status = 0 ]
