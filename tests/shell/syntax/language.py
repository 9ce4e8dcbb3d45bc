"""Small helpers: a configuration from text, and the text of one."""

from pcsx.cib import Cib
from pcsx.cib.plain import Element, from_xml
from pcsx.shell.syntax import Workspace, read, show

NODES = '<nodes><node id="1" uname="n1"/><node id="2" uname="n2"/></nodes>'


def empty() -> Workspace:
    """Return a configuration of two nodes and nothing else."""
    return Workspace(from_xml(f"<configuration>{NODES}</configuration>"))


def written(text: str, workspace: Workspace | None = None) -> Workspace:
    """Return the configuration after *text* was loaded into it."""
    workspace = workspace or empty()
    workspace.define(read(text), replace=True)
    return workspace


def again(workspace: Workspace) -> Workspace:
    """Return what the text of *workspace* reads as, from nothing."""
    return written(show(workspace.root), Workspace(Element("configuration")))


def one(workspace: Workspace, name: str) -> Element:
    """Return the element of that name, which must be there."""
    found = workspace.find(name)
    assert found is not None
    return found


def said(text: str) -> str:
    """Return how *text* is printed, on one line each, without the nodes."""
    lines = show(written(text).root).replace(" \\\n\t", " ").splitlines()
    return "\n".join(line for line in lines if not line.startswith("node "))


def plain_cib(workspace: Workspace) -> Cib:
    """Return a document that holds the configuration."""
    from pcsx.cib.plain import seal

    return seal(Cib.from_bytes(b"<cib/>"), workspace.root.copy())
