"""Alerts: programs called when something happens, and whom they tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.edit.tree import (
    Element,
    Pairs,
    by_id,
    edited,
    free_id,
    refuse,
    remove,
    require_new_id,
    section,
    update_set,
)
from pcsx.errors import Finding, Refused
from pcsx.lean import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """What is set on an alert or a recipient; None stays, an empty text removes."""

    description: str | None = None
    options: Pairs = field(default_factory=dict)
    meta: Pairs = field(default_factory=dict)


def create(cib: Cib, path: str, settings: Settings, *, id: str = "") -> Cib:
    """Return *cib* with an alert that calls *path*."""

    def change(conf: Element) -> None:
        if id:
            require_new_id(conf, id, "alert-id")
        made = etree.SubElement(
            section(conf, "alerts"), "alert", id=id or free_id(conf, "alert"), path=path
        )
        _set(conf, made, settings)

    return edited(cib, change)


def _set(conf: Element, element: Element, settings: Settings) -> None:
    if settings.description is not None:
        if settings.description:
            element.set("description", settings.description)
        else:
            element.attrib.pop("description", "")
    update_set(conf, element, "instance_attributes", settings.options, at=0)
    update_set(conf, element, "meta_attributes", settings.meta, at=0)


def update(cib: Cib, id: str, settings: Settings, *, path: str | None = None) -> Cib:
    """Return *cib* with the alert *id* changed."""

    def change(conf: Element) -> None:
        found = _alert(conf, id)
        if path:
            found.set("path", path)
        _set(conf, found, settings)

    return edited(cib, change)


def _alert(conf: Element, id: str) -> Element:
    found = by_id(conf, id, ("alert",))
    if found is None:
        raise refuse("no-such-alert", id, f"alert '{id}' does not exist")
    return found


def delete(cib: Cib, ids: Sequence[str], *, recipients: bool = False) -> Cib:
    """Return *cib* without the alerts (or *recipients*) *ids*."""
    tag = "recipient" if recipients else "alert"

    def change(conf: Element) -> None:
        found = [by_id(conf, id, (tag,)) for id in ids]
        missing = [id for id, element in zip(ids, found, strict=True) if element is None]
        if missing:
            raise Refused(
                [
                    Finding.error(f"no-such-{tag}", id, f"{tag} '{id}' does not exist")
                    for id in missing
                ]
            )
        for element in dict.fromkeys(found):
            assert element is not None
            remove(element)

    return edited(cib, change)


def add_recipient(
    cib: Cib, alert: str, value: str, settings: Settings, *, id: str = "", force: bool = False
) -> Cib:
    """Return *cib* in which the alert tells *value* too."""

    def change(conf: Element) -> None:
        found = _alert(conf, alert)
        if id:
            require_new_id(conf, id, "recipient-id")
        _judge_value(found, value, force=force)
        made = etree.SubElement(
            found, "recipient", id=id or free_id(conf, f"{alert}-recipient"), value=value
        )
        _set(conf, made, settings)

    return edited(cib, change)


def _judge_value(alert: Element, value: str, *, force: bool, but: str = "") -> None:
    for other in alert.findall("recipient"):
        if other.get("value") == value and other.get("id") != but and not force:
            raise refuse(
                "recipient-exists", value,
                f"Recipient '{value}' in alert '{alert.get('id')}' already exists",
                force="recipient-exists",
            )  # fmt: skip


def update_recipient(
    cib: Cib, id: str, settings: Settings, *, value: str | None = None, force: bool = False
) -> Cib:
    """Return *cib* with the recipient *id* changed."""

    def change(conf: Element) -> None:
        found = by_id(conf, id, ("recipient",))
        if found is None:
            raise refuse("no-such-recipient", id, f"recipient '{id}' does not exist")
        alert = found.getparent()
        assert alert is not None
        if value:
            _judge_value(alert, value, force=force, but=id)
            found.set("value", value)
        _set(conf, found, settings)

    return edited(cib, change)
