"""Pacemaker 2.1.5's `crm_simulate` beside us on one document: graph, summary and scores.

`as_2_1` spells a document as that version does; `differences` are told by the grader's own
comparing rules, by grade.
"""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import tempfile
import traceback
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.pe.emit import graph_xml
from pcsx.pe.transcript import Plan, play
from tests.pe.grade import GRADER, GRADES, moment_for

OLDER_OPTIONS: Final = {
    "fencing-enabled": "stonith-enabled",
    "fencing-action": "stonith-action",
    "fencing-timeout": "stonith-timeout",
    "fencing-watchdog-timeout": "stonith-watchdog-timeout",
    "stop-removed-resources": "stop-orphan-resources",
    "cancel-removed-actions": "stop-orphan-actions",
}
"""Cluster options by the names of today, and as 2.1.5 knows them."""
_NEWEST: Final = (3, 9)
_QUORUM_POLICY: Final = {"fence": "suicide"}


def as_2_1(tree: etree._Element) -> etree._Element:
    """Return a copy of a document as 2.1.5 takes it."""
    copy = deepcopy(tree)
    schema = re.fullmatch(r"pacemaker-(\d+)\.(\d+)", copy.get("validate-with", ""))
    if schema and (int(schema[1]), int(schema[2])) > _NEWEST:
        copy.set("validate-with", "pacemaker-3.9")
    for name in ("admin_epoch", "epoch", "num_updates"):
        if name not in copy.attrib:
            copy.set(name, "1")
    copy.set("crm_feature_set", "3.16.1")  # older ones count failures by older names
    config = copy.find("configuration/crm_config")
    pairs = [] if config is None else list(config.iter("nvpair"))
    if config is not None and not any(p.get("name") == "concurrent-fencing" for p in pairs):
        block = etree.SubElement(config, "cluster_property_set", {"id": "fuzz-defaults"})
        etree.SubElement(
            block, "nvpair", {"id": "fuzz-cf", "name": "concurrent-fencing", "value": "true"}
        )
    for pair in pairs:
        name = pair.get("name", "")
        pair.set("name", OLDER_OPTIONS.get(name, name))
        if name == "no-quorum-policy":
            value = pair.get("value", "")
            pair.set("value", _QUORUM_POLICY.get(value, value))
    return copy


@dataclass(frozen=True)
class Answer:
    """What one engine makes of a document: comparable lines by grade."""

    lines: dict[str, list[str]]
    fault: str = ""


def theirs(tree: etree._Element, args: tuple[str, ...] = ()) -> Answer | None:
    """Return 2.1.5's answer; None where it refuses the document."""
    assert GRADER is not None
    with tempfile.TemporaryDirectory() as place:
        file, graph = Path(place) / "cib.xml", Path(place) / "graph.xml"
        file.write_bytes(etree.tostring(as_2_1(tree)))
        environment = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.environ["PATH"]}
        command = [
            "crm_simulate",
            "-x",
            str(file),
            "-S",
            "-s",
            "--text-fancy",
            "-G",
            str(graph),
            *args,
        ]
        try:
            done = subprocess.run(
                command, check=False, timeout=40, capture_output=True, env=environment
            )
        except subprocess.TimeoutExpired:
            return None
        if not graph.exists():
            return None
        text = graph.read_text(encoding="utf-8")
    return Answer(_forms(text, done.stdout.decode("utf-8", "replace")))


def ours(tree: etree._Element, args: tuple[str, ...] = ()) -> Answer:
    """Return our answer."""
    try:
        cib = Cib.from_bytes(etree.tostring(tree))
        wall, real, line = moment_for(cib, args)
        plan = Plan(wall, real, line, schedule=True, carry_out=True, scores=True, sanitized=True)
        played = play(cib, plan)
        assert played.transition is not None
        return Answer(_forms(graph_xml(played.transition), "\n".join(played.text)))
    except Exception:
        return Answer({grade: ["fault"] for grade in GRADES}, traceback.format_exc())


_ALIKE: Final = (
    (re.compile(r"promotion score on none: \S+"), "promotion score (inactive): -INFINITY"),
    (re.compile(r"\((?:unmanaged|maintenance)\)"), "(unmanaged)"),
    (re.compile(r"due to unmigrateable "), "due to unrunnable "),
    (re.compile(r"\(not installed\)"), "(Not installed)"),
    (re.compile(r", (?:unmanaged|maintenance)\b"), ", unmanaged"),
)
"""What newer versions say in other words: the score of what is nowhere; that it is maintained."""


_INSTANCE: Final = re.compile(r"bundle:|\w+: \S+:\d+ allocation|\w+: \S+-bundle-|clone:")
"""Scores of instances and of what is in bundles: newer versions try their places otherwise."""


def _alike(lines: list[str]) -> list[str]:
    for pattern, word in _ALIKE:
        lines = [pattern.sub(word, line) for line in lines]
    return lines


def _forms(graph: str, text: str) -> dict[str, list[str]]:
    assert GRADER is not None
    before, rest = re.split(r"\n(?:Assignment|Allocation) Scores:\n", text, maxsplit=1)
    scores, _, after = rest.partition("\nTransition Summary:\n")
    lines = (line.removeprefix("  * ") for line in scores.splitlines())
    scores = "\n".join(line for line in lines if not line.startswith("Only 'private'"))
    summary = f"{before}\nTransition Summary:\n{after}"
    return {
        "transition": GRADER.Transition(graph).lines(),
        "summary": _alike(GRADER.normal_summary(summary)),
        "scores": sorted(
            line for line in _alike(GRADER.normal_scores(scores)) if not _INSTANCE.match(line)
        ),
    }


def differences(
    tree: etree._Element, args: tuple[str, ...] = (), grades: tuple[str, ...] = GRADES
) -> dict[str, list[str]]:
    """Return how the answers to *tree* differ, by grade; nothing where they do not."""
    their = theirs(tree, args)
    if their is None:
        return {}
    our = ours(tree, args)
    if our.fault:
        return {"fault": our.fault.splitlines()}
    found = {}
    for grade in grades:
        lines = list(
            difflib.unified_diff(
                their.lines[grade], our.lines[grade], "2.1.5", "ours", "", "", 0, ""
            )
        )
        if lines:
            found[grade] = lines
    return found
