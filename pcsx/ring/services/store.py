"""A store of typed values that all members of a view hold: what a node says of itself, and shared.

`view.node.NAME.*` is written by its node alone, so that a merge decides nothing: each node says its
own again. `view.shared.*` is everybody's. When views merge it follows the side that had quorum,
else the lowest node: all say in `Standing` how it stood with them, and once the last has spoken
each member comes to the same choice. What is written until then counts after it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Final

from pcsx.lean import dataclass
from pcsx.ring.services.words import Standing, Written

NODE: Final = "view.node."
SHARED: Final = "view.shared."
KEY_MAX: Final = 255
VALUE_MAX: Final = 64 << 10
SHARED_MAX: Final = 256 << 10
"""How many bytes the keys and values of one owner may have together: they go into `Standing`."""
_KEY: Final = re.compile(r"[A-Za-z0-9_./:-]+")


class Kind(StrEnum):
    """What type a value has."""

    I8 = "i8"
    U8 = "u8"
    I16 = "i16"
    U16 = "u16"
    I32 = "i32"
    U32 = "u32"
    I64 = "i64"
    U64 = "u64"
    FLOAT = "float"
    DOUBLE = "double"
    STRING = "str"
    BYTES = "bytes"


def fault_of(key: str, kind: str, value: str) -> str:
    """Return what is wrong with an entry, in words, or nothing.

    Numbers are written in decimal, bytes in hexadecimal.
    """
    if len(key) > KEY_MAX or not _KEY.fullmatch(key):
        return f"{key!r:.40} is no key: up to {KEY_MAX} letters, digits and _./:-"
    if kind not in tuple(Kind):
        return f"there is no type {kind!r}: {', '.join(Kind)}"
    if len(value) > VALUE_MAX:
        return f"a value has up to {VALUE_MAX} characters, not {len(value)}"
    if not key.removeprefix(SHARED):
        return f"{key} has no name behind it"
    return "" if _fits(Kind(kind), value) else f"{value!r:.40} is no {kind}"


def _fits(kind: Kind, value: str) -> bool:
    try:
        match kind:
            case Kind.STRING:
                return True
            case Kind.BYTES:
                return bytes.fromhex(value).hex() == value.lower()
            case Kind.FLOAT:
                struct.pack(">f", float(value))
            case Kind.DOUBLE:
                float(value)
            case _:
                bits, signed = int(kind[1:]), kind.startswith("i")
                low = -(1 << bits - 1) if signed else 0
                return low <= int(value) < low + (1 << bits)
    except (ValueError, OverflowError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Entry:
    """The key *key* is *value* now, of type *kind*; an empty *kind*: it is gone."""

    key: str
    kind: str
    value: str


StoreEffect = Entry
Triple = tuple[str, str, str]


class Store:
    """All entries of the view plane; *name* of a node tells which keys are its own."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[str, str]] = {}
        self._awaited: set[int] = set()
        """Members of the view that have not said how they stand."""
        self._sides: dict[int, Standing] = {}
        self._held_back: list[Written] = []

    def get(self, prefix: str = "") -> list[Entry]:
        """Return the entries whose keys begin with *prefix*, sorted."""
        return [
            Entry(key, *self._entries[key])
            for key in sorted(self._entries)
            if key.startswith(prefix)
        ]

    def triples(self, prefix: str) -> tuple[Triple, ...]:
        """Return the entries under *prefix* as `Standing` has them."""
        return tuple((entry.key, entry.kind, entry.value) for entry in self.get(prefix))

    def has_room(self, prefix: str, key: str, value: str) -> bool:
        """Return whether *key*, of the owner of *prefix*, may become *value*: see `SHARED_MAX`."""
        others = (
            _size(name, held)
            for name, (_, held) in self._entries.items()
            if name != key and name.startswith(prefix)
        )
        return _size(key, value) + sum(others) <= SHARED_MAX

    def holds(self, word: Written) -> bool:
        """Return whether *word* has come true, or may still once all have said how they stand."""
        if self._awaited and word.key.startswith(SHARED):
            return True
        return self._entries.get(word.key) == ((word.kind, word.value) if word.kind else None)

    def view_changed(self, nodes: Collection[int], names: Iterable[str]) -> list[StoreEffect]:
        """Forget what nodes said of themselves that are not in the view; *names* are those in it.

        From now on all members are awaited to say how the shared part stood with them.
        """
        kept = tuple(f"{NODE}{name}." for name in names)
        gone = [
            key
            for key in sorted(self._entries)
            if key.startswith(NODE) and not key.startswith(kept)
        ]
        self._awaited, self._sides = set(nodes), {}
        return [self._put(key, "", "") for key in gone]

    def hear(self, sender: int, name: str, word: Written | Standing) -> list[StoreEffect]:
        """Take an ordered message of *sender*, whose node is called *name*."""
        if isinstance(word, Standing):
            return self._stand(sender, name, word)
        if word.key.startswith(NODE):
            own = f"{NODE}{name}."
            return self._write(word, own) if word.key.startswith(own) else []
        if not word.key.startswith(SHARED):
            return []
        if self._awaited:
            self._held_back.append(word)
            return []
        return self._write(word, SHARED)

    def _stand(self, sender: int, name: str, said: Standing) -> list[StoreEffect]:
        prefix = f"{NODE}{name}."
        own = tuple(triple for triple in said.own if triple[0].startswith(prefix))
        effects = self._become(prefix, own)
        if sender in self._awaited:
            self._awaited.discard(sender)
            self._sides[sender] = said
            if not self._awaited:
                effects += self._merge()
        return effects

    def _merge(self) -> list[StoreEffect]:
        """Take over the shared part of the side that counts, then what was written meanwhile."""
        best = min(self._sides, key=lambda node: (not self._sides[node].quorate, node))
        shared = tuple(
            triple for triple in self._sides[best].shared if triple[0].startswith(SHARED)
        )
        effects = self._become(SHARED, shared)
        self._sides = {}
        late, self._held_back = self._held_back, []
        for word in late:
            effects += self._write(word, SHARED)
        return effects

    def _become(self, prefix: str, triples: tuple[Triple, ...]) -> list[StoreEffect]:
        wanted = {key: (kind, value) for key, kind, value in triples}
        gone = [entry.key for entry in self.get(prefix) if entry.key not in wanted]
        effects = [self._put(key, "", "") for key in gone]
        for key, (kind, value) in sorted(wanted.items()):
            if self._entries.get(key) != (kind, value):
                effects.append(self._put(key, kind, value))
        return effects

    def _write(self, word: Written, prefix: str) -> list[StoreEffect]:
        now_is = self._entries.get(word.key)
        wanted = (word.kind, word.value) if word.kind else None
        # Several may have found room at once: who comes too late finds none, on all nodes alike.
        if now_is == wanted or (wanted and not self.has_room(prefix, word.key, word.value)):
            return []
        return [self._put(word.key, word.kind, word.value)]

    def _put(self, key: str, kind: str, value: str) -> Entry:
        if kind:
            self._entries[key] = (kind, value)
        else:
            self._entries.pop(key, None)
        return Entry(key, kind, value)


def _size(key: str, value: str) -> int:
    return len(key) + len(value.encode(errors="replace"))
