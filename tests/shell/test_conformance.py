"""The golden cases of pcs, where they lie beside the checkout; none that passed may fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from lxml import etree

from pcsx import cli
from pcsx.shell import corosync_conf

SHARED: Final = Path(__file__).parents[2] / ".." / "shared" / "conformance"
BASELINE: Final = Path(__file__).with_name("pcs_baseline.json")
FREE: Final = (
    "nodes", "crm_config", "constraints", "acls", "tags", "alerts", "resources", "operations",
    "instance_attributes", "meta_attributes", "utilization", "cluster_property_set",
)  # fmt: skip
"""Elements whose children may stand in any order."""

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the shared conformance cases are not beside this checkout"
)


def _names(kind: str) -> list[str]:
    return json.loads(BASELINE.read_text())[kind] if BASELINE.exists() else []


def _canonical(root: etree._Element) -> bytes:
    conf = root if root.tag == "configuration" else root.find("configuration")
    assert conf is not None
    for element in conf.iter("*"):
        element.text = element.tail = None
    for element in conf.iter(*FREE):
        element[:] = sorted(element, key=lambda child: etree.tostring(child, method="c14n"))
    for child in list(conf):
        if not len(child):
            conf.remove(child)
    text: bytes = etree.tostring(conf, method="c14n")
    return text


def _parse(path: Path) -> etree._Element:
    return etree.parse(str(path), etree.XMLParser(remove_blank_text=True)).getroot()


@pytest.fixture
def agents(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let agents be described by the file of the cases."""
    monkeypatch.setenv("PCSX_AGENT_METADATA", str(SHARED / "agents.json"))
    yield


@pytest.mark.parametrize("name", _names("pcs"))
def test_a_command_does_to_a_document_what_pcs_does(
    name: str, agents: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = json.loads((SHARED / "pcs" / f"{name}.json").read_text())
    root = _parse(SHARED / "pcs" / "base.xml")
    old = root.find("configuration")
    assert old is not None
    root.replace(old, _parse(SHARED / "pcs" / f"{name}.before.xml"))
    path = tmp_path / "cib.xml"
    path.write_bytes(etree.tostring(root))
    status = cli.run(["-f", str(path), *case["command"]])
    printed = capsys.readouterr().out
    assert status == case["exit"]
    assert _canonical(_parse(path)) == _canonical(_parse(SHARED / "pcs" / f"{name}.after.xml"))
    _compare_text(case, printed)


def _compare_text(case: dict[str, Any], printed: str) -> None:
    wanted = "\n".join(case["stdout"])
    if not wanted or case["exit"]:
        return
    if wanted.lstrip().startswith("{"):
        assert json.loads(printed) == json.loads(wanted)
    else:
        assert _lines(printed) == _lines(wanted)


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def _sections(section: corosync_conf.Section) -> Any:
    inside = sorted(map(_sections, section.inside), key=lambda each: str(each[0]))
    return (section.name, sorted(section.keys), inside)


@pytest.mark.parametrize("name", _names("pcs-corosync"))
def test_setup_writes_the_corosync_conf_that_pcs_writes(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = json.loads((SHARED / "pcs-corosync" / f"{name}.json").read_text())
    path = tmp_path / "corosync.conf"
    words = ["cluster", "setup", "--corosync_conf", str(path), *case["command"][2:]]
    assert cli.run(words) == case["exit"]
    capsys.readouterr()
    golden = SHARED / "pcs-corosync" / f"{name}.conf"
    assert path.exists() == golden.exists()
    if golden.exists():
        ours, theirs = (corosync_conf.parse(file.read_text()) for file in (path, golden))
        assert _sections(ours) == _sections(theirs)
