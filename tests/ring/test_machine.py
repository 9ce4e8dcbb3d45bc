"""Laws of the ring's machines together, in a small world under virtual time."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from pcsx.ring.config import RingConfig
from pcsx.ring.frames import Heard, Told, Transmit
from pcsx.ring.log.following import HOLD_MS
from pcsx.ring.machine import Machine
from pcsx.ring.messages import App, AppResp, Flush, Join, Vote, decode, encode
from pcsx.ring.port import (
    Committed,
    Damage,
    FetchSnapshot,
    FromHeart,
    Leave,
    Left,
    MachineEffect,
    Persist,
    Propose,
    Quorum,
    ReadBarrier,
    Regular,
    Say,
    SnapshotFetched,
    Tick,
    Verdict,
)
from tests.ring.chaos import heal, rest, storm
from tests.ring.world import Site, World, config_of, founding


def settled(count: int, seed: int = 1, **options: object) -> World:
    """Return a world of *count* nodes that is at rest."""
    world = World(count, seed, **options)  # type: ignore[arg-type]
    world.start()
    world.settle()
    world.run(1000)
    return world


def others(world: World, *gone: int) -> list[int]:
    return [node for node in world.sites if node not in gone]


# --- storms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(120))
def test_what_must_never_break_holds_in_a_storm_and_all_come_to_rest_after_it(seed: int) -> None:
    storm(seed, rounds=6)


# --- forming and losing ---------------------------------------------------------------------------


def test_three_fresh_daemons_are_quorate_within_a_fraction_of_a_second() -> None:
    world = World(3)
    world.start()
    world.settle(within_ms=300)


def test_a_single_node_is_a_cluster_at_once_where_there_is_no_other() -> None:
    world = World(1)
    world.start()
    world.settle(within_ms=100)


def test_a_node_alone_forms_a_view_without_quorum_after_the_gathering_time() -> None:
    world = World(3)
    world.start(2)
    world.run(world.timers.gather_ms + 100)
    machine = world.machine(2)
    assert machine.view is not None and machine.view.nodes == (2,)
    assert not machine.quorate and machine.leader == 0


class BusyWorld(World):
    """A world in which a machine reads one message at a time, and takes *cost_ms* for each."""

    cost_ms = 5

    def __init__(self, count: int, **options: object) -> None:
        super().__init__(count, **options)  # type: ignore[arg-type]
        self._free_ms: dict[int, int] = {}

    def _carry(self, sender: Site, receiver: Site, payload: bytes) -> None:
        free_ms = max(self.now_ms, self._free_ms.get(receiver.id, 0)) + self.cost_ms
        self._free_ms[receiver.id] = free_ms
        carry = super()._carry
        self._at(free_ms - self.now_ms, lambda: carry(sender, receiver, payload))


@pytest.mark.parametrize("profile", ["fast", "standard"])
def test_many_busy_machines_that_start_at_once_form_one_view_soon(profile: str) -> None:
    world = BusyWorld(16, config=config_of(16, profile=profile))
    world.start()

    def together() -> bool:
        return all(site.view and len(site.view.nodes) == 16 for site in world.lives())

    assert world.run(10_000, together), world.story()
    world.run(3000)
    assert together(), world.story()


def test_a_join_from_before_its_sender_agreed_does_not_end_the_forming_of_a_view() -> None:
    late: list[Join] = []

    class LateWorld(World):
        """What 3 said before it knew of 1 comes to 2 once that has stopped for the view of 1."""

        stopped = False

        def _carry(self, sender: Site, receiver: Site, payload: bytes) -> None:
            message = decode(payload)
            from_3 = (sender.id, receiver.id) == (3, 2)
            if from_3 and isinstance(message, Join) and not self.stopped:
                late.append(message)
                return
            super()._carry(sender, receiver, payload)
            if sender.id == 2 and isinstance(message, Flush) and not self.stopped:
                self.stopped = True
                before = encode(replace(late[0], proposed=(2, 3)))
                super()._carry(self.sites[3], self.sites[2], before)

    world = LateWorld(3, delay_ms=(1, 1))
    world.start()
    world.settle()
    notes = [note for site in world.lives() for note in site.notes]
    assert late and not [note for note in notes if "again" in note], notes


@pytest.mark.parametrize("count", [3, 5, 8])
def test_the_survivors_have_view_leader_and_noop_50_ms_after_a_leader_is_down(count: int) -> None:
    world = settled(count)
    leader = world.leader()
    assert leader is not None
    world.crash(leader)
    alive = others(world, leader)
    world.run(10_000, lambda: any(world.machine(n)._views.is_gathering for n in alive))
    world.settle(*alive, within_ms=50)


def test_the_leader_stays_when_another_node_is_lost() -> None:
    world = settled(3)
    leader = world.leader()
    assert leader is not None
    lost = others(world, leader)[0]
    term = world.machine(leader).term
    world.crash(lost)
    world.run(4000)
    assert world.leader() == leader and world.machine(leader).term == term


def test_a_life_that_ended_for_certain_is_out_of_the_view_at_once() -> None:
    world = settled(3)
    leader = world.leader()
    assert leader is not None
    world.crash(leader, will=True)
    world.settle(*others(world, leader), within_ms=100)


def test_a_partition_without_quorum_says_so_and_commits_nothing() -> None:
    world = settled(3)
    leader = world.leader()
    assert leader is not None
    for node in others(world, leader):
        world.cut |= {(leader, node), (node, leader)}
    world.run(9000)
    alone = world.machine(leader)
    assert alone.view is not None and alone.view.nodes == (leader,)
    assert not alone.quorate and not alone.leading
    ticket = world.propose(leader, b"alone")
    assert world.sites[leader].proposed[ticket].index == 0
    world.settle(*others(world, leader))
    heal(world)
    rest(world)


def test_a_restarted_voter_grants_nothing_for_as_long_as_it_may_have_promised() -> None:
    world = settled(3)
    leader = world.leader()
    assert leader is not None
    first, second = others(world, leader)
    world.crash(second)
    world.cut |= {(leader, first), (first, leader), (leader, second), (second, leader)}
    world.start(second)
    began_ms = world.now_ms
    world.run(10_000, lambda: world.leader() in (first, second))
    assert world.now_ms - began_ms >= world.timers.down_ms


def test_power_lost_everywhere_keeps_what_was_acknowledged() -> None:
    world = settled(3)
    leader = world.leader()
    assert leader is not None
    tickets = [world.propose(leader, f"change {n}".encode()) for n in range(50)]
    world.run(50)
    kept = [ticket for ticket in tickets if ticket in world.sites[leader].proposed]
    assert kept
    for node in world.sites:
        world.crash(node)
    world.run(100)
    heal(world)
    rest(world)


def test_a_one_way_link_parts_one_node_and_keeps_the_leader() -> None:
    world = settled(3)
    leader = world.leader()
    assert leader is not None
    other = others(world, leader)[0]
    world.cut.add((leader, other))
    world.run(world.timers.down_ms + 2000)
    machine = world.machine(leader)
    assert machine.view is not None and machine.view.nodes == tuple(others(world, other))
    assert world.leader() == leader
    heal(world)
    rest(world)


def test_a_one_way_link_costs_one_change_of_view_and_its_healing_another() -> None:
    world = settled(3)
    leader = world.leader()
    assert leader is not None
    other = others(world, leader)[1]
    world.cut.add((leader, other))
    world.run(world.timers.down_ms + 2000)
    parted = world.machine(leader).view
    assert parted is not None and other not in parted.nodes
    world.run(60_000)
    assert world.machine(leader).view == parted
    world.cut.clear()
    began_ms = world.now_ms
    assert world.run(5000, lambda: len(world.sites[leader].view.nodes) == 3)
    assert world.now_ms - began_ms < 2500 and not world.machine(leader).held_out


def test_a_node_that_others_are_together_without_is_told_so() -> None:
    world = settled(3, keep_effects=True)
    leader = world.leader()
    assert leader is not None
    other = others(world, leader)[0]
    world.cut.add((leader, other))
    world.run(world.timers.down_ms + 2000)
    reasons = [
        effect.reason
        for effect in world.sites[other].effects
        if isinstance(effect, Verdict) and effect.kind == "EXCLUDED"
    ]
    assert reasons and reasons[-1] == f"n{other} does not hear n{leader}"


def test_a_leader_that_hears_of_another_lineage_goes_on_and_one_that_is_excluded_resigns() -> None:
    world = settled(3)
    leader = world.leader()
    assert leader is not None
    world.step(world.sites[leader], FromHeart(Told(2, "LINEAGE", "another")))
    assert world.machine(leader).leading
    world.step(world.sites[leader], FromHeart(Told(2, "EXCLUDED", "no path")))
    assert not world.machine(leader).leading


def test_a_node_that_flaps_is_held_out_for_longer_each_time_and_let_in_again_by_itself() -> None:
    world = settled(3)
    leader = world.leader()
    assert leader is not None
    flapper = others(world, leader)[0]
    stable = others(world, flapper)
    links = {pair for node in stable for pair in ((flapper, node), (node, flapper))}

    def together() -> bool:
        return all(len(site.machine.view.nodes) == 3 for site in world.lives())  # type: ignore[union-attr]

    waits = []
    for _ in range(6):
        world.cut |= links
        world.run(world.timers.down_ms + 2000)
        world.cut.clear()
        began_ms, noted = world.now_ms, len(world.sites[leader].notes)
        assert world.run(60_000, together), "it never came back"
        waits.append(world.now_ms - began_ms)
        told = [note for note in world.sites[leader].notes[noted:] if "is held out" in note]
        assert len(told) == (1 if len(waits) > 3 else 0), told
    assert max(waits[:3]) < 2000
    for wait_ms, hold_ms in zip(waits[3:], (5000, 10_000, 20_000), strict=True):
        assert hold_ms <= wait_ms < hold_ms + 2500
    assert not world.machine(leader).held_out


def test_a_node_without_which_there_is_no_quorum_is_never_held_out() -> None:
    world = settled(2)
    for _ in range(6):
        world.cut |= {(1, 2), (2, 1)}
        world.run(world.timers.down_ms + 2000)
        world.cut.clear()
        began_ms = world.now_ms
        both = world.run(60_000, lambda: len(world.machine(1).view.nodes) == 2)  # type: ignore[union-attr]
        assert both and world.now_ms - began_ms < 2000


# --- rest -----------------------------------------------------------------------------------------


def test_a_cluster_at_rest_sends_the_rounds_and_their_answers_and_nothing_else() -> None:
    world = settled(3)
    steps, messages = world.steps, world.messages
    world.run(30_000)
    rounds = 30_000 / max(world.timers.beat_ms, world.timers.down_ms // 10)
    assert world.messages - messages <= 4 * rounds + 8
    assert world.steps - steps <= 7 * rounds + 16


def test_a_quorate_node_is_so_for_a_while_after_its_leader_was_last_confirmed() -> None:
    world = settled(3, keep_effects=True)
    world.cut |= {(x, y) for x in world.sites for y in world.sites if x != y}
    world.run(20_000)
    for site in world.lives():
        last = [e for e in site.effects if isinstance(e, Quorum)][-1]
        assert not last.quorate and last.needed == 2 and last.expected == 3 and last.votes == 1


# --- ordered messages -----------------------------------------------------------------------------


def test_all_members_deliver_the_same_messages_in_the_same_order() -> None:
    world = settled(3, loss=0.1)
    for number in range(60):
        word = "plain" if number % 4 else "safe"
        world.multicast(1 + number % 3, f"{word} {number}".encode(), safe=word == "safe")
    world.run(3000)
    logs = [[m[2] for log in site.delivered.values() for m in log] for site in world.lives()]
    assert len(logs[0]) == 60 and logs[0] == logs[1] == logs[2]


def test_what_was_not_ordered_before_a_view_ends_is_sent_again_once_in_the_next() -> None:
    world = settled(3)
    machine = world.machine(3)
    assert machine.view is not None
    coordinator = machine.view.id.coordinator
    assert coordinator == 1
    world.cut |= {(3, 1), (1, 3), (2, 1), (1, 2)}
    for number in range(100):
        world.multicast(3, f"plain {number}".encode())
    world.run(6000)
    assert world.sites[3].got == [f"plain {n}".encode() for n in range(100)]
    assert world.sites[3].delivered[machine.view.id] == world.sites[2].delivered[machine.view.id]


# --- the log --------------------------------------------------------------------------------------


def test_a_proposal_elsewhere_than_at_the_leader_is_refused() -> None:
    world = settled(3)
    leader = world.leader()
    assert leader is not None
    node = others(world, leader)[0]
    ticket = world.propose(node, b"here")
    assert "does not lead" in world.sites[node].proposed[ticket].refusal


def test_a_node_that_was_away_for_long_takes_a_snapshot_and_the_entries_after_it() -> None:
    world = settled(3)
    leader = world.leader()
    assert leader is not None
    away = others(world, leader)[0]
    world.crash(away)
    for _ in range(70):
        for number in range(64):
            world.propose(leader, f"{number}".encode() * 20)
        world.run(20)
    world.run(3500)
    assert world.machine(leader)._log.snapshot.index > 1000
    base = world.machine(leader)._log._state.entries.base_index
    assert base > world.sites[away].disk.snapshot.index + 64
    world.start(away)
    rest(world)
    assert world.sites[away].disk.snapshot.index > 1


def test_a_read_barrier_is_passed_on_every_member_and_refused_without_a_leader() -> None:
    world = settled(3)
    for node in world.sites:
        world.step(world.sites[node], ReadBarrier(node))
    world.run(50)
    assert all(world.sites[n].readable[n].refusal == "" for n in world.sites)
    for node in others(world, 1):
        world.crash(node)
    world.run(10_000)
    world.step(world.sites[1], ReadBarrier(9))
    world.run(5000)
    assert world.sites[1].readable[9].refusal


def test_a_leader_that_leaves_hands_over_without_waiting_for_its_promises() -> None:
    world = settled(3)
    leader = world.leader()
    assert leader is not None
    site = world.sites[leader]
    assert site.machine is not None
    effects = site.machine.step(Leave(), world.now(site))
    assert effects[-1] == Left()
    for effect in effects:
        world._perform(site, effect)
    world.run(100, lambda: world.leader() in others(world, leader))
    assert world.leader() in others(world, leader)


def test_a_learner_follows_and_then_votes_and_a_removed_node_counts_no_more() -> None:
    three = config_of(3)
    learner = replace(three.nodes[2], votes=0)
    world = World(3, 1, config=replace(three, nodes=(*three.nodes[:2], learner)))
    world.start()
    world.settle()
    leader = world.leader()
    assert leader in (1, 2)
    refused = world.reconfigure(leader, replace(three, lineage=8))
    assert world.sites[leader].proposed[refused].index == 0
    ticket = world.reconfigure(leader, three)
    world.run(500)
    assert world.sites[leader].proposed[ticket].index
    assert sum(node.votes for node in world.machine(3).config.nodes) == 3
    present = world.machine(leader).config
    other = 3 - leader
    smaller = replace(present, nodes=tuple(n for n in present.nodes if n.id != other))
    ticket = world.reconfigure(leader, smaller)
    world.run(1000)
    assert world.sites[leader].proposed[ticket].index
    world.settle(leader, 3)
    assert world.machine(leader).view.nodes == tuple(sorted((leader, 3)))  # type: ignore[union-attr]


def test_a_voter_that_lost_its_log_takes_it_anew_before_its_vote_counts_again() -> None:
    world = settled(3)
    leader = world.leader()
    assert leader is not None
    for number in range(20):
        world.propose(leader, f"{number}".encode())
    world.run(100)
    lost = others(world, leader)[0]
    world.crash(lost)
    disk = world.sites[lost].disk
    disk.entries, disk.damage = [], Damage.AMNESIAC
    world.start(lost)
    world.run(1000)
    world.settle()
    world.run(1000)
    assert disk.damage is Damage.CLEAN
    assert [node.votes for node in world.machine(leader).config.nodes] == [1, 1, 1]
    assert world.machine(lost).log_status(world.now(world.sites[lost])).role == "follower"
    rest(world)


def test_a_failed_disk_ends_the_log_role_and_not_the_membership() -> None:
    world = settled(3)
    leader = world.leader()
    assert leader is not None
    world.sites[leader].disk.failing = True
    world.propose(leader, b"lost")
    world.run(12_000)
    alive = others(world, leader)
    assert world.leader() in alive
    assert world.machine(leader).log_status(world.now(world.sites[leader])).role == "disk failed"
    machine = world.machine(leader)
    assert machine.view is not None and machine.view.nodes == (1, 2, 3)


def test_a_blocked_node_waits_for_all_and_then_may_stand() -> None:
    config = config_of(3, options=(("wait_for_all", "1"),))
    world = World(3, 1, config=config)
    world.start(1, 2)
    world.run(10_000)
    assert world.leader() is None
    world.start(3)
    world.settle()


def test_new_lives_are_admitted_by_an_entry_of_the_log() -> None:
    world = settled(3)
    world.run(500)
    world.crash(2)
    world.run(5000)
    world.start(2)
    world.settle()
    world.run(500)
    config: RingConfig = world.machine(1).config
    assert config.node(2).boot == world.sites[2].boot.counter == 2


def test_a_view_names_who_came_and_who_went() -> None:
    world = settled(3, keep_effects=True)
    world.crash(3, will=True)
    world.run(200)
    world.start(3)
    world.settle()
    regulars = [e for e in world.sites[1].effects if isinstance(e, Regular)]
    assert [r.joined for r in regulars] == [(1, 2, 3), (), (3,)]
    assert [[d.node for d in r.left] for r in regulars] == [[], [3], []]


def test_the_last_man_stands_down_to_two_and_the_others_vote_again_when_they_are_back() -> None:
    options = (("last_man_standing", "1"), ("last_man_standing_window", "2000"))
    world = World(5, 1, config=config_of(5, options=options))
    world.start()
    world.settle()
    gone = []
    for node in (5, 4, 3):
        world.crash(node)
        gone.append(node)
        world.run(world.timers.down_ms + 4000)
        leader = world.leader()
        assert leader is not None
        votes = {node.id: node.votes for node in world.machine(leader).config.nodes}
        assert [node for node, count in votes.items() if not count] == sorted(gone)
        assert world.machine(leader).quorate
    heal(world)
    rest(world)
    assert [node.votes for node in world.machine(1).config.nodes] == [1] * 5


# --- the judge is judged --------------------------------------------------------------------------


class HastyMachine(Machine):
    """Acknowledges before the disk has it."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._out.send_durable = self._out.send  # type: ignore[method-assign]


