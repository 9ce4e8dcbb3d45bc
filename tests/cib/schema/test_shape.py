"""The shape of documents: all that the field has fits, and what does not is named by its place."""

import shutil
from pathlib import Path

import pytest
from lxml import etree

from pcsx.cib import Cib
from pcsx.cib.founding import first_document
from pcsx.cib.schema import check_shape, check_shape_change, relax_ng
from pcsx.cib.schema.grammar import GRAMMAR, ROOT
from pcsx.cib.upgrade import upgraded

from ..test_replica import wish

SHARED = Path(__file__).parents[3] / ".." / "shared" / "conformance" / "scheduler" / "xml"
FOUNDED = first_document("w", "u", [("1", "a")])


def cib(inside: str) -> Cib:
    return Cib.from_bytes(f"<cib><configuration>{inside}</configuration></cib>".encode())


def texts(document: Cib) -> list[str]:
    return [finding.text for finding in check_shape(document)]


def schema() -> etree.RelaxNG:
    return etree.RelaxNG(etree.fromstring(relax_ng()))


def test_every_child_of_the_table_is_in_the_table() -> None:
    for tag, shape in GRAMMAR.items():
        assert set(shape.children) <= set(GRAMMAR), tag
    assert {c for shape in GRAMMAR.values() for c in shape.children} | {ROOT} == set(GRAMMAR)


def test_the_first_document_fits() -> None:
    assert check_shape(FOUNDED) == []
    assert schema().validate(FOUNDED.tree)


@pytest.mark.parametrize(
    ("inside", "fault"),
    (
        ("<resources><thing/></resources>", "<thing> has no place in <resources>"),
        ("<resources/><resources/>", "<configuration> has 2 <resources>, and may have one"),
        ("<nodes><node id='1'/></nodes>", "<node> needs the attribute uname"),
        (
            "<nodes><node id='1' uname='a' odd='1'/></nodes>",
            "<node> has no attribute odd",
        ),
        (
            "<acls><acl_role id='r'><acl_permission id='p' kind='see'/></acl_role></acls>",
            "kind='see' of <acl_permission> is none of read, write, deny",
        ),
        (
            "<resources><clone id='c'><clone id='d'/></clone></resources>",
            "<clone> has no place in <clone>",
        ),
    ),
)
def test_what_does_not_fit_is_named(inside: str, fault: str) -> None:
    assert texts(cib(inside)) == [fault]
    assert not schema().validate(cib(inside).tree)


def test_all_faults_are_told_with_their_places() -> None:
    found = check_shape(cib("<nodes><node/><x/></nodes><tags><tag id='t'><y/></tag></tags>"))
    assert [f.subject for f in found] == [
        "/configuration/nodes/node", "/configuration/nodes/node", "/configuration/nodes",
        "/configuration/tags/tag[@id='t']",
    ]  # fmt: skip


def test_what_is_shared_need_not_be_said() -> None:
    document = cib(
        "<resources><primitive id='a' class='lsb' type='x'><meta_attributes id-ref='m'/>"
        "<operations id-ref='o'/></primitive></resources>"
    )
    assert check_shape(document) == []
    assert schema().validate(document.tree)


def test_comments_are_no_attribute() -> None:
    assert check_shape(cib("<nodes><!-- hello --></nodes>")) == []


def test_a_change_is_told_what_it_brings() -> None:
    old = cib("<nodes><x/></nodes>")
    new = cib("<nodes><x/></nodes><tags><y/></tags>")
    assert [f.text for f in check_shape_change(old, new, wish(old, new))] == [
        "<y> has no place in <tags>"
    ]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared scheduler cases are not here")
def test_documents_of_the_field_fit_as_they_are_and_lifted() -> None:
    files = sorted(SHARED.glob("*.xml"))[::7]
    grammar = schema()
    for file in files:
        document = Cib.from_bytes(file.read_bytes())
        assert texts(document) == [], file.name
        lifted = upgraded(document)
        assert texts(lifted) == [], file.name
        assert grammar.validate(etree.fromstring(lifted.to_bytes())), file.name


@pytest.mark.skipif(not shutil.which("xmllint"), reason="xmllint is not installed")
def test_the_schema_is_one_that_others_read(tmp_path: Path) -> None:
    import subprocess

    (tmp_path / "cib.rng").write_bytes(relax_ng())
    (tmp_path / "cib.xml").write_bytes(FOUNDED.to_bytes())
    words = ["xmllint", "--noout", "--relaxng", "cib.rng", "cib.xml"]
    run = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
