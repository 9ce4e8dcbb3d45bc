"""What happens to a cluster, as random edits of its document: failures, nodes, attributes, wishes.

`happen` changes a tree in place and says which nodes' states it touched, None where it touched the
configuration or the cluster as a whole.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from lxml import etree

Edit = Callable[[random.Random, etree._Element], frozenset[str] | None]


def happen(rng: random.Random, tree: etree._Element) -> frozenset[str] | None:
    """Let something happen to *tree*; mostly to one resource on one node."""
    return rng.choice(_LOCAL if rng.random() < 0.8 else _WIDE)(rng, tree)


def _state(rng: random.Random, tree: etree._Element) -> etree._Element | None:
    states = tree.findall("status/node_state")
    return rng.choice(states) if states else None


def _history(rng: random.Random, state: etree._Element | None) -> etree._Element | None:
    found = state.findall("lrm/lrm_resources/lrm_resource") if state is not None else []
    return rng.choice(found) if found else None


def _name(state: etree._Element) -> frozenset[str]:
    return frozenset((state.get("uname", ""),))


def _attributes(state: etree._Element) -> etree._Element:
    holder = state.find("transient_attributes")
    if holder is None:
        holder = etree.SubElement(state, "transient_attributes", id=state.get("id", ""))
    block = holder.find("instance_attributes")
    if block is None:
        block = etree.SubElement(holder, "instance_attributes", id=f"status-{state.get('id')}")
    return block


def _set(state: etree._Element, name: str, value: str) -> None:
    block = _attributes(state)
    for pair in block.findall("nvpair"):
        if pair.get("name") == name:
            pair.set("value", value)
            return
    etree.SubElement(block, "nvpair", id=f"{block.get('id')}-{name}", name=name, value=value)


def _replaced(history: etree._Element, *entries: tuple[str, int, int, int]) -> None:
    """Put *entries* (task, interval, expected, rc) in place of what is in *history*.

    The element is a new one, as it would be if the node had told of it anew.
    """
    made = etree.Element("lrm_resource", dict(history.attrib))
    for call, (task, interval, expected, code) in enumerate(entries, 50):
        name = f"{history.get('id')}_" + ("last_0" if interval == 0 else f"{task}_{interval}")
        etree.SubElement(
            made, "lrm_rsc_op", {
                "id": name, "operation": task, "call-id": str(call), "rc-code": str(code),
                "op-status": "0", "interval": str(interval),
                "operation_key": f"{history.get('id')}_{task}_{interval}",
                "transition-key": f"1:1:{expected}:u",
                "transition-magic": f"0:{code};1:1:{expected}:u",
                "last-rc-change": "1780300000",
            },
        )  # fmt: skip
    parent = history.getparent()
    assert parent is not None
    parent.replace(history, made)


def _fail(rng: random.Random, tree: etree._Element) -> frozenset[str]:
    state = _state(rng, tree)
    history = _history(rng, state)
    if state is None or history is None:
        return frozenset()
    task = rng.choice(("monitor", "monitor", "monitor", "start", "stop", "promote"))
    interval = 10_000 if task == "monitor" else 0
    code = rng.choice((1, 1, 7, 5, 2, 6) if task != "monitor" else (1, 7, 7, 8, 9))
    first = ("start", 0, 0, 0)
    _replaced(history, *((first,) if task != "start" else ()), (task, interval, 0, code))
    if rng.random() < 0.7:
        count = rng.choice(("1", "1", "2", "INFINITY"))
        key = f"{history.get('id')}#{task}_{interval}"
        _set(state, f"fail-count-{key}", count)
        _set(state, f"last-failure-{key}", "1780300000")
    return _name(state)


def _come_out(rng: random.Random, tree: etree._Element) -> frozenset[str]:
    """Let an operation come out well: a probe, a start, or a stop."""
    state = _state(rng, tree)
    history = _history(rng, state)
    if state is None or history is None:
        return frozenset()
    task, expected = rng.choice((("monitor", 7), ("start", 0), ("stop", 0)))
    more = (("monitor", 10_000, 0, 0),) if task == "start" and rng.random() < 0.5 else ()
    _replaced(history, (task, 0, expected, expected), *more)
    return _name(state)


def _clean(rng: random.Random, tree: etree._Element) -> frozenset[str]:
    """Forget the failures of a node, or all that it knows of one resource."""
    state = _state(rng, tree)
    if state is None:
        return frozenset()
    for pair in list(_attributes(state)):
        if pair.get("name", "").startswith(("fail-count", "last-failure")):
            _attributes(state).remove(pair)
    history = _history(rng, state)
    if history is not None and rng.random() < 0.3:
        parent = history.getparent()
        assert parent is not None
        parent.remove(history)
    return _name(state)


def _find_orphan(rng: random.Random, tree: etree._Element) -> frozenset[str]:
    """Let a node know of a resource that nobody configured, or of a further instance."""
    state = _state(rng, tree)
    history = _history(rng, state)
    if state is None or history is None:
        return frozenset()
    parent = history.getparent()
    assert parent is not None
    made = etree.SubElement(parent, "lrm_resource", dict(history.attrib))
    made.set("id", rng.choice(("nobodys", f"{history.get('id')}:1")))
    _replaced(made, ("start", 0, 0, 0))
    return _name(state)


def _set_attribute(rng: random.Random, tree: etree._Element) -> frozenset[str]:
    state = _state(rng, tree)
    if state is None:
        return frozenset()
    name, value = rng.choice(
        (("standby", "on"), ("standby", "off"), ("site", "x"), ("#health-disk", "red"),
         ("maintenance", "true"), ("maintenance", "false"), ("shutdown", "0"))
    )  # fmt: skip
    _set(state, name, value)
    return _name(state)


def _lose_or_find(rng: random.Random, tree: etree._Element) -> frozenset[str]:
    state = _state(rng, tree)
    if state is None:
        return frozenset()
    up = state.get("in_ccm") in ("false", "0")
    for name, value in {
        "in_ccm": "true" if up else "false", "crmd": "online" if up else "offline",
        "join": "member" if up else "down", "expected": "member",
    }.items():  # fmt: skip
        state.set(name, value)
    return _name(state)


def _reconfigure(rng: random.Random, tree: etree._Element) -> None:
    resources = tree.findall("configuration/resources//primitive")
    if resources:
        chosen = rng.choice(resources)
        meta = chosen.find("meta_attributes")
        if meta is None:
            meta = etree.Element("meta_attributes", id=f"{chosen.get('id')}-new")
            chosen.insert(0, meta)
        name, value = rng.choice(
            (("target-role", "Stopped"), ("migration-threshold", "1"), ("priority", "3"),
             ("resource-stickiness", "7"), ("failure-timeout", "60s"))
        )  # fmt: skip
        etree.SubElement(meta, "nvpair", id=f"{meta.get('id')}-{name}", name=name, value=value)


def _turn_quorum(rng: random.Random, tree: etree._Element) -> frozenset[str]:
    tree.set("have-quorum", rng.choice(("0", "1")))
    return frozenset()


_LOCAL: tuple[Edit, ...] = (_fail, _fail, _fail, _come_out, _come_out, _clean)
_WIDE: tuple[Edit, ...] = (
    _find_orphan, _set_attribute, _lose_or_find, _reconfigure, _turn_quorum,
)  # fmt: skip
