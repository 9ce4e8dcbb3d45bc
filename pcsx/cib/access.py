"""Access control: what a user may read and change, by the roles in the document's `acls`.

Permissions select elements, by XPath, by id, or by tag (with an attribute that must be there). The
nearest element upwards that a permission names decides; where several name the same element, deny
beats write beats read. What nobody names is denied. All of this holds only with `enable-acl`, and
never for root, hacluster and the daemon itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Final

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.patch import BOOKKEEPING, Edit, Key, diff, keys_of
from pcsx.cib.replica import Proposal
from pcsx.cib.touched import Touched
from pcsx.errors import Finding, NotAuthorised
from pcsx.values import parse_bool

PRIVILEGED: Final = frozenset(("root", "hacluster", "pcsx"))
"""Users that access control does not bind; the last is the daemon itself."""


class Mode(IntEnum):
    """What may be done with an element; the greater one wins where several are given."""

    READ = 1
    WRITE = 2
    DENY = 3


_MODES: Final = {"read": Mode.READ, "write": Mode.WRITE, "deny": Mode.DENY}


class Rights:
    """What one user may do with one document."""

    __slots__ = ("_everything", "_modes")

    def __init__(
        self, cib: Cib, user: str, groups: Sequence[str] = (), *, lists: Cib | None = None
    ) -> None:
        """Read the rights of *user*, a member of *groups*, in *cib*.

        The access lists are those of *lists*, by default the document's own.
        """
        lists = cib if lists is None else lists
        self._everything = user in PRIVILEGED or not is_enabled(lists)
        self._modes: dict[etree._Element, Mode] = {}
        if self._everything:
            return
        for permission in _permissions_of(lists.tree, user, groups):
            mode = _MODES.get(permission.get("kind") or permission.tag)
            if mode is None:
                continue
            for element in _selected(cib.tree, permission):
                self._modes[element] = max(mode, self._modes.get(element, mode))

    def mode_of(self, element: etree._Element) -> Mode:
        """Return what may be done with *element*, by itself or the nearest that contains it."""
        if self._everything:
            return Mode.WRITE
        at: etree._Element | None = element
        while at is not None:
            if (mode := self._modes.get(at)) is not None:
                return mode
            at = at.getparent()
        return Mode.DENY

    def may_read(self, element: etree._Element) -> bool:
        """Return whether *element* and its attributes may be seen."""
        return self.mode_of(element) is not Mode.DENY

    def may_write(self, element: etree._Element) -> bool:
        """Return whether *element*'s attributes may be changed and children be put into it."""
        return self.mode_of(element) is Mode.WRITE


def is_enabled(cib: Cib) -> bool:
    """Return whether the document asks for access control."""
    return parse_bool(cib.cluster_option("enable-acl") or "") is True


def can(cib: Cib, user: str, xpath: str, mode: Mode, groups: Sequence[str] = ()) -> bool:
    """Return whether *user* may do *mode* with everything that *xpath* selects, and it selects
    anything at all."""
    rights = Rights(cib, user, groups)
    elements = _elements(cib.tree, xpath)
    ask = rights.may_write if mode is Mode.WRITE else rights.may_read
    return bool(elements) and all(map(ask, elements))


def judged(
    cib: Cib, user: str, xpath: str, groups: Sequence[str] = ()
) -> list[tuple[str, tuple[str, ...]]]:
    """Return each place that *xpath* selects, and what *user* may do there: `read`, `write`."""
    rights = Rights(cib, user, groups)
    found = []
    for element in _elements(cib.tree, xpath):
        path = "/".join(
            _step((str(e.tag), e.get("id", ""), 0))
            for e in [*reversed(list(element.iterancestors())), element]
        )
        asked = (("read", rights.may_read), ("write", rights.may_write))
        found.append((f"/{path}", tuple(word for word, may in asked if may(element))))
    return found


def readable(cib: Cib, user: str, groups: Sequence[str] = ()) -> Cib:
    """Return the part of *cib* that *user* may read; raises `NotAuthorised` where that is nothing.

    An element on the way to a readable one stays, with its tag and id only.
    """
    rights = Rights(cib, user, groups)
    if rights._everything:
        return cib
    kept = _readable_part(cib.tree, rights)
    if kept is None:
        raise NotAuthorised(user, "read the configuration")
    for name in ("validate-with", "admin_epoch", "epoch", "num_updates"):
        if (value := cib.tree.get(name)) is not None:
            kept.set(name, value)
    return Cib(kept)


