# SPDX-License-Identifier: GPL-2.0
"""Charts of figures that are a curve, as SVG.

Both axes are logarithmic. A work has one chart for each unit: its lines are named
after what is behind the first dot of the figures' names.
"""

import html
import math

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 80, 160, 40, 50
GAP = 36                        # between the middles of two numbers below the chart
COLOURS = ("#c0392b", "#2471a3", "#1e8449", "#b7950b", "#6c3483", "#5d6d7e", "#a04000",
           "#17202a")


def decades(low, high):
    """Ends of an axis, and where it has marks: 1, 2 and 5 times powers of ten"""
    marks = [m * 10.0 ** e
             for e in range(math.floor(math.log10(low)) - 1,
                            math.ceil(math.log10(high)) + 2)
             for m in (1, 2, 5)]
    first = max(i for i, m in enumerate(marks) if m <= low * 1.0000001)
    last = min(i for i, m in enumerate(marks) if m >= high * 0.9999999)
    if first == last:
        last += 1
    return marks[first:last + 1]


def short(value):
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def svg(title, unit, lines):
    """lines: {name: [(x, y)...]}"""
    points = [p for line in lines.values() for p in line]
    # A curve may begin at 0, which such an axis does not have.
    floor_x = min((x for x, _ in points if x > 0), default=1)
    floor_y = min((y for _, y in points if y > 0), default=1)
    lines = {name: sorted((max(x, floor_x), max(y, floor_y)) for x, y in line)
             for name, line in lines.items()}
    xs = sorted({x for line in lines.values() for x, _ in line})
    y_marks = decades(floor_y, max(y for line in lines.values() for _, y in line))
    low, high = math.log(xs[0]), math.log(max(xs[-1], xs[0] * 2))
    bottom, top = math.log(y_marks[0]), math.log(y_marks[-1])

    def at_x(x):
        share = (math.log(x) - low) / (high - low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def at_y(y):
        share = (math.log(y) - bottom) / (top - bottom)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}"'
           ' font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
           f'<text x="{LEFT}" y="22" font-size="14">{html.escape(title)}:'
           f' {html.escape(unit)}</text>']
    for mark in y_marks:
        y = at_y(mark)
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"'
                   ' stroke="#dddddd"/>')
        out.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
                   f'{short(mark)}</text>')
    last = -GAP
    for x in xs:
        if at_x(x) - last < GAP:
            continue
        last = at_x(x)
        out.append(f'<text x="{at_x(x):.1f}" y="{HEIGHT - BOTTOM + 18}"'
                   f' text-anchor="middle">{short(x)}</text>')
    for i, (name, line) in enumerate(lines.items()):
        colour = COLOURS[i % len(COLOURS)]
        places = [f"{at_x(x):.1f},{at_y(y):.1f}" for x, y in line]
        out.append(f'<polyline points="{" ".join(places)}" fill="none"'
                   f' stroke="{colour}" stroke-width="2"/>')
        for place in places:
            x, y = place.split(",")
            out.append(f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>')
        out.append(f'<text x="{WIDTH - RIGHT + 12}" y="{TOP + 16 * i + 10}"'
                   f' fill="{colour}">{html.escape(name)}</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"


def write_all(directory, series, mode, figures):
    curves = {}
    for figure in figures:
        if "x" in figure:
            work, name = figure["name"].split(".", 1)
            lines = curves.setdefault((work, figure["unit"]), {})
            lines.setdefault(name, []).append((figure["x"], figure["value"]))
    for (work, unit), lines in curves.items():
        if all(len(line) < 2 for line in lines.values()):
            continue
        if mode == "icount" and unit == "ns":
            text = "instructions"
        else:
            text = unit
        suffix = "" if len({u for w, u in curves if w == work}) == 1 else f"-{unit}"
        path = directory / f"{work}-{series}-{mode}{suffix}.svg"
        path.write_text(svg(f"{work}, Linux {series}, {mode}", text, lines))
