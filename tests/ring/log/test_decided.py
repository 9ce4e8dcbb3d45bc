"""Laws of what a disk knows to be decided: a start goes by that, and by nothing more."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcsx.ring.frames import Boot
from pcsx.ring.log.state import State
from pcsx.ring.outbox import Outbox
from pcsx.ring.port import Damage, Entry, EntryKind, HardState, Persist, Recovered, Snapshot
from tests.ring.chaos import storm
from tests.ring.world import World, config_of

CONFIG = config_of(3)


def started(*terms: int, decided: tuple[tuple[int, int], ...], base: int = 10) -> State:
    """Return a log with entries of *terms* behind a snapshot of *base*, in term 1."""
    entries = tuple(
        Entry(index, term, EntryKind.APP, b"") for index, term in enumerate(terms, base + 1)
    )
    snapshot = Snapshot(base, 1, CONFIG, b"")
    recovered = Recovered(HardState(9), snapshot, entries, decided=decided)
    return State(1, Boot(2, 2), recovered, Random(1), Outbox(HardState(9)), lambda _: None)


@given(st.lists(st.integers(1, 3), max_size=6), st.integers(1, 20), st.integers(1, 4))
def test_only_an_entry_of_the_decided_ones_index_and_term_is_gone_by(
    rises: list[int], index: int, term: int
) -> None:
    terms = sorted(rises)
    upto = started(*terms, decided=((index, term),)).decided_before
    same = 11 <= index < 11 + len(terms) and terms[index - 11] == term
    assert upto == (index if same or (index, term) == (10, 1) else 0)


def test_the_newest_word_that_fits_the_log_counts() -> None:
    assert started(1, 1, 1, decided=((11, 1), (12, 1))).decided_before == 12
    assert started(1, 1, 1, decided=((11, 1), (12, 2))).decided_before == 11


def quiet(*, proposals: int = 4, seed: int = 3) -> World:
    """Return three nodes after some decisions, all of them down."""
    world = World(3, seed)
    world.start()
    world.settle()
    world.run(1000)
    leader = world.leader()
    assert leader is not None
    for number in range(proposals):
        world.propose(leader, b"%d" % number)
        world.run(300)
    for node in world.sites:
        world.crash(node)
    return world


def test_a_node_alone_goes_by_what_its_disk_knew_to_be_decided_and_says_that_it_is_behind() -> None:
    world = quiet()
    for node in world.sites:
        world.start(node)
        world.run(500)
        site = world.sites[node]
        # The last one is told to a disk with the write that follows, and none followed.
        assert site.state.endswith(b"|0|1|2"), (node, site.state)
        assert world.leader() is None and not world.machine(node).caught_up
        world.crash(node)


def test_the_last_decision_is_told_to_the_disk_with_the_next_view() -> None:
    world = World(3, 3)
    world.start()
    world.settle()
    world.run(1000)
    leader = world.leader()
    assert leader is not None
    world.propose(leader, b"last")
    world.run(300)
    others = [node for node in world.sites if node != leader]
    world.crash(others[0])
    world.run(10_000, lambda: len(world.machine(others[1])._log._state.members) == 2)
    world.run(200)
    for node in (leader, others[1]):
        world.crash(node)
    world.start(others[1])
    world.run(100)
    assert world.sites[others[1]].state.endswith(b"|last")


def test_what_only_the_leader_has_is_not_gone_by() -> None:
    world = quiet(proposals=1)
    world.start()
    world.settle()
    world.run(1000)
    now_leads = world.leader()
    assert now_leads is not None
    for node in world.sites:
        if node != now_leads:
            world.cut |= {(node, now_leads), (now_leads, node)}
    world.propose(now_leads, b"alone")
    world.run(100)
    assert any(entry.payload == b"alone" for entry in world.sites[now_leads].disk.entries)
    for node in world.sites:
        world.crash(node)
    world.start(now_leads)
    world.run(500)
    assert b"|0" in world.sites[now_leads].state
    assert b"alone" not in world.sites[now_leads].state


def test_who_was_started_has_caught_up_with_all_that_the_leader_knows_to_be_decided() -> None:
    world = World(3, 3, disk_ms=(1, 1))
    world.start()
    world.settle()
    world.run(1000)
    leader = world.leader()
    assert leader is not None
    away = next(node for node in world.sites if node != leader)
    world.crash(away)
    world.run(world.timers.down_ms + 1000)
    for _ in range(200):
        world.propose(leader, b"x")
        world.run(10)
    shown = world.sites[leader].applied
    world.start(away)
    world.run(10_000, lambda: world.machine(away).caught_up)
    assert world.machine(away).caught_up and world.sites[away].applied >= shown


def test_a_log_that_was_lost_shows_nothing() -> None:
    world = quiet()
    world.sites[1].disk.damage = Damage.AMNESIAC
    world.start(1)
    world.run(500)
    assert b"|" not in world.sites[1].state


def test_the_disk_is_never_written_to_for_the_sake_of_it() -> None:
    out = Outbox(HardState(1))
    out.decided = (7, 1)
    assert out.take() == []
    out.append([Entry(8, 1, EntryKind.APP, b"")])
    persists = [effect for effect in out.take() if isinstance(effect, Persist)]
    assert [persist.decided for persist in persists] == [(7, 1)]


@pytest.mark.parametrize("seed", range(700, 712))
def test_in_no_storm_does_a_start_go_by_what_was_not_decided(seed: int) -> None:
    storm(seed, rounds=6)
