#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kernel.sh SERIES[-FLAVOUR]: have a kernel ready to boot and to build for
#
# SERIES is 6.1, 6.12 or newest.  Alone it is Debian's stock kernel; "newest" is the
# one that scripts/newest.sh has recorded.  The packages are downloaded and unpacked
# into the cache, and the directory is printed: it holds boot/vmlinuz-RELEASE,
# lib/modules/RELEASE and usr/src/linux-headers-RELEASE.  Nothing is installed:
# Debian's headers of 6.12 would bring a kernel into /boot along with them.  Quick
# when cached.
#
# 6.1 and 6.12 have flavours: kernels that we build, from Debian's source and the options in
# scripts/kernels: test (quick, with KUnit and gcov), debug (KASAN, lockdep and
# what else finds mistakes), kcsan.  That takes some minutes; it is cached by
# what it was built from.  The directory holds arch/x86/boot/bzImage, and is one
# to build modules with.
#
#   --release   print the release only, fetch nothing
#   --ready     print nothing, fetch and build nothing: is it in the cache?
#   --help      this text
#
# The cache is ${ZXPAGER_CACHE:-${XDG_CACHE_HOME:-~/.cache}/zxpager}.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# unpack DIR SERIES PACKAGE...
unpack() {
	local dir=${1:?} series=$2 deb
	mkdir -p "$dir" "$dir.deb"
	( cd "$dir.deb" && apt_for "$series" apt-get -q download "${@:3}" ) \
		> "$dir.log" 2>&1 || {
		cat "$dir.log" >&2
		die "cannot download ${*:3}; try 'apt-get update' first"
	}
	for deb in "$dir.deb"/*.deb; do
		dpkg-deb -x "$deb" "$dir"
	done
	rm -rf "$dir.deb" "$dir.log" "${dir:?}/usr/share"
}

# private_libc TMP DIR SERIES: the build tools of a kernel may be made for a newer libc
# than this machine's.  Those that are have it with them, and what was the program
# is a script that starts it.  They are in TMP now and are to be in DIR.
private_libc() {
	local tool tools=()
	while read -r tool; do
		[[ $(ldd "$tool" 2>&1) != *"version \`GLIBC_"*"not found"* ]] ||
			tools+=("$tool")
	done < <(find "$1"/usr/lib/linux-kbuild-* -type f -perm -100 \
		-exec grep -l -a -m 1 '^.ELF' {} +)
	[ ${#tools[@]} -gt 0 ] || return 0
	unpack "$1/libc" "$3" libc6
	for tool in "${tools[@]}"; do
		mv "$tool" "$tool.elf"
		cat > "$tool" <<-END
			#!/bin/sh
			lib=$2/libc/usr/lib/x86_64-linux-gnu
			exec \$lib/ld-linux-x86-64.so.2 --library-path \$lib "\$0.elf" "\$@"
		END
		chmod 755 "$tool"
	done
}

# fetch SERIES RELEASE
fetch() {
	local series=$1 rel=$2 dir=$zx_cache/kernels/$2 tmp packages
	have_kernel "$rel" && return 0
	say "fetching linux-image-$rel and its headers (the guest's kernel) ..."
	command -v apt-get > /dev/null ||
		die "apt-get is needed to fetch it; use Debian 12 or pass --kernel PATH"
	# The headers of a flavour need those of all flavours, and the tools; and images
	# may be in parts.
	read -r -d '' -a packages < <(apt_for "$series" apt-cache depends \
		"linux-image-$rel" "linux-headers-$rel" | sed -n 's/^ *Depends: //p' | sort -u |
		grep -E '^linux-(headers-.*-common|kbuild-.*|(base|binary|modules)-.*)$') || :
	packages+=("linux-image-$rel" "linux-headers-$rel")
	mkdir -p "$zx_cache/kernels"
	tmp=$(mktemp -d "$zx_cache/kernels/.new.XXXXXX")
	# shellcheck disable=SC2064 # the directory is known now
	trap "rm -rf '$tmp'" EXIT
	unpack "$tmp/k" "$series" "${packages[@]}"
	# Where /lib is a link to /usr/lib, the packages need no longer tell them apart.
	if [ ! -e "$tmp/k/lib" ]; then
		ln -s usr/lib "$tmp/k/lib"
	fi
	if [ ! -e "$tmp/k/boot" ]; then
		mkdir "$tmp/k/boot"
		ln -s "../lib/modules/$rel/vmlinuz" "$tmp/k/boot/vmlinuz-$rel"
	fi
	# It names its other half by the path that it would be installed at.
	sed -i "s#/usr/src/#$dir/usr/src/#" "$tmp/k/usr/src/linux-headers-$rel/Makefile"
	private_libc "$tmp/k" "$dir" "$series"
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

# Sets $src, $options and $dir.
flavour() {
	local name=$1 key
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
}

# ready KERNEL: with nothing left to fetch or to build
ready() {
	if is_flavour "$1"; then
		[ -e "$zx_cache/linux-source-${1%-*}-tree/.complete" ] || return 1
		flavour "$1"
		[ -e "$dir/.complete" ]
	elif [ "$1" = newest ]; then
		have_kernel "$(recorded_newest)"
	else
		have_kernel "$(release_of "$1")"
	fi
}

case ${1:-} in
--help | -h) usage; exit 0 ;;
--release) release_of "${2:?a series, 6.1, 6.12 or newest}"; exit ;;
--ready) ready "${2:?a kernel}"; exit ;;
'' | -*) usage >&2; exit 2 ;;
esac

if is_flavour "$1"; then
	flavour "$1"
	[ -e "$dir/.complete" ] || with_lock "kernel-$1" build "$1" "$dir" "$src" "$options"
	echo "$dir"
	exit
fi
rel=$(release_of "$1")
if [ "$1" = newest ] && [ "$rel" != "$(recorded_newest)" ]; then
	say "Linux $(recorded_newest), the recorded one, is no longer to be had:" \
		"taking $rel instead"
fi
have_kernel "$rel" || with_lock "kernel-$rel" fetch "$1" "$rel"
echo "$zx_cache/kernels/$rel"
