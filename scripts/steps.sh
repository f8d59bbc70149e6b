#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# steps.sh: what check.sh and quick.sh consist of: steps and suites whose results
# are counted, one after the other or several at a time.  Sourced by them in the
# root of the checkout, never run.
#
# What the steps print is kept in $logs, and the last line, whatever happens, is
# "N passed, N failed, N skipped".
#
# shellcheck disable=SC2154,SC2317,SC2034 # lib.sh and who sources this share its names

# Others may run this for other trees: each has its own build directory.
logs=$zx_root/build/${zx_me%.sh}
rm -rf "$logs"
mkdir -p "$logs"
touch "$logs/counts" "$logs/failed" "$logs/lock"

at() { printf '[%4d s] ' $SECONDS; }

# tell TEXT...: lines that nothing comes between; several steps may be under way
tell() { flock "$logs/lock" printf '%s\n' "$(at)$*"; }

# count PASSED FAILED SKIPPED; where the caller is lenient what failed is skipped
# shellcheck disable=SC2016 # that is for the inner shell
count() {
	[ -z "${lenient:-}" ] || set -- "$1" 0 $(($2 + $3))
	flock "$logs/lock" sh -c 'echo "$@" >> "$0"' "$logs/counts" "$@"
}

# failed NAME KTAP: so that it is found at the end as well, with what was said of it
# shellcheck disable=SC2016 # that is for awk
failed() {
	[ -z "${lenient:-}" ] || return 0
	flock "$logs/lock" awk -v name="$1" '
		BEGIN { print "failed: " name }
		/^not ok/ && !/# *[Ss][Kk][Ii][Pp]/ {
			for (i = said > 5 ? said - 5 : 0; i < said; i++)
				print "    " line[i]
			print "    " $0
			after = 6
		}
		/^#/ { line[said++] = $0 }
		/^#/ && after { print "    " $0; after-- }
		!/^#/ { said = 0 }
		/^ok/ { after = 0 }' "$2" >> "$logs/failed"
}

# The end of a file, as a part of what is told.
excerpt() { tail -n "$1" "$2" | sed 's/^/    /'; }

# step NAME COMMAND...: a case that passes if the command does
step() {
	local name=$1 log start=$SECONDS
	shift
	log=$logs/${name//[ :,]/-}.log
	if "$@" > "$log" 2>&1 < /dev/null; then
		count 1 0 0
		tell "$name: ok ($((SECONDS - start)) s)"
		return 0
	fi
	count 0 1 0
	failed "$name" /dev/null
	tell "$name: FAILED ($((SECONDS - start)) s), the end of ${log#"$zx_root/"}:
$(excerpt 30 "$log")"
	return 1
}

# suite NAME COMMAND...: its output is KTAP, and each result is a case.  A guest
# that crashed, hung or went away is one failure more, whatever was reported.
suite() {
	local name=$1 log start=$SECONDS status=0 rest lost=0 good bad skip
	shift
	log=$logs/${name//[ :,]/-}
	"$@" > "$log.ktap" 2> "$log.log" < /dev/null || status=$?
	if [ "$status" -ge 124 ] && [ "$status" -le 127 ]; then
		lost=1
	fi
	rest=$((lost ? 0 : status))
	read -r good bad skip <<< "$(scripts/ktap.sh --status "$rest" "$log.ktap")"
	bad=$((bad + lost))
	count "$good" "$bad" "$skip"
	[ "$bad" = 0 ] || failed "$name" "$log.ktap"
	tell "$name: $good passed, $bad failed, $skip skipped ($((SECONDS - start)) s)$(
		[ "$bad" = 0 ] || why "$log" "$status")"
}

# why LOG STATUS: what there is to say of a suite that failed
why() {
	echo
	grep -B 8 -A 8 -i '^not ok\|^bail out' "$1.ktap" | grep -v '^ok ' |
		head -n 60 | sed 's/^/    /' || :
	grep -q '^1\.\.' "$1.ktap" || echo "    (no plan)"
	[ "$2" = 0 ] || echo "    exit status $2, ${1#"$zx_root/"}.log says:"
	excerpt 40 "$1.log"
}

# later COMMAND...: for the workers, who take what comes first
later() { printf '%q ' "$@"; echo; } >> "$logs/queue"

worker() {
	local job
	exec 6> "$logs/queue.lock"
	while flock 6 && read -r job <&5; do
		flock -u 6
		eval "$job" 5<&- 6>&- || :
	done
}

run_queue() {
	local n workers
	workers=$(nproc)
	exec 5< "$logs/queue"
	for ((n = 0; n < workers; n++)); do
		worker &
	done
	wait
	rm "$logs/queue"
}

# guest SERIES SCRIPT [ARG...]: a script of tests in a guest of that series
guest() {
	local kernel=$1 log mem=1024
	shift
	[ -e "$1" ] || { say "no $1"; return 1; }
	built "$kernel" || { say "no module for Linux $kernel"; return 1; }
	log=${1%.sh}
	if is_flavour "$kernel"; then
		mem=2048
	fi
	scripts/vm.sh --kernel "$kernel" --timeout 7200 --mem "$mem" \
		--log "$logs/${log//\//-}-$kernel.klog" -- \
		env CI=true O="$zx_root/build" \
		ZXPAGER_KO="$zx_root/build/$kernel/zxpager.ko" "$@"
}

# module NAME OPTION... KERNEL
module() { scripts/build.sh --strict "$@"; }
built() { [ -e "build/$1/zxpager.ko" ]; }
strict="-O2 -g -Werror"

# The last line is there whatever happens, and above it is what failed: who looks at the
# end of a long run finds it there.
finish() {
	local passed=0 failed=0 skipped=0 good bad skip
	[ "$1" = 0 ] || failed=1
	while read -r good bad skip; do
		passed=$((passed + good)) failed=$((failed + bad))
		skipped=$((skipped + skip))
	done < "$logs/counts"
	cat "$logs/failed"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] || exit 1
}
trap 'finish $?' EXIT
trap 'exit 130' INT TERM

