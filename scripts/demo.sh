#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# demo.sh [--kernel SERIES]: a file system whose blocks are paged in on demand
#
# Builds what is needed, makes an ext4 image with a tree of real files, and runs
# tools/demo.sh with it in a guest (default: Linux 6.12).
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
scripts/build.sh --quiet "$series"
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
[ $size -ge 64 ] || size=64
mke2fs -q -F -t ext4 -d "$dir/tree" -E root_owner=0:0,lazy_itable_init=0 \
	"$dir/image.ext4" "${size}M" > /dev/null
rm -rf "$dir/tree"

doing "booting Linux $series"
status=0
scripts/vm.sh --kernel "$series" --timeout 600 --share "$dir" -- \
	env O="$zx_root/build" DEMO_DIR=/mnt/share \
	ZXPAGER_KO="$zx_root/build/$series/zxpager.ko" tools/demo.sh || status=$?
doing "the demo ended with status $status"
exit $status
