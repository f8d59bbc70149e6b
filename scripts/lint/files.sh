#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# files.sh: which files lint.sh looks at.  Sourced, never run.
# shellcheck disable=SC2034 # the lists are for who sources this

# Files of ours whose paths match, tracked or not yet.
files() {
	git ls-files -co --exclude-standard | grep -E "$1" |
		while IFS= read -r f; do
			[ ! -f "$f" ] || printf '%s\n' "$f"
		done
}

# each COUNT COMMAND...: for the files on stdin, so many at a time, side by side
each() {
	local count=$1
	shift
	xargs -P "$(nproc)" -n "$count" "$@"
}

# scripts_in LANGUAGE: files whose first line names such an interpreter
scripts_in() {
	files . | while IFS= read -r f; do
		head -c 40 "$f" | sed -n 1p | LC_ALL=C grep -a -q -E "^#!.*[/ ]$1\$" &&
			printf '%s\n' "$f"
	done
}

mapfile -t kernel_files < <(files '^(zxpager|uapi)/.*\.[ch]$')
mapfile -t user_files < <(files '^(selftests|tools)/.*\.[ch]$')
mapfile -t tools_c < <(files '^tools/.*\.c$')
mapfile -t selftests_c < <(files '^selftests/.*\.c$')
mapfile -t shell_files < <(scripts_in '(ba|da)?sh')
mapfile -t python_files < <(scripts_in 'python3')

# A check of nothing would pass.
if [ ${#kernel_files[@]} -lt 20 ] || [ ${#user_files[@]} -lt 50 ] ||
	[ ${#shell_files[@]} -lt 10 ] || [ ${#python_files[@]} -lt 2 ]; then
	die "not all sources were found"
fi
