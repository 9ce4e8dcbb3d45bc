"""The first document, and what the field's own tool says to it."""

import shutil
import subprocess
from pathlib import Path

import pytest
from lxml import etree

from pcsx.cib import Version
from pcsx.cib.founding import BOOTSTRAP, first_document


def test_the_first_document_names_cluster_and_nodes() -> None:
    cib = first_document("web", "ab12", [("1", "n1"), ("2", "n2")])
    assert cib.version == Version(0, 1, 0)
    assert [n.get("uname") for n in cib.tree.iter("node")] == ["n1", "n2"]
    values = {p.get("name"): p.get("value") for p in cib.tree.iter("nvpair")}
    assert values["cluster-name"] == "web"
    assert values["resource-stickiness"] == "1"


def test_the_same_cluster_has_the_same_first_document_everywhere() -> None:
    assert first_document("w", "u", [("1", "a")]) == first_document("w", "u", [("1", "a")])


@pytest.mark.skipif(not shutil.which("crm_verify"), reason="crm_verify is not installed")
def test_the_fields_own_tool_accepts_it(tmp_path: Path) -> None:
    def without_fencing(tree: etree._Element) -> None:
        options = tree.find(f".//cluster_property_set[@id='{BOOTSTRAP}']")
        assert options is not None
        etree.SubElement(options, "nvpair", id="no-fencing", name="stonith-enabled", value="false")

    file = tmp_path / "cib.xml"
    file.write_bytes(first_document("w", "u", [("1", "a")]).edited(without_fencing).to_bytes())
    run = subprocess.run(
        ["crm_verify", "-V", "-x", str(file)], capture_output=True, text=True, timeout=60
    )
    assert (run.returncode, run.stderr) == (0, "")
