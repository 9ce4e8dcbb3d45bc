"""Tickets: which this site has, as the status section says it, and how that changes.

A ticket's state is its attributes: `granted` and `standby` as truth values, `last-granted` in
seconds since the epoch, and whatever a ticket manager keeps beside them (booth: owner, expires).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.errors import Finding, Refused
from pcsx.lean import dataclass
from pcsx.values import parse_bool

State = Mapping[str, str]
Pairs = tuple[tuple[str, str], ...]

GRANTED: Final = "granted"
STANDBY: Final = "standby"
LAST_GRANTED: Final = "last-granted"
_NAME: Final = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)

WORDS: Final[Mapping[str, Pairs]] = {
    "grant": ((GRANTED, "true"),),
    "revoke": ((GRANTED, "false"),),
    "standby": ((STANDBY, "true"),),
    "activate": ((STANDBY, "false"),),
}
"""What the field's words set."""


@dataclass(frozen=True, slots=True)
class TicketChange:
    """Attributes of *ticket* that are *put* or *dropped*; with *forgotten* all of it is gone."""

    ticket: str
    put: Pairs = ()
    dropped: tuple[str, ...] = ()
    forgotten: bool = False

    def findings(self) -> list[Finding]:
        """Return what is wrong with the names in it."""
        found = []
        if not _NAME.fullmatch(self.ticket):
            text = f"'{self.ticket}' is no name for a ticket: letters, digits, '.', '-' and '_'"
            found.append(Finding.error("ticket-name", self.ticket, text))
        for name in (*dict(self.put), *self.dropped):
            if not _NAME.fullmatch(name) or name == "id":
                text = f"'{name}' is no name for an attribute of a ticket"
                found.append(Finding.error("ticket-attribute", name, text))
        for name, value in self.put:
            if name in (GRANTED, STANDBY) and parse_bool(value) is None:
                text = f"'{value}' is not a boolean: {name} is true or false"
                found.append(Finding.error("ticket-attribute", name, text))
            elif not value.isprintable():
                text = f"the value of {name} has characters that do not print"
                found.append(Finding.error("ticket-attribute", name, text))
        return found

    def applied(self, state: State | None, wall_s: int) -> dict[str, str] | None:
        """Return what *state* (None: nothing is known) becomes at *wall_s*; None: nothing again.

        When a ticket is granted that was not, that moment is kept.
        """
        if self.forgotten:
            return None
        new = dict(state or {})
        new.update(self.put)
        if is_granted(new) and not is_granted(state or {}) and LAST_GRANTED not in dict(self.put):
            new[LAST_GRANTED] = str(wall_s)
        for name in self.dropped:
            new.pop(name, None)
        return new


def change_of(word: str, ticket: str) -> TicketChange:
    """Return the change that *word* (one of `WORDS`, or `cleanup`) makes of *ticket*."""
    return TicketChange(ticket, WORDS.get(word, ()), forgotten=word == "cleanup")


def is_granted(state: State) -> bool:
    """Return whether this site has the ticket."""
    return parse_bool(state.get(GRANTED, "")) is True


def is_standby(state: State) -> bool:
    """Return whether what needs the ticket is to stop in good order, though it is granted."""
    return parse_bool(state.get(STANDBY, "")) is True


def states_of(cib: Cib) -> dict[str, dict[str, str]]:
    """Return the tickets whose state *cib* has, with their attributes."""
    return {
        str(element.get("id")): {
            str(name): str(value) for name, value in element.items() if name != "id"
        }
        for element in cib.tree.iterfind("status/tickets/ticket_state")
        if element.get("id")
    }


def dependents_of(cib: Cib) -> dict[str, list[str]]:
    """Return the tickets that constraints name, with the ids of these constraints."""
    found: dict[str, list[str]] = {}
    for element in cib.tree.iterfind("configuration/constraints/rsc_ticket"):
        if name := element.get("ticket"):
            found.setdefault(name, []).append(element.get("id") or "")
    return found


def changed(cib: Cib, change: TicketChange, wall_s: int) -> Cib:
    """Return *cib* after *change* in its status section; raises `Refused` for bad names."""
    if found := change.findings():
        raise Refused(found)
    states = states_of(cib)
    new = change.applied(states.get(change.ticket), wall_s)
    if new == states.get(change.ticket):
        return cib
    states.pop(change.ticket) if new is None else states.update({change.ticket: new})

    def rewrite(root: etree._Element) -> None:
        status = root.find("status")
        if status is None:
            status = etree.SubElement(root, "status")
        for old in status.findall("tickets"):
            status.remove(old)
        if (element := tickets_element(states.items())) is not None:
            status.append(element)

    return cib.edited(rewrite)


def tickets_element(states: Iterable[tuple[str, State | Pairs]]) -> etree._Element | None:
    """Return a new `tickets` of all *states*, or None where there are none."""
    made = etree.Element("tickets")
    for id, state in sorted(states, key=lambda item: item[0]):
        etree.SubElement(made, "ticket_state", {"id": id, **dict(state)})
    return made if len(made) else None


def told_of(cib: Cib) -> list[dict[str, Any]]:
    """Return the tickets that have a state or that a constraint names, as plain values."""
    states, bound = states_of(cib), dependents_of(cib)
    return [
        {
            "id": name,
            "granted": is_granted(states.get(name, {})),
            "standby": is_standby(states.get(name, {})),
            "last_granted": moment(states.get(name, {}).get(LAST_GRANTED, "")),
            "attributes": states.get(name, {}),
            "constraints": bound.get(name, []),
        }
        for name in sorted({*states, *bound})
    ]


def moment(seconds: str) -> str:
    """Return a moment that is written in seconds since the epoch for a person; else as it is."""
    if not (seconds.isascii() and seconds.isdigit()) or len(seconds) > 11:
        return seconds
    return datetime.fromtimestamp(int(seconds)).astimezone().isoformat(timespec="seconds")
