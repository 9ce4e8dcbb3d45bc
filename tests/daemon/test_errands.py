"""Errands between two members, of which any packet may be lost."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest

from pcsx.daemon.errands import KEPT, Errands
from pcsx.daemon.messages import Errand, ErrandDone
from pcsx.values import Now


def at(ms: int) -> Now:
    return Now(ms, datetime(2026, 1, 1, tzinfo=UTC))


def errand(ticket: int, boot: int = 1) -> Errand:
    return Errand(boot, ticket, b"{}", "root:")


@pytest.mark.parametrize("seed", range(20))
def test_each_errand_is_done_once_and_answered_though_packets_are_lost(seed: int) -> None:
    chance, asker, server = Random(seed), Errands(), Errands()
    waits = set(range(1, 6))
    done: list[int] = []

    def serve(sent: Errand) -> None:
        if chance.random() < 0.5:
            return
        if server.begin(1, sent):
            done.append(sent.ticket)
            server.keep(1, ErrandDone(sent.boot, sent.ticket, b"ok", 7))
        answer = server.answer_to(1, sent)
        assert answer is not None and answer.reply == b"ok"
        if chance.random() > 0.5:
            asker.end(answer.ticket)
            waits.discard(answer.ticket)

    for ticket in sorted(waits):
        asker.send(2, errand(ticket), at(0))
        serve(errand(ticket))
    for _ in range(100):
        due_ms = asker.deadline_ms
        if due_ms is None:
            break
        for to, sent in asker.again(at(due_ms)):
            assert to == 2
            serve(sent)
    assert not waits and asker.deadline_ms is None
    assert sorted(done) == [1, 2, 3, 4, 5]


def test_what_is_worked_on_is_not_begun_twice_and_has_no_answer_yet() -> None:
    server = Errands()
    assert server.begin(1, errand(1))
    assert not server.begin(1, errand(1)) and server.answer_to(1, errand(1)) is None


def test_another_life_of_a_node_has_errands_of_its_own() -> None:
    server = Errands()
    assert server.begin(1, errand(1)) and server.begin(1, errand(1, boot=2))


def test_what_is_remembered_of_others_is_bounded() -> None:
    server = Errands()
    for ticket in range(2 * KEPT):
        assert server.begin(1, errand(ticket))
    server.keep(1, ErrandDone(1, 0, b"late", 0))
    assert server.answer_to(1, errand(0)) is None
    assert not server.begin(1, errand(2 * KEPT - 1))
