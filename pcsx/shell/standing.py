"""Whom the prompt speaks for: the cluster and its node, or a file; and how they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pcsx.errors import PcsxError
from pcsx.lean import dataclass

if TYPE_CHECKING:
    from pcsx.cib.document import Cib
    from pcsx.shell.run import Run

ANSWER_S: Final = 3.0
"""How long the prompt waits for a daemon that does not answer."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One look: the *name* of the cluster or file, this *node*, the *mood*, the nodes' states."""

    name: str = ""
    node: str = ""
    mood: str = ""
    """Nothing, `maintenance`, or `critical` where there is no quorum."""
    why: str = ""
    nodes: Mapping[str, str] = field(default_factory=dict)

    @property
    def prompt(self) -> str:
        """Return how the prompt begins."""
        name = self.name or "no cluster"
        return f"{name}/{self.node}" if self.node else name

    @property
    def greeting(self) -> str:
        """Return the line that is said first."""
        lead = f"{self.why} " if self.why else ""
        return f"{lead}TAB completes, ? explains, help lists what there is, quit leaves."


def standing_of(run: Run) -> tuple[Standing, Cib | None]:
    """Return how things stand with what *run* works on, and its document if it can be read."""
    try:
        if run.file is not None:
            document = run.cib()
            mood = "maintenance" if _in_maintenance(document) else ""
            return Standing(Path(run.file).name, mood=mood), document
        return _live(run)
    except PcsxError as error:
        name = Path(run.option("f")).name if run.option("f") else ""
        return Standing(name, mood="critical", why=f"{error}."), None


def _live(run: Run) -> tuple[Standing, Cib]:
    from pcsx.cib.document import Cib
    from pcsx.protocol import GetStatus

    told = run.source.call(GetStatus(), ANSWER_S)
    cluster: dict[str, Any] = told["cluster"]
    document = Cib.from_bytes(told["cib"].encode())
    mood, why = "", ""
    if not cluster.get("quorate", True):
        mood, why = "critical", f"No quorum: {cluster.get('quorum_reason') or 'nodes are missing'}."
    elif _in_maintenance(document):
        mood = "maintenance"
    nodes = {
        str(node["name"]): "online" if node.get("online") else "offline" for node in told["nodes"]
    }
    name, me = str(cluster.get("name") or ""), str(cluster.get("me") or "")
    return Standing(name, me, mood, why, nodes), document


def _in_maintenance(document: Cib) -> bool:
    return (document.cluster_option("maintenance-mode") or "").lower() in ("true", "yes", "on", "1")
