"""A Pacemaker cluster's document taken over: what is kept, renamed, changed or not supported.

Nothing is dropped: `take_over` returns the lifted document and a row for each thing that is not
simply the same here, and for each kind of thing that is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from typing import Final

from lxml import etree

from pcsx.cib.check import check
from pcsx.cib.document import SECTIONS, Cib
from pcsx.cib.options import CLUSTER
from pcsx.cib.patch import diff
from pcsx.cib.schema import check_shape
from pcsx.cib.upgrade import upgraded
from pcsx.errors import Severity
from pcsx.lean import dataclass

KEPT: Final = "kept"
CHANGED: Final = "changed"
RENAMED: Final = "renamed"
IDLE: Final = "kept, no effect"
UNSUPPORTED: Final = "not supported"
FAULT: Final = "fault"

_STANDARDS: Final = frozenset(("ocf", "systemd", "lsb", "service", "stonith"))
_OF_THE_CLUSTER: Final = {
    "cluster-infrastructure": "the cluster is pcsx's now",
    "dc-version": "told by pcsx --version",
    "cluster-name": "the name is the cluster's own",
    "have-watchdog": "found out by each node",
    "last-lrm-refresh": "a mark of cleanups; not needed",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: *what* of the old cluster, its *verdict*, and *why* or how."""

    what: str
    verdict: str
    why: str = ""


def take_over(cib: Cib) -> tuple[Cib, list[Row]]:
    """Return *cib* as it is written today, without status, and all that is to be told of it."""
    lifted = upgraded(cib)
    bare = lifted.edited(_drop_status)
    rows = [*_kept(bare), *_lifted(cib, lifted), *_idle(bare), *_unsupported(bare), *_faults(bare)]
    if cib.tree.find("status/node_state") is not None:
        rows.append(Row("status", CHANGED, "left out: nodes are probed, histories begin anew"))
    return bare, rows


def _drop_status(tree: etree._Element) -> None:
    for status in tree.findall("status"):
        status[:] = []


def _kept(cib: Cib) -> Iterator[Row]:
    configuration = cib.tree.find("configuration")
    for section in configuration if configuration is not None else ():
        counts = Counter(str(child.tag) for child in section)
        if not counts:
            continue
        told = ", ".join(f"{count} {tag}" for tag, count in sorted(counts.items()))
        known = section.tag in SECTIONS
        yield Row(
            str(section.tag), KEPT if known else IDLE, told if known else "an unknown section"
        )


def _lifted(old: Cib, new: Cib) -> Iterator[Row]:
    before, after = old.tree.get("validate-with", "none"), new.tree.get("validate-with", "none")
    if before != after:
        yield Row("schema", CHANGED, f"{before} lifted to {after}")
    words = {"+": "comes in its place", "-": "is said in another way", "~": "is written anew"}
    for line in diff(old, new).summary():
        mark, _, place = line.partition(" ")
        if not place.startswith("/cib/@") and "/status" not in place:
            yield Row(place.removeprefix("/cib/configuration/"), RENAMED, words.get(mark, "moves"))


def _idle(cib: Cib) -> Iterator[Row]:
    for pair in cib.tree.iterfind("configuration/crm_config/cluster_property_set/nvpair"):
        name = pair.get("name", "")
        if name in _OF_THE_CLUSTER:
            yield Row(f"property {name}", IDLE, _OF_THE_CLUSTER[name])
        elif name not in CLUSTER:
            yield Row(f"property {name}", IDLE, "no such option is known here")
    for spec in cib.tree.iter("date_spec"):
        if spec.get("moon") is not None:
            yield Row(f"rule condition {spec.get('id')}", IDLE, "phases of the moon are not judged")


def _unsupported(cib: Cib) -> Iterator[Row]:
    for element in cib.tree.iter("primitive", "template"):
        standard = element.get("class")
        if standard is not None and standard not in _STANDARDS:
            yield Row(
                f"{element.tag} {element.get('id')}", UNSUPPORTED,
                f"agents of class {standard} are not run; it stays stopped",
            )  # fmt: skip
    for bundle in cib.tree.iter("bundle"):
        if bundle.find("rkt") is not None:
            yield Row(f"bundle {bundle.get('id')}", UNSUPPORTED, "rkt is gone; use podman")
    for node in cib.tree.iterfind("configuration/nodes/node"):
        if node.get("type") == "ping":
            yield Row(f"node {node.get('uname')}", UNSUPPORTED, "nodes of type ping run nothing")


def _faults(cib: Cib) -> Iterator[Row]:
    for finding in [*check_shape(cib), *check(cib)]:
        if finding.severity is Severity.ERROR:
            yield Row(finding.subject, FAULT, finding.text)


def with_members(taken: Cib, present: Cib) -> tuple[Cib, list[Row]]:
    """Return *taken* with the nodes of *present*, by their ids there, and what is told of others.

    A node that is a member keeps what *taken* says of it: attributes and utilization.
    """
    members = {node.get("uname"): node for node in present.tree.iterfind(_NODES)}
    rows = [
        Row(f"node {node.get('uname')}", UNSUPPORTED, "no member of this cluster; left out")
        for node in taken.tree.iterfind(_NODES)
        if node.get("uname") not in members and node.get("type") in (None, "member")
    ]

    def change(tree: etree._Element) -> None:
        nodes = tree.find("configuration/nodes")
        assert nodes is not None
        known = {node.get("uname"): node for node in nodes}
        for name, node in known.items():
            if name not in members and node.get("type") in (None, "member"):
                nodes.remove(node)
        for name, member in members.items():
            if name in known:
                known[name].set("id", member.get("id", ""))
            else:
                nodes.append(deepcopy(member))

    return taken.edited(change), rows


_NODES: Final = "configuration/nodes/node"
