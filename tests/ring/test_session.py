"""Laws of the handshake that a network in memory does not show: cookies, suites, numbers."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from random import Random
from typing import Any

import pytest

from pcsx.ring.config import Address
from pcsx.ring.frames import Boot
from pcsx.ring.levels import FEATURES, Range
from pcsx.ring.seal import (
    AES_256_GCM,
    CHACHA20_POLY1305,
    COUNTER_MAX,
    SUITES,
    Channel,
    Suites,
)
from pcsx.ring.session import (
    OVERLAP_MS,
    REKEY_MS,
    REKEY_PACKETS,
    Association,
    Attempt,
    Directory,
    Gate,
    Local,
)
from pcsx.ring.wire import BEAT, COOKIE, HEADER, INIT, RESPONSE, Dropped, Header
from tests.ring.network import PSK, identity_of, ring_of

HERE = Address("10.0.0.1", 5450)


def association(
    me: int,
    *,
    suites: Suites = SUITES,
    psk: bytes = PSK,
    level: int = 1,
    features: Range = FEATURES,
) -> Association:
    chance = Random(me)
    key = identity_of(me)
    local = Local(
        me, Boot(1, me), key, key.public_key().public_bytes_raw(), (psk,), b"c", 7,
        chance.randbytes, suites, level=level, features=features,
    )  # fmt: skip
    directory: Directory = {}
    return Association(local, ring_of(2).node(3 - me), directory, count(1))


def header(packet: bytes) -> Header:
    return Header(*HEADER.unpack_from(packet))


def joined(one: Association, two: Association) -> tuple[Channel, Channel]:
    call = one.attempt(0)
    answer = two.answer(call, header(call), 0)
    attempt = one._directory[header(answer.packet).session]
    assert isinstance(attempt, Attempt)
    outcome = one.finish(attempt, answer.packet, 0)
    assert outcome.channel is not None
    there = two._directory[outcome.channel.theirs]
    assert isinstance(there, Channel)
    return outcome.channel, there


def test_both_sides_have_the_same_keys_crosswise() -> None:
    here, there = joined(association(1), association(2))
    packet = here.seal(BEAT, b"there")
    assert there.open(packet, header(packet).counter) == b"there"
    packet = there.seal(BEAT, b"and back")
    assert here.open(packet, header(packet).counter) == b"and back"
    assert (here.will_out, here.will_in) == (there.will_in, there.will_out)
    assert len({here.will_out, here.will_in}) == 2


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ((AES_256_GCM,), (CHACHA20_POLY1305, AES_256_GCM)),
        ((AES_256_GCM, CHACHA20_POLY1305), (CHACHA20_POLY1305,)),
    ],
)
def test_a_pair_agrees_on_a_suite_that_both_have(
    one: tuple[int, ...], two: tuple[int, ...]
) -> None:
    here, there = joined(
        association(1, suites={n: SUITES[n] for n in one}),
        association(2, suites={n: SUITES[n] for n in two}),
    )
    packet = here.seal(BEAT, b"x")
    assert there.open(packet, header(packet).counter) == b"x"


def test_a_peer_that_asks_by_the_key_before_the_newest_is_called_by_it_while_that_opens() -> None:
    old, new = b"o" * 32, b"n" * 32
    one, two = association(1, psk=new), association(2, psk=old)
    one.local = replace(one.local, psks=(new, old))
    with pytest.raises(Dropped, match="mac"):
        two.answer(call := one.attempt(0), header(call), 0)
    ask = two.attempt(200)
    assert one.asked(ask, 200, silent=True)
    joined(one, two)
    assert not one.outdated
    one.local = replace(one.local, psks=(new,))
    assert one.outdated
    one.renew()
    with pytest.raises(Dropped, match="mac"):
        two.answer(call := one.attempt(20_000), header(call), 20_000)
    with pytest.raises(Dropped, match="mac"):
        one.asked(two.attempt(20_000), 20_000, silent=True)


def test_a_pair_without_a_common_suite_is_told_so() -> None:
    one = association(1, suites={1: SUITES[1]})
    two = association(2, suites={2: SUITES[2]})
    call = one.attempt(0)
    answer = two.answer(call, header(call), 0)
    attempt = one._directory[header(answer.packet).session]
    assert isinstance(attempt, Attempt)
    outcome = one.finish(attempt, answer.packet, 0)
    assert outcome.told is not None and outcome.told.verdict == "VERSION"


def met(one: Association, two: Association) -> tuple[str, str]:
    """Return what the caller *one* hears, and what *two* would hear, of a verdict."""
    call = one.attempt(0)
    answer = two.answer(call, header(call), 0)
    attempt = one._directory[header(answer.packet).session]
    assert isinstance(attempt, Attempt)
    outcome = one.finish(attempt, answer.packet, 0)
    return tuple(
        f"{each.verdict} {each.reason}" if each is not None else ""
        for each in (outcome.told, outcome.refuse)
    )  # type: ignore[return-value]


def test_old_and_new_share_a_session_while_the_level_is_one_that_both_speak() -> None:
    one, two = association(1, features=(1, 1)), association(2, features=(1, 2))
    assert met(one, two) == ("", "")
    assert one.offer is not None and one.offer.features == (1, 2)
    assert two.offer is not None and two.offer.features == (1, 1)


@pytest.mark.parametrize("caller_is_old", [True, False])
def test_who_is_too_old_for_the_level_is_told_so_whoever_calls(caller_is_old: bool) -> None:
    new = {"level": 2, "features": (1, 2)}
    old = {"level": 1, "features": (1, 1)}
    caller, called = (old, new) if caller_is_old else (new, old)
    told, refuse = met(association(1, **caller), association(2, **called))  # type: ignore[arg-type]
    verdict = told if caller_is_old else refuse
    assert verdict.startswith("VERSION its pcsx speaks feature level 1 at most")
    assert {told, refuse} == {verdict, ""}


@pytest.mark.parametrize("caller_is_new", [True, False])
def test_who_is_too_new_for_the_level_is_told_so_whoever_calls(caller_is_new: bool) -> None:
    fit = {"level": 1, "features": (1, 2)}
    new = {"level": 1, "features": (2, 3)}
    caller, called = (new, fit) if caller_is_new else (fit, new)
    told, refuse = met(association(1, **caller), association(2, **called))  # type: ignore[arg-type]
    verdict = told if caller_is_new else refuse
    assert verdict.startswith("VERSION its pcsx speaks feature level 2 at least")
    assert {told, refuse} == {verdict, ""}


@pytest.mark.parametrize("caller_missed", [True, False])
def test_who_missed_the_step_that_it_needs_is_let_in(caller_missed: bool) -> None:
    fit = {"level": 2, "features": (1, 2)}
    late = {"level": 1, "features": (2, 3)}
    caller, called = (late, fit) if caller_missed else (fit, late)
    one, two = association(1, **caller), association(2, **called)  # type: ignore[arg-type]
    assert met(one, two) == ("", "")


def test_who_knows_that_it_is_too_old_refuses_nobody() -> None:
    one = association(1, level=2, features=(1, 2))
    two = association(2, level=2, features=(1, 1))
    call = one.attempt(0)
    with pytest.raises(Dropped, match="version"):
        two.answer(call, header(call), 0)


def test_the_called_side_uses_a_session_only_once_the_caller_has() -> None:
    one, two = association(1), association(2)
    _, there = joined(one, two)
    assert two.current is None
    assert two.confirm(there, 5)
    assert two.current is there


def test_a_call_is_answered_once() -> None:
    one, two = association(1), association(2)
    call = one.attempt(0)
    two.answer(call, header(call), 0)
    with pytest.raises(Dropped, match="replay"):
        two.answer(call, header(call), 0)


def test_every_flipped_byte_of_a_call_and_of_an_answer_is_noticed() -> None:
    one, two = association(1), association(2)
    call = one.attempt(0)
    for at in range(16, len(call) - 16):
        bad = bytearray(call)
        bad[at] ^= 1
        with pytest.raises(Dropped, match="mac"):
            two.answer(bytes(bad), header(call), 0)
    answer = two.answer(call, header(call), 0).packet
    attempt = one._directory[header(answer).session]
    assert isinstance(attempt, Attempt)
    for at in range(16, len(answer)):
        bad = bytearray(answer)
        bad[at] ^= 1
        with pytest.raises(Dropped, match="mac"):
            one.finish(attempt, bytes(bad), 0)
    assert one.finish(attempt, answer, 0).channel is not None


def test_the_key_of_the_cluster_alone_makes_no_session() -> None:
    one, two = association(1), association(2)
    thief = association(1)
    object.__setattr__(thief.local, "private", identity_of(9))
    call = thief.attempt(0)
    with pytest.raises(Dropped, match="handshake"):
        two.answer(call, header(call), 0)
    assert one.life is None and two.life is None


def test_a_caller_in_a_flood_gets_in_with_a_cookie_and_only_from_its_address() -> None:
    one, two = association(1), association(2)
    gate = Gate(Random(5).randbytes)
    call = one.attempt(0)
    for _ in range(Gate.BUSY):
        assert gate.admits(call, HERE, 0)
    assert not gate.admits(call, HERE, 0)
    cookie = gate.cookie_for(call, header(call), HERE, two)
    assert header(cookie).type == COOKIE and len(cookie) <= len(call)
    one.take_cookie(cookie, 1)
    again = one.attempt(1)
    assert gate.admits(again, HERE, 1)
    assert not gate.admits(again, Address("10.9.9.9", 5450), 1)
    assert header(two.answer(again, header(again), 1).packet).type == RESPONSE


def test_a_cookie_of_somebody_else_is_dropped() -> None:
    one = association(1)
    one.attempt(0)
    forged = HEADER.pack(0xC1, COOKIE, 0, 0, 1, 0) + bytes(12 + 32)
    with pytest.raises(Dropped, match="cookie"):
        one.take_cookie(forged, 0)


def test_unanswered_calls_do_not_pile_up() -> None:
    one = association(1)
    for at in range(0, 60_000, 1000):
        assert header(one.attempt(at)).type == INIT
    assert len(one._directory) == 4
    one.expire(80_000)
    assert one._directory == {}


class _Untouched(Exception):
    """Something dear was used."""


class _Key:
    """A private key that nobody may use."""

    def exchange(self, _public: object) -> bytes:
        raise _Untouched


def _no_chance(_size: int) -> bytes:
    raise _Untouched


def test_no_product_is_computed_before_the_clusters_key_is_proved() -> None:
    one, two = association(1), association(2)
    call, ask = one.attempt(0), two.attempt(0)
    answer = two.answer(call, header(call), 0).packet
    attempt = one._directory[header(answer).session]
    assert isinstance(attempt, Attempt)
    key: Any = _Key()
    for each in (one, two):
        each.local = replace(each.local, private=key, entropy=_no_chance)
        each._shared = {}
    attempt = replace(attempt, ephemeral=key)
    for packet, take in (
        (call, lambda bad: two.answer(bad, header(bad), 5)),
        (ask, lambda bad: one.asked(bad, 5, silent=True)),
        (answer, lambda bad: one.finish(attempt, bad, 5)),
    ):
        for at in range(16, len(packet) - (0 if packet is answer else 16)):
            bad = bytearray(packet)
            bad[at] ^= 1
            with pytest.raises(Dropped, match="mac"):
                take(bytes(bad))
    two._heard = (0, 0)
    with pytest.raises(_Untouched):
        two.answer(call, header(call), 5)
    with pytest.raises(_Untouched):
        one.finish(attempt, answer, 5)


def established(one: Association, two: Association) -> tuple[Channel, Channel]:
    """Return both ends of a session that both have in use."""
    here, there = joined(one, two)
    two.confirm(there, 0)
    assert one.current is here and two.current is there
    return here, there


def test_the_caller_renews_a_session_for_its_age_or_its_packets_and_the_called_never() -> None:
    one, two = association(1), association(2)
    here, there = established(one, two)
    assert not one.wants(REKEY_MS, silent=False)
    assert one.wants(REKEY_MS + OVERLAP_MS + 1, silent=False)
    assert not two.wants(REKEY_MS * 9, silent=False)
    here.sent = REKEY_PACKETS
    assert not one.wants(REKEY_MS, silent=False)
    for side in ("sent", "top"):
        here.sent = here.top = 0
        setattr(here, side, REKEY_PACKETS + 1)
        assert one.wants(REKEY_MS, silent=False), "either direction wears it"
        setattr(there, side, REKEY_PACKETS + 1)
        assert not two.wants(REKEY_MS, silent=False)


def test_a_session_that_was_replaced_opens_for_ten_seconds_more() -> None:
    one, two = association(1), association(2)
    old, _ = established(one, two)
    call = one.attempt(5000)
    answer = two.answer(call, header(call), 5000)
    attempt = one._directory[header(answer.packet).session]
    assert isinstance(attempt, Attempt)
    new = one.finish(attempt, answer.packet, 5000).channel
    assert new is one.current and new is not old
    one.expire(5000 + OVERLAP_MS - 1)
    assert one._directory.get(old.mine) is old
    one.expire(5000 + OVERLAP_MS)
    assert old.mine not in one._directory and one._directory[new.mine] is new


def test_no_counter_is_used_beyond_its_last() -> None:
    here, _ = joined(association(1), association(2))
    here.sent = COUNTER_MAX - 2
    here.seal(BEAT, b"the last one")
    with pytest.raises(AssertionError, match="outlived"):
        here.seal(BEAT, b"one too many")
