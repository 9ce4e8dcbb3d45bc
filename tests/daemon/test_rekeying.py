"""A node's own key: on the disk, then asked for until it is decided, then alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pcsx.daemon.effects import KeepIdentity
from pcsx.daemon.io.state import State
from pcsx.daemon.rekeying import ASK_MS, AskForKey, BeKnownBy, Rekeying
from pcsx.ring.join import public_of
from pcsx.values import Now
from tests.ring.network import ring_of

OLD, NEW = bytes([2]) * 32, b"n" * 32
RING = ring_of(3)
CHANGED = RING.with_key(2, public_of(NEW))


def at(ms: int) -> Now:
    return Now(ms, datetime(2030, 1, 1, tzinfo=UTC))


def test_a_key_is_on_the_disk_before_anybody_is_asked_for_it() -> None:
    part = Rekeying(2, OLD)
    assert part.begin(NEW) == [KeepIdentity(OLD, b"", NEW)]
    assert part.tick(at(10_000)) == [] and part.deadline_ms is None
    assert part.kept(NEW, at(10_000)) == [BeKnownBy((OLD, NEW))]
    assert part.tick(at(10_000)) == [AskForKey(public_of(NEW))]
    assert part.tick(at(10_001)) == []
    assert part.tick(at(10_000 + ASK_MS)) == [AskForKey(public_of(NEW))]


def test_what_is_decided_is_gone_by_and_the_key_before_is_kept_one_back() -> None:
    part = Rekeying(2, OLD, coming=NEW)
    assert part.decided(RING) == []
    assert part.decided(CHANGED) == [BeKnownBy((NEW, OLD)), KeepIdentity(NEW, OLD)]
    assert part.deadline_ms is None and part.decided(CHANGED) == []
    assert part.begin(b"3" * 32) == [KeepIdentity(NEW, OLD, b"3" * 32)]


def test_a_disk_that_does_not_take_it_leaves_all_as_it_is() -> None:
    part = Rekeying(2, OLD)
    part.begin(NEW)
    part.failed()
    assert part.identities == (OLD,) and part.tick(at(9)) == []


def test_nobody_is_given_the_key_of_another_or_one_that_is_none() -> None:
    assert RING.with_key(2, RING.node(3).key) == RING
    assert RING.with_key(2, b"short") == RING
    assert RING.with_key(9, public_of(NEW)) == RING
    assert replace(CHANGED.node(2), key=RING.node(2).key) == RING.node(2)


def test_the_disk_has_every_key_that_may_be_decided(tmp_path: Path) -> None:
    state = State(str(tmp_path))
    first = state.identity()
    state.keep_identity(KeepIdentity(first, b"", NEW))
    assert (state.identity(), state.beside("next"), state.beside("former")) == (first, NEW, b"")
    state.keep_identity(KeepIdentity(NEW, first))
    assert (state.identity(), state.beside("next"), state.beside("former")) == (NEW, b"", first)
    assert {file.stat().st_mode & 0o777 for file in tmp_path.glob("identity.*")} == {0o600}
