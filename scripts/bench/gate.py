#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""gate.py --raw DIR --kernel K [--table FILE] [--update]

Has zxpager become slower? The figures of FILE, of instructions, are divided by the
round trip through pipes of the same boot, and compared with what they were when FILE
was written. Prints KTAP. Status 1 if one is more than a tenth above that, 2 if one
is missing. With --update FILE is written anew.
"""

import pathlib

import figures as fig

SLACK = 1.10
UNIT = "pipe.pipe"
TABLE = pathlib.Path(__file__).resolve().parent / "gate.tsv"
HEAD = """\
# What "bench.sh --gate" holds zxpager to: guest instructions of the short form of the
# work, divided by those of a round trip through pipes in the same boot.  Written by
# bench.sh --gate --update, where a change that costs more is worth it.
#
# series\tfigure\tratio
"""


def read_table(path):
    """{(series, figure): ratio}"""
    table = {}
    for row in path.read_text().splitlines():
        if row and not row.startswith("#"):
            series, name, ratio = row.split("\t")
            table[series, name] = float(ratio)
    return table


def write_table(path, table):
    path.write_text(HEAD + "".join(
        f"{series}\t{name}\t{ratio:.3f}\n" for (series, name), ratio in table.items()))


def measure(found, name):
    for needed in (name, UNIT):
        if needed not in found:
            raise fig.Unmeasured(f"{needed} was not measured")
    return found[name]["value"] / found[UNIT]["value"]


def main():
    parser = fig.arguments(__doc__)
    parser.add_argument("--table", type=pathlib.Path, default=TABLE)
    args = parser.parse_args()

    table = read_table(args.table)
    names = [name for series, name in table if series == args.kernel]
    if not names:
        raise fig.Unmeasured(f"{args.table} has nothing of Linux {args.kernel}")
    found = fig.read_raw(args.raw)[args.kernel, "icount"]
    status = 0
    print("KTAP version 1")
    print(f"1..{len(names)}")
    for count, name in enumerate(names, 1):
        ratio, was = measure(found, name), table[args.kernel, name]
        good = args.update or ratio <= was * SLACK
        print(f"# {name}: {ratio:.3f} of a pipe's round trip, was {was:.3f}")
        print(f"{'ok' if good else 'not ok'} {count} - {args.kernel} {name}")
        if not good:
            status = 1
        table[args.kernel, name] = ratio
    if args.update:
        write_table(args.table, table)
    return status


if __name__ == "__main__":
    fig.run(main)
