"""What-if: a document as it would be if nodes came or went, tickets moved, operations ended so.

Everything happens on a copy. What is asked for is a `Wishes`; what was done is told line by line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from typing import Final

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.lean import dataclass
from pcsx.pe.simulate import Line, child, count_failure, raise_updates, record_operation
from pcsx.pe.transition import Action, ActionKind
from pcsx.pe.wishes import Wishes

_UP: Final = (
    ("in_ccm", "true"), ("crmd", "online"), ("join", "member"), ("expected", "member"),
)  # fmt: skip
_DOWN: Final = (
    ("in_ccm", "false"), ("crmd", "offline"), ("join", "down"), ("expected", "down"),
)  # fmt: skip
_SPEC: Final = re.compile(r"(.+)_([^_]+|migrate_to|migrate_from)_(\d+)@([^=]+)=(-?\d+)")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as it is spelt for injection."""

    resource: str
    task: str
    interval_ms: int
    node: str
    exit_code: int


def parse_operation(text: str) -> Operation | None:
    """Return the operation that *text* spells, or None."""
    match = _SPEC.fullmatch(text)
    if match is None:
        return None
    resource, task = match[1], match[2]
    if task in ("to", "from") and resource.endswith("_migrate"):
        resource, task = resource.removesuffix("_migrate"), f"migrate_{task}"
    return Operation(resource, task, int(match[3]), match[4], int(match[5]))


@dataclass(slots=True)
class Changed:
    """The document after, and what was done to it."""

    cib: Cib
    lines: list[Line] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


Compared = Callable[[Operation], Mapping[str, str]]
"""By which parameters an operation is later compared with the configuration."""


def with_wishes(
    cib: Cib,
    wishes: Wishes,
    wall: datetime,
    *,
    start_is_fatal: bool,
    compared: Compared = lambda _operation: {},
) -> Changed:
    """Return *cib* as *wishes* want it; *compared* tells the parameters of operations."""
    changed = Changed(cib)

    def change(tree: etree._Element) -> None:
        editor = _Editor(tree, changed, wall, start_is_fatal=start_is_fatal, compared=compared)
        editor.apply(wishes)
        raise_updates(tree, editor.updates)

    changed.cib = cib.edited(change)
    return changed


