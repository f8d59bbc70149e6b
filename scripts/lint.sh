#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# lint.sh [--list] [WORD...]: what can be said of the sources without running them
#
# Runs checkpatch, sparse, coccinelle, kernel-doc, two compilers, clang-tidy,
# pyflakes, shellcheck and checks of documents, floors and names, as many at once as
# there are processors.  Prints KTAP.  With words only the checks that have one of
# them in their name.  Exit status 1 if one of them fails.
#
#   --list   print the names of the checks instead
#
# The checks themselves are in scripts/lint.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
list=
case ${1:-} in
--list) list=1; shift ;;
-*) usage; exit 0 ;;
esac

cd "$zx_root"
words=("$@")
names=() commands=()

# check NAME COMMAND...: fails with what the command printed
check() {
	local word
	for word in "${words[@]-}"; do
		[[ $1 != *"$word"* ]] || break
	done
	[[ $1 == *"$word"* ]] || return 0
	names+=("$1")
	commands+=("${*:2}")
}

. scripts/lint/files.sh
. scripts/lint/kernel.sh
. scripts/lint/programs.sh
. scripts/lint/texts.sh

# Those that take longest come first, so that none is waited for at the end.
check "coccinelle: the kernel's rules" coccinelle
for series in $zx_series; do
	check "-Wall -Wextra with clang: Linux $series" \
		scripts/build.sh --quiet --strict --clang "$series"
	check "sparse, and W=1 with gcc: Linux $series" \
		scripts/build.sh --quiet --strict --sparse "$series"
done
check "floors: no file uses what is above it" floors
check "clang-tidy: tools" tidy
check "shellcheck" shell_scripts
check "-Wall -Wextra with clang: tools and selftests" clang_programs
check "gcc -fanalyzer: tools" analyzer
check "checkpatch: selftests and tools" checkpatch_user
check "checkpatch: zxpager and uapi" checkpatch_kernel
check "kernel-doc" kernel_doc
check "the checks find what is wrong" scripts/lint/test.sh
check "the gate of zxbench finds what is slower" scripts/bench/test.py
check "conformance.py finds what is wrong" selftests/conformance_test.py
check "python" python_scripts
check "manual pages" manual_pages
check "Documentation" documents
check "README: two screens, and the figures of the bench" readme
check "SPDX lines" spdx
check "LINUX_VERSION_CODE only in zxpager/compat.h" one_compat
check "no path outside of the repository" no_outside
check "no name of a package registry" no_registry

if [ -n "$list" ]; then
	printf '%s\n' "${names[@]}"
	exit
fi
[ ${#names[@]} -gt 0 ] || die "no check has '${words[*]}' in its name"

tmp=$(mktemp -d)
# checkpatch keeps notes in the directory it is run in.
trap 'rm -rf "$tmp" .checkpatch-camelcase.*' EXIT

# run I: its output is in $tmp/I, and then how it went in $tmp/I.end
run() {
	local start=$SECONDS word=ok
	# shellcheck disable=SC2086 # a function or a program, and plain words
	${commands[$1]} > "$tmp/$1" 2>&1 < /dev/null || word="not ok"
	echo "$word|$((SECONDS - start))" > "$tmp/$1.end"
}

# Results are printed in the order of the list, as soon as they are there.
printed=0 failures=0
report() {
	local word seconds
	while [ $printed -lt ${#names[@]} ] && [ -e "$tmp/$printed.end" ]; do
		IFS='|' read -r word seconds < "$tmp/$printed.end"
		echo "$word $((printed + 1)) - ${names[$printed]} # $seconds s"
		if [ "$word" != ok ]; then
			failures=$((failures + 1))
			[ -s "$tmp/$printed" ] || echo "no output" > "$tmp/$printed"
			head -n 60 "$tmp/$printed" | sed 's/^/# /'
		fi
		printed=$((printed + 1))
	done
}

echo "KTAP version 1"
running=0
for i in "${!names[@]}"; do
	if [ $running -ge "$(nproc)" ]; then
		wait -n || :
		running=$((running - 1))
		report
	fi
	run "$i" &
	running=$((running + 1))
done
while [ $running -gt 0 ]; do
	wait -n || :
	running=$((running - 1))
	report
done
# One that did not even end is missing here, and in the plan.
echo "1..${#names[@]}"
[ $failures = 0 ] && [ $printed = ${#names[@]} ]
