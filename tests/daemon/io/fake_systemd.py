"""A service manager that speaks enough D-Bus for units to be started, stopped and watched."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

from pcsx.daemon.io.dbus import ERROR, RETURN, SIGNAL, _Writer, decoded, sizes_of, split

ROOT = "/org/freedesktop/systemd1"


def encoded(kind: int, reply_to: int, fields: dict[int, tuple[str, str]], *body: Any) -> bytes:
    """Return a message whose body is what *fields* say in signature 8."""
    signature = fields.get(8, ("g", ""))[1]
    data = _Writer()
    for each, value in zip(split(signature), body, strict=True):
        if each == "v":
            data.put("g", value[0])
            data.put(value[0], value[1])
        elif each == "a{sv}":
            data.put("u", 0)
            at = len(data.data) - 4
            data.pad(8)
            begin = len(data.data)
            for key, (code, item) in value.items():
                data.pad(8)
                data.put("s", key)
                data.put("g", code)
                data.put(code, item)
            struct.pack_into("<I", data.data, at, len(data.data) - begin)
        else:
            data.put(each, value)
    head = _Writer()
    head.data += bytes([ord("l"), kind, 0, 1])
    head.put("u", len(data.data))
    head.put("u", 7)
    at = head._length()
    begin = len(head.data)
    all_fields = dict(fields)
    for code, (form, text) in all_fields.items():
        head.pad(8)
        head.put("y", code)
        head.put("g", form)
        head.put(form, text)
    if reply_to:
        head.pad(8)
        head.put("y", 5)
        head.put("g", "u")
        head.put("u", reply_to)
    struct.pack_into("<I", head.data, at, len(head.data) - begin)
    head.pad(8)
    return bytes(head.data + data.data)


class FakeManager:
    """Units and their states; *calls* has what was asked for, in order."""

    def __init__(self, units: dict[str, str]) -> None:
        self.units = units
        self.calls: list[tuple[str, ...]] = []
        self.fails: set[str] = set()
        self.hangs: set[str] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self._jobs = 0

    async def serve(self, path: str) -> asyncio.Server:
        return await asyncio.start_unix_server(self._client, path)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"OK 0123\r\n")
        await reader.readline()
        self._writers.append(writer)
        try:
            while True:
                head = await reader.readexactly(16)
                serial = struct.unpack_from("<I", head, 8)[0]
                message = decoded(head, await reader.readexactly(sizes_of(head)))
                self._answer(writer, serial, message.member, message.path, message.body)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    def path(self, unit: str) -> str:
        return f"{ROOT}/unit/{unit.replace('.', '_2e')}"

    def change(self, unit: str, state: str) -> None:
        """The unit comes to *state* by itself."""
        self.units[unit] = state
        body = ("org.freedesktop.systemd1.Unit", {"ActiveState": ("s", state)}, [])
        fields = {
            1: ("o", self.path(unit)),
            2: ("s", "org.freedesktop.DBus.Properties"),
            3: ("s", "PropertiesChanged"),
            8: ("g", "sa{sv}as"),
        }
        self._tell(encoded(SIGNAL, 0, fields, *body))

    def _tell(self, data: bytes) -> None:
        for writer in self._writers:
            writer.write(data)

    def _answer(
        self, writer: asyncio.StreamWriter, serial: int, member: str, path: str, body: Any
    ) -> None:
        def reply(signature: str = "", *values: Any) -> None:
            fields = {8: ("g", signature)} if signature else {}
            writer.write(encoded(RETURN, serial, fields, *values))

        if member not in ("Ping", "Get", "LoadUnit"):
            self.calls.append((member, *map(str, body)))
        match member:
            case "LoadUnit":
                reply("o", self.path(body[0]))
            case "Get":
                unit = next((u for u in self.units if self.path(u) == path), None)
                value = {
                    "LoadState": "loaded" if unit else "not-found",
                    "ActiveState": self.units.get(unit or "", "inactive"),
                    "Result": "exit-code" if unit in self.fails else "success",
                }[body[1]]
                reply("v", ("s", value))
            case "StartUnit" | "StopUnit":
                unit = body[0]
                if unit in self.hangs:
                    reply("o", f"{ROOT}/job/0")
                    return
                self._jobs += 1
                job = f"{ROOT}/job/{self._jobs}"
                good = unit not in self.fails
                state = "inactive" if member == "StopUnit" else "active" if good else "failed"
                self.change(unit, state)
                fields = {
                    1: ("o", ROOT),
                    2: ("s", "org.freedesktop.systemd1.Manager"),
                    3: ("s", "JobRemoved"),
                    8: ("g", "uoss"),
                }
                result = "done" if good else "failed"
                removed = encoded(SIGNAL, 0, fields, self._jobs, job, unit, result)
                reply("o", job)
                self._tell(removed)
            case "Ping" | "Reload":
                reply()
            case _:
                name = {4: ("s", "org.freedesktop.DBus.Error.UnknownMethod")}
                writer.write(encoded(ERROR, serial, name))
