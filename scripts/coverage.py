#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""coverage.py [--write] DIRECTORY TABLE: judge what gcov counted

DIRECTORY has gcov's JSON of each object file of the module. For each source file the
share of its lines that were run is printed, and each block of lines that were not:
lines of a function with nothing in between that was run. TABLE has a line for each
of these blocks: the file, the function, the first line of the block as it reads, and
the reason why no test gets there; a block that it does not name is a failure, and so
is a share below 90 percent of all lines.

With --write the blocks without a line are added to TABLE, with "?" for a reason.
"""

import collections
import json
import pathlib
import re
import sys

MINIMUM = 90.0
ROOT = pathlib.Path(__file__).resolve().parent.parent


def read_counts(directory):
    """{file: {line: [count, function]}}, of the module's own files"""
    files = collections.defaultdict(dict)
    for path in sorted(directory.glob("*.json")):
        for source in json.loads(path.read_text())["files"]:
            match = re.search(r"/(zxpager/[a-z_]+\.[ch])$", source["file"])
            if not match or not (ROOT / match[1]).exists():
                continue
            name = match[1]
            for line in source["lines"]:
                entry = files[name].setdefault(
                    line["line_number"], [0, line.get("function_name", "")])
                entry[0] += line["count"]
    return files


def blocks(lines):
    """Runs of lines that were not run, as (first, last, function)"""
    found = []
    last = None
    for number in sorted(lines):
        count, function = lines[number]
        if count:
            last = None
        elif last and last[2] == function:
            last[1] = number
        else:
            last = [number, number, function]
            found.append(last)
    return found


def read_table(table):
    reasons = {}
    for row in table.read_text().splitlines():
        if row and not row.startswith("#"):
            name, function, text, reason = row.split("\t")
            reasons[name, function, text] = reason
    return reasons


def main():
    args = sys.argv[1:]
    write = args[:1] == ["--write"]
    if write:
        args = args[1:]
    if len(args) != 2 or args[0].startswith("-"):
        print(__doc__.rstrip(), file=sys.stderr)
        return 2
    table = pathlib.Path(args[1])
    reasons = read_table(table)
    files = read_counts(pathlib.Path(args[0]))
    total = run = 0
    unnamed, seen = [], set()
    for name in sorted(files):
        lines = files[name]
        hit = sum(1 for count, _ in lines.values() if count)
        total += len(lines)
        run += hit
        print(f"{name:32} {hit:5} of {len(lines):5} lines {100 * hit / len(lines):6.1f} %")
        text = (ROOT / name).read_text().splitlines()
        for first, last, function in blocks(lines):
            key = name, function, text[first - 1].strip()
            seen.add(key)
            where = f"{first}" if first == last else f"{first}-{last}"
            reason = reasons.get(key)
            if reason is None or reason == "?":
                unnamed.append(key)
            print(f"    {where:>9}  {function}: {key[2]}\n               "
                  f"{reason or 'not named in ' + table.name}")
    for key in sorted(set(reasons) - seen):
        print(f"coverage: was run this time: {' '.join(key)}")
    if write:
        with table.open("a") as out:
            for key in dict.fromkeys(k for k in unnamed if k not in reasons):
                print(*key, "?", sep="\t", file=out)
    if not total:
        print("coverage: nothing was counted", file=sys.stderr)
        return 1
    share = 100 * run / total
    print(f"coverage: {run} of {total} lines, {share:.1f} %, "
          f"{len(unnamed)} blocks without a reason")
    return 1 if unnamed or share < MINIMUM else 0


if __name__ == "__main__":
    sys.exit(main())
