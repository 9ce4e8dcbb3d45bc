"""A `Transition` acted out on a `Cib`: every action comes out as planned, unless told to fail.

The order of the actions is that of a cluster in which nothing takes time. Whoever wants to know
the state that follows reads the `Cib` that comes out. The changes to the status section that
other what-if questions need (an operation recorded, a failure counted) are public here too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import Final

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.lean import dataclass
from pcsx.pe.digests import compared_parameters, digest_of
from pcsx.pe.transition import Action, ActionKind, Transition
from pcsx.values import INFINITY

_NO_UUID: Final = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
_NO_HISTORY: Final = frozenset(("delete", "meta-data"))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the story; *listed* ones are items of a list, others stand alone."""

    text: str
    listed: bool = True


@dataclass(frozen=True, slots=True)
class Simulation:
    """What came of it: the document after, the story, and complaints about the input.

    *complete* is false where actions wait for each other for ever.
    """

    cib: Cib
    lines: tuple[Line, ...]
    errors: tuple[str, ...]
    complete: bool


def carry_out(
    cib: Cib,
    transition: Transition,
    *,
    wall: datetime,
    failures: Sequence[str] = (),
    known: frozenset[str] | None = None,
) -> Simulation:
    """Return what the cluster would be after *transition*, with *wall* as the time of its results.

    *failures* are operations that shall fail, each as `RESOURCE_TASK_INTERVAL@NODE=RC`. *known*
    are the names that instances were found to go by; where nobody says, all that are recorded.
    """
    names = _history_names(cib) if known is None else known
    play = _Play(transition, wall, failures, known=names)
    after = cib.edited(play.run)
    return Simulation(after, tuple(play.lines), tuple(play.errors), play.complete)


def _history_names(cib: Cib) -> frozenset[str]:
    return frozenset(
        name for entry in cib.tree.iterfind("status//lrm_resource") if (name := entry.get("id"))
    )


