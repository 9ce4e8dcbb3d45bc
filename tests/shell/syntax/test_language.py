"""The language: what it says is what it makes, and what it prints reads back."""

from pathlib import Path

import pytest

from pcsx.cib import Cib
from pcsx.cib.plain import COMMENTS, Element, unseal
from pcsx.errors import Refused
from pcsx.shell.syntax import Workspace, read, show
from pcsx.shell.syntax.containers import RESOURCES

from .language import again, empty, one, said, written

SHARED = Path(__file__).parents[3] / ".." / "shared" / "conformance" / "scheduler" / "xml"
DUMMIES = "primitive a Dummy\nprimitive b Dummy\nprimitive c Dummy\n"

CLOSED = (
    DUMMIES + "location l { a b sequential=false } 10: n1",
    "primitive a Dummy params x=1 y=\"a b\" op monitor interval=10s timeout=20s meta p=1",
    "primitive a Dummy op start interval=0 op_params z=1 op_meta 2: rule #uname eq n q=1",
    "primitive a Dummy params $id=own x=1 $mine:y=2 @other z",
    "primitive a Dummy operations $id=ops op monitor $id=m interval=10",
    "primitive a systemd:getty@tty1 description=\"of tty1\" utilization cpu=2",
    "rsc_template t Dummy params x=1\nprimitive a @t",
    DUMMIES + "group g a b c meta target-role=Stopped params x=1 description=hello",
    "primitive a Dummy\nclone c a meta interleave=true",
    "primitive a ocf:pacemaker:Stateful\nms m a meta master-max=1",
    "primitive a Dummy\nbundle b podman image=i replicas=2 network control-port=1 port-mapping "
    "id=p port=80 storage storage-mapping id=s source-dir=/a target-dir=/b meta x=1 primitive a",
    DUMMIES + "location l a 100: n1\nlocation l2 /b.*/ -inf: n2\nlocation l3 { a b } 5: n1",
    "primitive a Dummy\nlocation l a role=Promoted resource-discovery=never 1: n1",
    "primitive a Dummy\nlocation l a rule -inf: not_defined x or x number:lte 0 rule y: defined y",
    "primitive a Dummy\nlocation l a rule $id=r $role=Promoted 1: ( a eq 1 or b ne 2 ) and x eq c",
    "primitive a Dummy\nlocation l a rule 1: date spec hours=0-7 or date in start=2030 months=3",
    "primitive a Dummy\nlocation l a rule 1: $id=e date gt 2030 or date lt \"2031-01-01 12:00\"",
    DUMMIES + "colocation c1 inf: a b:Promoted\ncolocation c2 -5: a ( b c )\norder o ( a b ) c",
    DUMMIES + "order o Optional: a:start b:promote symmetrical=false\norder p [ a b ] c",
    DUMMIES + "order o Mandatory: a b c\ncolocation d inf: _rsc_set_ a b\norder q { a b $id=z } c",
    DUMMIES + "rsc_ticket t T: a:Promoted loss-policy=fence\nrsc_ticket u T: a b",
    "property a=1 b=\"x y\"\nproperty night: rule date spec hours=0-5 c=3\nrsc_defaults d=1",
    "op_defaults $id=o rule rsc_expression class=ocf type=Dummy and op_expression name=start t=1",
    "primitive f stonith:fence_x\nfencing_topology n1: f f pattern:a.* f attr:r=1 f,f",
    "primitive f stonith:fence_x\nfencing_topology f",
    "role r read cib write meta:a:target-role deny xpath:\"//x[@y='z']\" read attr:v type:nvpair\n"
    "acl_target u r\nacl_group g r",
    "user u role:r read xpath:\"/cib\"\nrole r read status write property:x deny nodeutil",
    "primitive a Dummy\ntag t a",
    "alert x /bin/a attributes a=1 meta t=5s select nodes attributes { p q } to r to s meta t=1",
    "node 3: n3:remote attributes x=1 utilization cpu=2 description=hi",
    "xml <primitive id=\"x\" class=\"ocf\" provider=\"p\" type=\"t\" odd=\"1\"/>",
    "xml <rsc_defaults><meta_attributes id=\"m\" odd=\"1\"/></rsc_defaults>",
    "# why it is here\nprimitive a Dummy",
)  # fmt: skip


@pytest.mark.parametrize("text", CLOSED)
def test_what_is_read_is_printed_and_reads_the_same(text: str) -> None:
    workspace = written(text)
    assert again(workspace).root.same(workspace.root)
    assert show(again(workspace).root) == show(workspace.root)


@pytest.mark.parametrize("text", [t for t in CLOSED if not t.startswith("xml")])
def test_nothing_that_the_language_says_is_printed_as_xml(text: str) -> None:
    assert "xml <" not in show(written(text).root)