def check_rights(
    old: Cib, new: Cib, proposal: Proposal, _touched: Sequence[Touched] | None = None
) -> list[Finding]:
    """Raise `NotAuthorised` where the author of *proposal* may not lead from *old* to *new*.

    The rights are those of the old document: nobody gives themselves more by the change at hand.
    """
    if proposal.user in PRIVILEGED or not is_enabled(old):
        return []
    for path in forbidden_places(old, new, proposal.user, proposal.groups):
        raise NotAuthorised(proposal.user, f"change {path}")
    return []


def forbidden_places(old: Cib, new: Cib, user: str, groups: Sequence[str] = ()) -> Iterator[str]:
    """Yield the path of each place that differs and that *user* may not change."""
    patch = diff(old, new)
    if patch.root is None:
        return
    before, after = Rights(old, user, groups), Rights(new, user, groups, lists=old)
    yield from _forbidden(patch.root, (old.tree, before), (new.tree, after))


# --- reading the lists -------------------------------------------------------------------------


def _permissions_of(
    tree: etree._Element, user: str, groups: Sequence[str]
) -> Iterator[etree._Element]:
    acls = tree.find("configuration/acls")
    if acls is None:
        return
    roles = {role.get("id"): role for role in acls.iterfind("acl_role")}
    for subject in acls:
        mine = (subject.tag in ("acl_target", "acl_user") and subject.get("id") == user) or (
            subject.tag == "acl_group" and subject.get("id") in groups
        )
        if not mine:
            continue
        for child in subject:
            if child.tag in ("role", "role_ref"):
                yield from roles.get(child.get("id"), ())
            else:
                yield child


def _selected(tree: etree._Element, permission: etree._Element) -> list[etree._Element]:
    if xpath := permission.get("xpath"):
        return _elements(tree, xpath)
    if reference := permission.get("reference") or permission.get("ref"):
        return [element for element in tree.iter() if element.get("id") == reference]
    if tag := permission.get("object-type") or permission.get("tag"):
        attribute = permission.get("attribute")
        return [e for e in tree.iter(tag) if attribute is None or attribute in e.attrib]
    return []


def _elements(tree: etree._Element, xpath: str) -> list[etree._Element]:
    """Return the elements that *xpath* selects, or owners of its attributes; none if wrong."""
    try:
        found = tree.getroottree().xpath(xpath)
    except etree.XPathError:
        return []
    if not isinstance(found, list):
        return []
    elements: dict[etree._Element, None] = {}
    for item in found:
        element = item if isinstance(item, etree._Element) else _owner(item)
        if element is not None:
            elements[element] = None
    return list(elements)


def _owner(item: object) -> etree._Element | None:
    parent = getattr(item, "getparent", None)
    owner = parent() if parent is not None else None
    return owner if isinstance(owner, etree._Element) else None


# --- reading and writing under them ------------------------------------------------------------


def _readable_part(element: etree._Element, rights: Rights) -> etree._Element | None:
    children = [part for child in element if (part := _readable_part(child, rights)) is not None]
    seen = rights.may_read(element)
    if not seen and not children:
        return None
    kept = etree.Element(element.tag)
    for name, value in element.attrib.items():
        if seen or name == "id":
            kept.set(name, value)
    kept.extend(children)
    return kept


_Side = tuple[etree._Element, Rights]
"""An element of the old or the new document, and what may be done in that document."""


def _forbidden(edit: Edit, old: _Side, new: _Side, path: str = "") -> Iterator[str]:
    was, before = old
    now, after = new
    path = f"{path}/{_step(edit.key)}"
    changed = [a for a in edit.attributes if was.tag != "cib" or a.name not in BOOKKEEPING]
    moved = [placed for placed in edit.come if placed.xml is None]
    may = before.may_write(was) and after.may_write(now)
    if (changed or moved or was.tag == "acls") and not may:
        yield path
        return
    if was.tag == "acls":  # the lists change as a whole, or not at all
        return
    old_at, new_at = _children(was), _children(now)
    for placed in edit.gone:
        if placed.xml is not None and not _all(old_at[placed.key], before):
            yield f"{path}/{_step(placed.key)}"
    for placed in edit.come:
        if placed.xml is not None and not _all(new_at[placed.key], after):
            yield f"{path}/{_step(placed.key)}"
    for child in edit.inside:
        sides = (old_at[child.key], before), (new_at[child.key], after)
        yield from _forbidden(child, *sides, path)


def _children(element: etree._Element) -> dict[Key, etree._Element]:
    children = list(element)
    return dict(zip(keys_of(children), children, strict=True))


def _all(element: etree._Element, rights: Rights) -> bool:
    return all(rights.may_write(inner) for inner in element.iter())


def _step(key: Key) -> str:
    return f"{key[0]}[@id='{key[1]}']" if key[1] else key[0]
