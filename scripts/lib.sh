#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What every script here shares.  Sourced, never run.
# shellcheck disable=SC2034 # its variables are for who sources it

zx_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
zx_cache=${ZXPAGER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/zxpager}
zx_series="6.1 6.12"
zx_me=$(basename "$0")

# Debian's kernels that have a name here: those two series, on which everything is
# tested, and the newest of all, of which scripts/kernels/newest has the release.
zx_stock="$zx_series newest"
is_stock() { [[ " $zx_stock " == *" $1 "* ]]; }

say() { printf '%s: %s\n' "$zx_me" "$*" >&2; }
die() { say "$*"; exit "${die_status:-1}"; }

# The leading comment of the calling script, as its --help.
usage() { sed -n '4,/^[^#]/{/^#/!q;s/^# \{0,1\}//;p;}' "$0"; }

# changed_since REV: the files that this branch has changed since it left REV's, with
# what is not committed and what git does not know yet
changed_since() {
	local base
	base=$(git -C "$zx_root" merge-base "$1" HEAD) || return
	git -C "$zx_root" diff --name-only --diff-filter=d "$base"
	git -C "$zx_root" ls-files -o --exclude-standard
}

# with_lock NAME COMMAND...: one runner at a time, others wait for it.
with_lock() {
	local name=$1
	shift
	mkdir -p "$zx_cache/locks"
	( flock 9; "$@" 9>&- ) 9> "$zx_cache/locks/$name"
}

. "$zx_root/scripts/archive.sh"

# A newest-last list of the releases in a series that apt can deliver both an
# image and headers for; they have to agree, or the module does not load.
apt_releases() {
	local re=${1//./\\.} names
	command -v apt-cache > /dev/null || return 0
	[ "$1" != newest ] || re='[0-9]+\.[0-9]+'
	names=$(apt_for "$1" apt-cache pkgnames linux- | grep -E \
		"^linux-(image|headers)-$re\.[0-9]+([-+][0-9a-z]+)?-amd64$" || :)
	comm -12 \
		<(sed -n 's/^linux-image-//p' <<< "$names" | sort) \
		<(sed -n 's/^linux-headers-//p' <<< "$names" | sort) | sort -V
}

# The kernels that we build ourselves: SERIES-FLAVOUR, such as 6.12-debug.
zx_flavours="test debug kcsan"
is_flavour() {
	[[ $1 == *-* && " $zx_series " == *" ${1%-*} "* &&
		" $zx_flavours " == *" ${1##*-} "* ]]
}

# Where to compile modules for a release that scripts/kernel.sh has unpacked.
headers_of() { echo "$zx_cache/kernels/$1/usr/src/linux-headers-$1"; }

# Is this release unpacked, guest kernel and headers?  The stamp is written last.
have_kernel() {
	[ -e "$zx_cache/kernels/$1/.complete" ] && [ -e "$(headers_of "$1")/Makefile" ]
}

# The newest release that the selftests have passed on; another while
# scripts/newest.sh tries it.
recorded_newest() {
	echo "${ZXPAGER_NEWEST:-$(grep -v '^#' "$zx_root/scripts/kernels/newest")}"
}

# The stock kernels whose failures are ours: a newest one that nobody has recorded
# may fail for reasons of its own.
judged_stock() {
	local kernels=$zx_series
	[ "$(release_of newest 2> /dev/null)" != "$(recorded_newest)" ] || kernels+=" newest"
	echo "$kernels"
}

# The recorded one, from the cache or from Debian.  Debian does not keep it: once it
# is gone the next one has to do, which is the likeliest to be like it.
newest_release() {
	local recorded rels
	recorded=$(recorded_newest)
	if ! have_kernel "$recorded"; then
		rels=$(apt_releases newest)
		[ -n "$rels" ] || return 0
		grep -q -x -F -e "$recorded" <<< "$rels" ||
			recorded=$(printf '%s\n' "$recorded" "$rels" | sort -V |
				grep -x -F -A 1 -e "$recorded" | sed 1d)
		[ -n "$recorded" ] || recorded=$(tail -n 1 <<< "$rels")
	fi
	echo "$recorded"
}

# release_of SERIES: the release that stands for a series.  One that is wholly
# here already is preferred over a newer one that would have to be fetched.
release_of() {
	local rel best=
	is_stock "$1" || { say "unknown kernel series '$1' (known: $zx_stock)"; return 1; }
	if [ "$1" = newest ]; then
		best=$(newest_release)
	else
		for rel in "$zx_cache"/kernels/"$1".*/; do
			rel=$(basename "$rel")
			have_kernel "$rel" && best+="$rel"$'\n'
		done
		[ -n "$best" ] || best=$(apt_releases "$1")
	fi
	best=$(sort -V <<< "$best" | grep . | tail -n 1) || :
	if [ -z "$best" ]; then
		say "no Linux $1 packages for amd64 known to apt; run 'apt-get update'" \
			"on Debian 12, or pass a kernel's path"
		return 1
	fi
	echo "$best"
}
