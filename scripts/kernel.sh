#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kernel.sh SERIES: have Debian's stock kernel of a series ready to boot
#
# SERIES is 6.1 or 6.12.  The package is downloaded and unpacked into the cache
# (never installed: nothing is written to /boot), and the directory is printed:
# it holds boot/vmlinuz-RELEASE and lib/modules/RELEASE.  Quick when cached.
#
#   --release   print the release only, fetch nothing
#   --help      this text
#
# The cache is ${ZXPAGER_CACHE:-${XDG_CACHE_HOME:-~/.cache}/zxpager}.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

fetch() {
	local rel=$1 dir=$zx_cache/kernels/$1 pkg=linux-image-$1 tmp
	have_kernel "$rel" && return 0
	say "fetching $pkg (the guest's kernel) ..."
	command -v apt-get > /dev/null ||
		die "apt-get is needed to fetch $pkg; use Debian 12 or pass --kernel PATH"
	mkdir -p "$zx_cache/kernels"
	tmp=$(mktemp -d "$zx_cache/kernels/.new.XXXXXX")
	# shellcheck disable=SC2064 # the directory is known now
	trap "rm -rf '$tmp'" EXIT
	( cd "$tmp" && apt-get -q download "$pkg" ) > "$tmp/log" 2>&1 || {
		cat "$tmp/log" >&2
		die "cannot download $pkg; try 'apt-get update' first"
	}
	mkdir "$tmp/k"
	dpkg-deb -x "$tmp"/*.deb "$tmp/k"
	rm -rf "$tmp/k/usr/share"
	depmod -b "$tmp/k" "$rel"
	touch "$tmp/k/.complete"
	rm -rf "$dir"
	mv "$tmp/k" "$dir"
}

case ${1:-} in
--help | -h) usage; exit 0 ;;
--release) release_of "${2:?a series, 6.1 or 6.12}"; exit ;;
'' | -*) usage >&2; exit 2 ;;
esac

rel=$(release_of "$1")
have_kernel "$rel" || with_lock "kernel-$rel" fetch "$rel"
echo "$zx_cache/kernels/$rel"
