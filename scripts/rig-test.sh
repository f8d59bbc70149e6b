#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# rig-test.sh [NAME...]: does the rig tell apart what can happen in a guest?
#
# Runs guests that succeed, fail, hang, crash, warn and go away, and looks at
# what vm.sh makes of them; and gives ktap.sh and klog.sh samples.  Prints KTAP,
# exit status 1 if one test failed.  A NAME is a function test_NAME below.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
case ${1:-} in --help | -h) usage; exit 0 ;; esac

scripts=$zx_root/scripts
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$zx_root"

# vm WANT ARG...: run vm.sh, and see whether it ends with WANT; its output is in
# $tmp/out, what it says in $tmp/err.
vm() {
	local want=$1 got=0
	shift
	"$scripts/vm.sh" --timeout 60 "$@" > "$tmp/out" 2> "$tmp/err" || got=$?
	[ $got = "$want" ] && return
	echo "status $got instead of $want: vm.sh $*"
	tail -n 12 "$tmp/err"
	return 1
}

# same WHAT GOT WANT
same() {
	[ "$2" = "$3" ] && return
	printf '%s: %q instead of %q\n' "$1" "$2" "$3"
	return 1
}

said() {
	grep -q -e "$1" "$tmp/err" && return
	echo "'$1' was not said, but:"
	tail -n 12 "$tmp/err"
	return 1
}

# --- the guest ------------------------------------------------------------------

test_success_and_arguments() {
	# shellcheck disable=SC2016 # it is not to be expanded
	local args=('two words' '' "quo'te" 'dollar $HOME' $'new\nline' '*')
	vm 0 -- printf '%s|' "${args[@]}"
	same output "$(cat "$tmp/out"; echo .)" "$(printf '%s|' "${args[@]}"; echo .)"
	said 'exit 0 in '
}

test_kernel_of_each_series() {
	local series
	for series in $(judged_stock); do
		vm 0 --kernel "$series" -- sh -c 'uname -r; pwd; id -u'
		same output "$(cat "$tmp/out")" \
			"$("$scripts/kernel.sh" --release "$series")"$'\n'"$PWD"$'\n'0
	done
}

test_status_of_the_command() {
	vm 7 -- sh -c 'exit 7'
	said 'exit 7 in '
}

test_command_killed() {
	vm 137 -- sh -c 'kill -9 $$'
}

test_command_not_found() {
	vm 123 -- /no/such/command
	said 'exit 127 (reported as 123)'
}

# The same loop, ten times over on a busy machine, takes the same number of instructions
# on one processor.
test_clock_that_counts_instructions() {
	# shellcheck disable=SC2016 # it is Perl
	vm 0 --measure icount -- perl -MTime::HiRes=clock_gettime,CLOCK_MONOTONIC -e '
		sub run { my $t = clock_gettime(CLOCK_MONOTONIC); my $n = 0;
			$n += $_ for 1 .. 200000; clock_gettime(CLOCK_MONOTONIC) - $t }
		run(); my @t = sort { $a <=> $b } map { run() } 1 .. 10;
		print `nproc`, $t[8] < 1.02 * $t[1] ? "same" : "differ: @t"'
	same output "$(cat "$tmp/out")" $'1\nsame'
	vm 125 --measure time -- true
	said "cannot measure 'time'"
}

test_output_is_complete() {
	vm 0 -- perl -e 'print pack("N*", 0..262143); print STDERR "end\r\n\0"'
	same checksum "$(cksum < "$tmp/out")" "$(perl -e \
		'print pack("N*", 0..262143); print "end\r\n\0"' | cksum)"
}

