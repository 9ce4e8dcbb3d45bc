"""Laws of the survivor's machine: it looks twice, writes first, and proves what it saw itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from pcsx.daemon.fencer import Fence, FenceDone, Withdraw
from pcsx.daemon.solo import Look, Solo, Tick
from pcsx.ring.port import FenceProof, Intend, Intended, Note, Proposed
from pcsx.values import Now

LOST = Look((2, 7), "b", ready=True, able=True, timeout_ms=9000)


def at(ms: int) -> Now:
    return Now(ms, datetime(2030, 1, 1, tzinfo=UTC))


def acts(effects: list[object]) -> list[object]:
    return [effect for effect in effects if not isinstance(effect, Note)]


def fencing() -> Solo:
    solo = Solo()
    (intend,) = acts(solo.step(LOST, at(0)))
    assert isinstance(intend, Intend)
    solo.step(Intended(intend.ticket), at(5))
    return solo


def test_the_intent_is_written_before_an_agent_is_called():
    solo = Solo()
    assert acts(solo.step(LOST, at(0))) == [Intend(1, 2, 7)]
    assert acts(solo.step(Tick(), at(1000))) == []
    assert acts(solo.step(Intended(1), at(1001))) == [Fence(-1, "b", "reboot", 9000)]


def test_a_handicap_is_waited_out_and_then_it_looks_again():
    solo = Solo()
    slow = replace(LOST, delay_ms=1000)
    assert acts(solo.step(slow, at(0))) == []
    assert solo.deadline_ms == 1000
    assert acts(solo.step(replace(slow, target=None), at(900))) == []
    assert solo.deadline_ms is None
    assert acts(solo.step(slow, at(1000))) == [], "lost anew, so the wait begins anew"
    assert acts(solo.step(slow, at(2000))) == [Intend(1, 2, 7)]


def test_one_that_doubts_itself_or_has_no_device_does_nothing():
    for look in (replace(LOST, ready=False), replace(LOST, able=False), Look(None)):
        assert acts(Solo().step(look, at(0))) == []


def test_an_intent_that_comes_too_late_is_dropped():
    solo = Solo()
    solo.step(LOST, at(0))
    solo.step(Look(None), at(5))
    assert acts(solo.step(Intended(1), at(10))) == []


def test_success_is_a_proof_of_the_life_that_was_meant():
    solo = fencing()
    assert acts(solo.step(FenceDone(-1, True, "", "power", 80), at(90))) == [FenceProof(0, 2, 7)]
    assert solo.proven is not None and solo.proven.device == "power"
    solo.step(Proposed(5, 12), at(99))
    assert solo.proven is None and not solo.busy


def test_success_after_the_other_was_heard_again_is_a_proof_all_the_same():
    solo = fencing()
    assert acts(solo.step(Look(None, "b"), at(50))) == [Withdraw(-1)]
    assert acts(solo.step(FenceDone(-1, True, "", "power", 80), at(90))) == [FenceProof(0, 2, 7)]


def test_what_was_withdrawn_in_time_proves_nothing():
    solo = fencing()
    assert acts(solo.step(FenceDone(-1, False, "void", "", 3), at(50))) == []
    assert solo.proven is None and not solo.busy


def test_a_failure_is_tried_again_later_and_later():
    solo, now_ms = fencing(), 0
    for failures in (1, 2, 3):
        case = -failures
        assert acts(solo.step(FenceDone(case, False, "no answer", "", 5), at(now_ms))) == []
        assert solo.deadline_ms == now_ms + 2000 * failures
        now_ms = solo.deadline_ms
        (intend,) = acts(solo.step(LOST, at(now_ms)))
        solo.step(Intended(intend.ticket), at(now_ms))


def test_the_result_of_a_case_of_the_log_is_not_its_business():
    solo = fencing()
    assert solo.step(FenceDone(4, True, "", "power", 80), at(90)) == []
    assert solo.busy and not solo.owns(4) and solo.owns(-1)
