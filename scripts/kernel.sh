#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kernel.sh SERIES[-FLAVOUR]: have a kernel ready to boot and to build for
#
# SERIES is 6.1 or 6.12.  Alone it is Debian's stock kernel.  The packages are
# downloaded and unpacked into the cache, and the directory is printed: it holds
# boot/vmlinuz-RELEASE, lib/modules/RELEASE and usr/src/linux-headers-RELEASE.
# Nothing is installed: Debian's headers of 6.12 would bring a kernel into /boot
# along with them.  Quick when cached.
#
# A flavour is a kernel that we build, from Debian's source and the options in
# scripts/kernels: test (quick, with KUnit and gcov), debug (KASAN, lockdep and
# what else finds mistakes), kcsan.  That takes some minutes; it is cached by
# what it was built from.  The directory holds arch/x86/boot/bzImage, and is one
# to build modules with.
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

# build NAME DIR SOURCE OPTIONS: a kernel that has these options, all of them
build() {
	local name=$1 dir=$2 src=$3 option missing='' start=$SECONDS
	[ ! -e "$dir/.complete" ] || return 0
	"$zx_root/scripts/deps.sh" kernel
	rm -rf "$dir"
	mkdir -p "$dir"
	printf '%s\n' "$4" > "$dir/wanted"
	say "building Linux $name (some minutes, then it is cached) ..."
	make -s -C "$src" O="$dir" KCONFIG_ALLCONFIG="$dir/wanted" allnoconfig \
		> "$dir/log" 2>&1 || { tail "$dir/log" >&2; die "no configuration"; }
	# Kconfig drops in silence what something else forbids.
	while read -r option; do
		case $option in
		'# CONFIG_'*) ! grep -q "^$(cut -d' ' -f2 <<< "$option")=" "$dir/.config" ;;
		CONFIG_*) grep -q -x -F "$option" "$dir/.config" ;;
		esac || missing+=" $option"
	done < "$dir/wanted"
	[ -z "$missing" ] || die "Linux $name came out without:$missing"
	make -s -C "$src" O="$dir" -j "$(nproc)" bzImage modules > "$dir/log" 2>&1 ||
		{ tail "$dir/log" >&2; die "Linux $name does not build"; }
	# Neither booting nor building modules needs the objects.
	find "$dir" \( -path "$dir/scripts" -o -path "$dir/tools" \) -prune -o \
		\( -name '*.o' -o -name '*.a' -o -name 'vmlinux*' -o -name '.tmp_vmlinux*' \) \
		! -name vmlinux.lds -type f -exec rm {} +
	touch "$dir/.complete"
	# What other options have left, but for the last one: two trees may take turns.
	find "$zx_cache/kernels" -maxdepth 1 -name "$name-*" -printf "%T@ %p\n" |
		sort -rn | sed "1,2d; s/^[^ ]* //" | xargs -r rm -rf
	say "built Linux $name in $((SECONDS - start)) s"
}

# Sets $dir, and builds what is not there.
flavour() {
	local name=$1 src options key
	src=$("$zx_root/scripts/ksrc.sh" --tree "${name%-*}")
	options=$(cd "$zx_root/scripts/kernels" && for f in base "${name##*-}" \
		"${name%-*}"; do
		[ ! -e "$f.config" ] || grep -h 'CONFIG_[A-Z0-9_]*\( is\|=\)' "$f.config"
	done)
	options+=$'\n'CONFIG_LOCALVERSION=\"-zx-${name##*-}\"
	key=$({ sed -n 1p "$src/debian/changelog" 2> /dev/null
		sed -n 's/^\(VERSION\|PATCHLEVEL\|SUBLEVEL\) = //p' "$src/Makefile"
		gcc --version | sed -n 1p; echo "$options"; } | sha256sum | cut -c1-16)
	dir=$zx_cache/kernels/$name-$key
	[ -e "$dir/.complete" ] || with_lock "kernel-$name" build "$name" "$dir" "$src" "$options"
}

case ${1:-} in
--help | -h) usage; exit 0 ;;
--release) release_of "${2:?a series, 6.1 or 6.12}"; exit ;;
'' | -*) usage >&2; exit 2 ;;
esac

if is_flavour "$1"; then
	flavour "$1"
	echo "$dir"
	exit
fi
rel=$(release_of "$1")
have_kernel "$rel" || with_lock "kernel-$rel" fetch "$rel"
echo "$zx_cache/kernels/$rel"
