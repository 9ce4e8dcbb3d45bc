"""The log's records and the hard state as bytes, and what is left of them after a crash.

What one write makes durable is a *batch*: a head, records, a tail. Batches follow one another in
segments that were filled with zeros beforehand. A batch that was cut off while it was written was
never acknowledged, and is dropped: it is the last, and some of its bytes are zeros still. Any
other fault means that something acknowledged is lost. The hard state has two slots, written in
turn; each batch names the newest slot it was written after, and each slot the newest batch, so
that neither can fall behind the other unseen.

Both also say which entry was the last that was known to be decided: a batch in a cut behind its own
last entry, which cuts nothing, a slot behind its checksum. Who does not know of it reads past it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Final
from zlib import crc32

from pcsx.lean import dataclass
from pcsx.ring.port import Damage, Entry, EntryKind, HardState, SoloIntent

SEGMENT_BYTES: Final = 16 * 1024 * 1024
SLOT_BYTES: Final = 4096
SECTOR: Final = 512

_MAGIC: Final = b"pcsW"
_TAIL: Final = b"\xa5\x5a\xc3\x3c"
_HEAD: Final = struct.Struct(">4sQQII")
"""Magic, number of the batch, number of the newest slot, length and checksum of the records."""
_CHECK: Final = struct.Struct(">I")
_RECORD: Final = struct.Struct(">IIBQQ")
"""Length of the payload, checksum of all that follows, type, term, index."""
_SLOT: Final = struct.Struct(">4sQQQQQQ")
_SLOT_MAGIC: Final = b"pcsH"
HEAD_BYTES: Final = _HEAD.size + _CHECK.size

_DECIDED: Final = struct.Struct(">QQ")
"""Index and term of an entry."""
_SLOT_END: Final = struct.Struct(">4sQQ")
_SLOT_END_MAGIC: Final = b"pcsD"

_TRUNCATE: Final = 9
_INTENT: Final = 8
_BOOT: Final = struct.Struct(">Q")
_KINDS: Final = {
    EntryKind.NOOP: 1,
    EntryKind.CONFIG: 2,
    EntryKind.JOINT: 3,
    EntryKind.APP: 4,
}
_KIND_OF: Final = {number: kind for kind, number in _KINDS.items()}


@dataclass(frozen=True, slots=True)
class Truncate:
    """The entries from *index* on are gone; the one of *decided* (index, term) is decided."""

    index: int
    decided: tuple[int, int] = (0, 0)


Record = Entry | Truncate | SoloIntent


# --- the hard state -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Slot:
    """The hard state with its *number*; it was written after the batch *batch*.

    *decided* is the index and term of an entry that was decided; it may be in a batch that was to
    follow and is not there.
    """

    number: int
    batch: int
    hard: HardState
    decided: tuple[int, int] = (0, 0)


def slot_bytes(slot: Slot) -> bytes:
    """Return *slot* as its block; it belongs at `slot_offset`."""
    hard = slot.hard
    body = _SLOT.pack(
        _SLOT_MAGIC, slot.number, slot.batch,
        hard.term, hard.voted_for, hard.view_epoch, hard.boot_counter,
    )  # fmt: skip
    end = _SLOT_END.pack(_SLOT_END_MAGIC, *slot.decided)
    whole = body + _CHECK.pack(crc32(body)) + end + _CHECK.pack(crc32(end))
    return whole.ljust(SLOT_BYTES, b"\0")


def slot_offset(number: int) -> int:
    """Return where the slot with this number is written: the two blocks take turns."""
    return number % 2 * SLOT_BYTES


def newest_slot(data: bytes) -> Slot | None:
    """Return the newer of the slots in *data* that are whole, or None."""
    slots = [_slot_at(data, offset) for offset in (0, SLOT_BYTES)]
    return max((slot for slot in slots if slot), key=lambda slot: slot.number, default=None)


def _slot_at(data: bytes, offset: int) -> Slot | None:
    end = offset + _SLOT.size
    if len(data) < end + _CHECK.size:
        return None
    if crc32(data[offset:end]) != _CHECK.unpack_from(data, end)[0]:
        return None
    magic, number, batch, *hard = _SLOT.unpack_from(data, offset)
    if magic != _SLOT_MAGIC or slot_offset(number) != offset:
        return None
    return Slot(number, batch, HardState(*hard), _decided_at(data, end + _CHECK.size))


def _decided_at(data: bytes, offset: int) -> tuple[int, int]:
    """Return what a slot says of decided entries; one of before says nothing."""
    end = offset + _SLOT_END.size
    if len(data) < end + _CHECK.size:
        return (0, 0)
    magic, index, term = _SLOT_END.unpack_from(data, offset)
    sound = crc32(data[offset:end]) == _CHECK.unpack_from(data, end)[0]
    return (index, term) if sound and magic == _SLOT_END_MAGIC else (0, 0)


# --- batches --------------------------------------------------------------------------------------


def record_bytes(record: Record) -> bytes:
    """Return one record."""
    if isinstance(record, Truncate):
        payload = _DECIDED.pack(*record.decided) if record.decided[0] else b""
        rest = struct.pack(">BQQ", _TRUNCATE, 0, record.index) + payload
        return struct.pack(">II", len(payload), crc32(rest)) + rest
    if isinstance(record, SoloIntent):
        by = _BOOT.pack(record.by)
        rest = struct.pack(">BQQ", _INTENT, record.boot, record.target) + by
        return struct.pack(">II", len(by), crc32(rest)) + rest
    rest = struct.pack(">BQQ", _KINDS[record.kind], record.term, record.index) + record.payload
    return struct.pack(">II", len(record.payload), crc32(rest)) + rest


def batch_bytes(number: int, slot: int, records: Iterable[Record]) -> bytes:
    """Return a batch of *records*, written after the slot numbered *slot*."""
    body = b"".join(map(record_bytes, records))
    head = _HEAD.pack(_MAGIC, number, slot, len(body), crc32(body))
    return head + _CHECK.pack(crc32(head)) + body + _TAIL


def _records_of(body: bytes) -> list[Record] | None:
    records: list[Record] = []
    at = 0
    while at < len(body):
        if at + _RECORD.size > len(body):
            return None
        length, checksum, kind, term, index = _RECORD.unpack_from(body, at)
        end = at + _RECORD.size + length
        if end > len(body) or crc32(body[at + 8 : end]) != checksum:
            return None
        if kind == _TRUNCATE:
            known = length >= _DECIDED.size
            decided = _DECIDED.unpack_from(body, at + _RECORD.size) if known else (0, 0)
            records.append(Truncate(index, decided))
        elif kind == _INTENT:
            if length != _BOOT.size:
                return None
            (by,) = _BOOT.unpack_from(body, at + _RECORD.size)
            records.append(SoloIntent(index, term, by))
        elif kind in _KIND_OF:
            payload = body[at + _RECORD.size : end]
            records.append(Entry(index, term, _KIND_OF[kind], payload))
        else:
            return None
        at = end
    return records


@dataclass(frozen=True, slots=True)
class Scan:
    """What one segment holds."""

    batches: tuple[tuple[int, int, tuple[Record, ...]], ...]
    """Each whole batch: its number, the slot it was written after, its records."""
    end: int
    """Where the next batch may be written: behind the last whole one."""
    damage: Damage


def scan(data: bytes) -> Scan:
    """Return the whole batches of a segment from its start, and what ends them."""
    batches: list[tuple[int, int, tuple[Record, ...]]] = []
    at = 0
    while True:
        head = _head_at(data, at)
        if head is None:
            return Scan(tuple(batches), at, _damage_of_head(data, at, _last(batches)))
        number, slot, length, checksum = head
        start = at + HEAD_BYTES
        end = start + length
        body = data[start:end]
        records = _records_of(body) if len(body) == length and crc32(body) == checksum else None
        if records is None:
            return Scan(tuple(batches), at, _damage_of_body(data, at, end, number))
        tail = data[end : end + len(_TAIL)]
        if not all(byte in (0, want) for byte, want in zip(tail, _TAIL, strict=False)):
            return Scan(tuple(batches), at, Damage.AMNESIAC)
        if batches and number != batches[-1][0] + 1:
            return Scan(tuple(batches), at, Damage.AMNESIAC)
        batches.append((number, slot, tuple(records)))
        at = end + len(_TAIL)


def _last(batches: Sequence[tuple[int, int, tuple[Record, ...]]]) -> int:
    return batches[-1][0] if batches else 0


def _head_at(data: bytes, at: int) -> tuple[int, int, int, int] | None:
    end = at + _HEAD.size
    if end + _CHECK.size > len(data):
        return None
    if crc32(data[at:end]) != _CHECK.unpack_from(data, end)[0]:
        return None
    magic, number, slot, length, checksum = _HEAD.unpack_from(data, at)
    return (number, slot, length, checksum) if magic == _MAGIC else None


def _damage_of_head(data: bytes, at: int, last: int) -> Damage:
    """Judge a place where no batch begins: the end, one that was cut off, or a loss."""
    if _is_zero(data[at:]):
        return Damage.CLEAN
    if _has_batch_after(data, at + 1, last):
        return Damage.AMNESIAC
    end = at + HEAD_BYTES
    if _is_zero(data[end:]) or _has_zero_part(data, at, min(end, len(data))):
        return Damage.TORN
    return Damage.AMNESIAC


def _damage_of_body(data: bytes, at: int, end: int, number: int) -> Damage:
    """Judge a batch with a sound head and other records than were written."""
    if _has_batch_after(data, at + 1, number):
        return Damage.AMNESIAC
    tail = data[end : end + len(_TAIL)]
    if end > len(data) or _is_zero(tail) or _has_zero_part(data, at, end):
        return Damage.TORN
    return Damage.AMNESIAC


def _has_batch_after(data: bytes, at: int, number: int) -> bool:
    """Return whether a later batch was begun: what is before it was acknowledged then."""
    while (at := data.find(_MAGIC, at)) >= 0:
        head = _head_at(data, at)
        if head is not None and head[0] > number:
            return True
        at += 1
    return False


def _is_zero(data: bytes) -> bool:
    return data == bytes(len(data))


def _has_zero_part(data: bytes, start: int, end: int) -> bool:
    """Return whether one of the sectors that the bytes lie in has only zeros of them."""
    at = start
    while at < end:
        stop = min(end, at - at % SECTOR + SECTOR)
        if _is_zero(data[at:stop]):
            return True
        at = stop
    return False


# --- the whole log --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Replay:
    """The log that segments hold behind a snapshot."""

    entries: tuple[Entry, ...]
    damage: Damage
    batch: int
    """The number of the last batch."""
    end: int
    """Where in the last segment the next one goes."""
    intents: tuple[SoloIntent, ...] = ()
    decided: tuple[int, int] = (0, 0)
    """The last entry that the batches say is decided, by index and term."""


def replay(segments: Sequence[bytes], *, slot: Slot | None, snapshot: tuple[int, int]) -> Replay:
    """Return the entries after *snapshot* (index, term) that *segments*, in order, add up to."""
    damage, batch, end, newest = Damage.CLEAN, 0, 0, 0
    records: list[Record] = []
    for place, data in enumerate(segments):
        found = scan(data)
        end = found.end
        is_last = place == len(segments) - 1
        if found.damage is not Damage.CLEAN:
            damage = found.damage if is_last else Damage.AMNESIAC
        if found.batches and batch and found.batches[0][0] != batch + 1:
            damage = Damage.AMNESIAC
        for number, after_slot, some in found.batches:
            batch = number
            newest = max(newest, after_slot)
            records += some
        if damage is Damage.AMNESIAC:
            break
    if slot is None or slot.number < newest or batch < slot.batch:
        damage = Damage.AMNESIAC
    intents = tuple(record for record in records if isinstance(record, SoloIntent))
    entries = _add_up(records, *snapshot)
    if damage is Damage.AMNESIAC or entries is None:
        return Replay((), Damage.AMNESIAC, batch, end, intents)
    marks = (record.decided for record in records if isinstance(record, Truncate))
    return Replay(tuple(entries), damage, batch, end, intents, max(marks, default=(0, 0)))


def _add_up(records: Iterable[Record], index: int, term: int) -> list[Entry] | None:
    """Return the entries behind (*index*, *term*), or None where some are missing."""
    entries: list[Entry] = []
    for record in records:
        if isinstance(record, SoloIntent):
            continue
        if isinstance(record, Truncate):
            while entries and entries[-1].index >= record.index:
                entries.pop()
            continue
        last = entries[-1].index if entries else None
        if last is not None and record.index != last + 1:
            if record.index <= last or record.index > index + 1:
                return None
            entries.clear()  # a snapshot came in between
        entries.append(record)
    entries = [entry for entry in entries if entry.index > index]
    if entries and entries[0].index != index + 1:
        return None
    if entries and entries[0].term < term:
        return []  # from before the snapshot that replaced them
    return entries
