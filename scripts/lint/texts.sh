#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# texts.sh: lint.sh's checks of scripts, documents and names.  Sourced, never run.
# shellcheck disable=SC2154 # lint.sh and files.sh set the variables

# shell_scripts [FILE...]
shell_scripts() {
	local sources=("$@")
	[ $# -gt 0 ] || sources=("${shell_files[@]}")
	printf '%s\n' "${sources[@]}" | each 8 shellcheck
}

# python_scripts [FILE...]
python_scripts() {
	local sources=("$@")
	[ $# -gt 0 ] || sources=("${python_files[@]}")
	python3 -c 'import ast, sys
for name in sys.argv[1:]:
	ast.parse(open(name).read(), name)' "${sources[@]}" &&
		pyflakes3 "${sources[@]}"
}

# manual_pages [FILE...]: for both programs that read them.  The pages have no date: they
# belong to the version that they are installed with.
manual_pages() {
	local sources=("$@") out page
	[ $# -gt 0 ] || mapfile -t sources < <(files '^Documentation/man/')
	out=$(mandoc -T lint -W warning "${sources[@]}" |
		grep -v 'WARNING: missing date, using "": TH$' || :
		for page in "${sources[@]}"; do
			groff -ww -b -man -T utf8 -Z "$page" 2>&1 > /dev/null |
				sed "s|^|$page: |"
		done)
	printf '%s\n' "$out"
	[ -z "$out" ]
}

# documents [FILE...]
documents() { scripts/lint/documents.py "$@"; }

# floors [DOCUMENT]: the tools in a directory of their own, since others may be building
# them at the same time
floors() {
	local tools=$zx_root/build/floors
	if [ $# = 0 ]; then
		scripts/build.sh --quiet --strict "${zx_series##* }" || return
		make -s -C tools O="$tools" lib "$tools/tools/zxpagerd/zxpagerd" || return
	fi
	scripts/lint/floors.py "$@"
}

# none PATTERN [EXCEPT]: the pattern is nowhere, but in files whose names match
none() {
	local found
	found=$(files . | grep -v -E "${2:-^$}" | tr '\n' '\0' |
		xargs -0 grep -n -I -E -e "$1" /dev/null) || return 0
	printf '%s\n' "$found"
	return 1
}

one_compat() {
	none 'LINUX_VERSION_CODE|KERNEL_VERSION' \
		'^zxpager/compat\.h$|^scripts/lint/|^scripts/lint\.sh$|\.md$'
}
no_outside() { none '[.][.]/shared|[/]work/'; }
no_registry() {
	none '[a-z]+[.](debian[.]org|npmjs[.]|golang[.]org)|pypi[.]org|crates[.]io'
}

# Whoever writes to it then gets SIGPIPE, if he is slow, and with pipefail that is a failure.
no_early_end() {
	none '[^|][|] *grep( -[a-z]+)* -[a-z]*q' '\.(rst|md|[ch])$|^scripts/lint/texts\.sh$'
}

spdx() {
	local f bad=
	while IFS= read -r f; do
		grep -q SPDX-License-Identifier: < <(head -n 3 "$f") && continue
		echo "$f: no SPDX line"
		bad=1
	done < <(files '(\.(c|h|cc|hh|cmake\.in|S|sh|py|awk|map|mk|yml|rst|clang-tidy)|akefile|Kbuild|Kconfig)$'
		 printf '%s\n' "${shell_files[@]}" "${python_files[@]}" | grep .)
	[ -z "$bad" ]
}

# readme [FILE]: does it fit two screens, and are its figures those of performance.rst?
# A row that begins with the name of a work ends with its ratios to userfaultfd and to
# FUSE, each on 6.1 and on 6.12.
readme() {
	awk '
	NR == FNR && $3 == "icount" {
		gsub(/`/, "")
		split($1, own, ".")
		split($2, peer, ".")
		if ($1 != own[1] ".zxpager" || $2 != own[1] "." peer[2])
			next
		row = ""
		for (i = 4; i < NF; i++)
			if ($(i + 1) == "of")
				row = row " " $i
		ratios[own[1], peer[2]] = row
		works[own[1]] = 1
	}
	NR == FNR { next }
	length > 80 { print FILENAME ":" FNR ": longer than 80 columns" }
	$1 in works && $NF ~ /^([0-9.]+|-)$/ {
		rows++
		want = ""
		for (i = split("userfaultfd fuse", peers, " "); i; i--)
			want = (($1, peers[i]) in ratios ? ratios[$1, peers[i]] : " - -") want
		have = " " $(NF - 3) " " $(NF - 2) " " $(NF - 1) " " $NF
		if (have != want)
			print FILENAME ":" FNR ": " $1 " is" want " in performance.rst"
	}
	END {
		if (FNR > 100)
			print FILENAME ": " FNR " lines are more than two screens of 50"
		if (!rows)
			print FILENAME ": no figures"
	}' Documentation/performance.rst "${1:-README}" | { ! grep .; }
}
