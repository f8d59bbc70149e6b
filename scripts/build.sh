#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# build.sh [--clang] KERNEL [make argument...]: build the module
#
# KERNEL is 6.1, 6.12 or newest (Debian's stock kernel, fetched if need be), such a
# series with one of our flavours, as in 6.12-debug (see kernel.sh), "running", or the
# path of a kernel's headers or build directory.  The sources are linked into
# build/NAME, where NAME is the series or the kernel's release, and compiled there:
# kbuild writes next to what it compiles.  The module is build/NAME/zxpager.ko.
#
#   --clang    with clang, in build/NAME-clang
#   --sparse   and checked by sparse
#   --strict   with W=1, and any warning is a failure
#   --quiet    print the compiler's messages only
#   --help     this text
#
# KCFLAGS in the environment is added to the compiler's options.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

clang='' quiet='' sparse='' strict=''
while [ $# -gt 0 ]; do
	case $1 in
	--clang) clang=1 ;;
	--sparse) sparse=1 ;;
	--strict) strict=1 ;;
	--quiet) quiet=1 ;;
	--help | -h) usage; exit 0 ;;
	-*) die "unknown option '$1' (see --help)" ;;
	*) break ;;
	esac
	shift
done
kernel=${1:?a kernel: 6.1, 6.12, newest, running or a path}
shift

case $kernel in
running)
	name=$(uname -r) kdir=/lib/modules/$name/build
	[ -e "$kdir/Makefile" ] || die "no headers for the running kernel $name:" \
		"install linux-headers-$name, or name others with KDIR=DIRECTORY," \
		"or build for a test kernel with KERNEL=6.12"
	;;
/* | ./* | ../*)
	kdir=$(realpath "$kernel")
	[ -e "$kdir/Makefile" ] ||
		die "$kernel is no directory to build modules with: it has no Makefile"
	name=$(make -s -C "$kdir" kernelrelease 2> /dev/null) || name=
	[ -n "$name" ] || name=$(basename "$kdir")
	;;
*-*)
	name=$kernel kdir=$("$zx_root/scripts/kernel.sh" "$kernel") || exit
	;;
*)
	dir=$("$zx_root/scripts/kernel.sh" "$kernel") || exit
	name=$kernel kdir=$(headers_of "${dir##*/}")
	;;
esac

out=$zx_root/build/$name${clang:+-clang}
mkdir -p "$out"
exec 9> "$out/.lock"
flock 9

# A farm of links: an edit is seen at once, a removed file goes away.
cd "$zx_root"
find Kbuild zxpager uapi -type f ! -name '.*' | while read -r f; do
	[ -L "$out/$f" ] || { mkdir -p "$out/$(dirname "$f")"
		ln -sf "$zx_root/$f" "$out/$f"; }
done
find "$out" -xtype l -delete

flags=${KCFLAGS:-}
args=(-C "$kdir" M="$out" -j "$(nproc)" CONFIG_ZXPAGER=m)
[ -z "$quiet" ] || args+=(-s)
if grep -q -s '^CONFIG_KUNIT=[ym]' "$kdir/.config"; then
	args+=(CONFIG_ZXPAGER_KUNIT_TEST=y)
fi
case $name in
*-test) args+=(GCOV_PROFILE=y) ;;
*-debug) args+=(KCOV_INSTRUMENT=y) ;;
esac
# Debian's headers name the compiler that made the kernel. Where it is not installed
# another does as well, without the options and attributes that only the former knows.
cc=$(sed -n 's/^CC = .*)\(gcc-[0-9]*\)$/\1/p' "$kdir/.kernelvariables" 2> /dev/null) || :
if [ -n "$cc" ] && ! command -v "$cc" > /dev/null; then
	args+=(CC=gcc CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=)
	flags="-Wno-attributes $flags"
fi
# Type information for the module needs that of the kernel, which is not in headers,
# and a pahole that is as new.
pahole=$(sed -n 's/^CONFIG_PAHOLE_VERSION=//p' "$kdir/.config" 2> /dev/null) || :
ours=$(pahole --version 2> /dev/null | tr -dc 0-9) || :
[ -e "$kdir/vmlinux" ] && [ "${ours:-0}" -ge "${pahole:-0}" ] ||
	args+=(CONFIG_DEBUG_INFO_BTF_MODULES= CONFIG_PAHOLE_VERSION="${ours:-0}")
if [ -n "$clang" ]; then
	# The headers were configured for gcc: what clang 14 does not know is not
	# asked for.  This build is for its warnings, it is not what tests load.
	args+=(CC=clang CONFIG_CC_IS_GCC= CONFIG_CC_IS_CLANG=y
		CONFIG_RETHUNK= CONFIG_MITIGATION_RETHUNK= CONFIG_SLS= CONFIG_MITIGATION_SLS=
		CONFIG_FTRACE_MCOUNT_USE_CC= CONFIG_INIT_STACK_ALL_ZERO=
		CONFIG_UBSAN_BOUNDS_STRICT= CONFIG_STACKPROTECTOR= CONFIG_CC_HAS_COUNTED_BY_PTR=
		CONFIG_CC_IMPLICIT_FALLTHROUGH=-Wimplicit-fallthrough)
	# The last two are for the kernel's own headers as clang 14 sees them.
	flags="-Wno-unknown-warning-option -Wno-unused-command-line-argument \
		-Wno-address-of-packed-member -Wno-duplicate-decl-specifier $flags"
	if [ -n "$strict" ]; then
		# In our files more than in those headers, which clang is to take for a
		# system's.  Operations have parameters that not all need.
		for dir in asm asm-generic crypto generated kunit linux net trace uapi vdso; do
			flags="--system-header-prefix=$dir/ $flags"
		done
		flags="--no-system-header-prefix=linux/zxpager.h -Wall -Wextra \
			-Wno-unused-parameter $flags"
	fi
fi
if [ -n "$sparse" ]; then
	args+=(C=2 CF=-D__CHECK_ENDIAN__)
fi
if [ -n "$strict" ]; then
	args+=(W=1)
	flags="-Werror $flags"
fi

# What make was told by a caller's make, such as O=, is not meant for kbuild.
unset MAKEFLAGS MFLAGS MAKELEVEL
if [ -z "$strict" ]; then
	make "${args[@]}" KCFLAGS="$flags" modules "$@"
else
	# modpost, objtool and sparse warn without failing.  Of sparse only what
	# it says of our files counts.
	log=$(mktemp)
	trap 'rm -f "$log"' EXIT
	make "${args[@]}" KCFLAGS="$flags" modules "$@" 2>&1 | tee "$log"
	if grep -E '(warning|error): ' "$log" | grep -v -E '^/usr/(src|lib)/' |
		grep -q .; then
		rm -f "$out"/zxpager/*.o # or the next run would not warn
		die "there were warnings"
	fi
fi
ln -sf zxpager/zxpager.ko "$out/zxpager.ko"
[ -e "$out/zxpager.ko" ] || die "kbuild made no zxpager/zxpager.ko"
[ -n "$quiet" ] || say "built $out/zxpager.ko"
