#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# demo.sh [--kernel SERIES]: a file system whose blocks are paged in on demand
#
# Builds what is needed, makes an ext4 image with a tree of real files, and runs
# tools/demo.sh with it in a guest (default: Linux 6.12).  The image that the guest wrote
# to is then looked at by programs that know nothing of zxpager.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

series=6.12
case ${1:-} in
--kernel) series=${2:?6.1 or 6.12} ;;
'') ;;
*) usage; exit 0 ;;
esac

cd "$zx_root"
dir=$zx_root/build/demo
doing() { printf '[%3d s] %s\n' $SECONDS "$*"; }

scripts/deps.sh build rig demo
doing "building the module for Linux $series"
scripts/build.sh --quiet --strict "$series"
doing "building the tools"
MAKEFLAGS='' make -s -C tools O="$zx_root/build"

# Headers that the module was built with: some thousand files of text.
rel=$(release_of "$series")
tree=$(realpath "$(headers_of "$rel")"/../linux-headers-*-common/include/linux) || :
[ -d "$tree" ] || tree=/usr/include
doing "making an ext4 image of $tree"
rm -rf "$dir"
mkdir -p "$dir/tree"
cp -rL --no-preserve=ownership "$tree" "$dir/tree/linux"
( cd "$dir/tree" && find . -type f -print0 | LC_ALL=C sort -z |
	xargs -0 sha256sum ) > "$dir/manifest.sha256"
size=$(($(du -sm "$dir/tree" | cut -f1) * 5 / 4 + 16))
[ $size -ge 48 ] || size=48
mke2fs -q -F -t ext4 -d "$dir/tree" -E root_owner=0:0,lazy_itable_init=0 \
	"$dir/image.ext4" "${size}M" > /dev/null
rm -rf "$dir/tree"

doing "booting Linux $series"
status=0
scripts/vm.sh --kernel "$series" --timeout 600 --share "$dir" -- \
	env O="$zx_root/build" DEMO_DIR=/mnt/share \
	ZXPAGER_KO="$zx_root/build/$series/zxpager.ko" tools/demo.sh || status=$?
[ $status = 0 ] || { doing "the demo ended with status $status"; exit $status; }

shown() { printf '  %-34s %s\n' "$1" "$2"; }
broken() { printf 'demo: DOES NOT HOLD: %s\n' "$*" >&2; exit 1; }

echo "the image that was written to, outside of the guest:"
e2fsck -fn "$dir/written.ext4" > "$dir/e2fsck" 2>&1 ||
	broken "e2fsck finds errors: $(tail -n 1 "$dir/e2fsck")"
shown "e2fsck -fn" "clean"
mkdir "$dir/tree"
debugfs -R "rdump / $dir/tree" "$dir/written.ext4" > /dev/null 2> "$dir/debugfs" ||
	broken "debugfs cannot take it out: $(tail -n 1 "$dir/debugfs")"
listed=$(wc -l < "$dir/written.sha256")
found=$(find "$dir/tree" -type f | wc -l)
[ "$listed" = "$found" ] || broken "$found files instead of $listed"
(cd "$dir/tree" && sha256sum --quiet --strict -c ../written.sha256 \
	> "$dir/wrong" 2>&1) || broken "files differ: $(head -n 1 "$dir/wrong")"
cmp -s "$dir/image.ext4" "$dir/written.ext4" && broken "nothing was written"
shown "debugfs rdump" "$found files, each as the guest saw it last"
rm -rf "$dir/tree"
doing "everything held"
