"""Questions to the state of one resource, with an answer for people and one for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pcsx.cib.document import Cib
from pcsx.errors import Failed
from pcsx.lean import dataclass
from pcsx.pe.model import Resource
from pcsx.pe.state import resource_object
from pcsx.shell.output.running import nodes_of, read_now

YES, NO = 0, 2


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, in a line, as a value, and as an exit status."""

    text: str
    value: Any
    exit_status: int


def answer(cib: Cib, id: str, question: str, words: Sequence[str]) -> Answer:
    """Return the answer to *question* on the resource *id*; raise where it cannot be asked."""
    work = read_now(cib)
    found: Resource | None = work.by_id.get(id) or next(iter(work.by_base_id.get(id, ())), None)
    if question == "exists":
        return _truth(found is not None)
    if found is None:
        raise Failed(f"Resource '{id}' does not exist")
    value = resource_object(found)
    match question, list(words):
        case "is-type", [kind, *_]:
            wanted = "clone" if kind == "clone" else kind
            return _truth(value["kind"] == wanted or (kind == "clone" and _is_clone(value)))
        case "get-type", []:
            return Answer(value["kind"], value["kind"], YES)
        case "is-stonith", []:
            return _truth(value.get("agent", "").startswith("stonith:"))
        case "get-nodes", []:
            nodes = nodes_of(cib, id)
            return Answer("\n".join(nodes), nodes, YES)
        case "get-members", []:
            ids = [child["id"] for child in value.get("children", ())]
            return Answer("\n".join(ids), ids, YES)
        case "is-in-group", [*group]:
            outer = found.parent
            name = outer.id if outer is not None and outer.kind.name == "GROUP" else ""
            return _truth(bool(name) and (not group or group[0] == name))
        case "is-in-clone", [*clone]:
            outer = found.parent
            while outer is not None and outer.kind.name != "CLONE":
                outer = outer.parent
            return _truth(outer is not None and (not clone or clone[0] == outer.id))
        case "is-state", [state, *rest]:
            on = rest[1] if rest[:1] == ["on-node"] and len(rest) > 1 else ""
            return _truth(_has_state(cib, id, value, state.lower(), on))
    raise Failed(
        f"cannot ask '{question}' of a resource",
        "Questions: exists, is-type, get-type, is-stonith, is-state, is-in-group, is-in-clone, "
        "get-nodes, get-members",
    )


def _truth(value: bool) -> Answer:
    return Answer(str(value), value, YES if value else NO)


def _is_clone(value: dict[str, Any]) -> bool:
    return value["kind"] in ("clone", "promotable")


def _leaves(value: dict[str, Any]) -> list[dict[str, Any]]:
    children = value.get("children")
    if children is None:
        return [value]
    return [leaf for child in children for leaf in _leaves(child)]


def _has_state(cib: Cib, id: str, value: dict[str, Any], state: str, on: str) -> bool:
    leaves = _leaves(value)
    here = [leaf for leaf in leaves if not on or on in leaf["nodes"]]
    match state:
        case "started" | "promoted" | "unpromoted":
            roles = {leaf["role"].lower() for leaf in here if leaf["nodes"]}
            return bool(roles) if state == "started" else state in roles
        case "stopped":
            return not nodes_of(cib, id) if not on else on not in nodes_of(cib, id)
        case "active":
            return any(leaf["active"] for leaf in here)
        case "managed" | "unmanaged":
            return all(leaf["managed"] == (state == "managed") for leaf in leaves)
        case "disabled" | "enabled":
            return bool(value["disabled"]) == (state == "disabled")
        case "failed" | "blocked":
            return any(leaf[state] for leaf in here)
        case "orphaned":
            return bool(value["orphan"])
        case "pending":
            return any(leaf["pending"] for leaf in here)
    raise Failed(f"'{state}' is not a state of resources")