def power_cuts(world: World) -> None:
    """Propose, lose all power, and start again, some times."""
    world.start()
    for number in range(8):
        world.run(8000, lambda: world.leader() is not None)
        leader = world.leader()
        if leader is None:
            continue
        proposed = world.sites[leader].proposed
        ticket = world.propose(leader, f"change {number}".encode())
        world.run(500, partial(proposed.__contains__, ticket))
        for node in world.sites:
            world.crash(node)
        heal(world)
    rest(world)


def test_an_acknowledgement_before_the_disk_is_caught() -> None:
    power_cuts(World(3, 3, disk_ms=(1, 3)))
    with pytest.raises(AssertionError):
        for seed in range(5):
            power_cuts(World(3, seed, machine=HastyMachine, delay_ms=(0, 1), disk_ms=(20, 60)))


def vote_twice(*, forgets_votes: bool) -> None:
    """Have node 3 asked for its vote in one term by two others, in two of its lives."""
    world = settled(3)
    world.forgets_votes = forgets_votes
    term = world.machine(3).term + 50
    for candidate in (1, 2):
        site = world.sites[3]
        world.run(4000)
        vote = encode(Vote(term, 99, 99, resigned=1000))
        world.step(site, FromHeart(Heard(candidate, world.sites[candidate].boot, vote)))
        world.run(4, lambda: (3, term) in world.votes)
        assert world.votes.get((3, term)) == 1
        world.crash(3)
        world.run(4000)
        world.start(3)
        world.settle()


