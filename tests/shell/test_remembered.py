"""What an agent said of itself is kept for as long as its file is the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pcsx import cli
from tests.shell.support import EMPTY

AGENT = """#!/bin/sh
echo run >> "$(dirname "$0")/../runs"
cat <<END
<resource-agent name="probe" version="1.0"><parameters>
<parameter name="NAME"><content type="string"/></parameter></parameters>
<actions><action name="start" timeout="20s"/><action name="stop" timeout="20s"/>
<action name="monitor" timeout="20s" interval="10s"/></actions></resource-agent>
END
"""


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An agent of one parameter that counts how often it is run."""
    monkeypatch.setenv("PCSX_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("OCF_ROOT", str(tmp_path))
    monkeypatch.delenv("PCSX_AGENT_METADATA", raising=False)
    path = tmp_path / "resource.d" / "mine" / "probe"
    path.parent.mkdir(parents=True)
    _say(path, "size")
    return path


def _say(path: Path, name: str) -> None:
    path.write_text(AGENT.replace("NAME", name))
    path.chmod(0o755)


def _create(path: Path, name: str) -> int:
    file = path.parent / "cib.xml"
    file.write_bytes(EMPTY)
    return cli.run(["-f", str(file), "resource", "create", "r", "ocf:mine:probe", f"{name}=1"])


def _runs(path: Path) -> int:
    return len((path.parent.parent / "runs").read_text().splitlines())


def test_an_agent_that_is_the_same_is_run_once(agent: Path) -> None:
    assert (_create(agent, "size"), _create(agent, "size"), _runs(agent)) == (0, 0, 1)


def test_an_agent_that_was_changed_is_asked_anew(agent: Path) -> None:
    assert _create(agent, "size") == 0
    _say(agent, "colour")
    os.utime(agent, ns=(1, 1))
    assert (_create(agent, "size"), _create(agent, "colour"), _runs(agent)) == (1, 0, 2)


def test_what_cannot_be_read_back_is_asked_anew(agent: Path, tmp_path: Path) -> None:
    assert _create(agent, "size") == 0
    (kept,) = (tmp_path / "state" / "agents").iterdir()
    kept.write_bytes(kept.read_bytes()[:-40])
    assert (_create(agent, "size"), _runs(agent)) == (0, 2)


def test_without_a_place_to_keep_it_the_agent_is_run_each_time(
    agent: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PCSX_STATE", str(tmp_path / "file"))
    assert (_create(agent, "size"), _create(agent, "size"), _runs(agent)) == (0, 0, 2)