test_environment() {
	# shellcheck disable=SC2016 # all of it is for the guest's shell
	vm 0 --smp 1 --mem 512 -- bash -c 'set -e
		! touch /usr/there 2> /dev/null
		for d in /tmp /var/tmp /run /root /dev/shm; do touch $d/there; done
		[ "$(nproc)" = 1 ]
		grep -q memory /sys/fs/cgroup/cgroup.subtree_control
		[ -d /sys/kernel/debug/bdi ]
		grep -q : /proc/net/dev
		exec 9<> /dev/loop-control
		echo out > /dev/stdout; echo err > /dev/stderr
		[ -r scripts/vm.sh ]
		modinfo loop > /dev/null
		truncate -s 8M /tmp/img && mke2fs -q /tmp/img
		mkdir /tmp/mnt && mount -o loop /tmp/img /tmp/mnt && umount /tmp/mnt
		[ "$(date +%Y)" -ge 2024 ]'
	same output "$(cat "$tmp/out")" $'out\nerr'
}

test_shared_directory() {
	mkdir "$tmp/share"
	echo from the host > "$tmp/share/in"
	vm 0 --share "$tmp/share" -- sh -c 'cp /mnt/share/in /mnt/share/out'
	same file "$(cat "$tmp/share/out")" "from the host"
}

test_what_is_left_running_is_ended() {
	vm 0 -- sh -c 'sleep 1000 & echo started'
	same output "$(cat "$tmp/out")" started
}

# --- what goes wrong in it --------------------------------------------------------

test_hang() {
	local start=$SECONDS
	vm 124 --timeout 40 --log "$tmp/log" -- sh -c 'echo begun; sleep 1000'
	said 'time limit reached'
	same output "$(cat "$tmp/out")" begun
	[ $((SECONDS - start)) -lt 340 ] || same time late soon
	grep -q 'Show Blocked State' "$tmp/log" || same log '' 'the blocked tasks'
}

test_panic() {
	vm 126 -- sh -c 'echo c > /proc/sysrq-trigger'
	said 'sysrq triggered crash'
	said 'kernel splat'
}

# A suite whose guest crashes in the middle has failed what it did not report,
# whether its plan came first or would have come last.
test_panic_in_the_middle_of_ktap() {
	# Not before the guest's cat has passed on what was printed, and sleeps again.
	# shellcheck disable=SC2016 # for the guest's shell
	local crash='until grep -q "^State:.S" "/proc/$(pgrep -ox cat)/status"; do :; done
		echo c > /proc/sysrq-trigger'
	vm 126 -- sh -c "echo KTAP version 1; echo 1..4; echo ok 1 a; echo ok 2 b
		$crash; echo ok 3 c; echo ok 4 d; echo 1..4"
	same counts "$("$scripts/ktap.sh" --status 126 "$tmp/out")" "2 2 0"
	vm 126 -- sh -c "echo KTAP version 1; echo ok 1 a
		$crash; echo ok 2 b; echo 1..2"
	same counts "$("$scripts/ktap.sh" --status 126 "$tmp/out")" "1 1 0"
	vm 126 -- sh -c "echo KTAP version 1; echo 1..2; echo ok 1 a; printf 'ok 2'
		$crash"
	same "half a line" "$("$scripts/ktap.sh" --status 126 "$tmp/out")" "1 1 0"
}

test_warning() {
	vm 126 --log "$tmp/log" -- sh -c 'echo fine
		echo "<4>WARNING: CPU: 0 PID: 1 at x.c:1" > /dev/kmsg'
	same output "$(cat "$tmp/out")" fine
	said 'WARNING: CPU: 0 PID: 1 at x.c:1'
	said 'command: exit 0'
	grep -q 'zxvm: command ended: 0' "$tmp/log" || same log '' 'the end'
}

test_warning_and_failure() {
	vm 126 -- sh -c 'echo "<4>WARNING: CPU: 0 PID: 1 at x.c:1" > /dev/kmsg
		exit 3'
	said 'command: exit 3'
}

test_guest_powered_off() {
	vm 127 -- busybox poweroff -f
	said 'lost guest'
}

test_guest_reset() {
	vm 127 -- sh -c 'echo b > /proc/sysrq-trigger'
	said 'lost guest'
}

test_module_that_does_not_load() {
	echo rubbish > "$tmp/bad.ko"
	vm 125 --insmod "$tmp/bad.ko" -- true
	said 'cannot insmod'
}

