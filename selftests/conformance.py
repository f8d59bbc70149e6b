#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""conformance.py: what became of each of Zircon's tests of its user pager

  conformance.py                   write Documentation/zircon-conformance.rst
  conformance.py --check           fail if it would come out differently
  conformance.py --programs        print which programs have the tests, selftests first
  conformance.py --results FILE... say what the KTAP in these files comes to

zircon.tsv has a line for each test; the tests are in zxp_zircon_*.c, and some in
tools/tests. All of it must agree: each test that a line names has to exist, with the
variants of Zircon's, and each test that exists has to have a line.

--results counts Zircon's test cases, of which a test with two variants has two. A case
has passed if all of our tests of it ran and passed: those of the variant of that name
and those that belong to none of Zircon's. One that did not report has failed. A case
is skipped if it is open or impossible. The last line sums up, and the exit status is 0
if nothing has failed.
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
COLUMNS = ["suite", "name", "variants", "linux", "status", "ours", "note"]

# The variants that the macros of lib/fixture.h define.
VARIANTS = {
    "ACCESS_FIXTURE": ["Vmar", "Vmo", "Read"],
    "WRITE_FIXTURE": ["Vmar", "Vmo", "Write"],
    "TRAP_FIXTURE": ["TrapDirty", "NoTrapDirty"],
}

# What may become of a test, by how much of it Linux can express: "-" was not judged.
STATUSES = ["same", "differs", "open", "impossible"]
ALLOWED = {"yes": ["same", "differs"],
           "partly": ["same", "differs", "impossible"],
           "no": STATUSES, "-": STATUSES}

HEAD = """\
.. SPDX-License-Identifier: GPL-2.0

.. This file is written by selftests/conformance.py. Do not edit it.

=============================
Conformance to Zircon's tests
=============================

One line for each test that Zircon has of its user pager, by the name that it has
there. *same*: our test checks the same with the same outcome, errnos for status
codes and SIGBUS for a fatal page fault aside. *differs*: Linux users get something
else, which our test pins down. *open*: it needs something that the module does not have
yet. *impossible*: it needs something that Linux does not have; the note says what there
is instead.

Our tests are in ``selftests/zxp_zircon_*.c``, and are named program, fixture, test.
Where Zircon runs a test as ``Vmar`` (by a mapping) and as ``Vmo`` (by a system call)
our fixture has variants of these names, and mostly a third: ``Read``, which is
``pread()``, or ``Write``, which is ``pwrite()``. A descriptor has no rights; where a
test is about those of a handle, what it has instead is tested there, and the rights
themselves with libzx, whose handles have them, in a program of ``tools/tests``.

Zircon's tests pin pages for devices. On Linux pages are pinned by ``O_DIRECT``, RDMA, or
``process_vm_writev()``: our tests take that, since they can make it wait with its pages
held.

``make conformance`` runs all of them in a guest, and counts cases: a test with two
variants is two. A case passes if all of our tests of it ran and passed, those of the
variant of its name and those of variants that Zircon does not have. What did not report
has failed. What is open or impossible is skipped.
"""

