#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""documents.py [FILE...]: do the documents parse, and is there what they name?

docutils reads each of Documentation/*.rst; of what Sphinx adds to it just what we
use is known here. References to documents, included files, and the paths in
``literals`` that begin like one of this repository have to exist; each document has
to be in the index.
"""

import pathlib
import re
import subprocess
import sys

import docutils.core
import docutils.nodes
import docutils.utils
from docutils.parsers.rst import Directive, directives, roles

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "Documentation"
# What a path has in front that is meant to be one of ours.
OURS = re.compile(r"^(?:scripts|selftests|tools|zxpager|uapi|Documentation)/[\w./*-]+$")
problems = []


def tracked():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT,
                         check=True, capture_output=True, text=True).stdout
    return {pathlib.PurePosixPath(name) for name in out.splitlines()}


class Toctree(Directive):
    has_content = True
    option_spec = {"maxdepth": directives.nonnegative_int}
    listed = []

    def run(self):
        for name in filter(None, map(str.strip, self.content)):
            self.listed.append(name)
            if not (DOCS / f"{name}.rst").exists():
                raise self.error(f"no document {name}")
        return []


class Included(Directive):
    """literalinclude and kernel-doc: a file is named."""
    required_arguments = 1
    option_spec = {"language": directives.unchanged, "lines": directives.unchanged,
                   "start-after": directives.unchanged, "identifiers": directives.unchanged,
                   "end-before": directives.unchanged, "doc": directives.unchanged,
                   "internal": directives.flag, "functions": directives.unchanged}
    base = DOCS

    def run(self):
        if not (self.base / self.arguments[0]).exists():
            raise self.error(f"no file {self.arguments[0]}")
        return []


class KernelDoc(Included):
    base = ROOT


def doc_role(_name, raw, text, line, inliner, options=None, content=None):
    if (DOCS / f"{text}.rst").exists():
        return [docutils.nodes.literal(raw, text)], []
    message = inliner.reporter.error(f"no document {text}", line=line)
    return [inliner.problematic(raw, raw, message)], [message]


def c_role(_name, raw, text, _line, _inliner, options=None, content=None):
    return [docutils.nodes.literal(raw, text)], []


def names_of(text, files):
    """The paths in a text that are none of ours any more."""
    for word in re.split(r"[\s`,:;()|]+", text):
        word = word.rstrip(".,")
        if not OURS.match(word) or "NAME" in word:
            continue
        if not any(f.match(word) or str(f).startswith(word.rstrip("/") + "/")
                   for f in files):
            yield word


def check(path, files):
    text = path.read_text()
    stream = []

    class Warnings:
        def write(self, message):
            stream.append(message)

    docutils.core.publish_doctree(
        text, source_path=str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path),
        settings_overrides={"report_level": 2, "halt_level": 5,
                            "warning_stream": Warnings(), "file_insertion_enabled": False})
    problems.extend(line for message in stream for line in message.splitlines() if line)
    problems.extend(f"{path.name}: there is no {name}" for name in names_of(text, files))


def main():
    directives.register_directive("toctree", Toctree)
    directives.register_directive("literalinclude", Included)
    directives.register_directive("kernel-doc", KernelDoc)
    roles.register_local_role("doc", doc_role)
    for name in "func", "type", "struct", "enum", "macro":
        roles.register_local_role(f"c:{name}", c_role)
    files = tracked()
    given = [pathlib.Path(name).resolve() for name in sys.argv[1:]]
    paths = given or sorted(DOCS.glob("*.rst"))
    for path in paths:
        check(path, files)
    if not given:
        problems.extend(f"{path.name}: not in the index" for path in paths
                        if path.stem not in [*Toctree.listed, "index"])
        problems.extend(f"README: there is no {name}"
                        for name in names_of((ROOT / "README").read_text(), files))
    print("\n".join(problems))
    sys.exit(1 if problems else 0)


main()
