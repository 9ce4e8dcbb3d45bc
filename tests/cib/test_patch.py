"""Patches: exact, invertible, and merged by element without losing what others did."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from pcsx.cib import Cib, Version
from pcsx.cib.patch import Patch, apply, between, diff, merge, rebase, rebased
from pcsx.errors import Conflict, Refused

from .strategies import cibs

FAST = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def cib(inside: str) -> Cib:
    return Cib.from_bytes(f'<cib epoch="1"><configuration>{inside}</configuration></cib>'.encode())


def group(*members: str, extra: str = "") -> Cib:
    inner = "".join(f'<primitive id="{m}"/>' for m in members)
    return cib(f'<resources><group id="g">{inner}</group>{extra}</resources>')


def members(document: Cib) -> list[str | None]:
    return [e.get("id") for e in document.tree.iter("primitive")]


@FAST
@given(cibs(), cibs())
def test_applying_the_difference_gives_the_other_document(a: Cib, b: Cib) -> None:
    assert apply(a, diff(a, b)) == b


@FAST
@given(cibs(), cibs())
def test_a_digest_made_of_known_sections_is_the_digest_of_the_whole(a: Cib, b: Cib) -> None:
    assert a.digest
    after = apply(a, diff(a, b))
    assert after.digest == Cib.from_bytes(after.to_bytes()).digest == b.digest
    assert after.sections == Cib.from_bytes(after.to_bytes()).sections


SECTIONED = Cib.from_bytes(b"""<cib epoch="1"><configuration><crm_config>
<cluster_property_set id="o"><nvpair id="o1" name="batch-limit" value="3"/></cluster_property_set>
</crm_config><resources><primitive id="a"/><group id="a"><primitive id="m"/><primitive id="m"/>
</group><primitive id="a" type="x"/><primitive id="b"><op id="c"/></primitive></resources>
<rsc_defaults><meta_attributes id="d"/><meta_attributes id="e"/><meta_attributes id="e"/>
</rsc_defaults></configuration><status/></cib>""")
CHANGED = st.tuples(
    st.integers(0, 12),
    st.sampled_from(("id", "name", "value", "")),
    st.sampled_from(("", "a", "m", "xmlns", 'q"<&>\t\n')),
)


@settings(FAST, max_examples=150)
@given(st.lists(st.lists(CHANGED, min_size=1, max_size=3), max_size=5), st.data())
def test_documents_that_share_their_tree_are_what_a_tree_each_makes_of_them(
    turns: list[list[tuple[int, str, str]]], data: st.DataObject
) -> None:
    wholes, shared = [SECTIONED], [SECTIONED]
    for number, turn in enumerate(turns):

        def change(tree: etree._Element, turn: list[tuple[int, str, str]] = turn) -> None:
            inner = tree.findall("configuration/*//")
            for at, name, value in turn:
                if name:
                    inner[at % len(inner)].set(name, value)
                else:
                    etree.SubElement(inner[at % len(inner)], "nvpair", id=value)

        wholes.append(wholes[-1].edited(change).with_version(Version(0, 2 + number, 0)))
        shared.append(apply(shared[-1], diff(wholes[-2], wholes[-1])))
    for at in data.draw(st.permutations(range(len(wholes)))):
        whole, sharing = wholes[at], shared[at]
        assert sharing.digest == whole.digest and sharing.sections == whole.sections
        assert sharing.version == whole.version
        assert [sharing.section(tag) is None for tag in whole.sections] == [False] * 3
        assert Cib.from_bytes(sharing.packed()) == whole
        assert sharing.digest == whole.digest and sharing.sections == whole.sections


def test_a_change_inside_of_one_child_copies_no_other() -> None:
    def change(tree: etree._Element) -> None:
        child = tree.find("configuration/resources/primitive[@id='b']/op")
        assert child is not None
        child.set("name", "monitor")

    after = apply(SECTIONED, diff(SECTIONED, SECTIONED.edited(change)))
    assert after.section("rsc_defaults") is SECTIONED.section("rsc_defaults")
    assert after.section("resources") is not SECTIONED.section("resources")


@FAST
@given(cibs(), cibs(), cibs())
def test_an_edit_that_was_carried_out_as_it_is_leads_others_there_too(
    a: Cib, b: Cib, c: Cib
) -> None:
    try:
        after, edit = rebased(c, diff(a, b))
    except Conflict:
        return
    assert after == rebase(c, diff(a, b))
    if edit is not None:
        assert apply(c, between(c, after, edit)) == after


@FAST
@given(cibs(), cibs())
def test_the_inverse_leads_back(a: Cib, b: Cib) -> None:
    assert apply(b, diff(a, b).inverse()) == a
    assert diff(a, b).inverse().inverse() == diff(a, b)


@FAST
@given(cibs(), cibs())
def test_bytes_give_the_same_patch_again(a: Cib, b: Cib) -> None:
    patch = diff(a, b)
    assert Patch.from_bytes(patch.to_bytes()) == patch


@FAST
@given(cibs(), cibs())
def test_merging_into_the_base_itself_gives_my_document(a: Cib, b: Cib) -> None:
    mine = b.with_version(a.version)
    assert merge(a, mine, a) == mine


@FAST
@given(cibs(), cibs(), cibs())
def test_a_merge_gives_a_document_or_a_conflict_and_nothing_else(a: Cib, b: Cib, c: Cib) -> None:
    try:
        merged = merge(a, b, c)
    except Conflict as conflict:
        assert conflict.where
    else:
        assert merged.version == c.version


@FAST
@given(cibs(), cibs())
def test_the_same_change_made_twice_is_no_conflict(a: Cib, b: Cib) -> None:
    assert rebase(b, diff(a, b)) == b


def test_the_same_move_made_twice_is_no_conflict() -> None:
    a = cib("<group/><configuration/>")
    b = cib("<configuration/><group/>")
    assert rebase(b, diff(a, b)) == b


def test_changes_at_different_places_are_both_kept() -> None:
    base = group("a", "b")
    mine = group("a", "x", "b")
    theirs = group("a", "b", extra='<primitive id="z"/>')
    assert members(merge(base, mine, theirs)) == ["a", "x", "b", "z"]


def test_two_values_for_one_attribute_conflict_and_the_place_is_named() -> None:
    base, mine, theirs = (cib(f'<nodes><node id="1" uname="{n}"/></nodes>') for n in "abc")
    with pytest.raises(Conflict) as caught:
        merge(base, mine, theirs)
    assert "/nodes/node[@id='1']/@uname" in caught.value.where


def test_removing_what_others_changed_is_a_conflict() -> None:
    base = group("a", "b")
    theirs = cib(
        '<resources><group id="g"><primitive id="a"/>'
        '<primitive id="b"><meta_attributes id="m"/></primitive></group></resources>'
    )
    with pytest.raises(Conflict):
        merge(base, group("a"), theirs)


def test_changing_what_others_removed_is_a_conflict() -> None:
    base = group("a", "b")
    mine = cib(
        '<resources><group id="g"><primitive id="a"/>'
        '<primitive id="b"><meta_attributes id="m"/></primitive></group></resources>'
    )
    with pytest.raises(Conflict):
        merge(base, mine, group("a"))


def test_two_orders_of_one_group_conflict() -> None:
    base = group("a", "b", "c")
    with pytest.raises(Conflict):
        merge(base, group("c", "a", "b"), group("a", "c", "b"))


def test_two_new_elements_of_one_id_conflict_unless_they_are_equal() -> None:
    base, mine = group("a"), group("a", extra='<primitive id="z" type="x"/>')
    assert members(merge(base, mine, mine)) == ["a", "z"]
    with pytest.raises(Conflict):
        merge(base, mine, group("a", extra='<primitive id="z" type="y"/>'))


def test_a_new_member_stays_beside_its_neighbour_when_the_other_is_gone() -> None:
    base = group("a", "b", "c")
    assert members(merge(base, group("a", "x", "b", "c"), group("b", "c"))) == ["x", "b", "c"]


def test_strictly_a_patch_fits_only_the_document_it_was_made_from() -> None:
    patch = diff(group("a"), group("a", "b"))
    with pytest.raises(Conflict):
        apply(group("a", "b"), patch)


def test_a_move_carries_what_changed_inside() -> None:
    old = group("a", "b", "c")
    new = cib(
        '<resources><group id="g"><primitive id="b"/><primitive id="c"/>'
        '<primitive id="a" type="t"/></group></resources>'
    )
    patch = diff(old, new)
    assert apply(old, patch) == new
    assert [p.key[1] for p in patch.root.inside[0].inside[0].inside[0].come] == ["a"]  # type: ignore[union-attr]


def test_the_order_of_attributes_is_no_difference() -> None:
    a = Cib.from_bytes(b'<cib><configuration a="1" b="2"/></cib>')
    b = Cib.from_bytes(b'<cib><configuration b="2" a="1"/></cib>')
    assert not diff(a, b)


@pytest.mark.parametrize(
    "text",
    (
        b"", b"[]", b"nonsense", b"\xff", b"[2,[0,0,0],[0,0,0],null]", b"[1,[0,0],[0,0,0],null]",
        b'[1,[0,0,0],[0,0,0],[["cib","",0],[[1,2,3]],[],[],[]]]', b"[" * 100_000,
    ),
)  # fmt: skip
def test_garbage_is_refused(text: bytes) -> None:
    with pytest.raises(Refused):
        Patch.from_bytes(text)


@pytest.mark.parametrize(
    "change", ('["\\u0000",null,"x"]', '["a b",null,"x"]', '["a",null,"\\ud800"]', '["",null,"x"]')
)
def test_what_no_xml_can_hold_is_refused(change: str) -> None:
    patch = Patch.from_bytes(f'[1,[0,0,0],[0,0,0],[["cib","",0],[{change}],[],[],[]]]'.encode())
    with pytest.raises(Refused):
        apply(Cib.from_bytes(b"<cib/>"), patch)


def test_an_element_that_contradicts_its_key_is_a_conflict() -> None:
    patch = Patch.from_bytes(
        b'[1,[0,0,0],[0,0,0],[["cib","",0],[],[],[[["a","b",0],"<c/>",null,null]],[]]]'
    )
    with pytest.raises(Conflict):
        apply(Cib.from_bytes(b"<cib/>"), patch)


def test_a_pattern_in_place_of_a_name_meets_no_element() -> None:
    cib = Cib.from_bytes(b'<cib><configuration><tags><tag id="t"/></tags></configuration></cib>')
    inner: list[object] = [["tag", "t", 0], [["odd", None, "1"]], [], [], []]
    for name in ("*", "{*}*", "{}*"):
        section = [[name, "", 0], [], [], [], [inner]]
        whole = [["cib", "", 0], [], [], [], [[["configuration", "", 0], [], [], [], [section]]]]
        patch = Patch.from_bytes(json.dumps([1, [0, 0, 0], [0, 0, 0], whole]).encode())
        for use in (apply, rebase):
            with pytest.raises(Conflict):
                use(cib, patch)
