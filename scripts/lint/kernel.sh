#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kernel.sh: lint.sh's checks with the kernel's own tools.  Sourced, never run.
# shellcheck disable=SC2154 # lint.sh and files.sh set the variables

kernel_scripts() { scripts/ksrc.sh --scripts; }

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
	local ignore=$1 scripts
	scripts=$(kernel_scripts)
	shift
	printf '%s\n' "$@" | once 8 checkpatch_text perl "$scripts/checkpatch.pl" --no-tree \
		--strict --terse --no-summary --show-types --ignore "$ignore" -f
}
# shellcheck disable=SC2317 # once calls it
checkpatch_text() { cat "$scripts/checkpatch.pl" "$1"; }

checkpatch_kernel() {
	local f bad=
	for f in "${kernel_files[@]}"; do
		checkpatch "FILE_PATH_CHANGES$(except_for "$f")" "$f" || bad=1
	done
	[ -z "$bad" ]
}
checkpatch_user() { checkpatch "$user_ignore" "${user_files[@]}"; }

# kernel_doc [FILE...]: comments that begin with two stars, wherever they are
kernel_doc() {
	local sources=("$@")
	[ $# -gt 0 ] || sources=("${kernel_files[@]}" "${user_files[@]}")
	perl "$(kernel_scripts)/kernel-doc" -none -Wall -Werror "${sources[@]}"
}

# cocci_rule RULE FILE...: one of them alone, such as free/kfree
cocci_rule() {
	local out
	out=$(scripts/lint/cocci.sh "$(scripts/ksrc.sh --cocci)/$1.cocci" "${@:2}")
	printf '%s\n' "$out"
	[ -z "$out" ]
}

# coccinelle [FILE...]: the rules that come with the kernel, in report mode.  Two of
# them are left out, which are partly in OCaml and need its compiler: badzero is
# about what sparse tells, too, and check_bq27xxx_data about one driver.  compat.h
# is left out, since spatch cannot parse what its macros stand for.
coccinelle() {
	local rules out includes
	local sources=("$@")
	[ $# -gt 0 ] || mapfile -t sources < <(files '^zxpager/.*\.[ch]$' |
		grep -v /compat.h)
	[ ${#sources[@]} -gt 0 ] || return 0
	rules=$(scripts/ksrc.sh --cocci)
	includes=$(headers_of "$(release_of "${zx_series##* }")")
	includes=${includes%-amd64}-common
	# Macros that hide a comma.
	echo "#define ZXP_FOP_FLAGS" > "$tmp/macros"
	# What spatch cannot parse it passes over without a word.
	out=$(spatch --parse-c --macro-file "$tmp/macros" "${sources[@]}" 2>&1) || :
	grep -q '^NB total.* pbs = 0; timeout = 0;' <<< "$out" || {
		grep -A 5 'parse error\|parsing errors' <<< "$out" | head -n 30
		echo "not all of the sources are parsed: see 'macros' in scripts/lint/kernel.sh"
		return 1
	}
	# In one group they would be looked at as one program, which takes for ever.
	printf '%s\n\n' "${sources[@]}" > "$tmp/groups"
	find "$rules" -name '*.cocci' ! -name badzero.cocci ! -name check_bq27xxx_data.cocci |
		sort > "$tmp/rules"
	[ "$(wc -l < "$tmp/rules")" -gt 50 ] || { echo "no rules in $rules"; return 1; }
	out=$(xargs -P "$(nproc)" -I '{}' scripts/lint/cocci.sh '{}' \
		--macro-file "$tmp/macros" -I zxpager -I uapi \
		-I "$includes/include" -I "$includes/arch/x86/include" \
		--file-groups "$tmp/groups" < "$tmp/rules" 2>&1) || { echo "$out"; return 1; }
	printf '%s\n' "$out"
	[ -z "$out" ]
}
