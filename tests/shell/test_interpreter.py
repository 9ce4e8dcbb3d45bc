"""Laws of the shell's lines: levels, prefixes, scripts that stop at the first fault."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pcsx import cli
from pcsx.cib.document import Cib
from pcsx.shell.guard import BUG, guarded
from pcsx.shell.interpreter import Interpreter
from pcsx.shell.run import Run
from pcsx.shell.tree import Tree
from tests.shell.support import EMPTY, Ran, Shell, shell

__all__ = ["shell"]

Script = Callable[[str], Ran]


@pytest.fixture
def script(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Return what does lines that come on standard input."""

    def do(text: str) -> Ran:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        return shell("shell")

    return do


def test_a_script_walks_levels_and_commits_what_it_defines(shell: Shell, script: Script) -> None:
    ran = script(
        "configure\n"
        "group g a b\n"
        "primitive a ocf:test:Stateful\n"
        "primitive b ocf:test:Stateful\n"
        "commit\n"
        "up\n"
        "/node standby n1\n"
        "resource\nconfig g\n"
    )
    assert (ran.status, shell.ids("primitive")) == (0, ["a", "b"])
    assert "Group: g" in ran.out


def test_what_is_left_uncommitted_by_a_script_is_committed_at_its_end(
    shell: Shell, script: Script
) -> None:
    assert script("configure\nprimitive a ocf:test:Stateful\n").status == 0
    assert shell.ids("primitive") == ["a"]


def test_a_script_ends_at_its_first_fault_with_its_status(shell: Shell, script: Script) -> None:
    ran = script(
        "configure\nprimitive a ocf:test:Stateful\ncommit\nfoo\nprimitive b ocf:test:Stateful\n"
    )
    assert ran.status == 1
    assert "there is no 'foo'" in ran.err
    assert shell.ids("primitive") == ["a"]


def test_configure_said_from_elsewhere_is_a_transaction_of_its_own(
    shell: Shell, script: Script
) -> None:
    ran = script("resource\nconfigure primitive a ocf:test:Stateful\nfoo\n")
    assert (ran.status, shell.ids("primitive")) == (1, ["a"])


def test_unique_prefixes_do_and_others_are_told(script: Script) -> None:
    assert script("conf\nsh\n").status == 1  # config, configure, confirm
    assert "could be" in script("conf\n").err
    assert script("configu\nsho\n").status == 0


def test_a_level_is_left_by_each_of_its_words() -> None:
    for word in ("up", "back", "end", "..", "cd .."):
        interpreter = Interpreter(Tree(cli.root), ["-f", "nosuch"], leave=lambda: True)
        assert interpreter.do("cd resource/group") == 0
        assert interpreter.path == ("resource", "group")
        assert interpreter.do(word) == 0
        assert interpreter.path == ("resource",), word
        assert interpreter.do("/") == 0
        assert interpreter.path == ()


def test_changes_are_counted_and_dropped(shell: Shell) -> None:
    asked = []
    interpreter = Interpreter(
        Tree(cli.root), ["-f", str(shell.path)], leave=lambda: bool(asked.append(1))
    )
    interpreter.do("configure\nprimitive a ocf:test:Stateful\nprimitive b ocf:test:Stateful")
    assert interpreter.pending() == 2
    interpreter.do("up")
    assert (asked, interpreter.path) == ([1], ("configure",))
    interpreter.do("delete a")
    assert interpreter.pending() == 1