@pytest.mark.parametrize(
    ("text", "fault"),
    (
        ("primitve a Dummy", "primitve"),
        ("primitive", "expected an id"),
        ("primitive 1a Dummy", "cannot be an id"),
        ("primitive a", "the type"),
        ("primitive a Dummy op", "name of an operation"),
        ("primitive a Dummy nonsense", "expected one of"),
        ("group g", "id of a resource"),
        ("colocation c a b", "score and a colon"),
        ("location l a node1", "score and a colon"),
        ("location l a rule 1: a eq 1 or b eq 2 and c eq 3", "cannot be mixed"),
        ("location l a rule 1: a like 1", "comparison"),
        ("location l { a 1: n", "expected"),
        ("order o Maybe: a b", "Mandatory"),
        ("order o a:jump b", "no action"),
        ("order o ( a b", "expected )"),
        ("order o ( a ( b ) )", "cannot stand in"),
        ("rsc_ticket t a", "ticket"),
        ("property", "name=value"),
        ("role r", "read, write or deny"),
        ("role r read nonsense", "nothing that can be permitted"),
        ("acl_target u", "a role"),
        ("alert a", "path"),
        ("tag t", "member"),
        ("bundle b image=x", "docker"),
        ("xml <a", "not well-formed"),
        ("xml <configuration/>", "one element"),
        ("monitor a", "interval"),
        ('primitive a Dummy params x="1', "not closed"),
    ),
)
def test_a_fault_is_told_with_its_line_and_word(text: str, fault: str) -> None:
    with pytest.raises(Refused) as caught:
        read("primitive ok Dummy\n" + text)
    assert "line 2" in str(caught.value)
    assert fault in str(caught.value)


def test_all_faults_of_a_text_are_told_at_once() -> None:
    with pytest.raises(Refused) as caught:
        read("primitive\nprimitive a Dummy\ngroup\norder o")
    assert [f.subject for f in caught.value.findings] == ["line 1", "line 3", "line 4"]


def test_an_unnamed_provider_is_heartbeat_and_is_not_printed() -> None:
    assert said("primitive a ocf:heartbeat:Dummy") == "primitive a Dummy"


def test_unknown_options_of_an_operation_become_its_parameters() -> None:
    assert said("primitive a Dummy op monitor interval=1 OCF_CHECK_LEVEL=5") == (
        "primitive a Dummy op monitor interval=1 op_params OCF_CHECK_LEVEL=5"
    )


def test_what_the_schema_has_no_place_for_on_an_operation_becomes_its_parameter() -> None:
    workspace = written("primitive a Dummy op start requires=quorum description=x")
    (op,) = (e for e in workspace.root.walk() if e.tag == "op")
    assert (op.get("description"), op.get("requires")) == ("x", "")


def test_attributes_with_values_are_those_of_the_alert_and_not_selected() -> None:
    workspace = written("alert z /x select nodes attributes a=1 to y\nalert y /x select attributes")
    assert [e.tag for e in one(workspace, "z").walk()][1:4] == [
        "select", "select_nodes", "instance_attributes",
    ]  # fmt: skip
    assert one(workspace, "y").children[0].children[0].tag == "select_attributes"


def test_made_ids_are_counted_where_the_name_is_taken() -> None:
    workspace = written("primitive a Dummy params x=1 params x=2 op monitor op monitor")
    ids = [e.id for e in one(workspace, "a").walk()]
    assert ids == [
        "a", "a-instance_attributes", "a-instance_attributes-x", "a-instance_attributes-0",
        "a-instance_attributes-0-x", "", "a-monitor-0", "a-monitor-0-0",
    ]  # fmt: skip


def test_a_monitor_may_stand_before_its_resource() -> None:
    workspace = written("monitor a 30s:20s\nprimitive a Dummy op monitor interval=9")
    assert [e.id for e in one(workspace, "a").walk() if e.tag == "op"] == [
        "a-monitor-9", "a-monitor-30s",
    ]  # fmt: skip


def test_a_reference_to_an_object_means_its_set_of_that_kind() -> None:
    workspace = written("primitive b Dummy meta $id-ref=a\nprimitive a Dummy meta $id=m x=1")
    assert one(workspace, "b").children[0].get("id-ref") == "m"


def test_secrets_are_hidden_on_request_only() -> None:
    workspace = written("primitive a Dummy params passwd=secret x=1")
    assert "secret" in show(workspace.root)
    assert "secret" not in show(workspace.root, masked=True)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared scheduler cases are not here")
def test_documents_of_the_field_come_back_whole() -> None:
    for file in sorted(SHARED.glob("*.xml"))[::17]:
        configuration = unseal(Cib.from_bytes(file.read_bytes()))
        text = show(configuration)
        found = written(text, Workspace(Element("configuration"))).root
        assert normal(found).same(normal(configuration)), file.name


def normal(element: Element) -> Element:
    """Return *element* without what the language does not say: empty sections, inner comments,
    and whether members of a container stand before or after its options."""
    copy = element.copy()
    copy.children = [c for c in copy.children if c.children or c.attributes]
    copy.children.sort(key=lambda section: section.tag)
    for inner in copy.walk():
        inner.attributes.pop(COMMENTS, None)
        if inner.tag in RESOURCES:
            inner.children.sort(key=lambda c: c.tag in RESOURCES)
        if inner.tag == "bundle":
            inner.children.sort(key=lambda c: c.tag.endswith("attributes"))
    return copy


def test_an_empty_text_says_nothing() -> None:
    assert read("\n# only a comment\n") == []
    assert show(Element("configuration")) == ""
    assert empty().names() == ["n1", "n2"]
