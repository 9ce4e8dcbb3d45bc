"""The fencing on record is the same on every node, and a person may have it forgotten."""

from __future__ import annotations

from pcsx.daemon import messages
from pcsx.protocol import Fence, FenceHistory, ForgetFences
from tests.sim.chaos import RESOURCES
from tests.sim.cluster import Cluster


def targets(made: Cluster, at: int, node: str = "") -> list[str]:
    """Return the targets of the fencing on record at one node."""
    call = made.ask(at, FenceHistory(node))
    made.until(lambda: call.done, 5000)
    assert call.ok is not None
    return [case["target"] for case in call.ok["history"]]


def test_what_was_fenced_is_forgotten_by_node_or_as_a_whole_on_all_nodes():
    made = Cluster(1, 3, resources=RESOURCES)
    made.boot()
    made.until(made.at_rest, 40_000)
    for name in ("n2", "n3", "n2"):
        done = made.ask(1, Fence(name))
        made.until(lambda done=done: done.done, 30_000)
        made.run(4000)
        made.until(made.at_rest, 60_000)
    assert targets(made, 3) == ["n2", "n3", "n2"]
    gone = made.ask(3, ForgetFences("n2"))
    made.until(lambda: gone.done, 5000)
    assert gone.ok == {"forgotten": 2}
    assert [targets(made, at) for at in (1, 2, 3)] == [["n3"]] * 3
    gone = made.ask(2, ForgetFences())
    made.until(lambda: gone.done, 5000)
    assert [targets(made, at) for at in (1, 2, 3)] == [[]] * 3
    wrong = made.ask(1, ForgetFences("nobody"))
    made.until(lambda: wrong.done, 5000)
    assert wrong.ok is None


def test_who_was_told_to_fence_in_this_view_does_so_though_its_status_is_older():
    made = Cluster(1, 3, resources=RESOURCES)
    made.boot()
    made.until(made.at_rest, 40_000)
    nodes = {id: made.machines[id].node for id in (1, 2)}
    dc, executor = (node.member for node in nodes.values() if node is not None)
    assert dc is not None and executor is not None
    now = made.machines[1].clock.now(made.now_ms)
    older = executor._my_status(now)
    order = messages.FenceOrder(dc.scene.term, 999, 2, "n3", "reboot", 60_000)
    dc._deliver(1, messages.encode(order), 0, now)
    dc._deliver(2, messages.encode(older), 1, now)
    assert 999 in dc.scene.picture.nodes[2].fencing
    result = messages.FenceResult(999, False, "void", "", 0)
    dc._deliver(2, messages.encode(result), 2, now)
    dc._deliver(2, messages.encode(older), 3, now)
    assert 999 not in dc.scene.picture.nodes[2].fencing
