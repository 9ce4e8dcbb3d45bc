"""The local socket: length-prefixed JSON from clients, with the kernel's word on who they are."""

from __future__ import annotations

import asyncio
import contextlib
import grp
import json
import os
import pwd
import socket
import struct
from collections.abc import Callable
from typing import Any, Final

from pcsx.daemon.events import Caller, ClientGone, Requested
from pcsx.protocol import HEADER, MAX_MESSAGE, pack

_CREDENTIALS: Final = struct.Struct("3i")
MAX_CLIENTS: Final = 256
MAX_UNSENT: Final = 96 << 20
"""A client that does not read is closed when this much waits for it."""


class Listener:
    """The unix socket's server; every request becomes a `Requested` event."""

    def __init__(self, path: str, group: str, feed: Callable[[Requested | ClientGone], None]):
        self._path, self._group, self._feed = path, group, feed
        self._clients: dict[int, asyncio.StreamWriter] = {}
        self._next = 1
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; a stale socket of an earlier life is replaced, a live one is an error."""
        self._make_way()
        mask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=1 << 16)
        finally:
            os.umask(mask)
        self._open_to_group()

    def _make_way(self) -> None:
        os.makedirs(os.path.dirname(self._path) or ".", mode=0o755, exist_ok=True)
        if not os.path.exists(self._path):
            return
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            try:
                probe.connect(self._path)
            except OSError:
                os.unlink(self._path)
            else:
                raise FileExistsError(f"another daemon listens at {self._path}")

    def _open_to_group(self) -> None:
        with contextlib.suppress(KeyError, PermissionError):
            os.chown(self._path, -1, grp.getgrnam(self._group).gr_gid)
            os.chmod(self._path, 0o660)

    async def stop(self) -> None:
        """Close the socket and all clients, after what was written has left."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._clients.values()):
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await writer.drain()
            writer.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)

    def reply(self, client: int, message: dict[str, Any]) -> None:
        """Send *message* to *client*, if it is still there and reads."""
        writer = self._clients.get(client)
        if writer is None or writer.is_closing():
            return
        writer.write(pack(message))
        if writer.transport.get_write_buffer_size() > MAX_UNSENT:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client, self._next = self._next, self._next + 1
        if len(self._clients) >= MAX_CLIENTS:
            writer.close()
            return
        self._clients[client] = writer
        caller = _caller(writer.get_extra_info("socket"))
        try:
            while True:
                (length,) = HEADER.unpack(await reader.readexactly(HEADER.size))
                if length > MAX_MESSAGE:
                    break
                message = json.loads(await reader.readexactly(length))
                if not isinstance(message, dict) or not isinstance(message.get("id"), int):
                    break
                self._feed(Requested(client, message.pop("id"), message, caller))
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            pass
        finally:
            del self._clients[client]
            writer.close()
            self._feed(ClientGone(client))


def _caller(sock: socket.socket) -> Caller:
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, gid = _CREDENTIALS.unpack(raw)
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = str(uid)
    return Caller(uid, gid, pid, user, _groups_of(user, gid))


def _groups_of(user: str, gid: int) -> tuple[str, ...]:
    """Return the names of the user's groups, as the system's data base has them."""
    names = []
    for number in sorted(set(os.getgrouplist(user, gid))):
        with contextlib.suppress(KeyError):
            names.append(grp.getgrgid(number).gr_name)
    return tuple(names)
