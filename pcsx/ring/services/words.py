"""What members say to each other for the services' sake, as ordered messages, and its bytes.

Each member says its `Standing` first in every view, whole; what follows are changes. So every
member comes to hold the same tables without asking anybody.
"""

from __future__ import annotations

import struct
from typing import Final

from pcsx.lean import dataclass
from pcsx.ring.codec import Codec, Malformed


@dataclass(frozen=True, slots=True, order=True)
class Process:
    """One client of the node *node*: *key* tells it apart from all others of that node's life."""

    node: int
    key: int
    pid: int


@dataclass(frozen=True, slots=True)
class Entered:
    """*process* joins *group*."""

    group: str
    process: Process


@dataclass(frozen=True, slots=True)
class Exited:
    """*process* leaves *group*; *died*: it went away without a word."""

    group: str
    process: Process
    died: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """A process of the sender, by its *key*, says *payload* to *group*.

    *ticket* is its node's, to know it again.
    """

    group: str
    key: int
    payload: bytes
    ticket: int


@dataclass(frozen=True, slots=True)
class Written:
    """The key *key* of the store is *value* from now on; an empty *kind* takes it away."""

    key: str
    kind: str
    value: str
    ticket: int


@dataclass(frozen=True, slots=True)
class Asked:
    """*process* wants the lock *name*, and waits for it in the order of these messages."""

    name: str
    process: Process


@dataclass(frozen=True, slots=True)
class Granted:
    """The arbiter gives the lock *name* to *process*, if it is still free and still wanted."""

    name: str
    process: Process


@dataclass(frozen=True, slots=True)
class Freed:
    """*process* gives the lock *name* back, or does not want it any more."""

    name: str
    process: Process


@dataclass(frozen=True, slots=True)
class Over:
    """The arbiter says that what *node* held is free: its life is over, on record."""

    node: int


@dataclass(frozen=True, slots=True)
class Holding:
    """A lock that a process of the sender's holds, with its fencing token; or waits for (0, 0)."""

    name: str
    process: Process
    epoch: int
    place: int


@dataclass(frozen=True, slots=True)
class Standing:
    """All that the sender's own clients have, and its copy of what is shared."""

    quorate: bool
    """Whether the sender had quorum in the view that it comes from."""
    groups: tuple[tuple[str, Process], ...]
    own: tuple[tuple[str, str, str], ...]
    """(key, kind, value) of `view.node.NAME.*`, which it alone writes."""
    shared: tuple[tuple[str, str, str], ...]
    """(key, kind, value) of `view.shared.*`, as it stood there."""
    locks: tuple[Holding, ...]
    """What its own clients hold and wait for."""
    others: tuple[Holding, ...]
    """What clients of nodes that are not in this view held when they were lost."""


Word = Entered | Exited | Sent | Written | Asked | Granted | Freed | Over | Standing

_CODEC: Final[Codec[Word]] = Codec(
    1,
    {
        1: Standing, 2: Entered, 3: Exited, 5: Written, 6: Asked, 7: Granted, 8: Freed, 9: Over,
    },
)  # fmt: skip

_SENT_MARK: Final = b"\x02"
"""How a `Sent` begins, of which there are so many that its fields have fixed places."""
_SENT_HEAD: Final = struct.Struct(">cQQB")
"""The mark, the key of who says it, its node's ticket, how long the group's name is."""


def is_sent(data: bytes) -> bool:
    """Return whether *data* are bytes of a `Sent`, if of any word."""
    return data.startswith(_SENT_MARK)


def encode(word: Word) -> bytes:
    """Return *word* as bytes."""
    if word.__class__ is Sent:
        group = word.group.encode()
        head = _SENT_HEAD.pack(_SENT_MARK, word.key, word.ticket, len(group))
        return b"".join((head, group, word.payload))
    return _CODEC.encode(word)


def decode(data: bytes) -> Word:
    """Return the word that *data* spells, or raise `codec.Malformed`."""
    if is_sent(data):
        return _sent(data)
    return _CODEC.decode(data)


def _sent(data: bytes) -> Sent:
    try:
        _, key, ticket, length = _SENT_HEAD.unpack_from(data)
        end = _SENT_HEAD.size + length
        group = data[_SENT_HEAD.size : end].decode()
    except (struct.error, UnicodeDecodeError) as error:
        raise Malformed(f"no message to a group: {error}") from None
    if end > len(data):
        raise Malformed("a group's name is cut short")
    return Sent(group, key, data[end:], ticket)
