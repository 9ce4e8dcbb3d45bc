"""Fencing levels as text, as the commands that make them, and as JSON."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from pcsx.cib.edit.levels import FencingLevel


def level_lines(found: Sequence[FencingLevel]) -> list[str]:
    """Return the levels as lines, nodes first, then patterns, then attributes."""
    targets = list(dict.fromkeys(level.target for level in found))
    kinds = ("node", "pattern", "attribute")
    targets.sort(key=lambda t: (next(n for n, k in enumerate(kinds) if getattr(t, k)), t.text))
    lines = []
    for target in targets:
        label = "Target (regexp)" if target.pattern else "Target"
        lines.append(f"{label}: {target.text}")
        own = [level for level in found if level.target == target]
        own.sort(key=lambda level: int(level.index) if level.index.isdigit() else 0)
        lines += [f"  Level {level.index} - {','.join(level.devices)}" for level in own]
    return lines


def level_commands(found: Sequence[FencingLevel]) -> list[str]:
    """Return the commands that make the levels."""
    return [
        shlex.join(
            ["pcs", "stonith", "level", "add", "--force", "--", level.index, level.target.spelled,
             *level.devices, f"id={level.id}"]
        )
        for level in found
    ]  # fmt: skip


def levels_object(found: Sequence[FencingLevel]) -> dict[str, list[dict[str, Any]]]:
    """Return the levels by what they name their nodes by, as callers of pcs read them."""
    kinds: dict[str, list[dict[str, Any]]] = {
        "target_node": [], "target_regex": [], "target_attribute": [],
    }  # fmt: skip
    for level in found:
        index = int(level.index) if level.index.isdigit() else 0
        value = {"id": level.id, "index": index, "devices": list(level.devices)}
        target = level.target
        if target.node:
            kinds["target_node"].append({"target": target.node, **value})
        elif target.pattern:
            kinds["target_regex"].append({"target_pattern": target.pattern, **value})
        else:
            named = {"target_attribute": target.attribute, "target_value": target.value}
            kinds["target_attribute"].append({**named, **value})
    return kinds
