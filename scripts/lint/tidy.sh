#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tidy.sh FLAG... -- FILE...: clang-tidy, with these flags of the compiler
#
# xargs cannot put file names anywhere but at the end.
set -euo pipefail
flags=()
while [ "$1" != -- ]; do
	flags+=("$1")
	shift
done
shift
exec clang-tidy --quiet "$@" -- "${flags[@]}"
