#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh [SERIES...]: everything that can be checked, on 6.1 and on 6.12
#
# Installs what is missing, looks at the sources, builds the module with gcc and
# clang, the tools and the tests, tries the rig, and runs all tests in guests: on
# the stock kernels, and on those of ours that find more (see kernel.sh), where
# what takes long has a short form here and a make target of its own.  As many
# guests run at once as there are processors.
# The last line sums up every case: "N passed, N failed, N skipped".  Exit status
# 1 if any failed; one that was planned and did not report has failed.
#
# What the steps print is kept in build/check.
#
# shellcheck disable=SC2317 # much is called by suite(), step() and worker()
set -euo pipefail
. "$(dirname "$0")/lib.sh"
case ${1:-} in -*) usage; exit 0 ;; esac

cd "$zx_root"
unset MAKEFLAGS MFLAGS MAKELEVEL
# Others may run this for other trees: each has its own build directory.
logs=$zx_root/build/check
rm -rf "$logs"
mkdir -p "$logs"
touch "$logs/counts" "$logs/lock"
series=("$@")
[ $# -gt 0 ] || read -r -a series <<< "$zx_series"

at() { printf '[%4d s] ' $SECONDS; }

# tell TEXT...: lines that nothing comes between; several steps may be under way
tell() { flock "$logs/lock" printf '%s\n' "$(at)$*"; }

# count PASSED FAILED SKIPPED
# shellcheck disable=SC2016 # that is for the inner shell
count() { flock "$logs/lock" sh -c 'echo "$@" >> "$0"' "$logs/counts" "$@"; }

# The end of a file, as a part of what is told.
excerpt() { tail -n "$1" "$2" | sed 's/^/    /'; }

# step NAME COMMAND...: a case that passes if the command does
step() {
	local name=$1 log start=$SECONDS
	shift
	log=$logs/${name//[ :,]/-}.log
	if "$@" > "$log" 2>&1 < /dev/null; then
		count 1 0 0
		tell "$name: ok ($((SECONDS - start)) s)"
		return 0
	fi
	count 0 1 0
	tell "$name: FAILED ($((SECONDS - start)) s), the end of ${log#"$zx_root/"}:
$(excerpt 30 "$log")"
	return 1
}

# suite NAME COMMAND...: its output is KTAP, and each result is a case.  A guest
# that crashed, hung or went away is one failure more, whatever was reported.
suite() {
	local name=$1 log start=$SECONDS status=0 rest lost=0 good bad skip
	shift
	log=$logs/${name//[ :,]/-}
	"$@" > "$log.ktap" 2> "$log.log" < /dev/null || status=$?
	if [ "$status" -ge 124 ] && [ "$status" -le 127 ]; then
		lost=1
	fi
	rest=$((lost ? 0 : status))
	read -r good bad skip <<< "$(scripts/ktap.sh --status "$rest" "$log.ktap")"
	bad=$((bad + lost))
	count "$good" "$bad" "$skip"
	tell "$name: $good passed, $bad failed, $skip skipped ($((SECONDS - start)) s)$(
		[ "$bad" = 0 ] || why "$log" "$status")"
}

# why LOG STATUS: what there is to say of a suite that failed
why() {
	echo
	grep -B 8 -A 8 -i '^not ok\|^bail out' "$1.ktap" | grep -v '^ok ' |
		head -n 60 | sed 's/^/    /' || :
	grep -q '^1\.\.' "$1.ktap" || echo "    (no plan)"
	[ "$2" = 0 ] || echo "    exit status $2, ${1#"$zx_root/"}.log says:"
	excerpt 40 "$1.log"
}

# later COMMAND...: for the workers, who take what comes first
later() { printf '%q ' "$@"; echo; } >> "$logs/queue"

worker() {
	local job
	exec 6> "$logs/queue.lock"
	while flock 6 && read -r job <&5; do
		flock -u 6
		eval "$job" 5<&- 6>&- || :
	done
}

run_queue() {
	local n workers
	workers=$(nproc)
	exec 5< "$logs/queue"
	for ((n = 0; n < workers; n++)); do
		worker &
	done
	wait
	rm "$logs/queue"
}

# guest SERIES SCRIPT [ARG...]: a script of tests in a guest of that series
guest() {
	local kernel=$1 log mem=1024
	shift
	[ -e "$1" ] || { say "no $1"; return 1; }
	built "$kernel" || { say "no module for Linux $kernel"; return 1; }
	log=${1%.sh}
	if is_flavour "$kernel"; then
		mem=2048
	fi
	scripts/vm.sh --kernel "$kernel" --timeout 1500 --mem "$mem" \
		--log "$logs/${log//\//-}-$kernel.klog" -- \
		env CI=true O="$zx_root/build" \
		ZXPAGER_KO="$zx_root/build/$kernel/zxpager.ko" "$@"
}

# power_cuts SERIES ROUNDS: guests that are switched off
power_cuts() {
	built "$1" || { say "no module for Linux $1"; return 1; }
	O="$zx_root/build" ZXPAGER_KO="$zx_root/build/$1/zxpager.ko" \
		selftests/crash.sh power "$@"
}

# ours KERNEL COMMAND...: with the module for a kernel of ours
ours() {
	scripts/build.sh --quiet --strict "$1" >&2 || return 1
	"${@:2}"
}

short_stress() {
	ZXP_SECONDS=$2 O="$zx_root/build" scripts/stress.sh "$1" 1
}

# The short forms of "make kunit", "debug", "fail", "stress", "fuzz" and "sanitize":
# where a kernel is built for it only on the newer series.
on_kernels_of_ours() {
	if [ "$1" != 6.12 ]; then
		later suite "kunit on $1" scripts/kunit.sh --ktap "$1" test
		return
	fi
	local d=$1-debug c=$1-kcsan
	later suite "failures on $d" ours "$d" guest "$d" selftests/run.sh \
		fail_dirty fail_fault fail_hook fail_large fail_pager
	later suite "selftests on $d" ours "$d" guest "$d" selftests/run.sh \
		port mm kill wb_wait wb_stream zircon_wb_writeback
	later suite "kunit on $1" scripts/kunit.sh --ktap "$1" debug
	later suite "stress on $d" ours "$d" short_stress "$d" 40
	later suite "fuzz on $d" ours "$d" selftests/fuzz/fuzz.sh --kernel "$d" --runs 60 \
		--seed 1
	later suite "selftests on $c" ours "$c" guest "$c" selftests/run.sh \
		port mm signal wb_stream wb_sync
	later sanitized "$1"
}

# The tools with ASan and UBSan, their unit tests here and some others in a guest
sanitized() {
	step "sanitized tools" make -C tools SANITIZE=1 O="$zx_root/build" \
		CFLAGS="$strict" || return
	step "sanitized unit tests" make -C tools SANITIZE=1 O="$zx_root/build" check || :
	suite "sanitized tools on $1" scripts/vm.sh --kernel "$1" --mem 2048 \
		--timeout 900 -- env CI=true O="$zx_root/build/sanitize" \
		ZXPAGER_KO="$zx_root/build/$1/zxpager.ko" tools/run-tests.sh \
		test_server test_flood test_crowd all_at_the_same_time \
		store_that_fails_and_recovers
}

# The selftests and tests of the tools have run: what does that make of Zircon's?
conformance() {
	local told bad=0
	told=$(selftests/conformance.py --results "$logs/selftests-on-$1.ktap" \
		"$logs/tools-on-$1.ktap" 2>&1) || bad=1
	count $((1 - bad)) $bad 0
	tell "Linux $1, ${told##*$'\n'}"
}

# module NAME OPTION... KERNEL
module() { scripts/build.sh --strict "$@"; }
built() { [ -e "build/$1/zxpager.ko" ]; }
strict="-O2 -g -Werror"

# All of it is read before any of it runs: the scripts may be edited meanwhile.
main() {
	# Not through step(): what is installed is to be seen.
	tell packages
	scripts/deps.sh all || count 0 1 0
	for s in "${series[@]}"; do
		rm -f "build/$s/zxpager.ko"
		step "guest kernel $s" scripts/kernel.sh "$s" || :
	done
	tell "guests run with $(scripts/accel.sh "${series[0]}" || echo nothing)"
	later suite lint scripts/lint.sh
	for s in "${series[@]}"; do
		later step "module for $s with gcc" module "$s"
		later step "module for $s with clang" module --clang "$s"
	done
	later step tools make -C tools O="$zx_root/build" CFLAGS="$strict"
	later step selftests make -C selftests O="$zx_root/build" CFLAGS="$strict" \
		KSELFTEST_INC="$(scripts/ksrc.sh --kselftest)"
	run_queue
	later suite rig scripts/rig-test.sh
	later suite syzlang selftests/fuzz/check_syzlang.py
	for s in "${series[@]}"; do
		later suite "selftests on $s" guest "$s" selftests/run.sh
		# What a daemon makes of its store is the same on all kernels, so that
		# is seen on one.  Short forms of "make integrity" and "make crash".
		if [ "$s" = "${series[-1]}" ]; then
			later suite "tools on $s" guest "$s" tools/run-tests.sh
			later suite "integrity on $s" guest "$s" selftests/integrity.sh
			later suite "power cuts on $s" power_cuts "$s" 3
		else
			later suite "tools on $s" guest "$s" tools/run-tests.sh \
				--without nbd.sh --without writing.sh
		fi
		later suite "killed daemons on $s" guest "$s" selftests/crash.sh kill 15
		later suite "stress on $s" short_stress "$s" 20
	done
	for s in "${series[@]}"; do
		on_kernels_of_ours "$s"
	done
	for s in "${series[@]}"; do
		later suite "speed on $s" scripts/bench.sh --kernel "$s" --gate
	done
	run_queue
	for s in "${series[@]}"; do
		conformance "$s"
	done
	tell "done"
}

# The last line is there whatever happens.
finish() {
	local passed=0 failed=0 skipped=0 good bad skip
	[ "$1" = 0 ] || failed=1
	while read -r good bad skip; do
		passed=$((passed + good)) failed=$((failed + bad))
		skipped=$((skipped + skip))
	done < "$logs/counts"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] || exit 1
}
trap 'finish $?' EXIT
trap 'exit 130' INT TERM

main
exit
