"""Graph XML read back into a `Transition`, for tests; and where the stored cases are."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from pcsx.pe.transition import Action, ActionKind, Transition

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared"
CASES = SHARED / "conformance" / "scheduler"

needs_cases = pytest.mark.skipif(
    not CASES.is_dir(), reason="the stored scheduler cases (../shared) are not beside the checkout"
)


def case_names() -> list[str]:
    """Return the names of the stored cases, or none where they are absent."""
    return sorted(path.stem for path in (CASES / "exp").glob("*.exp"))


def expected_graph(name: str) -> Transition:
    """Return the stored transition of one case."""
    return read_graph((CASES / "exp" / f"{name}.exp").read_text(encoding="utf-8"))


def read_graph(text: str) -> Transition:
    """Return what graph XML says, as far as a `Transition` holds it."""
    root = ET.fromstring(text)
    actions = tuple(
        _action(synapse, element)
        for synapse in root.iter("synapse")
        for element in synapse.iterfind("action_set/*")
    )
    return Transition(
        actions,
        failed_start_fatal=root.get("failed-start-offset") == "INFINITY",
        failed_stop_fatal=root.get("failed-stop-offset") == "INFINITY",
    )


def _action(synapse: ET.Element, element: ET.Element) -> Action:
    attributes = dict(element.find("attributes").attrib)  # type: ignore[union-attr]
    meta = {
        name.removeprefix("CRM_meta_"): value
        for name, value in attributes.items()
        if name.startswith("CRM_meta_")
    }
    params = {n: v for n, v in attributes.items() if not n.startswith("CRM_meta_")}
    primitive = element.find("primitive")
    identity = {} if primitive is None else primitive.attrib
    return Action(
        id=int(element.get("id", "0")),
        kind=ActionKind(element.tag),
        task=element.get("operation", ""),
        key=element.get("operation_key", ""),
        internal_key=element.get("internal_operation_key"),
        node=element.get("on_node"),
        node_id=element.get("on_node_uuid"),
        router=element.get("router_node"),
        resource=identity.get("id"),
        instance=identity.get("long-id"),
        agent=(identity["class"], identity.get("provider", ""), identity["type"])
        if identity
        else None,
        params=tuple(sorted(params.items())),
        meta=tuple(sorted(meta.items())),
        inputs=tuple(int(a.get("id", "0")) for a in synapse.iterfind("inputs/trigger/*")),
        priority=int(synapse.get("priority", "0")),
        interval_ms=int(meta.get("interval", "0")),
        timeout_ms=int(meta.get("timeout", "20000")),
        target_rc=int(meta["op_target_rc"]) if "op_target_rc" in meta else None,
        downed=tuple(node.get("id", "") for node in element.iterfind("downed/node")),
    )
