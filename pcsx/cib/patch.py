"""The difference between two documents: made, applied, turned round, and merged onto a third.

A `Patch` is a tree of `Edit`s that follows the document's own tree. Elements are known by tag and
id, those without an id by tag and number among their siblings; so a patch made from one document
fits another in which other places have changed. `apply` is exact and is what every node does with
a committed change; `rebase` and `merge` are lenient about what others did meanwhile and raise
`Conflict` where both touched the same place. Who may change what, and whether the outcome makes
sense, is left to `access.py` and `check.py`.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

from lxml import etree

from pcsx.cib.document import (
    SECTIONS,
    Attributes,
    Cib,
    Place,
    Rewrite,
    Version,
    canonical,
    parse_element,
)
from pcsx.errors import Conflict, Finding, Refused
from pcsx.lean import dataclass

Key = tuple[str, str, int]
"""An element among its siblings: tag, id or nothing, number among those with the same two."""

BOOKKEEPING: Final = frozenset(
    (
        "admin_epoch", "epoch", "num_updates", "cib-last-written", "update-origin",
        "update-client", "update-user",
    )
)  # fmt: skip
"""Attributes of the root that tell when and by whom; they never conflict and are never merged."""

ORDERED: Final = frozenset(("group", "resource_set", "acl_role", "rule", "operations"))
"""Parents whose children's order decides something; a place lost in one of them is a conflict."""

