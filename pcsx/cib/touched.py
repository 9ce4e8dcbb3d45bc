"""Which children of the configuration's sections an edit changes, where it does no more than that.

Most changes set a value inside of one resource or one set of options. Who judges a document child
by child then needs to look at these alone, however many others there are.
"""

from __future__ import annotations

from pcsx.cib.document import Cib
from pcsx.cib.patch import Edit, edits_inside
from pcsx.lean import dataclass


@dataclass(frozen=True, slots=True)
class Touched:
    """A child of *section* (a tag), as it was and as it is, as canonical text."""

    section: str
    before: bytes
    after: bytes


def touched_children(old: Cib, new: Cib, edit: Edit | None) -> list[Touched] | None:
    """Return the children that *edit*, which leads from *old* to *new*, changes inside.

    None where there is no such edit, where it changes more than what is in children that stay (some
    that come or go, a section's own attributes), or where they cannot be told apart.
    """
    edits = edits_inside(edit) if edit is not None else None
    if edits is None or not (old.sections and new.sections):
        return None
    found = []
    for place in edits:
        before, after = old.child(place), new.child(place)
        if before is None or after is None:
            return None
        found.append(Touched(place[0], before.text, after.text))
    return found
