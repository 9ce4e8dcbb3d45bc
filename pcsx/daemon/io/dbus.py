"""A D-Bus client that is just enough to talk to systemd: calls, answers and signals, on asyncio.

The private socket of the service manager is tried first: it needs no bus, no name and no
subscription, and answers while the bus is being restarted. The system bus is the second way. Only
the types that systemd speaks are known here; what the messages mean is the business of `units.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Final

from pcsx.lean import dataclass

PRIVATE: Final = "/run/systemd/private"
SYSTEM_BUS: Final = "/run/dbus/system_bus_socket"

SYSTEMD: Final = "org.freedesktop.systemd1"
MANAGER_PATH: Final = "/org/freedesktop/systemd1"
MANAGER: Final = "org.freedesktop.systemd1.Manager"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"

CONNECT_S: Final = 5.0
MESSAGE_MAX: Final = 16 << 20

CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
_PATH, _INTERFACE, _MEMBER, _ERROR_NAME, _REPLY_TO, _DESTINATION, _SIGNATURE = 1, 2, 3, 4, 5, 6, 8
_NUMBERS: Final = {"y": "B", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "d": "d"}


class DbusError(Exception):
    """The other side answered with an error, by its D-Bus *name*."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name.rpartition('.')[2]}: {text}" if text else name)
        self.name = name


class Disconnected(Exception):
    """The connection ended before an answer came."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came: its kind, who is meant, and the values of its body."""

    kind: int
    path: str
    interface: str
    member: str
    error: str
    reply_to: int
    body: tuple[Any, ...]


# --- values and bytes -----------------------------------------------------------------------------


class _Writer:
    """Values as bytes, each at its place."""

    def __init__(self) -> None:
        self.data = bytearray()

    def pad(self, to: int) -> None:
        self.data += b"\0" * (-len(self.data) % to)

    def put(self, signature: str, value: Any) -> None:
        """Write *value*, which is one of the types that we send: texts, numbers, lists of them."""
        code = signature[0]
        if code in _NUMBERS:
            form = struct.Struct("<" + _NUMBERS[code])
            self.pad(form.size)
            self.data += form.pack(value)
        elif code == "b":
            self.put("u", int(value))
        elif code in "so":
            text = str(value).encode()
            self.put("u", len(text))
            self.data += text + b"\0"
        elif code == "g":
            text = str(value).encode()
            self.data += bytes([len(text)]) + text + b"\0"
        elif code == "a":
            at = self._length()
            self.pad(_alignment(signature[1]))
            begin = len(self.data)
            for item in value:
                self.put(signature[1:], item)
            struct.pack_into("<I", self.data, at, len(self.data) - begin)
        else:
            raise ValueError(f"type {signature} is not written here")

    def _length(self) -> int:
        self.pad(4)
        self.data += b"\0\0\0\0"
        return len(self.data) - 4


