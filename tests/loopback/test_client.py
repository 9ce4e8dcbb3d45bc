"""Laws of the client's connection to a daemon: many requests at a time, and answers read ahead."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pcsx.client import Client, watch_quorum
from pcsx.errors import Failed, NoCluster, PcsxError
from pcsx.protocol import HEADER, StoreGet, pack


def serve(path: Path, talk: Callable[[socket.socket], None]) -> threading.Thread:
    """Have *talk* hold the conversation with one client that comes to *path*."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()

    def run() -> None:
        with listening, listening.accept()[0] as end:
            talk(end)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def heard(end: socket.socket) -> dict[str, Any]:
    (length,) = HEADER.unpack(end.recv(HEADER.size, socket.MSG_WAITALL))
    message: dict[str, Any] = json.loads(end.recv(length, socket.MSG_WAITALL))
    return message


def test_as_many_requests_are_under_way_as_the_window_says_and_each_has_its_own_answer(
    tmp_path: Path,
):
    under_way: list[int] = []

    def talk(end: socket.socket) -> None:
        waiting = [heard(end) for _ in range(4)]
        for left in range(10, 0, -1):
            under_way.append(len(waiting))
            # The newest is answered first, and not all of them well.
            asked = waiting.pop()
            error = Failed("no such prefix").to_json()
            odd = int(asked["prefix"]) % 2
            end.sendall(pack({"id": asked["id"], **({"error": error} if odd else {"ok": asked})}))
            if left > 4:
                waiting.append(heard(end))

    thread = serve(tmp_path / "socket", talk)
    with Client(str(tmp_path / "socket")) as client:
        found = list(client.calls((StoreGet(str(n)) for n in range(10)), window=4))
    thread.join()
    assert max(under_way) == 4
    assert sorted(int(request.prefix) for request, _ in found) == list(range(10))
    for request, answer in found:
        assert isinstance(answer, PcsxError) == bool(int(request.prefix) % 2)
        assert isinstance(answer, PcsxError) or answer["prefix"] == request.prefix


def test_a_daemon_that_goes_away_is_told_in_the_midst_of_many_requests(tmp_path: Path):
    def talk(end: socket.socket) -> None:
        end.sendall(pack({"id": heard(end)["id"], "ok": {}}))
        for _ in range(4):
            heard(end)

    thread = serve(tmp_path / "socket", talk)
    with Client(str(tmp_path / "socket")) as client:
        answers = client.calls((StoreGet() for _ in range(10)), window=4)
        next(answers)
        with pytest.raises(NoCluster):
            next(answers)
    thread.join()


def test_a_stream_says_whether_a_line_is_here_that_no_descriptor_tells_of(tmp_path: Path):
    def talk(end: socket.socket) -> None:
        id = heard(end)["id"]
        lines = [pack({"id": id, "progress": {"line": number}}) for number in range(3)]
        end.sendall(b"".join(lines) + pack({"id": id, "ok": {}})[:5])
        end.recv(1)

    thread = serve(tmp_path / "socket", talk)
    with watch_quorum(path=str(tmp_path / "socket")) as stream:
        assert not stream.waiting
        lines = [stream.next()]
        while stream.waiting:
            lines.append(stream.next())
    thread.join()
    assert lines == [{"line": number} for number in range(3)]
