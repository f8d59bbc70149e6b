#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kernel.sh SERIES: have Debian's stock kernel of a series ready to boot and to
# build for
#
# SERIES is 6.1 or 6.12.  The packages are downloaded and unpacked into the cache,
# and the directory is printed: it holds boot/vmlinuz-RELEASE, lib/modules/RELEASE
# and usr/src/linux-headers-RELEASE.  Nothing is installed: Debian's headers of
# 6.12 would bring a kernel into /boot along with them.  Quick when cached.
#
#   --release   print the release only, fetch nothing
#   --help      this text
#
# The cache is ${ZXPAGER_CACHE:-${XDG_CACHE_HOME:-~/.cache}/zxpager}.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

fetch() {
	local rel=$1 dir=$zx_cache/kernels/$1 tmp packages
	have_kernel "$rel" && return 0
	say "fetching linux-image-$rel and its headers (the guest's kernel) ..."
	command -v apt-get > /dev/null ||
		die "apt-get is needed to fetch it; use Debian 12 or pass --kernel PATH"
	# The headers of a flavour need those of all flavours, and the tools.
	read -r -d '' -a packages < <(apt-cache depends "linux-headers-$rel" | sed -n \
		's/^ *Depends: \(linux-\(headers-.*-common\|kbuild-.*\)\)$/\1/p') || :
	packages+=("linux-image-$rel" "linux-headers-$rel")
	mkdir -p "$zx_cache/kernels"
	tmp=$(mktemp -d "$zx_cache/kernels/.new.XXXXXX")
	# shellcheck disable=SC2064 # the directory is known now
	trap "rm -rf '$tmp'" EXIT
	( cd "$tmp" && apt-get -q download "${packages[@]}" ) > "$tmp/log" 2>&1 || {
		cat "$tmp/log" >&2
		die "cannot download ${packages[*]}; try 'apt-get update' first"
	}
	mkdir "$tmp/k"
	for deb in "$tmp"/*.deb; do
		dpkg-deb -x "$deb" "$tmp/k"
	done
	rm -rf "$tmp/k/usr/share"
	# It names its other half by the path that it would be installed at.
	sed -i "s#/usr/src/#$dir/usr/src/#" "$tmp/k/usr/src/linux-headers-$rel/Makefile"
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
