#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""check_syzlang.py: does zxpager.txt have what <linux/zxpager.h> has?

Every ioctl, with the structure that is documented for it; every structure, field by
field, with the offsets and sizes that the compiler gives; every option, flag and
operation; and no name that the header does not have. KTAP; status 1 if not.
"""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
TEXT = os.path.join(HERE, "zxpager.txt")
UAPI = os.path.join(HERE, "..", "..", "uapi")
HEADER = os.path.join(UAPI, "linux", "zxpager.h")

SIZES = {"int8": 1, "int16": 2, "int32": 4, "int64": 8}
# What a program gives, so all of these have to be described.
GIVEN = r"ZXP_(VMO|CHILD|CREATE|SUPPLY|QUERY|STATS|CANCEL|PKT_TYPE|PAGER_OP|DIRTY_RANGE)_[A-Z_]+$"
ANSWERS = r"ZXP_(VMO_INFO_.*|VMO_ENTRY_.*|STATS_MODIFIED|SUPPLY_RANGES_MAX)$"

number = 0
failed = 0


def test(name, problems):
    """One line of KTAP, with what is wrong before it."""
    global number, failed
    number += 1
    for problem in problems:
        print("# " + problem)
    print(f"{'not ' if problems else ''}ok {number} syzlang.{name}")
    failed += bool(problems)


def read_header():
    text = open(HEADER, encoding="ascii").read()
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    ioctls = {n: None for n in re.findall(r"#define (ZXP_IOC_\w+)\s+_IO", code)}
    # "struct zxp_info - ZXP_IOC_GET_INFO: ..." names what goes with what.
    for struct, rest in re.findall(r"^ \* struct (\w+) - (.*)$", text, re.M):
        for name in re.findall(r"ZXP_IOC_\w+", rest):
            ioctls[name] = struct
    structs = {}
    for name, body in re.findall(r"^struct (\w+) \{(.*?)^\};", code, re.S | re.M):
        structs[name] = re.findall(r"(\w+);", body)
    names = set(re.findall(r"#define (ZXP_\w+)", code))
    for body in re.findall(r"^enum \w+ \{(.*?)^\};", code, re.S | re.M):
        names |= set(re.findall(r"(ZXP_\w+)\s*=", body))
    return ioctls, structs, names


def read_description():
    lines = [line.split("#")[0].rstrip() for line in open(TEXT, encoding="ascii")]
    text = "\n".join(lines)
    ioctls = dict(re.findall(
        r"^ioctl\$(\w+)\(fd \w+, cmd const\[\1\], arg ptr\[\w+, (\w+)\]\)", text, re.M))
    structs = {}
    for name, body in re.findall(r"^(\w+) \{\n(.*?)^\}", text, re.S | re.M):
        structs[name] = [line.split(None, 1) for line in body.splitlines() if line]
    unions = {}
    for name, body in re.findall(r"^(\w+) \[\n(.*?)^\]", text, re.S | re.M):
        unions[name] = [line.split(None, 1)[1] for line in body.splitlines() if line]
    types = dict(re.findall(r"^type (\w+) (.*)$", text, re.M))
    types.update({name: "int32" for name in re.findall(r"^resource (\w+)\[", text, re.M)})
    return ioctls, structs, unions, types, set(re.findall(r"ZXP_\w+", text))


class Layout:
    """Of what is described, by the rules of C."""

    def __init__(self, structs, unions, types):
        self.structs, self.unions, self.types = structs, unions, types

    def size(self, kind):
        """Size and alignment of a type."""
        kind = kind.split("(")[0].strip()
        base = re.match(r"\w+", kind).group()
        last = re.search(r"(int\d+)\]$", kind)
        if kind in self.types:
            return self.size(self.types[kind])
        if kind in self.structs:
            return self.struct(kind)[1:]
        if kind in self.unions:
            sizes = {self.size(k) for k in self.unions[kind]}
            if len(sizes) != 1:
                raise ValueError(f"{kind} has members of several sizes")
            return sizes.pop()
        if base == "ptr64":
            return 8, 8
        if base not in SIZES and not last:
            raise ValueError(f"no size of {kind}")
        size = SIZES[base] if base in SIZES else SIZES[last.group(1)]
        return size, size

    def struct(self, name):
        """Fields (name, offset, size), size and alignment of a structure."""
        at, align, fields = 0, 1, []
        for field, kind in self.structs[name]:
            size, alignment = self.size(kind)
            at = (at + alignment - 1) // alignment * alignment
            fields.append((field, at, size))
            at += size
            align = max(align, alignment)
        return fields, (at + align - 1) // align * align, align


def compiled(structs):
    """The same of the header, by the compiler."""
    out = ["#include <stddef.h>", "#include <stdio.h>", "#include <linux/zxpager.h>",
           "int main(void) {"]
    for name, fields in structs.items():
        out.append(f'printf("{name} - %zu 0\\n", sizeof(struct {name}));')
        for field in fields:
            out.append(f'printf("{name} {field} %zu %zu\\n", '
                       f"offsetof(struct {name}, {field}), "
                       f"sizeof(((struct {name} *)0)->{field}));")
    out.append("return 0; }")
    with tempfile.TemporaryDirectory() as tmp:
        with open(tmp + "/a.c", "w", encoding="ascii") as f:
            f.write("\n".join(out))
        subprocess.run([os.environ.get("CC", "gcc"), "-I", UAPI, "-o", tmp + "/a",
                        tmp + "/a.c"], check=True)
        lines = subprocess.run([tmp + "/a"], check=True, capture_output=True,
                               text=True).stdout.split("\n")
    found = {}
    for line in filter(None, lines):
        name, field, offset, size = line.split()
        entry = found.setdefault(name, ([], []))
        if field == "-":
            entry[1].append(int(offset))
        else:
            entry[0].append((field, int(offset), int(size)))
    return {name: (fields, sizes[0]) for name, (fields, sizes) in found.items()}


def compare_struct(layout, name, want):
    if name not in layout.structs:
        return ["it is not described"]
    try:
        fields, size, _ = layout.struct(name)
    except ValueError as error:
        return [str(error)]
    problems = [f"{a} is described, {b} is in the header (name, offset, size)"
                for a, b in zip(fields, want[0]) if a != b]
    if len(fields) != len(want[0]) or size != want[1]:
        problems.append(f"{len(fields)} fields, {size} bytes are described, "
                        f"{len(want[0])}, {want[1]} are in the header")
    return problems


def main():
    ioctls, structs, names = read_header()
    said, described, unions, types, used = read_description()
    print("TAP version 13")
    test("header_was_read", [] if len(ioctls) > 10 and len(structs) > 10 else
         [f"{len(ioctls)} ioctls, {len(structs)} structures"])
    problems = [f"{n} is not described" for n in ioctls if n not in said]
    problems += [f"{n} is not in the header" for n in said if n not in ioctls]
    problems += [f"{n} takes {ioctls[n]}, not {s}" for n, s in said.items()
                 if ioctls.get(n) and ioctls[n] != s]
    test("ioctls", problems)
    for name, want in compiled(structs).items():
        test("struct." + name,
             compare_struct(Layout(described, unions, types), name, want))
    test("no_other_struct", sorted(set(described) - set(structs)))
    test("options_flags_operations",
         sorted(n for n in names - used if re.match(GIVEN, n) and
                not re.match(ANSWERS, n)))
    test("no_unknown_name", sorted(used - names))
    print(f"1..{number}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
