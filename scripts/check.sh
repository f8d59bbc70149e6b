#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh [SERIES...]: everything that can be checked, on 6.1 and on 6.12
#
# Installs what is missing, looks at the sources, builds the module with gcc and
# clang, the tools and the tests, tries the rig, and runs all tests in guests.
# The last line sums up every case: "N passed, N failed, N skipped".  Exit status
# 1 if any failed; one that was planned and did not report has failed.
#
# What the steps print is kept in build/check.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
case ${1:-} in -*) usage; exit 0 ;; esac

cd "$zx_root"
unset MAKEFLAGS MFLAGS MAKELEVEL
# Others may run this for other trees: each has its own build directory.
logs=$zx_root/build/check
rm -rf "$logs"
mkdir -p "$logs"
series=("$@")
[ $# -gt 0 ] || read -r -a series <<< "$zx_series"
passed=0 failed=0 skipped=0

at() { printf '[%4d s] ' $SECONDS; }

# step NAME COMMAND...: a case that passes if the command does
step() {
	local name=$1 log start=$SECONDS
	shift
	log=$logs/${name//[ :,]/-}.log
	at
	printf '%s ... ' "$name"
	if "$@" > "$log" 2>&1 < /dev/null; then
		passed=$((passed + 1))
		echo "ok ($((SECONDS - start)) s)"
		return 0
	fi
	failed=$((failed + 1))
	echo "FAILED ($((SECONDS - start)) s), the end of ${log#"$zx_root/"}:"
	tail -n 30 "$log" | sed 's/^/    /'
	return 1
}

# suite NAME COMMAND...: its output is KTAP, and each result is a case.  A guest
# that crashed, hung or went away is one failure more, whatever was reported.
suite() {
	local name=$1 log start=$SECONDS status=0 rest lost=0 good bad skip
	shift
	log=$logs/${name//[ :,]/-}
	at
	printf '%s ... ' "$name"
	"$@" > "$log.ktap" 2> "$log.log" < /dev/null || status=$?
	if [ $status -ge 124 ] && [ $status -le 127 ]; then
		lost=1
	fi
	rest=$((lost ? 0 : status))
	read -r good bad skip <<< "$(scripts/ktap.sh --status $rest "$log.ktap")"
	bad=$((bad + lost))
	passed=$((passed + good)) failed=$((failed + bad))
	skipped=$((skipped + skip))
	echo "$good passed, $bad failed, $skip skipped ($((SECONDS - start)) s)"
	[ $bad != 0 ] || return 0
	grep -B 8 -A 8 -i '^not ok\|^bail out' "$log.ktap" | grep -v '^ok ' |
		head -n 60 | sed 's/^/    /' || :
	grep -q '^1\.\.' "$log.ktap" || echo "    (no plan)"
	[ $status = 0 ] || echo "    exit status $status, ${log#"$zx_root/"}.log says:"
	tail -n 40 "$log.log" | sed 's/^/    /'
}

# guest SERIES SCRIPT [ARG...]: a script of tests in a guest of that series
# shellcheck disable=SC2317 # called by suite()
guest() {
	local kernel=$1 log
	shift
	[ -e "$1" ] || { say "no $1"; return 1; }
	[ -n "${built[$kernel]:-}" ] || { say "no module for Linux $kernel"; return 1; }
	log=${1%.sh}
	scripts/vm.sh --kernel "$kernel" --timeout 1200 \
		--log "$logs/${log//\//-}-$kernel.klog" -- \
		env CI=true O="$zx_root/build" \
		ZXPAGER_KO="$zx_root/build/$kernel/zxpager.ko" "$@"
}

# power_cuts SERIES ROUNDS: guests that are switched off
# shellcheck disable=SC2317 # called by suite()
power_cuts() {
	[ -n "${built[$1]:-}" ] || { say "no module for Linux $1"; return 1; }
	O="$zx_root/build" ZXPAGER_KO="$zx_root/build/$1/zxpager.ko" \
		selftests/crash.sh power "$@"
}

declare -A built
# shellcheck disable=SC2317 # called by step()
module() { scripts/build.sh --strict "$@"; }
strict="-O2 -g -Werror"

# All of it is read before any of it runs: the scripts may be edited meanwhile.
main() {
	# Not through step(): what is installed is to be seen.
	at
	echo "packages"
	scripts/deps.sh all || failed=$((failed + 1))
	suite lint scripts/lint.sh
	for s in "${series[@]}"; do
		if step "module for $s with gcc" module "$s"; then
			built[$s]=1
		fi
		step "module for $s with clang" module --clang "$s" || :
	done
	step tools make -C tools O="$zx_root/build" CFLAGS="$strict" || :
	step selftests make -C selftests O="$zx_root/build" CFLAGS="$strict" \
		KSELFTEST_INC="$(scripts/ksrc.sh --kselftest)" || :
	for s in "${series[@]}"; do
		step "guest kernel $s" scripts/kernel.sh "$s" || :
	done
	at
	echo "guests run with $(scripts/accel.sh "${series[0]}" || echo nothing)"
	suite rig scripts/rig-test.sh
	for s in "${series[@]}"; do
		suite "selftests on $s" guest "$s" selftests/run.sh
		suite "tools on $s" guest "$s" tools/run-tests.sh
		# Short forms of what "make integrity" and "make crash" do.
		suite "integrity on $s" guest "$s" selftests/integrity.sh
		suite "killed daemons on $s" guest "$s" selftests/crash.sh kill 15
		suite "power cuts on $s" power_cuts "$s" 3
	done
	at
	echo "done"
}

# The last line is there whatever happens.
# shellcheck disable=SC2317 # called by the trap
finish() {
	[ "$1" = 0 ] || failed=$((failed + 1))
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] || exit 1
}
trap 'finish $?' EXIT
trap 'exit 130' INT TERM

main
exit
