#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ksrc.sh --kselftest | --scripts | --kunit | --cocci | --tree SERIES: print a
# directory of the kernel's source
#
#   --kselftest     where kselftest_harness.h is
#   --scripts       where checkpatch.pl and kernel-doc are
#   --kunit         where kunit.py is
#   --cocci         where the rules for coccinelle are
#   --tree SERIES   all of Linux 6.1 or 6.12, to build kernels from
#
# Some files of 6.12, or the whole tree, are unpacked into the cache, from
# Debian's package linux-source-SERIES: the installed one, or else one that is
# downloaded.
set -euo pipefail
. "$(dirname "$0")/lib.sh"


# unpack PACKAGE DIR [PATTERN...]: the files that match, or all
unpack() {
	local package=$1 dir=$2 tar=/usr/src/$1.tar.xz tmp
	shift 2
	[ ! -e "$dir/.complete" ] || return 0
	mkdir -p "$zx_cache"
	tmp=$(mktemp -d "$zx_cache/.ksrc.XXXXXX")
	# shellcheck disable=SC2064 # the directory is known now
	trap "rm -rf '$tmp'" EXIT
	if [ ! -e "$tar" ]; then
		say "fetching $package ..."
		( cd "$tmp" && apt-get -q download "$package" ) > "$tmp/log" 2>&1 || {
			cat "$tmp/log" >&2
			die "cannot download $package; try 'apt-get update' first"
		}
		dpkg-deb -x "$tmp"/*.deb "$tmp/deb"
		tar=$tmp/deb/usr/src/$package.tar.xz
	fi
	say "unpacking ${1:+some files of }$package ..."
	mkdir "$tmp/src"
	tar -xJf "$tar" -C "$tmp/src" --strip-components=1 --wildcards \
		"${@/#/$package/}"
	touch "$tmp/src/.complete"
	rm -rf "$dir"
	mv "$tmp/src" "$dir"
}

case ${1:-} in
--kselftest) sub=tools/testing/selftests ;;
--scripts) sub=scripts ;;
--kunit) sub=tools/testing/kunit ;;
--cocci) sub=scripts/coccinelle ;;
--tree)
	package=linux-source-${2:?a series, 6.1 or 6.12}
	[[ " $zx_series " == *" $2 "* ]] || die "unknown series '$2' (known: $zx_series)"
	dir=$zx_cache/$package-tree
	[ -e "$dir/.complete" ] || with_lock "$package" unpack "$package" "$dir"
	echo "$dir"
	exit
	;;
--help | -h) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac
package=linux-source-6.12
dir=$zx_cache/$package-tools
[ -e "$dir/.complete" ] || with_lock ksrc unpack "$package" "$dir" \
	scripts/checkpatch.pl scripts/spelling.txt scripts/const_structs.checkpatch \
	scripts/kernel-doc scripts/coccinelle tools/testing/kunit \
	'tools/testing/selftests/kselftest*.h'
echo "$dir/$sub"
