"""`cluster import`: take a Pacemaker cluster over, and say what becomes of each part of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pcsx.errors import Failed, Finding
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level

if TYPE_CHECKING:
    from pcsx.cib.document import Cib
    from pcsx.cib.takeover import Row

_TOTEM: Final = {
    "token": "timers come from --profile: fast, standard, vm or wan",
    "transport": "links are sealed UDP",
    "version": "not needed",
    "cluster_uuid": "a new one is made",
    "cluster_name": "",
    "crypto_cipher": "always on: AES-GCM, keys made by setup",
    "crypto_hash": "always on",
    "ip_version": "addresses say which",
    "link_mode": "the best link is used, the others stand by",
}
_QUORUM: Final = {
    "provider": "quorum is the log's majority",
    "two_node": "two nodes: the survivor goes on by proof",
    "expected_votes": "votes are those of the nodes",
    "wait_for_all": "kept as an option of quorum",
    "auto_tie_breaker": "kept as an option of quorum",
    "auto_tie_breaker_node": "kept as an option of quorum",
    "last_man_standing": "kept as an option of quorum",
    "last_man_standing_window": "kept as an option of quorum",
}


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    level.verb("import", usage="CIB.xml", options=("corosync_conf",))(take_over)


def take_over(run: Run, words: list[str]) -> None:
    """Take over the configuration of a Pacemaker cluster, and tell what becomes of each part.

    The document is lifted to today's schema and checked, and becomes the configuration of this
    cluster (or of the file of -f, which is made if there is none). Nodes keep the ids that they
    have here. With --corosync_conf the ring's settings are looked at too, and the command that
    founds the same cluster is told. A fault stops it, unless --force is given; --dry-run only
    shows the table.

    \b
    Example: see what would become of it
        pcsx --dry-run cluster import --corosync_conf /etc/corosync/corosync.conf cib.xml
    """
    from pcsx.cib import takeover
    from pcsx.shell.filesource import FileSource

    if len(words) != 1:
        raise args.misused(run.usage)
    taken, rows = takeover.take_over(FileSource(words[0]).cib())
    founding = ""
    if run.option("corosync_conf"):
        more, founding = ring_rows(run.option("corosync_conf"))
        rows += more
    rows += _missing_agents(run, taken)
    if run.is_live:
        taken, more = takeover.with_members(taken, run.cib())
        rows += more
    _tell(run, rows, founding)
    run.judge(
        Finding.error("import-fault", row.what, row.why, force="import-fault")
        for row in rows
        if row.verdict == takeover.FAULT
    )
    _commit(run, taken)


def _commit(run: Run, taken: Cib) -> None:
    from pcsx.cib.whole import with_configuration

    if run.file is not None and not Path(run.file).exists():
        run.changed = True
        if not run.flag("dry-run"):
            try:
                Path(run.file).write_bytes(taken.to_bytes())
            except OSError as error:
                raise Failed(f"cannot write {run.file}: {error.strerror}") from error
        return
    run.change(lambda base: with_configuration(base, taken))


def _missing_agents(run: Run, taken: Cib) -> list[Row]:
    """Tell of agents that are not installed on this node."""
    from pcsx.cib.takeover import Row
    from pcsx.shell.agents import Agents

    known = {str(name) for name in Agents(run).names()}
    rows = []
    for element in taken.tree.iter("primitive", "template"):
        parts = (element.get("class"), element.get("provider"), element.get("type"))
        name = ":".join(part for part in parts if part)
        standard = parts[0]
        if standard in ("ocf", "stonith") and name not in known:
            what = f"{element.tag} {element.get('id')}"
            rows.append(Row(what, "kept", f"{name} is not installed on this node"))
    return rows


def _tell(run: Run, rows: list[Row], founding: str) -> None:
    width = max((len(row.what) for row in rows), default=0)
    middle = max((len(row.verdict) for row in rows), default=0)
    for row in rows:
        run.say(f"{row.what:<{width}}  {row.verdict:<{middle}}  {row.why}".rstrip())
    if founding:
        run.say(f"\nThe same nodes become a cluster by:\n  {founding}")
    run.give({"rows": [asdict(row) for row in rows], "setup": founding})


def ring_rows(path: str) -> tuple[list[Row], str]:
    """Return what becomes of each setting of a corosync.conf, and the command that founds it."""
    from pcsx.cib.takeover import CHANGED, UNSUPPORTED, Row
    from pcsx.shell.corosync_conf import parse

    try:
        root = parse(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise Failed(f"cannot read {path}: {error}") from error
    rows: list[Row] = []
    sections = {section.name: section for section in root.inside}
    for name, table in (("totem", _TOTEM), ("quorum", _QUORUM)):
        for key, value in _keys(sections.get(name)):
            told = table.get(key)
            if told is None:
                rows.append(Row(f"{name}.{key}={value}", UNSUPPORTED, "has no counterpart"))
            elif told:
                rows.append(Row(f"{name}.{key}={value}", CHANGED, told))
    for section in root.inside:
        if section.name not in ("totem", "quorum", "nodelist"):
            rows.append(Row(section.name, UNSUPPORTED, "has no counterpart"))
        for inner in section.inside if section.name in ("totem", "quorum") else ():
            why = (
                "a witness votes instead: pcsx quorum witness add" if inner.name == "device" else ""
            )
            rows.append(Row(f"{section.name}.{inner.name}", UNSUPPORTED, why or "links are probed"))
    nodes = []
    listed = sections.get("nodelist")
    for node in listed.inside if listed is not None else ():
        values = dict(_keys(node))
        addresses = [values[key] for key in sorted(values) if key.startswith("ring")]
        nodes.append(f"{values.get('name') or addresses[0]}={','.join(addresses)}")
    cluster = dict(_keys(sections.get("totem"))).get("cluster_name", "cluster")
    return rows, f"pcsx cluster setup {cluster} {' '.join(nodes)}"


def _keys(section: Any) -> list[tuple[str, str]]:
    return [] if section is None else list(section.keys)
