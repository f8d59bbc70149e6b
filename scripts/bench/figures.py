# SPDX-License-Identifier: GPL-2.0
"""Figures of zxbench, and what they are compared with.

A figure is what zxbench printed, a dictionary, with "series" and "work" added from the
name of its file. Its key is NAME, or NAME@X if it is one of a curve.
"""

import argparse
import collections
import json
import pathlib
import re
import sys

SERIES = ("6.1", "6.12")
MODES = ("icount", "smp")

Bar = collections.namedtuple("Bar", "figure peer mode series bar text")
# bar is None where two figures only belong together
Result = collections.namedtuple("Result", "figure peer ratio bar text ok")


class Unmeasured(Exception):
    """A figure that is needed is not there"""


def arguments(usage):
    """What all programs that look at figures are told"""
    parser = argparse.ArgumentParser(usage=usage)
    parser.add_argument("--raw", type=pathlib.Path, required=True)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--update", action="store_true")
    return parser


def run(main):
    try:
        sys.exit(main())
    except (Unmeasured, ValueError, OSError) as problem:
        print(f"{pathlib.Path(sys.argv[0]).name}: {problem}", file=sys.stderr)
        sys.exit(2)


def key(figure):
    if "x" in figure:
        return f"{figure['name']}@{figure['x']:g}"
    return figure["name"]


def read_raw(directory):
    """{(series, mode): {key: figure}}, in the order in which they were printed"""
    found = {(s, m): {} for s in SERIES for m in MODES}
    for path in sorted(directory.glob("*.json")):
        match = re.fullmatch(r"([0-9.]+)-(icount|smp)-(\w+)\.json", path.name)
        if not match or match[1] not in SERIES:
            raise Unmeasured(f"{path}: not a file of figures")
        for line in path.read_text().splitlines():
            figure = json.loads(line)
            figure["series"], figure["work"] = match[1], match[3]
            if figure["mode"] != match[2]:
                raise Unmeasured(f"{path}: a figure of another mode")
            if key(figure) in found[match[1], match[2]]:
                raise Unmeasured(f"{path}: {key(figure)} is there twice")
            found[match[1], match[2]][key(figure)] = figure
    return found


def read_bars(path):
    bars = []
    for number, row in enumerate(path.read_text().splitlines(), 1):
        if not row or row.startswith("#"):
            continue
        fields = row.split("\t")
        if (len(fields) != 6 or fields[2] not in MODES
                or fields[3] not in (*SERIES, "*") or not float(fields[4]) > 0):
            raise ValueError(f"{path}:{number}: not a bar: {row}")
        bars.append(Bar(*fields[:4], float(fields[4]), fields[5]))
    return bars


def compare(figures, bars, series, mode, works, strict=True):
    """Results for the bars of these works. If strict what they need has to be there."""
    results = []
    for bar in bars:
        if bar.mode != mode or bar.series not in (series, "*"):
            continue
        if bar.figure.split(".")[0] not in works:
            continue
        missing = {bar.figure, bar.peer} - set(figures)
        if missing and not strict:
            continue
        if missing:
            raise Unmeasured(f"{missing.pop()} was not measured ({series}, {mode})")
        one, other = figures[bar.figure], figures[bar.peer]
        if one["unit"] != other["unit"] or not other["value"] > 0:
            raise Unmeasured(f"{bar.figure} and {bar.peer} cannot be compared")
        ratio = one["value"] / other["value"]
        results.append(Result(one, other, ratio, bar.bar, bar.text, ratio <= bar.bar))
    return results
