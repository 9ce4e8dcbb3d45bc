"""Nodes as JSON, in the shape that callers of pcs read, and as the commands that set attributes."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from pcsx.cib.objects.nodes import Node
from pcsx.shell.output.pairs import pairs_of
from pcsx.shell.output.resources import block_object


def nodes_object(nodes: Sequence[Node]) -> dict[str, Any]:
    """Return *nodes* with their lasting attributes and their capacity."""
    return {
        "nodes": [
            {
                "id": node.id,
                "uname": node.uname,
                "description": node.description,
                "score": node.score,
                "type": node.type,
                "instance_attributes": [block_object(block) for block in node.attributes],
                "utilization": [block_object(block) for block in node.utilization],
            }
            for node in nodes
        ]
    }


def attribute_commands(nodes: Sequence[Node], name: str = "") -> list[str]:
    """Return the commands that set the attributes of *nodes*: all, or the one called *name*."""
    found = []
    for node in nodes:
        pairs = [pair for block in node.attributes for pair in pairs_of(block)]
        words = [f"{key}={value}" for key, value in pairs if name in ("", key)]
        if words:
            found.append(shlex.join(["pcs", "--", "node", "attribute", node.uname or "", *words]))
    return found
