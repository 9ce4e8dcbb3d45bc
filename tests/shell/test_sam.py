"""SAM: a sick program is warned and ended; what comes after is as was wished."""

from datetime import UTC, datetime

from pcsx.shell.sam import (
    AGAIN_MS,
    Begin,
    Ended,
    Healthy,
    Kept,
    Policy,
    Quit,
    Quorum,
    Sam,
    SamEffect,
    Show,
    Signal,
    State,
    Stop,
    Tick,
)
from pcsx.values import Now


def at(ms: int) -> Now:
    return Now(ms, datetime(2030, 1, 1, tzinfo=UTC))


def acts(effects: list[SamEffect]) -> list[SamEffect]:
    return [effect for effect in effects if not isinstance(effect, Show)]


def test_a_good_end_ends_it_all() -> None:
    sam = Sam(Policy(restart=True))

    assert acts(sam.begin(at(0))) == [Begin(1, b"")]
    assert acts(sam.step(Ended(0), at(5))) == [Quit(0)]


def test_a_failure_is_passed_on_unless_a_restart_is_wished() -> None:
    sam = Sam(Policy())
    sam.begin(at(0))

    assert acts(sam.step(Ended(3), at(5))) == [Quit(3)]


def test_the_next_instance_has_a_number_and_what_the_last_one_left() -> None:
    sam = Sam(Policy(restart=True))
    sam.begin(at(0))
    sam.step(Kept(b"place"), at(1))

    assert acts(sam.step(Ended(3), at(5))) == []
    assert sam.deadline_ms == 5 + AGAIN_MS
    assert acts(sam.step(Tick(), at(5 + AGAIN_MS))) == [Begin(2, b"place")]


def test_a_silent_instance_is_warned_then_ended() -> None:
    sam = Sam(Policy(health_ms=100, warn_ms=50))
    sam.begin(at(0))
    sam.step(Healthy(), at(60))

    assert acts(sam.step(Tick(), at(100))) == []
    assert acts(sam.step(Tick(), at(160))) == [Signal(False)]
    assert acts(sam.step(Tick(), at(210))) == [Signal(True)]
    assert acts(sam.step(Ended(137), at(211))) == [Quit(1)]


def test_it_waits_for_quorum_and_its_loss_is_a_failure() -> None:
    sam = Sam(Policy(restart=True, quorum=True), quorate=False)

    assert acts(sam.begin(at(0))) == []
    assert sam.state is State.WAITING
    assert acts(sam.step(Quorum(True), at(10))) == [Begin(1, b"")]
    assert acts(sam.step(Quorum(False), at(20))) == [Signal(False)]
    sam.step(Ended(143), at(25))
    assert acts(sam.step(Tick(), at(25 + AGAIN_MS))) == []
    assert sam.state is State.WAITING


def test_nothing_is_begun_after_the_word_to_stop() -> None:
    sam = Sam(Policy(restart=True))
    sam.begin(at(0))

    assert acts(sam.step(Stop(), at(5))) == [Signal(False)]
    assert acts(sam.step(Ended(143), at(6))) == [Quit(143)]