_FORMAT: Final = 1
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute set, changed or (*new* is None) removed; *old* is what it was."""

    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Placed:
    """An element at a place, between *after* and *before* (None: the end of the list there).

    With *xml*, in canonical form, it comes into the document or goes out of it; without, it only
    moves among its siblings and keeps what is in it.
    """

    key: Key
    xml: str | None
    after: Key | None
    before: Key | None


@dataclass(frozen=True, slots=True)
class Edit:
    """What changes in one element that stays: attributes, children that go and come, and inside.

    *gone* is in the order of the old document and *come* in that of the new; a child that moves is
    in both.
    """

    key: Key
    attributes: tuple[Attribute, ...] = ()
    gone: tuple[Placed, ...] = ()
    come: tuple[Placed, ...] = ()
    inside: tuple[Edit, ...] = ()

    def inverse(self) -> Edit:
        """Return the edit that undoes this one."""
        return Edit(
            self.key,
            tuple(Attribute(a.name, a.new, a.old) for a in self.attributes),
            self.come,
            self.gone,
            tuple(edit.inverse() for edit in self.inside),
        )


@dataclass(frozen=True, slots=True)
class Patch:
    """All that differs between a document at *base* and one at *target* (*root* None: nothing)."""

    base: Version
    target: Version
    root: Edit | None

    def __bool__(self) -> bool:
        return self.root is not None

    def inverse(self) -> Patch:
        """Return the patch that leads back."""
        return Patch(self.target, self.base, self.root.inverse() if self.root else None)

    def to_bytes(self) -> bytes:
        """Return the patch as compact bytes, for the log and the wire."""
        value = [
            _FORMAT,
            _version_json(self.base),
            _version_json(self.target),
            _edit_json(self.root) if self.root else None,
        ]
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> Patch:
        """Return the patch that `to_bytes` wrote; raises `Refused` for anything else."""
        try:
            number, base, target, root = json.loads(text)
            if number != _FORMAT:
                raise ValueError(f"format {number!r}")
            return cls(
                _version_from(base),
                _version_from(target),
                None if root is None else _edit_from(root),
            )
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise _garbled(str(error)) from error

    def summary(self) -> tuple[str, ...]:
        """Return a line for each place that changes: `+`, `-`, `~` or `>` (moved) and its path."""
        return tuple(_tell(self.root, "")) if self.root else ()


def diff(old: Cib, new: Cib) -> Patch:
    """Return what leads from *old* to *new*: `apply(old, diff(old, new)) == new`."""
    root = (
        None
        if old.digest == new.digest
        else _diff_element(keys_of([old.tree])[0], old.tree, new.tree)
    )
    return Patch(old.version, new.version, root)


def apply(cib: Cib, patch: Patch) -> Cib:
    """Return *cib* after *patch*, exactly; raises `Conflict` where it does not fit."""
    return _applied(cib, patch, strict=True)


def rebase(cib: Cib, patch: Patch) -> Cib:
    """Return *cib* with the change that *patch* makes, though it was made from another document.

    What is already so is left; what *patch* changes and *cib* has otherwise raises `Conflict` and
    names the place. The version and the other bookkeeping of *cib* stay.
    """
    return _applied(cib, patch, strict=False)


def rebased(cib: Cib, patch: Patch) -> tuple[Cib, Edit | None]:
    """Return what `rebase` does, and the edit that leads there, if it is *patch*'s own.

    That is None where something was already so, or had to be put elsewhere than *patch* says.
    """
    if patch.root is None:
        return cib, None
    hand = _Hand(str(patch.base), str(cib.version), strict=False)
    root = _without_bookkeeping(patch.root)
    return _edited(cib, root, hand), None if hand.bent else root


def between(old: Cib, new: Cib, edit: Edit | None) -> Patch:
    """Return `diff(old, new)`, where *edit* is known to make all of it but attributes at the root.

    Without such an *edit* the documents are compared.
    """
    if edit is None:
        return diff(old, new)
    attributes = tuple(_diff_attributes(old.attributes, new.attributes))
    whole = Edit(edit.key, attributes, edit.gone, edit.come, edit.inside)
    return Patch(old.version, new.version, whole)


def merge(base: Cib, mine: Cib, theirs: Cib) -> Cib:
    """Return *theirs* with the changes that lead from *base* to *mine*; raises `Conflict`."""
    change = diff(base, mine)
    if theirs == base and change.root is not None:  # nobody else changed it: each place is known
        hand = _Hand(str(base.version), str(theirs.version), strict=True)
        return _edited(theirs, _without_bookkeeping(change.root), hand)
    return rebase(theirs, change)


def _garbled(why: str) -> Refused:
    return Refused([Finding.error("patch-garbled", "patch", f"The patch cannot be read: {why}")])


# --- making ------------------------------------------------------------------------------------


def keys_of(children: Iterable[etree._Element]) -> list[Key]:
    """Return what each of *children*, all of one parent, is known by."""
    seen: dict[tuple[str, str], int] = {}
    keys: list[Key] = []
    for child in children:
        name = (child.tag, child.get("id", ""))
        number = seen.get(name, 0)
        seen[name] = number + 1
        keys.append((name[0], name[1], number))
    return keys


def _diff_element(key: Key, old: etree._Element, new: etree._Element) -> Edit | None:
    """Return the edit between two elements of the same key, or None where nothing differs."""
    attributes = tuple(_diff_attributes(old.attrib, new.attrib))
    gone, come, inside = _diff_children(old, new)
    if not (attributes or gone or come or inside):
        return None
    return Edit(key, attributes, gone, come, inside)


def _diff_attributes(old: Attributes, new: Attributes) -> Iterator[Attribute]:
    before = {str(name): str(value) for name, value in old.items()}
    after = {str(name): str(value) for name, value in new.items()}
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield Attribute(name, before.get(name), after.get(name))


def _diff_children(
    old: etree._Element, new: etree._Element
) -> tuple[tuple[Placed, ...], tuple[Placed, ...], tuple[Edit, ...]]:
    was, now = list(old), list(new)
    old_keys, new_keys = keys_of(was), keys_of(now)
    old_at = {key: n for n, key in enumerate(old_keys)}
    new_at = {key: n for n, key in enumerate(new_keys)}
    inside = tuple(
        edit
        for n, key in enumerate(new_keys)
        if key in old_at and (edit := _diff_child(key, was[old_at[key]], now[n])) is not None
    )
    if old_keys == new_keys:
        return (), (), inside
    moved = _moved([key for key in new_keys if key in old_at], old_at)
    gone = tuple(
        _placed(old_keys, n, None if key in new_at else was[n])
        for n, key in enumerate(old_keys)
        if key not in new_at or key in moved
    )
    come = tuple(
        _placed(new_keys, n, None if key in old_at else now[n])
        for n, key in enumerate(new_keys)
        if key not in old_at or key in moved
    )
    return gone, come, inside


def _diff_child(key: Key, old: etree._Element, new: etree._Element) -> Edit | None:
    if etree.tostring(old) == etree.tostring(new):
        return None  # the common case, and far faster than walking both
    return _diff_element(key, old, new)


def _placed(keys: Sequence[Key], n: int, element: etree._Element | None) -> Placed:
    return Placed(
        keys[n],
        None if element is None else canonical(element).decode(),
        keys[n - 1] if n else None,
        keys[n + 1] if n + 1 < len(keys) else None,
    )


def _moved(common: Sequence[Key], old_at: dict[Key, int]) -> frozenset[Key]:
    """Return the fewest of *common*, in the new order, that must move: all but a longest run."""
    tails: list[int] = []  # the smallest old place in which a run of each length ends
    tail_keys: list[int] = []
    previous: list[int] = []
    for n, key in enumerate(common):
        length = bisect_left(tails, old_at[key])
        previous.append(tail_keys[length - 1] if length else -1)
        if length == len(tails):
            tails.append(old_at[key])
            tail_keys.append(n)
        else:
            tails[length], tail_keys[length] = old_at[key], n
    stay = set()
    n = tail_keys[-1] if tail_keys else -1
    while n >= 0:
        stay.add(common[n])
        n = previous[n]
    return frozenset(key for key in common if key not in stay)


def surely_changes(edit: Edit) -> bool:
    """Return whether a document that *edit* fits is another one after it, by its values alone."""
    for attribute in edit.attributes:
        if attribute.old != attribute.new and attribute.name not in BOOKKEEPING:
            return True
    return any(surely_changes(child) for child in edit.inside)


def sections_of(root: Edit) -> frozenset[str] | None:
    """Return the sections of the configuration in which *root* changes something; None: unknown."""
    touched: set[str] = set()
    for edit in root.inside:
        if edit.key[0] == "configuration":
            touched |= {child.key[0] for child in edit.inside}
            touched |= {placed.key[0] for placed in (*edit.gone, *edit.come)}
    if any(placed.key[0] == "configuration" for placed in (*root.gone, *root.come)):
        return None
    return frozenset(touched)


def edits_inside(root: Edit) -> dict[Place, Edit] | None:
    """Return what *root* does inside of children of sections, if it does no more than that.

    The root's bookkeeping aside. None too where a child has no id that tells it apart.
    """
    if root.gone or root.come or any(a.name not in BOOKKEEPING for a in root.attributes):
        return None
    found: dict[Place, Edit] = {}
    for configuration in root.inside:
        if configuration.key != ("configuration", "", 0) or _is_changed_itself(configuration):
            return None
        for section in configuration.inside:
            tag, name, number = section.key
            if tag not in SECTIONS or name or number or _is_changed_itself(section):
                return None
            for child in section.inside:
                kind, id, number = child.key
                place = (tag, kind, id)
                if not id or number or place in found:
                    return None
                found[place] = child
    return found


def _is_changed_itself(edit: Edit) -> bool:
    return bool(edit.attributes or edit.gone or edit.come)


# --- applying ----------------------------------------------------------------------------------


def _applied(cib: Cib, patch: Patch, *, strict: bool) -> Cib:
    if patch.root is None:
        return cib
    hand = _Hand(str(patch.base), str(cib.version), strict=strict)
    return _edited(cib, patch.root if strict else _without_bookkeeping(patch.root), hand)


def _without_bookkeeping(root: Edit) -> Edit:
    kept = tuple(a for a in root.attributes if a.name not in BOOKKEEPING)
    return Edit(root.key, kept, root.gone, root.come, root.inside)


def _edited(cib: Cib, root: Edit, hand: _Hand) -> Cib:
    try:
        edits = edits_inside(root)
        inside = _edited_inside(cib, root, edits, hand) if edits else None
        if inside is not None:
            return inside
        return cib.edited(lambda tree: hand.edit(tree, root, ""), touches=sections_of(root))
    except ValueError as error:  # names and values that no XML can hold
        raise _garbled(str(error)) from error


def _edited_inside(cib: Cib, root: Edit, edits: dict[Place, Edit], hand: _Hand) -> Cib | None:
    """Return *cib* after *edits*, all of *root*, where only these children need be copied."""
    path = f"/{_name(root.key)}"

    def stamp(element: etree._Element) -> None:
        for attribute in root.attributes:
            hand.set(element, attribute, path)

    def inside(place: Place) -> Rewrite:
        return lambda element: hand.edit(element, edits[place], f"{path}/configuration/{place[0]}")

    stamped = cib.with_root(stamp) if root.attributes else cib
    return stamped.edited_inside({place: inside(place) for place in edits})


@dataclass(slots=True)
class _Hand:
    """Carries out edits on a tree that nobody else holds."""

    base: str
    current: str
    strict: bool
    bent: bool = False
    """Something was not done just as the edit says, and need not be: only where not *strict*."""

    def conflict(self, where: str, what: str) -> Conflict:
        return Conflict(self.base, self.current, f"{where or '/cib'}: {what}")

    def edit(self, element: etree._Element, edit: Edit, path: str) -> None:
        path = f"{path}/{_name(edit.key)}"
        for attribute in edit.attributes:
            self.set(element, attribute, path)
        if not (edit.gone or edit.come or edit.inside):
            return
        if not (edit.gone or edit.come) and len(edit.inside) == 1:
            only = edit.inside[0]
            found = _first(element, only.key)
            if found is not None:
                self.edit(found, only, path)
                return
        children = list(element)
        at: dict[Key, etree._Element] = dict(zip(keys_of(children), children, strict=True))
        for child in edit.inside:
            if child.key not in at:
                raise self.conflict(f"{path}/{_name(child.key)}", "is not there")
            self.edit(at[child.key], child, path)
        if not self.strict:
            self.look_for_moves(at, edit, path)
        for placed in edit.gone:
            if placed.xml is not None:
                self.remove(element, at, placed, path)
        for placed in edit.come:
            self.place(element, at, placed, path)

    def set(self, element: etree._Element, attribute: Attribute, path: str) -> None:
        present = element.get(attribute.name)
        if present == attribute.new and not self.strict:
            self.bent |= present != attribute.old
            return
        if present != attribute.old:
            raise self.conflict(
                f"{path}/@{attribute.name}", f"is {present!r}, and was {attribute.old!r}"
            )
        if attribute.new is None:
            del element.attrib[attribute.name]
        else:
            element.set(attribute.name, attribute.new)

    def remove(
        self, parent: etree._Element, at: dict[Key, etree._Element], placed: Placed, path: str
    ) -> None:
        where = f"{path}/{_name(placed.key)}"
        element = at.pop(placed.key, None)
        if element is None:
            if self.strict:
                raise self.conflict(where, "is not there")
            self.bent = True
            return
        if canonical(element).decode() != placed.xml:
            raise self.conflict(where, "has changed, and should be removed")
        parent.remove(element)

    def place(
        self, parent: etree._Element, at: dict[Key, etree._Element], placed: Placed, path: str
    ) -> None:
        where = f"{path}/{_name(placed.key)}"
        element = at.get(placed.key)
        if placed.xml is None:
            if element is None:
                raise self.conflict(where, "is not there")
        elif element is not None:
            if self.strict or canonical(element).decode() != placed.xml:
                raise self.conflict(where, "is there already, and differs")
            self.bent = True
            return
        else:
            element = parse_element(placed.xml.encode())
            if element.tag != placed.key[0] or element.get("id", "") != placed.key[1]:
                raise self.conflict(where, "the patch contradicts itself")
            at[placed.key] = element
        self.put(parent, element, at, placed, where)

    def put(
        self, parent: etree._Element, element: etree._Element,
        at: dict[Key, etree._Element], placed: Placed, where: str,
    ) -> None:  # fmt: skip
        """Insert *element* where *placed* says; where both neighbours are gone, at the end."""
        after = at.get(placed.after) if placed.after else None
        before = at.get(placed.before) if placed.before else None
        if after is not None and after is not element:
            after.addnext(element)
            return
        self.bent = True  # there is no neighbour to go by, or this is the first: rare enough
        if placed.after is None and (self.strict or before is None):
            parent.insert(0 if self.strict or placed.before else len(parent), element)
        elif self.strict:
            raise self.conflict(where, "the element before it is not there")
        elif before is not None and before is not element:
            before.addprevious(element)
        elif parent.tag in ORDERED and len(parent):
            raise self.conflict(where, "its neighbours are not there")
        else:
            parent.append(element)

    def look_for_moves(self, at: dict[Key, etree._Element], edit: Edit, path: str) -> None:
        """Raise `Conflict` where others also changed the order that this edit changes."""
        if edit.key[0] not in ORDERED:
            return
        order = {key: n for n, key in enumerate(at)}
        come = {placed.key: placed for placed in edit.come}
        for placed in edit.gone:
            was = _follows(order, placed)
            if placed.xml is None and not all(was):
                goal = _follows(order, come[placed.key]) if placed.key in come else []
                if goal and all(goal):
                    continue  # others made the same move
                raise self.conflict(f"{path}/{_name(placed.key)}", "was moved by others")


def _first(parent: etree._Element, key: Key) -> etree._Element | None:
    """Return the child of *parent* that is known by *key*, if it is the first with tag and id.

    Most changes are inside of one child: the others need not be told apart for it.
    """
    tag, id, number = key
    if number:
        return None
    # Compared, as the name of any element would be a pattern for what looks for one.
    return next((each for each in parent if each.tag == tag and each.get("id", "") == id), None)


def _follows(order: dict[Key, int], placed: Placed) -> list[bool]:
    """Return for each known neighbour of *placed* whether it stands on its side in *order*."""
    pairs = ((placed.after, placed.key), (placed.key, placed.before))
    return [
        order[left] < order[right]
        for left, right in pairs
        if left is not None and right is not None and left in order and right in order
    ]


def _name(key: Key) -> str:
    tag, name, number = key
    text = f"{tag}[@id='{name}']" if name else tag
    return f"{text}[{number + 1}]" if number else text


def _tell(edit: Edit, path: str) -> Iterator[str]:
    path = f"{path}/{_name(edit.key)}"
    for attribute in edit.attributes:
        if edit.key[0] != "cib" or attribute.name not in BOOKKEEPING:
            yield f"~ {path}/@{attribute.name}: {attribute.old!r} -> {attribute.new!r}"
    for placed in edit.gone:
        if placed.xml is not None:
            yield f"- {path}/{_name(placed.key)}"
    for placed in edit.come:
        yield f"{'>' if placed.xml is None else '+'} {path}/{_name(placed.key)}"
    for child in edit.inside:
        yield from _tell(child, path)


# --- bytes -------------------------------------------------------------------------------------


def _version_json(version: Version) -> list[int]:
    return [version.admin_epoch, version.epoch, version.num_updates]


def _version_from(value: Any) -> Version:
    numbers = [_is(int, number) for number in value]
    if len(numbers) != 3:
        raise ValueError("a version has three numbers")
    return Version(*numbers)


def _edit_json(edit: Edit) -> list[Any]:
    return [
        list(edit.key),
        [[a.name, a.old, a.new] for a in edit.attributes],
        [_placed_json(placed) for placed in edit.gone],
        [_placed_json(placed) for placed in edit.come],
        [_edit_json(child) for child in edit.inside],
    ]


def _placed_json(placed: Placed) -> list[Any]:
    return [list(placed.key), placed.xml, placed.after, placed.before]


def _edit_from(value: Any) -> Edit:
    key, attributes, gone, come, inside = value
    return Edit(
        _key_from(key),
        tuple(_attribute_from(item) for item in attributes),
        tuple(_placed_from(item) for item in gone),
        tuple(_placed_from(item) for item in come),
        tuple(_edit_from(item) for item in inside),
    )


def _attribute_from(value: Any) -> Attribute:
    name, old, new = value
    return Attribute(
        _is(str, name),
        None if old is None else _is(str, old),
        None if new is None else _is(str, new),
    )


def _placed_from(value: Any) -> Placed:
    key, xml, after, before = value
    return Placed(
        _key_from(key),
        None if xml is None else _is(str, xml),
        None if after is None else _key_from(after),
        None if before is None else _key_from(before),
    )


def _key_from(value: Any) -> Key:
    tag, name, number = value
    return (_is(str, tag), _is(str, name), _is(int, number))


def _is(kind: type[_T], value: Any) -> _T:
    if not isinstance(value, kind):
        raise ValueError(f"{value!r} is no {kind.__name__}")
    return value
