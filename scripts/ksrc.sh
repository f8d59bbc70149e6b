#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ksrc.sh --kselftest | --scripts: print a directory of the kernel's source
#
#   --kselftest   where kselftest_harness.h is
#   --scripts     where checkpatch.pl and kernel-doc are
#
# They are unpacked into the cache, nothing else is, from Debian's package
# linux-source-6.12: the installed one, or else one that is downloaded.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

package=linux-source-6.12
dir=$zx_cache/$package

unpack() {
	[ ! -e "$dir/.complete" ] || return 0
	local tar=/usr/src/$package.tar.xz tmp
	mkdir -p "$zx_cache"
	tmp=$(mktemp -d "$zx_cache/.ksrc.XXXXXX")
	# shellcheck disable=SC2064 # the directory is known now
	trap "rm -rf '$tmp'" EXIT
	if [ ! -e "$tar" ]; then
		say "fetching $package (checkpatch, kernel-doc, kselftest) ..."
		( cd "$tmp" && apt-get -q download "$package" ) > "$tmp/log" 2>&1 || {
			cat "$tmp/log" >&2
			die "cannot download $package; try 'apt-get update' first"
		}
		dpkg-deb -x "$tmp"/*.deb "$tmp/deb"
		tar=$tmp/deb/usr/src/$package.tar.xz
	fi
	say "unpacking some files of $package ..."
	mkdir "$tmp/src"
	tar -xJf "$tar" -C "$tmp/src" --strip-components=1 --wildcards \
		"$package/scripts/checkpatch.pl" "$package/scripts/spelling.txt" \
		"$package/scripts/const_structs.checkpatch" \
		"$package/scripts/kernel-doc" \
		"$package/tools/testing/selftests/kselftest*.h"
	touch "$tmp/src/.complete"
	rm -rf "$dir"
	mv "$tmp/src" "$dir"
}

case ${1:-} in
--kselftest) sub=tools/testing/selftests ;;
--scripts) sub=scripts ;;
--help | -h) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac
[ -e "$dir/.complete" ] || with_lock ksrc unpack
echo "$dir/$sub"
