"""Cleanup and reported failures in a whole cluster."""

from __future__ import annotations

from pcsx.protocol import Cleanup, FailResource
from tests.sim.chaos import RESOURCES
from tests.sim.cluster import Cluster


def newest_calls(made: Cluster) -> dict[str, int]:
    """Return the newest call on record of each resource, over all nodes."""
    calls: dict[str, int] = {}
    for machine in made.members():
        assert machine.node is not None and machine.node.member is not None
        for record in machine.node.member.local.history.records():
            calls[record.resource] = max(record.call, calls.get(record.resource, 0))
    return calls


def test_of_what_is_in_a_collective_all_is_looked_at_again_unless_strictly() -> None:
    made = Cluster(1, 3, resources=RESOURCES)
    made.boot()
    made.until(made.at_rest, 40_000)
    before = newest_calls(made)
    assert {"vip", "web", "db", "sentry"} <= before.keys()
    for id, strict, again in (
        ("service", False, {"vip", "web"}),
        ("web", False, {"vip", "web"}),
        ("web", True, {"web"}),
        ("all", True, {"sentry"}),
    ):
        done = made.ask(2, Cleanup(id, refresh=True, strict=strict))
        made.until(lambda done=done: done.done, 5000)
        made.run(3000)
        made.until(made.at_rest, 40_000)
        after = newest_calls(made)
        assert {name for name in after if after[name] > before[name]} == again, id
        before = after


def test_what_is_reported_as_failed_is_counted_and_recovered() -> None:
    made = Cluster(1, 3, resources=RESOURCES)
    made.boot()
    made.until(made.at_rest, 40_000)
    (name,) = made.active("db")
    id = int(name.removeprefix("n"))
    other = id % 3 + 1
    refused = made.ask(id, FailResource("db", f"n{other}"))
    made.until(lambda: refused.done, 5000)
    assert refused.ok is None
    done = made.ask(other, FailResource("db", name))
    made.until(lambda: done.done, 5000)
    assert done.ok == {"node": name}
    made.run(3000)
    made.until(made.at_rest, 40_000)
    node = made.machines[id].node
    assert node is not None and node.member is not None
    local = node.member.local
    assert local.attributes["fail-count-db#asyncmon_0"] == "1"
    newest = max((r for r in local.history.records() if r.resource == "db"), key=lambda r: r.call)
    assert (newest.task, newest.rc) == ("start", 0) and made.active("db") == [name]