class _Reader:
    """Bytes as values."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data, self._at = data, at

    def skip_to(self, multiple: int) -> None:
        self._at += -self._at % multiple

    @property
    def at(self) -> int:
        return self._at

    def get(self, signature: str) -> Any:
        """Read one value of the type that *signature* spells."""
        code = signature[0]
        if code in _NUMBERS:
            form = struct.Struct("<" + _NUMBERS[code])
            self.skip_to(form.size)
            (value,) = form.unpack_from(self._data, self._at)
            self._at += form.size
            return value
        match code:
            case "b":
                return bool(self.get("u"))
            case "h":
                return self.get("u")
            case "s" | "o":
                return self._text(self.get("u"))
            case "g":
                return self._text(self.get("y"))
            case "v":
                return self.get(str(self.get("g")))
            case "a":
                return self._array(signature[1:])
            case "(" | "{":
                self.skip_to(8)
                return tuple(self.get(each) for each in split(signature[1:-1]))
        raise ValueError(f"type {signature} is not read here")

    def _text(self, length: int) -> str:
        text = self._data[self._at : self._at + length].decode("utf-8", "replace")
        self._at += length + 1
        return text

    def _array(self, item: str) -> Any:
        length = self.get("u")
        self.skip_to(_alignment(item[0]))
        end = self._at + length
        items = []
        while self._at < end:
            items.append(self.get(item))
        return dict(items) if item[0] == "{" else items


def _alignment(code: str) -> int:
    if code in "ybgv":
        return 4 if code == "b" else 1
    if code in "nq":
        return 2
    return 8 if code in "xtd({" else 4


def split(signature: str) -> Iterator[str]:
    """Yield the complete types that *signature* strings together."""
    at = 0
    while at < len(signature):
        begin = at
        while signature[at] == "a":
            at += 1
        if signature[at] in "({":
            depth = 0
            while True:
                depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(signature[at], 0)
                at += 1
                if not depth:
                    break
        else:
            at += 1
        yield signature[begin:at]


def encoded_call(
    serial: int, path: str, interface: str, member: str, signature: str, values: tuple[Any, ...],
    *, destination: str = "",
) -> bytes:  # fmt: skip
    """Return a method call as bytes."""
    body = _Writer()
    for each, value in zip(split(signature), values, strict=True):
        body.put(each, value)
    head = _Writer()
    head.data += bytes([ord("l"), CALL, 0, 1])
    head.put("u", len(body.data))
    head.put("u", serial)
    at = head._length()
    begin = len(head.data)
    fields = [(_PATH, "o", path), (_INTERFACE, "s", interface), (_MEMBER, "s", member)]
    if destination:
        fields.append((_DESTINATION, "s", destination))
    if signature:
        fields.append((_SIGNATURE, "g", signature))
    for code, kind, text in fields:
        head.pad(8)
        head.put("y", code)
        head.put("g", kind)
        head.put(kind, text)
    struct.pack_into("<I", head.data, at, len(head.data) - begin)
    head.pad(8)
    return bytes(head.data + body.data)


def decoded(head: bytes, rest: bytes) -> Message:
    """Return the message of the fixed *head* (16 bytes) and the *rest* after it."""
    data = head + rest
    reader = _Reader(data, 12)
    fields: dict[int, Any] = dict(reader.get("a(yv)"))
    reader.skip_to(8)
    body = tuple(reader.get(each) for each in split(str(fields.get(_SIGNATURE, ""))))
    return Message(
        head[1], str(fields.get(_PATH, "")), str(fields.get(_INTERFACE, "")),
        str(fields.get(_MEMBER, "")), str(fields.get(_ERROR_NAME, "")),
        int(fields.get(_REPLY_TO, 0)), body,
    )  # fmt: skip


def sizes_of(head: bytes) -> int:
    """Return how many bytes follow the fixed head; raise `ValueError` where it is none."""
    if len(head) != 16 or head[0] != ord("l"):
        raise ValueError("this is no little-endian message")
    body, _, fields = struct.unpack_from("<III", head, 4)
    length = fields + (-fields % 8) + body
    if length > MESSAGE_MAX:
        raise ValueError(f"a message of {length} bytes")
    return int(length)


# --- the connection -------------------------------------------------------------------------------


class Bus:
    """One connection; `run` reads until it ends, and must run for calls to be answered."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        heard: Callable[[Message], None],
        *,
        private: bool,
    ) -> None:
        self._reader, self._writer, self._heard = reader, writer, heard
        self._private = private
        self._serials = count(1)
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self.closed = False

    async def run(self) -> None:
        """Hand answers to those who wait and signals to the owner, until the connection ends."""
        try:
            while True:
                head = await self._reader.readexactly(16)
                message = decoded(head, await self._reader.readexactly(sizes_of(head)))
                waiting = self._waiting.pop(message.reply_to, None)
                if message.kind == SIGNAL:
                    self._heard(message)
                elif waiting is not None and not waiting.done():
                    waiting.set_result(message)
        except (OSError, EOFError, ValueError, struct.error):
            pass
        finally:
            self.close()

    def close(self) -> None:
        """End it; whoever waits for an answer is told."""
        self.closed = True
        self._writer.close()
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(Disconnected("the service manager hung up"))

    async def call(
        self, path: str, interface: str, member: str, signature: str = "", *values: Any
    ) -> tuple[Any, ...]:
        """Return what the other side answers; raises `DbusError` or `Disconnected`.

        Who calls has the time limit.
        """
        if self.closed:
            raise Disconnected("the service manager hung up")
        serial = next(self._serials)
        to = "" if self._private else SYSTEMD
        if interface == "org.freedesktop.DBus":
            to = interface
        self._writer.write(
            encoded_call(serial, path, interface, member, signature, values, destination=to)
        )
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[serial] = answer
        try:
            message = await answer
        finally:
            self._waiting.pop(serial, None)
        if message.kind == ERROR:
            text = message.body[0] if message.body and isinstance(message.body[0], str) else ""
            raise DbusError(message.error, text)
        return message.body

    async def property(self, path: str, interface: str, name: str) -> Any:
        """Return the property *name* of the object at *path*."""
        (value,) = await self.call(path, PROPERTIES, "Get", "ss", interface, name)
        return value

    async def greet(self) -> None:
        """Say hello where a bus is between us, and ask for the signals of systemd."""
        if self._private:
            # What comes in one piece with the end of the greeting may lie there until more comes.
            for wait_s in (0.02, 0.1, 0.5):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self.call(MANAGER_PATH, "org.freedesktop.DBus.Peer", "Ping")
                        return
            raise Disconnected("the service manager does not answer")
        bus = ("/org/freedesktop/DBus", "org.freedesktop.DBus")
        await self.call(*bus, "Hello")
        for rule in (
            f"type='signal',sender='{SYSTEMD}',interface='{MANAGER}',member='JobRemoved'",
            f"type='signal',sender='{SYSTEMD}',interface='{PROPERTIES}',"
            f"path_namespace='{MANAGER_PATH}/unit'",
        ):
            await self.call(*bus, "AddMatch", "s", rule)
        await self.call(MANAGER_PATH, MANAGER, "Subscribe")


async def connect(
    heard: Callable[[Message], None],
    paths: tuple[tuple[str, bool], ...] = ((PRIVATE, True), (SYSTEM_BUS, False)),
) -> Bus | None:
    """Return a connection to the service manager, or None where none of *paths* leads to one."""
    for path, private in paths:
        with contextlib.suppress(OSError, EOFError, TimeoutError):
            async with asyncio.timeout(CONNECT_S):
                reader, writer = await asyncio.open_unix_connection(path)
                uid = str(os.geteuid()).encode().hex()
                writer.write(f"\0AUTH EXTERNAL {uid}\r\n".encode())
                line = await reader.readline()
                if not line.startswith(b"OK"):
                    writer.close()
                    continue
                writer.write(b"BEGIN\r\n")
                return Bus(reader, writer, heard, private=private)
    return None
