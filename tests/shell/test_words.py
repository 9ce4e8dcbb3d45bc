"""Options and words: where they may stand, and what a bad one is answered with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcsx.errors import PcsxError
from pcsx.shell.words import TABLE, split, split_leading

WORD = st.text("abc=%.:1", min_size=1, max_size=6)


@given(st.lists(WORD, max_size=6), st.integers(0, 6))
def test_an_option_may_stand_between_any_words(words: list[str], place: int) -> None:
    at = min(place, len(words))
    given_, found = split([*words[:at], "--force", *words[at:]])
    assert (given_, found) == ({"force": True}, words)


@given(st.lists(st.text(min_size=1, max_size=4), max_size=5))
def test_after_two_dashes_all_is_words(words: list[str]) -> None:
    assert split(["--", *words]) == ({}, words)


@pytest.mark.parametrize("word", ["-5", "-INFINITY", "-inf"])
def test_a_negative_number_is_a_word(word: str) -> None:
    assert split(["a", word]) == ({}, ["a", word])


def test_a_value_is_joined_by_an_equals_sign_or_is_the_next_word() -> None:
    assert split(["--group=g", "--name", "n", "-f", "x", "-fy"])[0] == {
        "group": "g", "name": "n", "f": "y",
    }  # fmt: skip


def test_wait_takes_its_value_only_by_an_equals_sign() -> None:
    assert split(["--wait", "5"]) == ({"wait": True}, ["5"])
    assert split(["--wait=5"]) == ({"wait": "5"}, [])


@pytest.mark.parametrize("name", sorted(name for name in TABLE if len(name) > 1))
def test_a_prefix_that_fits_one_option_only_is_enough(name: str) -> None:
    for length in range(1, len(name)):
        fitting = [other for other in TABLE if len(other) > 1 and other.startswith(name[:length])]
        if fitting == [name] and TABLE[name].value != "yes":
            assert split([f"--{name[:length]}"])[0] == {name: True}


@pytest.mark.parametrize("word", ["--zork", "-Z", "--group", "--force=yes", "--no"])
def test_a_bad_option_is_refused_with_the_status_1(word: str) -> None:
    with pytest.raises(PcsxError) as caught:
        split([word])
    assert caught.value.exit_status == 1


def test_leading_options_end_at_the_first_word() -> None:
    assert split_leading(["-f", "x", "--force", "a", "--json"]) == (
        {"f": "x", "force": True}, ["a", "--json"],
    )  # fmt: skip


@pytest.mark.parametrize("noun", ["resource", "stonith", "constraint"])
def test_a_room_has_just_the_words_that_its_level_says(noun: str) -> None:
    from importlib import import_module

    from pcsx.shell.words import Level

    module = import_module(f"pcsx.shell.commands.{noun}.level")
    for room, words in module.ROOMS.items():
        level = Level("x", "x")
        name = room if "." in room else f"{noun}.{room}"
        import_module(f"pcsx.shell.commands.{name}").register(level)
        assert sorted(level.commands) == sorted(words.split()), room
