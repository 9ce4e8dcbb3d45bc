"""The checkers are checked: rules broken on purpose, each caught by a directed schedule.

Each law runs a schedule with the honest rule, which must hold, and with one of RING.md's broken
variants, which the world's judge must catch: random walks are too weak for some of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pcsx.ring.log import alone, reconfiguring
from pcsx.ring.log.alone import Alone
from pcsx.ring.log.raft import Log
from tests.ring.chaos import heal, rest
from tests.ring.world import World, config_of

Breaks = Callable[[pytest.MonkeyPatch], None]


def settled(world: World) -> World:
    world.start()
    world.settle()
    world.run(1000)
    return world


def commit(world: World, node: int, payload: bytes) -> bool:
    """Have *node* decide *payload*; return whether it was acknowledged."""
    ticket = world.propose(node, payload)
    world.run(300)
    answer = world.sites[node].proposed.get(ticket)
    return answer is not None and answer.index > 0


def go_alone(world: World, node: int) -> bool:
    """Let *node* go on by the proof that it wants, if it wants any."""
    target = world.machine(node).solo_target
    if target is None:
        return False
    if world.sites[target[0]].machine is not None:
        world.crash(target[0])
    world.prove(node, *target)
    world.run(200)
    return True


def down(world: World) -> None:
    world.run(world.timers.down_ms + 500)


# --- the variants ---------------------------------------------------------------------------------


def unbound(patch: pytest.MonkeyPatch) -> None:
    """The proof is not bound to the target's boot."""
    honest = Alone.go_on

    def careless(self: Alone, ticket: int, node: int, boot: int, fact: bytes, now: object) -> None:
        bound = self.subject[1] if self.subject is not None else boot
        honest(self, ticket, node, bound, fact, now)  # type: ignore[arg-type]

    patch.setattr(Alone, "go_on", careless)


def nowfa(patch: pytest.MonkeyPatch) -> None:
    """A life counts for both from its start."""
    patch.setattr(alone, "is_admitted", lambda *_: True)


def contact(patch: pytest.MonkeyPatch) -> None:
    """A life counts for both once it has been in a view with the other."""
    honest = Log.view_changed

    def view_changed(self: Log, members: object, now: object) -> None:
        honest(self, members, now)  # type: ignore[arg-type]
        met = self._state.__dict__
        met["met"] = met.get("met") or len(self._state.members) > 1

    def subject(self: Alone) -> tuple[int, int] | None:
        partner = self.partner
        if not partner or not self._state.__dict__.get("met"):
            return None
        return partner, self._state.voters.newest.node(partner).boot

    patch.setattr(Log, "view_changed", view_changed)
    patch.setattr(Alone, "subject", property(subject))


def onestep(patch: pytest.MonkeyPatch) -> None:
    """Voters are changed in one step."""
    patch.setattr(reconfiguring, "is_voters_change", lambda *_: False)


def forgetful(patch: pytest.MonkeyPatch) -> None:
    """A voter that has just started votes at once."""
    honest = Log.begin

    def begin(self: Log, now: object) -> None:
        honest(self, now)  # type: ignore[arg-type]
        self._state.promises.start_bound_ms = 0

    patch.setattr(Log, "begin", begin)


# --- the schedules --------------------------------------------------------------------------------


def late_confirmation() -> None:
    """A confirmation comes when the target lives again, and was counted in again."""
    world = settled(World(2, 5))
    life = world.sites[2].boot.counter
    world.crash(2)
    down(world)
    world.start(2)
    world.settle()
    world.run(1000)
    world.cut |= {(1, 2), (2, 1)}
    down(world)
    world.prove(1, 2, life)
    world.run(200)
    commit(world, 1, b"one side")
    world.crash(1)
    go_alone(world, 2)
    commit(world, 2, b"the other")
    heal(world)
    rest(world)


