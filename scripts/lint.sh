#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# lint.sh: what can be said of the sources without running them, as KTAP
#
# checkpatch, kernel-doc, sparse, the compiler's extra warnings, shellcheck and
# some rules of this repository.  Exit status 1 if one of them fails.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
[ $# = 0 ] || { usage; exit 0; }

cd "$zx_root"
number=0 failures=0

# check NAME COMMAND...: fails with what the command printed
check() {
	local name=$1 out word=ok
	shift
	out=$("$@" 2>&1) || word="not ok"
	number=$((number + 1))
	echo "$word $number - $name"
	[ "$word" = ok ] && return
	failures=$((failures + 1))
	head -n 60 <<< "${out:-no output}" | sed 's/^/# /'
}

# Files of ours whose paths match, tracked or not yet.
files() {
	git ls-files -co --exclude-standard | grep -E "$1" |
		while IFS= read -r f; do
			[ ! -f "$f" ] || printf '%s\n' "$f"
		done
}

# checkpatch keeps notes in the directory it is run in.
trap "rm -f .checkpatch-camelcase.*" EXIT
scripts=$(scripts/ksrc.sh --scripts)
mapfile -t kernel_files < <(files '^(zxpager|uapi)/.*\.[ch]$')
mapfile -t user_files < <(files '^(selftests|tools)/.*\.[ch]$')
mapfile -t shell_files < <(files '.' | while IFS= read -r f; do
	head -c 40 "$f" | sed -n 1p | LC_ALL=C grep -a -q -E '^#!.*[/ ](ba|da)?sh$' &&
		printf '%s\n' "$f"
done)

# Userspace has types, printf, errno values and strings of its own; the macros
# of kselftest_harness.h look like statements and need the braces around them.
user_ignore=PREFER_KERNEL_TYPES,AVOID_EXTERNS,COMPLEX_MACRO,MACRO_ARG_REUSE
user_ignore+=,CAMELCASE,LONG_LINE,LONG_LINE_STRING,LONG_LINE_COMMENT
user_ignore+=,VOLATILE,CONSTANT_COMPARISON,PREFER_FALLTHROUGH,ENOSYS
user_ignore+=,STRLCPY,STRCPY,STRNCPY,NEW_TYPEDEFS,SSCANF_TO_KSTRTO
user_ignore+=,MACRO_ARG_PRECEDENCE,MULTISTATEMENT_MACRO_USE_DO_WHILE
user_ignore+=,OPEN_ENDED_LINE,PREFER_DEFINED_ATTRIBUTE_MACRO,SYMBOLIC_PERMS
user_ignore+=,BRACES,LINE_SPACING,MACRO_WITH_FLOW_CONTROL,USE_NEGATIVE_ERRNO
user_ignore+=,EMBEDDED_FUNCTION_NAME,ARRAY_SIZE,MULTIPLE_ASSIGNMENTS,BIT_MACRO
user_ignore+=,LEADING_SPACE,SPLIT_STRING,MISSING_SPACE

# Where compat.h looks at the kernel's version checkpatch takes that macro for
# a constant; and userspace, which reads the uapi header, has no BIT().
except_for() {
	case $1 in
	*/compat.h) echo ,LINUX_VERSION_CODE,CONSTANT_COMPARISON ;;
	uapi/*) echo ,BIT_MACRO ;;
	esac
}

# checkpatch IGNORE FILE...
checkpatch() {
	local ignore=$1 f out bad=
	shift
	for f; do
		out=$(perl "$scripts/checkpatch.pl" --no-tree --strict --terse \
			--no-summary --show-types --ignore "$ignore$(except_for "$f")" \
			-f "$f") || bad=1
		[ -z "$out" ] || printf '%s\n' "$out"
	done
	[ -z "$bad" ]
}

# none PATTERN [EXCEPT]: the pattern is nowhere, but in files whose names match
none() {
	local found
	found=$(files . | grep -v -E "${2:-^$}" | tr '\n' '\0' |
		xargs -0 grep -n -I -E -e "$1" /dev/null) || return 0
	printf '%s\n' "$found"
	return 1
}

spdx() {
	local f bad=
	while IFS= read -r f; do
		head -n 3 "$f" | grep -q SPDX-License-Identifier: && continue
		echo "$f: no SPDX line"
		bad=1
	done < <(files '(\.(c|h|S|sh|py|awk|map|mk|yml)|akefile|Kbuild|Kconfig)$'
		 printf '%s\n' "${shell_files[@]}")
	[ -z "$bad" ]
}

some() { [ $# -gt 1 ] || { echo "no files"; return 1; }; shift; }

kernel_doc() {
	perl "$scripts/kernel-doc" -none -Wall -Werror "$@"
}

# Between two lines of marks the README repeats a file.
readme_example() {
	sed -n '/^--8<--/,/^-->8--/p' README | sed '1d;$d' |
		diff - tools/examples/hello-pager.c
}

echo "KTAP version 1"
check "there are sources of the module" some "${kernel_files[@]}"
check "checkpatch: zxpager and uapi" checkpatch FILE_PATH_CHANGES "${kernel_files[@]}"
check "checkpatch: selftests and tools" checkpatch "$user_ignore" "${user_files[@]}"
check "kernel-doc: zxpager and uapi" kernel_doc "${kernel_files[@]}"
for series in $zx_series; do
	check "W=1 with gcc: Linux $series" \
		scripts/build.sh --quiet --strict "$series"
	check "sparse: Linux $series" \
		scripts/build.sh --quiet --strict --sparse "$series"
done
check "README has the example as it is" readme_example
check "shellcheck" shellcheck "${shell_files[@]}"
check "SPDX lines" spdx
check "LINUX_VERSION_CODE only in zxpager/compat.h" \
	none 'LINUX_VERSION_CODE|KERNEL_VERSION' '^zxpager/compat\.h$|^scripts/lint\.sh$|\.md$'
check "no path outside of the repository" none '[.][.]/shared|[/]work/'
check "no name of a package registry" \
	none '[a-z]+[.](debian[.]org|npmjs[.]|golang[.]org)|pypi[.]org|crates[.]io'
echo "1..$number"
[ $failures = 0 ]
