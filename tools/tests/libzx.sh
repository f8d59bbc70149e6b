#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# libzx.sh TEST: one test of libzx as others get it
#
# A TEST is one of the functions test_* below, without test_.  Those that --list names
# want the module, and run-tests.sh runs them.  With --static all others are run, with
# TAP as output; "make check" in tools/ does that.
set -euo pipefail

tools=$(cd "$(dirname "$0")/.." && pwd)
O=$(realpath "${O:-$tools/../build}")
bin=$O/tools

fail() {
	echo "failed: $*"
	exit 1
}

symbols() {
	sed -n 's/^\t\(_*zx_[a-z_]*\);$/\1/p' "$tools/libzx/libzx.map"
}

# Programs against <zircon/...> alone, with none of what Linux adds.
portable=(lazy-copy log-store)

# --- programs for Zircon ------------------------------------------------------------

test_programs_for_zircon_are_portable() {
	for name in "${portable[@]}"; do
		if grep -E '^#include <(zircon/linux|linux|sys|unistd|fcntl)' \
			"$tools/examples/$name.c"; then
			fail "$name needs a header that Zircon does not have"
		fi
		if grep -n 'zx_linux\|ZX_LINUX' "$tools/examples/$name.c"; then
			fail "$name needs what Zircon does not have"
		fi
	done
}

test_zircon_program_lazy_copy() {
	[ "$("$bin/examples/lazy-copy")" = "64 pages, 64 brought, 0 wrong, pager-backed" ]
}

test_zircon_program_log_store() {
	[ "$("$bin/examples/log-store")" = "1000 lines, stored, modified" ]
}

# --- every symbol -------------------------------------------------------------------

# all_are_in WHAT: of what comes in, one a line, no symbol is missing
all_are_in() {
	local missing
	missing=$(comm -23 <(symbols | sort) <(sort -u))
	[ -z "$missing" ] || fail "$1:" "$missing"
	[ "$(symbols | wc -l)" -ge 50 ] || fail "libzx.map is not read as it should be"
}

test_every_symbol_is_tested() {
	grep -h -o -E '\b_*zx_[a-z_]+\(' "$tools"/tests/test_libzx*.c | tr -d '(' |
		all_are_in "no test calls"
}

