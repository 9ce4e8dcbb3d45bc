"""Access control: roles with permissions, users and groups with roles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.edit.tree import (
    Element,
    all_ids,
    by_id,
    clean_id,
    edited,
    free_id,
    refuse,
    remove,
    require_new_id,
    section,
)
from pcsx.errors import Finding, Refused
from pcsx.lean import dataclass

KINDS: Final = ("read", "write", "deny")
SCOPES: Final = ("xpath", "id")
TARGETS: Final = {"user": "acl_target", "group": "acl_group"}


@dataclass(frozen=True, slots=True)
class Permission:
    """What a role may do: *kind* to what an *xpath* selects, or to the element with *id*."""

    kind: str
    scope: str
    query: str


def create_role(cib: Cib, id: str, permissions: Sequence[Permission], description: str = "") -> Cib:
    """Return *cib* with the role *id*."""

    def change(conf: Element) -> None:
        _judge_permissions(conf, permissions)
        require_new_id(conf, id, "ACL role")
        role = etree.SubElement(section(conf, "acls"), "acl_role", id=id)
        if description:
            role.set("description", description)
        _add(conf, role, permissions)

    return edited(cib, change)


def _judge_permissions(conf: Element, permissions: Sequence[Permission]) -> None:
    known = all_ids(conf)
    faults = []
    for permission in permissions:
        if permission.scope == "id" and permission.query not in known:
            faults.append(
                Finding.error(
                    "no-such-id", permission.query, f"id '{permission.query}' does not exist"
                )
            )
    if faults:
        raise Refused(faults)


def _add(conf: Element, role: Element, permissions: Sequence[Permission]) -> None:
    for permission in permissions:
        made = etree.SubElement(
            role,
            "acl_permission",
            id=free_id(conf, clean_id(f"{role.get('id')}-{permission.kind}")),
            kind=permission.kind,
        )
        made.set("xpath" if permission.scope == "xpath" else "reference", permission.query)


def add_permissions(cib: Cib, id: str, permissions: Sequence[Permission]) -> Cib:
    """Return *cib* with *permissions* in the role *id*, which is made if need be."""

    def change(conf: Element) -> None:
        _judge_permissions(conf, permissions)
        role = by_id(conf, id, ("acl_role",))
        if role is None:
            require_new_id(conf, id, "ACL role")
            role = etree.SubElement(section(conf, "acls"), "acl_role", id=id)
        _add(conf, role, permissions)

    return edited(cib, change)


def delete_permission(cib: Cib, id: str) -> Cib:
    """Return *cib* without the permission *id*."""

    def change(conf: Element) -> None:
        found = by_id(conf, id, ("acl_permission",))
        if found is None:
            raise refuse("no-such-permission", id, f"ACL permission '{id}' does not exist")
        remove(found)

    return edited(cib, change)


def delete_role(cib: Cib, id: str, *, and_empty: bool = False) -> Cib:
    """Return *cib* without the role *id*, from whoever had it; *and_empty*: they go too."""

    def change(conf: Element) -> None:
        found = by_id(conf, id, ("acl_role",))
        if found is None:
            raise refuse("no-such-role", id, f"ACL role '{id}' does not exist")
        for tag in TARGETS.values():
            for target in list(conf.iterfind(f"acls/{tag}")):
                held = [role for role in target.findall("role") if role.get("id") == id]
                for role in held:
                    target.remove(role)
                if held and and_empty and target.find("role") is None:
                    remove(target)
        remove(found)

    return edited(cib, change)


def create_target(cib: Cib, kind: str, id: str, roles: Sequence[str]) -> Cib:
    """Return *cib* with the user or group (*kind*) *id*, who has *roles*."""

    def change(conf: Element) -> None:
        missing = [role for role in roles if by_id(conf, role, ("acl_role",)) is None]
        faults = [
            Finding.error("no-such-role", role, f"ACL role '{role}' does not exist")
            for role in missing
        ]
        same = [old for old in conf.iterfind(f"acls/{TARGETS[kind]}") if old.get("id") == id]
        if same or _taken_elsewhere(conf, id):
            faults.append(Finding.error("id-exists", id, f"'{id}' already exists"))
        if faults:
            raise Refused(faults)
        made = etree.SubElement(section(conf, "acls"), TARGETS[kind], id=id)
        for role in roles:
            etree.SubElement(made, "role", id=role)

    return edited(cib, change)


def _taken_elsewhere(conf: Element, id: str) -> bool:
    """Return whether *id* names something else; a user and a group may share a name."""
    for element in conf.iter(etree.Element):
        named = element.get("id") == id and element.tag not in ("role", "obj_ref", "resource_ref")
        if named and element.tag not in TARGETS.values():
            return True
    return False


def delete_target(cib: Cib, kind: str, id: str) -> Cib:
    """Return *cib* without the user or group *id*."""

    def change(conf: Element) -> None:
        remove(_target(conf, kind, id))

    return edited(cib, change)


def _target(conf: Element, kind: str, id: str) -> Element:
    for old in conf.iterfind(f"acls/{TARGETS[kind]}"):
        if old.get("id") == id:
            return old
    raise refuse(f"no-such-{kind}", id, f"ACL {kind} '{id}' does not exist")


def _either(conf: Element, kind: str, id: str) -> Element:
    """Return the user or group *id*: of *kind*, or without one the user first."""
    if kind:
        return _target(conf, kind, id)
    for known in TARGETS:
        for old in conf.iterfind(f"acls/{TARGETS[known]}"):
            if old.get("id") == id:
                return old
    raise refuse("no-such-user", id, f"ACL group / ACL user '{id}' does not exist")


def assign(cib: Cib, role: str, kind: str, id: str) -> Cib:
    """Return *cib* in which the user or group *id* has *role*."""

    def change(conf: Element) -> None:
        target = _either(conf, kind, id)
        if by_id(conf, role, ("acl_role",)) is None:
            raise refuse("no-such-role", role, f"ACL role '{role}' does not exist")
        if any(held.get("id") == role for held in target.findall("role")):
            raise refuse("role-assigned", role, f"Role '{role}' is already assigned to '{id}'")
        etree.SubElement(target, "role", id=role)

    return edited(cib, change)


def unassign(cib: Cib, role: str, kind: str, id: str, *, and_empty: bool = False) -> Cib:
    """Return *cib* in which the user or group *id* has not *role*; *and_empty*: else it goes."""

    def change(conf: Element) -> None:
        target = _either(conf, kind, id)
        held = [old for old in target.findall("role") if old.get("id") == role]
        if not held:
            raise refuse("role-assigned", role, f"Role '{role}' is not assigned to '{id}'")
        for old in held:
            target.remove(old)
        if and_empty and target.find("role") is None:
            remove(target)

    return edited(cib, change)
