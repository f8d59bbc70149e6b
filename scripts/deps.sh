#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# deps.sh [--list] GROUP...: install the Debian packages that are missing
#
# The groups are build, kernel, rig, lint, test, bench and demo; "all" is all of them.
# What is missing is named, with the reason, and installed with apt-get, through sudo
# where we are not root.  Without any missing nothing is done.
#
#   --list    print what is missing instead, one a line
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# Group, package, what it is for.  The guests' kernels and their headers are not
# installed: see kernel.sh.
table() {
	cat <<-'END'
	build gcc compiles everything
	build g++ compiles the programs in C++
	build gcc-12 is what Debian's kernel headers compile modules with
	build make runs the builds
	build libc6-dev compiles the programs
	build pkg-config finds the libraries
	build libcmocka-dev runs the tests of libzx
	build libnbd-dev lets zxpagerd serve exports of NBD servers
	build libfuse3-dev is what zxbench compares zxpager with
	build libzstd-dev unpacks the file that an example serves
	build libelf1 is needed by the kernel's build tools
	build libssl3 is needed by the kernel's build tools
	build zlib1g is needed by the kernel's build tools
	build pahole writes the module's types
	kernel gcc compiles kernels with all that finds mistakes
	kernel make runs the build
	kernel flex reads Kconfig files
	kernel bison reads Kconfig files
	kernel bc computes time constants
	kernel libelf-dev is what objtool reads objects with
	kernel xz-utils unpacks the kernel's source
	kernel python3 reads KTAP, by kunit.py
	rig qemu-system-x86 runs the test guest
	rig busybox-static is the guest's first program
	rig kmod finds the guest's modules
	rig cpio packs the guest's first files
	rig xz-utils unpacks modules and sources
	rig zstd unpacks modules
	rig bash runs the commands in the guest
	lint clang compiles the module a second time
	lint lld links what clang compiled
	lint sparse checks the module's types
	lint clang-tidy reads the programs
	lint coccinelle looks for what kernel code does wrong
	lint shellcheck checks the scripts
	lint python3 checks the scripts in Python, and runs some
	lint python3-docutils reads the documents
	lint pyflakes3 checks the scripts in Python
	lint mandoc reads the manual pages
	lint groff-base reads the manual pages, as man does
	lint perl runs checkpatch and kernel-doc
	lint xz-utils unpacks the kernel's source
	lint git knows which files are ours
	test e2fsprogs makes file systems to page
	test util-linux mounts and traces them
	test mount mounts and unmounts
	test attr reads extended attributes
	test python3 compares the tests with the list of what they cover
	test procps looks at processes
	test cmake builds a program with the library as it is installed
	test clang compiles what programs in C++ include a second time
	test systemd has the daemon as a unit, and its descriptors
	test zstd packs the file that an example serves
	test nbdkit is a store that fails, is slow or hangs
	test dmsetup makes stores that fail
	test fio writes to VMOs in many ways, and verifies what it wrote
	test lmdb-utils keeps a database in a VMO
	bench python3 compares figures, and draws their curves
	bench e2fsprogs makes the file system whose file is served
	demo e2fsprogs makes the image that is paged
	demo util-linux mounts it
	END
}

list=
groups=
for arg in "$@"; do
	case $arg in
	--help | -h) usage; exit 0 ;;
	--list) list=1 ;;
	all) groups="build kernel rig lint test bench demo" ;;
	build | kernel | rig | lint | test | bench | demo) groups+=" $arg" ;;
	*) die "unknown group '$arg' (see --help)" ;;
	esac
done
[ -n "$groups" ] || { usage >&2; exit 2; }

{ command -v dpkg-query && command -v apt-get; } > /dev/null 2>&1 ||
	die "this is not Debian: install by hand what the table in $0 names"

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null)" = installed ]
}

root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo > /dev/null; then
		sudo "$@"
	else
		die "cannot install packages: neither root nor sudo here;" \
			"have somebody run: apt-get install ${packages[*]}"
	fi
}

updated=
update() {
	[ -z "$updated" ] || return 0
	say "updating the list of packages ..."
	root apt-get -q update > /dev/null
	updated=1
}

# Sets $packages, after having printed why each is wanted.
find_missing() {
	local group package reason
	packages=()
	while read -r group package reason; do
		[[ " $groups " == *" $group "* ]] || continue
		want "$package" "$reason"
	done < <(table)
}

want() {
	if [[ " ${packages[*]} " == *" $1 "* ]] || installed "$1"; then
		return 0
	fi
	packages+=("$1")
	if [ -n "$list" ]; then
		echo "$1"
	else
		say "installing $1 ($2) ..."
	fi
}

# A machine that is new knows of no packages at all.
if [ -z "$list" ] && ! release_of "${zx_series##* }" > /dev/null 2>&1; then
	update
fi
# A machine without a kernel of its own has no such place, and in the guest this
# machine's directories cannot be written.
if [ -z "$list" ] && [[ " $groups " == *" rig "* ]] && [ ! -d /lib/modules ]; then
	packages=(kmod)
	say "making /lib/modules (where the guest finds its modules) ..."
	root mkdir -p /lib/modules
fi
find_missing
if [ ${#packages[@]} = 0 ] || [ -n "$list" ]; then
	exit 0
fi
install=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y
	-o DPkg::Lock::Timeout=600 install --no-install-recommends "${packages[@]}")
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! apt-cache show "${packages[@]}" > /dev/null 2>&1; then
	update
fi
# Lists that are old name packages that have gone.
if ! root "${install[@]}" > "$log" 2>&1; then
	update
	root "${install[@]}" > "$log" 2>&1 || {
		tail -n 20 "$log" >&2
		die "apt-get could not install: ${packages[*]}"
	}
fi
