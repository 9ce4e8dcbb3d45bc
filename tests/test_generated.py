"""completions/ and man/ are what the command tree generates; every command helps and shows how."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

import click
import pytest

from pcsx import cli
from pcsx.shell import ids
from pcsx.shell.facts import _KINDS
from pcsx.shell.tree import Tree
from tests.generate import ROOT, files

COMMANDS = [(path, command) for path, command in Tree(cli.root).walk()]
PAGES = sorted((ROOT / "man").glob("*.[0-9]"))


def test_generated_files_are_as_the_tree_has_them() -> None:
    wanted = dict(files())
    stale = [
        str(path.relative_to(ROOT))
        for path, text in wanted.items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    there = [path for folder in ("completions", "man") for path in (ROOT / folder).iterdir()]
    stale += [str(path.relative_to(ROOT)) for path in there if path not in wanted]
    assert not stale, f"run `make generated` and commit what it writes: {', '.join(stale)}"


@pytest.mark.parametrize(
    ("path", "command"), COMMANDS, ids=lambda value: " ".join(value) if type(value) is tuple else ""
)
def test_help_is_whole_sentences_with_an_example(
    path: tuple[str, ...], command: click.Command
) -> None:
    text = command.help or ""
    first = text.split("\n\n")[0].strip()
    assert re.match(r"[A-Z]", first), f"the help of {' '.join(path)} begins with no sentence"
    assert first.endswith("."), f"the help of {' '.join(path)} does not end its sentence"
    is_level = isinstance(command, click.Group)
    examples = re.findall(r"^\s+(?:source <\()?pcsx .*$", text, re.MULTILINE)
    assert examples or is_level, f"the help of {' '.join(path)} has no example"


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_pages_are_read_without_a_warning() -> None:
    ran = subprocess.run(
        ["groff", "-ww", "-z", "-man", "-Tutf8", *map(str, PAGES)], capture_output=True, text=True
    )
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")
def test_pages_are_well_formed() -> None:
    ran = subprocess.run(
        ["mandoc", "-Tlint", "-W", "warning", *map(str, PAGES)], capture_output=True, text=True
    )
    assert (ran.returncode, ran.stdout) == (0, "")


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("pcsx resou", ["resource"]),
        ("pcsx stonith lev", ["level"]),
        ("pcsx resource create --aft", ["--after="]),
        ("pcsx status --ch", ["--check"]),
        ("pcsx nosuch ", []),
        ("pcsx -f cib.xml node stan", ["standby"]),
    ],
)
def test_bash_completes_words_and_options_without_starting_the_program(
    line: str, wanted: list[str]
) -> None:
    program = (
        'compopt() { :; }; source "$1"; pcsx() { echo STARTED; }; COMP_LINE=$2; '
        'COMP_POINT=${#2}; _pcsx; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    script = str(ROOT / "completions" / "pcsx.bash")
    ran = subprocess.run(
        ["bash", "-c", program, "bash", script, line], capture_output=True, text=True
    )
    assert (ran.stdout.split(), ran.stderr) == (wanted, "")


COMPLETED: Final = [
    ("pcsx resou", "resource"),
    ("pcsx stonith lev", "level"),
    ("pcsx ticket gr", "grant"),
    ("pcsx -f cib.xml node stan", "standby"),
]


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
@pytest.mark.parametrize(("line", "wanted"), [*COMPLETED, ("pcsx nosuch ", "")])
def test_fish_completes_words(line: str, wanted: str, tmp_path: Path) -> None:
    program = "source $argv[1]; complete -C $argv[2]"
    script = str(ROOT / "completions" / "pcsx.fish")
    ran = subprocess.run(
        ["fish", "-N", "-c", program, "--", script, line],
        capture_output=True, text=True, env=_with_silent_pcsx(tmp_path),
    )  # fmt: skip
    assert (ran.stdout.partition("\t")[0].strip(), ran.stderr) == (wanted, "")


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_completes_words_at_its_prompt_and_says_nothing_else(tmp_path: Path) -> None:
    with Zsh(ROOT / "completions", _with_silent_pcsx(tmp_path)) as zsh:
        for line, wanted in COMPLETED:
            shown = zsh.completed(line)
            assert shown.endswith(wanted), (line, shown)
            assert "_pcsx" not in shown, shown


def _with_silent_pcsx(directory: Path) -> dict[str, str]:
    """Return an environment in which `pcsx` is a program that knows no ids."""
    program = directory / "pcsx"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    home = {"HOME": str(directory), "TERM": "xterm", "LANG": "C.UTF-8"}
    return {**home, "PATH": f"{directory}:{os.environ['PATH']}"}


class Zsh:
    """zsh at a terminal, with the completions of a directory."""

    def __init__(self, directory: Path, env: dict[str, str]) -> None:
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.execvpe("zsh", ["zsh", "-f", "-i"], env)
        self._send(
            f"PROMPT=; unsetopt zle_bracketed_paste beep; fpath=({directory} $fpath); "
            "autoload -Uz compinit; compinit -u -D; "
            "show() { print -r -- \"$BUFFER]]\"; BUFFER= }; zle -N show; bindkey '^G' show; "
            "print -r RE''ADY\n"
        )
        self._until("READY")

    def completed(self, line: str) -> str:
        """Return what *line* is after the tabulator, with all that was said meanwhile before it."""
        self._send(f"{line}\t\x07")
        told = self._until("]]")
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", told).partition("]]")[0].rstrip()

    def _send(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def _until(self, mark: str, limit_s: float = 20) -> str:
        told, end = "", time.monotonic() + limit_s
        while mark not in told:
            left = end - time.monotonic()
            assert left > 0 and select.select([self._terminal], [], [], left)[0], told
            told += os.read(self._terminal, 65536).decode(errors="replace")
        return told

    def __enter__(self) -> Zsh:
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.close(self._terminal)
        os.waitpid(self._pid, 0)


@pytest.mark.parametrize(
    ("shell", "name"), [("bash", "pcsx.bash"), ("zsh", "_pcsx"), ("fish", "pcsx.fish")]
)
def test_scripts_are_whole(shell: str, name: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = str(ROOT / "completions" / name)
    ran = subprocess.run([shell, "-n", script], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_ids_are_printed_by_kind_and_nothing_is_loaded_for_it(tmp_path: Path) -> None:
    path = tmp_path / "cib.xml"
    path.write_text(
        '<cib><configuration><nodes><node id="1" uname="n1"/></nodes><resources>'
        '<primitive id="web" class="ocf"/><primitive id="power" class="stonith"/></resources>'
        '</configuration><status><node_state id="1"/></status></cib>'
    )
    program = (
        "import sys; from pcsx.shell.ids import main; main(sys.argv[1:]); "
        "print([name for name in ('click', 'lxml', 'asyncio', 'pcsx.cib') if name in sys.modules])"
    )
    import sys

    words = ["-f", str(path), "primitive", "node"]
    ran = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True)
    assert ran.stdout.splitlines() == ["n1", "web", "[]"]


def test_kinds_are_the_same_inside_and_outside() -> None:
    assert ids._KINDS == _KINDS
