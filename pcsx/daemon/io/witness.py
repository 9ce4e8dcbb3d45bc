"""The witness's daemon and its files: one identity, a seat a cluster, and tokens that admit them.

Its state directory holds `identity.key`, `seats/UUID.json` and `tokens.json`. A seat is written by
a thread, whole and synced, before anything is said that rests on it; the rest of the daemon is the
machine in `daemon/witness.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pcsx.daemon.effects import CloseStream, SendStream
from pcsx.daemon.events import StreamClosed, StreamData, StreamOpened
from pcsx.daemon.io.state import State, sync_directories, write_secret
from pcsx.daemon.io.streams import Streams
from pcsx.daemon.io.world import log, notify
from pcsx.daemon.witness import MESSAGE_MAX, Hub, HubEffect, HubEvent, KeepSeat, SeatKept, UseToken
from pcsx.errors import Failed
from pcsx.lean import dataclass
from pcsx.ring.join import Token, digest_of, public_of
from pcsx.ring.port import Note
from pcsx.ring.witness import Seat

TOKENS_MAX: Final = 64
_NO_CLUSTER: Final = "0" * 32
"""What stands in a witness's tokens in place of a cluster: it is for any one."""


@dataclass(frozen=True, slots=True)
class WitnessSettings:
    """Where a witness keeps its state and listens."""

    state_dir: str
    address: str
    port: int


class Files:
    """The files of a witness; tokens may be made while its daemon runs."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def make(self) -> None:
        """Make the directories; raises `Failed`."""
        try:
            (self.path / "seats").mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            text = f"cannot keep state in {self.path}: {error.strerror}"
            hint = "Run it as root, or name another place with --state-dir."
            raise Failed(text, hint) from error

    def seats(self) -> dict[str, Seat]:
        """Return the seat of each cluster by its UUID; raises `Failed` where one is damaged.

        A voter that has forgotten is another one: it must not go on as if it were the same.
        """
        found = {}
        for file in sorted((self.path / "seats").glob("*.json")):
            try:
                found[file.stem] = Seat.from_bytes(file.read_bytes())
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                text = f"the seat {file} cannot be read: {error}"
                hint = "Remove it; then, in that cluster: pcsx quorum witness remove, and add."
                raise Failed(text, hint) from error
        return found

    def keep(self, cluster: str, data: bytes) -> None:
        """Write the seat of *cluster*, whole and durable."""
        write_secret(self.path / "seats" / f"{cluster}.json", data)

    def forget(self, cluster: str) -> None:
        """Remove the seat of *cluster*."""
        (self.path / "seats" / f"{cluster}.json").unlink()
        sync_directories((self.path / "seats",))

    @contextlib.contextmanager
    def _tokens(self) -> Iterator[list[dict[str, Any]]]:
        """Give the tokens that are good now, to be changed; they are written if they were."""
        with open(self.path / "tokens.lock", "a", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            file = self.path / "tokens.json"
            known: list[dict[str, Any]] = []
            with contextlib.suppress(OSError, ValueError):
                known = json.loads(file.read_bytes())
            good = [token for token in known if token["until_s"] > time.time()]
            before = json.dumps(good)
            yield good
            if json.dumps(good) != before or good != known:
                write_secret(file, json.dumps(good[-TOKENS_MAX:]).encode())

    def shared_of(self, id: bytes) -> bytes | None:
        """Return what the token *id* comes to, or None where it is not good."""
        with self._tokens() as tokens:
            return next(
                (bytes.fromhex(each["shared"]) for each in tokens if each["id"] == id.hex()), None
            )

    def add_token(self, token: Token, until_s: int) -> None:
        """Have *token* admit a cluster, once, until *until_s*."""
        with self._tokens() as tokens:
            tokens.append({"id": token.id.hex(), "shared": token.shared.hex(), "until_s": until_s})

    def use_token(self, id: bytes) -> None:
        """Have the token *id* admit nobody any more."""
        with self._tokens() as tokens:
            tokens[:] = [each for each in tokens if each["id"] != id.hex()]


def new_token(files: Files, identity: bytes, hints: tuple[str, ...], ttl_s: int) -> str:
    """Return a token that admits one cluster within *ttl_s*; *hints* are `HOST PORT` of ours."""
    token = Token(_NO_CLUSTER, digest_of(public_of(identity)), os.urandom(16), hints)
    files.add_token(token, int(time.time()) + ttl_s)
    return token.to_text()


def read_ms() -> int:
    """Return the clock that all promises are kept by, which counts a suspend too."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


class WitnessDaemon:
    """Runs a `Hub`; `run` returns the exit status once it is told to end."""

    def __init__(self, settings: WitnessSettings) -> None:
        self._settings = settings
        self.files = Files(settings.state_dir)
        self.files.make()
        self._state = State(settings.state_dir)
        self._hub = Hub(
            self._state.identity(), os.urandom, self.files.seats(), self.files.shared_of, read_ms()
        )
        self._queue: deque[HubEvent] = deque()
        self._wake: asyncio.Event | None = None
        self._ending = False
        self._writes: set[asyncio.Task[None]] = set()

    def _feed(self, event: StreamOpened | StreamData | StreamClosed | SeatKept) -> None:
        self._queue.append(event)
        if self._wake is not None:
            self._wake.set()

    def _end(self) -> None:
        self._ending = True
        if self._wake is not None:
            self._wake.set()

    async def run(self) -> int:
        """Serve until SIGTERM; raises OSError where it cannot listen."""
        self._wake = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        streams = Streams(self._feed, message_max=MESSAGE_MAX)
        await streams.listen(self._settings.address, self._settings.port)
        log("witness", f"listens at {self._settings.address or 'all'} port {self._settings.port}")
        notify("serving", ready=True)
        while not self._ending:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                for effect in self._hub.step(self._queue.popleft(), read_ms()):
                    self._perform(effect, streams)
        notify("stopping", stopping=True)
        await streams.stop()
        if self._writes:
            await asyncio.wait(self._writes)
        return 0

    def _perform(self, effect: HubEffect, streams: Streams) -> None:
        match effect:
            case SendStream() | CloseStream():
                streams.perform(effect)
            case KeepSeat():
                task = asyncio.get_running_loop().create_task(self._keep(effect))
                self._writes.add(task)
                task.add_done_callback(self._writes.discard)
            case UseToken(id):
                self.files.use_token(id)
            case Note(who, text):
                log(who, text)

    async def _keep(self, order: KeepSeat) -> None:
        failure = ""
        try:
            await asyncio.to_thread(self.files.keep, order.cluster, order.data)
        except OSError as error:
            failure = error.strerror or str(error)
        self._feed(SeatKept(order.cluster, failure))


def described(files: Files) -> list[dict[str, Any]]:
    """Return what `pcsx witness status` shows: each cluster with a seat here."""
    return [
        {
            "cluster": seat.config.name,
            "uuid": cluster,
            "nodes": [str(node.name) for node in seat.config.nodes],
            "term": seat.term,
            "voted_for": _name_of(seat),
            "last_index": seat.last_index,
        }
        for cluster, seat in files.seats().items()
    ]


def _name_of(seat: Seat) -> str:
    names = {node.id: str(node.name) for node in seat.config.nodes}
    return names.get(seat.voted_for, "")
