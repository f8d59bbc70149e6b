#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# programs.sh: lint.sh's checks of what runs in userspace.  Sourced, never run.
# shellcheck disable=SC2154 # lint.sh and files.sh set the variables

# As in tools/Makefile.
tools_flags=(-std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wmissing-prototypes
	-Wstrict-prototypes -Iuapi -Itools/libzx/include)

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

# analyzer [FILE...]: gcc's.  It takes for leaked what is kept by a pointer to a part
# of it, so leaks are left to clang-tidy, which has the same check.
analyzer() {
	local sources=("$@")
	[ $# -gt 0 ] || sources=("${tools_c[@]}")
	printf '%s\n' "${sources[@]}" | each 1 gcc -O2 -fanalyzer -Werror \
		-Wno-analyzer-malloc-leak "${tools_flags[@]}" -S -o /dev/null
}

# tidy [FILE...]: .clang-tidy says what for.  One file at a time: what clang 14 knows
# of a va_list it forgets with the next.
tidy() {
	local sources=("$@") out
	[ $# -gt 0 ] || sources=("${tools_c[@]}")
	out=$(printf '%s\n' "${sources[@]}" | each 1 scripts/lint/tidy.sh "${tools_flags[@]}" -- 2>&1) ||
		{ grep -v 'warnings\? generated\.$' <<< "$out"; return 1; }
}
