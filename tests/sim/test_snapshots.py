"""Laws of snapshots in whole clusters: written and read beside the loop, while all goes on."""

from __future__ import annotations

import pytest

from pcsx.daemon import effects as out
from pcsx.ring.log import following, keeping
from tests.sim.cluster import Cluster, set_property
from tests.sim.machine import Machine

POWER = '<primitive id="power" class="stonith" type="fence_pcsx_demo"/>'


class Counting(Cluster):
    """Counts what is written and read, and how much of it there is."""

    def __init__(self, seed: int, count: int = 3) -> None:
        self.written, self.read = 0, 0
        super().__init__(seed, count, profile="fast", resources=POWER)

    def _perform_one(self, machine: Machine, effect: out.Effect) -> None:
        self.written += isinstance(effect, out.WriteState)
        self.read += isinstance(effect, out.ReadState)
        super()._perform_one(machine, effect)


def settled(seed: int) -> Counting:
    made = Counting(seed)
    made.boot()
    made.until(made.at_rest, 20_000)
    return made


def write(made: Cluster, count: int) -> None:
    leader = made.members()[0].id
    for number in range(count):
        made.commit(leader, lambda tree, n=number: set_property(tree, f"note-{n}", "x"))
        made.run(300)


def test_a_snapshot_is_written_while_decisions_go_on_and_a_start_goes_by_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keeping, "SNAPSHOT_ENTRIES", 10)
    made = settled(3)
    write(made, 25)
    assert made.written >= 3
    for machine in made.machines.values():
        assert machine.disk.snapshot.index > 10
        made.kill(machine.id)
    made.boot()
    made.until(made.at_rest, 30_000)


def test_a_log_taken_anew_is_read_before_it_is_gone_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "EXAMINE_BYTES", 1)
    made = settled(4)
    write(made, 3)
    leader = made.members()[0].node
    assert leader is not None and leader.member is not None
    lost = next(id for id in made.machines if id != leader.member.scene.leader)
    made.power_off(lost)
    made.machines[lost].disk.rot()
    made.run(4000)
    made.boot(lost)
    made.until(lambda: len(made.members()) == 3 and made.at_rest(), 60_000)
    assert made.read >= 1


def test_what_is_asked_of_an_earlier_life_is_nothing_to_the_next() -> None:
    from pcsx.daemon.events import StateRead, StateWritten

    made = settled(5)
    node = made.machines[1].node
    assert node is not None and node.member is not None
    states, now = node.member.states, made.machines[1].clock.now(made.now_ms)
    assert states.written(StateWritten(1, b"old"), now) == []
    assert states.was_read(StateRead(1, None), now) == []
    ((first,), (second,)) = states.write(lambda *_: []), states.write(lambda *_: [])
    assert isinstance(first, out.WriteState) and isinstance(second, out.WriteState)
    assert first.job != second.job and first.job >> 20 == node.member.boot.counter
