"""Secrets in what is handed to others: which values are some, and a text without them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from pcsx.cib.document import Cib
from pcsx.values import is_secret

HIDDEN: Final = "********"
_SHORTEST: Final = 4
"""Shorter values are found by their names alone: they are parts of too many words."""
_PAIR: Final = re.compile(r"""([A-Za-z_][\w.-]*)(=|\s+value=)("[^"]*"|'[^']*'|\S+)""")


def secrets_of(cib: Cib) -> list[str]:
    """Return the values of all pairs whose name says that they are secret, longest first."""
    found = {
        value
        for pair in cib.tree.iter("nvpair")
        if is_secret(pair.get("name") or "") and (value := pair.get("value"))
    }
    return sorted(found, key=lambda value: (-len(value), value))


def without(text: str, secrets: Iterable[str]) -> str:
    """Return *text* with secrets hidden: known values anywhere, others by what they are called."""
    for value in secrets:
        if len(value) >= _SHORTEST:
            text = text.replace(value, HIDDEN)
    return _PAIR.sub(_hidden, text)


def _hidden(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}{HIDDEN}" if is_secret(found[1]) else found[0]
