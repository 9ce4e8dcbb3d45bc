"""Fencing levels as text."""

from __future__ import annotations

from collections.abc import Sequence

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