@dataclass(slots=True)
class _Play:
    """One acting out: the changing document and how far the transition is."""

    transition: Transition
    wall: datetime
    failures: Sequence[str]
    known: frozenset[str]
    lines: list[Line] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    complete: bool = True
    aborted: bool = False
    confirmed: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    status: etree._Element = field(init=False)
    states: dict[str, etree._Element] = field(default_factory=dict)
    updates: int = 0
    """How many changes of the status section were written."""

    def run(self, tree: etree._Element) -> None:
        """Act everything out on *tree*, pass by pass, as long as a pass gets anything done."""
        self.status = child(tree, "status")
        self.states = {
            state.get("uname", ""): state for state in self.status.iterfind("node_state")
        }
        present = {action.id for action in self.transition.actions}
        waiting = [
            (action, [number for number in action.inputs if number in present])
            for action in self.transition.actions
        ]
        while waiting:
            left = [entry for entry in waiting if not self.try_action(*entry)]
            if len(left) == len(waiting):
                break
            waiting = left
        self.complete = self.aborted or not waiting
        raise_updates(tree, self.updates)

    def try_action(self, action: Action, inputs: list[int]) -> bool:
        """Carry *action* out if everything before it is done; say whether it was."""
        last_wish = action.priority >= INFINITY
        done = self.confirmed
        if not all(n in done or (last_wish and n in self.failed) for n in inputs):
            return False
        if self.aborted and not last_wish and action.kind is not ActionKind.PSEUDO:
            return False
        if self.perform(action):
            self.confirmed.add(action.id)
        else:
            self.failed.add(action.id)
            self.aborted = True
        return True

    def perform(self, action: Action) -> bool:
        """Tell of *action* and change the document by it; say whether it came out as planned."""
        if action.kind is ActionKind.PSEUDO:
            where = f" on {action.node}" if action.node else ""
            self.tell(f"Pseudo action:   {action.key}{where}")
        elif action.task == "stonith":
            self.fence(action)
        elif action.kind is ActionKind.CRM:
            what = f" for {action.resource}" if action.resource else ""
            self.tell(f"Cluster action:  {action.task}{what} on {action.node}")
        else:
            return self.perform_resource_action(action)
        return True

    def tell(self, text: str) -> None:
        self.lines.append(Line(text))

    def fence(self, action: Action) -> None:
        operation = action.meta_value("stonith_action")
        self.tell(f"Fencing {action.node} ({operation})")
        if operation != "on" and action.node:
            self.updates += 1
            state = self.state_of(action)
            for name, value in _DOWN:
                state.set(name, value)
            for name in ("lrm", "transient_attributes"):
                for old in state.findall(name):
                    state.remove(old)

    def state_of(self, action: Action) -> etree._Element:
        """Return the state of the node of *action*, made if it has none."""
        assert action.node is not None
        if action.node not in self.states:
            self.states[action.node] = etree.SubElement(
                self.status, "node_state", id=action.node_id or action.node, uname=action.node
            )
        return self.states[action.node]

    def perform_resource_action(self, action: Action) -> bool:
        name = self.name_of(action)
        every = f"={action.interval_ms}" if _told_interval(action) else ""
        self.tell(f"Resource action: {name:<15} {action.task}{every} on {action.node}")
        if action.task in _NO_HISTORY:
            return True
        expected = action.target_rc or 0
        state = self.state_of(action)
        result, blamed = self.result_of(action, name, expected)
        if result != expected:
            self.lines.append(
                Line(f"Pretending action {action.id} failed with rc={result}", listed=False)
            )
            self.count_failure(action, state, blamed)
        record_operation(state, action, name=name, result=result, wall=self.wall)
        self.updates += 1
        return result == expected

    def name_of(self, action: Action) -> str:
        """Return by which id the story tells of the resource: the one that histories know."""
        assert action.resource is not None
        if action.instance is None or action.resource in self.known:
            return action.resource
        return action.instance

    def result_of(self, action: Action, name: str, expected: int) -> tuple[int, str]:
        """Return the exit code of *action*, and the name under which a failure is counted."""
        for candidate in dict.fromkeys((name, action.resource or name)):
            head = f"{candidate}_{action.task}_{action.interval_ms}@{action.node}=".lower()
            for spec in self.failures:
                if not spec.lower().startswith(head):
                    continue
                if match := re.match(r"\s*[+-]?\d+", spec[len(head) :]):
                    return int(match[0]), candidate
                self.errors.append(
                    f"Invalid failed operation '{spec}' (result code must be integer)"
                )
                return expected, candidate
        return expected, name

    def count_failure(self, action: Action, state: etree._Element, name: str) -> None:
        fatal = (action.task == "start" and self.transition.failed_start_fatal) or (
            action.task == "stop" and self.transition.failed_stop_fatal
        )
        operation = f"{name}#{action.task}_{action.interval_ms}"
        self.lines += count_failure(state, operation, fatal=fatal, wall=self.wall)


_DOWN: Final = (
    ("in_ccm", "false"), ("crmd", "offline"), ("join", "down"), ("expected", "down"),
)  # fmt: skip


def _told_interval(action: Action) -> bool:
    return action.interval_ms > 0 and action.task not in _NO_HISTORY


def raise_updates(tree: etree._Element, count: int) -> None:
    """Let the document be *count* updates of its status section newer than it was."""
    if count:
        tree.set("num_updates", str(_number(tree.get("num_updates", "")) + count))


