#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# accel.sh [KERNEL]: print how guests run best here, kvm or tcg
#
# A /dev/kvm that can be opened may still not boot a guest: nested it can hang
# or fail to emulate.  So one is booted, with a time limit, and the answer is
# kept in the cache for this kernel, QEMU and host.
#
#   --forget   forget the answers
set -euo pipefail
. "$(dirname "$0")/lib.sh"

kernel=6.12
case ${1:-} in
--help | -h) usage; exit 0 ;;
--forget) rm -rf "$zx_cache/accel"; exit 0 ;;
?*) kernel=$1 ;;
esac

if ! { true <> /dev/kvm; } 2> /dev/null; then
	echo tcg
	exit
fi
which=$kernel
! is_stock "$kernel" || which=$(release_of "$kernel")
key=$({ echo "$which"; uname -rv; qemu-system-x86_64 --version
	grep -m 1 'model name' /proc/cpuinfo || :; } | sha256sum | cut -c1-24)

probe() {
	[ ! -e "$zx_cache/accel/$key" ] || return 0
	local start=$SECONDS answer=tcg
	say "does a guest boot with KVM? (asked once) ..."
	if "$zx_root/scripts/vm.sh" --quiet --kernel "$kernel" --accel kvm \
		--timeout 20 --boot-limit 20 -- true > /dev/null 2>&1; then
		answer=kvm
	fi
	say "guests run with $answer ($((SECONDS - start)) s to find out)"
	mkdir -p "$zx_cache/accel"
	echo $answer > "$zx_cache/accel/$key"
}
with_lock "accel-$key" probe
cat "$zx_cache/accel/$key"
