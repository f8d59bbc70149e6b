#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""floors.py [DOCUMENT]: does each file use only what is below it?

Documentation/design.rst has a section for each tree of sources, whose title is the
path of the tree in ``literals``.  It holds two tables, whose columns are known by
their order:

=======  =======  ================
floor    headers  files
=======  =======  ================
1 calls           object, port
2 base   base.h   fd, copy, status
=======  =======  ================

A file, that is NAME.c, may use files on lower floors, and to its right on its own.
So a ring has an arrow up wherever its files stand.  A header listed under "headers"
belongs to the whole floor, and any other header NAME.h to NAME.c.

============  ===========
callback      set by
============  ===========
struct.field  object, fd
function.arg  port
============  ===========

A callback is a pointer to a function that one of the tree's headers declares, because
others can set it; what stays inside of one file is that file's own business.  It is set
by files that assign to the field, or that call the function.

What a file uses is told by nm of its object, and by what it includes.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Where the objects of a tree are, if not among its sources; see floors() in texts.sh.
OBJECTS = {"zxpager": "build/6.12/zxpager",
           "tools/zxpagerd": "build/floors/tools/zxpagerd",
           "tools/libzx": "build/floors/tools/libzx"}
TITLE = re.compile(r"^``([\w./-]+?)/?``$")
BORDER = re.compile(r"^=+( +=+)+$")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
POINTER = re.compile(r"\(\s*\*\s*(?:const\s+)?(\w+)\s*(?:\[\w*\]\s*)?\)\s*\(")
problems = []


def words(cell):
    return re.findall(r"[\w.]+", cell)


def rows_of(border, lines):
    """The rows of a simple table; one that goes on has nothing in the first column."""
    starts = [m.start() for m in re.finditer("=+", border)]
    rows = []
    for line in lines:
        cells = [line[a:b].strip() for a, b in zip(starts, [*starts[1:], None])]
        if cells[0] or not rows:
            rows.append(cells)
        else:
            rows[-1] = [f"{a} {b}".strip() for a, b in zip(rows[-1], cells)]
    return rows


def read_tables(text):
    """{tree: {"floor": rows, "callback": rows}}"""
    trees, tables, lines, at = {}, None, text.splitlines(), 0
    while at + 1 < len(lines):
        if re.match(r"^(=+|-+|~+)$", lines[at + 1]) and lines[at].strip():
            title = TITLE.match(lines[at])
            tables = trees.setdefault(title.group(1), {}) if title else None
        elif tables is not None and BORDER.match(lines[at]):
            end = next(n for n in range(at + 3, len(lines)) if BORDER.match(lines[n]))
            tables[lines[at + 1].split()[0]] = rows_of(lines[at], lines[at + 3:end])
            at = end
        at += 1
    return trees


class Tree:
    def __init__(self, name, tables):
        self.name, self.path = name, ROOT / name
        self.sources = {p.name: COMMENT.sub(" ", p.read_text())
                        for p in sorted(self.path.glob("*.[ch]"))}
        self.place = {}
        for floor, row in enumerate(tables.get("floor", [])):
            for column, file in enumerate([*(f"{w}.c" for w in words(row[2])),
                                           *words(row[1])]):
                if file in self.place:
                    self.problem(f"{file} is named twice")
                self.place[file] = floor, column
        self.listed = {row[0]: {f"{w}.c" for w in words(row[1])}
                       for row in tables.get("callback", [])}
        self.defined, self.used = {}, {}

    def problem(self, text):
        problems.append(f"{self.name}: {text}")

    def place_of(self, file):
        return self.place.get(file) or self.place.get(f"{file[:-2]}.c")

    def check_names(self):
        for file in self.sources:
            if not self.place_of(file):
                self.problem(f"no floor has {file}")
        for file in self.place:
            if file not in self.sources:
                self.problem(f"there is no {file}")

    def read_objects(self):
        where = ROOT / OBJECTS.get(self.name, self.name)
        for file in (f for f in self.sources if f.endswith(".c")):
            out = subprocess.run(["nm", "-g", where / f"{file[:-2]}.o"],
                                 capture_output=True, text=True)
            if out.returncode:
                self.problem(f"{file} has no object: {out.stderr.strip()}")
            symbols = [line.split()[-2:] for line in out.stdout.splitlines()]
            self.used[file] = {s for kind, s in symbols if kind in "Uwv"}
            self.defined.update((s, file) for kind, s in symbols if kind in "TDBRCVWG")

    def arrow(self, user, used, how):
        a, b = self.place_of(user), self.place_of(used)
        if a and b and a > b:
            side = "above it" if a[0] > b[0] else "to its left"
            self.problem(f"{user} {how}, which is {side}")

    def check_arrows(self):
        for file, symbols in self.used.items():
            for symbol in sorted(symbols & self.defined.keys()):
                used = self.defined[symbol]
                self.arrow(file, used, f"uses {symbol} of {used}")
        for file in self.sources:
            for name in INCLUDE.findall(self.sources[file]):
                if (self.path / name).resolve().parent == self.path:
                    used = pathlib.Path(name).name
                    self.arrow(file, used, f"includes {used}")

    def callbacks(self):
        """Those that the headers declare, as STRUCT.FIELD or FUNCTION.PARAMETER."""
        for file, text in self.sources.items():
            for found in POINTER.finditer(text) if file.endswith(".h") else ():
                before = text[:found.start()]
                if before.count("{") > before.count("}"):
                    owner = re.findall(r"(\w+)\s*{", before)[-1]
                else:
                    owner = re.search(r"(\w+)\s*\(|$", re.split(r"[;{}]", before)[-1])[1]
                yield f"{owner}.{found[1]}" if owner else found[1]

    def check_callbacks(self):
        declared = set(self.callbacks())
        for callback in sorted(declared - self.listed.keys()):
            self.problem(f"no table names the callback {callback}")
        for callback in sorted(self.listed.keys() - declared):
            self.problem(f"there is no callback {callback}")
        for callback, files in self.listed.items():
            owner, _, name = callback.rpartition(".")
            setter = re.compile(rf"(?:\.|->){name}\s*=[^=]")
            for file in sorted(files):
                if (owner not in self.used.get(file, ()) and
                        not setter.search(self.sources.get(file, ""))):
                    self.problem(f"{file} does not set the callback {callback}")


def main():
    document = sys.argv[1] if len(sys.argv) > 1 else ROOT / "Documentation/design.rst"
    trees = read_tables(pathlib.Path(document).read_text())
    if len(sys.argv) == 1:
        trees = {name: {} for name in OBJECTS} | trees
    if not trees:
        problems.append(f"{document}: no tree has floors")
    for name, tables in trees.items():
        tree = Tree(name, tables)
        tree.check_names()
        tree.read_objects()
        tree.check_arrows()
        tree.check_callbacks()
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


main()
