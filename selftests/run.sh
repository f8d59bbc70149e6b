#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh [--without=PROGRAM]... [PROGRAM...]: load the module, run every test program,
# unload it again
#
# Run as root in the checkout, on a machine that may crash. ZXPAGER_KO is the
# module, O the build directory (default build); the programs are
# $O/selftests/zxp_*. With arguments only the programs of these names are run
# (with or without the leading "zxp_"), or all but those.
#
# On a kernel with kmemleak what is left behind is looked for at the end.
#
# The output is one KTAP stream: a line for each test of each program, named
# program.fixture.variant.test. The exit status is 0 if nothing failed.
set -u

here=$(dirname "$(realpath "$0")")
O=${O:-$here/../build}
ko=${ZXPAGER_KO:?the path of zxpager.ko}
limit=$(sed -n 's/^timeout=//p' "$here/settings")
. "$here/module.sh"

# Turn the KTAP of a program into lines of this stream.
run_program() {
	local name=$1 line plan='' seen=0 bad=0 status re start=$SECONDS
	re='^(ok|not ok) [0-9]+ ?(- )?([^# ]*)(.*)$'
	exec 3< <(timeout -k 10 "$limit" "$O/selftests/$name" 2>&1
		  echo "#exit $?")
	while IFS= read -r line <&3; do
		case $line in
		'TAP version'* | 'KTAP version'*) ;;
		# Whatever it has left behind may still have its output.
		'#exit '*) status=${line#\#exit }; break ;;
		1..[0-9]*) plan=${line#1..}; plan=${plan%% *} ;;
		*)
			if [[ $line =~ $re ]]; then
				seen=$((seen + 1))
				[ "${BASH_REMATCH[1]}" = ok ] || bad=1
				result "${BASH_REMATCH[1]}" \
					"$name.${BASH_REMATCH[3]}" \
					"${BASH_REMATCH[4]}"
			else
				echo "# ${line#\# }"
			fi ;;
		esac
	done
	exec 3<&-
	# A program that has failed without a line of its own to say so.
	if [ "${plan:-none}" != $seen ]; then
		result "not ok" "$name" " # $seen tests of ${plan:-?} run, status $status"
	elif [ "$status" != 0 ] && [ $bad = 0 ] &&
	     ! { [ "$status" = 4 ] && [ "$plan" = 0 ]; }; then
		result "not ok" "$name" " # ended with status $status"
	fi
	echo "# $name took $((SECONDS - start)) s"
}

without=' '
while [[ ${1:-} = --without=* ]]; do
	p=zxp_${1#--without=}
	[ -x "$O/selftests/$p" ] || { echo "run.sh: no $p" >&2; exit 2; }
	without+="$p "
	shift
done
if [ $# -gt 0 ]; then
	programs=("${@/#zxp_/}")
	programs=("${programs[@]/#/zxp_}")
else
	programs=()
	for p in "$O"/selftests/zxp_*; do
		[ ! -x "$p" ] || [[ $without = *" ${p##*/} "* ]] || programs+=("${p##*/}")
	done
fi

echo "TAP version 13"
check module.no_devname module_no_devname
leaks_begin
if check module.load module_load; then
	for p in "${programs[@]}"; do
		run_program "$p"
	done
	check_leaks module.leaks
	check_unload module
fi
[ ${#programs[@]} -gt 0 ] || result "not ok" programs " # none in $O/selftests"
echo "1..$count"
echo "# $((count - failed - skipped)) passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
