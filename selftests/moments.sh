#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# moments.sh: ZXP_MOMENTS snapshots of 64 pages, two of which are being stored to, and one in
# 200 as many of 16,384
#
# Run where the module is loaded. O is the build directory.
set -e

program=${O:-$(dirname "$0")/../build}/selftests/zxp_snapshot_order
many=${ZXP_MOMENTS:-100000}

ZXP_PAGES=64 ZXP_MOMENTS=$many "$program" -t of_stores_is_kept
ZXP_PAGES=16384 ZXP_MOMENTS=$((many / 200)) "$program" -t of_stores_is_kept
