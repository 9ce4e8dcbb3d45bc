"""Whom sets name: what follows a resource that there is not is ignored, by each kind of constraint.

What is inside a clone has no name of its own until a history goes by it.
"""

import pytest

from tests.pe.constraints.documents import document, primitive, work_of

RESOURCES = (
    f'{primitive("A")}{primitive("B")}{primitive("C")}<clone id="k">{primitive("inner")}</clone>'
)


def work_with(kind: str, *sets: str, histories: dict[str, str] | None = None):
    listed = "".join(
        f'<resource_set id="s{number}">'
        + "".join(f'<resource_ref id="{name}"/>' for name in names.split())
        + "</resource_set>"
        for number, names in enumerate(sets)
    )
    tag = kind.split(maxsplit=1)[0]
    return work_of(document(RESOURCES, f'<{kind} id="x">{listed}</{tag}>', histories=histories))


def test_a_ticket_binds_what_is_listed_before_an_unknown_resource():
    work = work_with('rsc_ticket ticket="T"', "A inner B", "C")
    assert [name for name in "ABC" if work.by_id[name].tickets] == ["A"]
    assert any("inner" in notice for notice in work.notices)


def test_a_ticket_binds_the_clone_once_its_resource_has_run():
    work = work_with('rsc_ticket ticket="T"', "A inner B", "C", histories={"a": "inner"})
    assert all(work.by_id[name].tickets for name in ("A", "B", "C", "k"))


def test_a_location_places_what_is_listed_before_an_unknown_resource():
    work = work_with('rsc_location node="a" score="50"', "A inner B", "C")
    assert [location.rsc.id for location in work.locations] == ["A"]


@pytest.mark.parametrize(
    ("sets", "pairs"),
    [
        (("A B inner C",), [("B", "A")]),
        (("A B", "inner C"), [("B", "A"), ("A", "C")]),
        (("inner A", "B C"), [("C", "B")]),
        (("A", "B inner"), []),
    ],
)
def test_a_colocation_keeps_the_places_of_unknown_resources(
    sets: tuple[str, ...], pairs: list[tuple[str, str]]
):
    work = work_with('rsc_colocation score="INFINITY"', *sets)
    made = [(one.dependent.id, one.primary.id) for one in work.colocations if one.explicit]
    assert made == pairs