def test_a_vote_that_is_not_durable_is_caught() -> None:
    vote_twice(forgets_votes=False)
    with pytest.raises(AssertionError, match="voted twice"):
        vote_twice(forgets_votes=True)


def test_the_founding_is_what_a_first_life_begins_with() -> None:
    recovered = founding(config_of(2))
    assert recovered.snapshot.index == 1 and recovered.entries == ()


def far_behind() -> tuple[World, int, int]:
    """Return a world whose leader has a large snapshot, the leader, and who was away meanwhile."""
    world = settled(3, keep_effects=True)
    leader = world.leader()
    assert leader is not None
    away = others(world, leader)[0]
    world.crash(away)
    for _ in range(70):
        for number in range(64):
            world.propose(leader, f"{number:02}".encode() * 200)
        world.run(20)
    world.run(3500)
    assert len(world.machine(leader).snapshot.state) > 1024 * 1024
    world.start(away)
    world.run(10_000, lambda: any(isinstance(e, FetchSnapshot) for e in effects_of(world, away)))
    return world, leader, away


def effects_of(world: World, node: int) -> list[MachineEffect]:
    return world.sites[node].effects


def test_a_large_snapshot_is_fetched_whole_from_the_leader_that_offers_it() -> None:
    world, leader, away = far_behind()
    (order,) = [e for e in effects_of(world, away) if isinstance(e, FetchSnapshot)]
    offered = world.machine(leader).snapshot
    assert (order.node, order.index) == (leader, offered.index)
    world.run(5000)
    assert world.sites[away].applied < offered.index, "pieces are not taken meanwhile"
    world.step(world.sites[away], SnapshotFetched(order.index, offered))
    rest(world)
    assert world.sites[away].disk.snapshot.index == offered.index


