"""The program as a whole: messages, exit statuses, one JSON object, never a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pcsx import __main__ as pcsx_main
from pcsx import cli
from pcsx.shell.run import Run
from pcsx.shell.words import Level, Verb
from tests.shell.support import EMPTY, Shell, shell

__all__ = ["shell"]

NOUNS = (
    "acl", "alert", "cluster", "config", "constraint", "node", "property", "quorum", "resource",
    "status", "stonith", "tag",
)  # fmt: skip


@pytest.mark.parametrize("noun", NOUNS)
def test_every_verb_has_help_in_a_sentence_and_an_example(noun: str) -> None:
    for path, verb in _verbs(cli.root.get_command(cli.click.Context(cli.root), noun), (noun,)):
        text = verb.help or ""
        first = text.split("\n\n")[0]
        assert first.rstrip().endswith("."), path
        assert "pcsx " in text or verb.hidden or "defaults" in path, path


def _verbs(command: object, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], Verb]]:
    assert isinstance(command, Level)
    found = []
    for name, inner in command.commands.items():
        if isinstance(inner, Verb):
            found.append(((*path, name), inner))
        else:
            found += _verbs(inner, (*path, name))
    return found


def test_help_is_shown_at_every_depth(shell: Shell) -> None:
    for words in (["--help"], ["resource", "--help"], ["resource", "create", "--help"]):
        ran = shell.bare(*words)
        assert (ran.status, ran.err) == (0, "")
        assert "Usage: pcsx" in ran.out


def test_an_unknown_word_is_refused_with_what_was_meant(shell: Shell) -> None:
    ran = shell.bare("resourcee", "create")
    assert ran.status == 1
    assert ran.err == "Error: no command 'resourcee'\nDid you mean: resource?\n"


def test_an_option_of_another_command_is_refused(shell: Shell) -> None:
    ran = shell("property set a=1 --group=g")
    assert "Specified option '--group' is not supported in this command" in ran.err


def test_without_a_daemon_the_status_is_5_and_the_hint_says_what_to_start(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PCSX_SOCKET", str(tmp_path / "no.sock"))
    ran = shell.bare("status")
    assert (ran.status, "pcsx daemon" in ran.err) == (5, True)
    assert shell.bare("status", "--check").status == 3


def test_json_is_one_object_for_success_and_for_failure(shell: Shell) -> None:
    good = shell("property set batch-limit=3 --json")
    bad = shell("property set batch-limit=x --json")
    for ran in (good, bad):
        assert ran.err == ""
        assert json.loads(ran.out)["schema"] == "pcsx-result/1"
    assert good.json["changed"] is True
    assert bad.json["error"]["code"] == "refused"


def test_a_bug_of_ours_is_one_line_and_a_report(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Run) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(Run, "cib", broken)
    ran = shell("resource config")
    assert ran.status == cli.BUG
    assert ran.err.count("\n") == 1
    report = Path(ran.err.rpartition(" ")[2].strip())
    assert "RuntimeError: boom" in report.read_text()
    report.unlink()


ANY_WORD = st.one_of(
    st.sampled_from(
        ["add", "set", "create", "update", "delete", "a", "b", "op", "meta", "rule", "then", "with",
         "config", "id=", "x=1", "=", "--force", "-5", "defined", "(", ")", "and", "date", "clone"]
    ),
    st.text(max_size=5),
)  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(NOUNS), st.lists(ANY_WORD, max_size=6))
def test_no_words_whatever_give_a_traceback(shell: Shell, noun: str, words: list[str]) -> None:
    shell.path.write_bytes(EMPTY)
    wild = [word for word in words if word not in ("--", "edit")]
    ran = shell.bare("-f", str(shell.path), noun, *wild)
    assert ran.status != cli.BUG, (ran.err, Path(ran.err.rpartition(" ")[2].strip()).read_text())
    assert "Traceback" not in ran.err


def _loads_none_of(start: str, *modules: str) -> None:
    code = f"{start}\nimport sys\nbad = [m for m in sys.modules if m.startswith({modules!r})]\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}assert not bad, bad"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_version_needs_no_library() -> None:
    start = "import sys, pcsx.__main__ as m; sys.argv = ['pcsx', '--version']; m.main()"
    _loads_none_of(start, "click", "lxml", "json")


def test_help_loads_no_daemon_and_no_xml() -> None:
    _loads_none_of("import pcsx.cli; pcsx.cli.run(['--help'])", "lxml", "pcsx.daemon", "pcsx.pe")


@pytest.mark.parametrize(
    "words", ["resource config", "configure show", "resource create a ocf:pacemaker:Dummy --force"]
)
def test_a_command_on_a_file_loads_no_engine_and_no_network(tmp_path: Path, words: str) -> None:
    file = tmp_path / "cib.xml"
    file.write_bytes(EMPTY)
    start = (
        "import sys, pcsx.__main__ as m\n"
        f"sys.argv = ['pcsx', '-f', {str(file)!r}, *{words.split()!r}]\n"
        "assert m.main() == 0"
    )
    _loads_none_of(
        start, "pcsx.pe", "pcsx.daemon", "pcsx.ring", "pcsx.client", "pcsx.cib.schema", "asyncio",
        "socket", "ssl", "cryptography", "prompt_toolkit", "tabulate", "zeroconf", "pyghmi",
        "logging", "ast", "random", "shutil",
    )  # fmt: skip


def test_an_interrupt_while_the_first_modules_load_is_one_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(pcsx_main, "chosen", interrupted)
    assert pcsx_main.main() == 130
    assert capsys.readouterr().err == "Interrupted.\n"
