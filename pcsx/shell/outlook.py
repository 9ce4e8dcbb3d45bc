"""What a change would do, before it is done: the difference in crm's words, and the engine's plan.

Both are made from two documents. The difference is told by definition (a primitive, a constraint,
a set of options), so that a changed value is seen with what it belongs to; secrets are hidden. The
plan is what the engine wishes for after the change and did not wish for before.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pcsx.cib.document import Cib
from pcsx.cib.patch import diff
from pcsx.cib.plain import unseal
from pcsx.lean import dataclass
from pcsx.shell.syntax.printing import show

if TYPE_CHECKING:
    from lxml import etree

_OPERATION_ID: Final = re.compile(r"^(\top \S+ )\$id=\S+ ")
"""Ids of operations tell a reader nothing."""
_HIDDEN: Final = "# a value that is not shown differs"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that would happen: what (*do*: start, move, fence, …), with which resource."""

    do: str
    resource: str
    details: str
    because: str = ""

    @property
    def sentence(self) -> str:
        """Return it for a person."""
        tail = f" {self.because}" if self.because else ""
        where = f" ({self.details})" if self.details else ""
        return f"{self.do} {self.resource}{where}{tail}"

    def to_json(self) -> dict[str, str]:
        """Return it for `--json`."""
        return {
            "do": self.do,
            "resource": self.resource,
            "details": self.details,
            "because": self.because,
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """The definitions that differ, as text *before* and *after*, and all *lines* with - and +."""

    before: str = ""
    after: str = ""
    lines: tuple[str, ...] = ()

    def to_json(self) -> dict[str, str]:
        """Return it as Ansible's diff mode wants it."""
        return {"before": self.before, "after": self.after}


@dataclass(slots=True)
class _Sides:
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def add(self, old: list[str], new: list[str]) -> None:
        self.before += old
        self.after += new
        told = list(_marked(old, new))
        if old == new:
            told.append(f"~ {_HIDDEN}")
        self.lines += told


def difference(old: Cib, new: Cib) -> Difference:
    """Return what differs between two configurations, in crm's language."""
    if old == new:
        return Difference()
    plain_old, plain_new = _blocks(old, masked=False), _blocks(new, masked=False)
    shown_old, shown_new = _blocks(old, masked=True), _blocks(new, masked=True)
    sides = _Sides()
    for name in dict.fromkeys([*plain_old, *plain_new]):
        if plain_old.get(name) != plain_new.get(name):
            sides.add(shown_old.get(name, []), shown_new.get(name, []))
    if not sides.lines:  # an order, an attribute of the root, an id that is made
        sides.lines = list(diff(_bare(old), _bare(new)).summary())
    return Difference(_text(sides.before), _text(sides.after), tuple(sides.lines))


def _bare(cib: Cib) -> Cib:
    """Return *cib* without sections that hold nothing: no language tells of them."""

    def change(tree: etree._Element) -> None:
        for section in list(tree.iterfind("configuration/*")):
            parent = section.getparent()
            if parent is not None and not (len(section) or section.attrib):
                parent.remove(section)

    return cib.edited(change)


def _blocks(cib: Cib, *, masked: bool) -> dict[str, list[str]]:
    """Return the lines of each definition, by the words that begin it."""
    blocks: dict[str, list[str]] = {}
    current: list[str] = []
    for line in show(unseal(cib), masked=masked).splitlines():
        if masked:
            line = _OPERATION_ID.sub(r"\1", line)
        if line[:1] not in (" ", "\t", "") or not current:
            words = line.split(" ", 2)
            name = " ".join(words[:2])
            while name in blocks:
                name += "'"
            current = blocks.setdefault(name, [])
        current.append(line)
    return blocks


def _marked(old: list[str], new: list[str]) -> Iterator[str]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            yield from (f"  {line}" for line in old[i1:i2])
        else:
            yield from (f"- {line}" for line in old[i1:i2])
            yield from (f"+ {line}" for line in new[j1:j2])


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def plan(old: Cib, new: Cib, wall: datetime) -> list[Step]:
    """Return what the cluster would do after the change and would not do without it.

    A document without a status section knows of no node that is online; nothing happens there.
    """
    before, after = _wishes(old, wall), _wishes(new, wall)
    return [step for step in after if step not in before]


def _wishes(cib: Cib, wall: datetime) -> list[Step]:
    from pcsx.pe.read.working_set import working_set
    from pcsx.pe.schedule import decide
    from pcsx.pe.summary import changes, fencings

    work = working_set(cib, wall)
    decide(work)
    steps = [Step("fence", text.removeprefix("Fence "), "") for text in fencings(work)]
    for change in changes(work):
        details = " ".join(change.details.split())
        because = " ".join(change.because.split())
        steps.append(Step(change.word.lower(), change.resource, details, because))
    return steps


def told(difference: Difference, steps: list[Step]) -> list[str]:
    """Return both for a person."""
    if not difference.lines:
        return ["Nothing would change."]
    lines = ["Would change:", *(f"  {line}" for line in difference.lines)]
    if steps:
        lines += ["Would then happen:", *(f"  {step.sentence}" for step in steps)]
    return lines


def as_json(difference: Difference, steps: list[Step]) -> dict[str, Any]:
    """Return both for `--json`."""
    return {"diff": difference.to_json(), "plan": [step.to_json() for step in steps]}