test_every_symbol_has_a_manual_page() {
	sed 's/\\-/-/g' "$tools"/../Documentation/man/*.3 |
		grep -o -E '\b_*zx_[a-z_]+\b' | all_are_in "no manual page names"
}

test_every_symbol_is_declared_and_exported() {
	local declared exported
	declared=$(cat "$tools"/libzx/include/zircon/*.h \
		"$tools"/libzx/include/zircon/syscalls/*.h |
		grep -o -E '^[a-z][a-z0-9_ *]*\b_*zx_[a-z_]+\(' |
		grep -o -E '\b_*zx_[a-z_]+\($' | tr -d '(' | sort -u)
	diff <(symbols | sort) <(echo "$declared") ||
		fail "libzx.map and the headers differ"
	exported=$(nm -D --defined-only "$bin/libzx.so.1")
	diff <(symbols | sed 's/$/@@LIBZX_1/' | sort) \
		<(awk '$2 == "T" { print $3 }' <<< "$exported" | sort) ||
		fail "libzx.so.1 exports something else"
	[[ $(readelf -d "$bin/libzx.so.1") = *SONAME*'[libzx.so.1]'* ]]
}

# --- installed ----------------------------------------------------------------------

# Into a directory of its own, as a package would be made.
install_there() {
	make -s -C "$tools" install O="$O" DESTDIR="$tmp/root" PREFIX=/opt/zx \
		> "$tmp/install.log" 2>&1 || fail "$(cat "$tmp/install.log")"
	export PKG_CONFIG_LIBDIR=$tmp/root/opt/zx/lib/pkgconfig
	export PKG_CONFIG_SYSROOT_DIR=$tmp/root
	read -r -a cflags < <(pkg-config --cflags libzx)
	read -r -a libs < <(pkg-config --libs libzx)
}

test_installed_library_is_found_by_pkg_config() {
	install_there
	[ "$(pkg-config --modversion libzx)" = 1 ]
	cc -Wall -Werror "${cflags[@]}" -o "$tmp/shared" \
		"$tools/examples/lazy-copy.c" "${libs[@]}" -pthread
	[[ $(ldd "$tmp/shared") = *'libzx.so.1 => not found'* ]]
	[[ $(LD_LIBRARY_PATH=$tmp/root/opt/zx/lib ldd "$tmp/shared") = \
		*"$tmp/root/opt/zx/lib/libzx.so.1"* ]]
	cc -Wall -Werror "${cflags[@]}" -o "$tmp/static" \
		"$tools/examples/lazy-copy.c" "$tmp/root/opt/zx/lib/libzx.a" -pthread
	[[ $(nm "$tmp/static") = *' T zx_pager_create'* ]]
	[ -f "$tmp/root/opt/zx/share/man/man3/libzx.3" ]
}

# As somebody builds who wants to hear of everything.
strict=(-Wall -Wextra -pedantic -Wconversion -Wsign-conversion -Werror)

# Each header is whole by itself, also for C++.
test_installed_headers_stand_alone() {
	local header std
	install_there
	for header in "$tmp"/root/opt/zx/include/zircon/{,syscalls/}*.h; do
		header=${header#"$tmp/root/opt/zx/include/"}
		printf '#include <%s>\nint made;\n' "$header" |
			cc -x c -std=c11 -Wall -Wextra -Wpedantic -Werror \
				"${cflags[@]}" -fsyntax-only -
		command -v c++ > /dev/null || continue
		for std in 17 20; do
			echo "#include <$header>" |
				c++ -x c++ -std=c++$std "${strict[@]}" "${cflags[@]}" \
					-fsyntax-only -
		done
	done
}

# What headers define is good to use, too, and not only to include.
test_installed_macros_compile_cleanly() {
	local std level
	install_there
	cat > "$tmp/use.cc" <<- 'EOF'
		#include <zircon/assert.h>
		#include <zircon/limits.h>
		#include <zircon/syscalls.h>
		#include <zircon/syscalls/debug.h>
		#include <zircon/syscalls/iommu.h>
		#include <zircon/threads.h>

		int use(int n, const char *name)
		{
			ZX_ASSERT(n > 0);
			ZX_ASSERT_MSG(n > 1, "no message has an argument");
			ZX_ASSERT_MSG(const int m = n * 2; m > 3, "%d of %s", m, name);
			ZX_DEBUG_ASSERT(n != 7);
			ZX_DEBUG_ASSERT_MSG(n != 8, "of %s", name);
			ZX_DEBUG_ASSERT_COND(n != 9);
			ZX_DEBUG_ASSERT_MSG_COND(n != 10, "of %s", name);
			if (n == 11)
				ZX_PANIC("it is %d", n);
			if (ZX_STREAM_CREATE_MASK & ZX_STREAM_MODE_READ)
				ZX_ASSERT(ZX_MIN_PAGE_SIZE <= ZX_MAX_PAGE_SIZE);
			else
				ZX_ASSERT(ZX_EXCP_IS_ARCH(ZX_EXCP_FATAL_PAGE_FAULT));
			return thrd_status_to_zx_status(thrd_busy) + ZX_IOMMU_TYPE_DUMMY;
		}
	EOF
	command -v c++ > /dev/null || return 0
	for std in 17 20; do
		for level in 0 2; do
			c++ -std=c++$std "${strict[@]}" "${cflags[@]}" -fsyntax-only \
				-DZX_ASSERT_LEVEL=$level "$tmp/use.cc"
		done
	done
}

functions() { compgen -A function | sed -n 's/^test_//p'; }

# Each in a shell of its own, so that the first error ends it.
run_static() {
	local name number=0 failures=0 out
	while read -r name; do
		number=$((number + 1))
		if out=$("$0" "$name" 2>&1); then
			echo "ok $number - $name"
		else
			failures=$((failures + 1))
			echo "not ok $number - $name"
			head -n 30 <<< "${out:-no output}" | sed 's/^/# /'
		fi
	done < <(functions | grep -v '^zircon_program_')
	echo "1..$number"
	[ $failures = 0 ]
}

case ${1:?a test, --list or --static} in
--list)
	functions | grep '^zircon_program_'
	exit
	;;
--static)
	run_static
	exit
	;;
esac
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"test_$1"