@pytest.mark.parametrize("answers", (True, False))
def test_a_large_snapshot_that_cannot_be_fetched_comes_in_pieces(answers: bool) -> None:
    world, leader, away = far_behind()
    offered = world.machine(leader).snapshot
    if answers:
        world.step(world.sites[away], SnapshotFetched(offered.index, None))
    world.run(40_000, lambda: world.sites[away].disk.snapshot.index > 1)
    assert world.sites[away].disk.snapshot.index == offered.index
    assert sum(isinstance(e, FetchSnapshot) for e in effects_of(world, away)) == 1


def test_what_is_fetched_and_is_not_what_the_leader_offers_is_not_taken() -> None:
    world, leader, away = far_behind()
    offered = world.machine(leader).snapshot
    for wrong in (replace(offered, index=offered.index - 1), replace(offered, state=b"other")):
        world.step(world.sites[away], SnapshotFetched(offered.index, wrong))
        assert world.sites[away].applied < offered.index - 1
    rest(world)


def test_what_is_proposed_while_more_is_here_is_one_write_and_one_message_at_the_next_tick() -> (
    None
):
    world = settled(3)
    leader = world.leader()
    assert leader is not None
    machine, now = world.machine(leader), world.now(world.sites[leader])
    machine.gathering = True
    for ticket in range(901, 906):
        asked = machine.step(Propose(ticket, b"%d" % ticket), now)
        assert not any(isinstance(effect, Persist | Say) for effect in asked)
    assert machine.deadline_ms is not None and machine.deadline_ms <= now.ms
    machine.gathering = False
    did = machine.step(Tick(), now)
    (written,) = (effect for effect in did if isinstance(effect, Persist))
    sent = [
        decode(e.frame.payload) for e in did if isinstance(e, Say) and hasattr(e.frame, "nodes")
    ]
    (carried,) = {tuple(message.entries) for message in sent if isinstance(message, App)} - {()}
    assert written.entries == carried
    assert [entry.payload for entry in carried] == [b"%d" % n for n in range(901, 906)]


