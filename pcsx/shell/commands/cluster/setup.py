"""`cluster setup`: found a cluster, or with --corosync_conf write that file and touch nothing."""

from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path
from typing import Final

from pcsx.errors import Failed, Finding
from pcsx.shell import args, corosync_conf
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words

KEYWORDS: Final = ("transport", "totem", "quorum")
IN_TRANSPORT: Final = ("link", "compression", "crypto")
OPTIONS: Final = (
    "corosync_conf", "overwrite", "no-cluster-uuid", "no-keys-sync", "start", "enable", "keep",
    "profile", "name",
)  # fmt: skip


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    level.verb(
        "setup",
        usage="NAME (NODE[=ADDRESS[,ADDRESS]...] | NODE addr=ADDRESS...)... "
        "[transport TYPE [NAME=VALUE]... [link ...] [compression ...] [crypto ...]] "
        "[totem NAME=VALUE...] [quorum NAME=VALUE...]",
        options=OPTIONS,
    )(setup)


def setup(run: Run, words: list[str]) -> None:
    """Form a cluster of nodes that wait in their lobby, all in one go or not at all.

    With --corosync_conf FILE no node is touched: the file is written as Corosync reads it.

    \b
    Example:
        pcsx cluster setup web n1=192.0.2.1 n2=192.0.2.2
    """
    if not run.option("corosync_conf"):
        from pcsx.shell.commands.cluster_live import VERBS

        VERBS["setup"](run, words)
        return
    if not words:
        raise args.misused(run.usage)
    wanted = read_words(words)
    run.judge([*corosync_conf.faults(wanted), *_unresolved(wanted)])
    cluster_uuid = "" if run.flag("no-cluster-uuid") else uuid.uuid4().hex
    text = corosync_conf.render(wanted, cluster_uuid)
    path = Path(run.option("corosync_conf"))
    run.changed = True
    if not run.flag("dry-run"):
        write_conf(path, text, overwrite=run.flag("overwrite"))


def _unresolved(wanted: corosync_conf.Setup) -> list[Finding]:
    """Tell which addresses are names that mean nothing here."""
    missing = []
    for name in corosync_conf.names_of(wanted):
        try:
            socket.getaddrinfo(name, None)
        except (OSError, UnicodeError):
            missing.append(name)
    if not missing:
        return []
    text = f"Unable to resolve addresses: {args.listed(missing)}"
    return [Finding.error("node-unresolved", missing[0], text, force="node-unresolved")]


def write_conf(path: Path, text: str, *, overwrite: bool) -> None:
    """Write *text* to *path*, whole or not at all; replace what is there only if *overwrite*."""
    if path.exists() and not overwrite:
        raise Failed(f"{path} already exists, use --overwrite to overwrite")
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise Failed(f"cannot write {path}: {error.strerror}") from error


def read_words(words: list[str]) -> corosync_conf.Setup:
    """Return what the words after `setup` ask for."""
    parts = args.sections(words, KEYWORDS)
    for word in KEYWORDS:
        if len(parts.get(word, ())) > 1:
            raise wrong_words(f"'{word}' cannot be used more than once")
    name, *node_words = parts[""][0] or [""]
    transport, options, links, compression, crypto = _transport(
        args.flat(parts.get("transport")), "transport" in parts
    )
    return corosync_conf.Setup(
        name=name,
        nodes=_nodes(node_words),
        transport=transport,
        transport_options=options,
        links=links,
        compression=compression,
        crypto=crypto,
        totem=args.pairs(args.flat(parts.get("totem"))),
        quorum=args.pairs(args.flat(parts.get("quorum"))),
    )


def _nodes(words: list[str]) -> list[tuple[str, list[str]]]:
    nodes: list[tuple[str, list[str]]] = []
    for word in words:
        key, equals, value = word.partition("=")
        if equals and key in corosync_conf.NODE_OPTIONS and nodes:
            nodes[-1][1].append(value)
        elif equals and nodes and not value.strip():
            raise wrong_words(f"missing value of '{key}' option")
        elif equals and key not in corosync_conf.NODE_OPTIONS and _is_address_list(value):
            nodes.append((key, [part for part in value.split(",") if part]))
        elif equals:
            allowed = args.listed(corosync_conf.NODE_OPTIONS)
            raise wrong_words(f"invalid node option '{key}', allowed options are: {allowed}")
        else:
            nodes.append((word, []))
    return nodes


def _is_address_list(text: str) -> bool:
    return all("." in part or ":" in part for part in text.split(","))


def _transport(
    words: list[str], given: bool
) -> tuple[str, dict[str, str], list[dict[str, str]], dict[str, str], dict[str, str]]:
    if not given:
        return corosync_conf.KNET, {}, [], {}, {}
    parts = args.sections(words, IN_TRANSPORT, once=("compression", "crypto"))
    leading, options = args.leading_and_pairs(parts[""][0])
    if len(leading) != 1:
        raise wrong_words("no transport type was specified after 'transport'")
    links = [args.pairs(found) for found in parts.get("link", ())]
    return (
        leading[0],
        options,
        [link for link in links if link],
        args.pairs(args.flat(parts.get("compression"))),
        args.pairs(args.flat(parts.get("crypto"))),
    )
