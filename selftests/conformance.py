#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""conformance.py [--check]: write Documentation/zircon-conformance.rst

What it says comes from zircon.tsv, which has a line for each of Zircon's tests of
its user pager, and from the tests that are in zxp_zircon_*.c. The two must agree:
each test that a line names has to exist, with the variants of Zircon's, and each
test that exists has to have a line.

With --check nothing is written, and a document that would come out differently is
an error as well.
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE / "zircon.tsv"
DOCUMENT = HERE.parent / "Documentation" / "zircon-conformance.rst"

# The variants that the macros of lib/fixture.h define.
VARIANTS = {
    "ACCESS_FIXTURE": ["Vmar", "Vmo", "Read"],
    "WRITE_FIXTURE": ["Vmar", "Vmo", "Write"],
    "TRAP_FIXTURE": ["TrapDirty", "NoTrapDirty"],
}

STATUSES = ["same", "differs", "not yet", "impossible"]

HEAD = """\
.. SPDX-License-Identifier: GPL-2.0

.. This file is written by selftests/conformance.py. Do not edit it.

=============================
Conformance to Zircon's tests
=============================

One line for each test that Zircon has of its user pager, by the name that it has
there. *same*: our test checks the same with the same outcome, errnos for status
codes and SIGBUS for a fatal page fault aside. *differs*: Linux users get something
else, which our test pins down. *not yet*: it needs a feature that the module does not
have. *impossible*: it needs something that Linux does not have.

Our tests are in ``selftests/zxp_zircon_*.c``, and are named program, fixture, test.
Where Zircon runs a test as ``Vmar`` (by a mapping) and as ``Vmo`` (by a system call)
our fixture has variants of these names, and mostly a third: ``Read``, which is
``pread()``, or ``Write``, which is ``pwrite()``.
"""


def fail(problems):
    for problem in problems:
        print(f"conformance.py: {problem}", file=sys.stderr)
    sys.exit(1)


class Test:
    def __init__(self, program, variants):
        self.program = program
        self.variants = variants


def read_sources():
    """The tests that exist: {"fixture.test": Test}."""
    tests = {}
    for path in sorted(HERE.glob("zxp_zircon_*.c")):
        text = path.read_text()
        variants = {}
        for macro, fixture in re.findall(r"^(\w*FIXTURE)\((\w+)\)", text, re.M):
            variants[fixture] = list(VARIANTS.get(macro, []))
        for fixture, variant in re.findall(
                r"^FIXTURE_VARIANT_ADD\((\w+), (\w+)\)", text, re.M):
            variants[fixture].append(variant)
        for fixture, test in re.findall(r"^TEST_F\w*\((\w+), (\w+)[,)]", text, re.M):
            name = f"{fixture}.{test}"
            if name in tests:
                fail([f"{path.name}: {name} exists twice"])
            tests[name] = Test(path.stem, variants[fixture])
        if re.search(r"^TEST\w*\(\w+\)", text, re.M):
            fail([f"{path.name}: a test without a fixture cannot be listed"])
    return tests


def read_table():
    rows = []
    for number, line in enumerate(TABLE.read_text().splitlines(), 1):
        if line.startswith("#"):
            continue
        row = ["" if cell == "-" else cell for cell in line.split("\t")]
        if len(row) != 6:
            fail([f"{TABLE.name}:{number}: {len(row)} columns instead of 6"])
        rows.append(row)
    return rows


def compare(rows, tests):
    problems = []
    listed = {}
    names = set()
    for suite, name, variants, status, ours, note in rows:
        where = f"{suite}.{name}" if name else ours
        if ours and ours not in tests:
            problems.append(f"{where}: there is no test {ours}")
        if ours in listed:
            problems.append(f"{where}: {ours} is also the test of {listed[ours]}")
        if ours:
            listed[ours] = where
        if name and (suite, name) in names:
            problems.append(f"{where} is listed twice")
        names.add((suite, name))
        if status == "own":
            if name or not ours or not note:
                problems.append(f"{where}: an own test has a name and a note, nothing else")
            continue
        if status not in STATUSES:
            problems.append(f"{where}: unknown status '{status}'")
        if (status in ("same", "differs")) != bool(ours):
            problems.append(f"{where}: '{status}' and our test do not go together")
        if status != "same" and not note:
            problems.append(f"{where}: '{status}' needs a note that says why")
        if status == "same" and ours in tests:
            missing = set(filter(None, variants.split(","))) - set(tests[ours].variants)
            if missing:
                problems.append(f"{where}: {ours} has no variant {', '.join(missing)}")
    problems += [f"{tests[t].program}: {t} is not listed in {TABLE.name}"
                 for t in tests if t not in listed]
    return problems


def table(header, rows, widths):
    def cell(text):
        return '"' + text.replace('"', '""') + '"'

    lines = [".. csv-table::", "   :header: " + ", ".join(map(cell, header)),
             "   :widths: " + ", ".join(map(str, widths)), ""]
    lines += ["   " + ", ".join(map(cell, row)) for row in rows]
    return "\n".join(lines) + "\n"


def title(text):
    return f"\n{text}\n{'=' * len(text)}\n\n"


def our_name(ours, tests):
    if not ours:
        return ""
    test = tests[ours]
    name = f"{test.program} {ours}"
    return f"{name} ({', '.join(test.variants)})" if test.variants else name


def document(rows, tests):
    suites = list(dict.fromkeys(row[0] for row in rows if row[0]))
    out = HEAD + title("Totals")
    counts = []
    for suite in suites + ["all"]:
        of = [row for row in rows if row[0] and suite in (row[0], "all")]
        counts.append([suite, str(len(of))] +
                      [str(sum(row[3] == status for row in of)) for status in STATUSES])
    out += table(["suite", "tests"] + STATUSES, counts, [4, 1, 1, 1, 1, 1])

    for suite in suites:
        out += title(suite)
        out += table(["Zircon's test", "variants", "status", "our test", "note"],
                     [[name, variants.replace(",", ", "), status, our_name(ours, tests),
                       note]
                      for s, name, variants, status, ours, note in rows if s == suite],
                     [3, 2, 1, 4, 5])

    out += title("Tests of our own")
    out += "Rules of Zircon's pager that have no test of that name there.\n\n"
    out += table(["our test", "what it is about"],
                 [[our_name(ours, tests), note]
                  for _, _, _, status, ours, note in rows if status == "own"], [1, 2])
    return out


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit(__doc__)
    tests = read_sources()
    rows = read_table()
    problems = compare(rows, tests)
    if problems:
        fail(problems)
    text = document(rows, tests)
    if not check:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(text)
    elif not DOCUMENT.exists() or DOCUMENT.read_text() != text:
        fail([f"{DOCUMENT.name} is out of date: run selftests/conformance.py"])


main()