def test_what_one_commit_took_with_a_warning_is_judged_anew_by_the_next(
    shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    interpreter = Interpreter(Tree(cli.root), ["-f", str(shell.path)])
    primitives = "primitive a ocf:test:Stateful\nprimitive b ocf:test:Stateful\n"
    assert interpreter.do(f"configure\n{primitives}order o a b\norder p b a\ncommit") == 0
    assert interpreter.level.run.forced == ("order-loop",)
    nowhere = "xml <tag id='t' bogus='1'><obj_ref id='a'/></tag>\n"
    assert interpreter.do("delete o p\ncommit") == 0
    assert interpreter.level.run.forced == ()
    capsys.readouterr()
    assert interpreter.do(f"order q a b\norder r b a\n{nowhere}commit") == 1
    assert "Error: These wait for each other" in capsys.readouterr().err
    assert "q" not in shell.ids("rsc_order")


def test_a_question_after_a_definition_explains_it_and_defines_nothing(
    shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    interpreter = Interpreter(Tree(cli.root), ["-f", str(shell.path)], leave=lambda: True)
    for line in ("configure primitive ?", "primitive a ocf:test:Service ?", "group g a ?"):
        assert interpreter.do(line) == 0, line
        assert "Usage: pcsx configure" in capsys.readouterr().out
        interpreter.do("configure")
    assert interpreter.pending() == 0


def test_what_the_schema_has_no_place_for_is_committed_by_force_alone(
    shell: Shell, script: Script
) -> None:
    lines = "configure\nprimitive a ocf:test:Stateful\n"
    lines += "xml <tag id='t' bogus='1'><obj_ref id='a'/></tag>\n"
    ran = script(f"{lines}commit\n")
    assert (ran.status, shell.ids("tag")) == (1, [])
    assert "bogus" in ran.err
    assert script(f"{lines}commit force\n").status == 0
    assert shell.ids("tag") == ["t"]


_WORDS = """configure primitive group location /resource node ? help cd .. / up ls a b meta x=1 op
    ocf:test:Stateful monitor inf: 100: n1 " ' \\ ( [ { rule $id= show delete commit -f -- --json
    property set xml <x/> # é status"""
WORDS = st.sampled_from(sorted(_WORDS.split()))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=st.lists(st.lists(WORDS, max_size=5).map(" ".join), max_size=4).map("\n".join))
def test_no_line_makes_a_traceback(shell: Shell, lines: str) -> None:
    interpreter = Interpreter(Tree(cli.root), ["-f", str(shell.path)], leave=lambda: True)
    status = guarded(Run([]), lambda _: interpreter.do(lines))
    assert status != BUG, lines


def test_words_of_crm_for_states_do_what_they_say(shell: Shell, script: Script) -> None:
    script("configure primitive a ocf:test:Stateful\n")
    ran = script("resource\nstop a\n/node\nstandby n1\nonline n1\n/ra\nlist ocf:test\n")
    assert (ran.status, ran.err) == (0, "")
    values = {e.get("name"): e.get("value") for e in shell.cib.tree.iter("nvpair")}
    assert values == {"target-role": "Stopped"}
    assert ran.out.split() == ["Newer", "Service", "Stateful"]


ODD = (
    "property stonith-enabled=zzz",
    "rsc_defaults resource-stickiness=zzz",
    "primitive c ocf:test:Service params path=/c meta is-managed=zzz",
    "primitive c ocf:test:Service params path=/c op monitor interval=10 op monitor interval=10s",
    "clone cl a meta clone-max=zzz",
    "order o1 a b\norder o2 b a",
    "order o a a",
    "colocation c inf: a a",
)
TWO = "primitive a ocf:test:Service params path=/a\nprimitive b ocf:test:Service params path=/b\n"


@pytest.mark.parametrize("text", ODD)
def test_what_a_document_holds_though_it_does_nothing_is_told_and_taken(
    shell: Shell, tmp_path: Path, text: str
) -> None:
    (tmp_path / "one.crm").write_text(TWO + text + "\n")
    ran = shell("configure load update", str(tmp_path / "one.crm"))
    assert (ran.status, "Warning: " in ran.err) == (0, True)
    made = shell.path.read_bytes()
    (tmp_path / "back.crm").write_text(shell("configure show").out)
    shell.path.write_bytes(EMPTY)
    assert shell("configure load replace", str(tmp_path / "back.crm")).status == 0
    assert shell.cib.tree.find("configuration") is not None
    assert Cib.from_bytes(made).sections == shell.cib.sections


@pytest.mark.parametrize("word", ["on-fail=zzz", "role=Zzz", "enabled=maybe"])
def test_what_no_schema_has_a_place_for_is_refused(shell: Shell, tmp_path: Path, word: str) -> None:
    (tmp_path / "one.crm").write_text(f"{TWO}primitive c ocf:test:Service op monitor {word}\n")
    assert shell("configure load update", str(tmp_path / "one.crm")).status == 1
    assert shell.ids("primitive") == []
