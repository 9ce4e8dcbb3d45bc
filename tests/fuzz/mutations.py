"""Small changes of a cluster's document, each drawn from a seed and told in a few words.

What cannot be changed in a given document is not offered. Every change keeps the document one
that a schema may accept; who compares engines leaves out what the peer refuses.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from copy import deepcopy
from typing import Final

from lxml import etree

from tests.fuzz.peer import OLDER_OPTIONS

Change = Callable[[etree._Element, random.Random], str]
"""Changes a document in place and tells how; an empty text where there is nothing to change."""

_SCORES: Final = ("INFINITY", "-INFINITY", "100", "-100", "0", "5000")
_OPTIONS: Final = {
    "symmetric-cluster": ("true", "false"),
    "stop-all-resources": ("true",),
    "maintenance-mode": ("true",),
    "no-quorum-policy": ("stop", "freeze", "ignore", "demote", "fence"),
    "placement-strategy": ("default", "utilization", "minimal", "balanced"),
    "fencing-enabled": ("true", "false"),
    "fencing-action": ("off", "reboot"),
    "startup-fencing": ("false",),
    "enable-startup-probes": ("false",),
    "start-failure-is-fatal": ("false",),
    "stop-removed-resources": ("false",),
    "cancel-removed-actions": ("false",),
    "concurrent-fencing": ("true", "false"),
    "priority-fencing-delay": ("15s",),
    "have-watchdog": ("true",),
    "shutdown-lock": ("true",),
    "node-health-strategy": ("migrate-on-red", "only-green", "progressive"),
}
_META: Final = {
    "target-role": ("Stopped", "Started", "Slave", "Master"),
    "is-managed": ("false", "true"),
    "maintenance": ("true",),
    "priority": ("10", "-1"),
    "resource-stickiness": ("0", "100", "INFINITY", "-100"),
    "migration-threshold": ("1", "3"),
    "failure-timeout": ("60s",),
    "multiple-active": ("stop_only", "block", "stop_unexpected", "stop_start"),
    "requires": ("nothing", "quorum", "fencing"),
    "allow-migrate": ("true", "false"),
    "critical": ("false",),
}
_CLONE_META: Final = {
    "interleave": ("true", "false"),
    "ordered": ("true", "false"),
    "clone-max": ("1", "2", "3"),
    "clone-node-max": ("1", "2"),
    "notify": ("true", "false"),
    "globally-unique": ("true", "false"),
    "promoted-max": ("1", "2"),
    "promotable": ("true",),
    "clone-min": ("1", "2"),
}
_ON_FAIL: Final = ("ignore", "block", "stop", "restart", "standby", "fence", "demote",
                   "restart-container")  # fmt: skip
_RESULTS: Final = (
    ("0", "0"), ("1", "0"), ("7", "0"), ("8", "0"), ("9", "0"), ("5", "0"), ("6", "0"),
    ("190", "0"), ("1", "4"), ("1", "2"), ("193", "-1"), ("5", "7"),
)  # fmt: skip
"""What an operation ends with: exit code and status."""
_TAGS: Final = ("primitive", "group", "clone", "master", "bundle")


def _elements(tree: etree._Element, path: str) -> list[etree._Element]:
    return list(tree.iterfind(path))


def _set_pair(
    owner: etree._Element, block: str, name: str, value: str, *, first: bool = False
) -> None:
    """Give *owner* a pair in its blocks of that kind, in place of one of that name."""
    for pair in owner.iterfind(f"{block}/nvpair[@name='{name}']"):
        pair.set("value", value)
        return
    found = owner.find(block)
    if found is None:
        found = etree.Element(block, {"id": f"fuzz-{owner.get('id') or 'options'}-{block}"})
        owner.insert(0, found) if first else owner.append(found)
    etree.SubElement(
        found, "nvpair",
        {"id": f"fuzz-{owner.get('id') or 'options'}-{name}", "name": name, "value": value},
    )  # fmt: skip


def _resources(tree: etree._Element, *tags: str) -> list[etree._Element]:
    top = tree.find("configuration/resources")
    return [] if top is None else [e for e in top.iter(*(tags or _TAGS)) if e.get("id")]


def _drop(path: str) -> Change:
    def drop(tree: etree._Element, rng: random.Random) -> str:
        found = _elements(tree, path)
        if not found:
            return ""
        chosen = rng.choice(found)
        parent = chosen.getparent()
        assert parent is not None
        parent.remove(chosen)
        return f"drop {chosen.tag} {chosen.get('id') or chosen.get('uname')}"

    return drop


def _set(path: str, name: str, values: tuple[str, ...]) -> Change:
    def change(tree: etree._Element, rng: random.Random) -> str:
        found = _elements(tree, path)
        if not found:
            return ""
        chosen, value = rng.choice(found), rng.choice(values)
        if chosen.get(name) == value:
            return ""
        chosen.set(name, value)
        return f"{chosen.tag} {chosen.get('id') or chosen.get('uname')}: {name}={value}"

    return change


def _score(tree: etree._Element, rng: random.Random) -> str:
    found = list(tree.iterfind("configuration/constraints//*[@score]"))
    found += tree.findall("configuration/constraints/rsc_colocation")
    if not found:
        return ""
    chosen, value = rng.choice(found), rng.choice(_SCORES)
    chosen.set("score", value)
    return f"{chosen.tag} {chosen.get('id')}: score={value}"


def _option(tree: etree._Element, rng: random.Random) -> str:
    name = rng.choice(sorted(_OPTIONS))
    value = rng.choice(_OPTIONS[name])
    config = tree.find("configuration/crm_config")
    if config is None:
        return ""
    today = OLDER_OPTIONS.get(name, name)
    for pair in config.iterfind("cluster_property_set/nvpair"):
        if pair.get("name") in (name, today):
            pair.set("value", value)
            return f"option {name}={value}"
    _set_pair(config, "cluster_property_set", name, value)
    return f"option {name}={value}"


def _meta(tree: etree._Element, rng: random.Random) -> str:
    found = _resources(tree)
    if not found:
        return ""
    chosen = rng.choice(found)
    table = _META
    if chosen.tag in ("clone", "master") and rng.random() < 0.7:
        table = _CLONE_META
    name = rng.choice(sorted(table))
    value = rng.choice(table[name])
    _set_pair(chosen, "meta_attributes", name, value, first=True)
    return f"{chosen.tag} {chosen.get('id')}: {name}={value}"


def _on_fail(tree: etree._Element, rng: random.Random) -> str:
    found = _elements(tree, "configuration/resources//op")
    if not found:
        return ""
    chosen, value = rng.choice(found), rng.choice(_ON_FAIL)
    chosen.set("on-fail", value)
    return f"op {chosen.get('id')} {chosen.get('name')}: on-fail={value}"


def _operation(tree: etree._Element, rng: random.Random) -> str:
    return _set(
        "configuration/resources//op",
        *rng.choice((("interval", ("0", "7s")), ("enabled", ("false",)),
                     ("role", ("Started", "Stopped", "Master", "Slave")))),
    )(tree, rng)  # fmt: skip


def _parameter(tree: etree._Element, rng: random.Random) -> str:
    found = _elements(tree, "configuration/resources//primitive/instance_attributes/nvpair")
    if not found:
        return ""
    chosen = rng.choice(found)
    chosen.set("value", (chosen.get("value") or "") + "x")
    return f"parameter {chosen.get('id')} changed"


def _node(tree: etree._Element, rng: random.Random) -> str:
    found = _elements(tree, "status/node_state")
    if not found:
        return ""
    chosen, kind = rng.choice(found), rng.choice(("clean", "lost", "up", "pending", "shutdown"))
    states = {
        "clean": ("false", "offline", "down", "down"),
        "lost": ("false", "offline", "down", "member"),
        "up": ("true", "online", "member", "member"),
        "pending": ("true", "offline", "down", "member"),
    }
    if kind == "shutdown":
        _set_transient(chosen, "shutdown", "1400000000")
    else:
        for name, value in zip(("in_ccm", "crmd", "join", "expected"), states[kind], strict=True):
            chosen.set(name, value)
    return f"node {chosen.get('uname')} {kind}"


def _set_transient(state: etree._Element, name: str, value: str) -> None:
    block = state.find("transient_attributes")
    if block is None:
        block = etree.SubElement(state, "transient_attributes", {"id": state.get("id", "")})
    _set_pair(block, "instance_attributes", name, value)


def _node_attribute(tree: etree._Element, rng: random.Random) -> str:
    found = _elements(tree, "configuration/nodes/node")
    if not found:
        return ""
    chosen = rng.choice(found)
    name, value = rng.choice((("standby", "on"), ("maintenance", "true"), ("standby", "off"),
                              ("#health", "red"), ("#health", "yellow")))  # fmt: skip
    _set_pair(chosen, "instance_attributes", name, value)
    return f"node {chosen.get('uname')}: {name}={value}"


def _attribute(tree: etree._Element, rng: random.Random) -> str:
    path = "status/node_state/transient_attributes/instance_attributes/nvpair"
    found = [e for e in _elements(tree, path) if e.get("name") != "probe_complete"]
    if not found:
        return ""
    chosen, value = rng.choice(found), rng.choice(("0", "1", "INFINITY", "-INFINITY", "10"))
    chosen.set("value", value)
    return f"attribute {chosen.get('name')}={value}"


def _failure(tree: etree._Element, rng: random.Random) -> str:
    """Let an operation have ended otherwise."""
    found = _elements(tree, "status/node_state/lrm//lrm_rsc_op")
    if not found:
        return ""
    chosen = rng.choice(found)
    code, status = rng.choice(_RESULTS)
    if code == "190" and chosen.get("operation") != "monitor":
        return ""
    key = chosen.get("transition-key") or (chosen.get("transition-magic") or "").partition(";")[2]
    chosen.set("rc-code", code)
    chosen.set("op-status", status)
    chosen.set("transition-magic", f"{status}:{code};{key}")
    return f"history {chosen.get('id')}: rc={code} status={status}"


def _elsewhere(tree: etree._Element, rng: random.Random) -> str:
    """Let a history be that of another node, too."""
    found = _elements(tree, "status/node_state/lrm/lrm_resources/lrm_resource")
    homes = _elements(tree, "status/node_state/lrm/lrm_resources")
    if not found or len(homes) < 2:
        return ""
    chosen, home = rng.choice(found), rng.choice(homes)
    if any(e.get("id") == chosen.get("id") for e in home):
        for old in [e for e in home if e.get("id") == chosen.get("id")]:
            if old is chosen:
                return ""
            home.remove(old)
    copied = deepcopy(chosen)
    for entry in copied:
        entry.attrib.pop("on_node", None)
    home.append(copied)
    node = home.getparent().getparent().get("uname")  # type: ignore[union-attr]
    return f"history of {chosen.get('id')} copied to {node}"


def _constraint(tree: etree._Element, rng: random.Random) -> str:
    """Relate two resources, or one and a node."""
    home = tree.find("configuration/constraints")
    names = [e.get("id", "") for e in _resources(tree)]
    top = tree.find("configuration/resources")
    nodes = [e.get("uname", "") for e in tree.iterfind("configuration/nodes/node")]
    if home is None or top is None or len(names) < 2 or not nodes:
        return ""
    tops = [e.get("id", "") for e in top if e.get("id") and e.tag in _TAGS]
    one, other = rng.choice(names), rng.choice(names)
    if len(tops) > 1 and rng.random() < 0.7:
        one, other = rng.sample(tops, 2)
    if one == other:
        return ""
    kind = rng.choice(("location", "colocation", "order"))
    score = rng.choice(_SCORES)
    number = str(len(home))
    given = {"id": f"fuzz-{number}"}
    role = rng.choice(("", "", "", "Master", "Slave", "Started"))
    if kind == "location":
        given |= {"rsc": one, "node": rng.choice(nodes), "score": score}
        if role:
            given["role"] = role
    elif kind == "colocation":
        given |= {"rsc": one, "with-rsc": other, "score": score}
        if role:
            given["with-rsc-role"] = role
        if rng.random() < 0.15:
            given["influence"] = "false"
    else:
        given |= {"first": one, "then": other,
                  "kind": rng.choice(("Mandatory", "Optional", "Serialize"))}  # fmt: skip
        if rng.random() < 0.3:
            given["first-action"] = rng.choice(("promote", "stop", "demote", "start"))
            given["then-action"] = rng.choice(("promote", "stop", "demote", "start"))
        if rng.random() < 0.3:
            given["symmetrical"] = "false"
    etree.SubElement(home, f"rsc_{kind}", given)
    return "add " + kind + " " + " ".join(f"{k}={v}" for k, v in given.items() if k != "id")


def _pending(tree: etree._Element, rng: random.Random) -> str:
    """Let an operation that had ended be under way still."""
    found = _elements(tree, "status/node_state/lrm//lrm_rsc_op[@interval='0']")
    if not found:
        return ""
    chosen = rng.choice(found)
    key = chosen.get("transition-key") or (chosen.get("transition-magic") or "").partition(";")[2]
    for name, value in (("rc-code", "193"), ("op-status", "-1"), ("call-id", "-1")):
        chosen.set(name, value)
    chosen.set("transition-magic", f"-1:193;{key}")
    return f"history {chosen.get('id')}: pending"


def _lock(tree: etree._Element, rng: random.Random) -> str:
    """Let a node have been shut down in order, with something kept for it."""
    config, found = tree.find("configuration/crm_config"), _elements(tree, "status/node_state")
    if config is None or not found:
        return ""
    _set_pair(config, "cluster_property_set", "shutdown-lock", "true")
    state = rng.choice(found)
    for name, value in (("in_ccm", "false"), ("crmd", "offline"), ("join", "down")):
        state.set(name, value)
    state.set("expected", "down")
    kept = state.findall("lrm//lrm_resource")
    if kept:
        rng.choice(kept).set("shutdown-lock", "1400000000")
    return f"node {state.get('uname')} shut down, its resources locked"


def _cloned(tree: etree._Element, rng: random.Random) -> str:
    """Let a resource of its own be one that is cloned."""
    top = tree.find("configuration/resources")
    found = [] if top is None else [e for e in top if e.tag in ("primitive", "group")]
    found = [e for e in found if e.get("class") != "stonith"]
    if top is None or not found:
        return ""
    chosen = rng.choice(found)
    clone = etree.Element("clone", {"id": f"fuzz-{chosen.get('id')}"})
    top.replace(chosen, clone)
    clone.append(chosen)
    return f"clone of {chosen.get('id')}"


def _set_of(tree: etree._Element, rng: random.Random) -> str:
    """Relate several resources by a constraint with two sets."""
    home, top = tree.find("configuration/constraints"), tree.find("configuration/resources")
    names = [] if top is None else [e.get("id", "") for e in top if e.tag in _TAGS]
    if home is None or len(names) < 3:
        return ""
    picked = rng.sample(names, min(len(names), 4))
    kind, more = rng.choice((
        ("rsc_order", {"kind": rng.choice(("Mandatory", "Optional", "Serialize"))}),
        ("rsc_colocation", {"score": rng.choice(_SCORES)}),
        ("rsc_ticket", {"ticket": "ticketA", "loss-policy": rng.choice(("stop", "demote"))}),
    ))  # fmt: skip
    name = f"fuzz-{len(home)}"
    constraint = etree.SubElement(home, kind, {"id": name, **more})
    for number, part in enumerate((picked[:2], picked[2:])):
        sequential = {"sequential": rng.choice(("true", "false"))}
        one = etree.SubElement(constraint, "resource_set", {"id": f"{name}-{number}", **sequential})
        for listed in part:
            etree.SubElement(one, "resource_ref", {"id": listed})
    return f"add {kind} of {' '.join(picked)}"


def _quorum(tree: etree._Element, rng: random.Random) -> str:
    value = rng.choice(("0", "1"))
    if tree.get("have-quorum") == value:
        return ""
    tree.set("have-quorum", value)
    return f"have-quorum={value}"


CHANGES: Final[tuple[Change, ...]] = (
    _drop("configuration/constraints/*"),
    _drop("configuration/constraints//resource_ref"),
    _drop("configuration/resources/*"),
    _drop("configuration/resources//op"),
    _drop("configuration/resources//meta_attributes/nvpair"),
    _drop("configuration/crm_config//nvpair"),
    _drop("configuration/nodes/node//nvpair"),
    _drop("status/node_state"),
    _drop("status/node_state/lrm//lrm_rsc_op"),
    _drop("status/node_state/lrm//lrm_rsc_op"),
    _drop("status/node_state/lrm/lrm_resources/lrm_resource"),
    _drop("status/node_state/lrm/lrm_resources/lrm_resource"),
    _drop("status/node_state/transient_attributes//nvpair"),
    _score,
    _score,
    _option,
    _option,
    _meta,
    _meta,
    _meta,
    _on_fail,
    _operation,
    _parameter,
    _node,
    _node,
    _node,
    _node_attribute,
    _attribute,
    _failure,
    _failure,
    _elsewhere,
    _elsewhere,
    _constraint,
    _constraint,
    _constraint,
    _quorum,
    _pending,
    _lock,
    _cloned,
    _set_of,
    _set("configuration/constraints/rsc_order", "kind", ("Mandatory", "Optional", "Serialize")),
    _set("configuration/constraints/rsc_order", "symmetrical", ("true", "false")),
    _set("configuration/constraints//resource_set", "sequential", ("true", "false")),
    _set("configuration/constraints//resource_set", "require-all", ("true", "false")),
    _set("configuration/constraints/rsc_ticket", "loss-policy",
         ("stop", "demote", "fence", "freeze")),
    _set("status/tickets/ticket_state", "granted", ("true", "false")),
    _set("status/tickets/ticket_state", "standby", ("true", "false")),
)  # fmt: skip


def mutated(tree: etree._Element, seed: int, count: int = 1) -> tuple[etree._Element, list[str]]:
    """Return a copy of a document with *count* changes, and what they are."""
    rng = random.Random(seed)
    copy, told = deepcopy(tree), []
    for _ in range(60):
        if text := rng.choice(CHANGES)(copy, rng):
            told.append(text)
        if len(told) == count:
            break
    return copy, told
