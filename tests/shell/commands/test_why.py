"""`why`, `simulate` and its long words, on a document in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pe.small import cluster, primitive, started, stopped
from tests.shell.support import Shell


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    cib = cluster(
        primitive("vip", meta="resource-stickiness=1")
        + primitive("web", meta="target-role=Stopped"),
        histories={"a": started("vip") + stopped("web"), "b": stopped("web") + stopped("vip")},
    )
    path = tmp_path / "cib.xml"
    path.write_bytes(cib.to_bytes())
    return Shell(path, capsys.readouterr)


def test_why_tells_the_cause_and_the_command_and_what_that_would_do(shell: Shell) -> None:
    ran = shell("why web")
    assert ran.status == 0
    assert "target-role is Stopped" in ran.out
    assert "pcsx resource enable web" in ran.out
    assert "yes on b (simulated: 1 start, 0 stops)" in ran.out


def test_the_document_is_left_as_it_was_by_trying(shell: Shell) -> None:
    before = shell.path.read_bytes()
    shell("why web")
    assert shell.path.read_bytes() == before


def test_why_as_json_has_explanations_and_advice(shell: Shell) -> None:
    data = shell("why web --json").json["data"]
    assert data["explanations"][0]["resource"] == "web"
    assert data["advice"] == [
        {
            "aim": "To let web run",
            "command": "pcsx resource enable web",
            "helps": True,
            "steps": {"start": 1, "stop": 0},
        }
    ]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("why nothing", "there is no resource 'nothing'"),
        ("why web --on nowhere", "there is no node 'nowhere'"),
        ("why --fenced nowhere", "there is no node 'nowhere'"),
        ("why", "name one resource"),
        ("why web --transition 3", "decisions are kept by the daemon"),
        ("transition list", "decisions are kept by the daemon"),
        ("simulate --ticket T=maybe", "write TICKET=STATE"),
        ("simulate --graph out.png", "the ending is one of"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_one_line(
    shell: Shell, words: str, text: str
) -> None:
    ran = shell(words)
    assert ran.status != 0
    assert text in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("-R --node-down a", "Start      vip     ( b )"),
        ("-S --op-fail vip:start@b=7 --node-down a", "FAILED b"),
        ("-R -i vip:monitor:10000@a=7", "vip"),
        ("-R --quorum no", "due to no quorum"),
        ("-R --ticket T=revoked", "Revoking ticket T"),
        ("-R --attribute standby=on@a", "Setting attribute standby=on on a"),
        ("-R --cleanup vip@a", "Forgetting the failures of vip on a"),
    ],
)
def test_what_if_takes_the_long_words(shell: Shell, words: str, text: str) -> None:
    ran = shell(f"simulate {words}")
    assert ran.status == 0
    assert " ".join(text.split()) in " ".join(ran.out.split())


def test_simulate_draws_what_it_decides(shell: Shell, tmp_path: Path) -> None:
    out = tmp_path / "out.svg"
    assert shell(f"simulate -Q -R --node-down a --graph {out}").status == 0
    assert "start vip" in out.read_text(encoding="utf-8")
