"""Which agents the document's resources use."""

from __future__ import annotations

from pcsx.cib.document import Cib


def agents_of(cib: Cib) -> tuple[tuple[str, str, str], ...]:
    """Return (class, provider, type) of every primitive's agent, sorted, each once.

    A template counts as well: what is made from it later has its agent.
    """
    configuration = cib.tree.find("configuration/resources")
    if configuration is None:
        return ()
    found = {
        (element.get("class") or "", element.get("provider") or "", element.get("type") or "")
        for element in configuration.iter("primitive", "template")
    }
    return tuple(sorted(name for name in found if name[0] and name[2]))
