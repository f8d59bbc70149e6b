#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cocci.sh RULE [OPTION...] FILE...: what one of coccinelle's rules has to say
#
# A rule names options of its own in its head.  Prints its reports, nothing if there
# are none; exit status 1 if spatch could not do it.
set -euo pipefail
# Some rules go deep into a long function.
ulimit -s "$(ulimit -H -s)"
rule=${1:?a rule}
shift
read -r -a options <<< "$(sed -n 's|^// *Options: *||p' "$rule" | head -n 1)"
err=$(mktemp)
trap 'rm -f "$err"' EXIT
spatch -D report --no-show-diff --very-quiet "${options[@]}" \
	--cocci-file "$rule" "$@" 2> "$err" || {
	echo "spatch failed at ${rule##*/coccinelle/}:"
	tail -n 5 "$err"
	exit 1
}
