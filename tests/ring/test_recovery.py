"""Laws of where an old view ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pcsx.ring.messages import NO_VIEW, Copy, Cut, Flush
from pcsx.ring.port import ViewId
from pcsx.ring.recovery import copies_of, cuts_of

NEW, OLD = ViewId(9, 1), ViewId(4, 1)


def flush(upto: int, *have: tuple[int, int], stable: int = 0, old: ViewId = OLD) -> Flush:
    return Flush(NEW, old, upto, stable, have or (((1, upto),) if upto else ()))


def test_nothing_is_copied_where_all_hold_the_same() -> None:
    flushes = {1: flush(5), 2: flush(5)}
    cuts = cuts_of(flushes)
    assert cuts == (Cut(OLD, 5, 0, (1, 2)),)
    assert copies_of(flushes, cuts) == ()


def test_the_cut_is_before_the_first_message_that_nobody_holds() -> None:
    flushes = {1: flush(3, (1, 3), (5, 6)), 2: flush(2, (1, 2), (7, 7))}
    cuts = cuts_of(flushes)
    assert [cut.upto for cut in cuts] == [3]
    assert copies_of(flushes, cuts) == (Copy(OLD, 1, 3, 3),)


def test_holes_are_filled_from_whoever_holds_the_message() -> None:
    flushes = {1: flush(2, (1, 2), (4, 4)), 2: flush(1, (1, 1), (3, 3)), 3: flush(0, (2, 2))}
    cuts = cuts_of(flushes)
    assert cuts[0].upto == 4
    assert copies_of(flushes, cuts) == (Copy(OLD, 1, 1, 2), Copy(OLD, 2, 3, 3), Copy(OLD, 1, 4, 4))


def test_each_old_view_ends_for_itself_and_newcomers_come_from_none() -> None:
    other = ViewId(5, 2)
    flushes = {1: flush(2), 2: flush(7, old=other, stable=6), 3: flush(0, old=NO_VIEW)}
    assert cuts_of(flushes) == (Cut(OLD, 2, 0, (1,)), Cut(other, 7, 6, (2,)))


held = st.sets(st.integers(1, 12))


@given(st.lists(held, min_size=1, max_size=4))
def test_with_its_copies_every_member_has_all_up_to_the_cut(nodes: list[set[int]]) -> None:
    flushes = {}
    for node, places in enumerate(nodes, 1):
        upto = 0
        while upto + 1 in places:
            upto += 1
        ranges = tuple((place, place) for place in sorted(places))
        flushes[node] = Flush(NEW, OLD, upto, 0, ranges)
    cuts = cuts_of(flushes)
    everything = set().union(*nodes)
    assert cuts[0].upto + 1 not in everything
    copied = {
        place for copy in copies_of(flushes, cuts) for place in range(copy.first, copy.last + 1)
    }
    for copy in copies_of(flushes, cuts):
        assert set(range(copy.first, copy.last + 1)) <= nodes[copy.holder - 1]
    for places in nodes:
        assert set(range(1, cuts[0].upto + 1)) <= places | copied
