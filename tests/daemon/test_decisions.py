"""Decisions are kept whole, bounded, and come to the same bytes when they are replayed."""

from __future__ import annotations

from dataclasses import replace

from pcsx.cib.document import Cib
from pcsx.daemon.decisions import INTERRUPTED, KEPT_MAX, Decisions, packed
from pcsx.daemon.effects import KeepDecision
from pcsx.daemon.events import Planned
from pcsx.pe.schedule import schedule
from pcsx.pe.transition import Transition
from tests.pe.small import NOON, cluster, primitive, started
from tests.sim.cluster import planned_of

CIB = cluster(
    primitive("web"), nodes="a b c", lost="b", fencing=True, histories={"b": started("web")}
)


def kept() -> Decisions:
    decisions = Decisions()
    decisions.asked(1, NOON)
    decisions.decided(planned_of(1, CIB, NOON), after=0)
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
        decisions.asked(job, NOON)
        decisions.decided(replace(_SAME, job=job), after=job)
    assert len(decisions.kept) == KEPT_MAX
    assert decisions.kept[-1].number == KEPT_MAX + 5


_SAME = planned_of(0, CIB, NOON)


def _stored(disk: dict[int, tuple[bytes, bytes]], orders: list[KeepDecision]) -> None:
    """Do to *disk* what the daemon's rim does."""
    for order in orders:
        body = disk[order.number][1] if order.body is None else order.body
        disk[order.number] = (order.head, body)
        for number in order.gone:
            del disk[number]


def test_what_the_disk_kept_is_there_after_a_restart_and_numbers_go_on() -> None:
    disk: dict[int, tuple[bytes, bytes]] = {}
    decisions = Decisions()
    for job in range(KEPT_MAX + 2):
        decisions.asked(job, NOON)
        number, orders = decisions.decided(replace(_SAME, job=job), after=0)
        _stored(disk, orders)
        _stored(disk, decisions.ended(number, "" if job % 2 else "a node was lost"))
    again = Decisions(disk.values())
    assert again.kept == decisions.kept
    again.asked(1, NOON)
    assert again.decided(replace(_SAME, job=1), after=0)[0] == KEPT_MAX + 3


def test_a_decision_that_ran_when_the_daemon_ended_was_interrupted() -> None:
    decisions = Decisions()
    decisions.asked(0, NOON)
    _, orders = decisions.decided(_SAME, after=0)
    assert orders[0].body is not None
    assert Decisions([(orders[0].head, orders[0].body)]).kept[0].outcome == INTERRUPTED


def test_what_the_disk_kept_in_pieces_is_passed_over() -> None:
    decisions = Decisions()
    decisions.asked(0, NOON)
    _, [order] = decisions.decided(_SAME, after=0)
    assert order.body is not None
    broken = [
        (order.head, order.body[:-1]),
        (order.head[:-5], order.body),
        (b"{}", b""),
        (b"7", b""),
    ]
    assert Decisions(broken).kept == []


def test_a_run_that_broke_off_is_kept_with_what_it_read() -> None:
    decisions = Decisions()
    decisions.asked(3, NOON)
    decisions.failed(Planned(3, None, "ValueError: x", packed(CIB.packed())))
    assert decisions.kept[0].document() == CIB.packed().decode()
    assert decisions.kept[0].outcome_bytes() == b""
