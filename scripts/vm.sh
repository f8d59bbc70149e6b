#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vm.sh [options] -- COMMAND [ARG...]: run a command in a guest kernel
#
# The guest's root directory is this machine's, read-only: every program here
# runs there, as root, in the same directory.  /tmp, /var/tmp, /run, /root and
# /dev/shm are the guest's own and empty, but for the checkout and the cache.
# Its output comes to this standard output, byte for byte and as it is written.
#
#   --kernel K        6.1, 6.12 or newest (Debian's stock kernel), one of ours such
#                     as 6.12-debug (see kernel.sh), or the path of a bzImage or of a
#                     kernel's build or unpacked directory; default 6.12
#   --timeout S       seconds the command may take; default 300
#   --boot-limit S    seconds the boot may take, on top; default 120, and 400 for
#                     kernels of ours, which are slow, and to measure.  A guest that does not
#                     come up is booted once more, and it is said
#   --mem MB          memory; default 1024
#   --smp N           processors; default 2
#   --accel A         kvm, tcg or auto (kvm if a guest really boots with it);
#                     default $ACCEL or auto
#   --measure M       a guest to measure in. icount: its clock counts
#                     instructions, 1 ns each; one processor, always tcg. smp: as
#                     without
#   --insmod FILE     load this module first; may be repeated
#   --share DIR       mount DIR read-write at /mnt/share
#   --disk FILE       a disk of the guest, /dev/vda if it loads virtio_blk
#   --log FILE        keep the kernel log in FILE
#   --monitor SOCKET  where QEMU's monitor listens
#   --append ARGS     more kernel arguments
#   --quiet           no closing line
#
# Exit status: 0..123 and 128.. are the command's own (124..127 become 123);
#   124  time limit reached: the command, or the guest, hangs
#   125  the rig could not do it: usage, no such kernel, no QEMU
#   126  the kernel log has an oops, a warning or the like, whatever the
#        command's status was
#   127  the guest went away without having reported a status
set -euo pipefail
. "$(dirname "$0")/lib.sh"
die_status=125

kernel=6.12 timeout=300 mem=1024 smp=2 accel=${ACCEL:-auto} share='' log='' disk=''
append='' quiet='' insmod=() boot_limit='' measure=''
monitor=''
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) kernel=${2?} ;;
	--timeout) timeout=${2?} ;;
	--boot-limit) boot_limit=${2?} ;;
	--mem) mem=${2?} ;;
	--smp) smp=${2?} ;;
	--accel) accel=${2?} ;;
	--measure) measure=${2?} ;;
	--monitor) monitor=$(realpath -m "${2?}") ;;
	--insmod) insmod+=("$(realpath -m "${2?}")") ;;
	--share) share=$(realpath -m "${2?}") ;;
	--disk) disk=$(realpath -m "${2?}") ;;
	--log) log=${2?} ;;
	--append) append=${2?} ;;
	--quiet) quiet=1; shift; continue ;;
	--help | -h) usage; exit 0 ;;
	--) shift; break ;;
	*) die "unknown option '$1' (see --help)" ;;
	esac
	shift 2
done
[ $# -gt 0 ] || die "no command given (see --help)"
if [ -z "$boot_limit" ]; then
	boot_limit=120
	if is_flavour "$kernel" || [ -n "$measure" ]; then
		boot_limit=400
	fi
fi
for n in "$timeout" "$boot_limit" "$mem" "$smp"; do
	[[ $n =~ ^[1-9][0-9]*$ ]] || die "'$n' is not a positive number"
done
case $measure in
'' | smp) ;;
icount) accel=tcg smp=1 ;;
*) die "cannot measure '$measure' (see --help)" ;;
esac
for f in "${insmod[@]}"; do
	[ -f "$f" ] || die "no module $f"
done
[ -z "$share" ] || [ -d "$share" ] || die "no directory $share"
[ -z "$disk" ] || [ -f "$disk" ] || die "no file $disk"
for p in qemu-system-x86_64 busybox cpio modprobe; do
	command -v $p > /dev/null ||
		die "$p is not installed; scripts/deps.sh rig installs what is missing"
done

