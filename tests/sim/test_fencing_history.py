"""The fencing on record is the same on every node, and a person may have it forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from pcsx.daemon import messages
from pcsx.daemon.ledger import FenceClosed
from pcsx.daemon.requests.desk import Desk
from pcsx.errors import NotAuthorised
from pcsx.protocol import Fence, FenceHistory, ForgetFences, Tool
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
    dc.hearing.deliver(1, messages.encode(order), 0, now)
    dc.hearing.deliver(2, messages.encode(older), 1, now)
    assert 999 in dc.scene.picture.nodes[2].fencing
    result = messages.FenceResult(999, False, "void", "", 0)
    dc.hearing.deliver(2, messages.encode(result), 2, now)
    dc.hearing.deliver(2, messages.encode(older), 3, now)
    assert 999 not in dc.scene.picture.nodes[2].fencing


def test_a_success_whose_word_was_lost_is_told_again_to_who_orders_the_case_again(
    monkeypatch: pytest.MonkeyPatch,
):
    made = Cluster(1, 3, resources=RESOURCES)
    made.boot()
    made.until(made.at_rest, 40_000)
    node = made.machines[2].node
    assert node is not None and node.member is not None
    executor, now = node.member, made.machines[2].clock.now(made.now_ms)
    done = messages.FenceResult(999, True, "", "fence", 3)
    executor.fences._results[999] = done  # told before the other was in charge
    order = messages.FenceOrder(executor.scene.term, 999, 2, "n3", "reboot", 60_000)
    told: list[messages.ViewMessage] = []
    monkeypatch.setattr(executor, "tell", lambda message, now: told.append(message) or [])
    executor.fences.order(order, now)
    assert told == [done]


def test_a_case_that_is_closed_twice_ends_once():
    made = Cluster(1, 3, resources=RESOURCES)
    made.boot()
    made.until(made.at_rest, 40_000)
    done = made.ask(1, Fence("n3"))
    made.until(lambda: done.done, 30_000)
    made.run(1000)  # so that who does not lead has heard of it
    members = [made.machines[id].node for id in (1, 2)]
    now = made.machines[1].clock.now(made.now_ms)
    for node in members:
        assert node is not None and node.member is not None
        (case,) = node.member.ledger.fencings.values()
        again = FenceClosed(case.case, "failed", "late word", "", 0, 0, 0)
        assert node.member.applying.committed(10_000, again, now) == []
        assert node.member.ledger.fencings[case.case].verdict == "done"


def test_what_a_tool_does_needs_the_right_to_do_it():
    def limit(tree: etree._Element) -> None:
        options = tree.find("configuration/crm_config/cluster_property_set")
        etree.SubElement(options, "nvpair", id="acl", name="enable-acl", value="true")
        acls = etree.SubElement(tree.find("configuration"), "acls")
        role = etree.SubElement(acls, "acl_role", id="see")
        etree.SubElement(role, "acl_permission", id="p", kind="read", xpath="/cib")
        reader = etree.SubElement(acls, "acl_target", id="reader")
        etree.SubElement(reader, "role", id="see")

    made = Cluster(1, 3, resources=RESOURCES)
    made.boot()
    made.until(made.at_rest, 40_000)
    done = made.commit(1, limit)
    made.until(lambda: done.done, 10_000)
    assert done.ok is not None
    node = made.machines[1].node
    assert node is not None and node.member is not None
    now = made.machines[1].clock.now(made.now_ms)
    said: list[Any] = []

    def answer(told: Any, last: bool) -> list[Any]:
        said.append(told)
        return []

    for user, words in (
        ("reader", ("stonith_admin", "-F", "n3")),
        ("reader", ("attrd_updater", "-n", "x", "-U", "1")),
        ("reader", ("crm_resource", "-C")),
        ("root", ("attrd_updater", "-n", "x", "-U", "1")),
        ("reader", ("attrd_updater", "-n", "x", "-Q")),
    ):
        desk = Desk(node, Tool(words[0], words[1:]), user, answer)
        node._handle(desk.request.to_json(), desk, now)
    assert [isinstance(each, NotAuthorised) for each in said] == [True, True, True, False, False]
    assert said[-1]["stdout"] == 'name="x" host="n1" value="1"\n'
