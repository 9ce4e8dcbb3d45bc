"""Laws of decisions that are kept: any node tells them, and a restart loses none."""

from __future__ import annotations

from typing import Any

from pcsx.protocol import Transitions
from tests.sim.test_cluster import cluster


def test_any_node_tells_the_decisions_of_the_one_in_charge_also_after_a_restart() -> None:
    made = cluster()
    made.until(made.at_rest, 10_000)
    node = made.machines[1].node
    assert node is not None and node.member is not None
    leader = node.member.scene.leader
    other = next(id for id in made.machines if id != leader)

    def told(id: int) -> list[dict[str, Any]]:
        call = made.ask(id, Transitions())
        made.run(2_000)
        assert call.ok is not None
        rows: list[dict[str, Any]] = call.ok["transitions"]
        return rows

    rows = told(other)
    assert rows and {row["node"] for row in rows} == {f"n{leader}"}
    whole = made.ask(other, Transitions(rows[0]["number"]))
    made.run(2_000)
    assert whole.ok is not None and whole.ok["cib"].startswith("<cib ")
    made.kill(leader)
    made.at(500, lambda: made.boot(leader))
    made.until(made.at_rest, 20_000)
    assert [row for row in told(leader) if row["node"] == f"n{leader}"][-len(rows) :] == rows
