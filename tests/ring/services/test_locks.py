"""Locks: one holder at most, tokens that only rise, and nothing given away too early."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pcsx.ring.services.locks import Free, Grant, Locks, Say
from pcsx.ring.services.words import Asked, Freed, Granted, Holding, Over, Process, Standing

A, B, C = Process(1, 1, 10), Process(2, 1, 20), Process(3, 1, 30)


def standing(*locks: Holding, others: tuple[Holding, ...] = ()) -> Standing:
    return Standing(True, (), (), (), locks, others)


def held_by_a() -> Locks:
    locks = Locks(2)
    locks.view_changed([1, 2, 3])
    locks.hear(1, Asked("x", A), (1, 1))
    locks.hear(3, Granted("x", A), (1, 2))
    return locks


def test_a_grant_is_said_once_and_counts_where_it_is_delivered() -> None:
    locks = Locks(1)
    locks.view_changed([1, 2])
    locks.hear(1, Asked("x", A), (1, 1))

    assert locks.arbitrate(may_grant=True, over=()) == [Say(Granted("x", A))]
    assert locks.arbitrate(may_grant=True, over=()) == []
    assert locks.hear(1, Granted("x", A), (1, 2)) == [Grant("x", A, (1, 2))]


def test_a_second_arbiter_gives_no_lock_that_is_held() -> None:
    locks = held_by_a()
    locks.hear(2, Asked("x", B), (1, 3))

    assert locks.hear(2, Granted("x", B), (1, 4)) == []


def test_nothing_is_granted_while_a_missing_voter_may_still_live() -> None:
    locks = Locks(2)
    locks.view_changed([2, 3])
    locks.hear(2, Asked("x", B), (2, 1))

    assert locks.arbitrate(may_grant=False, over=()) == []


def test_what_a_lost_node_held_is_free_once_its_life_is_over() -> None:
    locks = held_by_a()
    locks.hear(2, Asked("x", B), (1, 3))
    locks.view_changed([2, 3])

    assert locks.arbitrate(may_grant=True, over=()) == []
    assert locks.arbitrate(may_grant=True, over=(1,)) == [Say(Over(1))]
    assert locks.hear(3, Over(1), (2, 5)) == [Free("x", A, True)]
    assert locks.arbitrate(may_grant=True, over=(1,)) == [Say(Granted("x", B))]


def test_a_node_that_returns_and_holds_nothing_has_lost_what_it_held() -> None:
    locks = held_by_a()
    locks.view_changed([2, 3])
    locks.view_changed([1, 2, 3])

    assert locks.hear(1, standing(), (3, 1)) == [Free("x", A, True)]


def test_a_newcomer_learns_what_is_held_also_by_those_who_are_lost() -> None:
    locks = Locks(3)
    locks.view_changed([2, 3])
    locks.hear(2, standing(others=(Holding("x", A, 1, 2),)), (2, 1))
    locks.hear(3, Asked("x", C), (2, 2))

    assert locks.arbitrate(may_grant=True, over=()) == []


def test_without_quorum_what_this_node_holds_is_lost() -> None:
    locks = Locks(1)
    locks.view_changed([1, 2, 3])
    locks.hear(1, Asked("x", A), (1, 1))
    locks.hear(2, Granted("x", A), (1, 2))

    assert locks.quorum_lost() == [Free("x", A, True)]


WORDS = st.one_of(
    st.builds(Asked, st.sampled_from("xy"), st.sampled_from((A, B, C))),
    st.builds(Granted, st.sampled_from("xy"), st.sampled_from((A, B, C))),
    st.builds(Freed, st.sampled_from("xy"), st.sampled_from((A, B, C))),
    st.builds(Over, st.sampled_from((1, 2, 3))),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from((1, 2, 3)), WORDS), max_size=40))
def test_equal_words_give_equal_tables_one_holder_and_rising_tokens(
    said: list[tuple[int, Asked | Granted | Freed | Over]],
) -> None:
    tables = [Locks(1), Locks(2)]
    holders: dict[str, Process] = {}
    tokens: dict[str, tuple[int, int]] = {}
    for locks in tables:
        locks.view_changed([1, 2, 3])
    for place, (sender, word) in enumerate(said, 1):
        first, second = (locks.hear(sender, word, (1, place)) for locks in tables)
        assert first == second
        for effect in first:
            if isinstance(effect, Free):
                assert holders.pop(effect.name) == effect.process
            elif isinstance(effect, Grant):
                assert effect.name not in holders
                assert effect.token > tokens.get(effect.name, (0, 0))
                holders[effect.name], tokens[effect.name] = effect.process, effect.token
