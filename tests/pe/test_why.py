"""Why: each cause is told with the id of what made it, and the advice helps."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pcsx import cli
from pcsx.cib.document import Cib
from pcsx.shell.story import Story
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


def test_what_a_lost_node_ran_waits_for_its_fencing_and_tells_what_became_of_that() -> None:
    cib = cluster(primitive("web"), lost="b", fencing=True, histories={"b": started("web")})
    assert "It waits until b is fenced." in why(cib, "web")
    told = story(cib)
    case = {"target": "b", "reason": "ipmi-b: off: cannot log in"}
    told.fencing = {"open": [case], "failed": [{**case, "times": 2}]}
    (line,) = [line for line in told.of_resource("web") if "It waits" in line]
    assert line == (
        "  It waits until b is fenced. Its fencing failed 2 times: ipmi-b: off: cannot log in. "
        "It is tried again now."
    )
    assert told.data["waits"] == {"b": line.strip()}
    calm = cluster(primitive("web"), fencing=True, histories={"b": started("web")})
    assert "It waits" not in why(calm, "web")


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


def _with_memory(cib: Cib, **amounts: int) -> Cib:
    """Return *cib* where nodes have that much memory."""
    text = cib.to_bytes()
    for name, amount in amounts.items():
        has = f'<utilization id="n-{name}"><nvpair id="n1-{name}" name="memory" value="{amount}"/>'
        bare = f'<node id="{name}" uname="{name}"'
        text = text.replace(f"{bare}/>".encode(), f"{bare}>{has}</utilization></node>".encode())
    return Cib.from_bytes(text)


def test_too_little_capacity_is_told_in_numbers_and_the_advised_capacity_is_enough() -> None:
    def big(name: str) -> str:
        need = f'<utilization id="{name}-u"><nvpair id="{name}-v" name="memory" value="9"/>'
        return primitive(name).replace("<operations>", f"{need}</utilization><operations>")

    cib = cluster(
        big("one") + big("two"), nodes="a b", options="placement-strategy=utilization",
        histories=dict.fromkeys("ab", rests("one", "two")),
        constraints='<rsc_location id="l" rsc="two" node="b" score="-INFINITY"/>',
    )  # fmt: skip
    cib = _with_memory(cib, a=10)
    assert "memory 9 needed, 1 left" in why(cib, "two")
    assert "memory 9 needed, 0 left" in why(cib, "one", "b")
    assert helps(cib, "two")["pcsx node utilization a memory=18"] is True


def test_ill_health_names_its_attributes_and_what_lets_a_resource_run_all_the_same() -> None:
    cib = cluster(
        primitive("web"), options="node-health-strategy=only-green",
        attributes=dict.fromkeys("ab", "#health-disk=yellow"),
        histories=dict.fromkeys("ab", rests("web")),
    )  # fmt: skip
    assert "its health counts -INFINITY (#health-disk is yellow)" in why(cib, "web", "a")
    assert helps(cib, "web") == {
        "When #health-disk of a is green": True,
        "pcsx resource meta web allow-unhealthy-nodes=true": True,
        "When #health-disk of b is green": True,
    }


def test_exclusive_discovery_names_the_location_that_leaves_a_node_out() -> None:
    cib = cluster(
        primitive("web"), nodes="a b", lost="a", histories={"b": rests("web")},
        constraints='<rsc_location id="x" rsc="web" node="a" score="9"'
        ' resource-discovery="exclusive"/>',
    )  # fmt: skip
    told = "location x names other nodes alone (resource-discovery=exclusive)"
    assert told in why(cib, "web", "b")
    assert told not in why(cib, "web", "a")
    assert helps(cib, "web")["pcsx constraint delete x"] is True


def test_a_shutdown_lock_names_the_node_that_it_waits_for_and_its_return_helps() -> None:
    down = f'<lrm_resource shutdown-lock="{int(NOON.timestamp()) - 60}" '
    locked = history("web", operation("web", "start", 2), operation("web", "stop", 3))
    cib = cluster(
        primitive("web"), options="shutdown-lock=true", lost="a",
        histories={"a": locked.replace("<lrm_resource ", down), "b": rests("web")},
    )  # fmt: skip
    assert "it is kept for a, shut down in order (shutdown-lock)" in why(cib, "web", "b")
    assert helps(cib, "web") == {"pcsx cluster start a": True}


def test_a_lost_ticket_tells_on_every_node_why_what_ran_is_stopped() -> None:
    cib = cluster(
        primitive("web"), histories={"a": started("web"), "b": rests("web")},
        constraints='<rsc_ticket id="t1" rsc="web" ticket="T" loss-policy="stop"/>',
    )  # fmt: skip
    text = why(cib, "web")
    assert "web runs on a, and is to be stopped." in text
    assert "depends on the ticket T (constraint t1), which is not granted" in text
    assert "b  no    ticket T does not let it run" in text
    assert helps(cib, "web") == {"pcsx ticket grant T": True}


def test_a_guest_that_is_down_leads_to_the_machine_that_it_lives_in() -> None:
    guest = primitive("vm", meta="remote-node=g target-role=Stopped")
    bans = "".join(
        f'<rsc_location id="not-{node}" rsc="web" node="{node}" score="-INFINITY"/>'
        for node in "ab"
    )
    cib = cluster(
        guest + primitive("web"), constraints=bans,
        histories=dict.fromkeys("ab", rests("vm", "web", "g")),
    )  # fmt: skip
    assert "it lives in vm, which runs nowhere" in why(cib, "web", "g")
    assert helps(cib, "web")["pcsx resource enable vm"] is True


def _bundle(inner: str = "", meta: str = "") -> str:
    options = f'<meta_attributes id="m"><nvpair id="m1" {meta}/></meta_attributes>' if meta else ""
    return (
        f'<bundle id="bun">{options}<docker image="i" replicas="2"/>'
        f'<network ip-range-start="10.0.0.1" control-port="3121"/>{inner}</bundle>'
    )


def test_parts_of_a_bundle_tell_what_they_go_with_and_what_keeps_them_apart() -> None:
    cib = cluster(_bundle(primitive("app")))
    text = why(cib, "bun")
    assert "bun-ip-10.0.0.1 belongs to bun-docker-0 and goes where that is, to a." in text
    assert "a  no    bun-docker-0 is there" in text
    assert "a      no    it runs in the containers of bun alone" in why(cib, "app")


def test_a_bundle_that_is_disabled_or_banned_says_so_once_with_what_lets_it_run() -> None:
    off = cluster(_bundle(primitive("app"), 'name="target-role" value="Stopped"'))
    assert "its target-role is Stopped (set on bun)" in why(off, "app")
    assert helps(off, "app") == {"pcsx resource enable bun": True}
    banned = cluster(
        _bundle(primitive("app")), nodes="a",
        constraints='<rsc_location id="nb" rsc="bun" node="a" score="-INFINITY"/>',
    )  # fmt: skip
    assert "location nb: -INFINITY" in why(banned, "bun")
    assert helps(banned, "bun") == {"pcsx constraint delete nb": True}


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
from pcsx.shell.story import Story
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


def test_an_instance_is_told_which_one_leaves_no_room_and_where_the_other_clone_is() -> None:
    two = clone("front", primitive("f")) + clone("back", primitive("k"))
    cib = cluster(
        two, nodes="a b c",
        constraints='<rsc_colocation id="both" rsc="front" with-rsc="back" score="INFINITY"/>'
        '<rsc_location id="not-c" rsc="back" node="c" score="-INFINITY"/>',
    )  # fmt: skip
    told = why(cib, "f:1", "a") + why(cib, "f:1", "c")
    assert "f:0 is there" in told
    assert "it must be with back (colocation both: INFINITY), back is on a, b" in told


def test_what_on_fail_stop_keeps_down_is_helped_by_a_cleanup() -> None:
    web = primitive("web", ops="monitor=10s").replace("<op ", '<op on-fail="stop" ')
    failure = operation("web", "monitor", 3, rc=1, interval=10_000)
    records = history("web", operation("web", "start", 2), failure)
    cib = cluster(web, histories={"a": records, "b": rests("web")})
    assert "on-fail=stop of the operation that failed lets it run nowhere" in why(cib, "web", "b")
    assert helps(cib, "web")["pcsx resource cleanup web"] is True


def test_stickiness_is_told_of_the_node_where_the_instance_is() -> None:
    cib = cluster(clone("all", primitive("w")), histories={n: started("w") for n in "ab"})
    told = why(cib, "w:0")
    assert told.count("resource-stickiness") == 1


def test_what_is_no_longer_configured_says_so_on_every_node() -> None:
    cib = cluster(primitive("other"), histories={"a": started("gone")})
    assert "it is no longer configured" in why(cib, "gone", "b")
