"""What a command ends with is what the invocation ends with."""

from __future__ import annotations

import json

import pytest

from pcsx.cli import run


@pytest.mark.parametrize("status", [0, 1, 5])
def test_the_status_of_a_watched_program_is_passed_on(
    status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sam", "--", "sh", "-c", f"exit {status}"]) == status
    assert run(["--json", "sam", "--", "sh", "-c", f"exit {status}"]) == status
    assert json.loads(capsys.readouterr().out)["exit"] == status


def test_a_watched_program_that_is_killed_or_sick_ends_with_its_status() -> None:
    assert run(["sam", "--", "sh", "-c", "kill -9 $$"]) == 137
    assert run(["sam", "--health", "0.1", "--", "sleep", "20"]) == 1


def test_help_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sam", "--help"]) == 0
    assert run(["lock", "--help"]) == 0
    assert capsys.readouterr().out
