"""The shared cases of crm's language, graded in one process: none that passes may be lost."""

import json
import re
from pathlib import Path

import pytest

from pcsx.cib import Cib
from pcsx.cib.check import check
from pcsx.cib.plain import Element, seal, unseal
from pcsx.errors import PcsxError, Severity
from pcsx.shell.commands.configure import Level
from pcsx.shell.run import Run
from pcsx.shell.syntax import Workspace, read, show
from pcsx.shell.syntax.lexer import lines
from tests.shell.test_conformance import crm_verify

CASES = Path(__file__).parents[3] / ".." / "shared" / "conformance" / "crmsh"
NAMES = sorted(path.stem for path in CASES.glob("*.crm")) if CASES.is_dir() else []
UNORDERED = ("nodes", "crm_config", "resources", "constraints", "acls", "tags", "alerts")
ANOTHER_TEXT = {"case-30", "case-42", "case-56", "session-01", "session-02"}
"""Cases whose own text has lost ids or types, so that no text is both that one and reads back."""

pytestmark = pytest.mark.skipif(not NAMES, reason="the shared cases of crm's language are not here")


def key(element: Element) -> str:
    attributes = sorted(element.attributes.items())
    return f"{element.tag}{attributes}{[key(child) for child in element.children]}"


def canonical(configuration: Element) -> list[str]:
    found = []
    for section in configuration.children:
        members = [key(child) for child in section.children]
        if members:
            found.append(
                section.tag + str(sorted(members) if section.tag in UNORDERED else members)
            )
    return sorted(found)


def plain_lines(text: str) -> list[str]:
    joined = text.replace(" \\\n\t", " ").replace(" \\\n", " ")
    words = [" ".join(line.split()) for line in joined.splitlines() if line.strip()]
    return sorted(words)


def hidden(text: str) -> str:
    return re.sub(r"\b(passw\w*)=(\"[^\"]*\"|\S+)", r'\1="******"', text)


@pytest.fixture
def agents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PCSX_AGENT_METADATA", str(CASES / ".." / "agents.json"))


def outcome(name: str, tmp_path: Path) -> tuple[bool, Element]:
    """Return whether the case was taken, and the configuration after it."""
    file = tmp_path / "cib.xml"
    file.write_bytes((CASES / "base.xml").read_bytes())
    run = Run([])
    run.take({"f": str(file)})
    level = Level(run)
    text = (CASES / f"{name}.crm").read_text("utf-8")
    try:
        if name.startswith("session"):
            level.in_batch = True
            for line in lines(text):
                level.session.take(line, level.do_command)
        else:
            level.session.load("update", text)
        level.session.commit()
    except PcsxError:
        return False, unseal(Cib.from_bytes(file.read_bytes()))
    return True, unseal(Cib.from_bytes(file.read_bytes()))


@pytest.mark.usefixtures("agents")
@pytest.mark.parametrize("name", NAMES)
def test_a_case_makes_the_configuration_that_it_should(name: str, tmp_path: Path) -> None:
    index = {row["case"]: row for row in json.loads((CASES / "index.json").read_text("utf-8"))}
    taken, found = outcome(name, tmp_path)
    base = unseal(Cib.from_bytes((CASES / "base.xml").read_bytes()))
    told = any(message.startswith("ERROR") for message in index[name]["messages"])
    if index[name]["rc"] or (told and not taken):
        assert not taken
        assert canonical(found) == canonical(base)
        return
    wanted = unseal(Cib.from_bytes((CASES / f"{name}.xml").read_bytes()))
    assert taken
    assert canonical(found) == canonical(wanted)
    if faults := crm_verify(tmp_path / "cib.xml"):
        theirs = seal(Cib.from_bytes((CASES / "base.xml").read_bytes()), wanted)
        (tmp_path / "cib.xml").write_bytes(theirs.to_bytes())
        assert crm_verify(tmp_path / "cib.xml"), f"crm_verify says of ours alone: {faults}"


@pytest.mark.parametrize("name", [n for n in NAMES if (CASES / f"{n}.show").exists()])
def test_the_text_of_a_case_reads_back_and_is_the_fields(name: str) -> None:
    wanted = unseal(Cib.from_bytes((CASES / f"{name}.xml").read_bytes()))
    text = show(wanted)
    workspace = Workspace(unseal(Cib.from_bytes((CASES / "base.xml").read_bytes())))
    workspace.define(read(text), replace=True)
    assert canonical(workspace.root) == canonical(wanted)
    if name not in ANOTHER_TEXT:
        shown = (CASES / f"{name}.show").read_text("utf-8")
        assert plain_lines(hidden(text)) == plain_lines(hidden(shown))


@pytest.mark.parametrize("name", [n for n in NAMES if (CASES / f"{n}.show").exists()])
def test_a_document_of_a_case_has_no_error(name: str) -> None:
    base = Cib.from_bytes((CASES / "base.xml").read_bytes())
    wanted = unseal(Cib.from_bytes((CASES / f"{name}.xml").read_bytes()))
    errors = [f for f in check(seal(base, wanted)) if f.severity is Severity.ERROR]
    assert errors == []
