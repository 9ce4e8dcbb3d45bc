"""The shell in a real terminal: typed, completed, pasted into, interrupted, left."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pcsx.cib.document import Cib
from tests.shell.support import AGENTS, EMPTY
from tests.shell.terminal import Terminal, environment

Open = Callable[..., Terminal]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """Return the shell on an empty document, at its first prompt."""
    agents = tmp_path / "agents.json"
    agents.write_text(json.dumps(AGENTS))
    (tmp_path / "cib.xml").write_bytes(EMPTY)
    words = ["-f", str(tmp_path / "cib.xml"), "shell"]
    editor = {"EDITOR": "sed -i s/wrong/test/", "VISUAL": ""}
    opened = Terminal(words, environment(tmp_path, agents) | editor)
    try:
        opened.see("cib.xml> ")
        yield opened
    finally:
        opened.close()


def _ids(tmp_path: Path) -> set[str]:
    tree = Cib.from_bytes((tmp_path / "cib.xml").read_bytes()).tree
    return {str(element.get("id")) for element in tree.iter("primitive", "group")}


def test_a_line_is_completed_explained_and_committed(terminal: Terminal, tmp_path: Path) -> None:
    terminal.enter("configure")
    terminal.see("cib.xml configure> ")
    terminal.send("primitive web ocf:test:Service ")
    terminal.see("still needed: path")
    assert "path=" in terminal.see("* string")  # required, with its type, in the menu
    terminal.enter("path=/srv")
    terminal.see("cib.xml configure(+1)> ")
    terminal.enter("commit")
    assert "primitive web ocf:test:Service" in terminal.see("Commit?")
    terminal.enter("y")
    terminal.see("cib.xml configure> ", times=2)
    terminal.enter("quit")
    assert terminal.ends() == 0
    assert _ids(tmp_path) == {"web"}


def test_a_pasted_file_is_one_transaction_whatever_its_order(
    terminal: Terminal, tmp_path: Path
) -> None:
    terminal.paste(
        "group g a b\n"
        "primitive a ocf:test:Stateful\n"
        "primitive b ocf:test:Stateful \\\n"
        "  op monitor interval=10s\n"
    )
    terminal.see("interval=10s")
    terminal.send("\r")
    terminal.see("cib.xml configure(+3)> ")
    terminal.enter("quit")
    terminal.see("[c] stay")
    terminal.enter("d")
    assert "+ group g a b" in terminal.see("[c] stay", times=2)
    terminal.enter("y")
    assert terminal.ends() == 0
    assert _ids(tmp_path) == {"a", "b", "g"}


def test_a_pasted_file_with_a_fault_changes_nothing(terminal: Terminal, tmp_path: Path) -> None:
    terminal.paste("primitive a ocf:test:Stateful\ngroup g a nosuch\n")
    terminal.send("\r")
    terminal.see("Error:")
    terminal.see("cib.xml> ", times=2)
    terminal.enter("quit")
    assert terminal.ends() == 0
    assert _ids(tmp_path) == set()


def test_leaving_asks_and_dropped_changes_are_gone(terminal: Terminal, tmp_path: Path) -> None:
    terminal.enter("configure")
    terminal.see("configure> ")
    terminal.enter("primitive a ocf:test:Stateful")
    terminal.see("configure(+1)> ")
    terminal.send("\x04")
    terminal.see("[c] stay")
    # Neither yes nor no: it stays. An interrupt just before the question reads is seen with the
    # line that follows; one in time leaves that line to the prompt.
    terminal.send("\x03")
    terminal.enter("")
    terminal.see("configure(+1)> ", times=2)
    terminal.enter("up")
    terminal.see("[c] stay", times=2)
    terminal.enter("n")
    terminal.see("cib.xml> ", times=2)
    terminal.send("\x04")
    assert terminal.ends() == 0
    assert _ids(tmp_path) == set()


def test_the_prompt_counts_what_is_not_committed(terminal: Terminal, tmp_path: Path) -> None:
    terminal.enter("configure")
    terminal.see("cib.xml configure> ")
    terminal.enter("primitive a ocf:test:Stateful")
    terminal.see("configure(+1)> ")
    terminal.enter("primitive b ocf:test:Stateful")
    terminal.see("configure(+2)> ")
    terminal.enter("group g a b")
    terminal.see("configure(+3)> ")
    terminal.enter("delete g")
    terminal.see("configure(+2)> ", times=2)
    terminal.enter("commit -y")
    terminal.see("cib.xml configure> ", times=2)
    terminal.enter("delete b")
    terminal.see("configure(+1)> ", times=2)
    terminal.enter("refresh")
    terminal.see("cib.xml configure> ", times=3)
    terminal.enter("quit")
    assert terminal.ends() == 0
    assert _ids(tmp_path) == {"a", "b"}


def test_a_word_is_marked_while_it_is_typed_and_the_toolbar_says_why(terminal: Terminal) -> None:
    terminal.enter("configure")
    terminal.see("configure> ")
    terminal.send("group g nosuch ")
    terminal.see("there is no resource 'nosuch'")
    terminal.see_drawn("nosuch", "red", "underlined")
    assert "red" not in terminal.screen.look("group g")
    terminal.send("\x03")
    terminal.send("primitive a ocf:test:Service path=/x op monitor timeout=3s ")
    terminal.see_drawn("timeout=3s", "yellow", "underlined")
    terminal.see("advises at least 25s for monitor")
    terminal.send("\x7f" * 2 + "0s ")
    terminal.see_drawn("timeout=30s")
    terminal.enter("")  # what is a warning only is taken
    terminal.see("configure(+1)> ")


def test_keys_show_help_agent_difference_plan_and_status(terminal: Terminal) -> None:
    terminal.enter("configure")
    terminal.see("configure> ")
    terminal.enter("primitive web ocf:test:Stateful")
    terminal.see("configure(+1)> ")
    terminal.send("primitive x ocf:test:Service ")
    terminal.see("still needed: path")
    for key, wanted in {
        "\x1bOP": "Usage: pcsx configure primitive",
        "\x1bOQ": "Resource options:",
        "\x1bOR": "+primitive web ocf:test:Stateful",
        "\x1bOS": "The cluster would do nothing.",
        "\x1b[15~": "Cluster (from a file)",
    }.items():
        terminal.send(key)
        terminal.see(wanted)
    terminal.enter("path=/x")  # the line is still there
    terminal.see("configure(+2)> ")
    terminal.send("primitive y ocf:wrong:Stateful")
    terminal.see("ocf:wrong:Stateful")
    terminal.send("\x1b[19~")  # the editor of the fixture
    terminal.see("primitive y ocf:test:Stateful")
    terminal.enter("")
    terminal.see("configure(+3)> ")


def test_ctrl_c_drops_the_line_and_a_new_size_is_used(terminal: Terminal) -> None:
    terminal.send("resource cr")
    terminal.see("Create a resource")
    terminal.send("\x03")
    terminal.resize(30, 60)
    terminal.enter("cd resource/group")
    terminal.see("cib.xml resource group> ")
    terminal.enter("ls")
    terminal.see("cib.xml resource group> ", times=2)
    terminal.enter("/node standby n1")
    terminal.see("cib.xml resource group> ", times=3)
    terminal.send("\x04")
    assert terminal.ends() == 0
    assert "Traceback" not in terminal.all


def test_mistakes_are_told_and_do_not_end_the_shell(terminal: Terminal) -> None:
    terminal.enter("resorce")
    terminal.see("Did you mean: resource")
    terminal.see("cib.xml> ", times=2)
    terminal.enter("re")
    terminal.see("'re' could be")
    terminal.see("cib.xml> ", times=3)
    terminal.enter("no standby nosuch")
    terminal.see("cib.xml> ", times=4)
    terminal.send("resource move ?")
    terminal.see("Usage: pcsx resource move")
    terminal.see("cib.xml> resource move ", times=1)  # the line is still there
    terminal.send("\x03")
    terminal.see("cib.xml> ", times=5)
    terminal.enter("quit")
    assert terminal.ends() == 0
    assert "Traceback" not in terminal.all


def test_leaving_shows_the_plan_and_can_keep_a_copy(terminal: Terminal, tmp_path: Path) -> None:
    terminal.enter("configure primitive a ocf:test:Stateful")
    terminal.see("cib.xml> ", times=2)  # from elsewhere it is committed at once
    terminal.enter("configure")
    terminal.see("configure> ")
    terminal.enter("primitive b ocf:test:Stateful")
    terminal.see("configure(+1)> ")
    terminal.enter("quit")
    terminal.see("1 change is not committed.")
    terminal.enter("p")
    terminal.see("The cluster would do nothing.")
    terminal.enter("s")
    terminal.see("Name of the copy: ")
    terminal.enter("later")
    assert "pcsx cib commit later" in terminal.see("It is kept")
    assert terminal.ends() == 0
    assert _ids(tmp_path) == {"a"}
    (copy,) = (tmp_path / "state").rglob("later*.xml")
    assert b'id="b"' in copy.read_bytes()


def test_what_cannot_be_committed_is_told_and_asked_again(
    terminal: Terminal, tmp_path: Path
) -> None:
    terminal.enter("configure")
    terminal.see("configure> ")
    terminal.enter("colocation c inf: a b")
    terminal.see("configure(+1)> ")
    terminal.enter("quit")
    terminal.see("[c] stay")
    terminal.enter("y")
    assert "Error:" in terminal.see("[c] stay", times=2)
    terminal.enter("c")
    terminal.see("configure(+1)> ", times=2)
    assert _ids(tmp_path) == set()


def test_the_live_screen_follows_the_file_and_ends_with_q(
    tmp_path: Path,
) -> None:
    path = tmp_path / "cib.xml"
    path.write_bytes(EMPTY)
    opened = Terminal(["-f", str(path), "monitor"], environment(tmp_path, tmp_path / "none"))
    try:
        opened.see("q quit")
        opened.see("n2")
        path.write_bytes(EMPTY.replace(b'uname="n2"', b'uname="other"'))
        opened.see("other")
        opened.send("/")
        opened.see("\n/")
        opened.send("n1\rq")
        assert opened.ends() == 0
    finally:
        opened.close()


def test_the_keys_of_the_live_screen(tmp_path: Path) -> None:
    path = tmp_path / "cib.xml"
    primitive = b'<primitive id="web" class="ocf" provider="test" type="Stateful"/>'
    online = b'<node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" '
    online += b'expected="member"/>'
    held = EMPTY.replace(b"<resources/>", b"<resources>" + primitive + b"</resources>")
    path.write_bytes(held.replace(b"<status/>", b"<status>" + online + b"</status>"))
    opened = Terminal(["-f", str(path), "monitor"], environment(tmp_path, tmp_path / "none"))
    try:
        opened.see("q quit")
        opened.see_drawn("  n1", "reverse")
        opened.send("\x1b[B\x1b[B")
        opened.see_drawn("  web", "reverse")
        opened.send("w")
        opened.see("web is stopped")
        opened.see("Any key goes back.")
        opened.press(" ", "q quit")
        for key, pane in (("n", "Nodes"), ("r", "Resources"), ("e", "Events")):
            opened.send(key)
            opened.lose(f"\n{pane}")
            opened.send(key)
            opened.see(f"\n{pane}")
        opened.send("f")
        opened.see("\nFailures")
        opened.send("f")
        opened.see("\nResources")
        opened.see_drawn("  n1", "reverse")
        opened.send("s")
        opened.see("Move everything off it: n1? [y/n]")
        opened.send("n")
        opened.see("q quit")
        opened.send("s")
        opened.see("Move everything off it: n1? [y/n]")
        opened.send("y")
        opened.see("Any key goes back.")
        opened.press(" ", "q quit")
        opened.send("s")
        opened.see("Let it run resources again: n1? [y/n]")
        opened.send("nq")
        assert opened.ends() == 0
        assert b'name="standby" value="on"' in path.read_bytes()
    finally:
        opened.close()
