"""Shutdown locks in a running cluster: what was on a node that went in good order waits for it."""

from __future__ import annotations

import pytest

from pcsx.daemon import events
from pcsx.protocol import Cleanup
from tests.sim.chaos import RESOURCES
from tests.sim.cluster import Cluster


def _made(**options: str) -> Cluster:
    made = Cluster(5, 3, resources=RESOURCES)
    made.boot()
    made.until(made.at_rest, 40_000)

    def set_lock(tree) -> None:
        part = tree.find("configuration/crm_config/cluster_property_set")
        for name, value in {"shutdown-lock": "true", **options}.items():
            pair = {"id": f"o-{name}", "name": name, "value": value}
            part.append(part.makeelement("nvpair", pair))

    call = made.commit(1, set_lock)
    made.until(lambda: call.done, 5000)
    made.run(2000)
    made.until(made.at_rest, 40_000)
    return made


def _gone(made: Cluster) -> int:
    """Have the node that runs db leave in good order, and return its id."""
    (name,) = made.active("db")
    id = int(name.removeprefix("n"))
    made._node(made.machines[id], events.Terminate())
    made.until(lambda: made.machines[id].quits == [0], 20_000)
    made.run(5000)
    made.until(made.at_rest, 20_000)
    return id


@pytest.mark.parametrize("late", [False, True])
def test_what_was_stopped_with_its_node_starts_nowhere_else_and_there_again(late: bool):
    made = _made()
    id = _gone(made)
    assert made.active("db") == []
    if late:  # a life that was not there when the lock was set hears of it from others
        other = id % 3 + 1
        made.kill(other)
        made.run(3000)
        made.boot(other)
        made.run(10_000)
        made.until(made.at_rest, 40_000)
        assert made.active("db") == []
    made.boot(id)
    made.until(lambda: made.active("db") == [f"n{id}"], 40_000)
    made.until(made.at_rest, 20_000)
    made.kill(id)  # the lock is over: what is lost by force is recovered elsewhere
    made.until(lambda: made.active("db") not in ([], [f"n{id}"]), 60_000)


def test_a_lock_ends_with_its_limit():
    made = _made(**{"shutdown-lock-limit": "30s"})
    id = _gone(made)
    assert made.active("db") == []
    made.until(lambda: made.active("db") not in ([], [f"n{id}"]), 120_000)


def test_a_refresh_ends_a_lock_though_its_node_is_away():
    made = _made()
    id = _gone(made)
    call = made.ask(id % 3 + 1, Cleanup("db", f"n{id}", refresh=True))
    made.until(lambda: call.done, 5000)
    assert call.ok == {"nodes": [f"n{id}"]}
    made.until(lambda: made.active("db") not in ([], [f"n{id}"]), 20_000)
