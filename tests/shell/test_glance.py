"""The short cut of `pcsx status` says what the command says, and leaves the rest to it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pcsx import cli
from pcsx.cib.document import Cib
from pcsx.pe.state import state_of
from pcsx.shell import glance, shadows
from tests.shell.support import EMPTY

RUNNING = EMPTY.replace(
    b"<resources/>",
    b'<resources><primitive id="on" class="ocf" provider="test" type="Service"/>'
    b'<primitive id="off" class="ocf" provider="test" type="Service"/></resources>',
).replace(
    b"<status/>",
    b'<status><node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" '
    b'expected="member"><lrm id="1"><lrm_resources>'
    b'<lrm_resource id="on" class="ocf" provider="test" type="Service">'
    b'<lrm_rsc_op id="on_last_0" operation="start" operation_key="on_start_0" call-id="3" '
    b'rc-code="0" op-status="0" interval="0" transition-key="1:1:0:x" '
    b'transition-magic="0:0;1:1:0:x"/>'
    b"</lrm_resource></lrm_resources></lrm></node_state></status>",
)
LIVE: dict[str, Any] = {
    "cluster": {
        "name": "web", "quorate": True, "dc": "n1", "me": "n1", "version": "0.1.0",
        "fencing": {"required": True, "devices": 1, "last_done_s": 1_900_000_000, "open": []},
    },
    "nodes": [{"name": "n2", "reach": "down", "why": "silence", "since_s": 5, "unseen": False}],
}  # fmt: skip


class Daemon:
    """Answers as a daemon does; without *reads* as one that has no time to read the state."""

    def __init__(self, path: Path) -> None:
        self.reads = True
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with client, client.makefile("rwb") as stream:
                while head := stream.read(4):
                    request = json.loads(stream.read(int.from_bytes(head, "big")))
                    self.asked.append(request["do"])
                    answer = {"id": request["id"], "ok": self._answer(request)}
                    data = json.dumps(answer).encode()
                    stream.write(len(data).to_bytes(4, "big") + data)
                    stream.flush()

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["do"] == "status":
            return {**LIVE, "cib": RUNNING.decode()}
        if not self.reads:
            return {}
        hide = request["hide_inactive"]
        return state_of(Cib.from_bytes(RUNNING), LIVE, datetime.now(UTC), hide_inactive=hide)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    path = tmp_path / "pcsx.sock"
    monkeypatch.setenv("PCSX_SOCKET", str(path))
    monkeypatch.setenv("PCSX_STATE", str(tmp_path / "state"))
    for name in shadows.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    made = Daemon(path)
    yield made
    made.close()


def _without_time(text: str) -> str:
    return re.sub(r'"at": "[^"]*"', '"at": ""', text)


@pytest.mark.parametrize(
    "words",
    ["status", "status --full", "--hide-inactive status", "status --json", "--json status --full"],
)
def test_it_says_what_the_command_says(
    daemon: Daemon, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert glance.main(words.split()) == 0
    short = capsys.readouterr()
    assert cli.run(words.split()) == 0
    long = capsys.readouterr()
    assert daemon.asked == ["state", "status"]
    assert "on" in short.out and short.err == long.err == ""
    assert _without_time(short.out) == _without_time(long.out)


def test_a_daemon_that_has_no_time_is_left_to_the_command(
    daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon.reads = False
    assert glance.main(["status"]) is None
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "words", ["status --check", "status nodes", "-f x status", "status --force", "status --wait=1"]
)
def test_what_it_does_not_know_is_left_to_the_command(daemon: Daemon, words: str) -> None:
    assert glance.main(words.split()) is None
    assert daemon.asked == []


def test_a_copy_in_use_and_a_daemon_that_is_away_are_left_to_the_command(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert glance._COPIES == shadows.VARIABLES
    for name in shadows.VARIABLES:
        with monkeypatch.context() as patch:
            patch.setenv(name, "copy")
            assert glance.main(["status"]) is None
    marker = shadows._marker()
    marker.parent.mkdir(parents=True)
    marker.touch()
    assert glance.main(["status"]) is None
    marker.unlink()
    monkeypatch.setenv("PCSX_SOCKET", "/nowhere/pcsx.sock")
    assert glance.main(["status"]) is None


def test_it_loads_neither_click_nor_lxml_nor_the_engine(daemon: Daemon) -> None:
    code = (
        "import sys; sys.argv[:] = ['pcsx', 'status']; from pcsx.__main__ import main; main(); "
        "print(*sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    loaded = set(ran.stderr.split())
    assert "Cluster web: " in ran.stdout
    large = {"click", "lxml", "dataclasses", "inspect", "pcsx.cli", "pcsx.pe", "pcsx.cib"}
    assert sorted(loaded & large) == []
