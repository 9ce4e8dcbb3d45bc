"""Changes in a cluster of real daemons: on trial across leaders, and by whom they may be made."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
from collections.abc import Iterator

import pytest

from pcsx import cli
from tests.loopback.conftest import Town


def test_a_trial_outlives_its_leader_and_is_taken_back_by_the_next(cluster: Town):
    leader = cluster.json("n1", "status")["cluster"]["dc"]
    other = next(node.name for node in cluster.nodes.nodes if node.name != leader)
    for words in ("--confirmed 4m property set batch-limit=7", "--confirmed 15s property set x=1"):
        ran = cluster.run(other, *words.split(), "--force")
        assert ran.returncode == 0, ran.stderr
    daemon = cluster[leader].daemon
    assert daemon is not None
    os.killpg(daemon.pid, signal.SIGKILL)
    cluster[leader].kill()
    cluster.until_online(other, 2)
    assert cluster.json(other, "status")["cluster"]["dc"] != leader
    kept = next(
        line.split()[0]
        for line in cluster.run(other, "history", "--changes").stdout.splitlines()
        if "batch-limit=7" in line
    )
    ran = cluster.run(other, "confirm", kept)
    assert (ran.returncode, ran.stdout) == (0, f"Change {kept} stays.\n"), ran.stderr
    for _ in range(200):
        properties = cluster.run(other, "property", "config").stdout
        if "x: 1" not in properties:
            break
    assert "x: 1" not in properties
    assert "batch-limit: 7" in properties
    assert "nobody confirmed it" in cluster.run(other, "history", "--changes").stdout


@contextlib.contextmanager
def _as_user(name: str) -> Iterator[None]:
    """Be somebody else, as a local socket sees it."""
    os.seteuid(pwd.getpwnam(name).pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can ask as somebody else")
def test_access_lists_hold_for_whoever_asks_at_the_socket(
    cluster: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for words in (
        "acl role create looks read xpath /cib",
        "acl role create names write xpath //nodes",
        "acl user create nobody looks names",
        "acl user create daemon names",
        "acl enable",
    ):
        ran = cluster.run("n1", *words.split())
        assert ran.returncode == 0, ran.stderr
    for folder in (cluster.nodes.place, *cluster.nodes.place.rglob("*")):
        if folder.is_dir():
            folder.chmod(0o711)
    os.chmod(cluster["n1"].socket, 0o666)  # as to members of the group pcsx
    monkeypatch.setenv("PCSX_SOCKET", cluster["n1"].socket)
    monkeypatch.setenv("PCSX_STATE", "/nonexistent")

    def asked(user: str, words: str) -> tuple[int, str]:
        capsys.readouterr()
        with _as_user(user):
            status = cli.run(words.split())
        told = capsys.readouterr()
        return status, told.out + told.err

    for words in ("node attribute n1 site=B", "property set batch-limit=4", "acl config"):
        assert asked("root", words)[0] == 0  # and all that it needs is loaded while it may be read
    asked("root", "stonith fence nosuch")
    assert asked("nobody", "node attribute n1 site=A")[0] == 0
    status, told = asked("nobody", "property set batch-limit=3")
    assert status == 4 and "nobody may not" in told, told
    assert "looks" in asked("nobody", "acl config")[1]
    assert "looks" not in asked("daemon", "acl config")[1]
    assert asked("nobody", "stonith fence n2")[0] == 4
    assert asked("root", "property set batch-limit=3")[0] == 0
