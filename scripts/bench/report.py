#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""report.py --raw DIR --kernel K --modes "M..." --works "W..." [--update]

Prints the table for what was just measured, and writes build/bench.json and the
charts from all there is in DIR. With --update also the table in
Documentation/performance.rst. Status 2 if a figure that a bar is about is missing.
"""

import json
import pathlib
import sys

import chart
import document
import figures as fig

BARS = pathlib.Path(__file__).resolve().parent / "bars.tsv"


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
    return document.table(head, body)


def main():
    parser = fig.arguments(__doc__)
    parser.add_argument("--modes", required=True)
    parser.add_argument("--works", required=True)
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

    build = document.ROOT / "build"
    with open(build / "bench.json", "w", encoding="ascii") as out:
        for found, results in everything.values():
            for line in json_lines(found, results):
                print(json.dumps(line), file=out)
    for (series, mode), (found, _) in everything.items():
        chart.write_all(build / "bench", series, mode, found.values())
    if args.update:
        table = rst_table(everything, bars)
        document.update("ratios", lambda _: table)
    return status


if __name__ == "__main__":
    fig.run(main)
