"""A cluster taken over: each part is accounted for, and nothing is dropped."""

from __future__ import annotations

from collections import Counter

import pytest

from pcsx.cib import Cib
from pcsx.cib.takeover import FAULT, IDLE, KEPT, RENAMED, UNSUPPORTED, take_over, with_members
from tests.pe.grade import CASES

OLD = b"""<cib crm_feature_set="3.0.5" validate-with="pacemaker-1.2"><configuration>
<crm_config><cluster_property_set id="o"><nvpair id="o1" name="default-resource-stickiness"
 value="100"/><nvpair id="o3" name="foo" value="1"/></cluster_property_set></crm_config>
<nodes><node id="9" uname="n1" type="normal"/><node id="8" uname="gone"/></nodes>
<resources><master id="m"><primitive id="a" class="ocf" provider="pacemaker" type="Stateful"/>
</master><primitive id="u" class="upstart" type="x"/></resources><constraints>
<rsc_location id="l" rsc="nosuch" node="n1" score="1"/></constraints></configuration>
<status><node_state id="9" uname="n1"/></status></cib>"""


def test_each_part_is_accounted_for() -> None:
    _, rows = take_over(Cib.from_bytes(OLD))
    verdicts = {(row.what, row.verdict) for row in rows}
    assert ("resources", KEPT) in verdicts
    assert ("resources/master[@id='m']", RENAMED) in verdicts
    assert ("property foo", IDLE) in verdicts
    assert ("primitive u", UNSUPPORTED) in verdicts
    assert ("l", FAULT) in verdicts
    assert any(row.what == "status" for row in rows)


def test_nothing_of_the_configuration_is_dropped() -> None:
    cib, _ = take_over(Cib.from_bytes(OLD))
    ids = {e.get("id") for e in cib.tree.iterfind("configuration//*[@id]")}
    assert {"o3", "9", "8", "m", "a", "u", "l"} <= ids
    assert cib.tree.find("rsc_defaults") is None
    assert [p.get("name") for p in cib.tree.iterfind("configuration/rsc_defaults//nvpair")] == [
        "resource-stickiness"
    ]


def test_members_keep_their_ids_and_strangers_are_told() -> None:
    taken, _ = take_over(Cib.from_bytes(OLD))
    present = Cib.from_bytes(
        b'<cib><configuration><nodes><node id="1" uname="n1"/><node id="2" uname="n2"/></nodes>'
        b"</configuration></cib>"
    )
    cib, rows = with_members(taken, present)
    nodes = [(n.get("id"), n.get("uname")) for n in cib.tree.iterfind("configuration/nodes/node")]
    assert nodes == [("1", "n1"), ("2", "n2")]
    assert [row.what for row in rows] == ["node gone"]


@pytest.mark.skipif(not CASES.exists(), reason="the golden cases are not beside the checkout")
def test_of_the_field_s_documents_no_id_and_no_value_is_lost() -> None:
    for path in sorted((CASES / "xml").glob("*.xml"))[::12]:
        old = Cib.from_bytes(path.read_bytes())
        new, rows = take_over(old)
        told = " ".join(f"{row.what} {row.why}" for row in rows)
        gone = _ids(old) - _ids(new)
        assert all(id in told for id in gone), (path.name, gone)
        assert not _values(old) - _values(new), path.name


def _ids(cib: Cib) -> set[str]:
    return {str(e.get("id")) for e in cib.tree.iterfind("configuration//*[@id]")}


def _values(cib: Cib) -> Counter[str | None]:
    return Counter(pair.get("value") for pair in cib.tree.iterfind("configuration//nvpair"))
