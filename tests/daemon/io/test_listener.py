"""Who asks is what the kernel says, and what they ask is taken whole or not at all."""

from __future__ import annotations

import asyncio
import os
import pwd
import socket
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from pcsx.daemon.events import ClientGone, Requested
from pcsx.daemon.io.listener import Listener, caller_of
from pcsx.group_wire import pack_send
from pcsx.protocol import HEADER, GroupSend, pack

_CONNECT = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); input()"


def test_a_caller_is_the_process_and_the_user_at_the_other_end(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        with subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _CONNECT, str(tmp_path / "s")], stdin=subprocess.PIPE
        ) as other:
            accepted, _ = listening.accept()
            with accepted:
                caller = caller_of(accepted)
            other.communicate(b"\n")
    assert (caller.pid, caller.uid, caller.gid) == (other.pid, os.geteuid(), os.getegid())
    assert caller.user == pwd.getpwuid(os.geteuid()).pw_name


def test_requests_are_taken_whole_however_they_are_cut(tmp_path: Path) -> None:
    wishes = [
        pack({"id": 1, "do": "status"}),
        *(pack_send(n, GroupSend("g", bytes(n))) for n in (2, 300, 4000)),
        pack({"id": 5000, "do": "store-get", "prefix": "x" * 300}),
    ]
    said = b"".join(wishes)
    chance = Random(1)
    for _ in range(20):
        cuts = sorted(chance.sample(range(len(said)), 5))
        parts = [said[a:b] for a, b in pairwise((0, *cuts, len(said)))]
        found = asyncio.run(_taken(str(tmp_path / "s"), parts))
        assert [event.id for event in found] == [1, 2, 300, 4000, 5000]
        assert [event.request for event in found[1:4]] == [
            GroupSend("g", bytes(n)) for n in (2, 300, 4000)
        ]
        assert found[0].request == {"do": "status"}


@pytest.mark.parametrize(
    "body", (b"", b"[]", b"{}", b"\x01", b"\x01" + bytes(9) + b"\xff", b"\xc1")
)
def test_whoever_sends_no_request_is_cut_off(tmp_path: Path, body: bytes) -> None:
    wrong = HEADER.pack(len(body)) + body
    assert asyncio.run(_taken(str(tmp_path / "s"), [wrong, pack({"id": 1, "do": "status"})])) == []


async def _taken(path: str, parts: list[bytes]) -> list[Requested]:
    """Return the requests that a daemon takes in where a client sends *parts*, one at a time."""
    told: list[Requested] = []
    gone = asyncio.Event()

    def hear(event: Requested | ClientGone) -> None:
        if isinstance(event, Requested):
            told.append(event)
        else:
            gone.set()

    listener = Listener(path, "", hear)
    await listener.start()
    _, writer = await asyncio.open_unix_connection(path)
    for part in parts:
        writer.write(part)
        await asyncio.sleep(0.001)
    writer.close()
    await gone.wait()
    await listener.stop()
    return told
