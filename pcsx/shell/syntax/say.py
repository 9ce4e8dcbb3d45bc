"""What printers share: which ids must be said, what is a secret, and when the language gives up."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from pcsx.cib.plain import COMMENTS, Element
from pcsx.shell.syntax.lexer import pair

BREAK: Final = " \\\n\t"
_SECRET: Final = "passw"
MASK: Final = "********"


class Unsayable(Exception):
    """The language has no words for this element."""


class Say:
    """How one configuration is printed."""

    def __init__(self, explicit: Collection[Element], *, masked: bool = False) -> None:
        """Say the ids of the elements in *explicit*; with *masked*, hide values of passwords."""
        self._explicit = explicit
        self._masked = masked

    def id_word(self, element: Element) -> list[str]:
        """Return `$id=…` where the id must be said, else nothing."""
        return [pair("$id", element.id)] if element in self._explicit else []

    def is_explicit(self, element: Element) -> bool:
        """Return whether the element's id must be said."""
        return element in self._explicit

    def must_be_made(self, element: Element) -> None:
        """Raise `Unsayable` where the id must be said, and the language has no place for it."""
        if element in self._explicit:
            raise Unsayable

    def only(self, element: Element, known: Iterable[str]) -> None:
        """Raise `Unsayable` where *element* has attributes that are not among *known*."""
        if not {*element.attributes} <= {*known, COMMENTS}:
            raise Unsayable

    def value(self, name: str, value: str) -> str:
        """Return `name=value`, without the value of a secret where secrets are hidden."""
        if self._masked and name.lower().startswith(_SECRET) and value:
            return pair(name, MASK)
        return pair(name, value)


def clauses(head: str, rest: Iterable[str]) -> str:
    """Return a definition: *head* on its first line, each clause of *rest* on one of its own."""
    return BREAK.join([head, *rest])
