"""The local socket: length-prefixed requests, with the kernel's word on who asks."""

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
from pcsx.group_wire import Arrived, Placed, is_json, pack_reply, read_send
from pcsx.protocol import HEADER, MAX_MESSAGE

_CREDENTIALS: Final = struct.Struct("3i")
MAX_CLIENTS: Final = 256
MAX_UNSENT: Final = 96 << 20
"""A client that does not read is closed when this much waits for it."""


class Listener:
    """The unix socket's server; every request becomes a `Requested` event."""

    def __init__(self, path: str, group: str, feed: Callable[[Requested | ClientGone], None]):
        self._path, self._group, self._feed = path, group, feed
        self._clients: dict[int, _Connection] = {}
        self._answered: list[_Connection] = []
        """Those for whom answers wait that the next `flush` writes."""
        self._next = 1
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; a stale socket of an earlier life is replaced, a live one is an error."""
        self._make_way()
        mask = os.umask(0o177)
        try:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_unix_server(lambda: _Connection(self), self._path)
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
        self.flush()
        if self._server is not None:
            self._server.close()
        for connection in list(self._clients.values()):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await connection.drained()
            connection.transport.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)

    def reply(self, client: int, id: int, reply: dict[str, Any] | Arrived | Placed) -> None:
        """Have the next `flush` tell *client* of its request *id*, if it is there and reads."""
        connection = self._clients.get(client)
        if connection is None or connection.transport.is_closing():
            return
        if not connection.unsent:
            self._answered.append(connection)
        connection.unsent.append(pack_reply(id, reply))

    def flush(self) -> None:
        """Write what was answered since the last time, in one call for each client."""
        if not self._answered:
            return
        answered, self._answered = self._answered, []
        for connection in answered:
            connection.flush()

    # --- what connections tell --------------------------------------------------------------------

    def enter(self, connection: _Connection) -> int:
        """Return the number of a new client, or 0 where there are too many."""
        if len(self._clients) >= MAX_CLIENTS:
            return 0
        client, self._next = self._next, self._next + 1
        self._clients[client] = connection
        return client

    def asked(self, request: Requested) -> None:
        """Hand on what a client asks."""
        self._feed(request)

    def left(self, client: int) -> None:
        """Forget a client whose connection has ended."""
        del self._clients[client]
        self._feed(ClientGone(client))


class _Connection(asyncio.Protocol):
    """One client: bytes in, cut into requests; answers out.

    A callback, as a task that waits for each message would wake the loop twice for it.
    """

    transport: asyncio.Transport

    def __init__(self, listener: Listener) -> None:
        self.unsent: list[bytes] = []
        self._listener = listener
        self._client = 0
        self._caller: Caller | None = None
        self._read = bytearray()
        self._writable: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._client = self._listener.enter(self)
        if not self._client:
            transport.close()
            return
        transport.set_write_buffer_limits(high=0)
        self._caller = caller_of(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        if self._caller is None:
            return
        read: bytes | bytearray = data
        if self._read:
            self._read += data
            read = self._read
        try:
            at = self._take(read, self._caller)
        except (ValueError, RecursionError):
            self.transport.close()
            return
        if read is data:
            self._read += data[at:]
        else:
            del self._read[:at]

    def _take(self, read: bytes | bytearray, caller: Caller) -> int:
        """Hand on the whole requests; return where they end. Raises ValueError for what is none."""
        at = 0
        while len(read) - at >= HEADER.size:
            (length,) = HEADER.unpack_from(read, at)
            if length > MAX_MESSAGE:
                raise ValueError("too long")
            end = at + HEADER.size + length
            if end > len(read):
                break
            body = bytes(read[at + HEADER.size : end])
            at = end
            if is_json(body):
                message = json.loads(body)
                if not isinstance(message, dict) or not isinstance(message.get("id"), int):
                    raise ValueError("no request")
                self._listener.asked(Requested(self._client, message.pop("id"), message, caller))
            else:
                id, request = read_send(body)
                self._listener.asked(Requested(self._client, id, request, caller))
        return at

    def connection_lost(self, _fault: Exception | None) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        if self._client:
            self._listener.left(self._client)

    def flush(self) -> None:
        """Write the answers that wait; a client that does not read them is closed in time."""
        unsent, self.unsent = self.unsent, []
        self.transport.write(b"".join(unsent))
        if self.transport.get_write_buffer_size() > MAX_UNSENT:
            self.transport.abort()

    def pause_writing(self) -> None:
        self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    async def drained(self) -> None:
        """Wait until all that was written has left, or the client is gone."""
        if self._writable is not None:
            await self._writable


def caller_of(sock: socket.socket) -> Caller:
    """Return who is at the other end of *sock*, by the kernel's word (SO_PEERCRED)."""
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