start=$SECONDS
tmp=$(mktemp -d "${TMPDIR:-/tmp}/zxvm.XXXXXX")
qemu=
# shellcheck disable=SC2317 # called by the trap
finish() {
	local line
	if [ -n "$qemu" ] && kill "$qemu" 2> /dev/null; then
		# What it has open is not for others before it has gone.
		while read -r -t 10 line <&7 && [ "$line" != gone ]; do :; done
		kill -KILL "$qemu" 2> /dev/null || :
	fi
	[ -z "$log" ] || [ ! -e "$tmp/klog" ] || tr -d '\r' < "$tmp/klog" > "$log"
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# Sets $image, $modules (a directory with lib/modules, or nothing), $release.
find_kernel() {
	local k=$1 f offset
	if is_stock "$k" || is_flavour "$k"; then
		k=$("$zx_root/scripts/kernel.sh" "$k") || exit 125
	fi
	image=
	for f in "$k" "$k"/boot/vmlinuz-* "$k/arch/x86/boot/bzImage" \
		"$k/bzImage" "$k/vmlinuz"; do
		[ -z "$image" ] && [ -f "$f" ] && image=$(realpath "$f")
	done
	[ -n "$image" ] || die "no kernel '$k': want one of $zx_stock or a path"
	[ "$(od -An -c -j 514 -N 4 "$image" | tr -d ' ')" = HdrS ] ||
		die "$image is no x86 bzImage"
	offset=$(($(od -An -tu2 -j 526 -N 2 "$image") + 512))
	release=$(tail -c +$((offset + 1)) "$image" | head -c 128 |
		tr '\0' ' ' | cut -d' ' -f1) || :
	modules=
	for f in "$k" "$(dirname "$image")" "$(dirname "$image")/.." /; do
		[ -z "$modules" ] && [ -e "$f/lib/modules/$release/modules.dep" ] &&
			modules=$(realpath "$f")
	done
	return 0
}

# The initramfs that every run with this kernel shares; only what differs
# between runs is packed each time.
base_initrd() {
	local key dir=$tmp/base m line out
	key=$(sha256sum "$zx_root/scripts/vm-init.sh" "$zx_root/scripts/vm.sh" \
		"$(command -v busybox)" "$image" |
		cut -d' ' -f1 | sha256sum | cut -c1-24)
	out=$zx_cache/initrd/$release-$key.cpio
	initrd=$out
	[ ! -e "$out" ] || return 0
	mkdir -p "$zx_cache/initrd" "$dir/bin" "$dir/modules"
	cp "$(command -v busybox)" "$dir/bin/busybox"
	install -m 755 "$zx_root/scripts/vm-init.sh" "$dir/init"
	for m in ${modules:+virtio_pci virtio_console 9pnet_virtio 9p}; do
		modprobe -d "$modules" -S "$release" --show-depends "$m" || :
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' > "$tmp/list"
	while read -r line; do
		m=$(basename "$line")
		case $m in
		*.xz) xz -dc "$line" > "$dir/modules/${m%.xz}" ;;
		*.zst) zstd -qdc "$line" > "$dir/modules/${m%.zst}" ;;
		*) cp "$line" "$dir/modules/$m" ;;
		esac
		echo "${m%.[xz]*[zt]}"
	done < "$tmp/list" | sed 's/\.\(xz\|zst\)$//' > "$dir/modules/list"
	( cd "$dir" && find . | cpio --quiet -o -H newc -R 0:0 ) > "$tmp/cpio"
	mv "$tmp/cpio" "$out.$$" && mv "$out.$$" "$out"
}

# What this run does, as a second archive behind the first.
run_initrd() {
	local dir=$tmp/run ko
	mkdir -p "$dir/zx"
	{
		echo "zx_now=$(date +%s)"
		echo "zx_timeout=$timeout"
		printf 'zx_modules=%q\n' "${modules:+${modules%/}/lib/modules}"
		printf 'zx_share=%q\n' "$share"
	} > "$dir/zx/conf"
	for ko in "${insmod[@]}"; do
		echo "$ko"
	done > "$dir/zx/insmod"
	{
		echo "$zx_root"
		pwd -P
		[ ! -d "$zx_cache" ] || realpath "$zx_cache"
		for ko in "${insmod[@]}"; do
			dirname "$ko"
		done
	} | sort -u | grep -E '^/(tmp|run|root|var/tmp)/' > "$dir/zx/binds" || :
	{
		printf 'cd %q || exit 125\n' "$PWD"
		printf 'exec'
		printf ' %q' "$@"
		echo
	} > "$dir/zx/run"
	( cd "$dir" && find . | cpio --quiet -o -H newc -R 0:0 ) > "$tmp/run.cpio"
	cat "$initrd" "$tmp/run.cpio" > "$tmp/initrd"
}