FILES = """\
What follows was found by hand, in November 2026: none of these files is here.

Seven files of today's Zircon compile against the headers of libzx as they are, with g++ and
clang++ as C++20. Two did before; the others wanted words of ``<zircon/compiler.h>``,
``zx::result``, ``zx::thread`` and its kin, and kinds of resources. Beside them stood small
stand-ins for what is not Zircon's interface: zxtest, a list and a few functions of fbl, fit and
fzl, classes for channels, sockets and profiles that make none, and for the tests of the pager
another ``test_thread.h``, which waits for SIGBUS and asks ``zx_linux_fault_status()``.

.. csv-table::
   :header: "file", "tests", "pass", "those that do not"
   :widths: 3, 1, 1, 8

   "``event-pair.cc``", "11", "11", ""
   "``stream.cc``, with ``userpager.cc``", "28", "23", "WriteExtendsContentSize and ExtendFillsWithZeros, which differ; the two that are impossible, of which one skips itself; Seek"
   "``zx-test.cc``, ``object-test.cc``", "36", "24", "those that have channels, sockets, threads, processes or jobs"
   "``paged_vfs.cc``, ``pager_thread_pool.cc``", "", "", "the part of Fuchsia's file systems that has a pager: compiled only"

``pager.cc`` with ``userpager.cc`` (106 tests, 131 cases), written off without its comments,
compiles and links as well. On Linux 6.12, each case in a process of its own, 128 pass; three of
these return at once, since they pin pages by a resource that is not here. The other three:
CloneMightSeeIntermediateForks wants a clone to see what its parent wrote after the clone was
made, which SNAPSHOT_AT_LEAST_ON_WRITE allows and here does not happen; EvictionHintsNestedVmar
waits for a READ of the one page before another that has had the hint DONT_NEED, which here goes
at once and in Zircon only when memory is short, so that ALWAYS_NEED asks for all of them by one
READ; CreateVmoUnboundedInvalidStreamSize wants ZX_ERR_INVALID_ARGS, where another version of the
file has ZX_ERR_OUT_OF_RANGE, as here. Seven tests have no row above: DetachNonMappingAccess,
CloneSplitCommitTest, MappedSupplyPages, EvictionHintsCloneVmar, RacyPortDequeue,
EarlyWakeWithResize and ProxyUseAfterFree.

Seek of that ``stream.cc`` sets ZX_PROP_VMO_CONTENT_SIZE beyond the VMO, which in another version
of the file is ZX_ERR_OUT_OF_RANGE, as here. In that one streams never make a VMO larger, and say
ZX_ERR_OUT_OF_RANGE at its end, too: a rule that is not followed here.

Of a tree of December 2018, 173 files make calls that libzx has. 44 of them use nothing else of
Zircon's, and 31 of these compile, with the names that Zircon has since given up defined in front.
Of the other 13, seven include headers of drivers or of FIDL, four are about guests, interrupts,
or where a debugger finds a process, and two do not compile with gcc.
"""


class Failure(Exception):
    """What is wrong, a line for each thing."""


class Test:
    def __init__(self, program, name, variants):
        self.program = program
        self.name = name            # fixture.test, or program.test of tools/tests
        self.variants = variants

    def __str__(self):
        if self.name.startswith(self.program + "."):
            return self.name
        text = f"{self.program} {self.name}"
        return f"{text} ({', '.join(self.variants)})" if self.variants else text

    def reported_as(self):
        """The names in KTAP of all that it runs: [(name, variant)]."""
        if self.name.startswith(self.program + "."):
            return [(self.name, None)]
        fixture, test = self.name.split(".")
        if not self.variants:
            return [(f"{self.program}.{self.name}", None)]
        return [(f"{self.program}.{fixture}.{variant}.{test}", variant)
                for variant in self.variants]


class Row:
    def __init__(self, where, cells):
        if len(cells) != len(COLUMNS):
            raise Failure(f"{where}: {len(cells)} columns instead of {len(COLUMNS)}")
        for column, cell in zip(COLUMNS, cells):
            setattr(self, column, "" if cell == "-" else cell)
        self.linux = self.linux or "-"
        self.variants = self.variants.split(",") if self.variants else []
        self.ours = self.ours.split(",") if self.ours else []

    def __str__(self):
        return f"{self.suite}.{self.name}" if self.name else " ".join(self.ours)

    def tested(self):
        return self.status in ("same", "differs")

    def cases(self):
        """Zircon's names for what it runs: [(name, variant)]."""
        return [(f"{self}{variant}", variant) for variant in self.variants or [""]]


