"""Resources as text, as the commands that make them, and as JSON."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pcsx.cib.objects.document import Document
from pcsx.cib.objects.nvpairs import NvBlock
from pcsx.cib.objects.resources import (
    Bundle,
    Clone,
    ContainerImage,
    Group,
    Operation,
    Primitive,
    Resource,
    Template,
)
from pcsx.errors import Failed
from pcsx.shell.output.pairs import indented, pair_text, pair_word, pairs_of, shown

if TYPE_CHECKING:
    from pcsx.shell.run import Run

OPERATION_ORDER = (
    "description", "start-delay", "interval-origin", "timeout", "enabled", "record-pending", "role",
    "on-fail",
)  # fmt: skip


def show_resources(run: Run, words: Sequence[str], *, stonith: bool) -> None:
    """Show the resources named by *words*, or all; fence devices or all others."""
    from pcsx.cib.edit import levels
    from pcsx.shell.output.levels import level_lines

    document = Document(run.cib())
    chosen = _chosen(run, document, words, stonith=stonith)
    form = run.output_format
    value = resources_object(chosen)
    run.give(value)
    if form == "json":
        run.say(json.dumps(value))
        return
    if form == "cmd":
        text = ";\n".join(resource_commands(chosen))
    else:
        text = "\n".join(
            line
            for resource in sorted(chosen, key=_kind_rank)
            for line in resource_lines(resource, open=run.flag("show-secrets"))
        )
    if stonith and not words and form == "text":
        found = level_lines(levels.levels(run.cib()))
        if found:
            text += "\n".join(["\n" if text else "", "Fencing Levels:", *indented(found, 1)])
    if text:
        run.say(text)


def _chosen(run: Run, document: Document, words: Sequence[str], *, stonith: bool) -> list[Resource]:
    everything = [one for one in document.resources if not isinstance(one, Template)]
    if not words:
        return [one for one in everything if _is_stonith(one) == stonith]
    found: list[Resource] = []
    for id in dict.fromkeys(words):
        one = next((r for r in _within(everything) if r.id == id), None)
        if one is None or _is_stonith(one) != stonith:
            what = "stonith device" if stonith else "resource"
            run.warn(f"Unable to find {what} '{id}'", code="no-such-resource", subject=id)
        else:
            found.append(one)
    if not found:
        raise Failed(f"No {'stonith device' if stonith else 'resource'} found")
    return found


def _kind_rank(resource: Resource) -> int:
    """Return where text shows *resource*: primitives first, then groups, clones, bundles."""
    kinds = (Primitive, Group, Clone)
    return next((n for n, kind in enumerate(kinds) if isinstance(resource, kind)), len(kinds))


def _within(resources: Iterable[Resource]) -> Iterator[Resource]:
    for one in resources:
        yield one
        yield from _within(members_of(one))


def members_of(resource: Resource) -> tuple[Resource, ...]:
    """Return the resources right inside *resource*."""
    match resource:
        case Group():
            return resource.members
        case Clone():
            return resource.contents
        case Bundle():
            return (resource.primitive,) if resource.primitive is not None else ()
        case _:
            return ()


def _is_stonith(resource: Resource) -> bool:
    return isinstance(resource, Primitive) and resource.class_ == "stonith"


# --- text


def resource_lines(resource: Resource, *, open: bool = True) -> list[str]:
    """Return *resource* as lines; secrets in clear where *open*."""
    match resource:
        case Primitive():
            return _primitive_lines(resource, open=open)
        case Bundle():
            lines = _bundle_lines(resource)
            title = f"Bundle: {resource.id}"
        case Clone():
            title, lines = f"Clone: {resource.id}", []
        case _:
            title, lines = f"Group: {resource.id}", []
    if resource.description:
        lines.insert(0, f"Description: {resource.description}")
    lines += _blocks_lines("Attributes", resource.params, open=open)
    lines += _blocks_lines("Meta Attributes", resource.meta, open=open)
    for member in members_of(resource):
        lines += resource_lines(member, open=open)
    return [title, *indented(lines)]


def _blocks_lines(title: str, blocks: Sequence[NvBlock], *, open: bool) -> list[str]:
    return [line for block in blocks for line in _block_lines(title, block, open=open)]


def _block_lines(title: str, block: NvBlock, *, open: bool) -> list[str]:
    if not block.pairs and block.rule is None:
        return []
    lines = [pair_text(name, shown(name, value, open=open)) for name, value in pairs_of(block)]
    return [f"{title}: {block.id}", *indented(lines)]


def _primitive_lines(primitive: Primitive, *, open: bool) -> list[str]:
    parts = [f"class={primitive.class_}"] if primitive.class_ else []
    parts += [f"provider={primitive.provider}"] if primitive.provider else []
    parts += [f"type={primitive.type}"] if primitive.type else []
    parts += [f"template={primitive.template}"] if primitive.template else []
    lines = [f"Description: {primitive.description}"] if primitive.description else []
    lines += _blocks_lines("Attributes", primitive.params, open=open)
    lines += _blocks_lines("Meta Attributes", primitive.meta, open=open)
    lines += _blocks_lines("Utilization", primitive.utilization, open=open)
    ops = primitive.operations.ops if primitive.operations is not None else ()
    if ops:
        lines.append("Operations:")
        for op in ops:
            lines += indented(_operation_lines(op))
    return [f"Resource: {primitive.id} ({' '.join(parts)})", *indented(lines)]


def _operation_lines(op: Operation) -> list[str]:
    lines = [pair_text(name, value) for name, value in _operation_pairs(op)]
    return [f"{op.name}: {op.id}", *indented(lines)]


def _operation_pairs(op: Operation) -> list[tuple[str, str]]:
    options = op.options()
    found = [("interval", options["interval"])] if "interval" in options else []
    found += [(name, options[name]) for name in OPERATION_ORDER if name in options]
    known = {"name", "interval", *OPERATION_ORDER}
    found += [(name, value) for name, value in options.items() if name not in known]
    for block in (*op.params, *op.meta):
        found += pairs_of(block)
    return found


def container_of(bundle: Bundle) -> ContainerImage | None:
    """Return the settings of the containers of *bundle*."""
    return bundle.docker or bundle.podman or bundle.rkt


CONTAINER_ORDER = (
    "image", "replicas", "replicas_per_host", "promoted_max", "run_command", "network", "options",
)  # fmt: skip
NETWORK_ORDER = ("ip_range_start", "control_port", "host_interface", "host_netmask", "add_host")
PORT_ORDER = ("port", "internal_port", "range")
STORAGE_ORDER = ("source_dir", "source_dir_root", "target_dir", "options")


def _fields(thing: object, names: Sequence[str]) -> list[tuple[str, str]]:
    found = []
    for name in names:
        value = getattr(thing, name)
        if name == "promoted_max" and isinstance(thing, ContainerImage):
            value = thing.masters or value  # the older word
        if value is not None:
            found.append((name.replace("_", "-"), str(value)))
    return found


def _fields_text(thing: object, names: Sequence[str]) -> str:
    return " ".join(pair_text(name, value) for name, value in _fields(thing, names))


def _bundle_lines(bundle: Bundle) -> list[str]:
    lines = []
    container = container_of(bundle)
    if container is not None:
        lines.append(f"{container.tag.capitalize()}: {_fields_text(container, CONTAINER_ORDER)}")
    if bundle.network is not None:
        text = _fields_text(bundle.network, NETWORK_ORDER)
        if text:
            lines.append(f"Network: {text}")
        if bundle.network.ports:
            lines.append("Port Mapping:")
            for port in bundle.network.ports:
                lines.append(f"  {_fields_text(port, PORT_ORDER)} ({port.id})")
    if bundle.storage is not None and bundle.storage.mappings:
        lines.append("Storage Mapping:")
        for mapping in bundle.storage.mappings:
            lines.append(f"  {_fields_text(mapping, STORAGE_ORDER)} ({mapping.id})")
    return lines


# --- commands


def resource_commands(chosen: Sequence[Resource]) -> list[str]:
    """Return the commands that make *chosen*: bundles, then primitives, then what is around."""
    bundles = [one for one in chosen if isinstance(one, Bundle)]
    others = [one for one in chosen if not isinstance(one, Bundle)]
    commands: list[str] = []
    for bundle in bundles:
        commands.append(_bundle_command(bundle))
        if bundle.primitive is not None:
            commands += _primitive_commands(bundle.primitive, bundle=bundle.id)
    everything = list(_within(others))
    for one in everything:
        if isinstance(one, Primitive):
            commands += _primitive_commands(one)
    for one in everything:
        if isinstance(one, Group):
            names = " ".join(shlex.quote(member.id) for member in one.members)
            commands.append(f"pcs resource group add {shlex.quote(one.id)} \\\n  {names}")
            meta = _words(one.meta)
            if meta:
                commands.append(f"pcs resource meta {shlex.quote(one.id)} \\\n  {meta}")
    for one in everything:
        if isinstance(one, Clone):
            inside = " ".join(shlex.quote(member.id) for member in one.contents)
            meta = _words(one.meta)
            tail = f" \\\n  meta {meta}" if meta else ""
            commands.append(f"pcs resource clone {inside} {shlex.quote(one.id)}{tail}")
    return commands


def _words(blocks: Sequence[NvBlock]) -> str:
    return " ".join(pair_word(name, value) for block in blocks for name, value in pairs_of(block))


def _primitive_commands(primitive: Primitive, *, bundle: str = "") -> list[str]:
    agent = ":".join(
        part for part in (primitive.class_, primitive.provider, primitive.type) if part
    )
    noun = "resource"
    if primitive.class_ == "stonith":
        noun, agent = "stonith", primitive.type or ""
    head = f"pcs {noun} create --no-default-ops --force -- {shlex.quote(primitive.id)} {agent}"
    parts = [head]
    params = _words(primitive.params)
    if params:
        parts.append(f"  {params}")
    ops = primitive.operations.ops if primitive.operations is not None else ()
    if ops:
        parts.append("  op")
        parts += [f"    {_operation_words(op)}" for op in ops]
    meta = _words(primitive.meta)
    if meta:
        parts.append(f"  meta {meta}")
    if bundle:
        parts.append(f"  bundle {shlex.quote(bundle)}")
    commands = [" \\\n".join(parts)]
    utilization = _words(primitive.utilization)
    if utilization:
        commands.append(f"pcs resource utilization {shlex.quote(primitive.id)} \\\n  {utilization}")
    return commands


def _operation_words(op: Operation) -> str:
    found = _operation_pairs(op)
    first = [pair for pair in found if pair[0] == "interval"]
    rest = [pair for pair in found if pair[0] != "interval"]
    pairs = [*first, ("id", op.id or ""), *rest]
    return " ".join([op.name or "", *(pair_word(name, value) for name, value in pairs)])


def _fields_words(thing: object, names: Sequence[str]) -> str:
    return " ".join(pair_word(name, value) for name, value in _fields(thing, names))


def _bundle_command(bundle: Bundle) -> str:
    parts = [f"pcs resource bundle create {shlex.quote(bundle.id)}"]
    container = container_of(bundle)
    if container is not None:
        parts.append(f"  container {container.tag}")
        parts.append(f"    {_fields_words(container, CONTAINER_ORDER)}")
    if bundle.network is not None:
        words = _fields_words(bundle.network, NETWORK_ORDER)
        if words:
            parts.append(f"  network {words}")
        parts += [f"  port-map {_mapping_words(port, PORT_ORDER)}" for port in bundle.network.ports]
    if bundle.storage is not None:
        parts += [
            f"  storage-map {_mapping_words(mapping, STORAGE_ORDER)}"
            for mapping in bundle.storage.mappings
        ]
    meta = _words(bundle.meta)
    if meta:
        parts.append(f"  meta {meta}")
    return " \\\n".join(parts)


def _mapping_words(mapping: object, names: Sequence[str]) -> str:
    return _fields_words(mapping, names)


# --- JSON, in the shape that callers of pcs read


def resources_object(chosen: Sequence[Resource]) -> dict[str, Any]:
    """Return *chosen* and all that is in them, by kind."""
    everything = list(_within(chosen))
    return {
        "primitives": [primitive_object(r) for r in everything if isinstance(r, Primitive)],
        "clones": [_clone_object(r) for r in everything if isinstance(r, Clone)],
        "groups": [_group_object(r) for r in everything if isinstance(r, Group)],
        "bundles": [_bundle_object(r) for r in everything if isinstance(r, Bundle)],
    }


def block_object(block: NvBlock) -> dict[str, Any]:
    """Return a set of name-value pairs."""
    from pcsx.shell.output.rule_json import rule_object

    options = {"score": block.score} if block.score is not None else {}
    return {
        "id": block.id,
        "options": options,
        "rule": rule_object(block.rule) if block.rule is not None else None,
        "nvpairs": [
            {"id": pair.id, "name": pair.name, "value": pair.value or ""} for pair in block.pairs
        ],
    }


def _blocks(blocks: Sequence[NvBlock]) -> list[dict[str, Any]]:
    return [block_object(block) for block in blocks]


def _truth(text: str | None) -> bool | None:
    from pcsx.values import parse_bool

    return None if text is None else parse_bool(text)


def primitive_object(primitive: Primitive) -> dict[str, Any]:
    """Return one primitive."""
    ops = primitive.operations.ops if primitive.operations is not None else ()
    return {
        "id": primitive.id,
        "agent_name": {
            "standard": primitive.class_,
            "provider": primitive.provider,
            "type": primitive.type,
        },
        "description": primitive.description,
        "operations": [_operation_object(op) for op in ops],
        "meta_attributes": _blocks(primitive.meta),
        "instance_attributes": _blocks(primitive.params),
        "utilization": _blocks(primitive.utilization),
    }


def _operation_object(op: Operation) -> dict[str, Any]:
    return {
        "id": op.id,
        "name": op.name,
        "interval": op.interval,
        "description": op.description,
        "start_delay": op.start_delay,
        "interval_origin": op.interval_origin,
        "timeout": op.timeout,
        "enabled": _truth(op.enabled),
        "record_pending": _truth(op.record_pending),
        "role": op.role,
        "on_fail": op.on_fail,
        "meta_attributes": _blocks(op.meta),
        "instance_attributes": _blocks(op.params),
    }


def _clone_object(clone: Clone) -> dict[str, Any]:
    return {
        "id": clone.id,
        "description": clone.description,
        "member_id": clone.contents[0].id if clone.contents else None,
        "meta_attributes": _blocks(clone.meta),
        "instance_attributes": _blocks(clone.params),
    }


def _group_object(group: Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "description": group.description,
        "member_ids": [member.id for member in group.members],
        "meta_attributes": _blocks(group.meta),
        "instance_attributes": _blocks(group.params),
    }


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def _bundle_object(bundle: Bundle) -> dict[str, Any]:
    container = container_of(bundle)
    options: dict[str, Any] | None = None
    if container is not None:
        numbers = ("replicas", "replicas_per_host", "promoted_max")
        options = {
            name: _number(getattr(container, name)) if name in numbers else getattr(container, name)
            for name in CONTAINER_ORDER
        }
        if container.masters is not None:  # the older word
            options["promoted_max"] = _number(container.masters)
    network: dict[str, Any] | None = None
    if bundle.network is not None:
        network = {name: getattr(bundle.network, name) for name in NETWORK_ORDER}
        network["control_port"] = _number(bundle.network.control_port)
        network["host_netmask"] = _number(bundle.network.host_netmask)
        network["add_host"] = _truth(bundle.network.add_host)
    ports = bundle.network.ports if bundle.network is not None else ()
    mappings = bundle.storage.mappings if bundle.storage is not None else ()
    kind = None if container is None else container.tag
    return {
        "id": bundle.id,
        "description": bundle.description,
        "member_id": bundle.primitive.id if bundle.primitive is not None else None,
        "container_type": kind,
        "container_options": options,
        "network": network,
        "port_mappings": [
            {"id": p.id, "port": _number(p.port), "internal_port": _number(p.internal_port),
             "range": p.range}
            for p in ports
        ],
        "storage_mappings": [
            {"id": m.id, "source_dir": m.source_dir, "source_dir_root": m.source_dir_root,
             "target_dir": m.target_dir, "options": m.options}
            for m in mappings
        ],
        "meta_attributes": _blocks(bundle.meta),
        "instance_attributes": _blocks(bundle.params),
    }  # fmt: skip
