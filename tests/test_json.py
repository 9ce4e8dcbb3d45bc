"""`--json` on every command of the tree: one object whatever came of it, with its status."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator

import click
import pytest

from pcsx import cli, errors
from pcsx.shell.codes import MEANINGS
from tests.shell.support import Shell, shell

__all__ = ["shell"]

STATUSES = frozenset((0, 1, 2, 3, 4, 5, 6, 7, 64))
"""What a command may end with; 70 is a fault of ours."""
ENDLESS = frozenset(
    (word,) for word in ("daemon", "witness", "demo", "shell", "monitor", "completion", "sam")
)
"""Programs that go on until they are ended, and what prints a script for a shell."""


def _leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if path in ENDLESS:
        return
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _leaves(inner, (*path, name))
    else:
        yield path


PATHS = list(_leaves(cli.root))


def _object(shell: Shell, *words: str) -> None:
    ran = shell.bare("--json", *words)
    told = ran.out.splitlines()
    assert len(told) == 1, (words, ran.out[:300], ran.err)
    whole = json.loads(told[0])
    assert whole["schema"] == "pcsx-result/1", words
    assert whole["ok"] == ("error" not in whole), words
    assert whole["exit"] == ran.status, words
    assert ran.status in STATUSES, (words, whole)
    if not whole["ok"]:
        assert whole["error"]["message"], words
        assert whole["error"]["code"], words


@pytest.mark.parametrize("noun", sorted({path[0] for path in PATHS}))
def test_every_command_gives_one_object_for_success_and_for_failure(
    noun: str, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    monkeypatch.setenv("PCSX_SOCKET", str(shell.path.parent / "no-daemon"))
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.chdir(shell.path.parent)
    shell.must("resource create a ocf:test:Service path=/a", "tag create t a")
    for path in PATHS:
        if path[0] == noun:
            _object(shell, "-f", str(shell.path), *path)
            _object(shell, *path, "nosuch")


def test_every_kind_of_failure_has_the_status_that_is_documented() -> None:
    family = {cls.code: cls.exit_status for cls in errors.PcsxError.__subclasses__()}
    documented = {
        "refused": 1, "failed": 1, "different": 3, "conflict": 3, "not-authorised": 4,
        "no-cluster": 5, "timed-out": 6, "no-quorum": 7, "usage": 64,
    }  # fmt: skip
    assert {code: family[code] for code in documented} == documented
    for code, status in documented.items():
        if status > 1 and code != "usage":
            assert f"status {status}" in MEANINGS[code].replace("\n", " "), code
