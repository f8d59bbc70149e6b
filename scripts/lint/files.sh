#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# files.sh: which files lint.sh looks at.  Sourced, never run.
# shellcheck disable=SC2034,SC2154 # the lists are for who sources this; lib.sh sets variables

# files PATTERN: files of ours whose paths match, tracked or not yet; of those that have
# changed, if it is only about them
files() {
	printf '%s\n' "${all_files[@]}" | grep -E "$1" || :
}

# each COUNT COMMAND...: for the files on stdin, so many at a time, side by side
each() {
	local count=$1
	shift
	xargs -r -P "$(nproc)" -n "$count" "$@"
}

# once COUNT TEXT COMMAND...: as each, but only for those files that COMMAND has not passed
# before.  What "TEXT FILE" prints is all that its verdict depends on.
once() {
	local count=$1 text=$2 dir=$zx_cache/lint f sum new=() sums=()
	shift 2
	mkdir -p "$dir"
	find "$dir" -type f -mtime +30 -delete
	while IFS= read -r f; do
		if sum=$({ echo "$* $f"; $text "$f"; } 2> /dev/null | sha256sum); then
			sum=$dir/${sum%% *}
			[ ! -e "$sum" ] || { touch "$sum"; continue; }
			sums+=("$sum")
		fi
		new+=("$f")
	done
	[ ${#new[@]} -gt 0 ] || return 0
	printf '%s\n' "${new[@]}" | each "$count" "$@" && touch "${sums[@]}"
}

# scripts_in LANGUAGE: files whose first line names such an interpreter
# shellcheck disable=SC2016 # it is for awk
scripts_in() {
	files . | tr '\n' '\0' | LC_ALL=C xargs -0 -r awk -v "re=^#!.*[/ ]$1\$" \
		'FNR == 1 && $0 ~ re { print FILENAME } { nextfile }'
}

mapfile -t all_files < <(git ls-files -co --exclude-standard |
	while IFS= read -r f; do
		[ ! -f "$f" ] || printf '%s\n' "$f"
	done)

# Sets the lists from all_files.
sort_files() {
	mapfile -t kernel_files < <(files '^(zxpager|uapi)/.*\.[ch]$')
	mapfile -t user_files < <(files '^(selftests|tools)/.*\.[ch]$' | grep -v /lib/zx/)
	mapfile -t cxx_files < <(files '^tools/.*(\.cc|\.hh|/lib/zx/.*\.h)$')
	mapfile -t tools_cc < <(files '^tools/.*\.cc$')
	mapfile -t tools_c < <(files '^tools/.*\.c$')
	mapfile -t selftests_c < <(files '^selftests/.*\.c$')
	mapfile -t shell_files < <(scripts_in '(ba|da)?sh')
	mapfile -t python_files < <(scripts_in 'python3')
}

sort_files
# A check of nothing would pass.
if [ ${#kernel_files[@]} -lt 20 ] || [ ${#user_files[@]} -lt 50 ] ||
	[ ${#tools_cc[@]} -lt 2 ] || [ ${#shell_files[@]} -lt 10 ] || [ ${#python_files[@]} -lt 2 ]; then
	die "not all sources were found"
fi

# only FILE...: from here on it is about these alone
only() {
	mapfile -t all_files < <(printf '%s\n' "${all_files[@]}" |
		grep -x -F -f <(printf '%s\n' "$@"))
	sort_files
}
