#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Do the gate and the report find what has become slower, and what is missing?

Gives them figures in files, as zxbench and bench.sh leave them.
"""

import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

sys.dont_write_bytecode = True
import chart  # noqa: E402
import figures as fig  # noqa: E402
import gate  # noqa: E402
import report  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent


class Files(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.dir = pathlib.Path(tmp.name)
        self.raw = self.dir / "raw"
        self.raw.mkdir()

    def figures(self, work, values, series="6.12", mode="icount", **fields):
        path = self.raw / f"{series}-{mode}-{work}.json"
        path.write_text("".join(json.dumps(
            {"name": name, "mode": mode, "unit": "ns", "value": value, "n": 1,
             "spread": 0, **fields}) + "\n" for name, value in values.items()))

    def main(self, program, *args):
        """Status and output; what ends it by an exception has the status for that."""
        out = io.StringIO()
        saved, sys.argv = sys.argv, ["program", "--raw", str(self.raw), *args]
        try:
            with contextlib.redirect_stdout(out):
                return program.main(), out.getvalue()
        except (fig.Unmeasured, ValueError, OSError) as error:
            return 2, str(error)
        finally:
            sys.argv = saved


class Gate(Files):
    def setUp(self):
        super().setUp()
        self.table = self.dir / "gate.tsv"
        self.table.write_text("# comment\n6.12\tone.zxpager\t2.000\n"
                              "6.12\ttwo.zxpager\t0.500\n6.1\tone.zxpager\t9.0\n")
        self.figures("pipe", {"pipe.pipe": 1000})
        self.figures("one", {"one.zxpager": 2000})
        self.figures("two", {"two.zxpager": 500})

    def gate(self, *args):
        return self.main(gate, "--kernel", "6.12", "--table", str(self.table), *args)

    def test_nothing_has_changed(self):
        status, out = self.gate()
        self.assertEqual(status, 0)
        self.assertEqual(out.count("\nok "), 2)
        self.assertIn("\n1..2\n", out)

    def test_a_tenth_is_allowed(self):
        self.figures("one", {"one.zxpager": 2199})
        self.assertEqual(self.gate()[0], 0)

    def test_more_is_not(self):
        self.figures("one", {"one.zxpager": 2201})
        status, out = self.gate()
        self.assertEqual(status, 1)
        self.assertIn("\nnot ok 1 - 6.12 one.zxpager\n", out)
        self.assertIn("\nok 2 - 6.12 two.zxpager\n", out)

    def test_the_pipe_is_the_unit(self):
        self.figures("pipe", {"pipe.pipe": 2000})
        for work, value in (("one", 4399), ("two", 1099)):
            self.figures(work, {f"{work}.zxpager": value})
        self.assertEqual(self.gate()[0], 0)
        self.figures("two", {"two.zxpager": 1101})
        self.assertEqual(self.gate()[0], 1)

    def test_missing_figures(self):
        for name in ("two", "pipe"):
            (self.raw / f"6.12-icount-{name}.json").unlink()
            self.assertEqual(self.gate()[0], 2)

    def test_figures_by_time_do_not_count(self):
        (self.raw / "6.12-icount-two.json").unlink()
        self.figures("two", {"two.zxpager": 500}, mode="smp")
        self.assertEqual(self.gate()[0], 2)

    def test_no_table_for_the_series(self):
        self.table.write_text("6.1\tone.zxpager\t2.000\n")
        self.assertEqual(self.gate()[0], 2)

    def test_update(self):
        self.figures("one", {"one.zxpager": 5000})
        self.assertEqual(self.gate("--update")[0], 0)
        self.assertEqual(gate.read_table(self.table),
                         {("6.12", "one.zxpager"): 5.0, ("6.12", "two.zxpager"): 0.5,
                          ("6.1", "one.zxpager"): 9.0})
        self.assertEqual(self.gate()[0], 0)

    def test_the_table_that_is_used(self):
        table = gate.read_table(gate.TABLE)
        for series in fig.SERIES:
            for name in ("fault_4k.zxpager", "supply.zxpager", "dirty_trap.zxpager"):
                self.assertGreater(table[series, name], 0)


class Report(Files):
    def setUp(self):
        super().setUp()
        self.bars = self.dir / "bars.tsv"
        self.bars.write_text("# comment\nw.zx\tw.other\ticount\t*\t0.80\ttext\n"
                             "w.zx\tw.other\tsmp\t6.12\t0.50\ttext\n"
                             "c.zx@4\tc.zx@1\ticount\t6.12\t1.20\ttext\n")
        self.saved = report.ROOT, report.BARS
        self.addCleanup(self.restore)
        report.ROOT, report.BARS = self.dir, self.bars
        (self.dir / "build" / "bench").mkdir(parents=True)
        (self.dir / "Documentation").mkdir()
        self.document = self.dir / "Documentation" / "performance.rst"
        self.document.write_text(f"before\n\n{report.BEGIN}\n\nold\n\n{report.END}\n")

    def restore(self):
        report.ROOT, report.BARS = self.saved

    def report(self, works="w", modes="icount", *args):
        return self.main(report, "--kernel", "6.12", "--modes", modes, "--works", works,
                         *args)

    def written(self):
        text = (self.dir / "build" / "bench.json").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def test_below_its_bar_and_over_it(self):
        self.figures("w", {"w.zx": 800, "w.other": 1000})
        status, out = self.report()
        self.assertEqual(status, 0)
        self.assertRegex(out, r"w\.zx +800 +w\.other +1,000 +0\.80 +0\.80 +ok")
        self.figures("w", {"w.zx": 810, "w.other": 1000})
        status, out = self.report()
        self.assertEqual(status, 0)
        self.assertRegex(out, r"w\.zx +810 +w\.other +1,000 +0\.81 +0\.80 +over")

    def test_a_ratio_is_not_rounded_below_its_bar(self):
        self.figures("w", {"w.zx": 8001, "w.other": 10000})
        self.assertIn("over", self.report()[1])

    def test_a_figure_is_missing(self):
        for values in ({"w.zx": 800}, {"w.other": 800}, {"w.zx": 1, "w.other": 0}):
            self.figures("w", values)
            self.assertEqual(self.report()[0], 2)

    def test_units_differ(self):
        self.figures("w", {"w.zx": 800})
        path = self.raw / "6.12-icount-w.json"
        line = json.loads(path.read_text())
        line.update(name="w.other", unit="byte")
        path.write_text(path.read_text() + json.dumps(line) + "\n")
        self.assertEqual(self.report()[0], 2)

    def test_a_figure_twice(self):
        self.figures("w", {"w.zx": 800, "w.other": 1000})
        self.figures("v", {"w.zx": 800})
        self.assertEqual(self.report()[0], 2)

    def test_what_was_not_run_is_not_missed(self):
        self.figures("v", {"v.zx": 800})
        status, out = self.report("v")
        self.assertEqual(status, 0)
        self.assertNotIn("w.zx", out)

    def test_json(self):
        self.figures("w", {"w.zx": 500, "w.other": 1000})
        self.figures("w", {"w.zx": 500, "w.other": 1000}, mode="smp")
        self.figures("w", {"w.zx": 500, "w.other": 1000}, series="6.1", mode="smp")
        self.assertEqual(self.report()[0], 0)
        lines = self.written()
        self.assertEqual(len(lines), 6)
        [line] = [x for x in lines if x["name"] == "w.zx"
                  and x["mode"] == "icount" and x["series"] == "6.12"]
        self.assertEqual((line["peer"], line["ratio"], line["bar"]),
                         ("w.other", 0.5, 0.8))
        for field in ("name", "series", "mode", "unit", "value", "n", "spread"):
            self.assertIn(field, line)
        [line] = [x for x in lines if x["name"] == "w.zx" and x["series"] == "6.1"]
        self.assertNotIn("ratio", line)

    def curve(self):
        path = self.raw / "6.12-icount-c.json"
        path.write_text("".join(json.dumps(
            {"name": "c.zx", "x": x, "mode": "icount", "unit": "ns", "value": 10 + x,
             "n": 1, "spread": 0}) + "\n" for x in (0, 1, 4)))

    def test_a_curve(self):
        self.curve()
        status, out = self.report("c")
        self.assertEqual(status, 0)
        self.assertRegex(out, r"c\.zx@4 +14 +c\.zx@1 +11 +1\.27 +1\.20 +over")
        tree = xml.parse(self.dir / "build" / "bench" / "c-6.12-icount.svg")
        circles = tree.findall(".//{http://www.w3.org/2000/svg}circle")
        self.assertEqual(len(circles), 3)
        heights = [float(c.get("cy")) for c in circles]
        self.assertGreater(heights[0], heights[2])

    def test_marks_of_an_axis(self):
        self.assertEqual(chart.decades(3, 70), [2, 5, 10, 20, 50, 100])
        self.assertEqual(chart.decades(10, 10), [10, 20])

    def test_the_document(self):
        self.figures("w", {"w.zx": 500, "w.other": 1000})
        self.figures("w", {"w.zx": 900, "w.other": 1000}, series="6.1")
        self.assertEqual(self.report("w", "icount", "--update")[0], 0)
        text = self.document.read_text()
        self.assertNotIn("old", text)
        self.assertTrue(text.startswith("before\n"))
        self.assertRegex(text, r"``w\.zx`` +``w\.other`` +icount +"
                               r"0\.90 of 0\.80, over +0\.50 of 0\.80")
        self.assertEqual(self.report("w", "icount", "--update")[0], 0)
        self.assertEqual(self.document.read_text(), text)

    def test_a_document_without_a_place(self):
        self.figures("w", {"w.zx": 500, "w.other": 1000})
        self.document.write_text("nothing\n")
        self.assertEqual(self.report("w", "icount", "--update")[0], 2)
        self.assertEqual(self.document.read_text(), "nothing\n")

    def test_bars_that_are_none(self):
        for row in ("w.zx\tw.other\ticount\t6.2\t0.5\ttext",
                    "w.zx\tw.other\tfast\t*\t0.5\ttext",
                    "w.zx\tw.other\ticount\t*\tlow\ttext",
                    "w.zx\tw.other\ticount\t*\t0.5"):
            self.bars.write_text(row + "\n")
            with self.assertRaises(ValueError):
                fig.read_bars(self.bars)

    def test_the_bars_that_are_used(self):
        bars = fig.read_bars(HERE / "bars.tsv")
        self.assertGreater(len(bars), 5)
        keys = [(b.figure, b.peer, b.mode, s) for b in bars
                for s in fig.SERIES if b.series in (s, "*")]
        self.assertEqual(len(keys), len(set(keys)))


if __name__ == "__main__":
    unittest.main()
