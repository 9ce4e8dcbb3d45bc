"""Random clusters, decided by us and by Pacemaker: `python -m tests.fuzz.scheduler COUNT SEED`.

`random_cluster` makes a document with a history from a seed. Run as a program, each document is
also given to `crm_simulate`, where it is installed; where graph, summary or scores differ,
resources and constraints are left out as long as they still differ, and what remains is written
to a file. With `--golden` the documents are the golden cases with one change each.

The peer is Pacemaker 2.1.5, while the golden cases are 3.0.2's: where the two disagree on a
golden case itself, the case is right. `docs/SCHEDULER.md` lists these classes; `peer.py` puts the
ones that are a matter of words aside.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path

from lxml import etree

from pcsx.cib.document import Cib
from tests.fuzz import peer
from tests.fuzz.clusters import rich_cluster
from tests.fuzz.mutations import mutated
from tests.pe import small
from tests.pe.grade import CASES, GRADER, GRADES, cases

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

Case = tuple[str, etree._Element, tuple[str, ...]]
"""What is compared: how to call it, the document, and further options of `simulate`."""


def generated(count: int, seed: int) -> Iterator[Case]:
    """Return *count* clusters made from seeds, of two kinds in turn."""
    for number in range(seed, seed + count):
        cib = random_cluster(number)
        if number % 2:
            cib = rich_cluster(cib, number)
        yield str(number), etree.fromstring(cib.to_bytes()), ()


def golden(count: int, seed: int) -> Iterator[Case]:
    """Return *count* golden cases with one change each, only cases that 2.1.5 itself passes."""
    rng = random.Random(seed)
    agreed: dict[str, bool] = {}
    chosen = cases()
    for number in range(seed, seed + count):
        case = rng.choice(chosen)
        name, args = case["name"], tuple(case["args"])
        tree = etree.parse(str(CASES / "xml" / f"{name}.xml")).getroot()
        if name not in agreed:
            agreed[name] = not peer.differences(tree, args)
        changed, told = mutated(tree, number)
        if told and agreed[name]:
            yield f"{name} {number}: {', '.join(told)}", changed, args


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
    """Compare as many documents as asked for; 100 from seed 1 where nothing is said."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=100)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("--golden", action="store_true", help="change golden cases instead")
    parser.add_argument("--grade", action="append", choices=GRADES, help="compare only this")
    given = parser.parse_args()
    if shutil.which("crm_simulate") is None or GRADER is None:
        raise SystemExit("crm_simulate, or the grader beside this checkout, is missing")
    grades, found, seen = tuple(given.grade or GRADES), 0, 0
    source = golden if given.golden else generated
    for name, tree, args in source(given.count, given.seed):
        seen += 1
        different = peer.differences(tree, args, grades)
        if not different:
            continue
        found += 1
        kinds = tuple(kind for kind in different if kind in GRADES) or grades
        least = shrunk(
            tree,
            lambda one, how=(args, kinds): bool(peer.differences(one, *how)),  # type: ignore[misc]
        )
        file = Path(tempfile.gettempdir()) / f"pcsx-fuzz-{re.sub(r'[^a-z0-9-]+', '-', name)}.xml"
        file.write_bytes(etree.tostring(peer.as_2_1(least)))
        print(f"== {name}: {file}")
        for kind, lines in peer.differences(least, args, grades).items():
            print(f"-- {kind}\n" + "\n".join(lines), flush=True)
    print(f"{found} of {seen} differ")


if __name__ == "__main__":
    main()
