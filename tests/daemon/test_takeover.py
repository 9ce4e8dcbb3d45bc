"""Laws of the wait without fencing: no shorter than what the lost node may need, by its row."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pcsx.cib.stopping import Stopping
from pcsx.daemon.records import OpRecord
from pcsx.daemon.status import WATCHDOG, History, NodePicture
from pcsx.daemon.takeover import Takeover, Wait, watchdog_wait_ms
from pcsx.ring.frames import Boot, Why

LIKELY = Stopping(True, "likely", (("a", 20_000), ("b", 40_000)), (("b", "a"),))
PROVEN = replace(LIKELY, takeover="proven")


def started(*names: str, why: Why = Why.SILENCE, **attributes: str) -> NodePicture:
    blank = OpRecord("", ("ocf", "pcsx", "dummy"), "", "start", 0, 1, 0, 0, "", 1, 1, 1, 0, 0, 5,
                     0, "")  # fmt: skip
    records = [replace(blank, resource=name, key=f"{name}_start_0") for name in names]
    return NodePicture(Boot(3, 3), History(records), {f"#{k}": v for k, v in attributes.items()},
                       why=why)  # fmt: skip


def wait(*configured: Stopping, picture: NodePicture | None = None, stops: int = 0) -> Wait:
    takeover = Takeover()
    takeover.timed(6000)
    for number, stopping in enumerate(configured):
        takeover.configured(stopping)
        if number == 0:
            takeover.heard(2, up_to_date=True)
    if stops:
        takeover.stopped("a", stops)
    return takeover.wait_for(2, picture, beat_ms=100)


def test_likely_waits_three_times_the_longest_stop_seen_and_at_least_a_second_each():
    picture = started("a", "b")
    assert wait(LIKELY, picture=picture).wait_ms == (6000 + 1000 + 1000 + 100) * 101 / 100
    assert wait(LIKELY, picture=picture, stops=2000).wait_ms == (6000 + 7000 + 100) * 101 / 100


def test_likely_counts_only_what_may_run_there():
    assert wait(LIKELY, picture=started("a")).wait_ms == (6000 + 1000 + 100) * 101 / 100


def test_proven_waits_for_all_timeouts_of_the_longest_chain():
    assert wait(PROVEN, picture=started("a")).wait_ms == (6000 + 60_000 + 100) * 101 / 100


def test_never_is_never():
    assert wait(replace(LIKELY, takeover="never")).wait_ms is None


def test_one_that_may_go_on_without_quorum_is_never_taken_over():
    assert wait(replace(LIKELY, stops=False), picture=started("a")).wait_ms is None


def test_the_worst_of_all_configurations_counts_that_it_may_still_go_by():
    shorter = replace(PROVEN, limits=(("a", 1000), ("b", 1000)))
    assert wait(PROVEN, shorter, picture=started("a")) == wait(PROVEN, picture=started("a"))
    assert wait(replace(LIKELY, stops=False), LIKELY, picture=started("a")).wait_ms is None
    assert wait(PROVEN, LIKELY, picture=started("a")).kind == "proven"


def test_one_that_is_up_to_date_has_the_newest_configuration_alone():
    takeover = Takeover()
    takeover.timed(6000)
    takeover.configured(replace(LIKELY, stops=False))
    takeover.heard(2, up_to_date=True)
    takeover.configured(LIKELY)
    assert takeover.wait_for(2, started("a"), beat_ms=100).wait_ms is None
    takeover.heard(2, up_to_date=True)
    assert takeover.wait_for(2, started("a"), beat_ms=100).wait_ms is not None


def test_a_dead_or_hung_daemon_stops_nothing_so_without_a_watchdog_nobody_takes_over():
    for why in (Why.DIED, Why.BRAIN):
        assert wait(LIKELY, picture=started("a", why=why)).wait_ms is None
        armed = wait(LIKELY, picture=started("a", why=why, watchdog="10000"))
        assert armed.wait_ms == (6000 + 1000 + 20_000) * 101 / 100


def test_a_watchdog_that_bites_on_loss_of_quorum_makes_stops_needless():
    picture = started("a", "b", watchdog="5000:quorum")
    found = wait(PROVEN, picture=picture)
    assert found.wait_ms == (6000 + 10_000) * 101 / 100
    assert found.row == "an armed watchdog that bites on loss of quorum"


@pytest.mark.parametrize(
    ("armed", "wanted_ms", "waits"),
    [
        ("5000:quorum", -1, True),
        ("5000:quorum", 12_000, True),
        ("5000:quorum", 0, False),
        ("5000:quorum", 5000, False),
        ("5000", 12_000, False),
        ("", 12_000, False),
    ],
)
def test_only_an_armed_watchdog_that_bites_on_loss_of_quorum_stands_in_for_fencing(
    armed: str, wanted_ms: int, waits: bool
):
    picture = NodePicture(Boot(1, 1), attributes={WATCHDOG: armed} if armed else {})
    found = watchdog_wait_ms(picture, wanted_ms=wanted_ms, keep_ms=3000)
    assert (found is not None) == waits
    if found is not None:
        assert found >= 3000 + max(wanted_ms, 10_000)
    assert watchdog_wait_ms(None, wanted_ms=wanted_ms, keep_ms=3000) is None
