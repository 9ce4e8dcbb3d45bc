"""The commands of the ring's services on real daemons: well used, asked for JSON, and misused."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pcsx.cli import run
from pcsx.client import Client
from pcsx.protocol import HEADER
from tests.loopback.conftest import Town

GOOD = """
ring status | Log: | role
ring status | Feature level: 1, and this pcsx speaks 1 | feature
ring links | both ways | -
ring stats | received: | drop
store set view.shared.release u32 12 | | -
store get view.shared.release | 12 | value
store list view.shared. | (u32) = 12 | -
store delete view.shared.release | | -
lock list | | -
lock run backup -- true | | -
group list | | -
group send builders hello | Said to builders | -
quorum status | Needed: 2 | flags
quorum explain | There is quorum | -
quorum simulate n2 n2 | Without n2: n1 n3 would go on | sentence
quorum simulate n1 n2 n3 | nobody would be left here | sentence
quorum expected-votes 3 | Expected votes: 3 | expected
quorum unblock --force | does not wait | -
quorum update wait_for_all=1 | Changed: wait_for_all | updated
quorum update wait_for_all= | Changed: wait_for_all | updated
cluster link status | n2 link 0 | -
cluster authkey status | | -
cluster token 10min | | token
"""
"""A command, a part of what it says, and a key that its JSON has."""

BAD = """
ring status extra | one too many
store get view.shared.nosuch | no key view.shared.nosuch
store get | lacks a word
store set view.shared.x u32 -1 | is no u32
store set view.shared.x nokind 1 | there is no type 'nokind'
store set view.node.n2.x 1 | cannot be written on this node
store set stats.x 1 | cannot be written on this node
store set view.shared. 1 | no name behind it
lock acquire | lacks a word
lock release nosuch | nobody holds the lock nosuch
lock run backup -- /no/such/program | cannot run /no/such/program
group send builders | lacks a word
quorum simulate nosuch | there is no node nosuch
quorum expected-votes 2 | counting out the nodes that are away makes 3
quorum expected-votes x | one too many
quorum unblock | --force is needed
quorum update | lacks a word
quorum update wait_for_all=maybe | expected true or false
quorum update votes.n1=256 | from 0 to 255
quorum update two_node=1 | cannot be set
quorum update votes.n1=0 votes.n2=0 votes.n3=0 | somebody must have a vote
quorum update profile=quick | there is no profile quick
sam --recovery maybe -- true | there is no recovery
cluster join nonsense | in a cluster already
cluster link add n1=127.0.0.9 | missing
cluster link remove 9 | no link 9
cluster link remove 0 | no link would be left
cluster link update 0 n1=256.1.1.1 | 256.1.1.1
cluster link update 7 priority=1 | no link 7
cluster node remove nosuch | nosuch
cluster node rename nosuch x | nosuch
cluster token soon | soon
"""
"""A command that is refused with status 1, and a part of its one message."""


def rows(table: str) -> list[list[str]]:
    return [[part.strip() for part in line.split("|")] for line in table.strip().splitlines()]


def quietly_alive(cluster: Town) -> None:
    for name in ("n1", "n2", "n3"):
        assert cluster.run(name, "quorum", "status").returncode == 0, cluster.logs()
    assert "Traceback" not in cluster.logs()


def has_ipv6() -> bool:
    """Return whether this machine's loopback has IPv6."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(
    cluster: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Typed:
    """Return what types a command at n1 in this very process: its status and both outputs."""
    monkeypatch.setenv("PCSX_SOCKET", cluster["n1"].socket)

    def ran(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = run(list(words))
        out, err = capsys.readouterr()
        return status, out, err

    return ran


def test_each_command_does_what_it_says_and_each_misuse_is_one_clear_message(
    cluster: Town, typed: Typed
) -> None:
    for command, said, key in rows(GOOD):
        words = command.split()
        status, out, err = typed(*words)
        assert status == 0 and said in out, (command, out, err)
        status, out, err = typed("--json", *words)
        plain = json.loads(out)
        assert status == 0 and plain["ok"] and plain["exit"] == 0, (command, plain)
        if key != "-":
            assert key in json.dumps(plain["data"]), (command, plain)

    host = "[::1]" if has_ipv6() else "127.0.0.1"
    both = (f"n1={host}:6461", f"n2={host}:6462", f"n3={host}:6463", "priority=7")
    assert typed("cluster", "link", "add", *both)[0] == 0
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        _, out, _ = typed("cluster", "link", "status")
        if out.count("both ways") == 4:
            break
    assert f"n2 link 1 ({host}:6462): heard" in out and out.count("both ways") == 4
    assert typed("cluster", "link", "update", "1", f"n3={host}:6473")[0] == 0
    status, _, err = typed("cluster", "link", "remove", "0", "1", "1")
    assert status == 1 and "no link would be left" in err, "and none was taken away"
    while f"{host}:6473): heard" not in out and time.monotonic() < limit:
        _, out, _ = typed("cluster", "link", "status")
    assert out.count("link 1") == 2 and f"{host}:6473): heard" in out
    assert typed("cluster", "link", "remove", "1", "1")[0] == 0
    assert typed("cluster", "link", "status")[1].count("link") == 2

    before = typed("cluster", "cib")[1]
    for command, said in rows(BAD):
        words = command.split()
        status, out, err = typed(*words)
        assert status == 1 and said in err, (command, status, err)
        assert err.count("Error:") == 1 and not out, (command, err)
        status, out, err = typed("--json", *words)
        plain = json.loads(out)
        assert status == plain["exit"] == 1 and said in json.dumps(plain["error"]), (command, plain)
    assert typed("cluster", "cib")[1] == before

    status, _, err = typed("store", "set", "view.shared.x", "\udcff")
    assert status == 1 and "is not text in UTF-8" in err
    with Client(cluster["n1"].socket) as client:
        for plain in (
            {"id": 1, "do": "store-set", "key": 5, "value": "x", "type": "str"},
            {"id": 2, "do": "store-get", "prefix": "\ud800"},
            {"id": 3, "do": "witness-set", "addresses": ["a b"], "key": "zz"},
        ):
            text = json.dumps(plain).encode()
            client._socket.sendall(HEADER.pack(len(text)) + text)
            assert client._receive("nonsense")["error"]["code"] == "failed", plain
    quietly_alive(cluster)


def lines_of(process: subprocess.Popen[str]) -> Callable[[], Any]:
    assert process.stdout is not None
    out = process.stdout
    return lambda: json.loads(out.readline())


def begun(cluster: Town, at: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pcsx", *words],
        env={**os.environ, "PCSX_SOCKET": cluster[at].socket},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_watchers_see_all_of_it_and_no_command_goes_on_without_its_lock(
    cluster: Town, tmp_path: Path
) -> None:
    group = begun(cluster, "n1", "group", "watch", "builders", "--json")
    store = begun(cluster, "n2", "store", "watch", "view.shared.", "--json")
    try:
        said, changed = lines_of(group), lines_of(store)
        assert said()["reason"] == "join"
        first = changed()
        assert first["entries"] == [] and first["resync"] is False
        cluster.run("n3", "group", "send", "builders", "--safe", "grüße")
        assert [said()["reason"], said()["message"], said()["reason"]][::2] == ["join", "procdown"]
        cluster.run("n1", "store", "set", "view.shared.a", "1")
        line = changed()
        assert (line["key"], line["value"]) == ("view.shared.a", "1")
        cluster.run("n1", "store", "set", "view.shared.b", "2")
        changed()
        again = begun(
            cluster,
            "n2",
            "store",
            "watch",
            "view.shared.",
            "--revision",
            line["revision"],
            "--json",
        )
        try:
            assert lines_of(again)()["key"] == "view.shared.b"
        finally:
            again.kill()
            again.communicate()
    finally:
        for each in (group, store):
            each.kill()
            each.communicate()

    for number in (signal.SIGTERM, signal.SIGKILL):
        lose_the_holder(cluster, number, tmp_path / number.name)


def lose_the_holder(cluster: Town, number: signal.Signals, pid_file: Path) -> None:
    holder = begun(
        cluster, "n1", "lock", "run", "backup", "--", "sh", "-c",
        f"echo $$ >{pid_file}.new; mv {pid_file}.new {pid_file}; exec sleep 60",
    )  # fmt: skip
    limit = time.monotonic() + 30
    while not pid_file.exists() and time.monotonic() < limit:
        time.sleep(0.02)
    ran = cluster.run("n2", "lock", "acquire", "backup", "--wait=1")
    assert ran.returncode == 6 and "the lock backup" in ran.stderr
    assert f"n1:{holder.pid}" in cluster.run("n2", "lock", "list").stdout
    holder.send_signal(number)
    holder.wait(30)
    child = int(pid_file.read_text())
    while time.monotonic() < limit and os.path.exists(f"/proc/{child}"):
        time.sleep(0.02)
    assert not os.path.exists(f"/proc/{child}"), "it runs on and holds no lock"
    assert cluster.run("n2", "lock", "run", "backup", "--", "true").returncode == 0
