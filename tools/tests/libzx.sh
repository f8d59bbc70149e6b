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
portable=(lazy-copy.c log-store.c zstd-pager.cc)

# --- programs for Zircon ------------------------------------------------------------

test_programs_for_zircon_are_portable() {
	for name in "${portable[@]}"; do
		if grep -E '^#include <(zircon/linux|linux|sys|unistd|fcntl)' \
			"$tools/examples/$name"; then
			fail "$name needs a header that Zircon does not have"
		fi
		if grep -n 'zx_linux\|ZX_LINUX' "$tools/examples/$name"; then
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

# shows WHAT STATUS FRAMES [OFFSET LENGTH]: what zstd-pager shows of packed.zst is the file WHAT
shows() {
	local what=$1 status=$2 frames=$3 ended=0
	shift 3
	"$bin/examples/zstd-pager" packed.zst "$@" > shown 2> said || ended=$?
	[ $ended = "$status" ] || fail "$what: status $ended:" "$(cat said)"
	cmp "$what" shown
	[ "$(tail -n 1 said)" = "$frames of 9 frames unpacked" ] || fail "$(cat said)"
}

test_zircon_program_zstd_pager() {
	local first second
	[ -e "$bin/examples/zstd-pager" ] || { echo "built without libzstd"; exit 4; }
	cd "$tmp"
	seq 100000 > text
	split --bytes=64K text part.
	zstd -q part.*[!t]
	cat part.*.zst > packed.zst
	shows text 0 9
	head -c 301000 text | tail -c 1000 > piece
	shows piece 0 1 300000 1000
	# On both sides of where one ends.
	head -c 131100 text | tail -c 100 > piece
	shows piece 0 2 131000 100

	# The second one cannot be unpacked any more, and the others can.
	first=$(stat -c %s part.aa.zst) second=$(stat -c %s part.ab.zst)
	printf zxpager | dd of=packed.zst bs=1 seek=$((first + second / 2)) conv=notrunc status=none
	{ cat part.aa; tail -c +131073 text; } > rest
	shows rest 1 8
	[ "$(head -n 1 said)" = "bytes 65536 to 131071: ZX_ERR_IO_DATA_INTEGRITY" ] ||
		fail "$(cat said)"
	shows part.aa 0 1 0 65536

	# Nobody knows where the last one ends.
	truncate -s -1 packed.zst
	! "$bin/examples/zstd-pager" packed.zst > shown 2> said || fail "half a frame is shown"
	[[ $(cat said) = *" is not of frames of a known size, "* ]] || fail "$(cat said)"
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

# In the list of a manual page, that is, with what it does.
test_every_symbol_has_a_manual_page() {
	awk '/^\.TP/ { row = 1; next } row { print; row = /\\$/ }' \
		"$tools"/../Documentation/man/*.3 |
		grep -o -E '\b_*zx_[a-z_]+[a-z0-9_]*' | all_are_in "no manual page lists"
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
bare=(-fno-exceptions -fno-rtti)

# Compilers with what they are asked for; lib/zx is for both, and for C++17 and later.
both() {
	"$@" g++ -std=c++17
	"$@" clang++ -std=c++20
}

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
	both headers_of_zx
}

headers_of_zx() {
	local header headers=("$tmp"/root/opt/zx/include/lib/zx/*.h)
	[ ${#headers[@]} -ge 12 ] || fail "lib/zx is not installed"
	for header in "${headers[@]##*/}"; do
		echo "#include <lib/zx/$header>" |
			"$@" -x c++ "${strict[@]}" "${bare[@]}" "${cflags[@]}" -fsyntax-only -
	done
}

# A program of others, that needs no module.
consumer() {
	cat <<- 'EOF'
		#include <utility>

		#include <lib/zx/event.h>
		#include <lib/zx/pager.h>
		#include <lib/zx/stream.h>
		#include <lib/zx/vmar.h>

		int main()
		{
			zx::event event;

			if (zx::event::create(0, &event) != ZX_OK)
				return 1;
			const zx::handle any(std::move(event));
			if (any.signal(0, ZX_EVENT_SIGNALED) != ZX_OK)
				return 2;
			return any.wait_one(ZX_EVENT_SIGNALED, zx::time::infinite(), nullptr);
		}
	EOF
}

test_installed_cxx_library_is_found_by_pkg_config() {
	install_there
	consumer > "$tmp/consumer.cc"
	both consumer_by_pkg_config
}

consumer_by_pkg_config() {
	local static
	read -r -a static < <(pkg-config --static --libs libzx)
	[[ " ${static[*]} " = *" -pthread "* ]] || fail "no -pthread in ${static[*]}"
	"$@" "${strict[@]}" "${bare[@]}" "${cflags[@]}" -o "$tmp/shared" "$tmp/consumer.cc" \
		"${libs[@]}"
	LD_LIBRARY_PATH=$tmp/root/opt/zx/lib "$tmp/shared"
	"$@" "${strict[@]}" "${bare[@]}" "${cflags[@]}" -static -o "$tmp/static" \
		"$tmp/consumer.cc" "${static[@]}"
	"$tmp/static"
}

# Also when it was moved since, and by a directory that is a link, as /lib is to /usr/lib.
test_installed_library_is_found_by_cmake() {
	local prefix=$tmp/root/opt/zx version
	install_there
	mkdir "$tmp/project"
	consumer > "$tmp/project/consumer.cc"
	both consumer_by_cmake 1 "$prefix"
	mv "$prefix" "$tmp/root/elsewhere"
	prefix=$tmp/root/elsewhere
	for version in 2 1.1 0 2...3 1.1...2; do
		! consumer_by_cmake "$version" "$prefix" g++ -std=c++17 > "$tmp/log" 2>&1 ||
			fail "1 serves for $version"
		grep -q 'version: 1' "$tmp/log" || fail "$(cat "$tmp/log")"
	done
	for version in '' '1 EXACT' 1.0 '1...<2' 1...1; do
		consumer_by_cmake "$version" "$prefix" g++ -std=c++17
	done
	mkdir "$tmp/linked"
	ln -s "$prefix/lib" "$tmp/linked/lib"
	consumer_by_cmake 1 "$tmp/linked" g++ -std=c++17
}

# consumer_by_cmake VERSION PREFIX COMPILER...: that version is asked for, and found there
consumer_by_cmake() {
	local version=$1 prefix=$2
	shift 2
	rm -rf "$tmp/made"
	cat > "$tmp/project/CMakeLists.txt" <<- EOF
		cmake_minimum_required(VERSION 3.16)
		project(consumer CXX)
		find_package(libzx $version REQUIRED)
		foreach(kind zx zx_static)
			add_executable(with_\${kind} consumer.cc)
			target_link_libraries(with_\${kind} PRIVATE libzx::\${kind})
		endforeach()
	EOF
	cmake -S "$tmp/project" -B "$tmp/made" -DCMAKE_CXX_COMPILER="$1" \
		-DCMAKE_CXX_FLAGS="${*:2} ${strict[*]} ${bare[*]}" -DCMAKE_PREFIX_PATH="$prefix" &&
	cmake --build "$tmp/made" && "$tmp/made/with_zx" && "$tmp/made/with_zx_static" &&
	[[ $(ldd "$tmp/made/with_zx") = *"$(realpath "$prefix/lib")/libzx.so.1"* ]] &&
	[[ $(ldd "$tmp/made/with_zx_static") != *libzx.so* ]]
}

# refused WHAT CODE COMPILER...: a function with this in it does not compile, and says why
refused() {
	local what=$1 code=$2 said
	shift 2
	if said=$(without_a_mistake "$code" "$@" 2>&1); then
		fail "$1 has nothing against: $code"
	fi
	grep -q -E -e "$what" <<< "$said" || fail "$1 has something else against $code:" "$said"
}

without_a_mistake() {
	printf '%s\n' '#include <utility>' '#include <lib/zx/bti.h>' '#include <lib/zx/event.h>' \
		'#include <lib/zx/eventpair.h>' '#include <lib/zx/pager.h>' \
		'#include <lib/zx/vmar.h>' 'extern zx::event event; extern zx::vmo vmo;' \
		'extern zx::port port; extern zx::vmar vmar; extern zx::pmt pmt;' \
		'extern zx::eventpair pair; extern zx::handle handle;' "void f() { $1 }" |
		"${@:2}" -x c++ "${strict[@]}" "${cflags[@]}" -fsyntax-only -
}

test_what_zx_forbids_does_not_compile() {
	install_there
	both forbidden
}

forbidden() {
	without_a_mistake 'zx_handle_t h = event.release(); pair.signal_peer(h, 0);
		handle = std::move(event); vmo = zx::vmo(std::move(handle));
		port.duplicate(0, &port); zx::unowned_vmo look(vmo), same(look);' "$@"
	refused 'nodiscard|unused-result' 'event.release();' "$@"
	refused 'has no peer' 'event.signal_peer(0, 1);' "$@"
	refused 'has no peer' 'vmo.signal_peer(0, 1);' "$@"
	refused 'no signals of programs' 'port.signal(0, 1);' "$@"
	refused 'no signals of programs' 'vmar.signal(0, 1);' "$@"
	refused 'cannot be waited for' 'port.wait_one(1, zx::time(), nullptr);' "$@"
	refused 'cannot be waited for' 'vmar.wait_async(port, 1, 1, 0);' "$@"
	refused 'no second handle' 'pmt.duplicate(0, &pmt);' "$@"
	refused 'deleted' 'zx::event other(event);' "$@"
	refused 'deleted' 'zx::event other; other = event;' "$@"
	refused 'bind|deleted|no matching' 'zx::handle other(event);' "$@"
	refused 'event|vmo' 'vmo = std::move(event);' "$@"
	refused 'handle|vmo' 'vmo = std::move(handle);' "$@"
	refused 'event|vmo' 'event.duplicate(0, &vmo);' "$@"
	refused '==' '(void)(event == vmo);' "$@"
	refused 'convert|conversion' 'zx::event other = ZX_HANDLE_INVALID;' "$@"
	refused 'convert|conversion' 'zx_handle_t other = event; (void)other;' "$@"
	refused 'convert|conversion' 'const zx::vmar root = zx::vmar::root_self();' "$@"
	refused 'convert|conversion' 'zx::time t = zx::sec(1);' "$@"
	refused '[-]' '(void)(zx::time() - zx::time_boot());' "$@"
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
