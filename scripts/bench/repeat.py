#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""repeat.py --raw DIR --kernel K [--limit PART]

Are figures in instructions the same in two boots? Compares those in DIR/1 with those in
DIR/2, and prints the ones that are furthest apart. Not those that are bytes, nor 99th
percentiles, which are one sample. Status 1 if one of them is by more than PART, 2 if
one is missing in one of the two.
"""

import figures as fig

LIMIT = 0.01
SHOWN = 10


def instructions(path, series):
    return {name: figure["value"]
            for name, figure in fig.read_raw(path)[series, "icount"].items()
            if figure["unit"] == "ns" and not name.endswith(".p99")}


def compare(one, two):
    """[(how far apart, name, value, value)...], the worst first"""
    alone = set(one) ^ set(two)
    if alone or not one:
        raise fig.Unmeasured(f"{min(alone, default='nothing')} was not measured twice")
    found = []
    for name in one:
        a, b = one[name], two[name]
        apart = abs(a - b) / max(abs(a), abs(b)) if a != b else 0
        found.append((apart, name, a, b))
    return sorted(found, reverse=True)


def main():
    parser = fig.arguments(__doc__)
    parser.add_argument("--limit", type=float, default=LIMIT)
    args = parser.parse_args()
    found = compare(*(instructions(args.raw / part, args.kernel) for part in "12"))
    over = [name for apart, name, _, _ in found if apart > args.limit]
    print(f"Linux {args.kernel}: {len(found)} figures in two boots, {len(over)} of them"
          f" more than {args.limit:.1%} apart")
    for apart, name, a, b in found[:max(SHOWN, len(over))]:
        print(f"{apart:8.2%}  {name}  {a:,.6g}  {b:,.6g}")
    return 1 if over else 0


if __name__ == "__main__":
    fig.run(main)
