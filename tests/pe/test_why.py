"""Why: each cause is told with the id of what made it, and the advice helps."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pcsx import cli
from pcsx.cib.document import Cib
from pcsx.shell.commands.why import Story
from tests.pe import grade
from tests.pe.small import (
    NOON,
    clone,
    cluster,
    group,
    history,
    operation,
    order,
    primitive,
    started,
    stopped,
)


def story(cib: Cib) -> Story:
    return Story(cib, NOON, root=cli.root)


def why(cib: Cib, name: str, on: str = "") -> str:
    return "\n".join(story(cib).of_resource(name, on))


def helps(cib: Cib, name: str) -> dict[str, bool | None]:
    """Return each command that is advised for *name*, and whether it helps on paper."""
    told = story(cib)
    told.of_resource(name)
    return {each["command"] or each["aim"]: each["helps"] for each in told.data["advice"]}


def rests(*names: str) -> str:
    return "".join(stopped(name) for name in names)


def failed(name: str, text: str = "no such port") -> str:
    entry = operation(name, "start", 3, rc=1).replace("/>", f' exit-reason="{text}"/>')
    return history(name, entry)


def test_a_disabled_resource_names_its_target_role_and_enable_starts_it() -> None:
    cib = cluster(
        primitive("web", meta="target-role=Stopped"), histories=dict.fromkeys("ab", rests("web"))
    )
    assert "its target-role is Stopped" in why(cib, "web")
    assert helps(cib, "web") == {"pcsx resource enable web": True}


def test_a_member_of_a_disabled_group_names_the_group() -> None:
    inner = group("g", primitive("web")).replace(
        '<group id="g">',
        '<group id="g"><meta_attributes id="g-m">'
        '<nvpair id="g-t" name="target-role" value="Stopped"/></meta_attributes>',
    )
    cib = cluster(inner, histories=dict.fromkeys("ab", rests("web")))
    assert "set on g" in why(cib, "web")
    assert helps(cib, "web") == {"pcsx resource enable g": True}


def test_an_unmanaged_resource_is_left_and_manage_is_advised() -> None:
    cib = cluster(primitive("web", meta="is-managed=false"), histories={"b": rests("web")})
    text = why(cib, "web")
    assert "the cluster leaves it as it is" in text
    assert helps(cib, "web") == {"pcsx resource manage web": True}


def test_maintenance_of_the_cluster_is_named() -> None:
    cib = cluster(primitive("web"), options="maintenance-mode=true")
    assert "maintenance-mode=true" in why(cib, "web")
    assert helps(cib, "web") == {"pcsx property set maintenance-mode=false": True}


def test_stop_all_is_named() -> None:
    cib = cluster(primitive("web"), options="stop-all-resources=true")
    assert "stop-all-resources" in why(cib, "web")
    assert helps(cib, "web") == {"pcsx property set stop-all-resources=false": True}


def test_without_quorum_the_policy_is_named() -> None:
    cib = cluster(primitive("web"), quorum=False)
    assert "no-quorum-policy is stop" in why(cib, "web")
    assert next(iter(helps(cib, "web").values())) is True


def test_without_a_fence_device_the_want_of_one_is_named() -> None:
    cib = cluster(primitive("web"))
    required = b'name="stonith-enabled" value="true"'
    cib = Cib.from_bytes(cib.to_bytes().replace(b'name="stonith-enabled" value="false"', required))
    assert "there is no fence device" in why(cib, "web")


def test_failures_tell_how_often_when_and_with_which_words_and_cleanup_helps() -> None:
    cib = cluster(
        primitive("web", meta="migration-threshold=3"),
        histories={"a": failed("web"), "b": rests("web")},
        attributes={"a": "fail-count-web#start_0=3"},
        constraints='<rsc_location id="l" rsc="web" node="b" score="-INFINITY"/>',
        options="start-failure-is-fatal=false",
    )
    text = why(cib, "web")
    assert 'failed 3 times to start, last 11:00:00: "no such port" (threshold 3)' in text
    assert "location l: -INFINITY" in text
    assert helps(cib, "web") == {
        "pcsx resource cleanup web node=a": True,
        "pcsx constraint delete l": True,
    }


def test_a_rule_is_told_from_a_plain_score() -> None:
    rule = (
        '<rsc_location id="l" rsc="web"><rule id="r" score="-INFINITY">'
        '<expression id="e" attribute="#uname" operation="eq" value="b"/></rule></rsc_location>'
    )
    cib = cluster(primitive("web"), constraints=rule, lost="a")
    assert "a rule of location l: -INFINITY" in why(cib, "web", "b")


def test_a_ban_that_was_left_behind_is_called_so_and_clear_is_advised() -> None:
    ban = (
        '<rsc_location id="cli-ban-web-on-a" rsc="web" node="a" score="-INFINITY" role="Started"/>'
    )
    cib = cluster(primitive("web"), nodes="a", constraints=ban)
    assert "left behind by a move or ban" in why(cib, "web")
    assert helps(cib, "web") == {"pcsx resource clear web": True}


def test_a_colocation_names_the_other_and_where_that_is() -> None:
    cib = cluster(
        primitive("vip") + primitive("web"),
        constraints='<rsc_colocation id="c" rsc="web" with-rsc="vip" score="INFINITY"/>',
        histories={"a": started("vip"), "b": rests("web")},
    )
    assert "it must be with vip (colocation c: INFINITY), vip is on a" in why(cib, "web", "b")


def test_what_a_resource_rests_on_is_explained_with_it() -> None:
    cib = cluster(
        primitive("vip", meta="target-role=Stopped") + primitive("web"),
        constraints='<rsc_colocation id="c" rsc="web" with-rsc="vip" score="INFINITY"/>',
        histories=dict.fromkeys("ab", rests("vip", "web")),
    )
    text = why(cib, "web")
    assert "The colocation c ties web to vip, which runs nowhere." in text
    assert "About vip, on which it rests:" in text
    assert helps(cib, "web") == {"pcsx resource enable vip": True}


def test_an_order_that_waits_is_named() -> None:
    cib = cluster(
        primitive("db", meta="target-role=Stopped") + primitive("web"),
        constraints=order("db", "web"),
        histories=dict.fromkeys("ab", rests("db", "web")),
    )
    text = why(cib, "web")
    assert "cannot start yet" in text
    assert "order db-web" in text
    assert helps(cib, "web") == {"pcsx resource enable db": True}


def test_standby_and_offline_are_told_node_by_node() -> None:
    cib = cluster(primitive("web"), lost="b", attributes={"a": "standby=on"})
    text = why(cib, "web")
    assert "it is in standby" in text
    assert "b  no" in text


def test_a_ticket_that_is_not_granted_is_named_and_granting_it_helps() -> None:
    cib = cluster(
        primitive("web"),
        constraints='<rsc_ticket id="t1" rsc="web" ticket="T" loss-policy="stop"/>',
        histories=dict.fromkeys("ab", rests("web")),
    )
    assert "ticket T (constraint t1)" in why(cib, "web")
    assert True in helps(cib, "web").values()


def test_health_and_utilization_are_told_with_their_numbers() -> None:
    cib = cluster(
        primitive("web"), options="node-health-strategy=migrate-on-red",
        attributes={"a": "#health-disk=red", "b": "#health-disk=red"},
    )  # fmt: skip
    assert "its health counts -INFINITY" in why(cib, "web")
    cib = cluster(
        primitive("big").replace(
            "<operations>",
            '<utilization id="u"><nvpair id="u1" name="memory" value="9"/></utilization>'
            "<operations>",
        ),
        nodes="a",
        options="placement-strategy=utilization",
    )
    small = (
        b'<node id="a" uname="a"><utilization id="n">'
        b'<nvpair id="n1" name="memory" value="4"/></utilization></node>'
    )
    cib = Cib.from_bytes(cib.to_bytes().replace(b'<node id="a" uname="a"/>', small))
    assert "memory 9 needed, 4 left" in why(cib, "big")


def test_why_here_tells_the_scores_that_won() -> None:
    cib = cluster(
        primitive("web", meta="resource-stickiness=100"),
        constraints='<rsc_location id="l" rsc="web" node="b" score="50"/>',
        histories={"a": started("web"), "b": rests("web")},
    )
    text = why(cib, "web")
    assert "stays there" in text
    assert "Its score is 100 on a, and elsewhere b 50." in text
    assert "resource-stickiness 100" in text
    assert "location l: 50" in text


def test_a_promoted_instance_tells_its_score() -> None:
    cib = cluster(
        clone("c", primitive("db"), "promotable=true"),
        histories=dict.fromkeys("ab", started("db")),
        attributes={"a": "master-db=10", "b": "master-db=5"},
    )
    assert "is promoted on a: its promotion score 10" in why(cib, "db")


def test_an_orphan_says_that_it_is_no_longer_configured() -> None:
    cib = cluster(primitive("web"), histories={"a": started("old"), "b": rests("web")})
    assert "old is no longer configured" in why(cib, "old")


def test_a_blocked_resource_is_freed_by_cleanup() -> None:
    blocked = history("web", operation("web", "start", 2), operation("web", "stop", 3, rc=1))
    cib = cluster(primitive("web"), histories={"a": blocked, "b": rests("web")})
    text = why(cib, "web")
    assert "the cluster leaves it as it is" in text
    assert "pcsx resource cleanup web" in text


def test_a_lost_node_is_fenced_for_a_reason() -> None:
    cib = cluster(
        primitive("web"), lost="b", fencing=True, histories={"b": started("web")}, nodes="a b c"
    )
    told = story(cib)
    assert "b is fenced (reboot)" in told.of_node("b")[0]
    assert told.of_node("a") == ["a need not be fenced."]


@pytest.mark.slow
@pytest.mark.skipif(not grade.CASES.exists(), reason="the golden cases are not beside the checkout")
def test_every_resource_of_every_golden_case_is_explained() -> None:
    silent, asked = [], 0
    for case in grade.cases():
        cib = Cib.from_bytes((grade.CASES / "xml" / f"{case['name']}.xml").read_bytes())
        told = Story(cib, grade._plan(cib, case["args"], scores=False).wall, sanitized=True)
        for rsc in (rsc for top in told.work.resources for rsc in top.walk()):
            for primitive_ in told.explainer.named(rsc.base_id):
                asked += 1
                each = told.explainer.explain(primitive_)
                if not each.head or not (each.texts or any(on.texts for on in each.nodes)):
                    silent.append((case["name"], each.resource))
                assert not (primitive_.active and "is stopped" in each.head), each.head
    assert silent == []
    assert asked > 3000


_SAME = """
import sys
from pcsx import cli
from pcsx.cib.document import Cib
from pcsx.shell.commands.why import Story
from tests.pe.small import NOON
story = Story(Cib.from_bytes(sys.stdin.buffer.read()), NOON, root=cli.root)
print("\\n".join(story.of_resource("web") + story.of_node("b")))
print(story.transition.canonical().decode())
"""


def test_the_same_input_gives_the_same_bytes_under_any_hash_seed() -> None:
    cib = cluster(
        "".join(primitive(name) for name in ("vip", "web", "db", "fs"))
        + clone("c", primitive("db2"), "promotable=true"),
        nodes="a b c d",
        constraints='<rsc_colocation id="c1" rsc="web" with-rsc="vip" score="INFINITY"/>'
        + order("db", "web") + order("fs", "web"),
        histories={"b": started("web") + started("vip"), "a": failed("web")},
        lost="b",
        fencing=True,
    )  # fmt: skip
    found = {
        subprocess.run(
            [sys.executable, "-c", _SAME],
            input=cib.to_bytes(), capture_output=True, check=True,
            cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "4242")
    }  # fmt: skip
    assert len(found) == 1