class Tree:
    """A table and the sources that it is about."""

    def __init__(self, selftests=HERE, tools=HERE.parent / "tools" / "tests",
                 document=HERE.parent / "Documentation" / "zircon-conformance.rst"):
        self.table = selftests / "zircon.tsv"
        self.document = document
        self.tests = {}
        self.listed = set()     # what has to be in the table
        for path in sorted(selftests.glob("zxp_zircon_*.c")):
            self.read_selftest(path)
        for path in sorted(tools.glob("test_*.c")) + sorted(tools.glob("test_*.cc")):
            self.read_cmocka(path)
        self.rows = self.read_table()

    def add(self, path, test):
        if test.name in self.tests:
            raise Failure(f"{path.name}: {test.name} exists twice")
        self.tests[test.name] = test

    def read_selftest(self, path):
        text = path.read_text()
        variants = {}
        for macro, fixture in re.findall(r"^(\w*FIXTURE)\((\w+)\)", text, re.M):
            variants[fixture] = list(VARIANTS.get(macro, []))
        for fixture, variant in re.findall(
                r"^FIXTURE_VARIANT_ADD\((\w+), (\w+)\)", text, re.M):
            variants[fixture].append(variant)
        for fixture, test in re.findall(r"^TEST_F\w*\((\w+), (\w+)[,)]", text, re.M):
            name = f"{fixture}.{test}"
            self.add(path, Test(path.stem, name, variants[fixture]))
            self.listed.add(name)
        if re.search(r"^TEST\w*\(\w+\)", text, re.M):
            raise Failure(f"{path.name}: a test without a fixture cannot be listed")

    def read_cmocka(self, path):
        for test in re.findall(r"^\t+(?:\{ )?(?:cmocka_unit_test\w*|\w*TEST|STORY)\((\w+)[,)]",
                               path.read_text(), re.M):
            self.add(path, Test(path.stem, f"{path.stem}.{test}", []))

    def read_table(self):
        return [Row(f"{self.table.name}:{number}", line.split("\t"))
                for number, line in enumerate(self.table.read_text().splitlines(), 1)
                if not line.startswith("#")]

    def compare(self):
        problems = []
        listed = {}
        names = set()
        zircon = {row.name for row in self.rows if row.name}
        for row in self.rows:
            for ours in row.ours:
                if ours not in self.tests:
                    problems.append(f"{row}: there is no test {ours}")
                if ours in listed:
                    problems.append(f"{row}: {ours} is also the test of {listed[ours]}")
                listed[ours] = row
            if row.name:
                if (row.suite, row.name) in names:
                    problems.append(f"{row} is listed twice")
                names.add((row.suite, row.name))
                problems += self.compare_row(row)
            elif row.status != "own" or len(row.ours) != 1 or not row.note:
                problems.append(f"{row}: an own test has a name and a note, nothing else")
        for name, test in self.tests.items():
            # A case of libzx with the name of one of Zircon's is meant for that.
            if name not in listed and (name in self.listed or
                                       name.split(".")[-1] in zircon):
                problems.append(f"{test.program}: {name} is not listed in {self.table.name}")
        return problems

    def compare_row(self, row):
        problems = []
        if row.status not in STATUSES:
            problems.append(f"{row}: unknown status '{row.status}'")
        elif row.status not in ALLOWED.get(row.linux, []):
            problems.append(f"{row}: '{row.linux}' and '{row.status}' do not go together")
        if row.tested() != bool(row.ours):
            problems.append(f"{row}: '{row.status}' and our test do not go together")
        if row.status != "same" and not row.note:
            problems.append(f"{row}: '{row.status}' needs a note that says why")
        ran = {variant for ours in row.ours if ours in self.tests
               for variant in self.tests[ours].variants}
        missing = set(row.variants) - ran
        # Where ours differ they may have variants of another name.
        if row.tested() and missing and (row.status == "same" or not ran):
            problems.append(f"{row}: no variant {', '.join(sorted(missing))} of its test")
        return problems

    def check(self):
        problems = self.compare()
        if problems:
            raise Failure("\n".join(problems))

    # --- the document -----------------------------------------------------------

    def our_names(self, row):
        return "; ".join(str(self.tests[ours]) for ours in row.ours)

    def text(self):
        suites = list(dict.fromkeys(row.suite for row in self.rows if row.name))
        counts = []
        for suite in suites + ["all"]:
            of = [row for row in self.rows if row.name and suite in (row.suite, "all")]
            counts.append([suite, str(len(of)), str(sum(len(row.cases()) for row in of))] +
                          [str(sum(row.status == status for row in of))
                           for status in STATUSES])
        out = HEAD + title("Totals")
        out += table(["suite", "tests", "cases"] + STATUSES, counts,
                     [4, 1, 1, 1, 1, 1, 1])
        for suite in suites:
            out += title(suite)
            out += table(["Zircon's test", "variants", "status", "our test", "note"],
                         [[row.name, ", ".join(row.variants), row.status,
                           self.our_names(row), row.note]
                          for row in self.rows if row.name and row.suite == suite],
                         [3, 2, 1, 4, 5])
        out += title("Tests of our own")
        out += "Rules of Zircon's pager that have no test of that name there.\n\n"
        out += table(["our test", "what it is about"],
                     [[self.our_names(row), row.note]
                      for row in self.rows if not row.name], [1, 2])
        return out + title("Zircon's own files") + FILES

    def check_document(self):
        if not self.document.exists() or self.document.read_text() != self.text():
            raise Failure(f"{self.document.name} is out of date: run "
                          "selftests/conformance.py")

    # --- what was run -----------------------------------------------------------

    def programs(self):
        return list(dict.fromkeys(self.tests[ours].program for row in self.rows
                                  if row.tested() for ours in row.ours))

    def trouble(self, row, variant, results):
        """Why a case did not pass; nothing if it did."""
        for ours in row.ours:
            for name, ran_as in self.tests[ours].reported_as():
                if ran_as in row.variants and ran_as != variant:
                    continue
                if results.get(name) != "ok":
                    yield f"{name} {results.get(name, 'did not report')}"

    def judge(self, results):
        """The counts of cases: passed, failed, skipped; and why they failed."""
        passed, skipped, failures = 0, 0, []
        for row in self.rows:
            for case, variant in row.cases() if row.name else []:
                if not row.tested():
                    skipped += 1
                    continue
                why = list(self.trouble(row, variant, results))
                if why:
                    failures.append(f"{case}: {', '.join(why)}")
                else:
                    passed += 1
        return passed, skipped, failures


