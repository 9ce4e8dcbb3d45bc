"""Laws of the launcher: the daemon's answer, word for word, and little else loaded."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcsx.daemon.io.compat import install
from pcsx.daemon.tools import TOOLS
from pcsx.protocol import HEADER, Tool, pack, parse
from pcsx.shell.compat import launcher


class Daemon(threading.Thread):
    """Answers one request after another with *reply*."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(path))
        self.listening.listen()
        self.asked: list[dict[str, Any]] = []
        self.reply: dict[str, Any] = {}

    def run(self) -> None:
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            with client:
                (length,) = HEADER.unpack(client.recv(4))
                self.asked.append(json.loads(client.recv(length)))
                client.sendall(pack({"id": 1, **self.reply}))


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    server = Daemon(tmp_path / "pcsx.sock")
    server.start()
    yield server
    server.listening.shutdown(socket.SHUT_RDWR)
    server.listening.close()


def call(tmp_path: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    tools = tmp_path / "compat"
    install(str(tools))
    given = {"PATH": f"{tools}:/usr/bin:/bin", "PCSX_RUN_DIR": str(tmp_path), **env}
    return subprocess.run(
        [tools / words[0], *words[1:]], env=given, capture_output=True, text=True, timeout=30
    )


def test_the_daemons_answer_is_the_tools(tmp_path: Path, daemon: Daemon):
    text = 'a "b" \\ \u00fc\n"stderr":"no"\n'
    daemon.reply = {"ok": {"status": 105, "stdout": text, "stderr": "e\n"}}
    done = call(tmp_path, "crm_attribute", "-n", 'x"y', OCF_RESOURCE_INSTANCE="r", SECRET="s")
    assert (done.returncode, done.stdout, done.stderr) == (105, text, "e\n")
    [asked] = daemon.asked
    assert parse({key: value for key, value in asked.items() if key != "id"}) == Tool(
        "crm_attribute", ("-n", 'x"y'), (("OCF_RESOURCE_INSTANCE", "r"),)
    )


def test_success_is_status_0(tmp_path: Path, daemon: Daemon):
    daemon.reply = {"ok": {"status": 0, "stdout": "", "stderr": ""}}
    assert call(tmp_path, "attrd_updater", "-R").returncode == 0


def test_an_error_of_the_daemon_is_a_failure_that_is_told(tmp_path: Path, daemon: Daemon):
    daemon.reply = {"error": {"code": "no-quorum", "message": "nobody leads", "hint": ""}}
    done = call(tmp_path, "crm_master", "-v", "1")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "crm_master: nobody leads\n")


def test_without_a_daemon_it_says_so(tmp_path: Path):
    done = call(tmp_path, "crm_mon", "-1")
    assert done.returncode == 102 and "no daemon answers" in done.stderr


def test_name_and_version_are_known_without_the_daemon(tmp_path: Path):
    assert call(tmp_path, "crm_node", "-n", PCSX_NODE="n1").stdout == "n1\n"
    assert call(tmp_path, "pacemakerd", "-$").stdout.startswith("Pacemaker 3.")


def test_the_directory_holds_the_tools_and_is_left_alone_when_it_is_right(tmp_path: Path):
    tools = tmp_path / "compat"
    install(str(tools))
    assert {path.name for path in tools.iterdir() if path.name[0] != "."} == {
        *TOOLS,
        "crm_simulate",
    }
    before = {path.name: path.stat().st_ino for path in tools.iterdir()}
    install(str(tools))
    assert {path.name: path.stat().st_ino for path in tools.iterdir()} == before
    (tools / "crm_mon").write_text("changed")
    (tools / "other").write_text("x")
    install(str(tools))
    assert {path.name for path in tools.iterdir()} == set(before)
    assert "changed" not in (tools / "crm_mon").read_text()


def test_in_the_background_the_status_is_written_again_and_again(tmp_path: Path, daemon: Daemon):
    daemon.reply = {"ok": {"status": 0, "stdout": "<html>1</html>", "stderr": ""}}
    page, pid = tmp_path / "page.html", tmp_path / "pid"
    options = ("-p", str(pid), "-d", "-i", "0.05", "-n", "-h", str(page))
    assert call(tmp_path, "crm_mon", *options).returncode == 0
    try:
        until(lambda: page.exists() and page.read_text() == "<html>1</html>")
        daemon.reply["ok"]["stdout"] = "<html>2</html>"
        until(lambda: page.read_text() == "<html>2</html>")
        assert daemon.asked[0]["words"] == list(options)
    finally:
        os.kill(int(pid.read_text()), signal.SIGKILL)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def loaded(tmp_path: Path, *words: str) -> set[str]:
    """Return the modules that the interpreter loads for these words, as it tells them itself."""
    verbose = [sys.executable, "-v", "-I", "-S", *words]
    env = {"PCSX_RUN_DIR": str(tmp_path)}
    done = subprocess.run(verbose, capture_output=True, text=True, env=env)
    return set(re.findall(r"^import '?([\w.]+)'? #", done.stderr, re.MULTILINE))


def test_a_call_loads_three_modules_and_compiles_nothing(tmp_path: Path):
    install(str(tmp_path / "compat"))
    compiled = tmp_path / "compat" / ".launcher.pyc"
    bare = loaded(tmp_path, "-c", "pass")
    more = loaded(tmp_path, str(compiled), "crm_attribute", "-n", "x") - bare
    assert "encodings" in bare and more - {"time"} == {"_json", "_socket"}
    assert (
        f"exec {os.path.realpath(sys.executable)} -I -S {compiled} crm_mon"
        in (tmp_path / "compat" / "crm_mon").read_text()
    )


@given(st.text(), st.text(), st.integers(0, 255))
def test_any_text_comes_through(stdout: str, stderr: str, status: int):
    reply = {"id": 1, "ok": {"status": status, "stdout": stdout, "stderr": stderr}}
    for text in (json.dumps(reply), pack(reply)[4:].decode()):
        assert launcher.text_of(text, "stdout") == stdout
        assert launcher.text_of(text, "stderr") == stderr
        assert launcher.status_of(text) == status


@given(st.text(), st.lists(st.text()))
def test_any_words_come_through(tool: str, words: list[str]):
    data = launcher.message(tool, words, {"PCSX_NODE": tool, "OTHER": "x"})
    asked = json.loads(data[4:])
    assert (asked["tool"], asked["words"], asked["env"]) == (tool, words, [["PCSX_NODE", tool]])
    assert int.from_bytes(data[:4], "big") == len(data) - 4