def shot_and_back_first() -> None:
    """Who was shot is back while the survivor, who went on, is away."""
    world = settled(World(2, 5))
    world.crash(2)
    down(world)
    go_alone(world, 1)
    assert commit(world, 1, b"alone")
    world.crash(1)
    world.start(2)
    down(world)
    go_alone(world, 2)
    commit(world, 2, b"without the other's")
    heal(world)
    rest(world)


def shot_and_seen_once() -> None:
    """Who was shot meets the survivor, and is parted again before it has its log."""
    world = settled(World(2, 5))
    world.crash(2)
    down(world)
    go_alone(world, 1)
    assert commit(world, 1, b"alone")
    world.start(2)
    world.run(5000, until=lambda: len(world.machine(2)._log._state.members) > 1)
    world.cut |= {(1, 2), (2, 1)}
    down(world)
    world.crash(1)
    go_alone(world, 2)
    commit(world, 2, b"without the other's")
    heal(world)
    rest(world)


def pair_made_three() -> None:
    """A pair is made three while one of the two hears nothing."""
    config = config_of(3)
    nodes = (*config.nodes[:2], replace(config.nodes[2], votes=0))
    world = settled(World(3, 5, config=replace(config, nodes=nodes)))
    leader = world.leader()
    assert leader in (1, 2)
    other = 3 - leader
    for node in (leader, 3):
        world.cut |= {(other, node), (node, other)}
    base = world.machine(leader).voters.newest
    grown = tuple(replace(node, votes=1) for node in base.nodes)
    world.reconfigure(leader, replace(base, nodes=grown))
    world.run(300)
    commit(world, leader, b"by the new quorum")
    world.crash(leader)
    down(world)
    go_alone(world, other)
    commit(world, other, b"by the old one")
    heal(world)
    rest(world)


def tie_breaker_moved() -> None:
    """A tie-breaker is moved, and who had it loses what it did not sync."""
    world = settled(World(2, 5, config=config_of(2, options=(("auto_tie_breaker", "1"),))))
    if world.leader() != 1:
        world.crash(2)
        down(world)
        world.start(2)
        world.settle()
    assert world.leader() == 1
    base = world.machine(1).voters.newest
    options = (*base.options, ("auto_tie_breaker_node", "highest"))
    world.disk_ms = (50, 50)
    world.reconfigure(1, replace(base, options=options))
    world.run(20)
    world.cut |= {(1, 2), (2, 1)}
    world.crash(1)
    world.run(200)
    world.start(1)
    world.run(3 * world.timers.down_ms)
    commit(world, 1, b"by the old tie-breaker")
    commit(world, 2, b"by the new one")
    heal(world)
    rest(world)


def restarted_within_its_promise() -> None:
    """A voter that has promised starts anew, beside one that looks for a leader."""
    world = settled(World(3, 5))
    leader = world.leader()
    assert leader is not None
    voter, third = sorted(set(world.sites) - {leader})
    for node in (leader, voter):
        world.cut |= {(third, node), (node, third)}
    world.run(2 * world.timers.down_ms)
    world.crash(voter)
    world.cut = {(a, b) for a in (voter, third) for b in (leader,)}
    world.cut |= {(b, a) for a, b in world.cut}
    world.start(voter)
    world.run(3 * world.timers.down_ms)
    heal(world)
    rest(world)


CASES: list[tuple[Breaks, Callable[[], None]]] = [
    (unbound, late_confirmation),
    (nowfa, shot_and_back_first),
    (contact, shot_and_seen_once),
    (onestep, pair_made_three),
    (onestep, tie_breaker_moved),
    (forgetful, restarted_within_its_promise),
]


@pytest.mark.parametrize("schedule", [schedule for _, schedule in CASES])
def test_the_honest_rules_hold(schedule: Callable[[], None]) -> None:
    schedule()


@pytest.mark.parametrize(("variant", "schedule"), CASES)
def test_each_broken_variant_is_caught(
    variant: Breaks, schedule: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    variant(monkeypatch)
    with pytest.raises(AssertionError):
        schedule()