def read_results(text):
    """What KTAP says of each test: ok, skipped, or failed. The worst counts."""
    results = {}
    for word, name, rest in re.findall(
            r"^(ok|not ok) \d+ ?(?:- )?([^# \n]+)(.*)$", text, re.M):
        said = ("was skipped" if re.search(r"#\s*skip", rest, re.I)
                else "ok" if word == "ok" else "failed")
        results[name] = said if results.get(name, "ok") == "ok" else results[name]
    return results


def table(header, rows, widths):
    def cell(text):
        return '"' + text.replace('"', '""') + '"'

    lines = [".. csv-table::", "   :header: " + ", ".join(map(cell, header)),
             "   :widths: " + ", ".join(map(str, widths)), ""]
    lines += ["   " + ", ".join(map(cell, row)) for row in rows]
    return "\n".join(lines) + "\n"


def title(text):
    return f"\n{text}\n{'=' * len(text)}\n\n"


def report(tree, files):
    text = "\n".join(pathlib.Path(name).read_text(errors="replace") for name in files)
    passed, skipped, failures = tree.judge(read_results(text))
    for failure in failures:
        print(failure)
    print(f"conformance: {passed} passed, {len(failures)} failed, {skipped} skipped "
          f"of {passed + len(failures) + skipped}")
    return 1 if failures else 0


def main(args):
    tree = Tree()
    tree.check()
    if not args:
        tree.document.write_text(tree.text())
    elif args == ["--check"]:
        tree.check_document()
    elif args == ["--programs"]:
        print("\n".join(sorted(tree.programs(), key=lambda p: (p.startswith("test_"), p))))
    elif args[0] == "--results" and len(args) > 1:
        return report(tree, args[1:])
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Failure as failure:
        for problem in str(failure).splitlines():
            print(f"conformance.py: {problem}", file=sys.stderr)
        sys.exit(1)
