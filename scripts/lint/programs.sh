#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# programs.sh: lint.sh's checks of what runs in userspace.  Sourced, never run.
# shellcheck disable=SC2154 # lint.sh and files.sh set the variables

# As in tools/Makefile.
tools_flags=(-std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wmissing-prototypes
	-Wstrict-prototypes -Iuapi -Itools/libzx/include)

# As in tools/Makefile; the warnings of -Wconversion are those of other compilers, too.
cxx_flags=(-D_GNU_SOURCE -Wall -Wextra -pedantic -Wconversion -fno-exceptions -fno-rtti
	-Iuapi -Itools/libzx/include)

# clang_programs [FILE...]: both compilers are to agree.  The harness gives each test
# parameters that few use; gcc does not mind, since its header is a system's.
clang_programs() {
	local kselftest sources=("$@")
	[ $# -gt 0 ] || sources=("${tools_c[@]}")
	kselftest=$(scripts/ksrc.sh --kselftest)
	printf '%s\n' "${sources[@]}" |
		each 10 clang -fsyntax-only -Werror "${tools_flags[@]}" &&
	printf '%s\n' "${selftests_c[@]}" |
		each 10 clang -fsyntax-only -Werror -std=gnu11 -pthread -Wall -Wextra \
			-Wno-unused-parameter -Iuapi -isystem "$kselftest"
}

# clang_cxx [FILE...]: by the first standard that will do, and by a later one
clang_cxx() {
	local std sources=("$@")
	[ $# -gt 0 ] || sources=("${tools_cc[@]}")
	for std in 17 20; do
		printf '%s\n' "${sources[@]}" |
			each 1 clang++ -fsyntax-only -Werror -std=c++$std "${cxx_flags[@]}" ||
			return
	done
}

# cxx_style [FILE...]: what checkpatch says of C it does not say of C++
cxx_style() {
	local f sources=("$@")
	[ $# -gt 0 ] || sources=("${cxx_files[@]}")
	for f in "${sources[@]}"; do
		! grep -n -H -P '^\t*( {8}| +\t)|[ \t]$' "$f" || return
		expand "$f" | awk -v f="$f" 'length > 100 { print f ":" NR ": longer than 100"; bad = 1 }
			END { exit bad }' || return
	done
}

# analyzer [FILE...]: gcc's.  It takes for leaked what is kept by a pointer to a part
# of it, so leaks are left to clang-tidy, which has the same check.
analyzer() {
	local sources=("$@")
	[ $# -gt 0 ] || sources=("${tools_c[@]}")
	printf '%s\n' "${sources[@]}" | once 1 analyzer_text gcc -O2 -fanalyzer -Werror \
		-Wno-analyzer-malloc-leak "${tools_flags[@]}" -S -o /dev/null
}
# shellcheck disable=SC2317 # once calls it
analyzer_text() { gcc -dumpfullversion && gcc -E "${tools_flags[@]}" "$1"; }

# tidy_cxx [FILE...]
tidy_cxx() {
	local sources=("$@")
	[ $# -gt 0 ] || sources=("${tools_cc[@]}")
	tidy_with -std=c++17 "${cxx_flags[@]}" -- "${sources[@]}"
}

# tidy [FILE...]: .clang-tidy says what for.  One file at a time: what clang 14 knows
# of a va_list it forgets with the next.
tidy() {
	local sources=("$@")
	[ $# -gt 0 ] || sources=("${tools_c[@]}")
	tidy_with "${tools_flags[@]}" -- "${sources[@]}"
}

# tidy_with FLAG... -- FILE...
tidy_with() {
	local flags=() out version
	version=$(clang-tidy --version)
	while [ "$1" != -- ]; do
		flags+=("$1")
		shift
	done
	out=$(printf '%s\n' "${@:2}" |
		once 1 tidy_text scripts/lint/tidy.sh "${flags[@]}" -- 2>&1) ||
		{ grep -v 'warnings\? generated\.$' <<< "$out"; return 1; }
}
# shellcheck disable=SC2317 # once calls it
tidy_text() { echo "$version" && cat .clang-tidy && clang -E -C "${flags[@]}" "$1"; }
