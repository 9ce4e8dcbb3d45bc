"""Constraints on sets of resources: order, colocation and ticket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Final

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.edit.constraints import (
    KINDS,
    ROLES,
    SCORE,
    duplicate,
    require_constrainable,
    take_constraint_id,
    ticket_faults,
)
from pcsx.cib.edit.operations import choices_text
from pcsx.cib.edit.tree import Element, Pairs, edited, free_id, section
from pcsx.errors import Finding, Refused
from pcsx.lean import dataclass

SET_OPTIONS: Final = ("action", "require-all", "role", "sequential")
ACTIONS: Final = ("demote", "promote", "start", "stop")
BOOLEANS: Final = ("false", "true")
OPTIONS: Final = {
    "rsc_order": ("id", "kind", "symmetrical"),
    "rsc_colocation": ("id", "score"),
    "rsc_ticket": ("id", "loss-policy", "ticket"),
}
_WORDS: Final = {"rsc_order": "order", "rsc_colocation": "colocation", "rsc_ticket": "ticket"}


@dataclass(frozen=True, slots=True)
class ResourceSet:
    """The resources of one set, and its options."""

    ids: tuple[str, ...]
    options: Pairs = field(default_factory=dict)


def create(
    cib: Cib, kind: str, new: Sequence[ResourceSet], options: Pairs, *, force: bool = False
) -> Cib:
    """Return *cib* with a constraint *kind* (`rsc_order`, …) on the sets *new*."""

    def change(conf: Element) -> None:
        faults = [*_option_faults(kind, options), *_set_faults(new)]
        if faults:
            raise Refused(faults)
        for one in new:
            for id in one.ids:
                require_constrainable(conf, id, force=force, sets=True)
        made = etree.Element(kind)
        for key, value in options.items():
            if key != "id":
                made.set(key, value)
        if options.get("id"):
            take_constraint_id(conf, options["id"])
        tail = "".join(f"{id[:1]}{id[-1:]}" for one in new for id in one.ids)
        id = options.get("id") or free_id(conf, f"{_WORDS[kind]}_set_{tail}")
        made.set("id", id)
        if kind == "rsc_colocation" and "score" not in options:
            made.set("score", "INFINITY")
        if not force:
            _refuse_same(conf, kind, new, options)
        section(conf, "constraints").append(made)
        for one in new:
            inside = etree.SubElement(made, "resource_set", dict(one.options))
            inside.set("id", free_id(conf, f"{id}_set"))
            for name in one.ids:
                etree.SubElement(inside, "resource_ref", id=name)

    return edited(cib, change)


def _option_faults(kind: str, options: Pairs) -> Iterator[Finding]:
    if kind == "rsc_ticket":
        if "ticket" not in options:
            yield Finding.error("ticket-name", "ticket", "required option 'ticket' is missing")
        ticket = options.get("ticket", "x")
        yield from ticket_faults(ticket, options, allowed=OPTIONS[kind])
        return
    for key in options:
        if key not in OPTIONS[kind]:
            yield Finding.error(
                "constraint-option", key,
                f"invalid option '{key}', allowed options are: {choices_text(OPTIONS[kind])}",
            )  # fmt: skip
    score = options.get("score")
    if score is not None and kind == "rsc_colocation" and not SCORE.fullmatch(score):
        yield Finding.error(
            "score", score, f"invalid score '{score}', use integer or INFINITY or -INFINITY"
        )
    for key, choices in (("kind", KINDS), ("symmetrical", BOOLEANS)):
        value = options.get(key)
        if kind == "rsc_order" and value is not None and value not in choices:
            yield _not_valid(key, value, choices)


def _set_faults(new: Sequence[ResourceSet]) -> Iterator[Finding]:
    choices = {
        "action": ACTIONS, "require-all": BOOLEANS, "role": ROLES, "sequential": BOOLEANS,
    }  # fmt: skip
    for one in new:
        for key, value in one.options.items():
            if key not in SET_OPTIONS:
                yield Finding.error(
                    "set-option", key,
                    f"invalid set option '{key}', allowed options are: "
                    f"{choices_text(SET_OPTIONS)}",
                )  # fmt: skip
            elif value not in choices[key]:
                yield _not_valid(key, value, choices[key])


def _not_valid(key: str, value: str, choices: Sequence[str]) -> Finding:
    return Finding.error(
        "constraint-value",
        key,
        f"'{value}' is not a valid {key} value, use {choices_text(choices)}",
    )


def _refuse_same(conf: Element, kind: str, new: Sequence[ResourceSet], options: Pairs) -> None:
    wanted = [one.ids for one in new]
    same = []
    for old in conf.iterfind(f"constraints/{kind}"):
        sets = [
            tuple(str(ref.get("id")) for ref in inside.findall("resource_ref"))
            for inside in old.findall("resource_set")
        ]
        if sets == wanted and (kind != "rsc_ticket" or old.get("ticket") == options.get("ticket")):
            words = " ".join(f"set {' '.join(ids)}" for ids in sets)
            same.append(f"{words} (id:{old.get('id')})")
    if same:
        raise duplicate(same)
