"""Which agents the document's resources use, and which of their operations are traced."""

from __future__ import annotations

from pcsx.cib.document import Cib, by_sections


@by_sections("resources")
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


TRACE: str = "pcsx-trace"
"""The meta attribute that names the operations to be traced."""
ALL: str = "all"


@by_sections("resources")
def traced_of(cib: Cib) -> frozenset[tuple[str, str]]:
    """Return (resource, operation) of all that is to be traced; `all` stands for any operation.

    It is read apart from what an agent is given, so that tracing restarts nothing.
    """
    found: set[tuple[str, str]] = set()
    for pair in cib.tree.iterfind(f"configuration/resources//nvpair[@name='{TRACE}']"):
        block = pair.getparent()
        holder = block.getparent() if block is not None else None
        if holder is None:
            continue
        names = [primitive.get("id") or "" for primitive in holder.iter("primitive")]
        found |= {(name, task) for name in names for task in (pair.get("value") or "").split()}
    return frozenset(found)
