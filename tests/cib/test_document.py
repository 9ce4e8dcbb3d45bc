"""The document: what it takes in, what it refuses, and what its digest sees."""

import pytest
from lxml import etree

from pcsx.cib import Cib, Version
from pcsx.cib.document import MAX_BYTES, SLICE, by_sections
from pcsx.errors import Refused

BOMB = b"""<!DOCTYPE cib [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">
<!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;">]>"""


def code(text: bytes) -> str:
    with pytest.raises(Refused) as caught:
        Cib.from_bytes(text)
    (finding,) = caught.value.findings
    return finding.code


def test_bytes_come_back_the_same() -> None:
    cib = Cib.from_bytes(b'<cib epoch="3"><configuration><nodes/></configuration></cib>')
    assert Cib.from_bytes(cib.to_bytes()) == cib
    assert cib.version == Version(0, 3, 0)


def test_a_section_that_no_edit_touched_keeps_its_very_text() -> None:
    text = b'<cib><configuration><nodes/><tags><tag id="t"/></tags></configuration></cib>'
    old = Cib.from_bytes(text)

    def change(tree: etree._Element) -> None:
        tree.find("configuration/tags/tag").set("id", "u")

    new = old.edited(change, touches=("tags",))
    assert new.sections["nodes"] is old.sections["nodes"]
    assert new.sections["tags"] == b'<tags><tag id="u"></tag></tags>'
    assert new.digest == old.edited(change).digest != old.digest


def test_what_is_remembered_of_sections_follows_them_alone() -> None:
    asked: list[Cib] = []

    @by_sections("tags")
    def count(cib: Cib) -> int:
        asked.append(cib)
        return len(cib.tree.findall("configuration/tags/tag"))

    def with_tags(number: int, epoch: int) -> Cib:
        tags = "".join(f'<tag id="t{n}"/>' for n in range(number))
        text = f'<cib epoch="{epoch}"><configuration><tags>{tags}</tags></configuration></cib>'
        return Cib.from_bytes(text.encode())

    assert [count(with_tags(n, e)) for n, e in ((1, 1), (1, 2), (2, 3), (1, 4), (0, 5))] == [
        1, 1, 2, 1, 0,
    ]  # fmt: skip
    assert len(asked) == 3


@pytest.mark.parametrize("where", (b'<cib x="&f;"/>', b"<cib>&f;</cib>"))
def test_an_entity_bomb_is_refused(where: bytes) -> None:
    assert code(BOMB + where) in ("cib-not-xml", "cib-doctype")


def test_a_file_entity_is_never_read() -> None:
    text = b'<!DOCTYPE cib [<!ENTITY f SYSTEM "file:///etc/hostname">]><cib>&f;</cib>'
    assert code(text) in ("cib-not-xml", "cib-doctype")


def test_a_document_that_is_too_large_is_refused_unparsed() -> None:
    assert code(b"<" * (MAX_BYTES + 1)) == "cib-too-large"


def test_deep_nesting_is_refused() -> None:
    assert code(b"<cib>" + b"<a>" * 100_000) == "cib-not-xml"
    assert code(b"<cib>" + b"<a>" * 1000 + b"</a>" * 1000 + b"</cib>") == "cib-not-xml"


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        (b"", "cib-not-xml"),
        (b"\x00\xff", "cib-not-xml"),
        (b"<cib", "cib-not-xml"),
        (b"<html/>", "cib-not-a-cib"),
        (b"<cib>words</cib>", "cib-text"),
        (b"<cib><nodes/>words</cib>", "cib-text"),
    ),
)
def test_what_is_no_cib_is_refused_with_one_finding(text: bytes, expected: str) -> None:
    assert code(text) == expected


def test_blank_text_is_no_part_of_the_document() -> None:
    plain = Cib.from_bytes(b"<cib><nodes/></cib>")
    assert Cib.from_bytes(b"<!--x--><cib>  <nodes>\n </nodes>\n</cib><?p i?>") == plain


def test_comments_stay_with_their_element_and_no_reader_meets_them() -> None:
    cib = Cib.from_bytes(b"<cib><nodes><!-- one --><node id='1'/><!--two--></nodes></cib>")
    assert [element.tag for element in cib.tree.iter()] == ["cib", "nodes", "node"]
    text = cib.to_bytes()
    assert text.index(b"<!--one-->") < text.index(b"<!--two-->") < text.index(b"<node ")
    assert Cib.from_bytes(text) == cib


def test_a_comment_that_xml_cannot_hold_is_written_as_near_as_may_be() -> None:
    cib = Cib.from_bytes(b"<cib><nodes pcsx-comments='a---b-'/></cib>")
    assert b"<!--a- - -b- -->" in cib.to_bytes()


def test_a_bare_configuration_is_taken_for_the_whole() -> None:
    assert Cib.from_bytes(b"<configuration/>") == Cib.from_bytes(b"<cib><configuration/></cib>")


def test_the_digest_does_not_see_the_order_of_attributes_and_sees_all_else() -> None:
    def digest(text: str) -> str:
        return Cib.from_bytes(text.encode()).digest

    assert digest('<cib a="1" b="2"/>') == digest('<cib b="2" a="1"/>')
    assert digest("<cib><a/><b/></cib>") != digest("<cib><b/><a/></cib>")
    assert digest('<cib a="1"/>') != digest('<cib a="2"/>')


def test_an_edit_leaves_the_old_document_alone() -> None:
    old = Cib.from_bytes(b'<cib epoch="1"/>')
    new = old.with_version(Version(1, 2, 3))
    assert (old.version, new.version) == (Version(0, 1, 0), Version(1, 2, 3))


def test_a_control_character_is_refused() -> None:
    with pytest.raises(Refused):
        Cib.from_bytes(b"<cib/>").edited(lambda tree: tree.set("a", "\x01"))


ODD = (
    b"<cib/>",
    b"<cib><status/></cib>",
    b"<cib><configuration/></cib>",
    b'<cib xmlns:x="urn:x"><configuration><nodes><node id="1"/></nodes></configuration></cib>',
    b'<cib><configuration><tags xmlns:x="urn:x"><tag id="1" x:y="1"/></tags></configuration></cib>',
    b"<cib><configuration><!-- why --><nodes/></configuration></cib>",
    b'<configuration><tags><tag id="t"/></tags></configuration>',
)


@pytest.mark.parametrize("text", ODD)
def test_slices_are_the_whole_of_an_odd_document_too(text: bytes) -> None:
    cib = Cib.from_bytes(text)
    assert b"".join(cib.slices()) == cib.packed()


def large(count: int) -> Cib:
    nodes = "".join(f'<node id="{n}" uname="n{n}" type="\u00fc&lt;{n:x}"/>' for n in range(count))
    text = f'<cib epoch="1"><configuration><nodes>{nodes}</nodes></configuration><status/></cib>'
    return Cib.from_bytes(text.encode())


def test_a_large_document_is_written_in_slices_also_where_it_shares_a_tree_with_others() -> None:
    old = large(5000)

    def change(element: etree._Element) -> None:
        element.set("uname", "another")

    new = old.edited_inside({("nodes", "node", "70"): change})
    assert new is not None
    new = new.with_root(lambda root: root.set("epoch", "2"))
    slices = list(new.slices())
    assert max(map(len, slices)) < SLICE + 200 and len(slices) > 2
    assert b"".join(slices) == new.packed() != old.packed()
    assert b"".join(new.slices()) == b"".join(slices)
    assert b"".join(old.slices()) == old.packed()