class Diarist(World):
    """A world that notes what its followers ask their disks for, answer, and give out."""

    def __init__(self, *args: object, **options: object) -> None:
        self.noted: dict[int, list[tuple[str, int, int]]] = {1: [], 2: [], 3: []}
        super().__init__(*args, **options)  # type: ignore[arg-type]

    def _perform(self, site: Site, effect: MachineEffect) -> None:
        notes, at_ms = self.noted[site.id], self.now(site).ms
        match effect:
            case Persist(entries=(*_, entry)):
                notes.append(("asks", entry.index, at_ms))
            case Committed(index):
                notes.append(("gives out", index, at_ms))
            case Say(frame):
                said = decode(frame.payload) if isinstance(frame, Transmit) else None
                if isinstance(said, AppResp) and said.granted:
                    notes.append(("answers", said.match, at_ms))
        super()._perform(site, effect)


@pytest.mark.parametrize("disk_ms", [1, 300])
def test_what_is_decided_waits_for_the_answer_on_what_came_with_it_but_for_no_slow_disk(
    disk_ms: int,
) -> None:
    world = Diarist(3, 1)
    world.start()
    world.settle()
    leader = world.leader()
    assert leader is not None
    follower = next(node for node in (1, 2, 3) if node != leader)
    world.propose(leader, b"first", awaited=False)
    world.run(300, until=lambda: world.sites[leader].state.endswith(b"first"))
    world.disk_ms = (disk_ms, disk_ms)
    world.noted[follower].clear()
    world.propose(leader, b"second")  # which tells the others that the first is decided
    world.run(200)
    when = {(what, index): at_ms for what, index, at_ms in world.noted[follower]}
    order = list(when)
    first = next(index for what, index in order if what == "gives out")
    asked, answered, given = ("asks", first + 1), ("answers", first + 1), ("gives out", first)
    assert order.index(asked) < order.index(given)
    if disk_ms == 1:
        assert order.index(answered) < order.index(given)
        assert when[given] - when[asked] <= 2
    else:
        assert answered not in when and when[given] - when[asked] == HOLD_MS