def child(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
    """Return the child of *parent* with that tag and those attributes, made if there is none."""
    for element in parent.iterfind(tag):
        if all(element.get(name) == value for name, value in attributes.items()):
            return element
    return etree.SubElement(parent, tag, attributes)


def count_failure(
    state: etree._Element, operation: str, *, fatal: bool, wall: datetime
) -> list[Line]:
    """Raise the fail count of *operation* (`RESOURCE#TASK_INTERVAL`) in a node's *state*."""
    node_id = state.get("id", "")
    attributes = child(
        child(state, "transient_attributes", id=node_id),
        "instance_attributes",
        id=f"status-{node_id}",
    )
    old = _value_of(attributes, f"fail-count-{operation}")
    count = "INFINITY" if fatal or old == "INFINITY" else str(_number(old) + 1)
    lines = []
    for name, value in (
        (f"fail-count-{operation}", count),
        (f"last-failure-{operation}", str(int(wall.timestamp()))),
    ):
        pair = child(attributes, "nvpair", name=name)
        pair.set("id", f"status-{node_id}-{re.sub(r'[^A-Za-z0-9_.-]', '-', name)}")
        pair.set("value", value)
        lines.append(Line(f"Injecting attribute {name}={value} into /node_state '{node_id}'"))
    return lines


def _value_of(attributes: etree._Element, name: str) -> str:
    for pair in attributes.iterfind("nvpair"):
        if pair.get("name") == name:
            return pair.get("value", "")
    return ""


def record_operation(
    state: etree._Element, action: Action, *, name: str, result: int, wall: datetime
) -> None:
    """Write the *result* of *action* into the histories of a node's *state*.

    The history is the one called *name*, else the one of the resource's id, else a new one.
    """
    assert action.resource is not None
    history = _history_of(state, action, name)
    expected = action.target_rc or 0
    failed = result != expected
    call_id = 1 + max((_number(op.get("call-id", "")) for op in history), default=0)
    task = "start" if action.task in ("reload", "reload-agent") else action.task
    for entry_id in _entry_ids(action, task, failed=failed):
        entry = child(history, "lrm_rsc_op", id=entry_id)
        for key, value in _entry(action, task, call_id, result, wall).items():
            entry.set(key, value)
        entry.set("exit-reason", "User-injected result" if failed else "")


def _history_of(state: etree._Element, action: Action, name: str) -> etree._Element:
    node_id = state.get("id", "")
    lrm = state.find("lrm")
    if lrm is None:
        lrm = etree.SubElement(state, "lrm", id=node_id)
    histories = child(lrm, "lrm_resources")
    by_id = {history.get("id"): history for history in histories.iterfind("lrm_resource")}
    for candidate in (name, action.resource):
        if candidate in by_id:
            return by_id[candidate]
    standard, provider, kind = action.agent or ("", "", "")
    assert action.resource is not None
    history = etree.SubElement(histories, "lrm_resource", id=action.resource)
    history.set("class", standard)
    if provider:
        history.set("provider", provider)
    history.set("type", kind)
    return history


def _entry_ids(action: Action, task: str, *, failed: bool) -> list[str]:
    name = action.resource
    if action.task == "notify":
        kind = action.meta_value("notify_type")
        return [f"{name}_{kind}_notify_{action.meta_value('notify_operation')}_0"]
    if action.task in ("migrate_to", "migrate_from"):
        return [f"{name}_{action.task}_0"]
    if failed:
        last = [f"{name}_last_0"] if action.interval_ms == 0 else []
        return [f"{name}_last_failure_0", *last]
    if action.interval_ms > 0:
        return [f"{name}_{task}_{action.interval_ms}"]
    return [f"{name}_last_0"]


def _entry(action: Action, task: str, call_id: int, result: int, wall: datetime) -> dict[str, str]:
    key = f"{call_id}:-1:{action.target_rc or 0}:{_NO_UUID}"
    compared = compared_parameters(
        dict(action.params), interval_ms=action.interval_ms, timeout_ms=action.timeout_ms
    )
    entry = {
        "operation": task,
        "operation_key": f"{action.resource}_{task}_{action.interval_ms}",
        "transition-key": key,
        "transition-magic": f"0:{result};{key}",
        "call-id": str(call_id),
        "rc-code": str(result),
        "op-status": "0",
        "interval": str(action.interval_ms),
        "on_node": action.node or "",
        "last-rc-change": str(int(wall.timestamp())),
        "exec-time": "0",
        "queue-time": "0",
        "op-digest": digest_of(compared),
    }
    for name in ("migrate_source", "migrate_target"):
        if value := action.meta_value(name):
            entry[name] = value
    return entry


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
