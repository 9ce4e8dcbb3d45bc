"""Load random texts in crm's language by crmsh and by us, and tell where the outcomes differ.

    python -m tests.fuzz.crmsh --count 300 --seed 1

Compared are whether a text is taken, the configuration that it makes (ids included), and how that
configuration is printed. Where crmsh prints an ERROR and yet takes a text we may refuse it, and
where crmsh cannot read its own text back ours may be another; ours always reads back. Needs crmsh.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from lxml import etree

from pcsx import cli
from tests.fuzz.language import Language

BASE: Final = """<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1"
 num_updates="0" admin_epoch="0"><configuration><crm_config/><nodes><node id="1" uname="node1"/>
 <node id="2" uname="node2"/><node id="3" uname="node3"/></nodes><resources/><constraints/>
 </configuration><status/></cib>"""
FREE: Final = ("nodes", "crm_config", "resources", "constraints", "acls", "tags", "alerts")
LENIENT: Final = re.compile("Attribute order error")
"""What crmsh refuses and we take: attributes of an operation after its parameters."""
PARSER: Final = etree.XMLParser(remove_blank_text=True)

_SERVER: Final = """
import json, os, sys
from crmsh import log
log.setup_logging()
from crmsh import main
for line in sys.stdin:
    job = json.loads(line)
    child = os.fork()
    if not child:
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if number else os.O_RDONLY
            os.dup2(os.open(job[name], flags), number)
        sys.stdin = open(0, closefd=False)
        sys.argv = ["crm", *job["words"]]
        status = 1
        try:
            status = main.run()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status or 0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: its status, and what it printed."""

    status: int
    out: str
    err: str


class Peer:
    """crmsh, loaded once; every call is a child of its own, on the same file."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "peer.xml"
        self.files = {
            name: str(directory / f"peer.{name}") for name in ("stdin", "stdout", "stderr")
        }
        env = dict(
            os.environ, CIB_file=str(self.path), HOME=str(directory), LC_ALL="C.UTF-8", TERM="dumb",
            NO_COLOR="1",
        )  # fmt: skip
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-c", _SERVER], env=env, text=True, cwd=directory,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def run(self, words: list[str], text: str = "") -> Ended:
        """Return how `crm` ends with *words*, given *text* on standard input."""
        Path(self.files["stdin"]).write_text(text)
        assert self.process.stdin is not None and self.process.stdout is not None
        print(json.dumps({"words": words, **self.files}), file=self.process.stdin, flush=True)
        status = int(self.process.stdout.readline())
        said = (Path(self.files[name]).read_text() for name in ("stdout", "stderr"))
        return Ended(status, *(re.sub(r"\x1b\[\d*m", "", text) for text in said))

    def close(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)


def ours(path: Path, words: list[str], text: str = "") -> Ended:
    """Return how our program ends on *path*."""
    out, err = io.StringIO(), io.StringIO()
    stdin, sys.stdin = sys.stdin, io.StringIO(text)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = cli.run(["-f", str(path), *words])
    finally:
        sys.stdin = stdin
    return Ended(status, out.getvalue(), err.getvalue())


def canonical(path: Path) -> bytes:
    """Return the configuration in a file, with no order where the order says nothing."""
    conf = etree.parse(path, PARSER).getroot().find("configuration")
    assert conf is not None
    for comment in list(conf.iter(etree.Comment)):
        comment.getparent().remove(comment)
    for element in conf.iter(*FREE):
        element[:] = sorted(element, key=lambda child: etree.tostring(child, method="c14n"))
    conf[:] = sorted((part for part in conf if len(part)), key=lambda part: str(part.tag))
    return etree.tostring(conf, method="c14n")


def lines(text: str) -> list[str]:
    """Return the entries of *text*, one a line, sorted, with passwords hidden."""
    text = re.sub(r" *\\\n[ \t]*", " ", text)
    text = re.sub(r"\b(passw\w*)=(\"[^\"]*\"|\S+)", r'\1="******"', text)
    return sorted(re.sub(r"\s+", " ", line).strip() for line in text.splitlines() if line.strip())


