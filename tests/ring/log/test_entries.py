"""Laws of the log in memory."""

from __future__ import annotations

import pytest

from pcsx.ring.log.entries import Entries, joint_of, joint_payload
from pcsx.ring.port import Entry, EntryKind
from pcsx.ring.quorum import Voters
from tests.ring.world import config_of

ONE, TWO = config_of(1), config_of(2)


def app(*places: tuple[int, int]) -> list[Entry]:
    return [Entry(index, term, EntryKind.APP, b"xx") for index, term in places]


def filled() -> Entries:
    entries = Entries(1, 0, ONE)
    entries.append(app((2, 1), (3, 1), (4, 2)))
    return entries


def test_the_last_entry_and_the_terms_are_known() -> None:
    entries = filled()
    assert (entries.last_index, entries.last_term) == (4, 2)
    assert [entries.term_at(n) for n in (0, 1, 2, 4, 5)] == [None, 0, 1, 2, None]
    assert entries.first_of_term(3) == 2


def test_a_gap_is_never_appended() -> None:
    with pytest.raises(AssertionError):
        filled().append(app((6, 2)))


def test_truncation_takes_back_who_counts() -> None:
    entries = filled()
    entries.append([Entry(5, 2, EntryKind.JOINT, joint_payload(ONE, TWO))])
    assert entries.voters == Voters(ONE, TWO) and entries.voters_index == 5
    entries.append([Entry(6, 2, EntryKind.CONFIG, TWO.to_bytes())])
    assert entries.voters == Voters(TWO)
    assert entries.voters_at(5) == Voters(ONE, TWO) and entries.voters_at(4) == Voters(ONE)
    entries.truncate(5)
    assert entries.voters == Voters(ONE) and entries.last_index == 4


def test_compaction_keeps_what_follows_and_who_counts() -> None:
    entries = filled()
    entries.append([Entry(5, 2, EntryKind.CONFIG, TWO.to_bytes())])
    entries.compact(5)
    assert (entries.base_index, entries.base_term, entries.last_index) == (5, 2, 5)
    assert entries.voters == Voters(TWO)
    entries.append(app((6, 3)))
    assert [e.index for e in entries.since(6, count_max=9, bytes_max=99)] == [6]


def test_a_batch_is_bounded_by_count_and_bytes_and_never_empty() -> None:
    entries = filled()
    assert len(entries.since(2, count_max=2, bytes_max=99)) == 2
    assert len(entries.since(2, count_max=9, bytes_max=3)) == 1
    assert len(entries.since(2, count_max=9, bytes_max=1)) == 1


def test_a_joint_entry_holds_both_configurations() -> None:
    assert joint_of(joint_payload(ONE, TWO)) == Voters(ONE, TWO)
