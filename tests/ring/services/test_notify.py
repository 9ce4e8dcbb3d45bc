"""Notifications: in order, once, without gap, and resumable."""

from hypothesis import given
from hypothesis import strategies as st

from pcsx.ring.services.notify import Feed, Missed


@given(st.integers(0, 30), st.integers(1, 10), st.integers(0, 30))
def test_whoever_returns_gets_each_event_once_or_the_word_to_look(
    count: int, kept: int, seen: int
) -> None:
    feed: Feed[int] = Feed("life", kept=kept)
    revisions = [feed.revision, *(feed.add(number) for number in range(count))]
    seen = min(seen, count)

    missed = feed.since(revisions[seen])

    if count - seen <= kept:
        assert [event for _, event in missed.events] == list(range(seen, count))
        assert not missed.resync
    else:
        assert missed == Missed((), True)


def test_revisions_of_another_life_and_nonsense_mean_to_look_anew() -> None:
    feed: Feed[int] = Feed("second")
    feed.add(1)

    for revision in ("first:1", "second:2", "second:-1", "second:", "", "x", "second:9" * 9):
        assert feed.since(revision).resync
