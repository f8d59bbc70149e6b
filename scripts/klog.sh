#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# klog.sh [--boot] FILE: print what a kernel log says went wrong
#
# Prints from the first line of each oops, warning, lock report, stall and the
# like up to 40 lines of it; exit status 1 if there was one.  With a log of
# vm.sh only what follows the end of the boot counts, for a stock kernel may
# warn about the machine it finds, and so does every panic; with --boot all does.
set -euo pipefail

up=0
case ${1:-} in
--boot) up=1; shift ;;
--help | -h | '') sed -n '4,/^[^#]/{/^#/!q;s/^# \{0,1\}//;p;}' "$0"; exit 0 ;;
esac
[ -e "$1" ] || exit 0

tr -d '\r' < "$1" | awk -v up=$up '
/Kernel panic|zxvm: userspace is up/	{ up = 1 }
# From here on it is the rig that makes the kernel print stacks.
/zxvm: time limit is near/		{ exit }
# A process of the guest that crashes is no fault of the kernel, and running
# out of memory prints a stack that is none either.
/traps: |segfault at /			{ next }
/invoked oom-killer/			{ oom = 1 }
# What kmemleak suspects is for whoever had it look: it may be on its way somewhere.
# The kernel races with itself in many places; ours are those that name us.
/BUG: KCSAN:/				{ other = !/zxp_/ }
other && /=================/		{ other = 0; next }
other					{ next }
/Call Trace:/ && oom			{ oom = 0; next }

function bad(line) {
	return line ~ /BUG:|kernel BUG at|Oops|WARNING:|Kernel panic/ ||
	       line ~ /general protection fault|unable to handle|[Bb]ad (page|rss)/ ||
	       line ~ /INFO: task .* blocked|soft lockup|LOCKUP|stall(ed|s)? (on|detected)|detected stall|self-detected/ ||
	       line ~ /KASAN|KCSAN|KFENCE|UBSAN|ODEBUG|refcount_t/ ||
	       line ~ /possible .*(locking|deadlock|inversion|lock) |inconsistent lock state|suspicious RCU|lock held when returning|INFO: (trying|lockdep)/ ||
	       line ~ /scheduling while atomic|sleeping function called|list_(add|del) corruption/ ||
	       line ~ /cannot create duplicate|Objects remaining|Busy inodes after|slab .*(corrupt|overwritten)|double free|stack is corrupted/
}

# A stack alone is bad, but for that of a slab cache that there is no memory for.
up && left <= 0 && !lines && /Call Trace:/	{ held = $0; lines = 5; next }
lines && /kmem_cache_create/		{ lines = 0; next }
lines {
	held = held "\n" $0
	if (--lines && !bad($0))
		next
	print held
	lines = 0
	found++
	left = 34
	next
}

up && bad($0)				{ if (left <= 0) found++; left = 40 }
up && left-- > 0			{ print }
END {
	if (lines)
		print held
	exit found > 0 || lines > 0
}
'
