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
# One rule stands for all of coccinelle's, which take their time.
finds "ERROR: reference preceded by free" cocci.c cocci_rule free/kfree <<-'END'
	static int f(struct thing *p)
	{
		kfree(p);
		return p->a;
	}
END
exit $missed
