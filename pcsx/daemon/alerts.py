"""Telling programs of events, as children with the field's variables: `Alerts` is a machine.

Each event is told by one node: what a resource did by the node where it did it, the rest by the
member with the lowest id. A program that is slow holds nothing up but later events for it; when too
many wait, the oldest are dropped and that is noted.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from pcsx.agents import Exit, Host, Invocation, last_words
from pcsx.agents.invoke import base_environment
from pcsx.cib.alerts import Teller
from pcsx.daemon.effects import Spawn
from pcsx.daemon.events import ChildExited
from pcsx.daemon.records import OpRecord
from pcsx.lean import dataclass
from pcsx.ring.port import Note
from pcsx.values import Now

VERSION: Final = "3.0.2"
PARALLEL: Final = 8
WAITING_MAX: Final = 256

Pairs = tuple[tuple[str, str], ...]
AlertEffect = Spawn | Note


@dataclass(frozen=True, slots=True)
class Happened:
    """One event: its kind, the node that it is about, a text, and what else is to be said."""

    kind: str
    node: str
    desc: str
    more: Pairs = ()
    attribute: str = ""


def operation_event(node: str, record: OpRecord) -> Happened | None:
    """Return the event that *record* is, or None: a probe that found what was expected is none."""
    if record.status < 0:
        return None
    probe = record.task == "monitor" and record.interval_ms == 0
    if probe and record.rc == record.target_rc:
        return None
    words = {0: "ok", 2: "Timed Out", 7: "Not installed"}
    desc = words.get(record.status, "error")
    if record.status == 0 and record.rc != record.target_rc:
        desc = record.reason or f"rc={record.rc}"
    return Happened(
        "resource",
        node,
        desc,
        (
            ("rsc", record.resource),
            ("task", record.task),
            ("interval", str(record.interval_ms)),
            ("target_rc", str(record.target_rc)),
            ("rc", str(record.rc)),
            ("status", str(record.status)),
            ("exec_time", str(record.exec_ms)),
        ),
    )


def attribute_event(node: str, node_id: int, name: str, value: str) -> Happened:
    """Return the event that an attribute of *node* changed."""
    more = (("nodeid", str(node_id)), ("attribute_name", name), ("attribute_value", value))
    return Happened("attribute", node, f"{name}={value}", more, name)


def fence_event(
    target: str, action: str, *, by: str, origin: str, verdict: str, reason: str, case: int
) -> Happened:
    """Return the event that *target* was fenced, or was not."""
    ended = "OK" if verdict == "done" else f"{verdict} {reason}".strip()
    actor = by or "nobody"
    desc = f"Operation {action} of {target} by {actor} for {origin}: {ended} (ref={case})"
    more = (("task", f"st_notify_fence_{action}"), ("rc", "0" if verdict == "done" else "1"))
    return Happened("fencing", target, desc, more)


def node_event(node: str, node_id: int, state: str) -> Happened:
    """Return the event that *node* is a member now (`member`) or no more (`lost`)."""
    return Happened("node", node, state, (("nodeid", str(node_id)),))


class Alerts:
    """See the module's paragraph; *tellers* may be set at any time."""

    def __init__(self, host: Host, *, children: Iterator[int]) -> None:
        self._host = host
        self._children = children
        self.tellers: tuple[Teller, ...] = ()
        self.wanted = False
        """Whether the document has alerts at all."""
        self._sequence = 0
        self._running: dict[int, Teller] = {}
        self._waiting: deque[tuple[Teller, Invocation]] = deque()

    def owns(self, child: int) -> bool:
        """Return whether *child* was begun by this machine and has not ended."""
        return child in self._running

    def tell(self, event: Happened, now: Now) -> list[AlertEffect]:
        """Have all who want it told of *event*."""
        wanting = [t for t in self.tellers if t.wants(event.kind, event.attribute)]
        if not wanting:
            return []
        self._sequence += 1
        effects: list[AlertEffect] = []
        for teller in wanting:
            made = alert_invocation(teller, event, self._host, now.wall, sequence=self._sequence)
            self._waiting.append((teller, made))
        while len(self._waiting) > WAITING_MAX:
            lost, _ = self._waiting.popleft()
            effects.append(Note("alerts", f"{lost.id}: too slow, an event was dropped"))
        return effects + self._go()

    def step(self, event: ChildExited) -> list[AlertEffect]:
        """Take the end of a program, and begin the next."""
        teller = self._running.pop(event.child, None)
        effects: list[AlertEffect] = []
        if teller is not None and (event.exit.code != 0 or event.exit.timed_out):
            effects.append(Note("alerts", f"{teller.id}: {_ended(event.exit)}"))
        return effects + self._go()

    def _go(self) -> list[AlertEffect]:
        effects: list[AlertEffect] = []
        while self._waiting and len(self._running) < PARALLEL:
            teller, made = self._waiting.popleft()
            child = next(self._children)
            self._running[child] = teller
            effects.append(Spawn(child, made))
        return effects


def _ended(exit: Exit) -> str:
    if exit.timed_out:
        return "did not finish in time"
    return last_words(exit) or f"exit status {exit.code}"


def alert_invocation(
    teller: Teller, event: Happened, host: Host, wall: datetime, *, sequence: int
) -> Invocation:
    """Return the child that tells *event*, with today's variables and the older ones."""
    local = wall.astimezone()
    said = {
        "kind": event.kind,
        "version": VERSION,
        "recipient": teller.recipient,
        "node_sequence": str(sequence),
        "node": event.node,
        "desc": event.desc,
        "timestamp": stamped(teller.stamp, local),
        "timestamp_epoch": str(int(wall.timestamp())),
        "timestamp_usec": f"{wall.microsecond:06d}",
        **dict(event.more),
    }
    env = base_environment(host)
    env.update((name, value) for name, value in teller.params)
    for name, value in said.items():
        env[f"CRM_alert_{name}"] = value
        env[f"CRM_notify_{name}"] = value
    pairs = tuple(
        (name, value)
        for name, value in sorted(env.items())
        if name and "=" not in name and "\0" not in name + value
    )
    return Invocation((teller.path,), pairs, b"", teller.timeout_ms)


_NANOS: Final = re.compile(r"%0?(\d)?N")


def stamped(form: str, moment: datetime) -> str:
    """Return *moment* as *form* wants it: strftime's letters, and `%6N` for parts of a second."""

    def parts(match: re.Match[str]) -> str:
        digits = f"{moment.microsecond:06d}000"
        return digits[: int(match[1] or "9")]

    return moment.strftime(_NANOS.sub(parts, form))
