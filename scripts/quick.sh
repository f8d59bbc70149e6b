#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# quick.sh [REV]: what one runs before each commit, in less than five minutes
#
# Looks at what has changed since this branch left that of REV (default main), or is
# not committed: the lint of these files, the module for Linux 6.12, the tools and the
# selftests, and in a guest with that kernel the selftest programs among them, up to
# ten, and a hundred tests that are always the same; with a change of the tools their
# unit tests.  If only texts have changed it is the lint alone.
# The last line is "N passed, N failed, N skipped", as that of check.sh, which is what
# counts in the end.  What the steps print is kept in build/quick.
#
# shellcheck disable=SC2317,SC2154 # much is called by name; steps.sh sets variables
set -euo pipefail
. "$(dirname "$0")/lib.sh"
case ${1:-} in -*) usage; exit 0 ;; esac

cd "$zx_root"
unset MAKEFLAGS MFLAGS MAKELEVEL
base=${1:-}
for rev in main origin/main HEAD; do
	[ -n "$base" ] || ! git rev-parse -q --verify "$rev" > /dev/null || base=$rev
done
changed=$(changed_since "$base") || die "no revision '$base'"
. scripts/steps.sh

kernel=6.12
# A hundred: the ABI, mappings, reads and writes, what becomes dirty and is stored.
hundred=(abi map mm file wb_map wb_sync)

# The selftest programs among what has changed, and the hundred
tests() {
	{
		printf '%s\n' "${hundred[@]}"
		sed -n 's|^selftests/zxp_\(.*\)\.c$|\1|p' <<< "$changed" | head -n 10
	} | sort -u
}

changed() { grep -q -E "$1" <<< "$changed"; }

# Does what has changed become a program, or are they texts? Without a change all is run.
code() {
	[ -z "$changed" ] || changed '^(Kbuild$|(scripts|zxpager|uapi|selftests|tools)/)'
}

programs() {
	make -C "$1" -j "$(nproc)" O="$zx_root/build" CFLAGS="$strict" "${@:2}"
}

main() {
	local names
	scripts/deps.sh build lint rig test || count 0 1 0
	if code; then
		step "guest kernel $kernel" scripts/kernel.sh $kernel || :
		scripts/accel.sh $kernel > /dev/null || :
		later step "module for $kernel" module $kernel
		later step tools programs tools
		later step selftests programs selftests \
			KSELFTEST_INC="$(scripts/ksrc.sh --kselftest)"
		run_queue
		mapfile -t names < <(tests)
		later suite "selftests on $kernel" guest $kernel selftests/run.sh "${names[@]}"
		! changed '^tools/' || later step "unit tests" programs tools check
	fi
	later suite lint scripts/lint.sh --since "$base"
	run_queue
}

main
exit
