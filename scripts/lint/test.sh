#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test.sh: do the checks of lint.sh fail where something is wrong?
#
# Gives each a file with one mistake, and looks for its name in what the check says.
# Prints what a check has missed; exit status 1 if there is anything.
set -euo pipefail
. "$(dirname "$0")/../lib.sh"
cd "$zx_root"
. scripts/lint/files.sh
. scripts/lint/kernel.sh
. scripts/lint/programs.sh
. scripts/lint/texts.sh

# Below the root, where .clang-tidy is found.
mkdir -p build
tmp=$(mktemp -d build/lint-test.XXXXXX)
trap 'rm -rf "$tmp"' EXIT
missed=0

# finds WHAT NAME COMMAND...: with $tmp/NAME, which is the text on stdin
finds() {
	local what=$1 file=$tmp/$2 out
	shift 2
	cat > "$file"
	if out=$("$@" "$file" 2>&1); then
		echo "${file##*/} passes: $*"
	elif ! grep -q -e "$what" <<< "$out"; then
		printf '%s: no %s in what %s says:\n%s\n' "${file##*/}" "$what" "$*" "$out"
	else
		return 0
	fi
	missed=1
}

finds CODE_INDENT indent.c checkpatch FILE_PATH_CHANGES <<-'END'
	// SPDX-License-Identifier: GPL-2.0
	int f(void)
	{
	        return 0;
	}
END
finds "not described in 'f'" doc.h kernel_doc <<-'END'
	/**
	 * f() - does something
	 * @a: a number
	 */
	int f(int a, int b);
END
finds sign-compare sign.c clang_programs <<-'END'
	int f(int a, unsigned int b);
	int f(int a, unsigned int b) { return a < b; }
END
finds sign-conversion sign.cc clang_cxx <<-'END'
	unsigned int f(int a);
	unsigned int f(int a) { return a; }
END
finds "cannot use 'throw'" throws.cc clang_cxx <<-'END'
	void f() { throw 1; }
END
finds performance-unnecessary-value-param copied.cc tidy_cxx <<-'END'
	#include <string>
	unsigned long f(const std::string s);
	unsigned long f(const std::string s) { return s.size(); }
END
finds style.cc:2 style.cc cxx_style <<-'END'
	void f();
	        void f();
END
finds "longer than 100" wide.cc cxx_style < <(printf '// %0101d\n' 0)
finds use-after-free freed.c analyzer <<-'END'
	#include <stdlib.h>
	int f(int *p);
	int f(int *p) { free(p); return *p; }
END
finds bugprone-sizeof-expression sizeof.c tidy <<-'END'
	#include <string.h>
	void f(char *p);
	void f(char *p) { memset(p, 0, sizeof(sizeof(*p))); }
END
finds SC2086 quotes.sh shell_scripts <<-'END'
	#!/bin/bash
	rm $1
END
finds "imported but unused" unused.py python_scripts <<< "import sys"
finds SyntaxError syntax.py python_scripts <<< "def"
finds macro page.1 manual_pages <<-'END'
	.TH PAGE 1 "" zxpager
	.SH NAME
	page \- a page
	.NONSENSE
END
finds "no document nowhere" reference.rst documents <<-'END'
	:doc:`nowhere`
END
finds "there is no zxpager/nothing.c" path.rst documents <<-'END'
	``zxpager/nothing.c``
END
finds "Title underline too short" title.rst documents <<-'END'
	A long title
	======
END
finds "longer than 80 columns" wide readme < <(cat README; printf '%081d\n' 0)
finds "more than two screens" long readme < <(cat README; seq 100)
finds "scan is .* in performance.rst" stale readme \
	< <(sed '/^  scan /s/[0-9.]*$/9.99/' README)
finds "no figures" bare readme <<< "A text."

# A small tree that has its floors, and tables that are wrong about it.
tree=$tmp/tree
mkdir "$tree"
cat > "$tree/low.h" <<-'END'
	struct job {
		void (*done)(void);
	};
	void low(struct job *job, int (*next)(void));
END
cat > "$tree/low.c" <<-'END'
	#include "low.h"
	void low(struct job *job, int (*next)(void)) { if (next()) job->done(); }
END
cat > "$tree/high.c" <<-'END'
	#include "low.h"
	static void end(void) { }
	static int none(void) { return 0; }
	void high(void) { struct job job = { .done = end }; low(&job, none); }
END
for name in low high; do
	gcc -c -o "$tree/$name.o" "$tree/$name.c"
done

# tables FLOORS CALLBACKS: rows with a | between cells
tables() {
	local border="============  ============  ============"
	printf "%s\n" "\`\`$tree\`\`" ====
	printf '%s\n' "$border" floor "$border"
	while IFS='|' read -r -a cells; do
		printf '%-14s%-14s%s\n' "${cells[@]}"
	done <<< "$1"
	printf '%s\n' "$border" "" "$border" callback "$border"
	while IFS='|' read -r -a cells; do
		printf '%-14s%-14s%s\n' "${cells[@]}" ""
	done <<< "$2"
	echo "$border"
}
two=$'1||high\n2||low' both=$'job.done|high,\n|high\nlow.next|high'

tables "$two" "$both" > "$tmp/floors.rst"
floors "$tmp/floors.rst" || { echo "floors that are right do not pass"; missed=1; }
finds "high.c uses low of low.c, which is above it" up.rst floors \
	< <(tables $'1||low\n2||high' "$both")
finds "high.c includes low.h, which is above it" include.rst floors \
	< <(tables $'1||low\n2||high' "$both")
finds "high.c uses low of low.c, which is to its left" left.rst floors \
	< <(tables "1||low, high" "$both")
finds "high.c includes low.h, which is above it" header.rst floors \
	< <(tables $'1|low.h|\n2||high, low' "$both")
finds "no floor has low.c" unnamed.rst floors < <(tables "1||high" "$both")
finds "there is no middle.c" gone.rst floors < <(tables $'1||high\n2||middle, low' "$both")
finds "no table names the callback job.done" field.rst floors \
	< <(tables "$two" "low.next|high")
finds "no table names the callback low.next" argument.rst floors \
	< <(tables "$two" "job.done|high")
finds "there is no callback job.begin" callback.rst floors \
	< <(tables "$two" "$both"$'\njob.begin|high')
finds "low.c does not set the callback job.done" setter.rst floors \
	< <(tables "$two" $'job.done|high, low\nlow.next|high')
finds "no tree has floors" nothing.rst floors <<< "A text."
# One without an object is not taken for one that uses nothing.
rm "$tree/high.o"
finds "high.c has no object" object.rst floors < <(tables "$two" "$both")

# One rule stands for all of coccinelle's, which take their time.
finds "ERROR: reference preceded by free" cocci.c cocci_rule free/kfree <<-'END'
	static int f(struct thing *p)
	{
		kfree(p);
		return p->a;
	}
END
exit $missed
