"""An agent's name in its three parts, as text and back: `ocf:heartbeat:IPaddr2`, `systemd:nginx`.

Which agents are installed is `find.py`'s business; here is only spelling.
"""

from __future__ import annotations

import re
from typing import Final

from pcsx.lean import dataclass

STANDARDS: Final = ("lsb", "ocf", "service", "stonith", "systemd")
"""The classes of agents that are understood, sorted."""

_PART: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+@\\-]*")
_UNIT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+@:\\-]*")


@dataclass(frozen=True, slots=True, order=True)
class AgentName:
    """Which program knows a service; *provider* is empty where the standard has none."""

    standard: str
    provider: str
    type: str

    def __str__(self) -> str:
        return ":".join(part for part in (self.standard, self.provider, self.type) if part)

    @property
    def key(self) -> tuple[str, str, str]:
        """Return the name as actions and records carry it."""
        return (self.standard, self.provider, self.type)


def parse_agent(text: str) -> AgentName | None:
    """Return the agent that *text* names in full, or None where it does not name one.

    `ocf` needs a provider, the others have none; a `systemd` unit may hold colons itself, and
    its `.service` may be left out. A bare type is for `find.Installed.alternatives`.
    """
    standard, colon, rest = text.strip().partition(":")
    if not colon or standard not in STANDARDS:
        return None
    if standard == "ocf":
        provider, colon, type_ = rest.removeprefix(":").partition(":")
        if colon and _PART.fullmatch(provider) and _PART.fullmatch(type_):
            return AgentName("ocf", provider, type_)
        return None
    shape = _UNIT if standard in ("systemd", "service") else _PART
    return AgentName(standard, "", rest) if shape.fullmatch(rest) else None
