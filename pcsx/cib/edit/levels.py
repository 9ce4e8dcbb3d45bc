"""Fencing levels: which devices together fence a node, and which are tried next."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.edit.tree import (
    Element,
    clean_id,
    edited,
    free_id,
    refuse,
    remove,
    require_new_id,
    section,
)
from pcsx.lean import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a level fences: a node, nodes by a pattern, or nodes by an attribute's value."""

    node: str = ""
    pattern: str = ""
    attribute: str = ""
    value: str = ""

    @classmethod
    def parse(cls, text: str) -> Target:
        """Return what *text* spells: NODE, %NODE, node%NODE, regexp%PATTERN, attrib%NAME=VALUE."""
        kind, percent, rest = text.partition("%")
        if not percent:
            return cls(node=text)
        if kind in ("", "node"):
            return cls(node=rest)
        if kind == "regexp":
            return cls(pattern=rest)
        name, equals, value = rest.partition("=")
        if kind == "attrib" and equals and name:
            return cls(attribute=name, value=value)
        raise refuse(
            "target-kind", text,
            f"'{kind}' is not an allowed type for '{text}', use attrib, node, regexp",
        )  # fmt: skip

    @property
    def attributes(self) -> dict[str, str]:
        """Return the attributes that name it."""
        if self.node:
            return {"target": self.node}
        if self.pattern:
            return {"target-pattern": self.pattern}
        return {"target-attribute": self.attribute, "target-value": self.value}

    @property
    def text(self) -> str:
        """Return it as messages say it."""
        return self.node or self.pattern or f"{self.attribute}={self.value}"

    @property
    def spelled(self) -> str:
        """Return the word that `parse` reads it from."""
        if self.node:
            return f"node%{self.node}" if "%" in self.node else self.node
        return f"regexp%{self.pattern}" if self.pattern else f"attrib%{self.text}"

    @property
    def tail(self) -> str:
        """Return what of it goes into ids."""
        return self.node or self.pattern or self.attribute


@dataclass(frozen=True, slots=True)
class FencingLevel:
    """One level as it stands."""

    id: str
    index: str
    target: Target
    devices: tuple[str, ...]


def levels(cib: Cib) -> list[FencingLevel]:
    """Return all levels, in the document's order."""
    conf = cib.tree.find("configuration")
    return [] if conf is None else [_read(level) for level in _all(conf)]


def _all(conf: Element) -> list[Element]:
    return list(conf.iterfind("fencing-topology/fencing-level"))


def _read(level: Element) -> FencingLevel:
    target = Target(
        level.get("target", ""),
        level.get("target-pattern", ""),
        level.get("target-attribute", ""),
        level.get("target-value", ""),
    )
    devices = tuple(name.strip() for name in level.get("devices", "").split(",") if name.strip())
    return FencingLevel(level.get("id", ""), level.get("index", ""), target, devices)


def add(cib: Cib, index: int, target: Target, devices: Sequence[str], *, id: str = "") -> Cib:
    """Return *cib* with one level more, named *id* or after its target."""

    def change(conf: Element) -> None:
        for old in _all(conf):
            read = _read(old)
            same = read.target == target and read.devices == tuple(devices)
            if same and read.index == str(index):
                raise refuse(
                    "level-exists", target.text,
                    f"Fencing level for '{target.text}' at level '{index}' with device(s) "
                    f"{', '.join(repr(name) for name in sorted(devices))} already exists",
                )  # fmt: skip
        if id:
            require_new_id(conf, id)
        wanted = clean_id(f"fl-{target.tail}-{index}")
        made = etree.SubElement(section(conf, "fencing-topology"), "fencing-level")
        made.set("index", str(index))
        made.set("devices", ",".join(devices))
        for name, value in target.attributes.items():
            made.set(name, value)
        made.set("id", id or free_id(conf, wanted))

    return edited(cib, change)


def delete(
    cib: Cib,
    *,
    index: int | None = None,
    target: Target | None = None,
    devices: Sequence[str] = (),
) -> tuple[Cib, int]:
    """Return *cib* without the levels that all of what is given fits, and how many those are."""
    gone: list[Element] = []

    def change(conf: Element) -> None:
        for level in _all(conf):
            read = _read(level)
            fits = (
                (index is None or read.index == str(index))
                and (target is None or read.target == target)
                and (not devices or read.devices == tuple(devices))
            )
            if fits:
                gone.append(level)
                remove(level)

    made = edited(cib, change)
    return made, len(gone)