test_bad_usage() {
	vm 125 --kernel 7.77 -- true
	said "no kernel '7.77'"
	vm 125 --kernel "$0" -- true
	said 'no x86 bzImage'
	vm 125 --
	said 'no command'
	vm 125 --nonsense -- true
	said 'unknown option'
	vm 125 --timeout soon -- true
	vm 125 --insmod /no/such.ko -- true
	vm 125 --share /no/such -- true
}

# --- the log and the counts -------------------------------------------------------

test_kernel_log() {
	local n=0 line bad
	while IFS= read -r line; do
		n=$((n + 1))
		bad=${line%%|*}
		printf '[ 0.1] zxvm: userspace is up\n[ 1.2] %s\n' "${line#*|}" \
			> "$tmp/klog"
		if "$scripts/klog.sh" "$tmp/klog" > "$tmp/splat"; then
			same "'$line'" good "$bad"
		else
			same "'$line'" bad "$bad"
			grep -q -F -e "${line#*|}" "$tmp/splat"
		fi
	done <<-'END'
	bad|BUG: kernel NULL pointer dereference, address: 0000000000000008
	bad|kernel BUG at mm/filemap.c:153!
	bad|Oops: 0000 [#1] PREEMPT SMP NOPTI
	bad|WARNING: CPU: 1 PID: 154 at fs/inode.c:9 iput+0x0/0xff4
	bad|WARNING: fs/inode.c:9 at iput+0x0/0xff4, CPU#1: cat/154
	bad|INFO: task cat:123 blocked for more than 120 seconds.
	bad|watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [cat:1]
	bad|rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
	bad|rcu: INFO: rcu_preempt self-detected stall on CPU
	bad|WARNING: possible circular locking dependency detected
	bad|WARNING: suspicious RCU usage
	bad|refcount_t: underflow; use-after-free.
	bad|BUG: KASAN: slab-use-after-free in zxp_get+0x1/0x2
	bad|UBSAN: array-index-out-of-bounds in a.c:1:2
	bad|BUG: scheduling while atomic: cat/12/0x00000002
	bad|BUG: sleeping function called from invalid context at a.c:1
	bad|BUG: Bad page state in process cat  pfn:00001
	bad|BUG: Bad rss-counter state mm:000 type:MM_FILEPAGES val:1
	bad|sysfs: cannot create duplicate filename '/class/misc/zxpager'
	bad|BUG zxp_vmo (Tainted: G OE): Objects remaining in zxp_vmo on close
	bad|VFS: Busy inodes after unmount of zxpager (zxpager)
	bad|list_del corruption. prev->next should be 0
	bad|BUG: KCSAN: data-race in zxp_port_read / zxp_port_send
	good|BUG: KCSAN: data-race in do_exit / wait_task_inactive
	bad|general protection fault, probably for non-canonical address 0x6b: 0000
	good|kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
	bad|Kernel panic - not syncing: hung_task: blocked tasks
	good|zxpager: loading out-of-tree module taints kernel.
	good|zxpager: module verification failed: signature missing - tainting kernel
	good|cat[12]: segfault at 0 ip 00 sp 00 error 4 in cat[400000+1000]
	good|traps: cat[12] general protection fault ip:00 sp:00 error:0 in cat
	good|Out of memory: Killed process 12 (cat) total-vm:1kB
	good|hrtimer: interrupt took 1234567 ns
	good|EXT4-fs (loop0): mounted filesystem with ordered data mode
	good|AMD-Vi: not available on this system - This is not a bug.
	END
	[ $n -gt 25 ] || same samples $n many
	# What a stock kernel says while it boots is not for us to judge.
	printf 'WARNING: CPU: 0\nzxvm: userspace is up\n' > "$tmp/klog"
	"$scripts/klog.sh" "$tmp/klog"
	printf 'zxvm: userspace is up\nCall Trace:\n <TASK>\n kmem_cache_create\n' \
		> "$tmp/klog"
	"$scripts/klog.sh" "$tmp/klog"
	printf 'zxvm: userspace is up\na invoked oom-killer\nCall Trace:\n' > "$tmp/klog"
	"$scripts/klog.sh" "$tmp/klog"
}

# counts WANT STATUS LINE...
counts() {
	local want=$1 status=$2
	shift 2
	printf '%s\n' "$@" > "$tmp/ktap"
	same "$*, status $status" \
		"$("$scripts/ktap.sh" --status "$status" "$tmp/ktap")" "$want"
}

test_counting() {
	counts "2 0 0" 0 'KTAP version 1' 'ok 1 - a' 'ok 2 - b' '1..2'
	counts "1 1 0" 1 '1..2' 'ok 1 a' 'not ok 2 b'
	counts "1 0 2" 0 '1..3' 'ok 1 a' 'ok 2 b # SKIP why' 'not ok 3 # skip'
	counts "1 2 0" 0 '1..3' 'ok 1 a'
	counts "1 1 0" 0 'ok 1 a'
	counts "2 1 0" 0 '1..1' 'ok 1 a' 'ok 2 b'
	counts "0 1 0" 0 'nothing'
	counts "0 0 0" 0 '1..0'
	counts "1 1 0" 1 '1..1' 'ok 1 a'
	counts "1 2 0" 1 '1..2' 'ok 1 a' 'Bail out! no module'
	counts "1 0 0" 0 '1..1' '  not ok 1 - of a' 'ok 1 a' '# ok 2 said'
}

# steps COMMANDS: what is run by steps.sh, whose last line is in $tmp/out
steps() {
	local got=0
	bash -e -c '. scripts/lib.sh; zx_me=rig-steps.sh; . scripts/steps.sh'$'\n'"$1" \
		> "$tmp/out" 2>&1 || got=$?
	rm -rf build/rig-steps
	same status $got "$2"
	same counts "$(tail -n 1 "$tmp/out")" "$3"
}

test_steps() {
	steps 'step a true; later step b true; later step c true; run_queue' \
		0 "3 passed, 0 failed, 0 skipped"
	steps 'step a true; step b false || :' 1 "1 passed, 1 failed, 0 skipped"
	steps 'step a true; false' 1 "1 passed, 1 failed, 0 skipped"
	steps 'suite a printf "ok 1\nok 2 # SKIP\n1..3\n"' \
		1 "1 passed, 1 failed, 1 skipped"
	steps 'suite a sh -c "echo 1..1; echo ok 1; exit 126"' \
		1 "1 passed, 1 failed, 0 skipped"
	steps 'suite a printf "1..3\nok 1\nnot ok 2 - b\nnot ok 3 # SKIP\n"' \
		1 "1 passed, 1 failed, 1 skipped"
	same "what failed" "$(tail -n 3 "$tmp/out" | head -n 2)" "failed: a
    not ok 2 - b"
	# What is only told of is not counted as a failure.
	steps 'f() { local lenient=1; "$@"; }
		later f step a false; later f suite b echo 1..2; later step c true
		run_queue' 0 "1 passed, 0 failed, 3 skipped"
}

# --- which kernel, and which files ------------------------------------------------

# newest RECORDED WANT: with what Debian has, and what is in the cache
newest() {
	same "newest, recorded $1" "$(ZXPAGER_NEWEST=$1 release_of newest)" "$2"
	same "judged, recorded $1" "$(ZXPAGER_NEWEST=$1 judged_stock)" \
		"$zx_series$([ "$1" != "$2" ] || echo " newest")"
}

test_release_of_the_newest() {
	local debian dir
	zx_cache=$tmp/cache
	debian=$(printf 'linux-%s-amd64\n' {image,headers}-7.{2.9,2.11,10.1}+deb13 \
		{image,headers}-7.3.4+deb14 image-7.11.1+deb13 headers-7.12.1+deb13 \
		{image,headers}-7.13.1+deb13-{cloud,rt} kbuild-7.14.1+deb13)
	apt_for() { [ "$1" = newest ] && echo "$debian"; }
	same releases "$(apt_releases newest | tr '\n' ' ')" \
		"7.2.9+deb13-amd64 7.2.11+deb13-amd64 7.3.4+deb14-amd64 7.10.1+deb13-amd64 "
	newest 7.3.4+deb14-amd64 7.3.4+deb14-amd64
	# Gone: the next one; all of them older: the last one.
	newest 7.2.10+deb13-amd64 7.2.11+deb13-amd64
	newest 7.3.2+deb13-amd64 7.3.4+deb14-amd64
	newest 7.11.1+deb13-amd64 7.10.1+deb13-amd64
	# What is in the cache needs no Debian.
	dir=$(headers_of 7.2.10+deb13-amd64)
	mkdir -p "$dir"
	touch "$dir/Makefile" "$tmp/cache/kernels/7.2.10+deb13-amd64/.complete"
	debian=
	newest 7.2.10+deb13-amd64 7.2.10+deb13-amd64
	if ZXPAGER_NEWEST=7.2.9+deb13-amd64 release_of newest 2> "$tmp/err"; then
		same release some none
	fi
	said 'no Linux newest packages'
}

test_what_has_changed() {
	zx_root=$tmp/tree
	git init -q -b main "$zx_root"
	cd "$zx_root"
	git config user.name rig
	git config user.email rig@localhost
	touch same edited removed ours
	git add . && git commit -q -m first
	git checkout -q -b branch
	echo 2 > ours && git commit -q -a -m second
	git checkout -q main
	echo 2 > same && git commit -q -a -m "not of the branch"
	git checkout -q branch
	echo 2 > edited && rm removed && touch new
	same "since main" "$(changed_since main | sort | tr '\n' ' ')" "edited new ours "
	same "since HEAD" "$(changed_since HEAD | sort | tr '\n' ' ')" "edited new "
	if changed_since nothing 2> /dev/null; then
		same revision some none
	fi
}

# has_not TEXT PATTERN
has_not() {
	if grep -e "$2" <<< "$1"; then
		same found "$2" nothing
	fi
}

test_lint_of_what_has_changed() {
	local list
	list=$(scripts/lint.sh --list --file scripts/bench/gate.py)
	grep -q -x python <<< "$list"
	has_not "$list" 'shellcheck\|coccinelle\|sparse'
	list=$(scripts/lint.sh --list --file zxpager/compat.h --file scripts/vm.sh)
	grep -q coccinelle <<< "$list"
	grep -q 'sparse, and W=1 with gcc: Linux 6.12' <<< "$list"
	grep -q shellcheck <<< "$list"
	has_not "$list" 'python\|clang: tools'
	# Of two files with the same mistake the changed one is found.
	mkdir "$tmp/tree"
	git ls-files -co --exclude-standard | tar -c --ignore-failed-read -T - 2> /dev/null |
		tar -x -C "$tmp/tree"
	cd "$tmp/tree"
	git init -q
	echo 'import os' > scripts/bench/old.py
	sed -i '1i#!/usr/bin/python3' scripts/bench/old.py
	git add . && git -c user.name=rig -c user.email=rig@localhost commit -q -m first
	cp scripts/bench/old.py scripts/bench/changed.py
	if scripts/lint.sh --since HEAD python > "$tmp/out"; then
		same lint passed failed
	fi
	grep -q 'changed.py.*imported but unused' "$tmp/out"
	has_not "$(cat "$tmp/out")" old.py
	rm scripts/bench/changed.py
	scripts/lint.sh --since HEAD > "$tmp/out"
	same "lint of nothing" "$(tail -n 1 "$tmp/out")" 1..0
}

# --- running them -----------------------------------------------------------------

if [ "${1:-}" = --in-this-process ]; then
	"test_$2"
	exit
fi
if [ $# -gt 0 ]; then
	names=("$@")
else
	mapfile -t names < <(declare -F | sed -n 's/^declare -f test_//p')
fi
number=0 failures=0
echo "KTAP version 1"
echo "1..${#names[@]}"
for name in "${names[@]}"; do
	number=$((number + 1))
	# In a process of its own, where set -e has its say.
	if out=$(bash "$0" --in-this-process "$name" 2>&1); then
		echo "ok $number - $name"
	else
		failures=$((failures + 1))
		echo "not ok $number - $name"
		printf '# %s\n' "${out//$'\n'/$'\n# '}"
	fi
done
echo "# $((number - failures)) passed, $failures failed"
[ $failures = 0 ]
