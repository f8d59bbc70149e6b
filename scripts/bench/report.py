#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""report.py --raw DIR --kernel K --modes "M..." --works "W..." [--update]

Prints the table for what was just measured, and writes build/bench.json and the
charts from all there is in DIR. With --update also the table in
Documentation/performance.rst. Status 2 if a figure that a bar is about is missing.
"""

import argparse
import json
import pathlib
import sys

import chart
import figures as fig

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BARS = pathlib.Path(__file__).resolve().parent / "bars.tsv"
BEGIN = ".. what follows is written by scripts/bench.sh --update"
END = ".. what is above was written by scripts/bench.sh --update"


def number(value):
    """Four digits that count, and no exponent"""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def rows(results, found):
    """A row for each comparison, then one for each figure that has none"""
    compared = set()
    for r in results:
        compared.add(fig.key(r.figure))
        compared.add(fig.key(r.peer))
        yield (fig.key(r.figure), number(r.figure["value"]), fig.key(r.peer),
               number(r.peer["value"]), f"{r.ratio:.2f}", f"{r.bar:.2f}",
               "ok" if r.ok else "over")
    for name, figure in found.items():
        if name not in compared:
            yield (name, number(figure["value"]), "", "", "", "", figure["unit"])


def aligned(head, body):
    """Lines with columns; what is a number is to the right"""
    table = [head, *body]
    widths = [max(len(row[i]) for row in table) for i in range(len(head))]
    right = [all(not row[i] or row[i][0].isdigit() for row in body)
             for i in range(len(head))]
    for row in table:
        yield "  ".join(cell.rjust(w) if r else cell.ljust(w)
                        for cell, w, r in zip(row, widths, right)).rstrip()


HEAD = ("figure", "value", "of", "value", "ratio", "bar", "")


def print_table(series, mode, results, found):
    unit = "instructions" if mode == "icount" else "ns"
    print(f"\nLinux {series}, {mode} ({unit}, if nothing else is said)")
    for line in aligned(HEAD, list(rows(results, found))):
        print(line)


def json_lines(found, results):
    """One object for each comparison, and for each figure without one"""
    compared = set()
    for r in results:
        compared.add(fig.key(r.figure))
        yield {**r.figure, "peer": fig.key(r.peer), "ratio": round(r.ratio, 4),
               "bar": r.bar}
    for name, figure in found.items():
        if name not in compared:
            yield figure


def rst_table(everything, bars):
    """What the document has: the comparisons, both series side by side"""
    cells = {}
    for (series, mode), (found, _) in everything.items():
        works = {figure["work"] for figure in found.values()}
        for r in fig.compare(found, bars, series, mode, works):
            row = cells.setdefault((mode, fig.key(r.figure), fig.key(r.peer)), {})
            row[series] = f"{r.ratio:.2f} of {r.bar:.2f}" + ("" if r.ok else ", over")
    if not cells:
        raise fig.Unmeasured("no figures for the table")
    head = ("figure", "peer", "mode", *(f"ratio, {s}" for s in fig.SERIES))
    body = [(f"``{name}``", f"``{peer}``", mode,
             *(cells[mode, name, peer].get(s, "\\-") for s in fig.SERIES))
            for mode, name, peer in cells]
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    rule = "  ".join("=" * w for w in widths)

    def text(row):
        return "  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip()

    return "\n".join([rule, text(head), rule, *map(text, body), rule])


def update_document(path, table):
    before, begin, rest = path.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} has no place for the table")
    path.write_text(f"{before}{begin}\n\n{table}\n\n{end}{after}")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--raw", type=pathlib.Path, required=True)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--modes", required=True)
    parser.add_argument("--works", required=True)
    parser.add_argument("--update", action="store_true")
    args = parser.parse_args()
    status = 0

    bars = fig.read_bars(BARS)
    raw = fig.read_raw(args.raw)
    everything = {}
    for (series, mode), found in raw.items():
        works = {figure["work"] for figure in found.values()}
        everything[series, mode] = found, fig.compare(found, bars, series, mode, works,
                                                      strict=False)

    works = args.works.split()
    for mode in args.modes.split():
        found = {name: figure for name, figure in raw[args.kernel, mode].items()
                 if figure["work"] in works}
        try:
            results = fig.compare(raw[args.kernel, mode], bars, args.kernel, mode,
                                  works)
        except fig.Unmeasured as error:
            print(f"report.py: {error}", file=sys.stderr)
            status, results = 2, []
        print_table(args.kernel, mode, results, found)

    build = ROOT / "build"
    with open(build / "bench.json", "w", encoding="ascii") as out:
        for found, results in everything.values():
            for line in json_lines(found, results):
                print(json.dumps(line), file=out)
    for (series, mode), (found, _) in everything.items():
        chart.write_all(build / "bench", series, mode, found.values())
    if args.update:
        update_document(ROOT / "Documentation/performance.rst",
                        rst_table(everything, bars))
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (fig.Unmeasured, ValueError, OSError) as problem:
        print(f"report.py: {problem}", file=sys.stderr)
        sys.exit(2)
