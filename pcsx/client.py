"""The way from shell to daemon: a blocking unix socket. Connect, call, watch.

`Client` is one connection; `call` sends a request of `protocol` and returns the answer's object,
handing progress to a function on the way; `calls` keeps many requests under way at a time. Errors
of the daemon are raised here as the classes they were there.

Applications have `Group`, `Lock`, `watch_store`, `watch_quorum` and, under `pcsx sam`, `Instance`.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Self

from pcsx.errors import Finding, NoCluster, NotAuthorised, PcsxError, Refused, TimedOut, from_json
from pcsx.group_wire import is_json, pack_send, read_reply
from pcsx.protocol import (
    ASKS,
    HEADER,
    MAX_MESSAGE,
    GroupJoin,
    GroupSend,
    LockAcquire,
    QuorumWatch,
    Request,
    StoreWatch,
    pack,
)

DEFAULT_SOCKET = "/run/pcsx/pcsx.sock"
_READ: Final = 1 << 18
_FOR_EVER_S: Final = 10.0 * 365 * 86400


def socket_path() -> str:
    """Return where the local daemon listens: `PCSX_SOCKET`, or the packaged place."""
    return os.environ.get("PCSX_SOCKET") or DEFAULT_SOCKET


class Client:
    """One connection to the local daemon; use it as a context manager."""

    def __init__(
        self, path: str | None = None, timeout_s: float = 60.0, *, only_asks: bool = False
    ) -> None:
        """Connect; raises `NoCluster` where no daemon listens, `NotAuthorised` where not let in.

        One that *only_asks* refuses every request that would do something.
        """
        self._only_asks = only_asks
        self.path = path or socket_path()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout_s)
        self._timeout_s = timeout_s
        self._next = 1
        self._read = bytearray()
        """The part that has come of a message."""
        self._here: deque[dict[str, Any]] = deque()
        """Messages that have come: one read may bring several."""
        try:
            self._socket.connect(self.path)
        except PermissionError as error:
            self._socket.close()
            raise NotAuthorised(f"uid {os.geteuid()}", f"open {self.path}") from error
        except OSError as error:
            self._socket.close()
            raise NoCluster(
                f"no pcsx daemon answers at {self.path} ({error.strerror or error})",
                "Start it: systemctl start pcsx, or: pcsx daemon. "
                "Another socket is named by PCSX_SOCKET.",
            ) from error

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; what was asked for and not answered goes on without us."""
        self._socket.close()

    def call(
        self,
        request: Request,
        progress: Callable[[dict[str, Any]], None] | None = None,
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        """Return the answer to *request*; *progress* is given each line of it before.

        Raises what the daemon raised, `TimedOut` after *timeout_s* without a word, `NoCluster` when
        the daemon goes away.
        """
        id = self.send(request)
        self._socket.settimeout(timeout_s if timeout_s is not None else self._timeout_s)
        while True:
            message = self._receive(request.do)
            if message.get("id") != id:
                continue
            if "progress" in message:
                if progress is not None:
                    progress(message["progress"])
                continue
            if "error" in message:
                raise from_json(message["error"])
            answer: dict[str, Any] = message["ok"]
            return answer

    def calls(
        self, requests: Iterable[Request], *, window: int = 32
    ) -> Iterator[tuple[Request, dict[str, Any] | PcsxError]]:
        """Yield each of *requests* with its answer, or with the error, as the answers come.

        Up to *window* of them are under way at a time, so that the cluster can do them together;
        they are independent of each other, for which comes first is not promised. Requests are
        taken from the iterator as answers make room. Raises `TimedOut` and `NoCluster` as `call`.
        """
        waiting = iter(requests)
        asked: dict[int, Request] = {}
        self._socket.settimeout(self._timeout_s)
        while True:
            fresh: list[bytes] = []
            while len(asked) < window and (request := next(waiting, None)) is not None:
                asked[self._next] = request
                fresh.append(self._packed(request))
            if fresh:
                self._write(b"".join(fresh))
            if not asked:
                return
            # All that is here is taken before more is asked, so that it is asked at once.
            while asked:
                message = self._receive("calls")
                done = asked.pop(message.get("id", 0), None) if "progress" not in message else None
                if done is not None:
                    error = message.get("error")
                    yield done, from_json(error) if error is not None else message["ok"]
                if not self.waiting:
                    break

    def send(self, request: Request) -> int:
        """Send *request* without waiting, and return its id."""
        id = self._next
        self._write(self._packed(request))
        return id

    def _packed(self, request: Request) -> bytes:
        if self._only_asks and type(request) not in ASKS:
            text = "this command acts at once, so --dry-run cannot tell what would change"
            hint = "Nothing was done. Leave out --dry-run to do it."
            raise Refused([Finding.error("dry-run", request.do, text, hint=hint)])
        id, self._next = self._next, self._next + 1
        if isinstance(request, GroupSend):
            return pack_send(id, request)
        return pack({"id": id, **request.to_json()})

    def _write(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(data)

    @property
    def waiting(self) -> bool:
        """Return whether a whole message is here already, for one read may bring several."""
        return bool(self._here)

    def fileno(self) -> int:
        """Return the descriptor to wait on, while no message is `waiting` here already."""
        return self._socket.fileno()

    def receive(self, what: str, timeout_s: float | None = None) -> dict[str, Any]:
        """Return the next message, whatever it answers; *what* was asked, for the error."""
        if not self._here:
            self._socket.settimeout(timeout_s)
        return self._receive(what)

    def _receive(self, what: str) -> dict[str, Any]:
        if not self._here:
            try:
                self._read_on()
            except TimeoutError as error:
                raise TimedOut(f"request {what}", self._socket.gettimeout() or 0) from error
        return self._here.popleft()

    def _read_on(self) -> None:
        """Read until a message is here, and take all that came with it."""
        read = self._read
        while not self._here:
            try:
                part = self._socket.recv(_READ)
            except ConnectionResetError:
                part = b""
            if not part:
                raise NoCluster("the pcsx daemon closed the connection", "Its log says why.")
            read += part
            at = 0
            while len(read) - at >= HEADER.size:
                (length,) = HEADER.unpack_from(read, at)
                assert length <= MAX_MESSAGE, length
                end = at + HEADER.size + length
                if end > len(read):
                    break
                body = bytes(read[at + HEADER.size : end])
                self._here.append(json.loads(body) if is_json(body) else read_reply(body))
                at = end
            del read[:at]


# --- services for applications --------------------------------------------------------------------
#
# Each of these has a connection of its own. What a connection has joined, watches and holds goes
# with it: a program that dies leaves its groups and gives its locks back.


class Stream:
    """The lines of progress of one request that stays open; iterate over it, then `close` it."""

    def __init__(self, request: Request, path: str | None = None, timeout_s: float = 60.0) -> None:
        """Ask *request*; raises what `Client` raises."""
        self.client = Client(path, timeout_s)
        self._what = request.do
        self._id = self.client.send(request)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while (line := self.next()) is not None:
            yield line

    def fileno(self) -> int:
        """Return the descriptor to wait on, while no line is `waiting`.

        One wake may bring several lines, or none.
        """
        return self.client.fileno()

    @property
    def waiting(self) -> bool:
        """Return whether something is here already that `next` has not looked at."""
        return self.client.waiting

    def next(self, timeout_s: float | None = None) -> dict[str, Any] | None:
        """Return the next line, or None at the end; raises `TimedOut` after *timeout_s*."""
        while True:
            message = self.client.receive(self._what, timeout_s)
            if message.get("id") != self._id:
                self.other(message)
                continue
            if "error" in message:
                raise from_json(message["error"])
            if "progress" in message:
                line: dict[str, Any] = message["progress"]
                return line
            return None

    def other(self, message: dict[str, Any]) -> None:
        """Take an answer to something else that was asked on this connection."""
        if "error" in message:
            raise from_json(message["error"])

    def close(self) -> None:
        """End the request, and what it stood for."""
        self.client.close()


class Group(Stream):
    """Membership of a closed process group, and its messages, in one order for all members.

    ```python
    with Group("workers") as group:
        group.send(b"hello")
        for line in group:
            if "message" in line:
                print(line["from"], payload_of(line))
            else:
                print("members:", line["members"], line["reason"])
    ```
    """

    def __init__(self, name: str, path: str | None = None) -> None:
        """Join the group *name*; the first line tells who is in it."""
        super().__init__(GroupJoin(name), path)
        self.name = name
        self.unacknowledged = 0
        """How many messages of ours were sent and are not delivered here yet."""

    def send(self, payload: bytes, *, safe: bool = False) -> None:
        """Say *payload* to all members, us too; it comes back among the lines, at its place.

        *safe*: it is delivered once all members hold it.
        """
        self.unacknowledged += 1
        self.client.send(GroupSend(self.name, payload, safe))

    def other(self, message: dict[str, Any]) -> None:
        """Count a message of ours that was delivered."""
        super().other(message)
        self.unacknowledged -= 1


def payload_of(line: dict[str, Any]) -> bytes:
    """Return the bytes of a group's message."""
    payload: bytes = line["message"]
    return payload


def watch_store(prefix: str = "", revision: str = "", path: str | None = None) -> Stream:
    """Return the changes of the store under *prefix*, each once and in order.

    The first line has all `entries` and a `revision`. Whoever comes back names the last revision
    that it saw and gets the rest; or all anew, with `resync`, where that is not kept any more.
    """
    return Stream(StoreWatch(prefix, revision), path)


def watch_quorum(revision: str = "", path: str | None = None) -> Stream:
    """Return how quorum stands, then each change: `quorate`, `members`, `reason`, `revision`."""
    return Stream(QuorumWatch(revision), path)


class Lock(Stream):
    """A lock of the cluster, held from the end of `acquire` until `release`, or until it is lost.

    It is lost where this node loses quorum, and when the connection ends: look at it with `lost`
    before each step that matters, and give the `token`, which only rises, to whatever is changed
    on behalf of the holder, so that it can refuse an older one.

    ```python
    with Lock("backup") as lock:
        run_backup(fencing_token=lock.token)
    ```
    """

    def __init__(self, name: str, path: str | None = None, wait_s: float | None = None) -> None:
        """Ask for the lock *name*; entering the context waits *wait_s* for it, or for ever."""
        super().__init__(LockAcquire(name), path)
        self.name = name
        self.token: tuple[int, int] | None = None
        self._wait_s = wait_s

    def __enter__(self) -> Self:
        self.acquire(self._wait_s)
        return self

    def acquire(self, wait_s: float | None = None) -> tuple[int, int]:
        """Wait until the lock is ours, and return its token; raises `TimedOut`, `NoQuorum`."""
        try:
            line = self.next(wait_s if wait_s is not None else _FOR_EVER_S)
        except TimedOut as late:
            self.close()
            raise TimedOut(f"the lock {self.name}", late.seconds) from None
        except BaseException:
            self.close()
            raise
        assert line is not None, "the lock was released by nobody"
        epoch, place = line["token"]
        self.token = (epoch, place)
        return self.token

    def lost(self, timeout_s: float = 0.0) -> bool:
        """Return whether the lock is ours no more, waiting *timeout_s* for such news."""
        if self.token is None:
            return True
        if not self.waiting and not select.select([self.client], [], [], timeout_s)[0]:
            return False
        with contextlib.suppress(PcsxError):
            self.next()
        self.token = None
        return True

    def release(self) -> None:
        """Give the lock back; the next in the row gets it at once."""
        self.token = None
        self.close()

    def close(self) -> None:
        """End the connection, and with it whatever was held or waited for."""
        self.token = None
        super().close()


class Instance:
    """What a program that runs under `pcsx sam` knows of itself, and may say.

    ```python
    sam = Instance()
    print("instance", sam.number, "left by the last one:", sam.data)
    while True:
        work()
        sam.healthy()
    ```
    """

    def __init__(self) -> None:
        """Read what `pcsx sam` gave this program; without it every word goes nowhere."""
        self.number = int(os.environ.get("PCSX_SAM_INSTANCE", "1"))
        self.data = bytes.fromhex(os.environ.get("PCSX_SAM_DATA", ""))
        self._descriptor = int(os.environ.get("PCSX_SAM_FD", "-1"))

    def healthy(self) -> None:
        """Say that this instance is well; with `--health` it must be said that often."""
        self._say("healthy")

    def keep(self, data: bytes) -> None:
        """Leave *data* (up to 64 kB) for the next instance."""
        self._say(f"keep {data.hex()}")

    def _say(self, line: str) -> None:
        if self._descriptor >= 0:
            with contextlib.suppress(BrokenPipeError):
                os.write(self._descriptor, f"{line}\n".encode())
