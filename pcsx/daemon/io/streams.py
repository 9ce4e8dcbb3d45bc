"""TCP streams of whole messages: the lobby's way to other lobbies, and bulk transfer.

Nothing here trusts a peer: what comes in is bytes up to a bound, and the machines decide. Each
message is four bytes of length and as many bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Callable
from typing import Final

from pcsx.daemon.effects import CloseStream, OpenStream, SendStream
from pcsx.daemon.events import StreamClosed, StreamData, StreamOpened
from pcsx.protocol import HEADER

MAX_MESSAGE: Final = 64 << 20
MAX_STREAMS: Final = 128
IDLE_S: Final = 300.0

Feed = Callable[[StreamOpened | StreamData | StreamClosed], None]


class Streams:
    """All TCP streams of this daemon; outgoing ones are numbered by the brain, even, from 2 on."""

    def __init__(self, feed: Feed, *, message_max: int = MAX_MESSAGE) -> None:
        self._feed = feed
        self._message_max = message_max
        self._writers: dict[int, asyncio.StreamWriter] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._next = 1

    async def listen(self, host: str, port: int) -> None:
        """Accept streams at (*host*, *port*); raises OSError where that cannot be bound."""
        self._server = await asyncio.start_server(self._accepted, host or None, port, limit=1 << 16)

    async def stop(self) -> None:
        """Close all streams."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        for writer in self._writers.values():
            writer.close()

    def perform(self, effect: OpenStream | SendStream | CloseStream) -> None:
        """Open, write to or close a stream; never waits."""
        match effect:
            case OpenStream():
                task = asyncio.get_running_loop().create_task(self._open(effect))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case SendStream(stream, data):
                if (writer := self._writers.get(stream)) is not None:
                    writer.write(HEADER.pack(len(data)) + data)
            case CloseStream(stream):
                if (writer := self._writers.pop(stream, None)) is not None:
                    writer.close()

    async def _open(self, order: OpenStream) -> None:
        try:
            async with asyncio.timeout(order.timeout_ms / 1000):
                reader, writer = await asyncio.open_connection(order.host, order.port)
        except TimeoutError:
            self._feed(StreamClosed(order.stream, "ETIMEDOUT"))
            return
        except OSError as error:
            reason = errno.errorcode.get(error.errno or 0, str(error))
            self._feed(StreamClosed(order.stream, reason))
            return
        await self._serve(order.stream, reader, writer, incoming=False)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._writers) >= MAX_STREAMS:
            writer.close()
            return
        stream, self._next = self._next, self._next + 2
        await self._serve(stream, reader, writer, incoming=True)

    async def _serve(
        self,
        stream: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        incoming: bool,
    ) -> None:
        self._writers[stream] = writer
        peer = writer.get_extra_info("peername") or ("?",)
        self._feed(StreamOpened(stream, str(peer[0]), incoming))
        reason = ""
        try:
            while True:
                async with asyncio.timeout(IDLE_S):
                    (length,) = HEADER.unpack(await reader.readexactly(HEADER.size))
                    if length > self._message_max:
                        reason = "EMSGSIZE"
                        break
                    data = await reader.readexactly(length)
                self._feed(StreamData(stream, data))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except TimeoutError:
            reason = "ETIMEDOUT"
        finally:
            self._writers.pop(stream, None)
            writer.close()
            with contextlib.suppress(RuntimeError):
                self._feed(StreamClosed(stream, reason))
