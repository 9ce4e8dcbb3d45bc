"""Names and values as text: quoted where they must be, secrets hidden on a terminal."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable
from typing import Final

from pcsx.cib.objects.nvpairs import NvBlock

_SECRET: Final = re.compile(r"passw|secret", re.IGNORECASE)
HIDDEN: Final = "********"


def quoted(value: str) -> str:
    """Return *value* in quotes if it could be taken for two words, or for a pair."""
    if not re.search(r"[\s=]", value):
        return value
    if '"' in value and "'" not in value:
        return f"'{value}'"
    inside = value.replace('"', '\\"')
    return f'"{inside}"'


def pair_text(name: str, value: str) -> str:
    """Return `name=value` for people."""
    return f"{name}={quoted(value)}"


def pair_word(name: str, value: str) -> str:
    """Return `name=value` as one word for a shell."""
    return shlex.quote(f"{name}={value}")


def pairs_of(block: NvBlock) -> list[tuple[str, str]]:
    """Return the pairs of *block*, by name."""
    return sorted((pair.name or "", pair.value or "") for pair in block.pairs)


def shown(name: str, value: str, *, open: bool) -> str:
    """Return *value*, or stars for a secret that would stand on a terminal."""
    if open or not sys.stdout.isatty() or not _SECRET.search(name):
        return value
    return HIDDEN


def indented(lines: Iterable[str], by: int = 2) -> list[str]:
    """Return *lines* moved to the right."""
    return [" " * by + line if line else line for line in lines]