boot() {
	# A machine with an HPET and a PM timer: microvm boots a second sooner, but
	# calibrates against the PIT alone and hangs when the host is busy.
	local machine=q35,usb=off,sata=off,smbus=off,vmport=off,i8042=off
	# Crashes and the end of a run reset the machine, which -no-reboot makes
	# its end; by triple fault, for the other ways run on until QEMU notices.
	local kargs="console=ttyS0 loglevel=7 panic=-1 oops=panic reboot=t"
	# The time of a busy host's guest looks unstable to its watchdog.
	kargs+=" tsc=reliable no_timer_check random.trust_cpu=on mitigations=off no5lvl edd=off"
	# KUnit suites run when asked for, and a kernel that looks for mistakes
	# goes no further than the first.  KCSAN finds those of others too.
	kargs+=" kunit.enable=0"
	[[ $kernel != *-debug ]] || kargs+=" panic_on_warn=1"
	local fs=security_model=none,multidevs=remap cpu=max
	# tcg has no fast string instructions, and runs them byte by byte.
	[ "$accel" != tcg ] || cpu+=,-erms,-fsrm
	if [ -n "$measure" ]; then
		# Where things lie is to be the same each time.
		kargs+=" nokaslr norandmaps"
	else
		# Who waits for a busy host's processor is not locked up.
		kargs+=" watchdog_thresh=30"
	fi
	[ "$accel" = tcg ] || cpu=host
	cat "$tmp/out" &
	local drain=$!
	# shellcheck disable=SC2054 # QEMU wants the commas
	local args=(
		-M "$machine,accel=$accel" -cpu "$cpu"
		-m "$mem" -smp "$smp" -nodefaults -no-user-config -display none
		-no-reboot -kernel "$image" -initrd "$tmp/initrd"
		-append "$kargs $append"
		-chardev "file,id=klog,path=$tmp/klog" -serial chardev:klog
		-device virtio-serial-pci
		-chardev "file,id=out,path=$tmp/out"
		-device virtserialport,chardev=out,name=zx.out
		-chardev "file,id=status,path=$tmp/status"
		-device virtserialport,chardev=status,name=zx.status
		-fsdev "local,id=root,path=/,readonly=on,$fs"
		-device virtio-9p-pci,fsdev=root,mount_tag=zxroot
	)
	# shellcheck disable=SC2054
	[ -z "$share" ] || args+=(
		-fsdev "local,id=share,path=${share//,/,,},$fs"
		-device virtio-9p-pci,fsdev=share,mount_tag=zxshare
	)
	# shellcheck disable=SC2054
	[ -z "$disk" ] || args+=(
		-drive "file=${disk//,/,,},format=raw,if=none,id=disk,cache=writeback"
		-device virtio-blk-pci,drive=disk
	)
	# shellcheck disable=SC2054
	[ -z "$monitor" ] || args+=(
		-chardev "socket,id=monitor,path=${monitor//,/,,},server=on,wait=off"
		-mon chardev=monitor,mode=readline
	)
	# Time is not to be that in which this host finds memory.
	[ "$measure" != smp ] || args+=(-mem-prealloc)
	[ "$measure" != icount ] || args+=(-icount "shift=0,sleep=off")
	up='' hang='' report=''
	( qemu-system-x86_64 "${args[@]}" < /dev/null > "$tmp/qemu" 2>&1 7>&- &
	  echo "pid $!"
	  wait $! || :
	  echo gone ) >&7 2> /dev/null &
	local wrapper=$! until=$((SECONDS + boot_limit)) line
	while :; do
		read -r -t $((until > SECONDS ? until - SECONDS : 1)) line <&7 ||
			line=late
		case $line in
		pid\ *) qemu=${line#pid } ;;
		up) up=1 until=$((SECONDS + timeout)) ;;
		gone) break ;;
		late)
			# A guest with a status needs no longer to be there.
			if [ -n "$report$hang" ]; then
				kill -KILL "$qemu" || :
			else
				hang=1
				kill "$qemu" || :
			fi
			until=$((SECONDS + 5))
			;;
		*) report=$line until=$((SECONDS + 10)) ;;
		esac
	done
	wait "$wrapper" || :
	qemu=
	# A reader whose writer never came is let go.
	exec 8<> "$tmp/out" 8>&-
	wait "$drain" || :
}

[ "$accel" != auto ] || accel=$("$zx_root/scripts/accel.sh" "$kernel")
find_kernel "$kernel"
base_initrd
run_initrd "$@"
mkfifo "$tmp/out" "$tmp/status"
exec 7<> "$tmp/status"
boot
if [ -z "$up" ] && [ -s "$tmp/klog" ] && [ "$accel" = tcg ]; then
	say "the guest did not come up, booting once more; the kernel said:"
	{ "$zx_root/scripts/klog.sh" --boot "$tmp/klog" | grep . ||
		tr -d '\r' < "$tmp/klog" | tail -n 5; } >&2
	boot
fi

# The verdict: what was reported, against what the kernel had to say.
splats=$("$zx_root/scripts/klog.sh" "$tmp/klog") || :
if [ -n "$hang" ]; then
	status=124 what="time limit reached: hang"
	[ -n "$up" ] || what+=" of the boot"
elif [ -n "$splats" ]; then
	status=126 what="kernel splat"
	[ -z "$report" ] || what+=" (command: $report)"
elif [[ $report =~ ^exit\ ([0-9]+)$ ]]; then
	status=${BASH_REMATCH[1]} what="exit $status"
	if [ "$status" -ge 124 ] && [ "$status" -le 127 ]; then
		what+=" (reported as 123)" status=123
	fi
elif [[ $report == rig* ]]; then
	status=125 what=$report
elif [ ! -s "$tmp/klog" ]; then
	status=125 what="QEMU did not start: $(tail -n 1 "$tmp/qemu")"
else
	status=127 what="lost guest: it went away without reporting a status"
fi
[ -z "$splats" ] || printf '%s\n' "$splats" | head -n 60 >&2
case $status in
124 | 125 | 127) tr -d '\r' < "$tmp/klog" 2> /dev/null | tail -n 20 >&2 || : ;;
esac
[ -n "$quiet" ] ||
	say "$release $accel: $what in $((SECONDS - start)) s"
exit "$status"
