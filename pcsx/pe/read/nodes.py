"""Nodes as configured, with their attributes and capacity; and the natural order of names."""

from __future__ import annotations

import re
from bisect import insort
from typing import Any

from pcsx.cib.evaluate import Circumstances, fill, integer_of, score_of
from pcsx.cib.objects import Document
from pcsx.pe.model import Node, WorkingSet

_RUNS = re.compile(r"\d+|\D")


def natural_key(name: str) -> tuple[Any, ...]:
    """Return a key that sorts names as people do: `node9` before `node10`, letters in any case.

    Runs of digits compare as numbers (equal ones: the shorter first), and a name that begins
    another one comes first.
    """
    return tuple(
        (48, int(run), len(run)) if run[0].isdigit() and run.isascii() else (ord(run), 0, 0)
        for run in _RUNS.findall(name.lower())
    )


def add_node(work: WorkingSet, node: Node) -> Node:
    """Put *node* into its place among the nodes of *work*."""
    node.sort_key = natural_key(node.name)
    insort(work.nodes, node, key=lambda item: item.sort_key)
    for index, item in enumerate(work.nodes):
        item.index = index
    work.nodes_by_id.setdefault(node.id.lower(), node)
    work.nodes_by_name.setdefault(node.name.lower(), node)
    return node


def new_node(work: WorkingSet, node_id: str, name: str, kind: str) -> Node:
    """Return a new node of *kind* (cluster, remote or container) with its built-in attributes."""
    node = Node(node_id, name, is_pcmk_remote=kind != "cluster")
    node.attrs = {
        "#uname": name,
        "#id": node_id,
        "#kind": kind,
        "#is_dc": "true" if node_id and node_id == work.dc_id else "false",
    }
    node.is_dc = node.attrs["#is_dc"] == "true"
    if work.options.cluster_name is not None:
        node.attrs["#cluster-name"] = work.options.cluster_name
        node.attrs["#site-name"] = work.options.cluster_name
    return add_node(work, node)


def remote_node(work: WorkingSet, name: str) -> Node:
    """Return the remote node *name*, made if there is none."""
    return work.nodes_by_name.get(name.lower()) or new_node(work, name, name, "remote")


def read_nodes(work: WorkingSet, where: Circumstances) -> None:
    """Make the nodes that `nodes` lists, each unclean until its state is read if that is asked."""
    document: Document = work.cib
    for configured in document.nodes:
        kind = {None: "cluster", "member": "cluster", "remote": "remote"}.get(configured.type)
        if kind is None:
            work.notices.append(f"Node {configured.uname} has the unknown type {configured.type}")
            break
        name = configured.uname or configured.id
        if not name:
            continue
        node = new_node(work, configured.id or name, name, kind)
        node.base_score = score_of(configured.score)
        if kind == "cluster":
            mark_unseen(work, node)
        for name, value in fill({}, configured.attributes, where, document).items():
            node.attrs[name] = value
            node.permanent[name] = value
        if site := node.permanent.get("site-name"):
            node.attrs["#site-name"] = site
        for name, value in fill({}, configured.utilization, where, document).items():
            node.utilization[name] = integer_of(value) or 0


def mark_unseen(work: WorkingSet, node: Node) -> None:
    """Take a node of which nothing is known for unclean, where startup-fencing asks for it."""
    node.seen = False
    node.unclean = work.options.fencing_enabled and work.options.startup_fencing
