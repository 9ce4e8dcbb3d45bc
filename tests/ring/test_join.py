"""Two lobbies trust each other by the same key or by a code that people compare, and only so."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcsx.ring.join import Channel, Token, Way, fingerprint, public_of, token_id

KEY = bytes(range(32))


def ends(
    seed: int = 1, *, way: Way = Way.KEY, ours: bytes | None = KEY, theirs: bytes | None = KEY
) -> tuple[Channel, Channel]:
    chance = random.Random(seed)
    a, b = chance.randbytes(32), chance.randbytes(32)
    opener = Channel(opener=True, identity=a, shared=ours, entropy=chance.randbytes, way=way)
    other = Channel(opener=False, identity=b, shared=theirs, entropy=chance.randbytes)
    return opener, other


def talk(opener: Channel, other: Channel) -> None:
    to_other, to_opener = [opener.start()], []
    while to_other or to_opener:
        if to_other:
            to_opener += other.take(to_other.pop(0))[0]
        if to_opener:
            to_other += opener.take(to_opener.pop(0))[0]


def test_equal_keys_open_a_channel_both_ways():
    opener, other = ends()
    talk(opener, other)
    assert opener.open and other.open
    assert other.take(opener.seal(b"survey")) == ([], b"survey")
    assert opener.take(other.seal(b"here")) == ([], b"here")


def test_each_end_knows_the_others_identity():
    opener, other = ends()
    talk(opener, other)
    chance = random.Random(1)
    assert other.peer_key == public_of(chance.randbytes(32))
    assert opener.peer_key == public_of(chance.randbytes(32))


def test_different_keys_open_nothing_and_both_ends_are_told():
    opener, other = ends(theirs=bytes(32))
    talk(opener, other)
    assert not opener.open and not other.open
    assert "bootstrap keys of the two nodes differ" in opener.failure
    assert "bootstrap keys of the two nodes differ" in other.failure


def test_a_node_without_a_key_says_so():
    opener, other = ends(theirs=None)
    talk(opener, other)
    assert opener.failure == "this node has no bootstrap key"


def test_both_ends_show_the_same_six_digits():
    opener, other = ends(way=Way.CODE, ours=None, theirs=None)
    talk(opener, other)
    assert opener.digits == other.digits
    assert len(opener.digits) == 6 and opener.digits.isdigit()


def test_somebody_in_between_makes_the_digits_differ():
    opener, middle_in = ends(2, way=Way.CODE, ours=None, theirs=None)
    middle_out, other = ends(3, way=Way.CODE, ours=None, theirs=None)
    talk(opener, middle_in)
    talk(middle_out, other)
    assert opener.digits != other.digits


def test_an_opener_that_changes_its_key_after_the_fact_is_refused():
    opener, other = ends(way=Way.CODE, ours=None, theirs=None)
    (answer,), _ = other.take(opener.start())
    (reveal,), _ = opener.take(answer)
    forged = random.Random(9).randbytes(32) + reveal[32:]
    (refusal,), _ = other.take(forged)
    assert not other.open
    assert refusal.startswith(b"pcsx-refused:")


def test_a_replayed_message_does_not_open():
    opener, other = ends()
    talk(opener, other)
    sealed = opener.seal(b"adopt")
    assert other.take(sealed)[1] == b"adopt"
    assert other.take(sealed)[1] is None
    assert other.failure


@given(st.binary(max_size=200), st.integers(0, 3))
def test_garbage_at_any_step_never_raises_and_never_opens(garbage: bytes, step: int):
    opener, other = ends()
    messages = [opener.start()]
    for _ in range(step):
        if not messages:
            break
        messages, _ = other.take(messages[0])
        if messages:
            messages, _ = opener.take(messages[0])
    was_open = other.open
    other.take(garbage)
    assert other.open == was_open


@pytest.mark.parametrize("public", [bytes(32), bytes(range(32))])
def test_a_fingerprint_is_eight_groups_of_four(public: bytes):
    assert [len(group) for group in fingerprint(public).split(":")] == [4] * 8


def test_no_chance_of_the_keys_looks_like_a_refusal():
    for seed in range(600):
        opener, other = ends(seed)
        talk(opener, other)
        assert (opener.open, opener.failure, other.failure) == (True, "", ""), seed


def test_a_token_comes_back_from_its_text_and_damage_is_told() -> None:
    token = Token("ab" * 16, b"f" * 16, b"s" * 16, ("10.0.0.1 5450", "fe80::1 5450"))
    text = token.to_text()

    assert Token.from_text(text) == token
    assert Token.from_text(f" {text[:20].upper()}\n{text[20:]} ") == token
    for wrong in ("", "x", text[:-1], text[:10] + ("a" if text[10] != "a" else "b") + text[11:]):
        with pytest.raises(ValueError):
            Token.from_text(wrong)


def test_who_has_the_token_gets_in_and_who_has_another_does_not() -> None:
    token = Token("ab" * 16, b"f" * 16, b"s" * 16, ())
    for shared, is_open in ((token.shared, True), (b"x" * 32, False), (None, False)):
        chance = random.Random(1).randbytes
        opener = Channel(
            opener=True, identity=b"1" * 32, shared=token.shared, entropy=chance, way=Way.TOKEN,
            token=token.id,
        )  # fmt: skip
        other = Channel(
            opener=False, identity=b"2" * 32, shared=shared, entropy=random.Random(2).randbytes
        )
        words = [opener.start()]
        assert token_id(words[0]) == token.id
        ends = [other, opener]
        while words and not (opener.failure or other.failure):
            words, _ = ends[0].take(words[0])
            ends.reverse()

        assert (opener.open and other.open) == is_open
