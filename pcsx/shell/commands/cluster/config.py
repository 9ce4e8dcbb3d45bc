"""`cluster config`: the settings of a corosync.conf, shown and changed."""

from __future__ import annotations

import json
import uuid as uuids
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pcsx.errors import Failed
from pcsx.shell import args
from pcsx.shell import corosync_conf as conf
from pcsx.shell.commands.cluster.setup import write_conf
from pcsx.shell.run import Run
from pcsx.shell.words import Level

GROUPS: Final = ("transport", "compression", "crypto", "totem")


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    made = Level("config", "Show and change the settings of a corosync.conf.", default="show")
    made.verb("show", usage="", options=("corosync_conf", "output-format"))(show)
    made.verb(
        "update",
        usage="[transport NAME=VALUE...] [compression NAME=VALUE...] [crypto NAME=VALUE...] "
        "[totem NAME=VALUE...]",
        options=("corosync_conf",),
    )(update)
    uuid = Level("uuid", "Give the cluster of a corosync.conf an identity.")
    uuid.verb("generate", usage="", options=("corosync_conf",))(generate)
    made.add_command(uuid)
    level.add_command(made)


def _read(run: Run) -> tuple[Path, conf.Section]:
    path = run.option("corosync_conf")
    if not path:
        raise Failed(
            "pcsx keeps no corosync.conf; its own settings are entries of the log",
            "Name a file: --corosync_conf FILE. For the running cluster: pcsx status --json",
        )
    try:
        return Path(path), conf.parse(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(f"Unable to read corosync configuration '{path}': {error}") from error


def _one(root: conf.Section, name: str) -> conf.Section:
    found = next((section for section in root.inside if section.name == name), None)
    if found is None:
        found = conf.Section(name)
        root.inside.append(found)
    return found


def _values(section: conf.Section, known: Mapping[str, conf.Option]) -> dict[str, str]:
    keys = dict(section.keys)
    return {name: keys[option.key] for name, option in sorted(known.items()) if option.key in keys}


def describe(root: conf.Section) -> dict[str, Any]:
    """Return the settings as a plain value, in the shape that callers of pcs read."""
    totem = _one(root, "totem")
    keys = dict(totem.keys)
    transport = keys.get("transport", conf.KNET)
    known_link = conf.KNET_LINK if transport == conf.KNET else conf.UDP_LINK
    links = {}
    for section in totem.inside:
        if section.name == "interface":
            number = dict(section.keys).get("linknumber", "0")
            links[number] = {**_values(section, known_link), "linknumber": number}
    return {
        "cluster_name": keys.get("cluster_name", ""),
        "cluster_uuid": keys.get("cluster_uuid"),
        "transport": transport.upper(),
        "totem_options": _values(totem, conf.TOTEM),
        "transport_options": _values(totem, conf.TRANSPORT.get(transport, {})),
        "compression_options": _values(totem, conf.COMPRESSION),
        "crypto_options": _values(totem, conf.CRYPTO),
        "nodes": [_node(section) for section in _one(root, "nodelist").inside],
        "links_options": links,
        "quorum_options": _values(_one(root, "quorum"), conf.QUORUM),
        "quorum_device": None,
    }


def _node(section: conf.Section) -> dict[str, Any]:
    keys = dict(section.keys)
    addresses = [
        {"addr": value, "link": key[len("ring") : -len("_addr")], "type": _address_type(value)}
        for key, value in section.keys
        if key.startswith("ring") and key.endswith("_addr")
    ]
    return {"name": keys.get("name", ""), "nodeid": keys.get("nodeid", ""), "addrs": addresses}


def _address_type(text: str) -> str:
    import ipaddress

    try:
        return f"IPv{ipaddress.ip_address(text).version}"
    except ValueError:
        return "FQDN"


def show(run: Run, words: list[str]) -> None:
    """Show the settings of a corosync.conf, as text, as a command or as JSON.

    \b
    Example:
        pcsx cluster config --corosync_conf=/etc/corosync/corosync.conf
    """
    _, root = _read(run)
    value = describe(root)
    run.give(value)
    form = run.output_format
    if form == "json":
        run.say(json.dumps(value))
    elif form == "cmd":
        run.say(_command(value))
    else:
        run.say("\n".join(_lines(value)))


TITLES: Final = (
    ("transport_options", "Transport Options"),
    ("compression_options", "Compression Options"),
    ("crypto_options", "Crypto Options"),
    ("totem_options", "Totem Options"),
    ("quorum_options", "Quorum Options"),
)


def _lines(value: Mapping[str, Any]) -> list[str]:
    lines = [f"Cluster Name: {value['cluster_name']}"]
    if value["cluster_uuid"]:
        lines.append(f"Cluster UUID: {value['cluster_uuid']}")
    lines += [f"Transport: {value['transport'].lower()}", "Nodes:"]
    for node in value["nodes"]:
        lines.append(f"  {node['name']}:")
        lines += [f"    Link {addr['link']} address: {addr['addr']}" for addr in node["addrs"]]
        lines.append(f"    nodeid: {node['nodeid']}")
    if value["links_options"]:
        lines.append("Links:")
        for number, options in sorted(value["links_options"].items()):
            lines.append(f"  Link {number}:")
            lines += [f"    {name}: {text}" for name, text in sorted(options.items())]
    for key, title in TITLES:
        if value[key]:
            lines.append(f"{title}:")
            lines += [f"  {name}: {text}" for name, text in sorted(value[key].items())]
    return lines


def _command(value: Mapping[str, Any]) -> str:
    parts = [f"pcs cluster setup {value['cluster_name']}"]
    for node in value["nodes"]:
        addresses = " ".join(f"addr={addr['addr']}" for addr in node["addrs"])
        parts.append(f"  {node['name']} {addresses}")
    parts.append(f"  transport {value['transport'].lower()}")
    if value["transport_options"]:
        parts.append(f"    {_pairs(value['transport_options'])}")
    for _, options in sorted(value["links_options"].items()):
        parts.append(f"    link {_pairs(options)}")
    for word in ("compression", "crypto"):
        if value[f"{word}_options"]:
            parts.append(f"    {word} {_pairs(value[f'{word}_options'])}")
    for word in ("totem", "quorum"):
        if value[f"{word}_options"]:
            parts.append(f"  {word} {_pairs(value[f'{word}_options'])}")
    return " \\\n".join(parts)


def _pairs(options: Mapping[str, str]) -> str:
    return " ".join(f"{name}={text}" for name, text in sorted(options.items()))


def update(run: Run, words: list[str]) -> None:
    """Change settings of a corosync.conf; what is not named stays, an empty value removes.

    \b
    Example:
        pcsx cluster config update totem token=5000 --corosync_conf=corosync.conf
    """
    parts = args.sections(words, GROUPS, once=GROUPS)
    if args.flat(parts[""]) or not words:
        raise args.misused(run.usage)
    path, root = _read(run)
    totem = _one(root, "totem")
    transport = dict(totem.keys).get("transport", conf.KNET)
    known = {
        "transport": conf.TRANSPORT.get(transport, {}),
        "compression": conf.COMPRESSION if transport == conf.KNET else {},
        "crypto": conf.CRYPTO if transport == conf.KNET else {},
        "totem": conf.TOTEM,
    }
    changes: dict[str, str] = {}
    for group in GROUPS:
        values = args.pairs(args.flat(parts.get(group)))
        run.judge(conf.option_faults(values, known[group], group, removable=True))
        changes.update({known[group][name].key: value for name, value in values.items()})
    kept = [(key, changes.get(key, value)) for key, value in totem.keys]
    there = {key for key, _ in totem.keys}
    kept += [(key, value) for key, value in changes.items() if key not in there]
    totem.keys = [(key, value) for key, value in kept if value]
    _write(run, path, root)


def _write(run: Run, path: Path, root: conf.Section) -> None:
    text = "\n".join(section.text() for section in root.inside if section.keys or section.inside)
    run.changed = True
    if not run.flag("dry-run"):
        write_conf(path, text, overwrite=True)


def generate(run: Run, words: list[str]) -> None:
    """Give the cluster of a corosync.conf a new identity.

    \b
    Example:
        pcsx cluster config uuid generate --corosync_conf=corosync.conf
    """
    path, root = _read(run)
    totem = _one(root, "totem")
    keys = dict(totem.keys)
    if keys.get("cluster_uuid") and not run.force:
        raise Failed(
            f"Cluster UUID has already been set to '{keys['cluster_uuid']}', "
            "use --force to override"
        )
    totem.keys = [pair for pair in totem.keys if pair[0] != "cluster_uuid"]
    totem.keys.append(("cluster_uuid", uuids.uuid4().hex))
    _write(run, path, root)
