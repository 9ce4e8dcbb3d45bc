"""A drawn transition: every real action is a box, nothing overlaps, nothing leaves the picture."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from pcsx.cib.document import Cib
from pcsx.pe.schedule import schedule
from pcsx.pe.transition import ActionKind, Transition
from pcsx.shell.output.transition_graph import svg
from tests.pe import grade
from tests.pe.small import NOON, cluster, order, primitive, started

_BOX = re.compile(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="(\d+)" rx')
_SIZE = re.compile(r'<svg [^>]*width="(\d+)" height="(\d+)"')


def boxes(picture: str) -> list[tuple[float, float, float, float]]:
    return [tuple(map(float, found)) for found in _BOX.findall(picture)]  # type: ignore[misc]


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    apart_x = one[0] + one[2] <= other[0] or other[0] + other[2] <= one[0]
    apart_y = one[1] + one[3] <= other[1] or other[1] + other[3] <= one[1]
    return not (apart_x or apart_y)


def moved() -> Transition:
    return schedule(
        cluster(
            primitive("db") + primitive("web") + primitive("vip"),
            constraints=order("db", "web") + order("web", "vip"),
            histories={"b": started("db") + started("web") + started("vip")},
            lost="b",
            nodes="a b c",
            fencing=True,
        ),
        NOON,
    )


def test_what_waits_stands_to_the_right_of_what_it_waits_for() -> None:
    picture = svg(moved())
    places = {
        text: float(x)
        for x, text in re.findall(r'<text x="([\d.]+)" y="[\d.]+" fill="#112">([^<]+)<', picture)
    }
    assert places["fence b"] < places["start db"] < places["start web"] < places["start vip"]


def test_a_wait_that_follows_from_others_is_not_drawn() -> None:
    assert svg(moved()).count("marker-end") < sum(len(a.inputs) for a in moved().actions)


def test_nothing_to_do_is_said() -> None:
    assert "Nothing is to be done" in svg(Transition())


@pytest.mark.skipif(not grade.CASES.exists(), reason="the golden cases are not beside the checkout")
@pytest.mark.parametrize("name", ["bundle-order-fencing", "one-or-more-unrunnable-instances"])
def test_boxes_of_a_large_transition_neither_overlap_nor_leave_the_picture(name: str) -> None:
    cib = Cib.from_bytes((grade.CASES / "xml" / f"{name}.xml").read_bytes())
    transition = schedule(cib, NOON)
    picture = svg(transition)
    found = boxes(picture)
    assert len(found) == sum(a.kind is not ActionKind.PSEUDO for a in transition.actions)
    assert not [pair for pair in combinations(found, 2) if overlap(*pair)]
    match = _SIZE.search(picture)
    assert match is not None
    wide, high = map(int, match.groups())
    assert all(x + w <= wide and y + h <= high for x, y, w, h in found)
    assert picture == svg(schedule(cib, NOON))
