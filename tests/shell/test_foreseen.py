"""A move is foreseen on paper: it reaches its node and lasts, or it is refused with the reason."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pcsx.cib.document import Cib
from pcsx.cib.edit import moves
from pcsx.errors import Failed
from pcsx.shell.foreseen import check_move

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
RUNS = """<lrm id="1"><lrm_resources><lrm_resource id="a" class="ocf" provider="pacemaker"
 type="Dummy"><lrm_rsc_op id="a_last_0" operation="start" operation_key="a_start_0" call-id="5"
 rc-code="0" op-status="0" interval="0" transition-key="1:1:0:x" transition-magic="0:0;1:1:0:x"/>
</lrm_resource></lrm_resources></lrm>"""


def running_on_n1(*, stickiness: int, constraints: str = "") -> Cib:
    states = "".join(
        f'<node_state id="{id}" uname="n{id}" in_ccm="true" crmd="online" join="member" '
        f'expected="member">{RUNS if id == 1 else ""}</node_state>'
        for id in (1, 2)
    )
    text = f"""<cib validate-with="pacemaker-3.9" have-quorum="1"><configuration><crm_config>
 <cluster_property_set id="c"><nvpair id="c1" name="stonith-enabled" value="false"/>
 </cluster_property_set></crm_config><nodes><node id="1" uname="n1"/><node id="2" uname="n2"/>
 </nodes><resources><primitive id="a" class="ocf" provider="pacemaker" type="Dummy">
 <meta_attributes id="a-m"><nvpair id="a-m-s" name="resource-stickiness" value="{stickiness}"/>
 </meta_attributes></primitive></resources><constraints>{constraints}</constraints>
 </configuration><status>{states}</status></cib>"""
    return Cib.from_bytes(text.encode())


def check(cib: Cib, node: str) -> None:
    check_move(
        cib,
        "a",
        node,
        there=lambda base: moves.prefer(base, "a", node, role="Started", until=""),
        back=lambda base: moves.clear(base, "a")[0],
        wall=NOON,
    )


def test_a_move_that_reaches_its_node_and_lasts_is_let_through():
    check(running_on_n1(stickiness=1), "n2")


def test_a_move_to_where_it_may_not_run_is_refused():
    never = '<rsc_location id="l" rsc="a" node="n2" score="-INFINITY"/>'
    with pytest.raises(Failed, match="'a' would not run on n2; it would run on: n1"):
        check(running_on_n1(stickiness=1, constraints=never), "n2")


def test_a_move_that_would_not_last_is_refused_with_the_way_to_keep_it():
    wish = '<rsc_location id="l" rsc="a" node="n1" score="100"/>'
    with pytest.raises(Failed, match="'a' would not stay on n2") as refused:
        check(running_on_n1(stickiness=1, constraints=wish), "n2")
    assert "--keep-constraint" in refused.value.hint
