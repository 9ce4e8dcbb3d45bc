"""The golden cases of pcs, where they lie beside the checkout; none that passed may fail."""

from __future__ import annotations

import json
import shutil
import subprocess
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


def _document(configuration: str) -> bytes:
    """Return the document of all cases with the configuration in that file."""
    root = _parse(SHARED / "pcs" / "base.xml")
    old = root.find("configuration")
    assert old is not None
    root.replace(old, _parse(SHARED / "pcs" / configuration))
    return etree.tostring(root)


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
    path = tmp_path / "cib.xml"
    path.write_bytes(_document(f"{name}.before.xml"))
    status = cli.run(["-f", str(path), *case["command"]])
    printed = capsys.readouterr().out
    assert status == case["exit"]
    assert _canonical(_parse(path)) == _canonical(_parse(SHARED / "pcs" / f"{name}.after.xml"))
    _compare_text(case, printed)
    if status == 0 and (faults := crm_verify(path)):
        path.write_bytes(_document(f"{name}.after.xml"))
        assert crm_verify(path), f"crm_verify says of ours, and not of theirs: {faults}"


@pytest.mark.skipif(
    shutil.which("crm_verify") is None, reason="without crm_verify nothing else judges the cases"
)
def test_crm_verify_is_here_and_judges_what_the_cases_write(tmp_path: Path) -> None:
    path = tmp_path / "cib.xml"
    path.write_bytes(_document("case-01.after.xml"))
    assert crm_verify(path) == ""
    path.write_bytes(path.read_bytes().replace(b"rsc_", b"no_").replace(b"<op ", b"<no "))
    assert crm_verify(path)


def crm_verify(path: Path) -> str:
    """Return what crm_verify has against a document, but for a missing fence device.

    Where it is not installed it has nothing against any.
    """
    if shutil.which("crm_verify") is None:
        return ""
    root = _parse(path)
    crm_config = root.find("configuration/crm_config")
    assert crm_config is not None
    if root.find(".//nvpair[@name='stonith-enabled']") is None:
        quiet = etree.SubElement(crm_config, "cluster_property_set", id="no-device-is-no-fault")
        etree.SubElement(quiet, "nvpair", id="quiet", name="stonith-enabled", value="false")
    text = etree.tostring(root)
    ran = subprocess.run(["crm_verify", "-V", "-p"], input=text, capture_output=True, check=False)
    return ran.stderr.decode() if ran.returncode else ""


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
