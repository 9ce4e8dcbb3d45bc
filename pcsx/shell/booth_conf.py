"""booth.conf as booth reads it: what holds for all, and tickets with their options.

A line is `name = value`; what follows `ticket = "NAME"` is of that ticket. Comments are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Final

from pcsx.errors import Finding, Refused
from pcsx.lean import dataclass

TICKET_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,63}")
OPTIONS: Final = (
    "acquire-after", "attr-prereq", "before-acquire-handler", "expire", "mode", "renewal-freq",
    "retries", "timeout", "weights",
)  # fmt: skip
"""What a ticket may be told."""
_GLOBAL: Final = ("site", "arbitrator", "authfile", "transport", "port", "name", "maxtimeskew",
                  "site-user", "site-group", "arbitrator-user", "arbitrator-group", "debug",
                  "ticket")  # fmt: skip
_LINE: Final = re.compile(r"\s*([A-Za-z_-]+)\s*=\s*(.*?)\s*")


@dataclass(slots=True)
class BoothConf:
    """The lines of the file: those for all, and those of each ticket, in their order."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    tickets: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    @classmethod
    def parsed(cls, text: str, path: str) -> BoothConf:
        """Return what *text*, read from *path*, says; raises `Refused` with every faulty line."""
        made, faults, current = cls(), [], ""
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            found = _LINE.fullmatch(line)
            if found is None:
                told = f"{path}, line {number}: expected NAME = VALUE, found '{line.strip()[:60]}'"
                faults.append(Finding.error("booth-line", path, told))
                continue
            name, value = found[1], _bare(found[2])
            if name == "ticket":
                current = value
                made.tickets.setdefault(value, [])
            elif current and name not in _GLOBAL:
                made.tickets[current].append((name, value))
            else:
                made.lines.append((name, value))
        if faults:
            raise Refused(faults)
        return made

    def values(self, name: str) -> list[str]:
        """Return all values of *name* among the lines for all."""
        return [value for key, value in self.lines if key == name]

    def text(self) -> str:
        """Return the file."""
        return "".join(f"{line}\n" for line in self._written())

    def _written(self) -> Iterator[str]:
        for name, value in self.lines:
            yield f"{name} = {value}"
        for ticket, options in self.tickets.items():
            yield f'ticket = "{ticket}"'
            for name, value in options:
                yield f"  {name} = {value}"


def _bare(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value


def peer_findings(sites: list[str], arbitrators: list[str]) -> list[Finding]:
    """Return what stands against a formation of these peers."""
    found = []
    peers = [*sites, *arbitrators]
    if len(sites) < 2:
        listed = ", ".join(f"'{one}'" for one in sites) or "none"
        text = f"lack of sites for booth configuration (need 2 at least): sites {listed}"
        found.append(Finding.error("booth-peers", "sites", text))
    if len(peers) % 2 == 0:
        text = f"odd number of peers is required (entered {len(peers)} peers)"
        found.append(Finding.error("booth-peers", "peers", text))
    for twice in sorted({one for one in peers if peers.count(one) > 1}):
        text = f"duplicate address for booth configuration: '{twice}'"
        found.append(Finding.error("booth-peers", twice, text))
    found += [
        Finding.error("booth-peers", one, f"'{one}' is no address: it has blanks or quotes")
        for one in peers
        if not re.fullmatch(r"[\w.:%-]+", one)
    ]
    return found


def ticket_findings(ticket: str, options: Mapping[str, str]) -> list[Finding]:
    """Return what stands against a new ticket with these options."""
    found = []
    if not TICKET_NAME.fullmatch(ticket):
        text = f"booth ticket name '{ticket}' is not valid, use up to 63 alphanumeric characters "
        found.append(Finding.error("booth-ticket", ticket, f"{text}or dash"))
    for name, value in options.items():
        if name in _GLOBAL or not re.fullmatch(r"[A-Za-z_-]+", name):
            text = f"invalid booth ticket option '{name}': it is no option of a ticket"
            found.append(Finding.error("booth-option", name, text))
        elif name not in OPTIONS:
            text = f"invalid booth ticket option '{name}', allowed options are: "
            text += ", ".join(f"'{one}'" for one in OPTIONS)
            found.append(Finding.error("booth-option", name, text, force="booth-option"))
        if not value.strip():
            found.append(Finding.error("booth-option", name, f"{name} cannot be empty"))
        elif not value.isprintable():
            text = f"the value of {name} has characters that do not print"
            found.append(Finding.error("booth-option", name, text))
    return found
