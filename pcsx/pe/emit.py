"""A `Transition` written as the field's graph XML, and as dot for a picture.

Only spelling happens here: what is in the transition, and in which order, was decided by
`graph.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pcsx.pe.digests import escaped
from pcsx.pe.transition import Action, ActionKind, Transition


def graph_xml(transition: Transition, number: int = 1) -> str:
    """Return the whole transition as one indented `transition_graph` element.

    *number* is how many graphs the caller has made, this one included.
    """
    lines = [f"<transition_graph{_attributes(_graph_attributes(transition, number))}>\n"]
    by_id = {action.id: action for action in transition.actions}
    short = {action.id: _opening(action) for action in transition.actions}
    for position, action in enumerate(transition.actions):
        lines.append(_synapse(position, action, [short[i] for i in action.inputs if i in by_id]))
    lines.append("</transition_graph>\n")
    return "".join(lines)


def _graph_attributes(transition: Transition, number: int) -> list[tuple[str, str]]:
    attributes = [
        ("cluster-delay", _seconds(transition.cluster_delay_ms)),
        ("fencing-timeout", _seconds(transition.fencing_timeout_ms)),
        ("failed-stop-offset", "INFINITY" if transition.failed_stop_fatal else "1"),
        ("failed-start-offset", "INFINITY" if transition.failed_start_fatal else "1"),
        ("batch-limit", str(transition.batch_limit)),
        ("transition_id", str(number)),
    ]
    if transition.migration_limit > 0:
        attributes.append(("migration-limit", str(transition.migration_limit)))
    if transition.recheck_at_s is not None:
        attributes.append(("recheck-by", str(transition.recheck_at_s)))
    return attributes


def _seconds(duration_ms: int) -> str:
    return f"{duration_ms // 1000}s" if duration_ms % 1000 == 0 else f"{duration_ms}ms"


def _attributes(pairs: list[tuple[str, str]]) -> str:
    return "".join(f' {name}="{escaped(value)}"' for name, value in pairs)


def _synapse(position: int, action: Action, inputs: list[str]) -> str:
    priority = f' priority="{action.priority}"' if action.priority > 0 else ""
    triggers = "".join(f"      <trigger>\n        <{text}/>\n      </trigger>\n" for text in inputs)
    return (
        f'  <synapse id="{position}"{priority}>\n    <action_set>\n'
        f"      <{_opening(action)}>\n{_children(action)}      </{action.kind}>\n"
        "    </action_set>\n"
        + (f"    <inputs>\n{triggers}    </inputs>\n" if triggers else "    <inputs/>\n")
        + "  </synapse>\n"
    )


def _opening(action: Action) -> str:
    pairs = [("mode", "cib")] if action.task == "lrm_delete" else []
    pairs += [("id", str(action.id)), ("operation", action.task), ("operation_key", action.key)]
    if action.internal_key is not None:
        pairs.append(("internal_operation_key", action.internal_key))
    if action.node is not None:
        pairs += [("on_node", action.node), ("on_node_uuid", action.node_id or action.node)]
    if action.router is not None:
        pairs.append(("router_node", action.router))
    if action.shutdown_lock_s is not None:
        pairs.append(("shutdown-lock", str(action.shutdown_lock_s)))
    return f"{action.kind}{_attributes(pairs)}"


def _children(action: Action) -> str:
    lines = []
    if action.kind is not ActionKind.PSEUDO and action.resource and action.agent:
        standard, provider, kind = action.agent
        pairs = [("id", action.resource)]
        pairs += [("long-id", action.instance)] if action.instance else []
        pairs += [("class", standard)]
        pairs += [("provider", provider)] if provider else []
        pairs += [("type", kind)]
        lines.append(f"        <primitive{_attributes(pairs)}/>\n")
    lines.append(_parameters(action))
    if action.downed:
        nodes = "".join(f'          <node id="{escaped(node)}"/>\n' for node in action.downed)
        lines.append(f"        <downed>\n{nodes}        </downed>\n")
    if action.maintenance:
        nodes = "".join(
            f'          <node id="{escaped(node)}" node_in_maintenance="{int(state)}"/>\n'
            for node, state in action.maintenance
        )
        lines.append(f"        <maintenance>\n{nodes}        </maintenance>\n")
    return "".join(lines)


def _parameters(action: Action) -> str:
    """Return the `attributes` element; a name that XML does not allow becomes a `param` child."""
    plain = [(name, value) for name, value in action.params if not name[:1].isdigit()]
    odd = [(name, value) for name, value in action.params if name[:1].isdigit()]
    meta = [(f"CRM_meta_{name.replace('-', '_')}", value) for name, value in action.meta]
    opening = f"        <attributes{_attributes(sorted(plain + meta))}"
    if not odd:
        return f"{opening}/>\n"
    children = "".join(
        f'          <param name="{escaped(name)}" value="{escaped(value)}"/>\n'
        for name, value in odd
    )
    return f"{opening}>\n{children}        </attributes>\n"


def dot(transition: Transition) -> str:
    """Return the transition as a dot digraph, newest action first."""
    actions = sorted(transition.actions, key=lambda action: -action.id)
    names = {action.id: dot_name(action) for action in actions}
    return "".join((' digraph "g" {\n', *_dot_nodes(actions), *_dot_edges(actions, names), "}\n"))


def dot_name(action: Action) -> str:
    """Return how the picture calls *action*."""
    if action.task == "stonith":
        return f"stonith '{action.meta_value('stonith_action')}' {action.node}"
    if action.task == "cancel":
        return f"Cancel {action.key} {action.node}"
    if action.resource is not None and action.kind is not ActionKind.PSEUDO:
        return f"{action.key} {action.node or '<none>'}"
    if action.node is not None:
        return f"{action.task if action.resource is None else action.key} {action.node}"
    return action.key


def _dot_nodes(actions: list[Action]) -> Iterator[str]:
    for action in actions:
        font = "orange" if action.kind is ActionKind.PSEUDO else "black"
        yield f'"{dot_name(action)}" [ style=bold color="green" fontcolor="{font}"]\n'


def _dot_edges(actions: list[Action], names: dict[int, str]) -> Iterator[str]:
    for action in actions:
        for before in sorted(action.inputs, reverse=True):
            if before in names:
                yield f'"{names[before]}" -> "{names[action.id]}" [ style = bold]\n'
