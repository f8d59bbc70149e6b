# SPDX-License-Identifier: GPL-2.0
"""What programs write into Documentation/performance.rst: tables between two comments.

The first comment is ".. written by make: WHAT", and WHAT belongs to who writes it; the
second is ".. end". A place has to be there before.
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PATH = "Documentation/performance.rst"


def table(head, body, right=()):
    """As reStructuredText; @right are columns of numbers"""
    rows = [head, *body]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    rule = "  ".join("=" * w for w in widths)

    def text(row):
        return "  ".join(cell.rjust(w) if i in right else cell.ljust(w)
                         for i, (cell, w) in enumerate(zip(row, widths))).rstrip()

    return "\n".join([rule, text(head), rule, *map(text, body), rule])


def update(what, content):
    """In all places that match, content(match) takes the place of what is there"""
    path = ROOT / PATH
    text, count = re.subn(
        rf"(?P<begin>^\.\. written by make: {what}\n).*?(?P<end>^\.\. end\n)",
        lambda m: f"{m['begin']}\n{content(m)}\n\n{m['end']}",
        path.read_text(), flags=re.MULTILINE | re.DOTALL)
    if not count:
        raise ValueError(f"{path} has no place for it")
    path.write_text(text)
