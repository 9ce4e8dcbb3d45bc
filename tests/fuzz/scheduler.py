"""Random clusters, decided by us and by Pacemaker: `python -m tests.fuzz.scheduler [COUNT] [SEED]`.

`random_cluster` makes a document with a history from a seed. Run as a program, each document is
also given to `crm_simulate`, where it is installed; where the two transitions differ, resources
and constraints are left out as long as they still differ, and what remains is written to a file.
"""

from __future__ import annotations

import difflib
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.pe.emit import graph_xml
from pcsx.pe.schedule import schedule
from tests.pe import small
from tests.pe.grade import GRADER

_SCORES = ("INFINITY", "INFINITY", "100", "-100", "-INFINITY")


def random_cluster(seed: int, *, most: int = 5) -> Cib:
    """Return a cluster of two to four nodes with up to *most* resources, and a few constraints."""
    rng = random.Random(seed)
    nodes = ["a", "b", "c", "d"][: rng.randint(2, 4)]
    tops: list[str] = []
    names: list[str] = []
    copied: set[str] = set()
    described: list[str] = []
    for number in range(rng.randint(1, most)):
        kind = rng.choice(("primitive", "primitive", "primitive", "group", "clone"))
        made = [f"r{number}{letter}" for letter in "xy"[: 2 if kind == "group" else 1]]
        bodies = [
            small.primitive(name, ops=rng.choice(("", "monitor=10s")), meta=_meta(rng))
            for name in made
        ]
        top = made[0]
        if kind == "group":
            top = f"g{number}"
            described.append(small.group(top, *bodies))
        elif kind == "clone":
            top = f"c{number}"
            copied.update(made)
            described.append(small.clone(top, bodies[0], rng.choice(("", "interleave=true"))))
        else:
            described.append(bodies[0])
        tops.append(top)
        names += made
    lost = rng.choice(nodes[1:]) if rng.random() < 0.3 else ""
    return small.cluster(
        "".join(described),
        nodes=" ".join(nodes),
        constraints="".join(_constraints(rng, tops, nodes)),
        options=rng.choice(("", "", "maintenance-mode=true", "symmetric-cluster=false")),
        histories=_histories(rng, names, copied, nodes),
        lost=lost,
        fencing=bool(lost) or rng.random() < 0.5,
        quorum=rng.random() < 0.9,
        probed=False,
    )


def _meta(rng: random.Random) -> str:
    return rng.choice(("", "", "", "priority=5", "target-role=Stopped", "is-managed=false",
                       "resource-stickiness=50", "migration-threshold=1"))  # fmt: skip


def _constraints(rng: random.Random, tops: list[str], nodes: list[str]) -> Iterator[str]:
    for number in range(rng.randint(0, 4)):
        one, other = rng.sample(tops, 2) if len(tops) > 1 else (tops[0], tops[0])
        kind = rng.choice(("location", "colocation", "order"))
        score = rng.choice(_SCORES)
        if kind == "location":
            yield (f'<rsc_location id="l{number}" rsc="{one}" node="{rng.choice(nodes)}" '
                   f'score="{score}"/>')  # fmt: skip
        elif one != other and kind == "colocation":
            yield (f'<rsc_colocation id="k{number}" rsc="{one}" with-rsc="{other}" '
                   f'score="{score}"/>')  # fmt: skip
        elif one != other:
            yield (f'<rsc_order id="o{number}" first="{one}" then="{other}" '
                   f'kind="{rng.choice(("Mandatory", "Optional", "Serialize"))}"/>')  # fmt: skip


def _histories(
    rng: random.Random, names: list[str], copied: set[str], nodes: list[str]
) -> dict[str, str]:
    found = dict.fromkeys(nodes, "")
    for name in names:
        home = rng.choice([*nodes, ""])
        for node in nodes:
            runs = rng.random() < 0.5 if name in copied else node == home
            if not runs:
                found[node] += small.stopped(name) if rng.random() < 0.8 else ""
            elif rng.random() < 0.2:
                failure = small.operation(name, "monitor", 3, rc=7, interval=10_000)
                found[node] += small.history(name, small.operation(name, "start", 2), failure)
            else:
                found[node] += small.started(name)
    return found


# --- Beside Pacemaker -----------------------------------------------------------------------------


def _as_2_1(cib: Cib) -> etree._Element:
    tree = deepcopy(etree.fromstring(cib.to_bytes()))
    tree.set("validate-with", "pacemaker-3.9")
    for name in ("admin_epoch", "epoch", "num_updates"):
        tree.set(name, "1")
    return tree


def difference(tree: etree._Element, now: datetime) -> list[str]:
    """Return how the two transitions of *tree* differ, nothing where they do not."""
    assert GRADER is not None
    text = etree.tostring(tree)
    ours = graph_xml(schedule(Cib.from_bytes(text), now))
    with tempfile.TemporaryDirectory() as place:
        file, graph = Path(place) / "cib.xml", Path(place) / "graph.xml"
        file.write_bytes(text)
        subprocess.run(["crm_simulate", "-x", file, "-R", "-Q", "-G", graph],
                       check=False, capture_output=True, timeout=60)  # fmt: skip
        if not graph.exists():  # it refuses the document: nothing to compare
            return []
        theirs = graph.read_text(encoding="utf-8")
    sides = [GRADER.Transition(side).lines() for side in (theirs, ours)]
    return list(difflib.unified_diff(*sides, "Pacemaker", "ours", "", "", 0, ""))


def shrunk(tree: etree._Element, differs: Callable[[etree._Element], bool]) -> etree._Element:
    """Return the smallest document that is found to differ still."""
    paths = ("configuration/constraints/*", "configuration/resources/*", "status/*/lrm/*/*",
             "configuration/resources//nvpair", "configuration/resources//op")  # fmt: skip
    for path in paths:
        for index in reversed(range(len(tree.findall(path)))):
            smaller = deepcopy(tree)
            part = smaller.findall(path)[index]
            parent = part.getparent()
            assert parent is not None
            parent.remove(part)
            if differs(smaller):
                tree = smaller
    return tree


def main() -> None:
    """Compare as many clusters as asked for; 100 from seed 1 where nothing is said."""
    given = [int(word) for word in sys.argv[1:]]
    count, first = (given + [100, 1][len(given) :])[:2]
    if shutil.which("crm_simulate") is None or GRADER is None:
        raise SystemExit("crm_simulate, or the grader beside this checkout, is missing")
    now, found = datetime.now(UTC), 0
    for seed in range(first, first + count):
        tree = _as_2_1(random_cluster(seed))
        if not difference(tree, now):
            continue
        found += 1
        least = shrunk(tree, lambda one: bool(difference(one, now)))
        file = Path(tempfile.gettempdir()) / f"pcsx-fuzz-{seed}.xml"
        file.write_bytes(etree.tostring(least))
        print(f"== {seed}: {file}\n" + "\n".join(difference(least, now)), flush=True)
    print(f"{found} of {count} differ")


if __name__ == "__main__":
    main()
