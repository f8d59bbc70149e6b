#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Does conformance.py find what does not agree, and count what was run?

Changes one thing in a copy of the table and the sources, and looks at what is said of
it; and gives it KTAP of runs in which something went wrong.
"""

import pathlib
import shutil
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import conformance  # noqa: E402

ROOT = conformance.HERE.parent


class Mutated(unittest.TestCase):
    """Each test changes the copy and says what has to be found."""

    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.dir = pathlib.Path(tmp.name)
        for path in conformance.HERE.glob("zxp_zircon_*.c"):
            shutil.copy(path, self.dir)
        for path in (ROOT / "tools" / "tests").glob("test_*.c*"):
            shutil.copy(path, self.dir)
        shutil.copy(conformance.HERE / "zircon.tsv", self.dir)

    def tree(self):
        return conformance.Tree(self.dir, self.dir, self.dir / "document.rst")

    def edit(self, name, old, new):
        path = self.dir / name
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1))

    def row(self, start, column, value):
        """Put another value into a column of the row that begins like this."""
        path = self.dir / "zircon.tsv"
        lines = path.read_text().splitlines()
        [at] = [i for i, line in enumerate(lines) if line.startswith(start + "\t")]
        cells = lines[at].split("\t")
        cells[conformance.COLUMNS.index(column)] = value
        lines[at] = "\t".join(cells)
        path.write_text("\n".join(lines) + "\n")

    def found(self, what):
        self.assertIn(what, "\n".join(self.tree().compare()))

    def test_nothing_is_wrong(self):
        self.assertEqual(self.tree().compare(), [])

    def test_a_test_of_lib_zx_is_renamed(self):
        self.edit("test_zx.cc", "cmocka_unit_test(HandleClose)", "cmocka_unit_test(other)")
        self.found("Zx.HandleClose: there is no test test_zx.HandleClose")

    def test_a_test_is_renamed(self):
        self.edit("zxp_zircon_fail.c", "TEST_F(fail, FailRedundant", "TEST_F(fail, Other")
        self.found("Pager.FailRedundant: there is no test fail.FailRedundant")
        self.found("zxp_zircon_fail: fail.Other is not listed")

    def test_a_row_goes(self):
        path = self.dir / "zircon.tsv"
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if "\tFailRedundant\t" not in line))
        self.found("fail.FailRedundant is not listed")

    def test_a_row_is_there_twice(self):
        path = self.dir / "zircon.tsv"
        with path.open("a") as file:
            file.write("Snapshot\tSmoke\t-\tno\topen\t-\twhy\n")
        self.found("Snapshot.Smoke is listed twice")

    def test_one_test_for_two_rows(self):
        self.row("Pager\tFailRedundant", "ours", "fail.FailExactRange")
        self.found("fail.FailExactRange is also the test of")

    def test_a_variant_goes(self):
        self.edit("zxp_zircon_wb_pin.c", "FIXTURE_VARIANT_ADD(pinned, NoTrapDirty)",
                  "FIXTURE_VARIANT_ADD(pinned, Sometimes)")
        self.row("PagerWriteback\tPinForRead", "status", "same")
        self.found("PagerWriteback.PinForRead: no variant NoTrapDirty of its test")

    def test_variants_go(self):
        self.edit("zxp_zircon_access.c", "ACCESS_FIXTURE(access)", "PAGER_FIXTURE(access)")
        self.found("Pager.PresupplyTest: no variant Vmar, Vmo of its test")

    def test_what_linux_can_do_is_not_open(self):
        self.row("Pager\tFailRedundant", "status", "open")
        self.found("'yes' and 'open' do not go together")
        self.found("'open' and our test do not go together")
        self.found("'open' needs a note")

    def test_what_linux_can_partly_do_is_not_open(self):
        self.row("Pager\tVmarUnmapTest", "status", "open")
        self.found("'partly' and 'open' do not go together")

    def test_a_difference_without_a_reason(self):
        self.row("Pager\tVmarUnmapTest", "note", "-")
        self.found("'differs' needs a note")

    def test_an_unknown_status(self):
        self.row("Pager\tVmarUnmapTest", "status", "maybe")
        self.found("unknown status 'maybe'")

    def test_a_test_of_libzx_goes(self):
        self.row("Pager\tFailRedundant", "ours", "fail.FailRedundant,test_libzx.no_such")
        self.found("there is no test test_libzx.no_such")

    def test_a_column_is_missing(self):
        self.edit("zircon.tsv", "\tsame\t", " same\t")
        self.assertRaisesRegex(conformance.Failure, "columns instead of 7", self.tree)

    def test_a_test_without_a_fixture(self):
        with (self.dir / "zxp_zircon_fail.c").open("a") as file:
            file.write("\nTEST(alone)\n{\n}\n")
        self.assertRaisesRegex(conformance.Failure, "without a fixture", self.tree)

    def test_a_name_that_exists_twice(self):
        shutil.copy(self.dir / "zxp_zircon_fail.c", self.dir / "zxp_zircon_fail2.c")
        self.assertRaisesRegex(conformance.Failure, "exists twice", self.tree)

    def test_the_document_is_old(self):
        tree = self.tree()
        self.assertRaisesRegex(conformance.Failure, "out of date", tree.check_document)
        tree.document.write_text(tree.text())
        tree.check_document()
        self.row("Pager\tVmarUnmapTest", "note", "another reason")
        self.assertRaisesRegex(conformance.Failure, "out of date",
                               self.tree().check_document)


class Results(unittest.TestCase):
    """What --results makes of KTAP."""

    def setUp(self):
        self.tree = conformance.Tree()
        self.lines = [f"ok 1 {name}" for row in self.tree.rows if row.name
                      for ours in row.ours
                      for name, _ in self.tree.tests[ours].reported_as()]
        self.tested = sum(len(row.cases()) for row in self.tree.rows
                          if row.name and row.tested())
        self.other = sum(len(row.cases()) for row in self.tree.rows
                         if row.name and not row.tested())

    def judge(self, lines):
        return self.tree.judge(conformance.read_results("\n".join(lines)))

    def without(self, name, *instead):
        self.assertIn(f"ok 1 {name}", self.lines)
        return [line for line in self.lines if line != f"ok 1 {name}"] + list(instead)

    def fails(self, lines, *cases):
        passed, skipped, failures = self.judge(lines)
        self.assertEqual([why.split(":")[0] for why in failures], list(cases))
        self.assertEqual((passed, skipped), (self.tested - len(cases), self.other))

    def test_all_passed(self):
        self.fails(self.lines)
        self.assertGreater(self.tested, 290)
        self.assertGreater(self.other, 0)

    def test_as_the_tools_print_it(self):
        self.fails([line.replace("ok 1 ", "ok 17 - ") + " # 3 s" for line in self.lines])

    def test_nothing_was_run(self):
        passed, skipped, failures = self.judge(["1..0"])
        self.assertEqual((passed, skipped, len(failures)), (0, self.other, self.tested))

    def test_one_failed(self):
        name = "zxp_zircon_fail.fail.FailRedundant"
        self.fails(self.without(name, f"not ok 1 {name}"), "Pager.FailRedundant")
        self.fails(self.lines + [f"not ok 9 {name}"], "Pager.FailRedundant")
        self.fails([f"not ok 9 {name}"] + self.lines, "Pager.FailRedundant")

    def test_one_did_not_report(self):
        name = "zxp_zircon_fail.fail.FailRedundant"
        self.fails(self.without(name), "Pager.FailRedundant")
        self.fails(self.without(name, f"# ok 1 {name}"), "Pager.FailRedundant")

    def test_one_was_skipped(self):
        name = "zxp_zircon_fail.fail.FailRedundant"
        self.fails(self.without(name, f"ok 1 {name} # SKIP why"), "Pager.FailRedundant")

    def test_one_variant_failed(self):
        name = "zxp_zircon_access.access.Vmar.PresupplyTest"
        self.fails(self.without(name, f"not ok 1 {name}"), "Pager.PresupplyTestVmar")

    def test_a_variant_that_zircon_does_not_have_failed(self):
        name = "zxp_zircon_access.access.Read.PresupplyTest"
        self.fails(self.without(name), "Pager.PresupplyTestVmar",
                   "Pager.PresupplyTestVmo")

    def test_a_test_of_our_own_is_none_of_zircons(self):
        self.fails(self.lines + ["not ok 1 zxp_zircon_fail.fail.FailHeadOfCommit"])


if __name__ == "__main__":
    unittest.main()
