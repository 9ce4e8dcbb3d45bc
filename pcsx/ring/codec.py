"""Frozen dataclasses as bytes and back: compact, versioned, compiled when a class is first met.

A `Codec` knows a family of messages by their type ids. The fields' annotations are the format:
int, bool, float, str, bytes, enums, dataclasses, unions of messages, `None` where a union allows
it, and tuples of all these. Integers below 224 take one byte, others a length and as many bytes as
they need, up to 15. One value has one spelling: what decodes encodes to the same bytes again.

Decoding trusts nothing. Whatever is not exactly one message raises `Malformed` and nothing else,
and never builds more than a small multiple of the bytes that it was given. The code for a class is
written out as Python source and compiled, since heartbeats pass here ten times a second and peer.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum, IntEnum, StrEnum
from types import NoneType, UnionType
from typing import Any, Final, Generic, NewType, TypeVar, Union, cast, get_args, get_origin
from typing import get_type_hints as _hints

from pcsx.ring import frames

Message = TypeVar("Message")

SMALL: Final = 224
"""Integers from 0 up to here are one byte; from 225 on, that byte tells length and sign."""
_WIDEST: Final = 15
_DOUBLE: Final = struct.Struct(">d")
_TWO_BYTES: Final = struct.Struct(">BH")


class Malformed(Exception):
    """The bytes are not a message of this family and version."""


class Codec(Generic[Message]):
    """The bytes of a family of messages: a version, a type id, then the fields in their order."""

    def __init__(self, version: int, classes: Mapping[int, type]) -> None:
        assert 0 <= version < 256
        assert all(0 < number < SMALL for number in classes), "type ids are 1 to 223"
        assert len(set(classes.values())) == len(classes), "a class has one type id"
        self._version = version
        self._numbers = {cls: number for number, cls in classes.items()}
        self._heads = {cls: bytes((version, number)) for number, cls in classes.items()}
        build = _Build(self._numbers)
        self._writers = _Made(build.writer, {cls: cls for cls in classes.values()})
        self._readers = _Made(build.reader, classes)

    def complete(self) -> None:
        """Compile all that is not yet; raises `TypeError` for a class that has no bytes."""
        for cls, number in self._numbers.items():
            assert self._writers[cls] and self._readers[number]

    def encode(self, message: Message) -> bytes:
        """Return *message* as bytes."""
        cls = message.__class__
        out = bytearray(self._heads[cls])
        self._writers[cls](message, out)
        return bytes(out)

    def decode(self, data: bytes) -> Message:
        """Return the message that *data* spells from its first byte to its last."""
        try:
            if data[0] != self._version:
                raise Malformed(f"version {data[0]}, not {self._version}")
            message, end = self._readers[data[1]](data, 2)
        except (IndexError, KeyError, ValueError) as error:
            raise Malformed(f"not a message: {error}") from None
        if end != len(data):
            raise Malformed("bytes are left over" if end < len(data) else "cut short")
        return cast(Message, message)


class _Made(dict[Any, Any]):
    """Functions by what asks for them, each made when it is first asked for.

    A start of the program meets a few of the messages that it knows.
    """

    def __init__(self, make: Callable[[type], Any], classes: Mapping[Any, type]) -> None:
        super().__init__()
        self._make, self._classes = make, classes

    def __missing__(self, key: Any) -> Any:
        made = self[key] = self._make(self._classes[key])
        return made


# --- the primitives that generated code calls -----------------------------------------------------


def put_int(out: bytearray, value: int) -> None:
    """Append *value*, which takes more than one byte."""
    if 0 <= value < SMALL:
        out.append(value)
        return
    magnitude = value if value >= 0 else -1 - value
    length = (magnitude.bit_length() + 7) // 8 or 1
    assert length <= _WIDEST, f"an integer of {length} bytes"
    out.append(SMALL + length if value >= 0 else SMALL + 16 + length)
    out += magnitude.to_bytes(length, "big")


def long_int(data: bytes, at: int, first: int) -> tuple[int, int]:
    """Return the integer whose *first* byte, before *at*, said that more follow; and the end."""
    length = (first - SMALL) & 15
    end = at + length
    if length == 0 or end > len(data):
        raise Malformed("an integer is cut short")
    value = int.from_bytes(data[at:end], "big")
    if first >= SMALL + 16:
        if value >> (8 * (length - 1)) == 0 and length > 1:
            raise Malformed("an integer is longer than it need be")
        return -1 - value, end
    if value >> (8 * (length - 1)) == 0 or value < SMALL:
        raise Malformed("an integer is longer than it need be")
    return value, end


def put_float(out: bytearray, value: float) -> None:
    """Append *value* as eight bytes."""
    out += _DOUBLE.pack(value)


def some_float(data: bytes, at: int) -> tuple[float, int]:
    """Return the number in the eight bytes at *at*; and the end."""
    end = at + 8
    if end > len(data):
        raise Malformed("a number is cut short")
    return _DOUBLE.unpack_from(data, at)[0], end


def count_at(data: bytes, at: int) -> tuple[int, int]:
    """Return how many things follow, which is never more than the bytes left; and their start."""
    count = data[at]
    at += 1
    if count >= SMALL:
        count, at = long_int(data, at, count)
    if not 0 <= count <= len(data) - at:
        raise Malformed("more things are counted than bytes are there")
    return count, at


def refuse(what: str) -> None:
    """Say that the bytes spell no *what*."""
    raise Malformed(f"no such {what}")


_Writer = Callable[[Any, bytearray], None]
_Reader = Callable[[bytes, int], tuple[Any, int]]


class _Build:
    """Writes the functions of a codec as source and compiles them, each class once."""

    def __init__(self, numbers: Mapping[type, int]) -> None:
        self._numbers = numbers
        self._names: dict[str, Any] = {
            "put_int": put_int,
            "two_bytes": _TWO_BYTES.pack,
            "long_int": long_int,
            "put_float": put_float,
            "some_float": some_float,
            "count_at": count_at,
            "refuse": refuse,
        }
        self._ids: dict[Any, str] = {}
        self._done: dict[type, bool] = {}
        self._locals = 0

    def writer(self, cls: type) -> _Writer:
        return cast(_Writer, self._names["write_" + self._function(cls)])

    def reader(self, cls: type) -> _Reader:
        return cast(_Reader, self._names["read_" + self._function(cls)])

    def _name(self, thing: Any, prefix: str) -> str:
        """Return a name under which generated code finds *thing*."""
        if thing not in self._ids:
            self._ids[thing] = f"{prefix}{len(self._ids)}"
            self._names[self._ids[thing]] = thing
        return self._ids[thing]

    def _local(self) -> str:
        self._locals += 1
        return f"v{self._locals}"

    def _function(self, cls: type) -> str:
        """Return the suffix of the two functions for *cls*, made now if they are not there."""
        name = self._name(cls, "class_")
        if cls in self._done:
            if not self._done[cls]:
                raise TypeError(f"{cls.__name__} contains itself")
            return name
        if not is_dataclass(cls) or not all(field.init for field in fields(cls)):
            raise TypeError(f"{cls!r} is no dataclass that is built from all its fields")
        self._done[cls] = False
        hints = _hints(cls)
        write = [f"def write_{name}(o, w):", "    pass"]
        read = [f"def read_{name}(d, p):"]
        values = []
        for field in fields(cls):
            local = self._local()
            values.append(local)
            write.append(f"    {local} = o.{field.name}")
            write += self._write(hints[field.name], local, "    ")
            read += self._read(hints[field.name], local, "    ")
        read.append(f"    return {name}({', '.join(values)}), p")
        exec("\n".join(write + read), self._names)  # the source above, from types alone
        self._done[cls] = True
        return name

    def _write(self, hint: Any, v: str, pad: str) -> list[str]:
        """Return the lines that append the value called *v*, of type *hint*, to `w`."""
        hint = _plain(hint)
        if get_origin(hint) in (Union, UnionType):
            return self._write_union(hint, v, pad)
        if get_origin(hint) is tuple:
            return self._write_tuple(hint, v, pad)
        if hint is bool:
            return [f"{pad}w.append(1 if {v} else 0)"]
        if hint is int or issubclass(hint, IntEnum):
            return _write_int(v, pad)
        if hint is float:
            return [f"{pad}put_float(w, {v})"]
        if hint is bytes:
            return [f"{pad}n = len({v})", *_write_int("n", pad), f"{pad}w += {v}"]
        if hint is str or issubclass(hint, StrEnum):
            return [f"{pad}{v} = {v}.encode()", *self._write(bytes, v, pad)]
        return [f"{pad}write_{self._function(hint)}({v}, w)"]

    def _read(self, hint: Any, v: str, pad: str) -> list[str]:
        """Return the lines that take a value of type *hint* from `d` at `p` and call it *v*."""
        hint = _plain(hint)
        if get_origin(hint) in (Union, UnionType):
            return self._read_union(hint, v, pad)
        if get_origin(hint) is tuple:
            return self._read_tuple(hint, v, pad)
        if hint is bool:
            return [
                f"{pad}{v} = d[p]; p += 1",
                f"{pad}if {v} > 1: refuse('truth')",
                f"{pad}{v} = {v} == 1",
            ]
        if hint is int:
            return _read_int(v, pad)
        if issubclass(hint, Enum):
            table = {member.value: member for member in hint}
            start = _read_int(v, pad)
            if issubclass(hint, StrEnum):
                start = self._read(bytes, v, pad)
                table = {member.value.encode(): member for member in hint}
            known = self._name(hint, "enum_") + "_values"
            self._names[known] = table
            return [*start, f"{pad}{v} = {known}[{v}]"]
        if hint is float:
            return [f"{pad}{v}, p = some_float(d, p)"]
        if hint is bytes:
            return [
                *_read_int("n", pad),
                f"{pad}e = p + n",
                f"{pad}if n < 0 or e > len(d): refuse('bytes: they are cut short')",
                f"{pad}{v} = d[p:e]; p = e",
            ]
        if hint is str:
            return [*self._read(bytes, v, pad), f"{pad}{v} = {v}.decode()"]
        return [f"{pad}{v}, p = read_{self._function(hint)}(d, p)"]

    def _write_tuple(self, hint: Any, v: str, pad: str) -> list[str]:
        args = get_args(hint)
        if args[-1] is not Ellipsis:
            lines = []
            for index, arg in enumerate(args):
                item = self._local()
                lines += [f"{pad}{item} = {v}[{index}]", *self._write(arg, item, pad)]
            return lines
        item = self._local()
        return [
            f"{pad}n = len({v})",
            *_write_int("n", pad),
            f"{pad}for {item} in {v}:",
            *self._write(args[0], item, pad + "    "),
        ]

    def _read_tuple(self, hint: Any, v: str, pad: str) -> list[str]:
        args = get_args(hint)
        if args[-1] is not Ellipsis:
            lines, items = [], []
            for arg in args:
                items.append(self._local())
                lines += self._read(arg, items[-1], pad)
            return [*lines, f"{pad}{v} = ({''.join(item + ', ' for item in items)})"]
        if _takes_nothing(args[0]):
            raise TypeError(f"a tuple of {args[0]!r}, which takes no bytes")
        item, count = self._local(), self._local()
        return [
            f"{pad}{count}, p = count_at(d, p)",
            f"{pad}{v} = []",
            f"{pad}for _ in range({count}):",
            *self._read(args[0], item, pad + "    "),
            f"{pad}    {v}.append({item})",
            f"{pad}{v} = tuple({v})",
        ]

    def _alternatives(self, hint: Any) -> list[tuple[int, Any]]:
        """Return the types of a union, each behind the number that announces it."""
        args = [arg for arg in get_args(hint) if arg is not NoneType]
        if len(args) == 1:
            return [(1, args[0])]
        if missing := [arg for arg in args if arg not in self._numbers]:
            raise TypeError(f"in a union, but without a type id: {missing!r}")
        return [(self._numbers[arg], arg) for arg in args]

    def _write_union(self, hint: Any, v: str, pad: str) -> list[str]:
        lines, word = [], "if"
        if NoneType in get_args(hint):
            lines, word = [f"{pad}if {v} is None: w.append(0)"], "elif"
        alternatives = self._alternatives(hint)
        for number, arg in alternatives:
            test = f"{word} {v}.__class__ is {self._name(arg, 'class_')}:"
            if len(alternatives) == 1:
                test = "else:"
            lines += [f"{pad}{test}", f"{pad}    w.append({number})"]
            lines += self._write(arg, v, pad + "    ")
            word = "elif"
        if len(alternatives) > 1:
            lines.append(f"{pad}else: raise TypeError({v})")
        return lines

    def _read_union(self, hint: Any, v: str, pad: str) -> list[str]:
        number = self._local()
        lines, word = [f"{pad}{number} = d[p]; p += 1"], "if"
        if NoneType in get_args(hint):
            lines, word = [*lines, f"{pad}if {number} == 0: {v} = None"], "elif"
        for value, arg in self._alternatives(hint):
            lines.append(f"{pad}{word} {number} == {value}:")
            lines += self._read(arg, v, pad + "    ")
            word = "elif"
        return [*lines, f"{pad}else: refuse('alternative')"]


def _write_int(v: str, pad: str) -> list[str]:
    """Return the lines that append the integer called *v*; the most common lengths call nothing."""
    return [
        f"{pad}if 0 <= {v} < {SMALL}: w.append({v})",
        f"{pad}elif 255 < {v} < 65536: w += two_bytes({SMALL + 2}, {v})",
        f"{pad}else: put_int(w, {v})",
    ]


def _read_int(v: str, pad: str) -> list[str]:
    """Return the lines that take an integer and call it *v*."""
    return [
        f"{pad}{v} = d[p]; p += 1",
        f"{pad}if {v} >= {SMALL}:",
        f"{pad}    if {v} == {SMALL + 2} and d[p]: {v} = d[p] << 8 | d[p + 1]; p += 2",
        f"{pad}    else: {v}, p = long_int(d, p, {v})",
    ]


def _plain(hint: Any) -> Any:
    """Return what stands behind the new names that a type was given."""
    while isinstance(hint, NewType):
        hint = hint.__supertype__
    return hint


def _takes_nothing(hint: Any) -> bool:
    """Return whether values of *hint* are no bytes at all, so that any number would fit."""
    hint = _plain(hint)
    if get_origin(hint) is tuple:
        args = get_args(hint)
        return args[-1] is not Ellipsis and all(_takes_nothing(arg) for arg in args)
    if is_dataclass(hint) and isinstance(hint, type):
        return all(_takes_nothing(kind) for kind in _hints(hint).values())
    return False


# --- the frames between heart and brain -----------------------------------------------------------

FRAMES: Final[Codec[frames.ToBrain | frames.ToHeart]] = Codec(
    1,
    {
        1: frames.PeerState,
        2: frames.Heard,
        3: frames.BeatHeard,
        4: frames.Rows,
        5: frames.Doubt,
        6: frames.Told,
        7: frames.HeartStats,
        8: frames.Armed,
        9: frames.Offer,
        33: frames.Configure,
        34: frames.Unconfigure,
        35: frames.Transmit,
        36: frames.Beat,
        37: frames.Pulse,
        38: frames.Farewell,
        39: frames.Tell,
        40: frames.Untell,
        41: frames.AskStats,
        42: frames.Guard,
    },
)
"""What heart and brain say to each other, as bytes."""


def encode(message: frames.ToBrain | frames.ToHeart) -> bytes:
    """Return a frame between heart and brain as bytes."""
    return FRAMES.encode(message)


def decode(data: bytes) -> frames.ToBrain | frames.ToHeart:
    """Return the frame that `encode` wrote, or raise `Malformed`."""
    return FRAMES.decode(data)
