#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# lint.sh [--list] [--since REV] [--file FILE]... [WORD...]: what can be said of the
# sources without running them
#
# Runs checkpatch, sparse, coccinelle, kernel-doc, two compilers, clang-tidy,
# pyflakes, shellcheck and checks of documents, floors and names, as many at once as
# there are processors.  Prints KTAP.  With words only the checks that have one of
# them in their name.  Exit status 1 if one of them fails.
#
#   --list        print the names of the checks instead
#   --since REV   only the checks of what has changed since this branch left that of
#                 REV, or is not committed, and only those files where a check can
#                 tell them apart
#   --file FILE   the same for a file; may be repeated
#
# The checks themselves are in scripts/lint.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$zx_root"
list='' limited='' changed=()
while [ $# -gt 0 ]; do
	case $1 in
	--list) list=1 ;;
	--since)
		limited=1
		out=$(changed_since "${2?}") || die "no revision '$2'"
		mapfile -t -O ${#changed[@]} changed <<< "$out"
		shift
		;;
	--file)
		[ -f "${2?}" ] || die "no file '$2'"
		limited=1
		changed+=("$2")
		shift
		;;
	--help | -h) usage; exit 0 ;;
	-*) die "unknown option '$1' (see --help)" ;;
	*) break ;;
	esac
	shift
done
words=("$@")
names=() commands=()

# about FILE..., about_like PATTERN: what the checks that follow look at; they are left
# out if there is none of it
about() { subjects=$#; }
about_like() { subjects=$(files "$1" | wc -l); }

# check NAME COMMAND...: fails with what the command printed
check() {
	local word
	[ "$subjects" -gt 0 ] || return 0
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

[ -z "$limited" ] || only "${changed[@]}"

# Those that take longest come first, so that none is waited for at the end.
about "${kernel_files[@]}"
check "coccinelle: the kernel's rules" coccinelle
about_like '^(Kbuild|(zxpager|uapi)/.*|scripts/build\.sh)$'
for series in $(judged_stock); do
	check "-Wall -Wextra with clang: Linux $series" \
		scripts/build.sh --quiet --strict --clang "$series"
	check "sparse, and W=1 with gcc: Linux $series" \
		scripts/build.sh --quiet --strict --sparse "$series"
done
about "${kernel_files[@]}" "${tools_c[@]}"
check "floors: no file uses what is above it" floors
about "${tools_c[@]}"
check "clang-tidy: tools" tidy
about "${cxx_files[@]}"
check "clang-tidy: tools in C++" tidy_cxx
check "-Wall -Wextra with clang: tools in C++" clang_cxx
check "style: tools in C++" cxx_style
about "${shell_files[@]}"
check "shellcheck" shell_scripts
about "${tools_c[@]}" "${selftests_c[@]}"
check "-Wall -Wextra with clang: tools and selftests" clang_programs
about "${tools_c[@]}"
check "gcc -fanalyzer: tools" analyzer
about "${user_files[@]}"
check "checkpatch: selftests and tools" checkpatch_user
about "${kernel_files[@]}"
check "checkpatch: zxpager and uapi" checkpatch_kernel
about "${kernel_files[@]}" "${user_files[@]}"
check "kernel-doc" kernel_doc
about_like '^(scripts/lint[/.]|\.clang-tidy)'
check "the checks find what is wrong" scripts/lint/test.sh
about_like '^scripts/bench/'
check "the gate of zxbench finds what is slower" scripts/bench/test.py
about_like '^selftests/conformance'
check "conformance.py finds what is wrong" selftests/conformance_test.py
about "${python_files[@]}"
check "python" python_scripts
about_like '^Documentation/man/'
check "manual pages" manual_pages
about_like .
check "conformance: what the sources say of Zircon's tests" selftests/conformance.py --check
check "Documentation" documents
check "README: two screens, and the figures of the bench" readme
check "SPDX lines" spdx
check "LINUX_VERSION_CODE only in zxpager/compat.h" one_compat
check "no path outside of the repository" no_outside
check "no name of a package registry" no_registry
check "no pipe into grep -q, which may end first" no_early_end

if [ -n "$list" ]; then
	printf '%s\n' "${names[@]}"
	exit
fi
[ ${#names[@]} -gt 0 ] || [ -n "$limited" ] || die "no check has '${words[*]}' in its name"

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
