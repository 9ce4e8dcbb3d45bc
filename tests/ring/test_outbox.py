"""Laws of what leaves a step: the disk first, and what depends on it after its answer."""

from __future__ import annotations

import pytest

from pcsx.ring.messages import Direct
from pcsx.ring.outbox import Outbox
from pcsx.ring.port import Entry, EntryKind, HardState, Note, Persist, Say

ENTRY = Entry(2, 1, EntryKind.APP, b"x")


def test_what_depends_on_the_disk_leaves_after_its_ticket_has_returned() -> None:
    out = Outbox(HardState())
    out.remember(term=3)
    out.append([ENTRY])
    out.send_durable((2,), Direct(b"promise"))
    out.emit(Note("log", "now"))
    assert out.take() == [Persist(1, HardState(3), 0, (ENTRY,), None), Note("log", "now")]
    (durable,) = out.persisted(1)
    assert (durable.hard.term, durable.last_index, durable.last_term) == (3, 2, 1)
    assert [type(effect) for effect in out.take()] == [Say]


def test_what_depends_on_an_earlier_write_waits_for_it_too() -> None:
    out = Outbox(HardState())
    out.remember(term=3)
    out.take()
    out.send_durable((2,), Direct(b"later"))
    assert out.take() == []
    out.persisted(1)
    assert [type(effect) for effect in out.take()] == [Say]


def test_without_a_write_under_way_nothing_waits() -> None:
    out = Outbox(HardState())
    out.send_durable((2,), Direct(b"now"))
    assert [type(effect) for effect in out.take()] == [Say]


def test_nothing_that_waited_leaves_after_the_disk_failed() -> None:
    out = Outbox(HardState())
    out.remember(term=3)
    out.send_durable((2,), Direct(b"never"))
    out.take()
    out.fail()
    out.remember(term=4)
    out.send_durable((2,), Direct(b"never"))
    assert out.take() == [] and out.in_flight == 0


def test_what_is_remembered_never_falls_and_a_vote_stays_in_its_term() -> None:
    out = Outbox(HardState(term=5, voted_for=2, view_epoch=4))
    for wrong in ({"term": 4}, {"view_epoch": 3}, {"voted_for": 3}):
        with pytest.raises(AssertionError):
            out.remember(**wrong)
    out.remember(term=6, voted_for=0)
    assert out.hard == HardState(6, 0, 4)


def test_what_is_known_already_is_not_written_again() -> None:
    out = Outbox(HardState(term=5))
    out.remember(term=5)
    assert out.take() == []


def test_a_message_to_nobody_is_not_sent() -> None:
    out = Outbox(HardState())
    out.send((), Direct(b"nobody"))
    assert out.take() == []
