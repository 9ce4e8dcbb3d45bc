"""Run random command lines by pcs and by us on the same file, and tell where the outcomes differ.

    python -m tests.fuzz --count 300 --seed 1 [--out DIRECTORY]

Compared are the configuration after (the order of what has no order aside), the exit status, and
output that is JSON. Needs pcs, and the agents that it knows.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

from lxml import etree

from pcsx import cli
from tests.fuzz.words import Words

BASE = """<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0"
 admin_epoch="0"><configuration><crm_config/><nodes><node id="1" uname="node1"/>
 <node id="2" uname="node2"/><node id="3" uname="node3"/></nodes><resources/><constraints/>
 </configuration><status/></cib>"""
LENIENT = "Specified option '--force' is not supported"
"""What pcs refuses and we take: --force where there is nothing to force."""
FREE = (
    "nodes", "crm_config", "constraints", "acls", "tags", "alerts", "resources", "operations",
    "instance_attributes", "meta_attributes", "utilization", "cluster_property_set",
)  # fmt: skip


def canonical(path: Path) -> bytes:
    """Return the configuration in a file, with no order where the order says nothing."""
    parser = etree.XMLParser(remove_blank_text=True)
    conf = etree.parse(path, parser).getroot().find("configuration")
    assert conf is not None
    for element in conf.iter(*FREE):
        element[:] = sorted(element, key=lambda child: etree.tostring(child, method="c14n"))
    for element in list(conf):
        if not len(element):
            conf.remove(element)
    return etree.tostring(conf, method="c14n")


def ours(path: Path, words: list[str]) -> tuple[int, str, str]:
    """Return how our program ends on *path*."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = cli.run(["-f", str(path), *words])
    return status, out.getvalue(), err.getvalue()


def theirs(path: Path, words: list[str]) -> tuple[int, str, str]:
    """Return how pcs ends on *path*."""
    env = dict(os.environ, LC_ALL="C.UTF-8", HOME=str(path.parent))
    done = subprocess.run(
        ["pcs", "-f", str(path), *words], env=env, text=True, capture_output=True, timeout=60,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def main() -> int:
    """Run as the module's paragraph says; the exit status is 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="keep the document before each difference here")
    parser.add_argument("--text", action="store_true", help="tell of other text, too")
    given = parser.parse_args()
    words = Words(Random(given.seed))
    differences = refused = 0
    with tempfile.TemporaryDirectory() as directory:
        os.environ["PCSX_STATE"] = directory
        cib, mine, peer = (Path(directory, name) for name in ("cib.xml", "mine.xml", "peer.xml"))
        cib.write_text(BASE)
        for number in range(given.count):
            line = words.line()
            for copy in (mine, peer):
                copy.write_bytes(cib.read_bytes())
            my, other = ours(mine, line), theirs(peer, line)
            refused += other[0] != 0
            if LENIENT in other[2]:
                continue
            faults = [] if my[0] == other[0] else [f"exit {my[0]}, theirs {other[0]}"]
            if canonical(mine) != canonical(peer):
                faults.append("another configuration")
            if (wanted := _json(other[1])) is not None and _json(my[1]) != wanted:
                faults.append("other JSON")
            if given.text and wanted is None and my[1].split() != other[1].split():
                faults.append("other text")
            if faults:
                differences += 1
                print(f"{given.seed}.{number} {shlex.join(line)}: {'; '.join(faults)}")
                for who, ended in (("  we:  ", my), ("  pcs: ", other)):
                    print(who + (ended[2] or ended[1]).strip().replace("\n", "\n       ")[:400])
                if given.out:
                    given.out.mkdir(parents=True, exist_ok=True)
                    name = given.out / f"{given.seed}-{number}"
                    name.with_suffix(".xml").write_bytes(cib.read_bytes())
                sys.stdout.flush()
            cib.write_bytes(peer.read_bytes())
            if number % 60 == 59:
                cib.write_text(BASE)
    print(f"{given.count} commands ({refused} refused by pcs), {differences} differ")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
