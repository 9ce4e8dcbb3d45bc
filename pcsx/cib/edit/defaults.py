"""Default values of resources and operations: sets of meta attributes, with a rule if wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.edit.rules import Part, set_rule_element
from pcsx.cib.edit.tree import (
    Element,
    Pairs,
    edited,
    free_id,
    put_pairs,
    refuse,
    remove,
    require_new_id,
    section,
)
from pcsx.errors import Finding, Refused

RESOURCES: Final = "rsc_defaults"
OPERATIONS: Final = "op_defaults"


def create(
    cib: Cib, kind: str, values: Pairs, *, id: str = "", score: str = "", rule: Part | None = None
) -> Cib:
    """Return *cib* with one more set of defaults of *kind*."""

    def change(conf: Element) -> None:
        parent = section(conf, kind)
        if id:
            require_new_id(conf, id, "id")
        name = id or free_id(conf, f"{kind}-meta_attributes")
        made = etree.SubElement(parent, "meta_attributes", id=name)
        if score:
            made.set("score", score)
        if rule is not None:
            made.append(set_rule_element(conf, rule, name))
        put_pairs(conf, made, values)

    return edited(cib, change)


def update(cib: Cib, kind: str, values: Pairs) -> Cib:
    """Return *cib* with *values* in the first set of *kind*; an empty value removes."""

    def change(conf: Element) -> None:
        everything = conf.findall(f"{kind}/meta_attributes")
        if len(everything) > 1:
            raise refuse(
                "several-sets",
                kind,
                "Several options sets exist, please use the 'pcsx resource defaults set update' "
                "command and specify an option set ID",
            )
        found = everything[0] if everything else None
        if found is None:
            if not any(values.values()):
                return
            found = etree.SubElement(
                section(conf, kind),
                "meta_attributes",
                id=free_id(conf, f"{kind}-meta_attributes"),
            )
        put_pairs(conf, found, values)

    return edited(cib, change)


def update_set(cib: Cib, kind: str, id: str, values: Pairs) -> Cib:
    """Return *cib* with *values* in the set *id*; an empty value removes."""

    def change(conf: Element) -> None:
        found = _set(conf, kind, id)
        if found is None:
            raise refuse("no-such-set", id, f"options set '{id}' does not exist")
        put_pairs(conf, found, values)

    return edited(cib, change)


def delete_sets(cib: Cib, kind: str, ids: Sequence[str]) -> Cib:
    """Return *cib* without the sets *ids*."""

    def change(conf: Element) -> None:
        missing = [id for id in ids if _set(conf, kind, id) is None]
        if missing:
            raise Refused(
                [
                    Finding.error("no-such-set", id, f"options set '{id}' does not exist")
                    for id in sorted(set(missing))
                ]
            )
        for id in dict.fromkeys(ids):
            found = _set(conf, kind, id)
            assert found is not None
            remove(found)

    return edited(cib, change)


def _set(conf: Element, kind: str, id: str) -> Element | None:
    for found in conf.iterfind(f"{kind}/meta_attributes"):
        if found.get("id") == id:
            return found
    return None
