"""Checks: everything wrong is said at once, and nothing is said of a sound document."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from pcsx.cib import Cib
from pcsx.cib.check import ACROSS, INSIDE, _Index, _Known, _Section, check, check_change
from pcsx.errors import Finding, Severity

from .strategies import cibs
from .test_replica import wish

SHARED = Path(__file__).parents[2] / ".." / "shared" / "conformance" / "scheduler" / "xml"


def cib(inside: str, fencing: str = "false") -> Cib:
    return Cib.from_bytes(
        f"""<cib epoch="1"><configuration><crm_config><cluster_property_set id="o">
        <nvpair id="o-1" name="stonith-enabled" value="{fencing}"/></cluster_property_set>
        </crm_config><nodes><node id="1" uname="n"/></nodes>{inside}
        </configuration></cib>""".encode()
    )


def dummy(name: str, inside: str = "") -> str:
    return f'<primitive id="{name}" class="ocf" provider="p" type="Dummy">{inside}</primitive>'


def resources(*names: str) -> str:
    return f"<resources>{''.join(map(dummy, names))}</resources>"


def constraints(inside: str) -> Cib:
    return cib(f"{resources('a', 'b', 'r')}<constraints>{inside}</constraints>")


@pytest.mark.parametrize(
    "inside",
    (
        "<rsc_location id='l' role='Promoted' score='1' node='n'>"
        "<resource_set id='s'><resource_ref id='a'/></resource_set></rsc_location>",
        "<rsc_colocation id='c' rsc='a' with-rsc='b' score-attribute='x'/>",
        "</constraints><acls><acl_role id='q'><acl_permission id='p' kind='read' reference='a' "
        "attribute='x'/></acl_role></acls><constraints>",
        "</constraints><acls><acl_role id='q'><acl_permission id='p' kind='read' reference='a' "
        "xpath='x'/></acl_role></acls><constraints>",
        "</constraints><alerts><alert id='q' path='/x'><select><select_nodes/><select_nodes/>"
        "</select></alert></alerts><constraints>",
        "</constraints><op_defaults/><tags/><constraints>"
        "</constraints><resources><primitive id='z' class='lsb' type='q'><operations><op id='zo' "
        "name='start' interval='9' start-delay='1' interval-origin='2026-01-01'/></operations>"
        "</primitive></resources><constraints>",
    ),
)
def test_what_excludes_each_other_is_told(inside: str) -> None:
    assert "not-together" in codes(constraints(inside))


def codes(document: Cib) -> list[str]:
    return [finding.code for finding in check(document)]


def test_a_sound_document_has_no_findings() -> None:
    assert check(constraints('<rsc_location id="l" rsc="a" node="n" score="INFINITY"/>')) == []


@pytest.mark.parametrize(
    ("inside", "code"),
    (
        ("<resources><group id='g'/></resources>", "group-empty"),
        ("<resources><clone id='g'/></resources>", "clone-child"),
        (f"<resources>{dummy('a')}{dummy('a')}</resources>", "id-twice"),
        (f"<resources>{dummy('1a')}</resources>", "id-invalid"),
        ("<resources><primitive id='a'/></resources>", "agent-missing"),
        ("<resources><primitive id='a' class='ocf' type='x'/></resources>", "agent-provider"),
        ("<resources><primitive id='a' template='t'/></resources>", "reference-unknown"),
        (
            "<resources>" + dummy("a", "<operations id-ref='x'/>") + "</resources>",
            "reference-unknown",
        ),
        (
            "<resources>"
            + dummy("a", "<meta_attributes id='m'><nvpair id='p' name='priority' value='x'/>")
            + "</resources>",
            "option-value",
        ),
        ("<tags><tag id='t'/></tags>", "tag-empty"),
        ("<tags><tag id='t'><obj_ref id='x'/></tag></tags>", "reference-unknown"),
        ("<acls><acl_target id='u'><role id='x'/></acl_target></acls>", "reference-unknown"),
        (
            "<fencing-topology><fencing-level id='f' index='1' devices='x'/></fencing-topology>",
            "reference-unknown",
        ),
        ("<resources><primitive id='a' class='x' type='y'/></resources>", "agent-class"),
        (
            "<fencing-topology><fencing-level id='f' index='0' devices=''/></fencing-topology>",
            "level-index",
        ),
    ),
)
def test_each_fault_is_found(inside: str, code: str) -> None:
    inside = inside.replace("</primitive>", "</meta_attributes></primitive>", "priority" in inside)
    assert codes(cib(inside)) == [code]


@pytest.mark.parametrize(
    ("inside", "code"),
    (
        ("<rsc_location id='l' rsc='x' node='n' score='1'/>", "reference-unknown"),
        ("<rsc_location id='l' rsc='a' node='x' score='1'/>", "node-unknown"),
        ("<rsc_location id='l' rsc='a' node='n'/>", "score-missing"),
        ("<rsc_location id='l' rsc='a'/>", "location-nowhere"),
        ("<rsc_location id='l' rsc='a' node='n' score='high'/>", "score-invalid"),
        ("<rsc_location id='l' rsc='a' node='n' score='1' role='King'/>", "role-unknown"),
        ("<rsc_colocation id='c' rsc='a' with-rsc='a' score='1'/>", "colocation-self"),
        ("<rsc_colocation id='c' score='1'><resource_set id='s'/></rsc_colocation>", "set-empty"),
        ("<rsc_order id='oo' first='a' then='a'/>", "order-self"),
        ("<rsc_order id='oo' first='a' then='b' kind='Maybe'/>", "option-value"),
        ("<rsc_order id='oo' first='a' then='b' first-action='jump'/>", "option-value"),
        ("<rsc_ticket id='t' rsc='a'/>", "ticket-missing"),
        ("<rsc_ticket id='t' rsc='a' ticket='T' loss-policy='cry'/>", "option-value"),
    ),
)
def test_each_fault_of_a_constraint_is_found(inside: str, code: str) -> None:
    assert codes(constraints(inside)) == [code]


def test_all_faults_are_told_at_once() -> None:
    found = codes(
        constraints("<rsc_order id='oo' first='x' then='y'/><rsc_ticket id='t' rsc='z'/>")
    )
    assert found == ["reference-unknown"] * 3 + ["ticket-missing"]


def test_a_circle_of_orders_is_told_as_a_circle() -> None:
    document = constraints(
        "<rsc_order id='o1' first='a' then='b'/><rsc_order id='o2' first='b' then='r'/>"
        "<rsc_order id='o3' first='r' then='a'/>"
    )
    (finding,) = check(document)
    assert finding.code == "order-loop"
    assert "a then b then r then a" in finding.text


def test_optional_orders_may_form_a_circle() -> None:
    assert not codes(
        constraints(
            "<rsc_order id='o1' first='a' then='b'/>"
            "<rsc_order id='o2' first='b' then='a' kind='Optional'/>"
        )
    )


def test_one_operation_twice_at_one_interval_is_an_error() -> None:
    ops = "".join(
        f"<op id='{name}' name='monitor' interval='{interval}'/>"
        for name, interval in (("x", "10"), ("y", "10s"), ("z", "20s"))
    )
    inside = dummy("a", f"<operations>{ops}</operations>")
    assert codes(cib(f"<resources>{inside}</resources>")) == ["operation-twice"]


def test_fencing_without_a_device_is_warned_of() -> None:
    (finding,) = check(cib(resources("a"), fencing="true"))
    assert (finding.code, finding.severity) == ("fencing-missing", Severity.WARNING)
    device = '<resources><primitive id="f" class="stonith" type="fence_x"/></resources>'
    assert check(cib(device, fencing="true")) == []


def test_a_change_is_told_what_it_brings_and_not_what_was_there() -> None:
    old = constraints("<rsc_order id='oo' first='x' then='b'/>")
    new = constraints("<rsc_order id='oo' first='x' then='b'/><rsc_ticket id='t' rsc='a'/>")
    assert [f.code for f in check_change(old, new, wish(old, new))] == ["ticket-missing"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cibs())
def test_no_document_makes_a_check_fail(document: Cib) -> None:
    assert isinstance(check(document), list)


def whole(document: Cib) -> list[Finding]:
    """Return what is told of *document* where no section is cut into pieces."""
    sections = [_Section(text) for text in document.sections.values()]
    inside = [f for family in INSIDE for section in sections for f in family(section)]
    across = [f for family in ACROSS for f in family(_Index(sections))]
    return list(dict.fromkeys((*inside, *across)))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cibs())
def test_a_section_in_pieces_is_told_the_same_of_as_the_whole(document: Cib) -> None:
    if document.sections:
        assert check(document) == whole(document)


def test_what_an_odd_section_is_told_is_the_same_in_pieces() -> None:
    odd = resources("a", "b").replace("<resources>", "<resources id='a' score='x'>", 1)
    more = "<constraints id='a'><rsc_order id='o1' first='a' then='b'/>"
    more += "<rsc_order id='o2' first='b' then='a'/><rsc_location id='l' rsc='c' node='m'/>"
    document = cib(f"{odd}{more}</constraints>")
    assert check(document) == whole(document)
    assert {"order-loop", "id-twice", "score-invalid"} <= {f.code for f in check(document)}


def test_pieces_are_known_again_in_the_next_document_and_forgotten_after_two() -> None:
    known = _Known()
    one, two, three = (b"<tags><tag id='%d'/></tags>" % n for n in range(3))
    first = known.of([one, two])
    assert known.of([one, three])[0] is first[0]
    assert known.of([two])[0] is first[1]
    known.of([three])
    assert known.of([one])[0] is not first[0]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared scheduler cases are not here")
def test_documents_of_the_field_have_few_errors() -> None:
    odd = {
        file.name
        for file in sorted(SHARED.glob("*.xml"))
        if any(
            finding.severity is Severity.ERROR and not finding.force
            for finding in check(Cib.from_bytes(file.read_bytes()))
        )
    }
    assert len(odd) <= 3, sorted(odd)