class _Editor:
    """Changes one tree."""

    def __init__(
        self,
        tree: etree._Element,
        changed: Changed,
        wall: datetime,
        *,
        start_is_fatal: bool,
        compared: Compared,
    ) -> None:
        self.tree = tree
        self.changed = changed
        self.wall = wall
        self.start_is_fatal = start_is_fatal
        self.compared = compared
        self.configuration = child(tree, "configuration")
        self.status = child(tree, "status")
        self.updates = 0
        """How many changes of the status section were written."""

    def say(self, text: str) -> None:
        self.changed.lines.append(Line(text))

    def apply(self, wishes: Wishes) -> None:
        """Apply all wishes, in the field's order."""
        if wishes.quorum is not None:
            self.say(f"Setting quorum: {wishes.quorum}")
            self.tree.set("have-quorum", wishes.quorum)
        if wishes.watchdog is not None:
            self.say(f"Setting watchdog: {wishes.watchdog}")
            self.set_option("have-watchdog", wishes.watchdog)
        for name in wishes.nodes_up:
            self.say(f"Bringing node {name} online")
            self.add_node(name)
            self.set_state(name, _UP)
        for name in wishes.nodes_down:
            self.say(f"Taking node {name} offline")
            state = self.set_state(name, _DOWN)
            for tag in ("lrm", "transient_attributes"):
                for old in state.findall(tag):
                    state.remove(old)
                    self.updates += 1
        for name in wishes.nodes_failed:
            self.say(f"Failing node {name}")
            self.set_state(name, (*_UP, ("in_ccm", "false")))
        for names, word, attribute, value in (
            (wishes.tickets_granted, "Granting ticket {}", "granted", "true"),
            (wishes.tickets_revoked, "Revoking ticket {}", "granted", "false"),
            (wishes.tickets_standby, "Making ticket {} standby", "standby", "true"),
            (wishes.tickets_activated, "Activating ticket {}", "standby", "false"),
        ):
            for name in names:
                self.say(word.format(name))
                child(child(self.status, "tickets"), "ticket_state", id=name).set(attribute, value)
                self.updates += 1
        for text in wishes.attributes:
            self.set_attribute(text)
        for text in wishes.cleaned:
            self.forget_failures(text)
        for text in wishes.operations:
            self.say(f"Injecting {text} into the configuration")
            self.inject(text)

    def set_option(self, name: str, value: str) -> None:
        """Set a cluster option."""
        options = child(self.configuration, "crm_config")
        for pair in options.iterfind(f".//nvpair[@name='{name}']"):
            pair.set("value", value)
            return
        block = child(options, "cluster_property_set", id="cib-bootstrap-options")
        etree.SubElement(
            block, "nvpair", id=f"cib-bootstrap-options-{name}", name=name, value=value
        )

    def add_node(self, name: str) -> None:
        """Configure the node *name* if it is not."""
        nodes = child(self.configuration, "nodes")
        if all(node.get("uname") != name for node in nodes):
            etree.SubElement(nodes, "node", id=name, uname=name)

    def state_of(self, name: str) -> etree._Element:
        """Return the state of the node *name*, made if there is none."""
        for state in self.status.iterfind("node_state"):
            if state.get("uname") == name:
                return state
        node_id = name
        for node in child(self.configuration, "nodes"):
            if node.get("uname") == name:
                node_id = node.get("id") or name
        self.updates += 1
        return etree.SubElement(self.status, "node_state", id=node_id, uname=name)

    def set_state(self, name: str, values: tuple[tuple[str, str], ...]) -> etree._Element:
        """Set attributes of the state of the node *name*."""
        state = self.state_of(name)
        for attribute, value in values:
            state.set(attribute, value)
        self.updates += 1
        return state

    def set_attribute(self, text: str) -> None:
        """Set the transient attribute that *text* spells."""
        pair, _, node = text.rpartition("@")
        name, is_pair, value = pair.partition("=")
        if not (name and is_pair and node):
            self.changed.errors.append(f"Invalid attribute: {text} (NAME=VALUE@NODE)")
            return
        self.say(f"Setting attribute {name}={value} on {node}")
        state = self.state_of(node)
        node_id = state.get("id", "")
        block = child(
            child(state, "transient_attributes", id=node_id),
            "instance_attributes",
            id=f"status-{node_id}",
        )
        one = child(block, "nvpair", name=name)
        one.set("id", f"status-{node_id}-{re.sub(r'[^A-Za-z0-9_.-]', '-', name)}")
        one.set("value", value)
        self.updates += 1

    def forget_failures(self, text: str) -> None:
        """Forget the failures of the resource (on the node) that *text* names."""
        name, _, node = text.partition("@")
        self.say(f"Forgetting the failures of {name}" + (f" on {node}" if node else ""))
        for state in self.status.iterfind("node_state"):
            if node in ("", state.get("uname"), state.get("id")):
                _forget_failures(state, name)
                self.updates += 1

    def inject(self, text: str) -> None:
        """Record an operation as if it had happened."""
        operation = parse_operation(text)
        if operation is None:
            self.changed.errors.append(f"Invalid operation spec: {text}")
            return
        agent = self.agent_of(operation.resource)
        if agent is None:
            self.changed.errors.append(f"Invalid resource name: {operation.resource}")
            return
        state = self.state_of(operation.node)
        code, task, interval_ms = operation.exit_code, operation.task, operation.interval_ms
        if code != 0 and not (code == 7 and interval_ms == 0):
            fatal = task == "stop" or (task == "start" and self.start_is_fatal)
            name = f"{operation.resource}#{task}_{interval_ms}"
            self.changed.lines += count_failure(state, name, fatal=fatal, wall=self.wall)
        params = dict(self.compared(operation))
        timeout_ms = int(params.pop("CRM_meta_timeout", "0"))
        action = Action(
            id=0,
            kind=ActionKind.RSC,
            task=task,
            key=f"{operation.resource}_{task}_{interval_ms}",
            node=operation.node,
            resource=operation.resource,
            agent=agent,
            interval_ms=interval_ms,
            params=tuple(params.items()),
            timeout_ms=timeout_ms,
        )
        record_operation(state, action, name=operation.resource, result=code, wall=self.wall)
        self.updates += 1

    def agent_of(self, rsc_id: str) -> tuple[str, str, str] | None:
        """Return the agent of a resource, by its id with or without the number of an instance."""
        for name in dict.fromkeys((rsc_id, rsc_id.partition(":")[0])):
            for primitive in self.configuration.iterfind("resources//primitive"):
                if primitive.get("id") == name:
                    source = primitive
                    if template := primitive.get("template"):
                        found = self.configuration.find(f"resources/template[@id='{template}']")
                        source = found if found is not None else primitive
                    return (
                        source.get("class", ""),
                        source.get("provider", ""),
                        source.get("type", ""),
                    )
        return None


def _forget_failures(state: etree._Element, name: str) -> None:
    """Take the fail counts of the resource *name*, and what failed of it, from a node's *state*."""
    base = name.partition(":")[0].lower()
    for pair in list(state.iterfind("transient_attributes//nvpair")):
        kind, _, rest = (pair.get("name") or "").partition("-")
        if kind in ("fail", "last") and rest.startswith(("count-", "failure-")):
            about = rest.partition("-")[2].rpartition("#")[0] or rest.partition("-")[2]
            if about.partition(":")[0].lower() == base:
                _drop(pair)
    for history in list(state.iterfind("lrm/lrm_resources/lrm_resource")):
        if (history.get("id") or "").partition(":")[0].lower() != base:
            continue
        for entry in list(history):
            if _has_failed(entry):
                history.remove(entry)
        if not len(history):
            _drop(history)


def _has_failed(entry: etree._Element) -> bool:
    code = entry.get("rc-code", "0")
    expected = ([*entry.get("transition-key", "").split(":"), "", "", "0"])[2]
    is_probe = entry.get("operation") == "monitor" and entry.get("interval", "0") == "0"
    if (entry.get("id") or "").endswith("_last_failure_0") and not (
        is_probe and code in ("0", "7", "8")
    ):
        return True
    if is_probe:
        return code not in ("0", "7", "8")
    return entry.get("op-status", "0") in ("2", "4") or (
        code != expected and code not in ("0", "8")
    )


def _drop(element: etree._Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)
