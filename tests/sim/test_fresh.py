"""A fresh read has all that was acknowledged anywhere before it was asked for, or is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pcsx.cib import Cib
from pcsx.protocol import GetCib, WaitIdle
from tests.sim.chaos import RESOURCES
from tests.sim.cluster import Call, Cluster, set_property
from tests.sim.faults import Faults

FRESH = GetCib(bare=True, fresh=True)


def standing() -> Cluster:
    made = Cluster(3, 3, faults=Faults(delay_ms=(0, 80)), resources=RESOURCES)
    made.boot()
    made.until(made.at_rest, 40_000)
    return made


def value_in(call: Call, name: str) -> str | None:
    answer: Any = call.ok
    assert answer is not None, call.replies
    return Cib.from_bytes(answer["cib"].encode()).cluster_option(name)


def test_what_one_node_has_acknowledged_another_reads():
    made = standing()
    for number in range(12):
        by, at = 1 + number % 3, 1 + (number + 1) % 3
        wrote = made.commit(by, lambda tree, n=number: set_property(tree, "n", f"{n}"))
        made.until(lambda wrote=wrote: wrote.done, 10_000, 1)
        read = made.ask(at, FRESH)
        made.until(lambda read=read: read.done, 10_000, 1)
        assert wrote.ok is None or value_in(read, "n") == str(number)
        made.run(500)


def test_without_quorum_a_fresh_read_is_refused_and_any_other_answered():
    made = standing()
    leader = made.machines[1].node.member.scene.leader  # type: ignore[union-attr]
    made.partition((leader,), tuple(id for id in made.machines if id != leader))
    early, made_ms = made.ask(leader, FRESH), made.now_ms
    made.until(lambda: early.done, 30_000)
    assert made.now_ms - made_ms < 15_000
    made.run(10_000)
    for asked, is_ok in ((FRESH, False), (GetCib(bare=True), True)):
        call = made.ask(leader, asked)
        made.until(lambda call=call: call.done, 10_000)
        assert (call.ok is not None) is is_ok, call.replies


def test_who_hears_the_leader_and_sees_no_quorum_yet_has_it_asked_all_the_same():
    made = standing()
    leader = made.machines[1].node.member.scene.leader  # type: ignore[union-attr]
    one, other = (id for id in made.machines if id != leader)
    for id, first in ((one, other), (other, one)):
        scene = made.machines[id].node.member.scene  # type: ignore[union-attr]
        scene.quorum = replace(scene.quorum, quorate=False)  # as in the moment after it came
        scene.committed[first] = scene.ledger.index + 1  # who would schedule without quorum
        call = made.ask(id, WaitIdle(20_000))
        made.until(lambda call=call: call.done, 30_000)
        assert call.ok is not None, call.replies
