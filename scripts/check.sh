#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh [SERIES...]: everything that can be checked, on 6.1, on 6.12 and on the newest
#
# Installs what is missing, says how long the rest takes, looks at the sources, builds
# the module with gcc and clang, the tools and the tests, tries the rig, and runs all
# tests in guests: on the stock kernels, and on those of ours that find more (see
# kernel.sh), where what takes long has a short form here and a make target of its
# own.  On Debian's newest kernel (see newest.sh) it is the selftests of files and
# mappings.  As many guests run at once as there are processors, and what needs none
# runs beside them.
# The last line sums up every case: "N passed, N failed, N skipped".  Exit status
# 1 if any failed; one that was planned and did not report has failed.
#
# What the steps print is kept in build/check.
#
# shellcheck disable=SC2317,SC2154 # much is called by name; steps.sh sets variables
set -euo pipefail
. "$(dirname "$0")/lib.sh"
case ${1:-} in -*) usage; exit 0 ;; esac

cd "$zx_root"
unset MAKEFLAGS MFLAGS MAKELEVEL
all=("$@") series=() newest=''
[ $# -gt 0 ] || read -r -a all <<< "$zx_stock"
for s in "${all[@]}"; do
	is_stock "$s" || die "unknown kernel series '$s' (known: $zx_stock)"
	if [ "$s" = newest ]; then
		newest=1
	else
		series+=("$s")
	fi
done
. scripts/steps.sh

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

# What takes long and shows the same on any kernel is run on one of them.
on_one_series=(abi_call freeze random snapshot_order stress supply_copy throttle wb_pageout)
# So is what the debug kernel of a series has, too: not on its stock one.
on_debug=(exit kill poison supply_copy)

# Files and mappings, where kernels change most: what runs on the newest.
short_selftests=(access child child_file child_kin child_own child_range child_share
	child_unmap discard evict file generation inode large large_copy late life limits lost map
	mkwrite mm module poison ranges reference remote scale seal slice slice_copy slice_file
	snapshot snapshot_change snapshot_destroy snapshot_pager successor supply_copy uring wb_file wb_grow
	wb_kernel wb_map wb_stream zero zero_change zero_race zircon_access zircon_chain
	zircon_clone zircon_clone_commit zircon_clone_op zircon_mapping zircon_slice zircon_snapshot
	zircon_snapshot_memory zircon_wb_clone)

# What can become of a guest, each in one way; "make rig-test" has them all.
short_rig=(success_and_arguments status_of_the_command output_is_complete hang
	panic_in_the_middle_of_ktap warning module_that_does_not_load bad_usage kernel_log counting
	steps release_of_the_newest what_has_changed lint_of_what_has_changed)

# Virtual machines in a guest, which has to have one processor: see zxp_vcpu.c.
vcpu() {
	built "$1" || { say "no module for Linux $1"; return 1; }
	scripts/vm.sh --kernel "$1" --smp 1 --timeout 1200 -- env CI=true \
		O="$zx_root/build" ZXPAGER_KO="$zx_root/build/$1/zxpager.ko" \
		selftests/run.sh vcpu
}

# The kernels of ours that a series is also tested on.
kernels_of_ours() {
	case $1 in
	6.12) echo 6.12-debug 6.12-kcsan ;;
	*) echo "$1-test" ;;
	esac
}

