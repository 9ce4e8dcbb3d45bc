"""Small documents for the laws of constraints: nodes a, b, c and whatever a law needs."""

from __future__ import annotations

from datetime import UTC, datetime

from pcsx.cib import Cib
from pcsx.pe.assign.prepare import prepare_scores
from pcsx.pe.constraints import location
from pcsx.pe.model import Resource, WorkingSet
from pcsx.pe.read.working_set import read_constraints, working_set

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def primitive(name: str, *, meta: str = "") -> str:
    """Return a primitive; *meta* is like `priority=5 target-role=Stopped`."""
    return (
        f'<primitive id="{name}" class="ocf" provider="pacemaker" type="Dummy">'
        f"{block('meta_attributes', name, meta)}</primitive>"
    )


def block(tag: str, owner: str, pairs: str) -> str:
    """Return a block of name-value pairs from words like `name=value`."""
    if not pairs:
        return ""
    nvpairs = "".join(
        f'<nvpair id="{owner}-{tag}-{name}" name="{name}" value="{value}"/>'
        for name, _, value in (pair.partition("=") for pair in pairs.split())
    )
    return f'<{tag} id="{owner}-{tag}">{nvpairs}</{tag}>'


def document(
    resources: str,
    constraints: str = "",
    *,
    options: str = "",
    attributes: dict[str, str] | None = None,
    histories: dict[str, str] | None = None,
    tags: str = "",
    tickets: str = "",
) -> Cib:
    """Return a document; *attributes* and *histories* (resources that run) are by node."""
    attributes, histories = attributes or {}, histories or {}
    nodes = states = ""
    for number, name in enumerate("abc", 1):
        nodes += (
            f'<node id="{number}" uname="{name}">'
            f"{block('instance_attributes', f'n{number}', attributes.get(name, ''))}</node>"
        )
        running = "".join(_started(rsc) for rsc in histories.get(name, "").split())
        states += (
            f'<node_state id="{number}" uname="{name}" in_ccm="true" crmd="online" join="member" '
            f'expected="member"><lrm id="{number}"><lrm_resources>{running}</lrm_resources></lrm>'
            "</node_state>"
        )
    properties = block("cluster_property_set", "opt", f"stonith-enabled=false {options}")
    text = (
        '<cib have-quorum="1" validate-with="pacemaker-3.9" crm_feature_set="3.19.0">'
        f"<configuration><crm_config>{properties}</crm_config><nodes>{nodes}</nodes>"
        f"<resources>{resources}</resources><constraints>{constraints}</constraints>"
        f"<tags>{tags}</tags></configuration>"
        f"<status>{states}<tickets>{tickets}</tickets></status></cib>"
    )
    return Cib.from_bytes(text.encode())


def _started(name: str) -> str:
    return (
        f'<lrm_resource id="{name}" class="ocf" provider="pacemaker" type="Dummy"><lrm_rsc_op '
        f'id="{name}_start_0" operation_key="{name}_start_0" operation="start" interval="0" '
        'call-id="1" rc-code="0" op-status="0" transition-key="1:1:0:x" '
        'transition-magic="0:0;1:1:0:x"/></lrm_resource>'
    )


def work_of(cib: Cib) -> WorkingSet:
    """Return the working set of *cib* with its constraints read, before any score is prepared."""
    work = working_set(cib, NOON)
    location.read_health(work)
    read_constraints(work)
    return work


def prepared(cib: Cib) -> WorkingSet:
    """Return the working set of *cib* with all scores as they are before anything is assigned."""
    work = work_of(cib)
    prepare_scores(work)
    return work


def scores(rsc: Resource) -> dict[str, int]:
    """Return the scores of *rsc* by the nodes' names."""
    return {node.name: score for node, score in rsc.allowed.items()}
