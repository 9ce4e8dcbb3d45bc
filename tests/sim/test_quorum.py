"""Laws of quorum as its users change it, on whole clusters."""

from __future__ import annotations

from typing import Any

import pytest

from pcsx.protocol import QuorumExpect, QuorumInfo, QuorumUnblock, QuorumUpdate
from tests.sim.chaos import EXCLUSIVE, RESOURCES
from tests.sim.cluster import Cluster


def cluster(count: int = 3, **more: Any) -> Cluster:
    made = Cluster(3, count, resources=RESOURCES, **more)
    made.judge.exclusive = set(EXCLUSIVE)
    made.boot()
    made.until(made.at_rest, 40_000)
    return made


def asked(made: Cluster, id: int, request: Any) -> dict[str, Any]:
    call = made.ask(id, request)
    made.until(lambda: call.done, 10_000, 10)
    return call.replies[-1]


def test_options_and_votes_change_while_the_cluster_runs():
    made = cluster(5)
    pairs = (("auto_tie_breaker", "1"), ("votes.n5", "0"))
    assert asked(made, 2, QuorumUpdate(pairs))["ok"]["changed"]
    told = asked(made, 1, QuorumInfo())["ok"]
    assert told["options"] == {"auto_tie_breaker": "1"}
    assert told["expected_votes"] == 4
    made.partition((1, 2), (3, 4, 5))
    made.run(8000)
    assert asked(made, 1, QuorumInfo())["ok"]["quorate"], "the half with the tie-breaker"
    assert not asked(made, 3, QuorumInfo())["ok"]["quorate"] or not made.machines[3].is_up


@pytest.mark.parametrize(
    "pairs",
    [(("two_node", "1"),), (("nonsense", "1"),), (("last_man_standing", "maybe"),),
     (("votes.n9", "1"),), (("profile", "lazy"),),
     (("votes.n1", "0"), ("votes.n2", "0"), ("votes.n3", "0"))],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_words(pairs: tuple[tuple[str, str], ...]):
    made = cluster()
    assert asked(made, 2, QuorumUpdate(pairs))["error"]["code"] == "refused"


def test_expected_votes_counts_out_who_is_away_and_they_vote_again_when_back():
    made = cluster(5, options=())
    made.faults.fence_fails = 1.0
    made.power_off(4)
    made.power_off(5)
    made.run(8000)
    assert asked(made, 1, QuorumExpect(2))["error"]["code"] == "refused"
    assert asked(made, 1, QuorumExpect(3))["ok"]["changed"]
    assert asked(made, 1, QuorumInfo())["ok"]["needed_votes"] == 2
    made.boot(4, 5)
    made.until(made.at_rest, 60_000)
    assert asked(made, 1, QuorumInfo())["ok"]["expected_votes"] == 5


def test_a_node_that_waits_for_all_goes_on_by_a_persons_word():
    made = cluster(options=(("wait_for_all", "1"),))
    for id in made.machines:
        made.power_off(id)
    made.boot(1, 2)
    made.run(15_000)
    told = asked(made, 1, QuorumInfo())["ok"]
    assert told["blocked"] and not told["quorate"]
    assert asked(made, 1, QuorumUnblock())["ok"]["unblocked"]
    made.until(lambda: asked(made, 1, QuorumInfo())["ok"]["quorate"], 10_000)
    assert any("root ended the wait for all voters" in line for line in made.story)


def test_what_a_loss_would_mean_is_told_by_the_same_arithmetic():
    made = cluster()
    one = asked(made, 1, QuorumInfo(("n2",)))["ok"]["foreseen"]
    two = asked(made, 1, QuorumInfo(("n2", "n3")))["ok"]["foreseen"]
    assert one["quorate"] and not two["quorate"]
    assert two["sentence"] == "Without n2 and n3: n1 would stop, with 1 of 2 votes needed."


def test_the_wait_without_fencing_is_told_with_its_end_and_its_reason():
    made = cluster(properties=(("stonith-enabled", "false"),))
    made.partition((3,), (1, 2))
    made.run(4500)
    (dc,) = {m.node.member.scene.leader for m in made.members() if m.id != 3}
    (wait,) = asked(made, dc, QuorumInfo())["ok"]["waits"]
    assert wait["node"] == "n3" and wait["kind"] == "likely"
    assert 0 < wait["left_ms"] < wait["wait_ms"]


def test_last_man_standing_goes_down_step_by_step():
    made = cluster(4, options=(("last_man_standing", "1"), ("last_man_standing_window", "1000")))
    for lost in (4, 3):
        made.power_off(lost)
        made.machines[lost].life += 1
        made.faults.fence_fails = 1.0
        made.run(8000)
    assert asked(made, 1, QuorumInfo())["ok"]["quorate"]
    assert asked(made, 1, QuorumInfo())["ok"]["expected_votes"] == 2


@pytest.mark.parametrize("policy", ["fence", "suicide"])
def test_by_the_policy_fence_a_node_without_quorum_ends_its_own_life(policy: str):
    made = cluster(properties=(("no-quorum-policy", policy),))
    made.faults.fence_fails = 1.0
    made.partition((3,), (1, 2))
    made.run(9000)
    assert not made.machines[3].services
    assert made.machines[3].disk.hard.boot_counter > 1
