"""The program run in this process on a document in a file, with the agents that a test names."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pcsx import cli
from pcsx.cib.document import Cib

EMPTY = b"""<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0"
 admin_epoch="0"><configuration><crm_config/><nodes><node id="1" uname="n1"/>
 <node id="2" uname="n2"/></nodes><resources/><constraints/></configuration><status/></cib>"""

AGENTS: dict[str, Any] = {
    "ocf:test:Service": {
        "parameters": {
            "path": {"type": "string", "required": "1", "unique": "1"},
            "level": {"type": "integer", "default": "3"},
        },
        "actions": [
            {"name": "start", "timeout": "30s"},
            {"name": "stop", "timeout": "40s"},
            {"name": "monitor", "interval": "15s", "timeout": "25s"},
            {"name": "meta-data", "timeout": "5s"},
        ],
    },
    "ocf:test:Newer": {
        "parameters": {},
        "actions": [
            {"name": "start", "timeout": "30s"},
            {"name": "stop", "timeout": "30s"},
            {"name": "monitor", "interval": "10s"},
            {"name": "reload-agent", "timeout": "20s"},
        ],
    },
    "ocf:test:Stateful": {
        "parameters": {},
        "actions": [
            {"name": "start", "timeout": "30s"},
            {"name": "stop", "timeout": "30s"},
            {"name": "promote", "timeout": "30s"},
            {"name": "monitor", "interval": "10s", "role": "Promoted"},
            {"name": "monitor", "interval": "10s", "role": "Unpromoted"},
        ],
    },
    "stonith:fence_test": {
        "parameters": {"ip": {"type": "string", "required": "1"}},
        "actions": [{"name": "off"}, {"name": "monitor"}],
    },
}


@dataclass(frozen=True, slots=True)
class Ran:
    """How one invocation ended: status, standard output and standard error."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return the object on standard output."""
        return json.loads(self.out)


class Shell:
    """The program on one file."""

    def __init__(self, path: Path, capture: Callable[[], Any]) -> None:
        """Work on *path*; *capture* gives what was printed."""
        self.path = path
        self._capture = capture

    def __call__(self, line: str, *more: str) -> Ran:
        """Run the words of *line* and *more* on the file."""
        return self.bare("-f", str(self.path), *line.split(), *more)

    def bare(self, *words: str) -> Ran:
        """Run *words* as they are."""
        self._capture()
        status = cli.run(list(words))
        printed = self._capture()
        return Ran(status, printed.out, printed.err)

    def must(self, *lines: str) -> None:
        """Run *lines*, which all succeed."""
        for line in lines:
            ran = self(line)
            assert ran.status == 0, (line, ran.err)

    @property
    def cib(self) -> Cib:
        """Return the document as it is now."""
        return Cib.from_bytes(self.path.read_bytes())

    def ids(self, tag: str) -> list[str]:
        """Return the ids of all elements *tag*, in their order."""
        return [str(element.get("id")) for element in self.cib.tree.iter(tag)]

    def at(self, id: str) -> dict[str, str]:
        """Return the attributes of the element *id*, without the id."""
        found = next(e for e in self.cib.tree.iter("*") if e.get("id") == id)
        return {str(name): str(value) for name, value in found.attrib.items() if name != "id"}


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    """Return the program on an empty document of two nodes, with the agents of `AGENTS`."""
    agents = tmp_path / "agents.json"
    agents.write_text(json.dumps(AGENTS))
    monkeypatch.setenv("PCSX_AGENT_METADATA", str(agents))
    monkeypatch.setenv("PCSX_STATE", str(tmp_path / "state"))
    path = tmp_path / "cib.xml"
    path.write_bytes(EMPTY)
    return Shell(path, capsys.readouterr)
