"""What one line of the language defines, before it is put into a configuration."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from pcsx.cib.plain import Element
from pcsx.lean import dataclass
from pcsx.shell.syntax.cursor import Cursor


class Way(Enum):
    """How a definition meets what is there."""

    PUT = auto()
    """A named element: new, or in the place of the one of that name."""
    MERGE = auto()
    """A set of options: its values go into the set that is there."""
    SECTION = auto()
    """A whole section, which takes the place of the present one."""
    CHILDREN = auto()
    """What stands in a section: each in the place of the one of its id, or at the end."""
    MONITOR = auto()
    """An operation that is added to a resource."""


@dataclass(slots=True)
class Definition:
    """One element to be: its section, the ids of resources it takes in, and where it was said."""

    element: Element
    section: str
    number: int
    members: tuple[str, ...] = ()
    way: Way = Way.PUT
    target: str = ""

    @property
    def name(self) -> str:
        """Return what people call it: a node's name, else its id."""
        if self.element.tag == "node":
            return self.element.get("uname")
        return self.element.id or self.target or self.section


FindAgent = Callable[[str], tuple[str, str, str]]
"""Gives class, provider and type of an agent that was named in short."""

Reader = Callable[[Cursor, FindAgent], Definition]
"""Reads what follows a keyword (which is still to be taken)."""
