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
import document  # noqa: E402
import figures as fig  # noqa: E402
import gate  # noqa: E402
import profile  # noqa: E402
import repeat  # noqa: E402
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


class Repeat(Files):
    def boots(self, *values):
        for part, found in zip("12", values):
            path = self.raw / part
            path.mkdir()
            saved, self.raw = self.raw, path
            self.figures("w", found)
            self.raw = saved
        return self.main(repeat, "--kernel", "6.12")

    def test_nearly_the_same(self):
        status, out = self.boots({"w.a": 1000, "w.b": 500}, {"w.a": 1009, "w.b": 500})
        self.assertEqual(status, 0)
        self.assertRegex(out, r"2 figures in two boots, 0 of them")
        self.assertRegex(out, r"(?m)^ +0\.89%  w\.a  1,000  1,009\n +0\.00%  w\.b")

    def test_not_the_same(self):
        status, out = self.boots({"w.a": 1000, "w.b": 500}, {"w.a": 1000, "w.b": 494})
        self.assertEqual(status, 1)
        self.assertRegex(out, r"(?m)^ +1\.20%  w\.b")

    def test_what_is_not_a_cost(self):
        status, out = self.boots({"w.a": 1000, "w.a.p99": 5}, {"w.a": 1000, "w.a.p99": 9})
        self.assertEqual(status, 0)
        self.assertIn("1 figures", out)

    def test_only_once(self):
        self.assertEqual(self.boots({"w.a": 1, "w.b": 5}, {"w.a": 1})[0], 2)

    def test_nothing(self):
        self.assertEqual(self.boots({}, {})[0], 2)


class Profile(Files):
    def setUp(self):
        super().setUp()
        symbols = self.dir / "kallsyms"
        symbols.write_text("ffffffff81000000 T other_name_of_the_mark\n"
                           "ffffffff81000000 T __x64_sys_getppid\n"
                           "ffffffff81000100 t zxp_one\nffffffff81000200 t memcpy\n"
                           "ffffffff81000300 D data\n")
        self.symbols = profile.Symbols(symbols)
        self.spans = self.dir / "spans"
        self.lines = []

    def run_at(self, *where):
        self.lines += [b"Trace 0: 0x7f0000000000 [00000000/%016x/00000000/ff000000] x\n"
                       % at for at in where]

    def mark(self):
        self.run_at(0xffffffff81000000, 0xffffffff81000004)

    def found(self, spans):
        self.spans.write_text(spans)
        pieces = list(profile.pieces(self.lines, self.symbols))
        return profile.profiles(profile.read_spans(self.spans, pieces))

    def piece(self, ones, copies):
        self.mark()
        self.run_at(*[0xffffffff81000104] * ones, *[0xffffffff81000200] * copies, 0x1000)

    def test_what_a_mark_takes_is_not_counted(self):
        self.run_at(0xffffffff81000100)
        self.mark()
        self.piece(30, 10)
        self.mark()
        found = self.found("nothing 0 1 1\nw.zx 1 2 2\n")
        self.assertEqual(found["w.zx"][0], {"zxp_one": 15, "memcpy": 5, "(user)": 0.5})

    def test_several_marks_in_one_sample(self):
        self.mark()
        self.piece(3, 0)
        self.piece(4, 0)
        self.mark()
        found = self.found("nothing 0 1 1\nw.zx@3 1 3 1\n")
        self.assertEqual(found["w.zx@3"][0], {"zxp_one": 7, "(user)": 2})

    def test_the_odd_one_is_left_out(self):
        self.mark()
        for ones in (5, 5, 500, 5, 5):
            self.piece(ones, 0)
        self.mark()
        spans = "".join(f"w.zx {i} {i + 1} 1\n" for i in range(1, 6))
        self.assertEqual(self.found("nothing 0 1 1\n" + spans)["w.zx"][0]["zxp_one"], 5)

    def test_a_trace_that_is_cut_off(self):
        self.mark()
        self.piece(5, 0)
        with self.assertRaises(ValueError):
            self.found("nothing 0 1 1\nw.zx 1 2 1\n")

    def test_the_document(self):
        saved, document.ROOT = document.ROOT, self.dir
        self.addCleanup(setattr, document, "ROOT", saved)
        (self.dir / "Documentation").mkdir()
        path = self.dir / document.PATH
        path.write_text("a\n\n.. written by make: profile: w 6.12 zx\nold\n.. end\n\n"
                        ".. written by make: profile: v 6.12 zx\nold\n.. end\n")
        self.mark()
        self.piece(1200, 7)
        self.mark()
        found = self.found("nothing 0 1 1\nw.zx 1 2 1\n")
        profile.update(found, "w", "6.12")
        text = path.read_text()
        self.assertRegex(text, r"(?m)^zxpager +1,200\ncopying and clearing +7\n")
        self.assertRegex(text, r"(?m)^sum +1,210$")
        self.assertEqual(text.count("old"), 1)
        profile.update(found, "w", "6.12")
        self.assertEqual(path.read_text(), text)
        for work, series in (("w", "6.1"), ("u", "6.12")):
            with self.assertRaises(ValueError):
                profile.update(found, work, series)
        with self.assertRaises(ValueError):
            profile.update({}, "v", "6.12")


class Report(Files):
    def setUp(self):
        super().setUp()
        self.bars = self.dir / "bars.tsv"
        self.bars.write_text("# comment\nw.zx\tw.other\ticount\t*\t0.80\ttext\n"
                             "w.zx\tw.other\tsmp\t6.12\t0.50\ttext\n"
                             "c.zx@4\tc.zx@1\ticount\t6.12\t1.20\ttext\n")
        self.saved = document.ROOT, report.BARS
        self.addCleanup(self.restore)
        document.ROOT, report.BARS = self.dir, self.bars
        (self.dir / "build" / "bench").mkdir(parents=True)
        (self.dir / "Documentation").mkdir()
        self.document = self.dir / "Documentation" / "performance.rst"
        self.document.write_text("before\n\n.. written by make: ratios\n\nold\n\n.. end\n\nafter\n")

    def restore(self):
        document.ROOT, report.BARS = self.saved

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

    def test_marks_and_points_are_to_the_same_scale(self):
        tree = xml.fromstring(chart.svg("t", "u", {"a": [(1, 150), (10, 1000)]}))
        name = "{http://www.w3.org/2000/svg}"
        marks = {t.text: float(t.get("y")) - 4 for t in tree.findall(f"{name}text")
                 if t.get("text-anchor") == "end"}
        low, high = (float(c.get("cy")) for c in tree.findall(f"{name}circle"))
        self.assertEqual(list(marks), ["100", "200", "500", "1k"])
        self.assertAlmostEqual(high, marks["1k"], 1)
        self.assertLess(low, marks["100"] - 40)
        self.assertGreater(low, marks["200"] + 20)

    def test_numbers_below_a_chart_do_not_touch(self):
        tree = xml.fromstring(chart.svg("t", "u", {"a": [(x, 1) for x in range(1, 200)]}))
        name = "{http://www.w3.org/2000/svg}"
        places = [float(t.get("x")) for t in tree.findall(f"{name}text")
                  if t.get("text-anchor") == "middle"]
        self.assertGreater(len(places), 5)
        for left, right in zip(places, places[1:]):
            self.assertGreaterEqual(right - left, chart.GAP - 0.1)

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
        self.assertTrue(text.endswith("\nafter\n"))
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
