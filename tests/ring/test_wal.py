"""Laws of the log's bytes: what a crash may do to them is cut off, any other fault is seen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pcsx.ring import wal
from pcsx.ring.port import Damage, Entry, EntryKind, HardState, SoloIntent

payloads = st.binary(max_size=1200).map(lambda data: bytes(byte or 1 for byte in data))
batches = st.lists(st.lists(payloads, min_size=1, max_size=4), min_size=1, max_size=6)
SLOT = wal.Slot(3, 0, HardState(2, 1, 5, 9))


def segment(groups: list[list[bytes]], *, first: int = 2) -> tuple[bytes, list[int]]:
    """Return the bytes of one batch a group, and where each ends."""
    data, ends, index = b"", [], first
    for number, group in enumerate(groups, 1):
        entries = []
        for payload in group:
            entries.append(Entry(index, 2, EntryKind.APP, payload))
            index += 1
        data += wal.batch_bytes(number, 3, entries)
        ends.append(len(data))
    return data, ends


def replayed(data: bytes, *, slot: wal.Slot | None = SLOT) -> wal.Replay:
    return wal.replay([data.ljust(64 * 1024, b"\0")], slot=slot, snapshot=(1, 0))


def payloads_of(replay: wal.Replay) -> list[bytes]:
    return [entry.payload for entry in replay.entries]


@given(batches)
def test_what_was_written_is_read_again(groups: list[list[bytes]]) -> None:
    found = replayed(segment(groups)[0])
    assert found.damage is Damage.CLEAN
    assert payloads_of(found) == [payload for group in groups for payload in group]
    assert found.end == segment(groups)[1][-1]


@given(batches, st.data())
def test_any_torn_tail_leaves_all_batches_before_it(
    groups: list[list[bytes]], data: st.DataObject
) -> None:
    whole, ends = segment(groups)
    start = ends[-2] if len(ends) > 1 else 0
    cut = data.draw(st.integers(start, len(whole)))
    found = replayed(whole[:cut])
    before = [payload for group in groups[:-1] for payload in group]
    assert found.damage in (Damage.CLEAN, Damage.TORN)
    assert payloads_of(found) in (before, before + groups[-1])
    if cut < ends[-1] - 4:
        assert payloads_of(found) == before


@given(batches, st.data())
def test_sectors_of_the_last_batch_that_never_came_leave_all_batches_before_it(
    groups: list[list[bytes]], data: st.DataObject
) -> None:
    whole, ends = segment(groups)
    start = ends[-2] if len(ends) > 1 else 0
    torn = bytearray(whole)
    sectors = range(start // wal.SECTOR, (len(whole) - 1) // wal.SECTOR + 1)
    lost = data.draw(st.sets(st.sampled_from(sectors), min_size=1))
    for sector in lost:
        first, last = max(start, sector * wal.SECTOR), (sector + 1) * wal.SECTOR
        torn[first : min(last, len(torn))] = bytes(max(0, min(last, len(torn)) - first))
    found = replayed(bytes(torn))
    before = [payload for group in groups[:-1] for payload in group]
    assert found.damage in (Damage.CLEAN, Damage.TORN)
    assert payloads_of(found) in (before, before + groups[-1])


@given(batches, st.data())
def test_any_flipped_byte_of_what_was_acknowledged_makes_an_amnesiac_or_changes_nothing(
    groups: list[list[bytes]], data: st.DataObject
) -> None:
    whole, _ = segment(groups)
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[at] ^= data.draw(st.integers(1, 255))
    found = replayed(bytes(flipped))
    if found.damage is Damage.AMNESIAC:
        assert found.entries == ()
    else:  # only a tail's byte that became zero: the records before it are whole
        assert payloads_of(found) == [payload for group in groups for payload in group]


def test_a_flipped_byte_in_a_batch_that_others_follow_makes_an_amnesiac() -> None:
    whole, ends = segment([[b"one"], [b"two"], [b"three"]])
    for at in range(ends[1] - 4):
        flipped = bytearray(whole)
        flipped[at] ^= 0xFF
        assert replayed(bytes(flipped)).damage is Damage.AMNESIAC, at


def test_a_batch_that_is_missing_in_the_middle_makes_an_amnesiac() -> None:
    one = wal.batch_bytes(1, 0, [Entry(2, 1, EntryKind.APP, b"one")])
    three = wal.batch_bytes(3, 0, [Entry(3, 1, EntryKind.APP, b"three")])
    assert replayed(one + three).damage is Damage.AMNESIAC
    two_segments = [one.ljust(9999, b"\0"), three.ljust(9999, b"\0")]
    assert wal.replay(two_segments, slot=SLOT, snapshot=(1, 0)).damage is Damage.AMNESIAC


def test_a_log_that_ends_before_the_hard_state_was_written_makes_an_amnesiac() -> None:
    whole, _ = segment([[b"one"]])
    assert replayed(whole, slot=wal.Slot(3, 1, HardState())).damage is Damage.CLEAN
    assert replayed(whole, slot=wal.Slot(3, 2, HardState())).damage is Damage.AMNESIAC


def test_a_hard_state_older_than_the_log_has_seen_makes_an_amnesiac() -> None:
    whole, _ = segment([[b"one"]])
    assert replayed(whole, slot=wal.Slot(2, 0, HardState())).damage is Damage.AMNESIAC
    assert replayed(whole, slot=None).damage is Damage.AMNESIAC


def test_a_truncation_takes_back_what_was_appended_before_it() -> None:
    first = [Entry(n, 1, EntryKind.APP, b"old") for n in (2, 3, 4)]
    second: list[wal.Record] = [wal.Truncate(3), Entry(3, 2, EntryKind.NOOP, b"")]
    data = wal.batch_bytes(1, 0, first) + wal.batch_bytes(2, 0, second)
    assert [(e.index, e.term) for e in replayed(data).entries] == [(2, 1), (3, 2)]


def test_entries_that_a_snapshot_replaced_are_left_out_and_a_gap_behind_it_is_a_loss() -> None:
    data = wal.batch_bytes(1, 0, [Entry(n, 1, EntryKind.APP, b"x") for n in (2, 3)])
    data += wal.batch_bytes(2, 0, [Entry(10, 3, EntryKind.APP, b"y")])
    segments = [data.ljust(9999, b"\0")]
    behind = wal.replay(segments, slot=SLOT, snapshot=(9, 2))
    assert [entry.index for entry in behind.entries] == [10]
    assert wal.replay(segments, slot=SLOT, snapshot=(5, 2)).damage is Damage.AMNESIAC


def test_each_kind_of_entry_keeps_its_kind() -> None:
    entries = [Entry(n, 7, kind, bytes([n])) for n, kind in enumerate(EntryKind, 2)]
    assert replayed(wal.batch_bytes(1, 0, entries)).entries == tuple(entries)


hards = st.builds(HardState, *[st.integers(0, 2**63)] * 4)


@given(hards, hards)
def test_a_torn_slot_leaves_the_other(old: HardState, new: HardState) -> None:
    file = bytearray(2 * wal.SLOT_BYTES)
    for slot in (wal.Slot(6, 1, old), wal.Slot(7, 2, new)):
        block = wal.slot_bytes(slot)
        assert len(block) == wal.SLOT_BYTES
        offset = wal.slot_offset(slot.number)
        file[offset : offset + wal.SLOT_BYTES] = block
    assert wal.newest_slot(bytes(file)) == wal.Slot(7, 2, new)
    file[wal.slot_offset(7) + 9] ^= 1
    assert wal.newest_slot(bytes(file)) == wal.Slot(6, 1, old)
    file[wal.slot_offset(6) + 9] ^= 1
    assert wal.newest_slot(bytes(file)) is None


@given(st.binary(max_size=3000))
def test_arbitrary_bytes_are_never_a_traceback(data: bytes) -> None:
    assert wal.scan(data).end <= len(data)
    wal.newest_slot(data)


def test_a_fencing_that_was_meant_is_on_record_and_no_entry_of_the_log() -> None:
    intent = SoloIntent(target=2, boot=7, by=4)
    records = [Entry(2, 2, EntryKind.APP, b"a"), intent, Entry(3, 2, EntryKind.APP, b"b")]
    found = replayed(wal.batch_bytes(1, 3, records))
    assert found.intents == (intent,) and payloads_of(found) == [b"a", b"b"]
    alone = replayed(wal.batch_bytes(1, 3, [intent]))
    assert alone.intents == (intent,) and alone.entries == () and alone.damage is Damage.CLEAN


marked = st.lists(st.tuples(payloads, st.booleans()), min_size=1, max_size=6)


@given(marked, st.data())
def test_what_is_decided_is_told_by_whole_batches_alone_and_cuts_nothing(
    groups: list[tuple[bytes, bool]], data: st.DataObject
) -> None:
    whole, ends = b"", [0]
    for number, (payload, tells) in enumerate(groups, 1):
        records: list[wal.Record] = [Entry(number + 1, 2, EntryKind.APP, payload)]
        if tells:
            records.append(wal.Truncate(number + 2, (number, 2)))
        whole += wal.batch_bytes(number, 3, records)
        ends.append(len(whole))
    cut = data.draw(st.integers(ends[-2], len(whole)))
    found = replayed(whole[:cut])
    assert payloads_of(found) in ([p for p, _ in groups], [p for p, _ in groups[:-1]])
    told = [number for number, (_, tells) in enumerate(groups, 1) if tells]
    held = [number for number in told if number <= len(found.entries)]
    assert found.decided == ((held[-1], 2) if held else (0, 0))


def test_a_slot_of_before_says_nothing_of_what_is_decided_and_a_damaged_word_is_none() -> None:
    slot = wal.Slot(6, 1, HardState(3, 2, 5, 9), (40, 3))
    block = wal.slot_bytes(slot)
    assert wal.newest_slot(block) == slot
    words = len(wal.slot_bytes(wal.Slot(6, 1, HardState(3, 2, 5, 9))).rstrip(b"\0"))
    old = slot.__class__(6, 1, slot.hard)
    body = 4 + 6 * 8 + 4
    assert wal.newest_slot(block[:body].ljust(wal.SLOT_BYTES, b"\0")) == old
    for at in range(body, words):
        flipped = bytearray(block)
        flipped[at] ^= 0x10
        assert wal.newest_slot(bytes(flipped)) == old