class Comparison:
    """One text given to both."""

    def __init__(self, peer: Peer, directory: Path) -> None:
        self.peer = peer
        self.mine = directory / "mine.xml"
        self.again = directory / "again.xml"
        self.file = directory / "text.crm"

    def faults(self, text: str, *, session: bool, deep: bool) -> Iterator[str]:
        """Yield what differs; *deep* looks at the printed text as well."""
        for path in (self.mine, self.peer.path):
            path.write_text(BASE)
        base = canonical(self.mine)
        self.file.write_text(text)
        if session:
            their = self.peer.run(["-F", "configure"], text + "commit\n")
            mine = ours(self.mine, ["configure"], text + "commit\n")
        else:
            words = ["configure", "load", "update", str(self.file)]
            their, mine = self.peer.run(["-F", *words]), ours(self.mine, words)
        if mine.status not in (0, 1):
            yield f"we end with {mine.status}: {mine.err}"
        if "Traceback" in their.err:
            return
        refused = mine.status != 0 and canonical(self.mine) == base
        errors = [line for line in their.err.splitlines() if _is_error(line)]
        if their.status:
            if not refused and not any(map(LENIENT.search, errors)):
                yield f"we take it, crmsh says: {errors or their.err}"
            return
        if errors and refused:
            return
        if mine.status:
            yield f"we refuse it: {mine.err.strip()}"
            return
        if canonical(self.mine) != canonical(self.peer.path):
            yield f"another configuration:\n{self.difference()}"
            return
        if deep:
            yield from self.printed()

    def difference(self) -> str:
        """Return the lines in which the two configurations differ."""
        both = [
            etree.tostring(etree.fromstring(canonical(path)), pretty_print=True).decode()
            for path in (self.mine, self.peer.path)
        ]
        found = difflib.unified_diff(*(text.splitlines() for text in both), "ours", "crmsh's", n=1)
        return "\n".join(found)

    def printed(self) -> Iterator[str]:
        """Yield what differs in the text of the configuration that both made."""
        wanted = canonical(self.peer.path)
        their = self.peer.run(["configure", "show"])
        mine = ours(self.mine, ["configure", "show"])
        self.again.write_text(BASE)
        self.file.write_text(mine.out)
        back = ours(self.again, ["configure", "load", "update", str(self.file)])
        if back.status or canonical(self.again) != wanted:
            yield f"our text does not read back: {mine.out}\n{back.err}"
        if lines(mine.out) == lines(their.out):
            return
        self.peer.path.write_text(BASE)
        self.file.write_text(their.out)
        self.peer.run(["-F", "configure", "load", "update", str(self.file)])
        if canonical(self.peer.path) == wanted:  # theirs reads back: ours should be it
            both = (set(lines(mine.out)), set(lines(their.out)))
            yield f"other text\n  ours:   {both[0] - both[1]}\n  theirs: {both[1] - both[0]}"


def _is_error(line: str) -> bool:
    return line.startswith("ERROR") and "unpack_resources" not in line and "crm_verify" not in line


def main() -> int:
    """Run as the module's paragraph says; the exit status is 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="one kind of definition")
    parser.add_argument("--file", type=Path, help="compare on this text instead")
    given = parser.parse_args()
    differences = 0
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        os.environ["PCSX_STATE"] = name
        peer = Peer(directory)
        comparison = Comparison(peer, directory)
        for number in range(1 if given.file else given.count):
            language = Language(Random(f"{given.seed}.{number}"), only=given.only)
            session = not given.file and not given.only and number % 5 == 4
            text = given.file.read_text() if given.file else language.text(session=session)
            for fault in comparison.faults(text, session=session, deep=True):
                differences += 1
                print(f"--- {given.seed}.{number}\n{text}=> {fault}", flush=True)
        peer.close()
    print(f"{given.count} texts, {differences} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
