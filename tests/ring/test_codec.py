"""Laws of the codec: what goes in comes out, and garbage is refused in one way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, NewType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcsx.daemon import ledger
from pcsx.daemon import messages as view_messages
from pcsx.ring import codec as codec_module
from pcsx.ring import frames, messages, will, wire
from pcsx.ring.codec import FRAMES, Codec, Malformed, decode, encode
from pcsx.ring.services import words

Name = NewType("Name", str)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Size(IntEnum):
    SMALL = 1
    HUGE = 70_000


@dataclass(frozen=True, slots=True)
class Empty:
    pass


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: float


@dataclass(frozen=True, slots=True)
class Zoo:
    name: Name
    blob: bytes
    flag: bool
    colour: Colour
    size: Size
    maybe: int | None
    point: Point
    other: Point | None
    child: Empty | Point | None
    numbers: tuple[int, ...]
    pairs: tuple[tuple[str, str], ...]
    points: tuple[Point, ...]
    children: tuple[Empty | Point, ...]


CODEC: Codec[Any] = Codec(7, {1: Empty, 2: Point, 3: Zoo})
WHOLE = st.integers(min_value=-(2**119), max_value=2**119)
POINTS = st.builds(Point, WHOLE, st.floats(allow_nan=False))
CHILDREN = st.one_of(st.builds(Empty), POINTS)
ZOOS = st.builds(
    Zoo,
    st.text(),
    st.binary(max_size=600),
    st.booleans(),
    st.sampled_from(Colour),
    st.sampled_from(Size),
    st.none() | WHOLE,
    POINTS,
    st.none() | POINTS,
    st.none() | CHILDREN,
    st.lists(WHOLE).map(tuple),
    st.lists(st.tuples(st.text(), st.text())).map(tuple),
    st.lists(POINTS).map(tuple),
    st.lists(CHILDREN).map(tuple),
)
BOOTS = st.builds(frames.Boot, st.integers(0, 2**40), st.integers(0, 2**64 - 1))
ROWS = st.builds(
    frames.Row,
    st.integers(1, 64),
    BOOTS,
    st.integers(0, 2**60),
    st.integers(0, 2**65 - 1),
    st.booleans(),
)
FRAME = st.one_of(
    st.builds(
        frames.PeerState,
        st.integers(1, 64),
        st.sampled_from(frames.Reach),
        st.sampled_from(frames.Why),
        BOOTS,
        st.integers(0, 2**60),
    ),
    st.builds(frames.Heard, st.integers(1, 64), BOOTS, st.binary(max_size=2000)),
    st.builds(frames.Rows, st.lists(ROWS).map(tuple)),
    st.builds(frames.Told, st.integers(1, 64), st.text(), st.text()),
    st.builds(
        frames.Configure,
        st.integers(1, 64),
        BOOTS,
        st.binary(),
        st.binary(),
        st.lists(st.binary()).map(tuple),
    ),
    st.builds(frames.Transmit, st.lists(st.integers(1, 64)).map(tuple), st.binary(max_size=2000)),
    st.builds(frames.Pulse),
)


@given(ZOOS)
def test_what_is_encoded_decodes_to_an_equal_value(zoo: Zoo) -> None:
    assert CODEC.decode(CODEC.encode(zoo)) == zoo


@given(FRAME)
def test_every_frame_survives_the_socket(frame: Any) -> None:
    assert decode(encode(frame)) == frame


@given(ZOOS, st.data())
def test_damaged_messages_are_refused_or_have_just_that_spelling(zoo: Zoo, data: Any) -> None:
    good = CODEC.encode(zoo)
    bad = bytearray(good[: data.draw(st.integers(0, len(good)))])
    for _ in range(data.draw(st.integers(0, 4))):
        if bad:
            bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    _refused_or_canonical(bytes(bad))


@given(st.binary(max_size=300), st.sampled_from((1, 2, 3)))
def test_garbage_is_refused_or_has_just_that_spelling(garbage: bytes, number: int) -> None:
    _refused_or_canonical(garbage)
    _refused_or_canonical(bytes((7, number)) + garbage)


def _refused_or_canonical(data: bytes) -> None:
    try:
        message = CODEC.decode(data)
    except Malformed:
        return
    assert CODEC.encode(message) == data


def test_a_huge_count_is_refused_before_anything_is_built() -> None:
    whole = encode(frames.Rows(()))
    assert whole[-1] == 0
    with pytest.raises(Malformed):
        decode(whole[:-1] + bytes((224 + 8,)) + b"\x7f" + b"\xff" * 7)


def test_another_version_is_refused() -> None:
    data = bytearray(encode(frames.Pulse()))
    data[0] += 1
    with pytest.raises(Malformed, match="version"):
        decode(bytes(data))


def test_bytes_left_over_are_refused() -> None:
    with pytest.raises(Malformed):
        decode(encode(frames.Pulse()) + b"\0")


def test_every_frame_class_has_a_type_id() -> None:
    known = set(FRAMES._numbers)
    assert set(frames.ToBrain.__args__) | set(frames.ToHeart.__args__) == known


def test_a_tuple_of_things_that_take_no_bytes_is_refused_at_once() -> None:
    @dataclass(frozen=True)
    class Many:
        things: tuple[int, ...]

    Many.__annotations__["things"] = tuple[Empty, ...]
    with pytest.raises(TypeError):
        Codec(1, {1: Many}).complete()


FAMILIES = [
    pytest.param(codec, id=module.__name__)
    for module in (codec_module, messages, will, wire, words, ledger, view_messages)
    for codec in vars(module).values()
    if isinstance(codec, Codec)
]


@pytest.mark.parametrize("codec", FAMILIES)
def test_each_message_of_each_family_has_bytes(codec: Codec[Any]) -> None:
    codec.complete()
