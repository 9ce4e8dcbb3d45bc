"""Edits of the document: laws that hold for all of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcsx.cib.document import Cib
from pcsx.cib.edit import (
    acls,
    alerts,
    bundles,
    clones,
    constraints,
    defaults,
    delete,
    groups,
    levels,
    moves,
    nodes,
    operations,
    properties,
    resources,
    rules,
    sets,
    tags,
)
from pcsx.cib.edit.tree import clean_id, id_fault
from pcsx.errors import Refused

EMPTY = Cib.from_bytes(
    b'<cib epoch="1"><configuration><crm_config/><nodes><node id="1" uname="n1"/></nodes>'
    b"<resources/><constraints/></configuration></cib>"
)
MONITOR = {"name": "monitor", "interval": "10s"}


def _with(*names: str) -> Cib:
    cib = EMPTY
    for name in names:
        new = resources.Primitive(name, ("ocf", "test", "S"), {"p": name}, {}, [MONITOR])
        cib = resources.create(cib, new)
    return cib


TWO = _with("a", "b")

EDITS: dict[str, Callable[[Cib], Cib]] = {
    "group": lambda cib: groups.add(cib, "g", ["a", "b"]),
    "clone": lambda cib: clones.clone(cib, "a", "", {"interleave": "true"}),
    "meta": lambda cib: resources.set_meta(cib, "a", {"x": "1"}),
    "disable": lambda cib: resources.disable(cib, ["a", "b"]),
    "unmanage": lambda cib: resources.unmanage(cib, ["a"], monitors=True),
    "operation": lambda cib: operations.add(cib, "a", {"name": "start", "timeout": "5s"}),
    "prefer": lambda cib: constraints.locate(cib, constraints.Subject("a"), "n1", "5"),
    "order": lambda cib: constraints.order(cib, "a", "b", {}),
    "colocate": lambda cib: constraints.colocate(cib, "a", "b", {}),
    "ticket": lambda cib: constraints.ticket(cib, "T", "a", options={}),
    "set": lambda cib: sets.create(cib, "rsc_order", [sets.ResourceSet(("a", "b"))], {}),
    "ban": lambda cib: moves.ban(cib, "a", "n1"),
    "property": lambda cib: properties.set_properties(cib, {"batch-limit": "3"}),
    "node": lambda cib: nodes.set_attributes(cib, "n1", {"site": "A"}),
    "defaults": lambda cib: defaults.update(cib, defaults.RESOURCES, {"priority": "1"}),
    "tag": lambda cib: tags.create(cib, "t", ["a", "b"]),
    "role": lambda cib: acls.create_role(cib, "r", [acls.Permission("read", "id", "a")]),
    "alert": lambda cib: alerts.create(cib, "/x", alerts.Settings(options={"o": "1"})),
    "level": lambda cib: levels.add(cib, 1, levels.Target("n1"), ["a"]),
    "bundle": lambda cib: bundles.create(cib, "bn", "podman", bundles.Bundle({"image": "i"})),
}


def _ids(cib: Cib) -> list[str]:
    named = ("resource_ref", "obj_ref", "role")
    return [str(e.get("id")) for e in cib.tree.iter("*") if e.get("id") and e.tag not in named]


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_makes_a_new_document_and_leaves_the_old_one(name: str) -> None:
    before = TWO.to_bytes()
    assert EDITS[name](TWO) != TWO
    assert TWO.to_bytes() == before


@pytest.mark.parametrize("name", EDITS)
def test_no_edit_uses_an_id_twice(name: str) -> None:
    ids = _ids(EDITS[name](TWO))
    assert len(ids) == len(set(ids))


@given(st.permutations(sorted(EDITS)))
def test_edits_in_any_order_never_make_an_id_twice(names: list[str]) -> None:
    cib = TWO
    for name in names:
        try:
            cib = EDITS[name](cib)
        except Refused:
            continue
    ids = _ids(cib)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", [name for name in EDITS if name != "tag"])
def test_deleting_all_resources_leaves_nothing_that_refers_to_them(name: str) -> None:
    cib = EDITS[name](TWO)
    for id in ("a", "b"):
        cib = delete.delete(cib, id).cib
    conf = cib.tree.find("configuration")
    assert conf is not None
    texts = {str(value) for e in conf.iter("*") for key, value in e.attrib.items() if key != "id"}
    assert not {"a", "b"} & texts
    assert not [e for e in conf.iter("*") if e.get("id") in ("a", "b")]


@given(st.text(max_size=8))
def test_a_cleaned_id_is_an_id_or_nothing(text: str) -> None:
    cleaned = clean_id(text)
    assert cleaned == "" or id_fault(cleaned) is None


def test_a_new_section_comes_after_all_others_as_scripts_expect_it() -> None:
    cib = EMPTY
    for name in ("tag", "property"):
        cib = EDITS[name](_with("a", "b") if name == "tag" else cib)
    conf = EDITS["defaults"](EDITS["alert"](EDITS["tag"](TWO))).tree.find("configuration")
    assert conf is not None
    assert [child.tag for child in conf] == [
        "crm_config", "nodes", "resources", "constraints", "tags", "alerts", "rsc_defaults",
    ]  # fmt: skip


def test_a_member_moves_beside_another_in_its_own_group() -> None:
    cib = groups.add(_with("a", "b", "c"), "g", ["a", "b", "c"])
    moved = groups.add(cib, "g", ["c", "a"], after="b")
    group = next(moved.tree.iter("group"))
    assert [child.get("id") for child in group] == ["b", "c", "a"]


def test_a_new_preference_to_move_takes_the_ban_on_that_node_away() -> None:
    cib = moves.prefer(moves.ban(TWO, "a", "n1"), "a", "n1")
    assert [e.get("id") for e in cib.tree.iter("rsc_location")] == ["cli-prefer-a"]


@pytest.mark.parametrize(
    "words",
    [
        "", "and", "(", ")", "defined", "a", "a eq", "a zz 1", "a eq 1 and", "( a eq 1",
        "a eq 1 )", "date", "date in_range 2020-01-01", "date-spec", "date-spec hours=x",
        "date in_range 2020-01-01 to duration hours=1-2",
    ],
)  # fmt: skip
def test_a_broken_rule_is_refused(words: str) -> None:
    with pytest.raises(Refused):
        rules.parse(words.split())


PART = st.deferred(lambda: LEAF | st.tuples(PART, st.sampled_from(["and", "or"]), PART))
LEAF = st.sampled_from(["defined x", "a eq 1", "date gt 2020-01-01", "date-spec hours=1-3"])


def _words(part: object) -> str:
    if isinstance(part, tuple):
        left, word, right = part
        return f"( {_words(left)} {word} {_words(right)} )"
    return str(part)


@given(PART)
def test_a_rule_in_words_reads_back_as_it_was(part: object) -> None:
    from pcsx.cib.objects.rules import Rule
    from pcsx.shell.output.rules import condition_text

    words = _words(part).split()
    conf = EMPTY.tree.find("configuration")
    assert conf is not None
    once = rules.rule_element(conf, rules.parse(words), "r", {"score": "1"})
    text = condition_text(Rule.from_xml(once))
    again = rules.rule_element(conf, rules.parse(text.split()), "r", {"score": "1"})
    from lxml import etree

    assert etree.tostring(once) == etree.tostring(again)
