"""Changes on trial: taken back at their time by whoever leads, kept when confirmed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pcsx.cib import Cib
from pcsx.cib.replica import Change, Replica, propose
from pcsx.daemon.ledger import CibChange, Kept, Ledger, decode, encode
from pcsx.daemon.trials import AGAIN_MS, Trials, taken_back
from pcsx.values import Now

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
START = Cib.from_bytes(b'<cib epoch="1"><configuration/></cib>')


def at(seconds: float) -> Now:
    return Now(int(seconds * 1000), NOON + timedelta(seconds=seconds))


def named(cib: Cib, value: str) -> Cib:
    return cib.edited(lambda tree: tree.find("configuration").set("name", value))  # type: ignore[union-attr]


def changed(ledger: Ledger, new: Cib, seq: int, *, until_s: int = 0) -> None:
    tip = ledger.replica.cib
    wish = propose(tip, new, user="u", command="c", wall="w", client_id="c", seq=seq)
    change = ledger.replica.judge(wish)
    assert isinstance(change, Change)
    ledger.apply(ledger.index + 1, CibChange(change.to_bytes(), until_s))


def on_trial(until: float = 60) -> Ledger:
    ledger = Ledger(Replica(START))
    changed(ledger, named(START, "new"), 1, until_s=int(NOON.timestamp() + until))
    return ledger


def test_a_trial_is_due_at_its_time_and_a_while_later_again() -> None:
    trials = Trials()
    trials.follow(on_trial().trials, at(0))
    assert trials.deadline_ms == 60_000
    assert trials.due(at(59)) == []
    assert trials.due(at(60)) == ["0.2"]
    assert trials.due(at(60)) == []
    assert trials.deadline_ms == 60_000 + AGAIN_MS


def test_what_nobody_confirmed_is_taken_back() -> None:
    ledger = on_trial()
    fact, _ = taken_back(ledger, "0.2", at(60), origin="n1")
    assert isinstance(fact, CibChange)
    ledger.apply(2, decode(encode(fact)))
    assert ledger.trials == {}
    assert ledger.replica.cib.with_version(START.version).tree.find("configuration").attrib == {}  # type: ignore[union-attr]
    assert ledger.history.newest(1)[0].turns == ("undo", "0.2")


def test_what_was_confirmed_stays() -> None:
    ledger = on_trial()
    ledger.apply(2, decode(encode(Kept("0.2", "confirmed by u"))))
    trials = Trials()
    trials.follow(ledger.trials, at(0))
    assert trials.deadline_ms is None


def test_what_was_changed_since_at_the_same_place_stays_and_the_reason_is_kept() -> None:
    ledger = on_trial()
    changed(ledger, named(ledger.replica.cib, "newer"), 2)
    fact, _ = taken_back(ledger, "0.2", at(60), origin="n1")
    assert isinstance(fact, Kept)
    assert "/cib/configuration/@name" in fact.why


def test_a_taking_back_that_is_on_its_way_is_not_decided_twice() -> None:
    ledger = on_trial()
    assert taken_back(ledger, "0.2", at(60), origin="n1")[0] is not None
    assert taken_back(ledger, "0.2", at(62), origin="n1")[0] is None


def test_a_restored_ledger_knows_its_changes_and_trials() -> None:
    ledger = on_trial()
    restored = Ledger.restored(ledger.snapshot())
    assert restored.trials == ledger.trials
    assert [r.change for r in restored.history.newest()] == [
        r.change for r in ledger.history.newest()
    ]
    assert restored.snapshot() == ledger.snapshot()
