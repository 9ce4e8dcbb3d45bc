"""The picture tells what is done, what cannot be done, and with all actions what needs not be."""

from __future__ import annotations

from pcsx.cib.document import Cib
from pcsx.pe.picture import picture
from pcsx.pe.read.working_set import working_set
from pcsx.pe.schedule import decide
from tests.pe.small import NOON, cluster, order, primitive, started, stopped


def drawn(cib: Cib, *, every: bool = False) -> list[str]:
    work = working_set(cib, NOON)
    decide(work)
    return picture(work, every=every).splitlines()


def two(**more: str) -> Cib:
    return cluster(
        primitive("one") + primitive("two", **more), constraints=order("one", "two"),
        histories={"a": stopped("one") + stopped("two"), "b": stopped("one") + stopped("two")},
    )  # fmt: skip


def test_what_is_done_is_bold_and_green_and_so_is_its_order() -> None:
    lines = drawn(two())
    assert '"one_start_0 a" [ style=bold color="green" fontcolor="black"]' in lines
    assert '"one_start_0 a" -> "two_start_0 b" [ style = bold]' in lines


def test_what_is_wanted_and_cannot_be_done_is_dashed_and_red() -> None:
    lines = drawn(
        cluster(
            primitive("one", meta="target-role=Stopped") + primitive("two"),
            constraints=order("one", "two"),
            histories=dict.fromkeys("ab", stopped("one") + stopped("two")),
        )
    )
    assert any("two_start_0" in line and "dashed" in line and "red" in line for line in lines)


def test_what_needs_not_be_done_is_drawn_on_demand_alone() -> None:
    cib = cluster(primitive("one"), histories={"a": started("one"), "b": stopped("one")})
    assert drawn(cib) == [' digraph "g" {', "}"]
    every = drawn(cib, every=True)
    assert '"one_start_0 a" [ style=dashed color="blue" fontcolor="black"]' in every


def test_what_is_unmanaged_has_purple_letters() -> None:
    cib = cluster(primitive("one", meta="is-managed=false"), histories={"a": started("one")})
    assert not any("one_" in line for line in drawn(cib))
    assert any('fontcolor="purple"' in line for line in drawn(cib, every=True))