# How long it takes: as long as last time, if it has run here before.
last_time=$zx_cache/check-minutes/$(IFS=-; echo "${all[*]}")
to_build=()
how_long() {
	local s k minutes=$(((8 + 26 * ${#series[@]}) / $(nproc)))
	for s in "${series[@]}"; do
		for k in $(kernels_of_ours "$s"); do
			scripts/kernel.sh --ready "$k" || to_build+=("$k")
		done
	done
	[ ! -e "$last_time" ] || minutes=$(cat "$last_time")
	tell "this takes about $minutes minutes on $(nproc) processors"
	[ ${#to_build[@]} = 0 ] || tell "and about $((${#to_build[@]} * 16 / $(nproc)))" \
		"more to build kernels, which are kept: ${to_build[*]}"
}

took() {
	mkdir -p "${last_time%/*}"
	[ ${#to_build[@]} -gt 0 ] || echo $(((SECONDS + 59) / 60)) > "$last_time"
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
		fail_child fail_dirty fail_fault fail_generation fail_hook fail_pager
	later suite "selftests on $d" ours "$d" guest "$d" selftests/run.sh \
		port mm kill exit dump poison zero zero_change discard wb_wait wb_grow wb_stream \
		zircon_clone_op zircon_snapshot_zero child child_file child_kin child_own slice \
		slice_copy slice_file snapshot snapshot_change snapshot_destroy snapshot_pager \
		child_unmap supply_copy generation successor late time_limit
	later suite "kunit on $1" scripts/kunit.sh --ktap "$1" debug
	later suite "stress on $d" ours "$d" short_stress "$d" 40
	later suite "fuzz on $d" ours "$d" selftests/fuzz/fuzz.sh --kernel "$d" --runs 30 \
		--seed 1
	later suite "selftests on $c" ours "$c" guest "$c" selftests/run.sh \
		port mm signal wb_stream wb_sync
	later sanitized "$1"
}

# The tools with ASan and UBSan, their unit tests here and some others in a guest; with TSan
# those unit tests that have threads and do not wait for servers
sanitized() {
	step "sanitized tools" make -C tools SANITIZE=1 O="$zx_root/build" \
		CFLAGS="$strict" || return
	step "sanitized unit tests" make -C tools SANITIZE=1 O="$zx_root/build" check || :
	step "unit tests with TSan" make -C tools SANITIZE=thread O="$zx_root/build" \
		threaded_tests="test_backend_file test_loop test_calls test_holders test_libzx_races \
		test_libzx_wait test_libzx_pair test_zx" check || :
	# Four races: half a minute in all.
	step "races with ASan" make -C tools SANITIZE=1 O="$zx_root/build" race \
		ZXP_SECONDS=8 || :
	step "races with TSan" make -C tools SANITIZE=thread O="$zx_root/build" race \
		ZXP_SECONDS=8 || :
	suite "sanitized tools on $1" scripts/vm.sh --kernel "$1" --mem 2048 \
		--timeout 2400 -- env CI=true O="$zx_root/build/sanitize" \
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
	[ $bad = 0 ] || failed "conformance on $1" /dev/null
	tell "Linux $1, ${told##*$'\n'}"
}

# Without the recorded kernel another one is tried, and what is told of it does not
# count as a failure: it is Debian that has changed.
judge=()
lenient() {
	local lenient=1
	"$@"
}
judge_newest() {
	[[ " $(judged_stock) " != *" newest "* ]] || return 0
	judge=(lenient)
	tell "Linux $(recorded_newest), the recorded one, is gone from Debian:" \
		"what fails on $(release_of newest) does not count"
}

# All of it is read before any of it runs: the scripts may be edited meanwhile.
main() {
	how_long
	# Not through step(): what is installed is to be seen.
	tell packages
	scripts/deps.sh all || count 0 1 0
	for s in "${all[@]}"; do
		rm -f "build/$s/zxpager.ko"
		step "guest kernel $s" scripts/kernel.sh "$s" || :
	done
	tell "guests run with $(scripts/accel.sh "${all[0]}" || echo nothing)"
	for s in "${series[@]}"; do
		later step "module for $s" module "$s"
	done
	if [ -n "$newest" ]; then
		judge_newest
		later "${judge[@]}" step "module for newest" module newest
	fi
	later step tools make -C tools O="$zx_root/build" CFLAGS="$strict"
	later step selftests make -C selftests O="$zx_root/build" CFLAGS="$strict" \
		KSELFTEST_INC="$(scripts/ksrc.sh --kselftest)"
	run_queue
	later suite lint scripts/lint.sh
	later suite rig scripts/rig-test.sh "${short_rig[@]}"
	later suite syzlang selftests/fuzz/check_syzlang.py
	# The unit tests of the tools run here, with sanitizers.
	local u unit=() without
	for u in $(make -s -C tools unit-tests); do
		unit+=("--without=$u")
	done
	for s in "${series[@]}"; do
		without=()
		[ "$s" = "${series[-1]}" ] || without+=("${on_one_series[@]}")
		[ "$s" != 6.12 ] || without+=("${on_debug[@]}")
		later suite "selftests on $s" guest "$s" selftests/run.sh \
			"${without[@]/#/--without=}"
		# What a daemon makes of its store is the same on all kernels, so that
		# is seen on one.  Short forms of "make integrity" and "make crash".
		if [ "$s" = "${series[-1]}" ]; then
			later suite "tools on $s" guest "$s" tools/run-tests.sh "${unit[@]}" \
				--without=keep_gives_up --without=keep_export_hangs \
				--without=keep_file_is_locked_for_a_while
			later suite "integrity on $s" guest "$s" selftests/integrity.sh
			later suite "power cuts on $s" power_cuts "$s" 3
			later suite "killed daemons on $s" guest "$s" \
				selftests/crash.sh kill 5
		else
			later suite "tools on $s" guest "$s" tools/run-tests.sh "${unit[@]}" \
				--without=nbd_stores.sh --without=nbd_connections.sh \
				--without=writing.sh --without=space.sh --without=daemon.sh \
				--without=stop.sh --without=ten_thousand_files \
				--without=keep.sh --without=keep_ends.sh --without=keep_stores.sh \
				--without=keep_replace.sh --without=keep_store.sh \
				--without=keep_systemd.sh
		fi
		later suite "stress on $s" short_stress "$s" 20
		later suite "vcpu on $s" vcpu "$s"
	done
	if [ -n "$newest" ]; then
		later "${judge[@]}" suite "selftests on newest" guest newest selftests/run.sh \
			"${short_selftests[@]}"
		later sh -c "scripts/newest.sh > '$logs/newest' 2>&1 || :"
	fi
	for s in "${series[@]}"; do
		on_kernels_of_ours "$s"
	done
	later step demo scripts/demo.sh
	for s in "${series[@]}"; do
		later suite "speed on $s" scripts/bench.sh --kernel "$s" --gate
	done
	run_queue
	for s in "${series[@]}"; do
		conformance "$s"
	done
	[ -z "$newest" ] || tell "$(tail -n 1 "$logs/newest")"
	[ ${#judge[@]} = 0 ] || judge_newest
	took
	tell "done"
}

main
exit
