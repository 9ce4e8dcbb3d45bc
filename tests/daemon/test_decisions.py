"""Decisions are kept whole, bounded, and come to the same bytes when they are replayed."""

from __future__ import annotations

from pcsx.cib.document import Cib
from pcsx.daemon.decisions import KEPT_MAX, Decisions
from pcsx.pe.schedule import schedule
from pcsx.pe.transition import Transition
from tests.pe.small import NOON, cluster, primitive, started

CIB = cluster(
    primitive("web"), nodes="a b c", lost="b", fencing=True, histories={"b": started("web")}
)


def kept() -> Decisions:
    decisions = Decisions()
    decisions.asked(1, CIB, NOON)
    decisions.decided(1, schedule(CIB, NOON), after=0)
    return decisions


def test_a_kept_decision_replayed_comes_to_the_same_bytes() -> None:
    decision = kept().kept[0]
    again = schedule(Cib.from_bytes(decision.document().encode()), decision.wall)
    assert again.canonical() == Transition.from_bytes(decision.outcome_bytes()).canonical()


def test_a_decision_on_another_document_comes_to_other_bytes() -> None:
    other = schedule(cluster(primitive("web"), nodes="a b c"), NOON)
    assert other.canonical() != Transition.from_bytes(kept().kept[0].outcome_bytes()).canonical()


def test_a_decision_names_what_it_fences_and_what_it_changes() -> None:
    decision = kept().kept[0]
    assert decision.fenced == ("b",)
    assert "web" in decision.moved


def test_the_oldest_go_when_there_are_too_many() -> None:
    decisions = Decisions()
    for job in range(KEPT_MAX + 5):
        decisions.asked(job, CIB, NOON)
        decisions.decided(job, _SAME, after=job)
    assert len(decisions.kept) == KEPT_MAX
    assert decisions.kept[-1].number == KEPT_MAX + 5


_SAME = schedule(CIB, NOON)
