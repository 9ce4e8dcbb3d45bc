"""Which children of the configuration's sections an edit changes, where it does no more than that.

Most changes set a value inside of one resource or one set of options. Who judges a document child
by child then needs to look at these alone, however many others there are.
"""

from __future__ import annotations

from lxml import etree

from pcsx.cib.document import SECTIONS, Cib
from pcsx.cib.patch import BOOKKEEPING, Edit, Key
from pcsx.lean import dataclass


@dataclass(frozen=True, slots=True)
class Touched:
    """A child of *section* (a tag), as it was and as it is; tag and id are the same."""

    section: str
    before: etree._Element
    after: etree._Element


def touched_children(old: Cib, new: Cib, edit: Edit | None) -> list[Touched] | None:
    """Return the children that *edit*, which leads from *old* to *new*, changes inside.

    None where there is no such edit, where it changes more than what is in children that stay (some
    that come or go, a section's own attributes), or where they cannot be told apart.
    """
    if edit is None or edit.gone or edit.come or not (old.sections and new.sections):
        return None
    if any(attribute.name not in BOOKKEEPING for attribute in edit.attributes):
        return None
    found = []
    for configuration in edit.inside:
        if configuration.key != ("configuration", "", 0) or _is_changed_itself(configuration):
            return None
        for section in configuration.inside:
            if section.key[0] not in SECTIONS or _is_changed_itself(section):
                return None
            path = f"configuration/{section.key[0]}"
            was, now = old.tree.find(path), new.tree.find(path)
            for child in section.inside:
                before, after = _child(was, child.key), _child(now, child.key)
                if before is None or after is None:
                    return None
                found.append(Touched(section.key[0], before, after))
    return found


def _is_changed_itself(edit: Edit) -> bool:
    return bool(edit.attributes or edit.gone or edit.come)


def _child(section: etree._Element | None, key: Key) -> etree._Element | None:
    """Return the child of *section* that is known by *key*, if that has an id of its own."""
    tag, name, number = key
    if section is None or not name or number:
        return None
    return next((each for each in section if each.tag == tag and each.get("id") == name), None)
